from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from klaviyo_spark.bronze import request_plan
from klaviyo_spark.bronze.request_plan import RequestedRange
from klaviyo_spark.client.paginator import Failed, Fetched, PageFetcher, Walk, pages
from klaviyo_spark.client.responses import Page
from klaviyo_spark.client.sleep import nap
from klaviyo_spark.errors import (
    BadAnswer,
    CursorExpired,
    FatalError,
    MissingScope,
    RateLimitTooLong,
    RevisionRetired,
    Stopped,
    Unauthorized,
    Unreachable,
)
from klaviyo_spark.resources import ENDPOINTS
from klaviyo_spark.schema.endpoint import XL, Endpoint, S
from klaviyo_spark.state.intervals import CoveredInterval, Range
from tests.helpers.fakes import BASE, EVENTS, NOON, a_body, a_client, an_endpoint, an_error_body
from tests.helpers.listing import Listing, at, eager_threads, event_times, numbers_on

MEMBERS = an_endpoint("list_profiles", "/api/lists/{id}/profiles")


@pytest.fixture(autouse=True, scope="module")
def _eager() -> Iterator[None]:
    with eager_threads():
        yield


def a_walk(name: str = "a", endpoint: Endpoint = EVENTS, **more: object) -> Walk:
    url = f"{BASE}/api/{name}?page=1"
    return Walk(walk_id=name, endpoint=endpoint, first_url=url, read_id="r", **more)  # type: ignore[arg-type]


class FakeClient:
    """Walks of ``length`` pages, and failures by walk name; ``gate`` holds requests back."""

    base_url = BASE

    def __init__(self, length: int = 3, gate: threading.Event | None = None, **errors: Exception):
        self.length, self.errors, self.gate = length, errors, gate
        self.asked: list[str] = []
        self.running: Counter[str] = Counter()
        self.most_running: Counter[str] = Counter()
        self.lock = threading.Lock()

    def get(self, endpoint, url, *, question=None, gone_ok=False, stop=None) -> Page:
        name = url.rpartition("/")[2].partition("?")[0]
        number = int(url.rpartition("=")[2])
        with self.lock:
            self.asked.append(url)
            self.running[endpoint.name] += 1
            most = max(self.most_running[endpoint.name], self.running[endpoint.name])
            self.most_running[endpoint.name] = most
        try:
            while self.gate is not None and not self.gate.is_set():
                nap(0.005, stop)
            if stop is not None and stop.is_set():
                raise Stopped("stopped")
            if name in self.errors:
                raise self.errors[name]
        finally:
            with self.lock:
                self.running[endpoint.name] -= 1
        following = f"{BASE}/api/{name}?page={number + 1}" if number < self.length else None
        return Page(url, f"/api/{name}", "", 200, b"", following, 1, NOON, NOON, "2026-07-15")


def summary(results) -> list[tuple[str, int, bool]]:
    return [(r.walk.walk_id, r.page_number, r.is_last) for r in results if isinstance(r, Fetched)]


def no_threads_left() -> bool:
    return not [t for t in threading.enumerate() if t.name.startswith("klaviyo-")]


def test_a_walk_follows_next_until_there_is_none():
    assert summary(pages([a_walk()], FakeClient(3))) == [
        ("a", 1, False),
        ("a", 2, False),
        ("a", 3, True),
    ]


def test_a_walk_with_a_question_is_one_page_whatever_link_stands_on_it():
    assert summary(pages([a_walk(question=b"{}")], FakeClient(3))) == [("a", 1, True)]


def test_a_report_is_followed_to_its_last_page_and_ends_where_no_link_stands():
    values = ENDPOINTS["campaign_values"]
    found = summary(pages([a_walk(endpoint=values, question=b"{}")], FakeClient(3)))
    assert found == [("a", 1, False), ("a", 2, False), ("a", 3, True)]


