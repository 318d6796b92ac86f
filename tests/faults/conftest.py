"""What several tests of faults ask for."""

from __future__ import annotations

import pytest

from tests.helpers.clocks import account, ours, sandbox, sync
from tests.helpers.small_lakes import let_spark_load

__all__ = ["account", "ours", "sandbox", "sync"]


@pytest.fixture(params=[False, True], ids=["few", "many"])
def _held(request, monkeypatch) -> None:
    """Both ways that a load is counted: by the driver, and by Spark."""
    let_spark_load(monkeypatch, all_of_it=request.param)
