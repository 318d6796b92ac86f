"""Klaviyo's clock carried forward by the time that passes here, and stamps that never go back."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest

from klaviyo_spark.client.server_clock import ServerClock
from tests.helpers.fakes import NOON, FakeClock

SECOND, TICK = timedelta(seconds=1), timedelta(microseconds=1)
DAYS = pytest.mark.parametrize("days", [2, -2], ids=["ours is ahead", "ours is behind"])


class Machine(FakeClock):
    """A machine whose clock may be wrong, and be set; time passes for it as for all."""

    wrong = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.wrong


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def clock(machine) -> ServerClock:
    return ServerClock(machine.now, machine)


def test_until_klaviyo_says_the_time_ours_counts(machine, clock):
    machine.wrong = timedelta(days=2)
    assert (clock.is_known, clock.now()) == (False, NOON + timedelta(days=2))


@DAYS
def test_klaviyos_time_is_carried_forward_by_the_time_that_passes(machine, clock, days):
    machine.wrong = timedelta(days=days)
    clock.note(NOON, came=0.0)
    machine.seconds = 90.5
    machine.wrong = timedelta(days=-days)  # somebody sets it
    assert (clock.is_known, clock.now()) == (True, NOON + 90.5 * SECOND)
    assert clock.stamp() == NOON + 90.5 * SECOND


def test_a_date_is_of_when_its_answer_began_to_come_in(machine, clock):
    machine.seconds = 300.0
    clock.note(NOON, came=0.0)
    assert clock.now() == NOON + 300 * SECOND
    assert clock.skew == timedelta(0)


def test_an_answer_without_a_date_changes_nothing(machine, clock):
    clock.note(NOON - SECOND, came=0.0)
    clock.note(None, came=0.0)
    assert clock.now() == NOON - SECOND


@pytest.mark.parametrize("year", [1970, 9999])
def test_a_date_that_no_clock_of_klaviyos_shows_changes_nothing(machine, clock, year):
    clock.note(NOON.replace(year=year), came=0.0)
    assert not clock.is_known
    assert clock.now() == NOON


def test_two_stamps_are_never_the_same_and_never_go_back(clock):
    clock.note(NOON, came=0.0)
    first, second = clock.stamp(), clock.stamp()
    clock.note(NOON - SECOND, came=0.0)  # another of Klaviyo's machines
    third = clock.stamp()
    clock.note(NOON + SECOND, came=0.0)
    assert [first, second, third] == [NOON, NOON + TICK, NOON + 2 * TICK]
    assert (clock.stamp(), clock.now()) == (NOON + SECOND, NOON + SECOND)


def test_threads_get_stamps_of_their_own(clock):
    clock.note(NOON, came=0.0)
    found: list[list[datetime]] = [[] for _ in range(8)]

    def take(mine: list[datetime]) -> None:
        mine.extend(clock.stamp() for _ in range(500))

    threads = [threading.Thread(target=take, args=(mine,)) for mine in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({stamp for mine in found for stamp in mine}) == 4_000
    assert all(mine == sorted(mine) for mine in found)


def test_stamps_come_after_the_newest_page_and_bounds_stay_klaviyos(clock):
    clock.note(NOON, came=0.0)
    clock.start_after(NOON + timedelta(days=2))
    assert clock.stamp() == NOON + timedelta(days=2) + TICK
    assert clock.now() == NOON
    clock.start_after(None)
    clock.start_after(NOON)
    assert clock.stamp() == NOON + timedelta(days=2) + 2 * TICK


# -- what is said ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "side"), [(172_800, "ahead of"), (-61, "behind")])
def test_a_clock_that_is_wrong_is_said(machine, clock, seconds, side):
    machine.wrong = seconds * SECOND
    clock.note(NOON, came=0.0)
    assert clock.notes() == [
        f"this machine's clock is {abs(seconds):,} s {side} Klaviyo's; pages and rows are dated "
        "by Klaviyo's. Let the system keep its time by NTP."
    ]


def test_a_clock_that_was_wrong_for_a_part_of_the_run_is_said(machine, clock):
    clock.note(NOON, came=0.0)
    assert clock.notes() == []
    machine.wrong = timedelta(minutes=2)
    clock.note(NOON, came=0.0)
    machine.wrong = timedelta(0)
    clock.note(NOON, came=0.0)
    (said,) = clock.notes()
    assert said.startswith("this machine's clock is 120 s ahead of Klaviyo's")


@pytest.mark.parametrize("known_first", [True, False])
def test_a_clock_of_klaviyos_that_went_back_is_said(machine, clock, known_first):
    newest = NOON + timedelta(minutes=10)
    if known_first:
        clock.note(NOON, came=0.0)
    clock.start_after(newest)
    clock.note(NOON, came=0.0)
    machine.seconds = 1_000.0
    clock.note(NOON + 1_000 * SECOND, came=1_000.0)
    assert clock.notes() == [
        "Klaviyo's clock is 600 s behind the newest page in bronze, so what this run reads is "
        "dated right after that page, to keep pages in order. Nothing to do: `_landed_at` and "
        "`_deleted_at` run ahead until Klaviyo's clock has caught up."
    ]


@pytest.mark.parametrize("seconds", [-60, 0, 60])
def test_what_is_no_more_than_a_minute_off_is_not_said(machine, clock, seconds):
    machine.wrong = seconds * SECOND
    clock.start_after(NOON + 60 * SECOND)
    clock.note(NOON, came=0.0)
    assert clock.notes() == []