class AnsweringClient:
    """Answers a question in ``length`` pages, each of whose links names the cursor of the next."""

    base_url = BASE

    def __init__(self, length: int, link: str = "?page_cursor=next%3A%3A{n}") -> None:
        self.length, self.link = length, link
        self.asked: list[tuple[str, str | None]] = []

    def get(self, endpoint, url, *, question=None, gone_ok=False, stop=None) -> Page:
        self.asked.append((url, json.loads(question)["data"]["attributes"].get("page_cursor")))
        n = len(self.asked)
        following = f"{url}{self.link.format(n=n)}" if n < self.length else None
        return Page(url, "/api/x", "", 200, b"", following, 1, NOON, NOON, "2026-07-15")


BY_CURRENCY = ENDPOINTS["metric_value_days"]
ASKED = b'{"data":{"type":"metric-aggregate","attributes":{"by":["$value_currency"]}}}'


def test_a_question_by_dimensions_carries_the_cursor_itself():
    client = AnsweringClient(3)
    walk = a_walk(endpoint=BY_CURRENCY, question=ASKED)
    walk = replace(walk, first_url=f"{BASE}/api/metric-aggregates")

    assert summary(pages([walk], client)) == [("a", 1, False), ("a", 2, False), ("a", 3, True)]

    to = f"{BASE}/api/metric-aggregates"
    assert client.asked == [(to, None), (to, "next::1"), (to, "next::2")]


def test_a_question_that_is_taken_up_again_goes_on_at_its_cursor():
    client = AnsweringClient(1)
    url = f"{BASE}/api/metric-aggregates?page_cursor=next%3A%3A7"
    walk = replace(a_walk(endpoint=BY_CURRENCY, question=ASKED), first_url=url, first_page=8)

    assert summary(pages([walk], client)) == [("a", 8, True)]
    assert client.asked == [(f"{BASE}/api/metric-aggregates", "next::7")]


def test_a_next_link_of_a_question_without_a_cursor_is_a_loop():
    client = AnsweringClient(3, link="?page=2")
    walk = a_walk(endpoint=BY_CURRENCY, question=ASKED)
    walk = replace(walk, first_url=f"{BASE}/api/metric-aggregates")

    *_, failed = pages([walk], client)

    assert isinstance(failed, Failed)
    assert isinstance(failed.error, BadAnswer)


def test_an_endpoint_ends_once_all_its_pages_have_been_taken():
    ended: dict[str, int] = {}
    taken: list[Fetched | Failed] = []
    walks = [a_walk(name) for name in "abc"] + [a_walk("d", MEMBERS)]
    error = MissingScope("403", scopes=())
    fetcher = PageFetcher(
        walks,
        FakeClient(5, c=error),  # type: ignore[arg-type]
        threads=4,
        queued_pages=1,
        on_end=lambda name: ended.setdefault(name, sum(of(got, name) for got in taken)),
    )
    for got in fetcher.pages():
        taken.append(got)
    assert ended == {EVENTS.name: 11, MEMBERS.name: 5}


def of(got: Fetched | Failed, endpoint: str) -> bool:
    return got.walk.endpoint.name == endpoint


def test_no_walks_give_no_pages():
    assert list(pages([], FakeClient())) == []


def test_pages_of_each_walk_come_in_order():
    walks = [a_walk(name) for name in "abcdefgh"]
    results = summary(pages(walks, FakeClient(20), threads=4))
    assert len(results) == 160
    for name in "abcdefgh":
        assert [n for w, n, _ in results if w == name] == list(range(1, 21))


def test_a_walk_taken_up_again_counts_on():
    assert summary(pages([a_walk(first_page=7)], FakeClient(2))) == [
        ("a", 7, False),
        ("a", 8, True),
    ]


def test_a_failed_walk_leaves_the_others_alone():
    error = MissingScope("403", scopes=())
    results = list(pages([a_walk("a"), a_walk("b")], FakeClient(2, a=error)))
    assert [r for r in results if isinstance(r, Failed)] == [Failed(a_walk("a"), error)]
    assert summary(results) == [("b", 1, False), ("b", 2, True)]


