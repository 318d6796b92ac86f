"""Two runs on one lake, and runs that are asked to end: through the command line, as processes."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator

import pytest

from klaviyo_spark.lake.file_lock import FILE, Holder, locked
from klaviyo_spark.sandbox import Account, Sandbox
from tests.builders import KEY
from tests.helpers.compare import differences
from tests.helpers.runs import Home, after_commits, after_requests

HELD = re.compile(r"held by a sync that began 20\S+ \S+ UTC \(process (\d+) on host \S+, run \w+\)")


@pytest.fixture
def account() -> Account:
    return Account(seed=8, events=3_000, profiles=200, quiet_days=9)


@pytest.fixture
def home(account, tmp_path) -> Iterator[Home]:
    with Sandbox(account, key=KEY, rate_scale=100, page_most=10, latency_ms=30) as sandbox:
        yield Home(sandbox, tmp_path)


def is_free(home: Home) -> bool:
    """Whether the next run gets the lake, and none is named as its holder."""
    named = (home.warehouse / FILE).read_bytes()
    with locked(home.warehouse, Holder.me("test", "look")):
        return named == b""


def test_the_second_run_says_who_holds_the_lake_and_leaves_or_waits(spark, home, account):
    with home.run("sync") as first:
        assert first.until(after_requests(home, 1))
        home.sandbox.latency_ms = 500
        second = home.finish("sync")
        with home.run("sync", "--wait") as third:
            assert third.until(lambda: "waiting: the lake is held" in third.err)
            assert first.under_way
            home.sandbox.latency_ms = 0
            assert first.ended().code == 0
            waited = third.ended()

    assert (second.code, len(second.said)) == (1, 1), second.err
    assert HELD.search(second.said[0])[1] == str(first.process.pid)
    assert "--wait" in second.said[0]
    assert (waited.code, waited.said) == (0, []), waited.err
    assert differences(home.lake(spark), account.truth()) == []


def test_an_interrupted_run_frees_the_lake_and_the_same_command_finishes(spark, home, account):
    moments = [
        (signal.SIGINT, after_requests, 60),
        (signal.SIGTERM, after_requests, 90),
        (signal.SIGINT, after_commits, 20),
        (signal.SIGTERM, after_commits, 10),
    ]
    for number, moment, more in moments:
        reached = moment(home, more)
        with home.run("sync") as run:
            assert run.until(reached), run.err
            run.interrupt(number)
            ended = run.ended()
        assert (ended.code, len(ended.said)) == (130, 1), ended.err
        assert "interrupted" in ended.said[0]
        assert "Traceback" not in ended.err
        assert is_free(home)
    asked, landed = len(home.sandbox.requests), home.landed()
    print(f"asked {asked}, landed {landed} after {len(moments)} interruptions")

    assert home.finish("sync").code == 0
    assert differences(home.lake(spark), account.truth()) == []
