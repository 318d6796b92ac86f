"""A machine whose clock is wrong, and what a lake must hold and say that was synced on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any

import pytest
from pyspark.sql import functions as F

from klaviyo_spark import clock
from klaviyo_spark.client.client import Client
from klaviyo_spark.client.rate_limiter import Limiter
from klaviyo_spark.commands.sync.account_run import Summary
from klaviyo_spark.config.models import Settings
from klaviyo_spark.config.secrets import ApiKey
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.resources import TABLES
from klaviyo_spark.sandbox import Account, Sandbox
from tests.helpers.small_lakes import run_account

DAYS = timedelta(days=2)
RIGHT = timedelta(0)
Ahead = Callable[[int], timedelta]
"""How far the clock is ahead, by how many requests Klaviyo has answered."""
Sync = Callable[[Ahead], Summary]


class OurClock:
    """This machine's; Klaviyo's, and that of the test, is right."""

    def __init__(self, asked: Callable[[], int]) -> None:
        self._asked = asked
        self.ahead: Ahead = lambda _: RIGHT

    def now(self, zone: tzinfo) -> datetime:
        return datetime.now(zone) + self.ahead(self._asked())


@pytest.fixture
def account() -> Account:
    return Account(seed=3, events=20, profiles=10, campaigns=2)


@pytest.fixture
def sandbox(account) -> Iterator[Sandbox]:
    with Sandbox(account, key="pk_x", rate_scale=1_000, page_most=5) as served:
        yield served


@pytest.fixture
def ours(sandbox, monkeypatch) -> OurClock:
    wrong = OurClock(lambda: len(sandbox.requests))
    monkeypatch.setattr(clock, "datetime", wrong)
    return wrong


@pytest.fixture
def sync(lake, sandbox, ours) -> Sync:
    """A sync of tags on a machine with such a clock."""

    def run(ahead: Ahead) -> Summary:
        ours.ahead = ahead
        settings = Settings(base_url=sandbox.url, resources=("tags",))
        with Client(sandbox.url, ApiKey("pk_x"), limiter=Limiter()) as client:
            return run_account("sync", lake, settings, client)

    return run


def tags(lake: Lake) -> dict[str, tuple[str, datetime | None]]:
    """Name and mark of each tag in silver."""
    marked = F.unix_micros("_deleted_at").alias("marked")
    rows = lake.silver(TABLES["tags"]).select("tag_id", "name", marked).collect()
    return {row["tag_id"]: (row["name"], _time(row["marked"])) for row in rows}


def _time(micros: int | None) -> datetime | None:
    return None if micros is None else datetime.fromtimestamp(micros / 1e6, timezone.utc)


def always(ahead: timedelta) -> Ahead:
    return lambda _asked: ahead


def jumping(asked: int) -> timedelta:
    """Two days ahead, then two days behind, and so on with each answer."""
    return (DAYS, -DAYS)[asked % 2]


def check_tags(lake: Lake, account: Account, sync: Sync, wrong: Ahead, first: str) -> None:
    """Sync three times, with a clock that is ``wrong`` and one that is right in turns.

    Args:
        first: which of the two clocks is the first one's, ``wrong`` or ``right``.
    """
    clocks = [wrong, always(RIGHT), wrong, always(RIGHT)]
    gone: dict[str, datetime] = {}
    for ahead in clocks[:3] if first == "wrong" else clocks[1:]:
        began = datetime.now(timezone.utc) - timedelta(seconds=1)  # Date has no fractions
        summary = sync(ahead)
        ended = datetime.now(timezone.utc)

        found = tags(lake)
        truth = {row["tag_id"]: row for row in account.truth()["tags"]}
        assert {id: name for id, (name, _) in found.items()} == {
            id: row["name"] for id, row in truth.items()
        }
        marks = {id: at for id, (_, at) in found.items() if at is not None}
        assert {*marks} == {id for id, row in truth.items() if row["_deleted"]}
        new = {id: at for id, at in marks.items() if id not in gone}
        assert {id: at for id, at in marks.items() if id in gone} == gone
        assert len(new) == (1 if account.days else 0)
        assert all(began <= at <= ended for at in new.values())
        assert began <= summary.started_at <= summary.finished_at <= ended
        gone = marks
        account.advance()


def check_warnings(lake: Lake, sync: Sync, wrong: Ahead) -> None:
    """Sync with a clock that is ``wrong``, then with one that is right."""
    summary = sync(wrong)
    again = sync(always(RIGHT))

    (said,) = summary.outcome.warnings
    assert said.startswith("this machine's clock is 172,")
    assert "Klaviyo's; pages and rows are dated by Klaviyo's. Let " in said
    assert again.outcome.warnings == []
    rows: list[Any] = lake.ops("runs").select("run_id", "warnings").collect()
    assert {row["run_id"]: row["warnings"] for row in rows} == {
        summary.run_id: [said],
        again.run_id: [],
    }
    loads = lake.ops("table_loads").select("run_id", "refine_run_id").distinct().collect()
    assert sorted(map(tuple, loads)) == sorted((id, id) for id in (summary.run_id, again.run_id))