@pytest.mark.parametrize(
    "error",
    [
        Unauthorized("401"),
        Unreachable("no connection"),
    ],
    ids=lambda e: type(e).__name__,
)
def test_some_errors_stop_all_walks(error):
    client = FakeClient(a=error)
    results = list(pages([a_walk(n) for n in "abcdef"], client, threads=1))
    assert results == [Failed(a_walk("a"), error)]
    assert results[0].stops_all
    assert len(client.asked) == 1


@pytest.mark.parametrize(
    "error",
    [RateLimitTooLong("429", resume_at=NOON), RevisionRetired("410")],
    ids=lambda e: type(e).__name__,
)
def test_some_errors_end_the_walks_of_their_budget_alone(error):
    walks = [a_walk(name) for name in "abc"] + [a_walk("m", MEMBERS), a_walk("d")]
    client = FakeClient(a=error)
    results = list(pages(walks, client, threads=1))
    assert [r for r in results if isinstance(r, Failed)] == [Failed(a_walk("a"), error)]
    assert summary(results) == [("m", 1, False), ("m", 2, False), ("m", 3, True)]


def test_an_error_of_one_walk_only_does_not_stop_all():
    assert not Failed(a_walk(), FatalError("400")).stops_all


def test_a_loop_fails_the_walk_after_its_pages(klaviyo):
    walk = a_walk()
    klaviyo.get(walk.first_url, body=a_body("1", next_url=walk.first_url))
    with a_client() as client:
        page, failed = pages([walk], client)
    assert (page.page_number, page.is_last) == (1, False)
    assert isinstance(failed.error, BadAnswer)
    assert "leads back" in str(failed.error)


def test_a_link_to_another_host_fails_the_walk_unasked(klaviyo):
    walk = a_walk()
    klaviyo.get(walk.first_url, body=a_body("1", next_url="https://evil.example/api/a?page=2"))
    with a_client() as client:
        _, failed = pages([walk], client)
    assert "points to https://evil.example instead of" in str(failed.error)
    assert len(klaviyo.calls) == 1


def test_an_empty_page_with_a_next_link_is_not_the_last(klaviyo):
    walk = a_walk()
    klaviyo.get(walk.first_url, body=a_body(next_url=f"{BASE}/api/a?page=2"))
    klaviyo.get(f"{BASE}/api/a?page=2", body=a_body("1"))
    with a_client() as client:
        assert summary(pages([walk], client)) == [("a", 1, False), ("a", 2, True)]


TAGS = an_endpoint("tags", "/api/tags", params={"page[size]": "50"})
UNPAGED = an_endpoint("campaign_templates", "/api/campaigns/C1/campaign-messages")
NO_NEXT = b'{"data":[{"id":"1"}],"links":{"self":"x"}}'


def only_page(klaviyo, walk: Walk, body: bytes) -> Fetched:
    klaviyo.get(walk.first_url, body=body)
    with a_client() as client:
        [got] = pages([walk], client)
    assert isinstance(got, Fetched)
    return got


@pytest.mark.parametrize("body", [NO_NEXT, b"\xef\xbb\xbf" + NO_NEXT])
def test_a_page_of_a_paged_listing_that_says_no_next_is_not_known_to_be_the_last(klaviyo, body):
    """It counted as the last page of a complete read: rows of later pages were marked as gone."""
    walk = a_walk(endpoint=TAGS)
    got = only_page(klaviyo, walk, body)
    assert (got.is_last, got.is_open_end) == (False, True)


def test_a_page_that_a_cursor_led_to_is_of_a_paged_listing(klaviyo):
    walk = a_walk(endpoint=UNPAGED)
    following = f"{BASE}/api/a?page%5Bcursor%5D=2"
    klaviyo.get(walk.first_url, body=a_body("1", next_url=following))
    klaviyo.get(following, body=NO_NEXT)
    with a_client() as client:
        assert summary(pages([walk], client)) == [("a", 1, False), ("a", 2, False)]


