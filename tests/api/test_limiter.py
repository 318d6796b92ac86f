from __future__ import annotations

import random
import threading

import pytest

from klaviyo_spark.api.limiter import Limiter
from klaviyo_spark.api.nap import Stopped
from klaviyo_spark.spec import XL, L, M, Rate, S

from .fakes import FakeClock


def a_limiter(clock: FakeClock, share: float = 1.0) -> Limiter:
    return Limiter(share, clock=clock, sleep=clock.sleep)


def sends(limiter: Limiter, clock: FakeClock, rate: Rate, seconds: float, think=lambda: 0.0):
    """Times of the requests of a loop that does nothing but ask."""
    times = []
    while clock() < seconds:
        limiter.acquire("x", rate)
        times.append(clock())
        clock.seconds += think()
    return times


def most_within(times: list[float], window: float) -> int:
    """The most of ``times`` that any span of ``window`` seconds holds."""
    most = first = 0
    for last, t in enumerate(times):
        while t - times[first] > window:
            first += 1
        most = max(most, last - first + 1)
    return most


@pytest.mark.parametrize("rate", [S, M, L, XL], ids=str)
def test_no_second_and_no_minute_sees_more_than_allowed(rate: Rate):
    clock = FakeClock()
    dice = random.Random(1)
    times = sends(a_limiter(clock), clock, rate, 200, lambda: dice.choice((0.0, 0.001)))
    assert most_within(times, 1.0) <= rate.burst
    assert most_within(times, 60.0) <= rate.steady


@pytest.mark.parametrize("rate", [S, M, L, XL], ids=str)
def test_almost_all_of_the_budget_is_used(rate: Rate):
    clock = FakeClock()
    minutes = 10
    times = sends(a_limiter(clock), clock, rate, 60.0 * minutes)
    assert len(times) >= 0.95 * rate.steady * minutes


def test_a_share_is_kept_of_both_windows():
    clock = FakeClock()
    times = sends(a_limiter(clock, share=0.5), clock, M, 200)
    assert (most_within(times, 1.0), most_within(times, 60.0)) == (5, 75)


def test_a_small_share_still_lets_one_through():
    clock = FakeClock()
    assert most_within(sends(a_limiter(clock, share=0.01), clock, S, 130), 60.0) == 1


def test_endpoints_do_not_wait_for_each_other():
    clock = FakeClock()
    limiter = a_limiter(clock)
    limiter.acquire("a", Rate(1, 15))
    assert limiter.acquire("b", Rate(1, 15)) == 0.0


def test_says_how_long_it_waited():
    clock = FakeClock()
    limiter = a_limiter(clock)
    limiter.acquire("x", Rate(1, 15))
    assert limiter.acquire("x", Rate(1, 15)) == pytest.approx(1.05)


@pytest.mark.parametrize(
    ("header", "burst", "steady"), [("2, 2;w=1, 20;w=60", 2, 20), ("50, 50;w=1, 900;w=60", 50, 900)]
)
def test_learns_the_budget_from_the_header_down_and_up(header: str, burst: int, steady: int):
    clock = FakeClock()
    limiter = a_limiter(clock)
    limiter.acquire("x", M)
    limiter.learn("x", header)
    clock.seconds = 100.0
    times = sends(limiter, clock, M, 300)
    assert (most_within(times, 1.0), most_within(times, 60.0)) == (burst, steady)


def test_what_was_sent_stays_counted_when_the_budget_grows():
    clock = FakeClock()
    limiter = a_limiter(clock)
    times = sends(limiter, clock, M, 10)
    limiter.learn("x", "20, 20;w=1, 300;w=60")
    times += sends(limiter, clock, M, 59)
    assert most_within(times, 60.0) <= 300


@pytest.mark.parametrize("header", [None, "", "10", "0;w=1, 0;w=60", "what;w=ever"])
def test_a_header_without_budget_changes_nothing(header: str | None):
    clock = FakeClock()
    limiter = a_limiter(clock)
    limiter.acquire("x", M)
    limiter.learn("x", header)
    clock.seconds = 100.0
    assert most_within(sends(limiter, clock, M, 110), 1.0) == 10


def test_after_a_429_nobody_of_that_endpoint_sends():
    clock = FakeClock()
    limiter = a_limiter(clock)
    limiter.acquire("x", M)
    limiter.throttled("x", 30.0)
    limiter.throttled("x", 5.0)
    assert (limiter.acquire("x", M), limiter.acquire("y", M)) == (30.0, 0.0)


def test_a_429_holds_back_those_already_waiting():
    clock = FakeClock()
    limiter: Limiter

    def sleep(seconds: float, stop: threading.Event | None = None) -> None:
        if clock() == 0.0:
            limiter.throttled("x", 20.0)
        clock.sleep(seconds)

    limiter = Limiter(clock=clock, sleep=sleep)
    limiter.acquire("x", Rate(1, 15))
    assert limiter.acquire("x", Rate(1, 15)) == pytest.approx(20.0)


def test_usage_is_the_part_of_the_accounts_minute():
    clock = FakeClock()
    limiter = a_limiter(clock, share=0.5)
    assert limiter.usage("x") == 0.0
    for _ in range(75):
        limiter.acquire("x", M)
    assert limiter.usage("x") == 0.5
    clock.seconds += 61
    assert limiter.usage("x") == 0.0


def test_a_stop_interrupts_the_wait():
    stop = threading.Event()
    limiter = Limiter()
    limiter.acquire("x", Rate(1, 1), stop)
    threading.Timer(0.02, stop.set).start()
    with pytest.raises(Stopped):
        limiter.acquire("x", Rate(1, 1), stop)


def test_nothing_is_sent_after_a_stop():
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        Limiter().acquire("x", M, stop)


def test_threads_together_stay_within_the_budget():
    limiter = Limiter()  # real time: the burst of the first second only
    sent = []

    def work() -> None:
        for _ in range(5):
            limiter.acquire("x", Rate(40, 1000))
            sent.append(1)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(sent) == 40


@pytest.mark.parametrize("share", [0.0, -1.0, 1.1])
def test_a_share_outside_its_bounds_is_refused(share: float):
    with pytest.raises(ValueError, match="share"):
        Limiter(share)
