"""Our clock an hour wrong on either side, and a driver whose time zone is not UTC."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from pyspark.sql import functions as F

from klaviyo_spark.sandbox import Account, Sandbox
from tests.builders import KEY
from tests.helpers.compare import differences
from tests.helpers.runs import ALL_READ_ANEW, Home, klaviyo_now, settled


@pytest.fixture
def account() -> Account:
    return Account(seed=2, events=2_000, profiles=200, quiet_days=9)


@pytest.fixture
def home(account, tmp_path):
    with Sandbox(account, key=KEY, rate_scale=50) as sandbox:
        yield Home(sandbox, tmp_path, ALL_READ_ANEW)


def minutes(now: datetime, first: int, last: int) -> list[datetime]:
    """Times around ``now``, a minute apart."""
    return [now + timedelta(minutes=n) for n in range(first, last)]


def latest_mark(home, spark) -> datetime:
    """The latest time in the watermarks."""
    latest = F.greatest(F.max("range_end"), F.max("read_started_at"))
    row = home.lake(spark).ops("watermarks").agg(F.unix_micros(latest)).collect()[0]
    return datetime.fromtimestamp(row[0] / 1e6, timezone.utc)


@pytest.mark.parametrize("hours", [1, -1], ids=["ours is behind", "ours is ahead"])
def test_a_clock_that_is_an_hour_wrong_and_then_set_right_costs_no_event(
    spark, home, account, hours
):
    home.sandbox.clock_ahead = timedelta(hours=hours)
    now = klaviyo_now(home.sandbox)
    past, yet_to_come = minutes(now, -60, -10), minutes(now, 20, 40)
    account.arrive([*past, *yet_to_come])
    for days in (0, 1):
        account.advance(days)
        assert home.here("sync") == 0
        assert latest_mark(home, spark) <= klaviyo_now(home.sandbox)
        assert differences(home.lake(spark), account.truth(now)) == []

    home.sandbox.clock_ahead = timedelta(0)
    right = klaviyo_now(home.sandbox)
    account.arrive(minutes(right, -50, -10))
    assert home.here("sync") == 0
    assert differences(home.lake(spark), account.truth(max(now, settled(home.sandbox)))) == []


def test_a_driver_in_another_time_zone_writes_the_same(spark, home, account):
    home.env = {"TZ": "Asia/Kathmandu"}
    for day in range(2):
        if day:
            account.advance()

        ended = home.finish("sync")

        assert (ended.code, ended.said) == (0, []), ended.err
        assert differences(home.lake(spark), account.truth()) == []