@pytest.mark.parametrize(
    ("endpoint", "body"),
    [(UNPAGED, NO_NEXT), (TAGS, a_body("1")), (TAGS, a_body()), (UNPAGED, b'{"data":null}')],
)
def test_null_ends_a_paged_listing_and_nothing_at_all_one_without_pages(klaviyo, endpoint, body):
    walk = a_walk(endpoint=endpoint)
    got = only_page(klaviyo, walk, body)
    assert (got.is_last, got.is_open_end) == (True, False)


def test_listings_that_have_pages_are_known_as_such():
    single = {"campaign_templates", "campaign_message_variations", "list_count", "segment_count"}
    single |= {"accounts", "custom_metrics", "mapped_metrics"}
    single |= {name for name, one in ENDPOINTS.items() if one.is_question}
    assert {name for name, one in ENDPOINTS.items() if not one.is_paged} == single


def test_a_parent_that_is_gone_is_a_last_page(klaviyo):
    walk = a_walk(endpoint=MEMBERS, parent_id="L1")
    klaviyo.get(walk.first_url, status=404, body=an_error_body())
    with a_client() as client:
        (gone,) = pages([walk], client)
    assert (gone.page.status, gone.is_last) == (404, True)


def test_a_listing_that_is_gone_is_a_failure(klaviyo):
    klaviyo.get(a_walk().first_url, status=404, body=an_error_body())
    with a_client() as client:
        (failed,) = pages([a_walk()], client)
    assert failed.error.status == 404


def test_a_slow_taker_holds_the_threads_back():
    client = FakeClient(1000)
    results = pages([a_walk("a"), a_walk("b")], client, threads=2, queued_pages=4)
    next(results)
    time.sleep(0.05)
    asked = len(client.asked)
    results.close()
    assert asked <= 1 + 4 + 2


def test_leaving_early_ends_the_threads():
    results = pages([a_walk(n) for n in "abc"], FakeClient(10_000), threads=3, queued_pages=2)
    next(results)
    results.close()
    assert no_threads_left()


def test_ctrl_c_while_waiting_ends_the_threads(monkeypatch):
    client = FakeClient(gate=threading.Event())
    results = pages([a_walk(n) for n in "abc"], client, threads=3)
    waiting = threading.Event()

    def interrupted(self, *args: object, **more: object):
        waiting.set()
        raise KeyboardInterrupt

    monkeypatch.setattr("queue.Queue.get", interrupted)
    with pytest.raises(KeyboardInterrupt):
        next(results)
    assert waiting.is_set()
    assert no_threads_left()


def test_a_stop_hands_out_what_is_in_hand_and_ends():
    stop = threading.Event()
    client = FakeClient(1000)
    results = pages([a_walk()], client, threads=1, queued_pages=8, stop=stop)
    next(results)
    time.sleep(0.03)
    stop.set()
    in_hand = summary(results)
    assert [n for _, n, _ in in_hand] == list(range(2, len(client.asked) + 1))
    assert len(in_hand) < 100
    assert no_threads_left()


def test_a_stop_does_not_wait_for_an_answer_that_does_not_come(monkeypatch):
    monkeypatch.setattr("klaviyo_spark.client.paginator._JOIN_S", 0.05)
    stop, answer = threading.Event(), threading.Event()

    class Client(FakeClient):
        def get(self, *args: object, **more: object) -> Page:
            stop.set()
            answer.wait(5.0)
            raise Stopped("at last")

    assert list(pages([a_walk()], Client(), stop=stop)) == []
    answer.set()


def test_a_stop_before_the_start_sends_nothing():
    stop = threading.Event()
    stop.set()
    client = FakeClient(gate=threading.Event())
    assert list(pages([a_walk()], client, stop=stop)) == []


def test_a_slip_in_the_walks_themselves_is_raised():
    def walks() -> Iterator[Walk]:
        yield a_walk()
        raise KeyError("plan")

    with pytest.raises(KeyError, match="plan"):
        list(pages(walks(), FakeClient(), threads=2))
    assert no_threads_left()


