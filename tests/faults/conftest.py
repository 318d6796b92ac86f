"""What several tests of faults ask for."""

from __future__ import annotations

import pytest

from klaviyo_spark.silver import load, writer
from tests.helpers.clocks import account, ours, sandbox, sync

__all__ = ["account", "ours", "sandbox", "sync"]


@pytest.fixture(params=[10_000, 0], ids=["few", "many"])
def _held(request, monkeypatch) -> None:
    """Both ways that a load is counted: by the driver, and by Spark."""
    monkeypatch.setattr(load, "HELD_RECORDS", request.param)
    monkeypatch.setattr(writer, "HELD_RECORDS", request.param)
