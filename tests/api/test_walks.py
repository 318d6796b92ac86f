from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from klaviyo_spark.api.answers import Page
from klaviyo_spark.api.nap import Stopped, nap
from klaviyo_spark.api.retry import Unreachable
from klaviyo_spark.api.walks import Failed, Fetched, Walk, pages
from klaviyo_spark.errors import (
    BadAnswer,
    FatalError,
    MissingScope,
    RateLimitTooLong,
    RevisionRetired,
    Unauthorized,
)
from klaviyo_spark.spec import XL, Endpoint, S

from .fakes import BASE, EVENTS, NOON, a_body, a_client, an_endpoint, an_error_body

MEMBERS = an_endpoint("list_profiles", "/api/lists/{id}/profiles")


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

    def get(self, endpoint, url, *, gone_ok=False, stop=None) -> Page:
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
    return [(r.walk.walk_id, r.page_no, r.is_last) for r in results if isinstance(r, Fetched)]


def no_threads_left() -> bool:
    return not [t for t in threading.enumerate() if t.name.startswith("klaviyo-")]


def test_a_walk_follows_next_until_there_is_none():
    assert summary(pages([a_walk()], FakeClient(3))) == [
        ("a", 1, False),
        ("a", 2, False),
        ("a", 3, True),
    ]


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
        RevisionRetired("410"),
        RateLimitTooLong("429", resume_at=NOON),
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


def test_an_error_of_one_walk_only_does_not_stop_all():
    assert not Failed(a_walk(), FatalError("400")).stops_all


def test_a_loop_fails_the_walk_after_its_pages(klaviyo):
    walk = a_walk()
    klaviyo.get(walk.first_url, body=a_body("1", next_url=walk.first_url))
    with a_client() as client:
        page, failed = pages([walk], client)
    assert (page.page_no, page.is_last) == (1, False)
    assert isinstance(failed.error, BadAnswer)
    assert "loops" in str(failed.error)


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
    monkeypatch.setattr("klaviyo_spark.api.walks._JOIN_S", 0.05)
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