def test_a_slow_endpoint_keeps_one_thread_busy_and_no_more():
    slow, fast = an_endpoint("flows", rate=S), an_endpoint("events", rate=XL)
    client = FakeClient(3)
    walks = [a_walk(f"s{n}", slow) for n in range(20)] + [a_walk(f"f{n}", fast) for n in range(20)]
    results = summary(pages(walks, client, threads=4))
    assert len(results) == 120
    assert client.most_running["flows"] == 1


def test_a_fast_endpoint_is_asked_although_slow_walks_stand_before_it():
    slow, fast = an_endpoint("flows", rate=S), an_endpoint("events", rate=XL)
    asked = threading.Event()

    class Client(FakeClient):
        def get(self, endpoint: Endpoint, url: str, **more: object) -> Page:
            if endpoint is fast:
                asked.set()
            elif not asked.wait(2.0):
                raise FatalError("the fast endpoint was never asked")
            return super().get(endpoint, url, **more)

    walks = [a_walk(f"s{n}", slow) for n in range(20)] + [a_walk("f", fast)]
    results = list(pages(walks, Client(1), threads=2))
    assert not [r for r in results if isinstance(r, Failed)]


# -- windows that threads share -------------------------------------------------------------------

HOUR, DAY, YEAR = 3600, 86_400, 365 * 86_400
DAY_S, SECOND = timedelta(days=1), timedelta(seconds=1)


def numbers(results: Sequence[Fetched | Failed]) -> list[int]:
    """The records on pages of a ``Listing``."""
    assert not [r for r in results if isinstance(r, Failed)]
    return [n for r in results if isinstance(r, Fetched) for n in numbers_on(r.page.body)]


def windows_of(
    what: str, reads: Sequence[CoveredInterval], start: datetime | None, upper: datetime
) -> list[Walk]:
    """Walks over ``what`` has not been read since ``start``, as a run plans them."""
    span = RequestedRange(start, None, upper, timedelta(0))
    if what == "events":
        return request_plan.event_walks(BASE, ENDPOINTS["events"], {"M1": reads}, span, upper)
    complete = what == "created"
    return request_plan.profile_walks(BASE, ENDPOINTS["profiles"], reads, span, complete, upper)


@st.composite
def some_windows(draw: st.DrawFn) -> tuple[Listing, list[Walk]]:
    """A listing, and walks over some of it."""
    seconds = draw(st.sampled_from([20, HOUR, 30 * DAY, 4 * YEAR]))
    moment = st.integers(0, seconds).map(float) | st.just(seconds / 2 + 0.25)
    grain = draw(st.sampled_from([SECOND, timedelta.resolution]))
    listing = Listing(draw(event_times(seconds)), grain=grain)
    read = draw(st.lists(st.tuples(moment, moment), max_size=2))
    reads = [CoveredInterval(Range(at(a), at(b)), at(10 * YEAR)) for a, b in read]
    start, upper = draw(st.none() | moment), at(draw(moment))
    what = draw(st.sampled_from(["events", "updated", "created"]))
    return listing, windows_of(what, reads, None if start is None else at(start), upper)


@settings(deadline=None)
@given(some_windows(), st.integers(1, 8))
def test_whatever_the_times_each_record_is_read(windows: tuple[Listing, list[Walk]], threads: int):
    listing, walks = windows
    results = list(pages(walks, listing, threads=threads, queued_pages=3))  # type: ignore[arg-type]
    wanted: set[int] = set()
    for walk in walks:
        assert walk.bounds
        wanted |= listing.within(walk.bounds.start, walk.bounds.end)
    assert wanted <= set(numbers(results))


