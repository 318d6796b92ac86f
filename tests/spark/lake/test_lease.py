"""The lease on a lake that no kernel guards: one holder, whoever comes at once, lives or dies."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from klaviyo_spark.errors import LakeBusy
from klaviyo_spark.lake import file_lock
from klaviyo_spark.lake import lease as leases
from klaviyo_spark.lake.heartbeat import Heartbeat
from klaviyo_spark.lake.lake import Lake, Place
from klaviyo_spark.lake.lease import LeaseTiming, lease
from tests.helpers.leases import SINCE, Clock, a_holder, a_lease

PATIENCE_S = 300.0  # for what another thread does on a busy machine
LATER = timedelta(seconds=leases.LEASE_S + 1)
TWO_DAYS = timedelta(days=2)


def wanted(lake: Lake, run_id: str, clock: Clock, **options: Any) -> Any:
    """A lease whose waiting makes time pass, half a beat of the holder's at each look."""
    stop: Any = clock
    options |= {"stop": stop, "clock": clock, "elapsed": clock.elapsed}
    return lease(lake, a_holder(run_id), timing=LeaseTiming(look_s=leases.BEAT_S / 2), **options)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Of one lake, which every test leaves free."""
    return tmp_path_factory.mktemp("leased")


def a_lake(spark: Any, folder: Path) -> Lake:
    """A lake as another run sees it."""
    return Lake(spark, Place(f"file://{folder}", None, "bronze", "silver", "klaviyo_ops"))


@pytest.fixture
def lake(spark, folder) -> Lake:
    return a_lake(spark, folder)


@pytest.fixture
def other(spark, folder) -> Lake:
    return a_lake(spark, folder)


def test_of_two_that_come_at_once_to_a_new_lake_one_gets_it(spark, tmp_path):
    start, all_tried = threading.Barrier(2), threading.Barrier(2)
    outcomes: dict[str, object] = {}

    def run(run_id: str) -> None:
        start.wait(PATIENCE_S)
        try:
            with lease(a_lake(spark, tmp_path), a_holder(run_id)):
                outcomes[run_id] = "held"
                all_tried.wait(PATIENCE_S)
        except LakeBusy as busy:
            outcomes[run_id] = busy.holder
            all_tried.wait(PATIENCE_S)

    threads = [threading.Thread(target=run, args=(run_id,)) for run_id in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    (winner,) = [run_id for run_id, outcome in outcomes.items() if outcome == "held"]
    (loser,) = {"one", "two"} - {winner}
    assert outcomes == {winner: "held", loser: a_holder(winner)}
    assert spark.table(f"delta.`{tmp_path}/klaviyo_ops.db/lock`").count() == 1


def test_the_second_run_is_told_who_holds_the_lake_and_when_it_was_seen(lake, other, clock):
    with (
        lease(lake, a_holder("one"), clock=clock),
        pytest.raises(LakeBusy) as busy,
        lease(other, a_holder("two"), clock=lambda: SINCE + timedelta(seconds=42)),
    ):
        pass
    assert str(busy.value) == (
        "the lake is held by a sync that began 2026-11-24 03:12:05 UTC (process 4711 on "
        "host it's a \\host, run one), last seen 42 s ago. Wait for it with --wait, or "
        "run again when it has ended."
    )


def test_a_run_that_waits_goes_on_when_the_first_has_freed_the_lake(lake, other, monkeypatch):
    waits, held = threading.Event(), threading.Event()
    monkeypatch.setattr(file_lock.logger, "info", lambda *_: waits.set())

    def second() -> None:
        with lease(other, a_holder("two"), wait=True, timing=LeaseTiming(look_s=0.5)):
            held.set()

    thread = threading.Thread(target=second)
    with lease(lake, a_holder("one")):
        thread.start()
        assert waits.wait(PATIENCE_S)
        assert not held.is_set()
    thread.join(PATIENCE_S)
    assert held.is_set()


def test_whoever_looks_sees_who_holds_the_lake_until_it_is_silent_or_free(lake, other, clock):
    with lease(lake, a_holder("one"), clock=clock):
        held = leases.holding(other, clock)
        clock.at += LATER
        silent = leases.holding(other, clock)
        before = leases.holding(other, Clock(-TWO_DAYS))
    assert held == file_lock.LockStatus(a_holder("one"), True)
    assert silent == before == file_lock.LockStatus(a_holder("one"), None), (
        "it may live by another clock"
    )
    assert leases.holding(other, clock) is None


def test_who_saw_the_lake_free_gets_nothing_where_another_was_quicker(lake, other, clock):
    quicker, slower = a_lease(lake, "one", clock), a_lease(other, "two", clock)
    quicker.take()

    slower._claim(None)

    assert slower._read_heartbeat() == Heartbeat(quicker.token, a_holder("one"), 1, SINCE)
    quicker.free()


def test_a_holder_that_fell_silent_is_taken_over_and_does_not_free_what_it_lost(
    spark, folder, lake, other, clock, logged
):
    with ExitStack() as first, ExitStack() as second:
        first.enter_context(lease(lake, a_holder("one"), clock=clock))
        clock.at += LATER
        second.enter_context(wanted(other, "two", clock))
        first.close()

        with (
            pytest.raises(LakeBusy) as busy,
            lease(a_lake(spark, folder), a_holder("three"), clock=clock),
        ):
            pass

    assert busy.value.holder == a_holder("two")
    assert logged == [
        f"warning: took the lake over from {a_holder('one')}, which gave no sign for 300 s"
    ]


def test_a_holder_that_gives_signs_is_not_taken_over(lake, other, clock):
    with lease(lake, a_holder("one"), clock=clock, timing=LeaseTiming(beat_s=0.01)):
        clock.at += LATER
        for _ in range(2):  # by the second look at the clock the sign of the first is written
            clock.looked.clear()
            assert clock.looked.wait(PATIENCE_S)

        with (
            pytest.raises(LakeBusy, match="last seen 0 s ago"),
            lease(other, a_holder("two"), clock=clock),
        ):
            pass


@pytest.mark.parametrize("wait", [False, True])
@pytest.mark.parametrize("ahead", [TWO_DAYS, -TWO_DAYS], ids=["ahead", "behind"])
def test_one_that_lives_is_not_taken_over_whatever_our_clock_says(lake, other, clock, ahead, wait):
    ours = a_lease(lake, "one", clock)
    ours.take()
    others = Clock(ahead)

    def beat() -> None:
        assert others.seconds < 2 * leases.LEASE_S, "so long it was waited for"
        if others.seconds % leases.BEAT_S == 0:
            ours.renew()
        if others.seconds == 1.5 * leases.LEASE_S:
            ours.free()

    others.meanwhile = beat
    if wait:
        with wanted(other, "two", others, wait=True):
            pass
        assert others.seconds == 1.5 * leases.LEASE_S, "until it was given back"
        return
    with (
        pytest.raises(LakeBusy, match=r"run one\), which gives signs of life. Wait for it"),
        wanted(other, "two", others),
    ):
        pass
    assert others.seconds == leases.BEAT_S, "until its next sign"
    ours.free()


@pytest.mark.parametrize("ahead", [TWO_DAYS, -TWO_DAYS], ids=["ahead", "behind"])
def test_one_that_died_is_taken_over_whatever_our_clock_says(lake, other, clock, logged, ahead):
    a_lease(lake, "one", clock).take()
    others = Clock(ahead)
    with wanted(other, "two", others):
        pass
    assert others.seconds == leases.LEASE_S
    assert logged == [
        f"warning: took the lake over from {a_holder('one')}, which gave no sign for 300 s"
    ]


def test_one_that_died_a_moment_ago_is_waited_for_only_if_that_is_asked(lake, other, clock, logged):
    a_lease(lake, "one", clock).take()
    with pytest.raises(LakeBusy, match="last seen 0 s ago"), wanted(other, "two", clock):
        pass
    assert clock.seconds == 0.0
    with wanted(other, "two", clock, wait=True):
        pass
    assert clock.seconds == leases.LEASE_S
    assert logged == [
        f"warning: took the lake over from {a_holder('one')}, which gave no sign for 300 s"
    ]


def test_how_long_it_is_looked_on_is_said(lake, other, clock, monkeypatch):
    lines: list[str] = []
    monkeypatch.setattr(file_lock.logger, "info", lambda text, *a: lines.append(text % a))
    a_lease(lake, "one", clock).take()
    with wanted(other, "two", Clock(TWO_DAYS)):
        pass
    assert lines == [
        f"waiting: the lake is held by {a_holder('one')}, last seen at 2026-11-24 03:12:05 UTC by "
        "its own clock: it is taken over if it gives no sign for 300 s from now"
    ]


def test_a_holder_that_was_taken_over_says_so_at_its_next_beat(lake, other, clock, logged):
    ours = a_lease(lake, "one", clock)
    ours.take()
    clock.at += LATER
    with wanted(other, "two", clock):
        leases._beat(ours, 0.0, threading.Event())

        assert not ours.renew()

    assert logged[1:] == [
        "error: another run took the lake over, since this one gave no sign for 300 s; "
        "both write to it now. Stop one of them, then run `klaviyo-spark refine "
        "--rebuild`."
    ]
