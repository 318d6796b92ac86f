"""What has landed of a walk, and how a run goes on where another was cut short. No Spark."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from klaviyo_spark.bronze import request_plan
from klaviyo_spark.bronze.lander import page_row
from klaviyo_spark.bronze.request_plan import Parent, RequestedRange
from klaviyo_spark.client.paginator import Fetched, pages
from klaviyo_spark.client.walk import Walk
from klaviyo_spark.resources import ENDPOINTS
from klaviyo_spark.state.intervals import CoveredInterval, Range
from klaviyo_spark.state.resume_points import (
    MAX_TIME,
    CompletedReads,
    ResumePlan,
    ResumePoint,
    advance,
    plan_resume,
    with_order_lost,
)
from tests.builders import NOON, a_page
from tests.helpers.fakes import BASE
from tests.helpers.listing import Listing, at, eager_threads, event_times, numbers_on

HOUR, DAY, YEAR = 3600, 86_400, 365 * 86_400
SECOND = timedelta(seconds=1)
LONG_AGO = at(-YEAR)
NEXT = f"{BASE}/api/next?page%5Bcursor%5D=7"


@pytest.fixture(autouse=True, scope="module")
def _eager() -> Iterator[None]:
    with eager_threads():
        yield


def a_piece(walk: Walk, **facts: Any) -> ResumePoint:
    """The first of more pages of ``walk``, landed in the run ``one``."""
    return replace(
        ResumePoint(
            endpoint=walk.endpoint.name,
            slice=json.dumps(dict(walk.facts), sort_keys=True),
            parent_id=walk.parent_id,
            parent_digest=walk.parent_digest,
            read_id=walk.read_id,
            read_run_id="one",
            read_started_at=walk.read_started_at or NOON,
            run_id="one",
            walk_id=walk.walk_id,
            is_full_read=walk.is_full_read,
            window_start=walk.bounds.start if walk.bounds else None,
            window_end=walk.bounds.end if walk.bounds else None,
            max_record_time=None,
            in_order=True,
            pages=1,
            next_url=NEXT,
            ended=False,
            status=200,
            records=3,
        ),
        **facts,
    )


def whole(walk: Walk, **facts: Any) -> ResumePoint:
    """All of ``walk``, landed."""
    return a_piece(walk, ended=True, next_url=None, **facts)


def listing(name: str = "tags", now: datetime = NOON) -> list[Walk]:
    return request_plan.listing_walks(BASE, ENDPOINTS[name], now)


def events(start: float | None, end: float, metrics: Sequence[str] = ("M1",)) -> Walk:
    """A bounded read of events, planned at ``end``."""
    span = RequestedRange(None if start is None else at(start), at(end), at(end), timedelta(0))
    reads: dict[str, Any] = {name: [] for name in metrics}
    (walk,) = request_plan.event_walks(BASE, ENDPOINTS["events"], reads, span, at(end))
    return walk


def joined(since: float | None, now: float, group: str = "L1") -> Walk:
    """Members of a group: all, or those who joined since."""
    begin = {} if since is None else {group: at(since)}
    (walk,) = request_plan.fanout_walks(
        BASE, ENDPOINTS["list_profiles"], [Parent(group)], at(now), begin
    )
    return walk


def spans(taken: ResumePlan) -> list[tuple[datetime | None, datetime | None]]:
    return [(walk.bounds.start, walk.bounds.end) for walk in taken.walks if walk.bounds]


# -- what has landed ------------------------------------------------------------------------------


def test_the_first_page_of_a_walk_says_what_it_is_of():
    page = a_page("campaigns", 1, 2, slice='{"channel": "sms"}', next_url=NEXT, is_last=False)
    first = advance(page, None)
    assert (first.walk_id, first.read_id) == (page["walk_id"], page["read_id"])
    assert (first.pages, first.records, first.next_url, first.ended) == (1, 2, NEXT, False)
    assert first.facts == {"channel": "sms"}


def test_each_page_adds_its_records_and_says_where_it_goes_on():
    first = a_page("events", 1, 2, next_url=NEXT, is_last=False, window_end=at(100))
    second = {**first, "page_number": 2, "record_count": 5, "next_url": f"{NEXT}8", "run_id": "two"}
    both = advance({**second, "window_end": at(50)}, advance(first, None))
    assert (both.pages, both.records, both.next_url) == (2, 7, f"{NEXT}8")
    assert (both.window_end, both.run_id) == (at(50), "two")


@pytest.mark.parametrize(
    ("before", "now", "reached"),
    [(None, None, None), (5, None, 5), (None, 7, 7), (5, 7, 7), (7, 5, 7)],
)
def test_a_walk_has_reached_the_latest_time_on_its_pages(before, now, reached):
    times = [None if seconds is None else at(seconds) for seconds in (before, now, reached)]
    first = advance(a_page("events", max_record_time=times[0]), None)
    assert advance(a_page("events", max_record_time=times[1]), first).max_record_time == times[2]


@pytest.mark.parametrize(
    ("piece", "held"),
    [
        (whole(events(10, 90)), Range(at(10), at(90))),
        (whole(events(None, 90)), Range(None, at(90))),
        (whole(joined(10, 90)), Range(at(10), MAX_TIME)),
        (a_piece(events(10, 90), max_record_time=at(40)), Range(at(10), at(39))),
        (a_piece(events(None, 90), max_record_time=at(40)), Range(None, at(39))),
    ],
    ids=["ended", "since ever", "no end", "under way", "under way since ever"],
)
def test_what_a_walk_holds_leaves_an_unfinished_second_out(piece, held):
    assert piece.covered_time == held


@pytest.mark.parametrize("reached", [None, at(10), at(10.5), at(11)])
def test_a_walk_that_has_finished_no_second_holds_nothing(reached):
    assert a_piece(events(10, 90), max_record_time=reached).covered_time.is_empty


# -- listings -------------------------------------------------------------------------------------


def test_what_never_landed_is_asked_as_planned():
    walks = [*listing("campaigns"), joined(None, 9), joined(5, 9), events(0, 9)]
    assert plan_resume(walks, [], LONG_AGO) == ResumePlan(tuple(walks), ())


def test_a_listing_that_has_landed_is_not_asked_again():
    piece = whole(listing()[0])
    assert plan_resume(listing(), [piece], LONG_AGO) == ResumePlan((), (piece,))


def test_a_listing_cut_short_goes_on_after_its_last_page():
    earlier = listing(now=NOON)[0]
    piece = a_piece(earlier, pages=4)
    (planned,) = listing(now=NOON + timedelta(hours=1))

    taken = plan_resume([planned], [piece], LONG_AGO)

    assert taken.kept == (piece,)
    assert taken.walks == (
        replace(
            planned,
            walk_id=earlier.walk_id,
            first_url=NEXT,
            first_page=5,
            read_id=earlier.read_id,
            read_run_id="one",
            read_started_at=NOON,
        ),
    )


def test_a_listing_whose_last_page_led_nowhere_is_read_anew():
    """That page did not say whether there is a next one."""
    piece = a_piece(listing()[0], pages=4, next_url=None)
    (planned,) = listing(now=NOON + timedelta(hours=1))
    (walk,) = plan_resume([planned], [piece], LONG_AGO).walks
    assert (walk.walk_id, walk.first_url, walk.first_page, walk.read_id) == (
        planned.walk_id,
        planned.first_url,
        1,
        piece.read_id,
    )


def test_a_window_whose_last_page_led_nowhere_is_read_from_its_last_record():
    walk = events(0, 100)
    piece = a_piece(walk, next_url=None, max_record_time=at(60))
    taken = plan_resume([events(0, 100)], [piece], LONG_AGO)
    assert spans(taken) == [(at(59), at(100))]
    assert [w.first_page for w in taken.walks] == [1]


def test_the_rest_of_a_read_joins_it():
    email, email_archived, sms, *_ = listing("campaigns")
    earlier = [whole(email), a_piece(email_archived), whole(sms)]

    taken = plan_resume(listing("campaigns", NOON + timedelta(hours=1)), earlier, LONG_AGO)

    assert [walk.facts for walk in taken.walks] == [
        {"channel": "email", "archived": "true"},
        {"channel": "sms", "archived": "true"},
        {"channel": "mobile_push", "archived": "false"},
        {"channel": "mobile_push", "archived": "true"},
    ]
    assert [walk.first_page for walk in taken.walks] == [2, 1, 1, 1]
    assert {(w.read_id, w.read_run_id, w.read_started_at) for w in taken.walks} == {
        (email.read_id, "one", NOON)
    }


def test_a_read_is_not_made_of_parts_of_two():
    older = [whole(walk) for walk in listing("flows", NOON)]
    newer = [whole(walk) for walk in listing("flows", NOON + timedelta(hours=1))][:1]

    taken = plan_resume(listing("flows", NOON + timedelta(hours=2)), [*newer, *older], LONG_AGO)

    assert taken.kept == tuple(newer)
    assert [walk.facts for walk in taken.walks] == [{"archived": "true"}]
    assert {walk.read_id for walk in taken.walks} == {newer[0].read_id}


def test_of_two_walks_of_a_listing_the_one_that_got_further_goes_on():
    (walk,) = listing()
    pieces = [a_piece(walk, walk_id=f"W{n}", pages=n) for n in (2, 5, 3)]
    (left,) = plan_resume(listing(), pieces, LONG_AGO).walks
    assert (left.walk_id, left.first_page) == ("W5", 6)


@pytest.mark.parametrize(("late", "asked"), [(0, 0), (1, 1)])
def test_a_listing_begun_too_long_ago_is_read_anew(late, asked):
    piece = whole(listing()[0])
    planned = listing(now=NOON + timedelta(hours=13))
    taken = plan_resume(planned, [piece], NOON + late * SECOND)
    assert taken.walks == tuple(planned[:asked])
    assert taken.kept == (piece,)[asked:]


DAY_S = 86_400


@pytest.mark.parametrize(
    ("began", "asked"),
    [(30, [(30, 31)]), (29, [(22, 31)])],
    ids=["just now", "a day before"],
)
def test_the_lookback_is_read_again_where_a_run_was_cut_short_long_ago(began, asked):
    first = whole(events(0, 30 * DAY_S), read_started_at=at(began * DAY_S))
    taken = plan_resume([events(0, 31 * DAY_S)], [first], at(30 * DAY_S), timedelta(days=7))
    assert spans(taken) == [(at(start * DAY_S), at(end * DAY_S)) for start, end in asked]


def test_time_that_was_read_long_ago_stays_read():
    piece = whole(events(0, 90))
    assert plan_resume([events(0, 90)], [piece], NOON + timedelta(days=99)).walks == ()


@pytest.mark.parametrize(
    "other",
    [
        whole(listing("lists")[0]),
        whole(joined(None, 9, "L2")),
        whole(joined(None, 9), is_full_read=False),
        whole(joined(None, 9), slice='{"archived": "true"}'),
    ],
    ids=["endpoint", "parent", "not complete", "slice"],
)
def test_what_landed_of_another_listing_does_not_count(other):
    walk = joined(None, 9)
    taken = plan_resume([walk], [other], LONG_AGO)
    assert ([w.first_url for w in taken.walks], taken.kept) == ([walk.first_url], ())


def test_a_parent_that_was_gone_is_not_asked_about_again():
    piece = whole(joined(None, 9), status=404, records=0)
    assert plan_resume([joined(None, 9)], [piece], LONG_AGO) == ResumePlan((), (piece,))


# -- windows --------------------------------------------------------------------------------------


def test_a_window_cut_short_goes_on_by_its_cursor():
    earlier = events(0, 90)
    piece = a_piece(earlier, pages=2, max_record_time=at(40))
    planned = events(0, 90)

    assert plan_resume([planned], [piece], LONG_AGO).walks == (
        replace(
            planned,
            walk_id=earlier.walk_id,
            first_url=NEXT,
            first_page=3,
            max_record_time=at(40),
            read_id=earlier.read_id,
            read_run_id="one",
            read_started_at=at(90),
        ),
    )


def test_only_the_time_between_what_has_landed_is_asked():
    early, late = whole(events(10, 20)), whole(events(50, 60))
    planned = events(0, 90)

    taken = plan_resume([planned], [late, early], LONG_AGO)

    assert spans(taken) == [(at(0), at(10)), (at(20), at(50)), (at(60), at(90))]
    assert planned.ask
    assert [walk.first_url for walk in taken.walks] == [
        planned.ask(walk.bounds) for walk in taken.walks
    ]
    assert len({planned.walk_id, *(walk.walk_id for walk in taken.walks)}) == 4
    assert {walk.first_page for walk in taken.walks} == {1}


def test_a_piece_goes_on_to_where_the_next_begins():
    earlier = events(0, 90)
    front = a_piece(earlier, max_record_time=at(20), pages=3)
    half = a_piece(earlier, walk_id="half", window_start=at(45), max_record_time=at(70), pages=2)

    taken = plan_resume([events(0, 90)], [front, half], LONG_AGO)

    assert spans(taken) == [(at(0), at(45)), (at(45), at(90))]
    assert [(walk.walk_id, walk.first_page) for walk in taken.walks] == [
        (earlier.walk_id, 4),
        ("half", 3),
    ]


def test_a_second_that_was_half_read_is_read_again_where_no_cursor_leads_on():
    piece = a_piece(events(0, 90), max_record_time=at(40), next_url=None)
    taken = plan_resume([events(0, 90)], [piece], LONG_AGO)
    assert spans(taken) == [(at(39), at(90))]
    assert [walk.first_page for walk in taken.walks] == [1]


def test_a_cursor_that_leads_elsewhere_is_left():
    piece = a_piece(events(50, 90), max_record_time=at(60))
    taken = plan_resume([events(0, 40)], [piece], LONG_AGO)
    assert [(walk.bounds, walk.first_page) for walk in taken.walks] == [(events(0, 40).bounds, 1)]


def test_a_cursor_does_not_lead_on_from_before_its_own_window():
    half = a_piece(events(0, 90), walk_id="half", window_start=at(40), max_record_time=at(40.2))
    taken = plan_resume([events(0, 90)], [whole(events(0, 39.5)), half], LONG_AGO)
    assert spans(taken) == [(at(39.5), at(90))]
    assert [walk.first_page for walk in taken.walks] == [1]


def test_a_window_whose_pages_say_no_time_goes_on_by_its_cursor():
    piece = a_piece(events(0, 90), max_record_time=None, pages=2)
    (walk,) = plan_resume([events(0, 90)], [piece], LONG_AGO).walks
    assert (walk.first_url, walk.first_page, walk.bounds) == (NEXT, 3, events(0, 90).bounds)


def test_a_run_planned_later_asks_the_time_since():
    assert spans(plan_resume([events(0, 95)], [whole(events(0, 90))], LONG_AGO)) == [
        (at(90), at(95))
    ]


def test_a_cursor_leads_no_further_than_its_own_window():
    piece = a_piece(events(0, 90), max_record_time=at(40))
    taken = plan_resume([events(0, 200)], [piece], LONG_AGO)
    assert spans(taken) == [(at(0), at(90)), (at(90), at(200))]
    assert [walk.first_page for walk in taken.walks] == [2, 1]


@pytest.mark.parametrize("pages_landed", ["none", "one"])
def test_a_window_of_one_second_is_asked(pages_landed):
    pieces = [whole(events(90, 95))]
    if pages_landed == "one":
        pieces.append(a_piece(events(5, 5), max_record_time=at(5)))
    taken = plan_resume([events(5, 5)], pieces, LONG_AGO)
    assert spans(taken) == [(at(5), at(5))]


def test_a_window_of_one_second_that_has_landed_is_not_asked_again():
    assert plan_resume([events(5, 5)], [whole(events(5, 5))], LONG_AGO).walks == ()


def test_other_metrics_are_read_anew():
    piece = whole(events(0, 90, ["M1"]))
    assert spans(plan_resume([events(0, 90, ["M1", "M2"])], [piece], LONG_AGO)) == [(at(0), at(90))]


def test_who_joined_since_a_run_was_cut_short_is_asked_for():
    piece = whole(joined(0, 10 * HOUR))
    not_before = at(3 * DAY - 12 * HOUR)
    (walk,) = plan_resume([joined(0, 3 * DAY)], [piece], not_before).walks
    assert walk.bounds
    assert walk.bounds.end is None
    assert walk.bounds.start
    assert walk.bounds.start <= at(10 * HOUR)


# -- kills ----------------------------------------------------------------------------------------


@dataclass
class Bronze:
    """Runs that read windows of a listing, killed or not, and what they landed."""

    listing: Listing
    walks: dict[str, ResumePoint] = field(default_factory=dict)
    read: dict[str, set[int]] = field(default_factory=dict)
    pages: int = 0

    def run(self, planned: Sequence[Walk], threads: int, most: int | None = None) -> None:
        """Read what is left of ``planned``; with ``most``, a kill after so many pages."""
        left = plan_resume(planned, list(self.walks.values()), LONG_AGO).walks
        results = pages(left, self.listing, threads=threads, queued_pages=2)  # type: ignore[arg-type]
        for got in islice(results, most):
            assert isinstance(got, Fetched)
            row = page_row(got, "default", "run")
            id = row["walk_id"]
            before = self.walks.get(id)
            assert row["page_number"] == (before.pages + 1 if before else 1)
            self.walks[id] = advance(row, before)
            self.read.setdefault(id, set()).update(numbers_on(row["body"]))
            self.pages += 1
        results.close()  # type: ignore[attr-defined]

    @property
    def records(self) -> set[int]:
        return {number for some in self.read.values() for number in some}


@dataclass(frozen=True)
class Window:
    """What runs are to read; those that are not bounded read up to when they are planned."""

    what: str
    start: datetime | None
    ends: Sequence[datetime]

    def walks(self, run: int) -> list[Walk]:
        """Walks of one run after the other, as they are planned."""
        end = self.ends[min(run, len(self.ends) - 1)]
        span = RequestedRange(self.start, end, at(10 * YEAR), timedelta(0))
        if self.what == "events":
            return request_plan.event_walks(BASE, ENDPOINTS["events"], {"M1": []}, span, end)
        complete = self.what == "created"
        return request_plan.profile_walks(BASE, ENDPOINTS["profiles"], [], span, complete, end)

    @property
    def wanted(self) -> tuple[datetime | None, datetime | None]:
        return (None, None) if self.what == "created" else (self.start, self.ends[-1])


@st.composite
def readings(draw: st.DrawFn, moving: bool = False) -> tuple[list[datetime], Window, int]:
    """Times of records, a window over some of them, and a number of threads."""
    seconds = draw(st.sampled_from([20, HOUR, 30 * DAY, 4 * YEAR]))
    moments = st.integers(0, seconds)
    ends = sorted(draw(st.lists(moments, min_size=1, max_size=4 if moving else 1)))
    start = draw(st.none() | st.integers(0, ends[0]))
    what = draw(st.sampled_from(["events", "updated", *([] if moving else ["created"])]))
    window = Window(what, None if start is None else at(start), [at(end) for end in ends])
    return draw(event_times(seconds)), window, draw(st.integers(1, 6))


kills = st.lists(st.tuples(st.integers(0, 12), st.booleans()), max_size=5)


def after_kills(
    reading: tuple[list[datetime], Window, int], kills: Sequence[tuple[int, bool]], size: int = 3
) -> Bronze:
    """Bronze after runs that were killed, some with their cursors expired, and one that was not."""
    times, window, threads = reading
    bronze = Bronze(Listing(times, size))
    for run, (most, expired) in enumerate(kills):
        bronze.run(window.walks(run), threads, most)
        if expired:
            bronze.listing.expire()
    bronze.run(window.walks(len(window.ends)), threads)
    return bronze


EVENLY = [at(n * 1000) for n in range(60)]
ONE_SECOND = [at(second) for second in (3, *[50] * 50, 90)]


@settings(deadline=None)
@example((EVENLY, Window("events", at(0), [at(60_000)]), 4), [(7, False), (3, True)])
@example((ONE_SECOND, Window("events", at(0), [at(100)]), 2), [(5, False), (4, True), (2, False)])
@example((ONE_SECOND, Window("events", at(50), [at(50)]), 1), [(5, False)])
@given(readings(), kills)
def test_whatever_is_killed_each_record_lands(reading, kills):
    bronze = after_kills(reading, kills)
    assert bronze.listing.within(*reading[1].wanted) <= bronze.records


@settings(deadline=None)
@example((EVENLY, Window("events", at(0), [at(30_000), at(60_000)]), 1), [(3, False)])
@given(readings(moving=True), kills)
def test_runs_that_are_planned_further_read_further(reading, kills):
    bronze = after_kills(reading, kills)
    assert bronze.listing.within(*reading[1].wanted) <= bronze.records


@settings(deadline=None)
@given(readings(moving=True), kills)
def test_what_landed_walks_hold_has_landed(reading, kills):
    bronze = after_kills(reading, kills)
    for piece in bronze.walks.values():
        # The second at the end of a walk that has been cut is its neighbour's.
        if not piece.covered_time.is_empty:
            held = bronze.listing.within(piece.covered_time.start, piece.covered_time.end - SECOND)
            assert held <= bronze.read[piece.walk_id]


@settings(deadline=None)
@given(readings(), kills)
def test_after_a_run_that_was_not_killed_nothing_is_left(reading, kills):
    bronze = after_kills(reading, kills)
    assert plan_resume(reading[1].walks(9), list(bronze.walks.values()), LONG_AGO).walks == ()


@settings(deadline=None)
@given(readings(), kills)
def test_a_kill_costs_what_had_not_landed_and_little_more(reading, kills):
    _, window, threads = reading
    bronze = after_kills(reading, [(most, False) for most, _ in kills])
    fewest = bronze.listing.fewest(*window.wanted)
    under_way = 2 + 1 + threads  # queued, in hand, being fetched
    assert len(bronze.listing.served) <= bronze.pages + len(kills) * under_way
    assert bronze.pages <= 1.5 * fewest + 8 + len(kills) * threads


def test_a_thousand_pages_killed_at_random_cost_a_few_more():
    times = [at(n * 100) for n in range(3000)]
    window = Window("events", at(0), [at(300_000)])
    luck = random.Random(1)
    kills = [(luck.randrange(150), False) for _ in range(10)]
    bronze = after_kills((times, window, 8), kills)
    assert bronze.records == set(range(3000))
    assert bronze.pages <= 1.1 * 1000


# -- what a run that ended makes up for -----------------------------------------------------------


def covering(start: float | None, end: float, began: float, metric: str = "M1") -> CompletedReads:
    """What a run that began at ``began`` and ended has read of a metric."""
    return CompletedReads(
        [
            (
                ("events", metric),
                CoveredInterval(Range(None if start is None else at(start), at(end)), at(began)),
            )
        ],
        {},
    )


@pytest.mark.parametrize(
    ("done", "made_up_for"),
    [
        (covering(None, 90, began=95), True),
        (covering(0, 40, began=95), True),
        (covering(20, 90, began=95), False),
        (covering(None, 90, began=85), False),
        (covering(None, 90, began=95, metric="M2"), False),
        (CompletedReads([], {}), False),
    ],
    ids=["all", "what landed", "not all", "a run before", "another metric", "nothing"],
)
def test_time_is_made_up_for_where_a_later_run_that_ended_has_it(done, made_up_for):
    cut_short = a_piece(events(10, 90), max_record_time=at(40))
    assert done.supersedes(cut_short) == made_up_for


def test_time_of_several_metrics_is_made_up_for_where_each_is():
    cut_short = a_piece(events(10, 90, ("M1", "M2")), max_record_time=at(40))
    one, other = covering(None, 90, began=95), covering(None, 90, began=95, metric="M2")
    assert not one.supersedes(cut_short)
    assert CompletedReads([*one.ranges, *other.ranges], {}).supersedes(cut_short)


@pytest.mark.parametrize(("seconds", "made_up_for"), [(-1, False), (0, True), (1, True)])
def test_a_listing_is_made_up_for_by_going_on_with_it_or_reading_it_since(seconds, made_up_for):
    done = CompletedReads([], {("tags", None, True): NOON + timedelta(seconds=seconds)})
    assert done.supersedes(a_piece(listing("tags")[0])) == made_up_for
    assert not done.supersedes(a_piece(listing("lists")[0]))


@pytest.mark.parametrize("walk", [listing("tags")[0], events(10, 90)], ids=["listing", "window"])
def test_what_had_landed_whole_is_made_up_for_by_going_on_with_it(walk):
    piece = a_piece(walk)
    assert CompletedReads([], {}, {piece.walk_id}).supersedes(piece)
    assert not CompletedReads([], {}, {"another"}).supersedes(piece)


# -- pages out of order ---------------------------------------------------------------------------


def test_of_a_walk_that_came_out_of_order_nothing_counts_as_read():
    """Issue 19: where sort was ignored, the run that went on skipped time."""
    walk = events(0, 100)
    first = a_page("events", {}, read_id=walk.read_id, run_id="one", next_url=NEXT, is_last=False)
    window = {"window_start": at(0), "window_end": at(100)}
    one = advance({**first, **window, "max_record_time": at(60)}, None)
    two = advance({**first, **window, "page_number": 2, "in_order": False}, one)
    three = advance({**first, **window, "page_number": 3, "is_last": True}, two)

    assert one.covered_time == Range(at(0), at(59))
    assert [(piece.in_order, piece.max_record_time) for piece in (two, three)] == [
        (False, None)
    ] * 2
    assert two.covered_time.is_empty
    assert three.covered_time.is_empty


def test_a_walk_out_of_order_goes_on_at_its_cursor_and_stays_so():
    walk = events(0, 100)
    taken = plan_resume([walk], [a_piece(walk, in_order=False)], LONG_AGO)
    (left,) = taken.walks
    assert (left.first_url, left.first_page, left.in_order) == (NEXT, 2, False)
    assert left.bounds == walk.bounds


def test_parts_of_a_window_of_which_one_is_out_of_order_are_read_again():
    walk = events(0, 100)
    half = whole(replace(walk, walk_id="half", bounds=replace(walk.bounds, end=at(50))))
    other = whole(
        replace(walk, walk_id="other", bounds=replace(walk.bounds, start=at(50))), in_order=False
    )
    (again,) = plan_resume([walk], [half, other], LONG_AGO).walks
    assert again.bounds == walk.bounds
    assert with_order_lost([half]) == [half]