@settings(deadline=None)
@given(some_windows(), st.integers(1, 8))
def test_what_pages_say_of_their_walk_is_what_has_been_read(
    windows: tuple[Listing, list[Walk]], threads: int
):
    listing, walks = windows
    read: dict[str, set[int]] = {}
    for got in pages(walks, listing, threads=threads, queued_pages=3):  # type: ignore[arg-type]
        assert isinstance(got, Fetched)
        walk, so_far = got.walk, read.setdefault(got.walk.walk_id, set())
        so_far |= set(numbers_on(got.page.body))
        assert walk.bounds
        # The second at its end is also its neighbour's, where it has been cut.
        held = walk.bounds.end if got.is_last else walk.max_record_time
        if got.is_last or held:
            held = held and held - SECOND
            assert listing.within(walk.bounds.start, held) <= so_far


def requests(times: Sequence[datetime], seconds: float, size: int, threads: int) -> tuple[int, int]:
    """Requests that reading all of a window takes a crew, and the fewest it could take."""
    listing = Listing(times, size)
    walks = windows_of("events", [], at(0), at(seconds))
    results = list(pages(walks, listing, threads=threads))  # type: ignore[arg-type]
    assert set(numbers(results)) >= listing.within(at(0), at(seconds))
    return len(listing.served), listing.fewest(at(0), at(seconds))


@settings(deadline=None)
@given(
    st.sampled_from([20, HOUR, 30 * DAY, YEAR]).flatmap(
        lambda seconds: st.tuples(event_times(seconds), st.just(seconds))
    ),
    st.integers(1, 8),
)
def test_sharing_costs_half_as_many_requests_again_at_most(
    window: tuple[list[datetime], int], threads: int
):
    times, seconds = window
    made, fewest = requests(times, seconds, 3, threads)
    assert made <= 1.5 * fewest + 8


@pytest.mark.parametrize("threads", [2, 8])
@pytest.mark.parametrize(
    ("times", "seconds"),
    [
        ([at(second) for second in (0, 0, 0, 0, 1, 1, *[50] * 300)], 100),
        ([at(day * DAY) for day in range(5) for _ in range(60)], 4 * DAY),
        ([at(day * DAY) for day in range(31) for _ in range(10)], 30 * DAY),
        ([at(n * 1000) for n in range(300)], 300_000),
        ([at(n / 10) for n in range(300)], 30 * DAY),
    ],
    ids=["one second in the middle", "4 midnights", "30 midnights", "evenly", "a burst at first"],
)
def test_full_seconds_at_a_cut_are_not_read_twice_over(times, seconds, threads):
    made, fewest = requests(times, seconds, 3, threads)
    assert made <= 1.5 * fewest + 8


@pytest.mark.parametrize("threads", [1, 8])
@pytest.mark.parametrize(
    ("times", "most"),
    [([], 1), ([at(5)], 1), ([at(n) for n in range(1000)], 1), ([at(n) for n in range(1001)], 4)],
    ids=["none", "one event", "a page", "a page and one"],
)
def test_thirty_idle_days_cost_a_request_or_a_few(times, most, threads):
    made, _ = requests(times, 30 * DAY, 1000, threads)
    assert made <= most


@pytest.mark.parametrize("threads", [1, 2, 8])
@pytest.mark.parametrize(
    "times",
    [
        [at(n * YEAR / 5000) for n in range(5000)],
        [at(200 * DAY + n / 100) for n in range(5000)],
        [at(n % 10 * 36 * DAY + n / 10) for n in range(5000)],
        [at(n % 365 * DAY) for n in range(5000)],
        [at(100) for n in range(5000)],
    ],
    ids=["evenly", "one newsletter", "ten newsletters", "at midnight", "in one second"],
)
def test_a_year_of_five_thousand_events_costs_ten_requests_at_most(times, threads):
    made, _ = requests(times, YEAR, 1000, threads)
    assert made <= 10


def test_a_window_of_a_newsletter_is_shared_by_the_threads():
    times = [at(n / 20) for n in range(2000)]
    walks = windows_of("events", [], at(0), at(100))
    results = list(pages(walks, Listing(times, 10), threads=4))  # type: ignore[arg-type]
    assert len({r.walk.walk_id for r in results}) >= 4
    assert len({r.walk.read_id for r in results}) == 1


