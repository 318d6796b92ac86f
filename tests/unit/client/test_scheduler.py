"""Which walk a free thread gets: the next, the further half of one, or none yet. No threads here.

A test is every thread in turn: it takes walks, tells of pages, and says when one is done.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

import pytest

from klaviyo_spark.client.page_order import Times
from klaviyo_spark.client.paginator import Walk
from klaviyo_spark.client.scheduler import FairScheduler
from klaviyo_spark.client.urls import Bounds
from klaviyo_spark.schema.endpoint import XS, Endpoint, L, M, Rate, S, Window
from tests.helpers.fakes import BASE, an_endpoint
from tests.helpers.listing import at

NOBODY_FREE = 100
CREATED = Window("created", closed=True, sort="created")


class Waits(Exception):
    """The thread that asked for a walk would wait now."""


def endpoint(name: str = "events", rate: Rate = L) -> Endpoint:
    return an_endpoint(name, f"/api/{name}", rate, windows=(CREATED,))


def a_walk(name: str = "a", of: Endpoint | None = None, **more: object) -> Walk:
    """A listing that cannot be cut."""
    of = of or endpoint()
    return Walk(name, of, f"{BASE}{of.path}/{name}", f"read-{name}", **more)  # type: ignore[arg-type]


def a_window(
    name: str = "a",
    start: float | None = 0,
    end: float | None = 1000,
    of: Endpoint | None = None,
    **more: object,
) -> Walk:
    """A walk over a window of time."""

    def ask(bounds: Bounds | None) -> str:
        return f"{BASE}/api/{name}?" + (",".join(bounds.filters()) if bounds else "")

    low, high = None if start is None else at(start), None if end is None else at(end)
    bounds = Bounds("created", low, high, True)
    known = {"bounds": bounds, "ask": ask, "read_started_at": at(1000), **more}
    return a_walk(name, of, **known)


def some_turns(
    *walks: Walk, threads: int = 8, halt: threading.Event | None = None
) -> FairScheduler:
    """Turns whose threads raise ``Waits`` instead of waiting."""
    turns = FairScheduler(walks, threads, halt or threading.Event())

    def wait(timeout: float) -> None:
        raise Waits

    turns._changed.wait = wait  # type: ignore[method-assign, assignment]
    return turns


def take(turns: FairScheduler) -> Walk:
    """What a free thread gets.

    Raises:
        Waits: it has to wait.
        StopIteration: there is nothing left for it.
    """
    return next(iter(turns))


def page(turns: FairScheduler, walk: Walk, first: float, last: float, more: bool = True):
    """A page of ``walk`` has come in."""
    return turns.advance(walk, 10, Times(at(first), at(last)), not more)


def take_all(turns: FairScheduler) -> list[Walk]:
    """What threads get until one has to wait or to leave."""
    found: list[Walk] = []
    while len(found) < NOBODY_FREE:
        try:
            found.append(take(turns))
        except (Waits, StopIteration):
            break
    return found


def names(walks: Iterable[Walk]) -> list[str]:
    return [walk.walk_id for walk in walks]


# -- walks as they were given ---------------------------------------------------------------------


def test_the_last_walk_of_an_endpoint_is_known_when_it_is_done():
    others = endpoint("others")
    turns = some_turns(a_walk("a"), a_walk("b"), a_walk("c", others))
    taken = {walk.walk_id: walk for walk in take_all(turns)}
    assert [turns.done(taken[name]) for name in "acb"] == [False, True, True]


def test_no_walk_is_the_last_while_more_may_be_given(monkeypatch):
    monkeypatch.setattr("klaviyo_spark.client.scheduler.AHEAD", 1)
    turns = some_turns(a_walk("a"), a_walk("b"))
    first = take(turns)
    assert not turns.done(first)
    assert turns.done(take(turns)) is False, "whether there is a third is not known yet"
    with pytest.raises(StopIteration):
        take(turns)


def test_walks_are_taken_in_the_order_given():
    assert names(take_all(some_turns(*map(a_walk, "abcd")))) == list("abcd")


def test_the_endpoint_with_the_fewest_threads_goes_first():
    one, other = endpoint("one"), endpoint("other")
    walks = [a_walk("a", one), a_walk("b", one), a_walk("c", other), a_walk("d", other)]
    assert names(take_all(some_turns(*walks))) == ["a", "c", "b", "d"]


@pytest.mark.parametrize(
    ("rate", "threads", "most"),
    [(XS, 8, 1), (S, 8, 1), (M, 8, 3), (M, 2, 2), (L, 8, 8), (L, 20, 13)],
)
def test_an_endpoint_has_no_more_threads_than_its_budget_feeds(rate, threads, most):
    slow = endpoint(rate=rate)
    turns = some_turns(*(a_walk(f"{n}", slow) for n in range(30)), threads=threads)
    assert len(take_all(turns)) == most


def test_a_thread_waits_while_the_budgets_are_in_use_and_goes_on_when_one_is_free():
    slow = endpoint(rate=S)
    turns = some_turns(a_walk("a", slow), a_walk("b", slow))
    first = take(turns)
    with pytest.raises(Waits):
        take(turns)
    turns.done(first)
    assert take(turns).walk_id == "b"


def test_a_thread_leaves_when_nothing_is_left():
    turns = some_turns(a_walk("a"))
    turns.done(take(turns))
    with pytest.raises(StopIteration):
        take(turns)


def test_a_thread_leaves_while_others_are_at_what_cannot_be_shared():
    turns = some_turns(a_walk("a"))
    take(turns)
    with pytest.raises(StopIteration):
        take(turns)


def test_after_a_halt_there_are_no_more_walks():
    halt = threading.Event()
    turns = some_turns(a_walk("a"), a_window("b"), halt=halt)
    halt.set()
    with pytest.raises(StopIteration):
        take(turns)


# -- walks that are shared ------------------------------------------------------------------------


def test_a_free_thread_takes_the_further_half_of_what_is_left():
    turns = some_turns(a_window("a", 0, 1000, facts={"metric_ids": "M"}, is_full_read=True))
    walk = take(turns)
    page(turns, walk, 0, 10)

    half = take(turns)

    assert half.bounds == Bounds("created", at(505), at(1000), True)
    assert walk.ask
    assert half.first_url == walk.ask(half.bounds)
    assert half.walk_id != walk.walk_id
    assert (half.first_page, half.max_record_time) == (1, None)
    for part in (
        "endpoint",
        "read_id",
        "walks_in_read",
        "is_full_read",
        "facts",
        "read_started_at",
    ):
        assert getattr(half, part) == getattr(walk, part), part


def test_the_half_of_a_walk_taken_up_again_begins_with_its_first_page():
    turns = some_turns(
        a_window("a", 0, 1000, max_record_time=at(100), first_page=7, read_run_id="r")
    )
    walk = take(turns)
    page(turns, walk, 100, 110)
    half = take(turns)
    assert (half.first_page, half.max_record_time, half.read_run_id) == (1, None, "r")
    assert half.bounds == Bounds("created", at(555), at(1000), True)


def test_a_walk_knows_its_nearer_end_and_how_far_it_is_with_the_next_page():
    turns = some_turns(a_window("a", 0, 1000))
    walk = take(turns)
    assert page(turns, walk, 0, 10)[0].bounds == walk.bounds
    take(turns)
    later, ended = page(turns, walk, 11, 20)
    assert (later.bounds, later.max_record_time) == (
        Bounds("created", at(0), at(505), True),
        at(20),
    )
    assert not ended


def test_a_walk_that_was_cut_ends_with_the_page_that_passes_the_cut():
    turns = some_turns(a_window("a", 0, 1000))
    walk = take(turns)
    page(turns, walk, 0, 10)
    take(turns)
    assert page(turns, walk, 11, 504)[1] is False
    assert page(turns, walk, 504, 506)[1] is True


def test_a_half_is_cut_again():
    turns = some_turns(a_window("a", 0, 1000))
    page(turns, take(turns), 0, 10)
    half = take(turns)
    page(turns, half, 505, 506)
    quarter = take(turns)
    assert quarter.bounds == Bounds("created", at(753), at(1000), True)


def test_a_thread_waits_for_what_may_turn_out_long_enough_to_be_shared():
    turns = some_turns(a_window("a", 0, 1000))
    walk = take(turns)
    with pytest.raises(Waits):
        take(turns)
    page(turns, walk, 0, 10)
    assert take(turns).walk_id != "a"


def test_what_is_nearly_read_is_not_shared():
    turns = some_turns(a_window("a", 0, 1000))
    walk = take(turns)
    page(turns, walk, 0, 300)
    with pytest.raises(Waits):
        take(turns)
    turns.done(walk)
    with pytest.raises(StopIteration):
        take(turns)


def test_a_walk_that_cannot_be_asked_in_part_is_not_cut():
    turns = some_turns(a_window("a", 0, 1000, ask=None))
    page(turns, take(turns), 0, 10)
    with pytest.raises(StopIteration):
        take(turns)


def test_what_has_been_read_to_its_end_is_not_cut():
    turns = some_turns(a_window("a", 0, 1000))
    walk = take(turns)
    page(turns, walk, 0, 10, more=False)
    # Its thread is still handing the page over.
    with pytest.raises((Waits, StopIteration)):
        take(turns)


def test_nothing_is_cut_while_walks_of_the_endpoint_wait():
    turns = some_turns(a_window("a"), a_window("b"), a_window("c"), threads=8)
    page(turns, take(turns), 0, 10)
    assert names([take(turns), take(turns)]) == ["b", "c"]
    assert take(turns).bounds == Bounds("created", at(505), at(1000), True)


def test_walks_that_wait_for_a_slow_endpoint_hold_no_thread_from_sharing():
    slow = endpoint("slow", S)
    turns = some_turns(a_walk("s1", slow), a_walk("s2", slow), a_window("a"))
    _, walk = take(turns), take(turns)
    assert walk.walk_id == "a"
    page(turns, walk, 0, 10)
    assert take(turns).bounds == Bounds("created", at(505), at(1000), True)


@pytest.mark.parametrize(("rate", "most"), [(XS, 1), (S, 1), (M, 3)])
def test_sharing_gives_an_endpoint_no_more_threads_than_its_budget_feeds(rate, most):
    turns = some_turns(a_window("a", 0, 10**6, of=endpoint(rate=rate)))
    walk = take(turns)
    for second in range(20):
        page(turns, walk, second, second + 1)
    assert len(take_all(turns)) == most - 1


def test_cuts_are_held_to_one_and_half_the_full_pages():
    turns = some_turns(a_window("a", 0, 10**9), threads=50)
    walk = take(turns)
    found = []
    for second in range(6):
        page(turns, walk, second, second + 1)
        found.append(len(take_all(turns)))
    assert found == [2, 0, 1, 0, 1, 0]


def test_a_finished_half_makes_room_for_another_thread():
    turns = some_turns(a_window("a", 0, 10**6, of=endpoint(rate=Rate(3, 120))))
    walk = take(turns)
    page(turns, walk, 0, 1)
    half = take(turns)
    page(turns, walk, 1, 2)
    with pytest.raises(Waits):
        take(turns)
    page(turns, half, 500_000, 500_000, more=False)
    turns.done(half)
    again = take(turns)
    assert again.bounds
    assert (again.bounds.start, again.bounds.end) == (at(250_001), at(500_000))


# -- how far it is --------------------------------------------------------------------------------


def test_standings_tell_pages_records_and_pages_left():
    turns = some_turns(a_window("a", 0, 100), a_window("b", 0, 100), a_walk("c", endpoint("tags")))
    assert turns.standings() == {}
    walk = take(turns)
    page(turns, walk, 0, 10)
    assert turns.standings() == {"events": (1, 10, 9 + 1), "tags": (0, 0, 1)}


def test_of_pages_within_one_second_it_is_not_known_how_many_are_left():
    turns = some_turns(a_window("a", 0, 100), a_walk("c", endpoint("tags")))
    walk = take(turns)
    page(turns, walk, 5, 5)
    assert turns.standings() == {"events": (1, 10, None), "tags": (0, 0, 1)}
    page(turns, walk, 5, 25)
    assert turns.standings()["events"] == (2, 20, 7.5)


def test_walks_without_a_page_are_reckoned_to_be_as_long_as_those_that_are_done():
    turns = some_turns(a_window("a", 0, 100), a_window("b", 0, 100), a_window("c", 0, 100))
    walk = take(turns)
    for last in (50, 60, 100):
        page(turns, walk, last - 1, last, more=last < 100)
    turns.done(walk)
    take(turns)
    assert turns.standings() == {"events": (3, 30, 3 + 3)}


def test_walks_not_begun_are_reckoned_to_be_as_long_as_those_that_are_done():
    turns = some_turns(*map(a_walk, "abc"))
    walk = take(turns)
    for _ in range(3):
        turns.advance(walk, 10, Times(), False)
    turns.advance(walk, 4, Times(), True)
    turns.done(walk)
    assert turns.standings() == {"events": (4, 34, 8)}


def test_when_all_is_read_nothing_is_left():
    turns = some_turns(a_window("a", 0, 100))
    walk = take(turns)
    page(turns, walk, 0, 10, more=False)
    turns.done(walk)
    assert turns.standings() == {"events": (1, 10, 0)}
