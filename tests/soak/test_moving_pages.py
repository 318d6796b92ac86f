"""Cursors that expire while they are followed, and records that move while they are read."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from klaviyo_spark.sandbox import Account, Sandbox
from tests.builders import KEY
from tests.helpers.compare import differences
from tests.helpers.runs import ALL_READ_ANEW, Home, after_requests, killed, meanwhile


@pytest.fixture
def account() -> Account:
    return Account(seed=5, events=4_000, profiles=300, quiet_days=9)


@pytest.fixture
def home(account, tmp_path):
    with Sandbox(account, key=KEY, rate_scale=100, page_most=10) as sandbox:
        yield Home(sandbox, tmp_path, ALL_READ_ANEW)


def refused(sandbox: Sandbox) -> int:
    """Cursors that were no longer good."""
    return sum(1 for r in sandbox.requests if r.status == 400 and "page[cursor]" in r.params)


def test_walks_go_on_without_cursors_that_expire(spark, home, account):
    with meanwhile(after_requests(home, 300), home.sandbox.expire_cursors) as expired:
        assert home.here("sync") == 0

    print(f"{refused(home.sandbox)} cursors refused of {len(home.sandbox.requests)} requests")
    assert expired.is_set()
    assert refused(home.sandbox) > 0
    assert differences(home.lake(spark), account.truth()) == []


def test_a_listing_whose_cursors_expire_again_and_again_is_named_and_read_by_the_next_sync(
    spark, home, account
):
    home.sandbox.faults.add("expired_cursor", path="/api/lists/[^/]+/profiles")
    assert home.here("sync") == 3
    home.sandbox.faults.clear()

    assert home.here("sync") == 0

    assert differences(home.lake(spark), account.truth()) == []


def test_a_run_goes_on_where_a_killed_one_was_though_its_cursors_have_expired(spark, home, account):
    kill = killed(home, "ingest", "300 requests", after_requests(home, 300), 0)
    assert kill
    assert kill.landed
    home.sandbox.expire_cursors()

    assert home.here("sync") == 0

    print(f"{refused(home.sandbox)} cursors refused, {kill}")
    assert refused(home.sandbox) > 0
    assert differences(home.lake(spark), account.truth()) == []


def test_events_that_come_in_while_they_are_read_are_there_after_the_next_sync(
    spark, home, account
):
    first = datetime.now(timezone.utc) - timedelta(days=6)
    times = [first + timedelta(minutes=n) for n in range(500)]
    with meanwhile(after_requests(home, 400), lambda: account.arrive(times)) as arrived:
        assert home.here("sync") == 0
    assert arrived.is_set()

    assert home.here("sync") == 0

    assert differences(home.lake(spark), account.truth()) == []


def test_a_day_that_passes_while_it_is_read_is_there_after_the_next_sync(spark, home, account):
    assert home.here("sync") == 0
    with meanwhile(after_requests(home, 100), account.advance) as passed:
        assert home.here("sync") == 0
    assert passed.is_set()

    assert home.here("sync") == 0

    assert differences(home.lake(spark), account.truth()) == []