# -- cursors that have expired --------------------------------------------------------------------


class Forgetful(Listing):
    """Refuses all cursors once, when ``after`` pages have been served; and again ..."""

    def __init__(self, times: Sequence[datetime], *after: int) -> None:
        super().__init__(times)
        self._after = list(after)

    def get(self, endpoint: Endpoint, url: str, **more: object) -> Page:  # type: ignore[override]
        if self._after and len(self.served) == self._after[0]:
            del self._after[0]
            self.expire()
        return super().get(endpoint, url, **more)  # type: ignore[arg-type]


def a_listing_of(*seconds: float, after: Sequence[int] = ()) -> Forgetful:
    return Forgetful([at(second) for second in seconds], *after)


def members_of(group: str = "L1") -> Walk:
    """All members of a group: no window."""
    (walk,) = request_plan.fanout_walks(
        BASE, ENDPOINTS["list_profiles"], [request_plan.Parent(group)], at(0)
    )
    return walk


def test_a_window_goes_on_at_the_time_reached_where_its_cursor_has_expired():
    client = a_listing_of(*range(12), after=[2])
    (walk,) = windows_of("events", [], at(0), at(100))

    results = list(pages([walk], client, threads=1))  # type: ignore[arg-type]

    assert numbers(results) == [0, 1, 2, 3, 4, 5, 5, 6, 7, 8, 9, 10, 11]
    assert summary(results) == [(walk.walk_id, n, n == 5) for n in range(1, 6)]
    assert walk.ask
    assert walk.bounds
    assert client.served[2] == walk.ask(replace(walk.bounds, start=at(5)))


def test_a_walk_taken_up_again_goes_on_at_the_time_that_run_reached():
    client = a_listing_of(*range(9))
    (walk,) = windows_of("events", [], at(0), at(100))
    first = client.get(walk.endpoint, walk.first_url)
    client.expire()
    assert first.next_url
    again = replace(walk, first_url=first.next_url, first_page=2, max_record_time=at(2))

    results = list(pages([again], client, threads=1))  # type: ignore[arg-type]

    assert numbers(results) == [2, 3, 4, 5, 6, 7, 8]
    assert summary(results) == [(walk.walk_id, 2, False), (walk.walk_id, 3, False),
                                (walk.walk_id, 4, True)]  # fmt: skip


def test_a_walk_without_window_begins_anew_as_another_walk_of_the_same_read():
    client = a_listing_of(*range(9))
    walk = members_of()
    first = client.get(walk.endpoint, walk.first_url)
    client.expire()
    assert first.next_url
    again = replace(walk, first_url=first.next_url, first_page=2)

    results = list(pages([again], client, threads=1))  # type: ignore[arg-type]

    assert numbers(results) == list(range(9))
    (walk_id,) = {r.walk.walk_id for r in results}
    assert walk_id != walk.walk_id
    assert [n for _, n, _ in summary(results)] == [1, 2, 3]
    assert {r.walk.read_id for r in results} == {walk.read_id}


def test_a_walk_without_window_that_has_only_just_begun_begins_anew_too():
    walk = members_of()
    results = list(pages([walk], a_listing_of(*range(9), after=[2]), threads=1))  # type: ignore[arg-type]
    anew = [r for r in results if r.walk.walk_id != walk.walk_id]
    assert numbers(anew) == list(range(9))
    assert [(r.page_number, r.is_last) for r in anew] == [(1, False), (2, False), (3, True)]


def refused_pages(walk: Walk, client: Listing) -> list[type[Exception]]:
    """Errors of a crew's walks."""
    results = list(pages([walk], client, threads=1))  # type: ignore[arg-type]
    return [type(r.error) for r in results if isinstance(r, Failed)]


