"""Events that appear days after their time, and events from the future."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest
from pyspark.sql import functions as F

from klaviyo_spark.resources import TABLES
from klaviyo_spark.sandbox import Account, Sandbox
from tests.builders import KEY
from tests.helpers.compare import differences
from tests.helpers.runs import Home, klaviyo_now, settled

LATE = 300


@pytest.fixture(scope="module")
def account() -> Account:
    return Account(seed=9, events=2_000, profiles=200, quiet_days=9)


@pytest.fixture(scope="module")
def home(spark, tmp_path_factory, account) -> Iterator[Home]:
    """A copy of the account, synced once; each test syncs it again."""
    with Sandbox(account, key=KEY, rate_scale=50) as sandbox:
        home = Home(sandbox, tmp_path_factory.mktemp("late"))
        assert home.here("sync") == 0
        yield home


def some_times(days_ago: int) -> list[datetime]:
    """A time for each event, a minute apart."""
    first = datetime.now(timezone.utc) - timedelta(days=days_ago)
    return [first + timedelta(minutes=n) for n in range(LATE)]


def in_silver(home, spark, ids: list[str]) -> int:
    """How many of these events are there."""
    events = home.lake(spark).silver(TABLES["events"])
    return events.where(F.col("id").isin(*ids)).count()


def counted_late(home, spark) -> int:
    """Rows that all runs so far found to be late."""
    return home.lake(spark).ops("late_arrivals").agg(F.sum("late_row_count")).collect()[0][0] or 0


def latest_mark(home, spark) -> datetime:
    """The latest time that any watermark says has been read."""
    row = home.lake(spark).ops("watermarks").agg(F.unix_micros(F.max("range_end"))).collect()[0]
    return datetime.fromtimestamp(row[0] / 1e6, timezone.utc)


def test_events_five_days_late_come_with_the_next_sync(spark, home, account):
    before = counted_late(home, spark)
    late = account.arrive(some_times(days_ago=5))

    assert home.here("sync") == 0

    assert in_silver(home, spark, late) == LATE
    assert counted_late(home, spark) - before == LATE
    assert differences(home.lake(spark), account.truth()) == []


def test_events_seventeen_days_late_come_with_a_backfill(spark, home, account):
    late = account.arrive(some_times(days_ago=17))
    before = latest_mark(home, spark)

    now = datetime.now(timezone.utc)
    window = [f"{now - timedelta(days=n):%Y-%m-%d}" for n in (19, 15)]
    assert home.here("backfill", "--start", window[0], "--end", window[1]) == 0

    assert in_silver(home, spark, late) == LATE
    assert latest_mark(home, spark) == before
    assert differences(home.lake(spark), account.truth()) == []


def test_events_from_the_future_come_when_their_time_has_come(spark, home, account):
    ahead = [e.id for e in account.world.timeline if e.at > account.now.timestamp()]
    assert len(ahead) == 4
    assert in_silver(home, spark, ahead) == 0
    assert latest_mark(home, spark) < klaviyo_now(home.sandbox)

    home.sandbox.clock_ahead = timedelta(days=30)
    assert home.here("sync") == 0

    assert in_silver(home, spark, ahead) == 4
    assert latest_mark(home, spark) < klaviyo_now(home.sandbox)
    assert differences(home.lake(spark), account.truth(settled(home.sandbox))) == []
