"""A small account on loopback, and a lake to land its pages in, for ingests without Spark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from klaviyo_spark.lake.lake import AccountLake
from klaviyo_spark.sandbox import Account, Sandbox
from tests.builders import KEY
from tests.helpers.small_lakes import a_lake_without_spark


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    account = Account(seed=5, events=10, profiles=10, campaigns=24)
    with Sandbox(account, key=KEY, rate_scale=1000) as served:
        yield served


@pytest.fixture
def lake(tmp_path: Path) -> AccountLake:
    return a_lake_without_spark(tmp_path)