class NoCursors(Listing):
    """Takes no cursor at all."""

    def get(self, endpoint: Endpoint, url: str, **more: object) -> Page:  # type: ignore[override]
        self.expire()
        assert len(self.served) < 100, "it never ends"
        return super().get(endpoint, url, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "walk", [members_of(), *windows_of("events", [], at(0), at(100))], ids=["members", "events"]
)
def test_where_no_cursor_is_ever_good_the_walk_ends_as_failed(walk):
    assert refused_pages(walk, NoCursors([at(7)] * 20)) == [CursorExpired]


def test_a_window_comes_forward_even_where_no_cursor_is_ever_good():
    client = NoCursors([at(second) for second in range(20)])
    (walk,) = windows_of("events", [], at(0), at(100))
    results = list(pages([walk], client, threads=1))  # type: ignore[arg-type]
    assert set(numbers(results)) == set(range(20))


def test_a_first_request_that_is_refused_so_is_a_failure():
    client = FakeClient(a=CursorExpired("GET /api/a -> 400: Invalid cursor provided"))
    assert refused_pages(a_walk(), client) == [CursorExpired]  # type: ignore[arg-type]
    assert len(client.asked) == 1


def test_a_walk_that_cannot_be_asked_anew_is_a_failure():
    client = FakeClient(a=CursorExpired("GET /api/a -> 400: Invalid cursor provided"))
    assert refused_pages(a_walk(first_page=7), client) == [CursorExpired]  # type: ignore[arg-type]


def test_the_nearer_end_of_a_window_that_was_cut_holds_for_what_is_asked_anew():
    client = a_listing_of(*range(100), after=[3, 7])
    (walk,) = windows_of("events", [], at(0), at(99))
    results = list(pages([walk], client, threads=2))  # type: ignore[arg-type]
    assert set(numbers(results)) == set(range(100))


# -- records that are not what they should be -----------------------------------------------------


@pytest.mark.parametrize(
    "attributes",
    [
        '"a text"',
        "[1]",
        '{"datetime": null, "event_properties": {"value": 1e400}}',
        '{"datetime": "9999-12-31T23:59:59-05:00"}',
        '{"datetime": {"at": "noon"}}',
        "null",
    ],
)
def test_an_odd_record_at_the_edge_of_a_page_does_not_stop_the_run(klaviyo, attributes):
    record = f'{{"type":"event","id":"E1","attributes":{attributes}}}'
    (walk,) = windows_of("events", [], at(0), at(100))
    body = f'{{"data":[{record}],"links":{{"next":null}}}}'
    klaviyo.get(walk.first_url.partition("?")[0], body=body)
    with a_client() as client:
        (got,) = pages([walk], client)
    assert (got.is_last, got.walk.max_record_time) == (True, None)


@settings(deadline=None)
@given(some_windows(), st.integers(1, 8), st.sampled_from(["newest first", "as they came in"]))
def test_where_sort_is_ignored_each_record_is_read_and_no_page_says_how_far(
    windows: tuple[Listing, list[Walk]], threads: int, order: str
):
    """Issue 19: the first page's last time was taken for read, and a resume skipped the rest."""
    listing, walks = windows
    listing.sort_by(lambda one: -one[0].timestamp() if order == "newest first" else one[1])
    results = list(pages(walks, listing, threads=threads, queued_pages=3))  # type: ignore[arg-type]
    read: dict[str, list[Fetched]] = {}
    for got in results:
        assert isinstance(got, Fetched)
        read.setdefault(got.walk.walk_id, []).append(got)
    wanted: set[int] = set()
    for walk in walks:
        assert walk.bounds
        wanted |= listing.within(walk.bounds.start, walk.bounds.end)
    # A walk that ended by times that happened to be in order does not know what comes later.
    ended_by_time = any(
        isinstance(got, Fetched) and got.is_last and got.page.next_url for got in results
    )
    assert ended_by_time or wanted <= set(numbers(results))
    for some in read.values():
        lost = [got for got in some if not got.walk.in_order]
        assert all(got.walk.max_record_time is None for got in lost)
        assert some[len(some) - len(lost) :] == lost, "once lost, it stays lost"
