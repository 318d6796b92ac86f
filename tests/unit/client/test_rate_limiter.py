from __future__ import annotations

import contextlib
import random
import threading

import pytest

from klaviyo_spark.client.rate_limiter import DaySpent, Limiter
from klaviyo_spark.errors import Stopped
from klaviyo_spark.sandbox.answers import Refusal
from klaviyo_spark.sandbox.limits import Limits
from klaviyo_spark.schema.endpoint import XL, L, M, Rate, S
from tests.helpers.fakes import FakeClock


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
    assert limiter.acquire("x", Rate(1, 15)) == pytest.approx(1.25)


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
    limiter.acquire("x", Rate(1, 60))
    assert limiter.acquire("x", Rate(1, 60)) == pytest.approx(20.0)


def refused(limiter: Limiter, rate: Rate, wait_s: float, threads: int = 1) -> None:
    """So many requests at once, each answered 429."""
    sent = threading.Barrier(threads)

    def one() -> None:
        limiter.acquire("x", rate)
        sent.wait()
        limiter.throttled("x", wait_s)

    together = [threading.Thread(target=one) for _ in range(threads)]
    for t in together:
        t.start()
    for t in together:
        t.join()


def at_once(limiter: Limiter, clock: FakeClock, rate: Rate, at_s: float) -> int:
    """How many may be sent within the second from ``at_s`` on."""
    clock.seconds = at_s
    return sum(t < at_s + 1.0 for t in sends(limiter, clock, rate, at_s + 1.0))


@pytest.mark.parametrize(("rate", "first"), [(M, 1), (L, 8), (XL, 37)], ids=str)
def test_after_a_429_an_endpoint_begins_with_a_tenth_of_its_burst(rate: Rate, first: int):
    clock = FakeClock()
    limiter = a_limiter(clock)
    refused(limiter, rate, 40.0)
    assert at_once(limiter, clock, rate, 40.0) == first


def test_half_a_minute_later_it_has_its_whole_burst_again():
    clock = FakeClock()
    limiter = a_limiter(clock)
    refused(limiter, L, 1.0)
    seconds = [at_once(limiter, clock, L, 1.0 + after) for after in (0.0, 10.0, 20.0, 30.0)]
    assert seconds == [8, 17, 37, 75]


def test_a_429_that_meets_several_threads_counts_once():
    clock = FakeClock()
    limiter = a_limiter(clock)
    refused(limiter, L, 40.0, threads=16)
    clock.seconds = 40.0 + 30.0
    assert most_within(sends(limiter, clock, L, 70.0 + 50.0), 60.0) == 750


def test_who_waits_when_a_429_comes_gets_back_in_line():
    clock = FakeClock()
    limiter: Limiter

    def sleep(seconds: float, stop: threading.Event | None = None) -> None:
        if not clock.naps:
            limiter.throttled("x", 1.0)
        clock.sleep(seconds)

    limiter = Limiter(clock=clock, sleep=sleep)
    times = sends(limiter, clock, L, 2.1)
    assert [sum(s <= t < s + 1 for t in times) for s in (0.0, 1.05)] == [75, 8]


def test_429s_that_go_on_make_it_come_back_slower():
    clock = FakeClock()
    limiter = a_limiter(clock)
    refused(limiter, L, 1.0)
    clock.seconds = 40.0
    refused(limiter, L, 1.0)
    assert at_once(limiter, clock, L, 41.0 + 30.0) < 20
    assert at_once(limiter, clock, L, 41.0 + 120.0) == 75


def test_however_many_429s_all_is_open_again_within_a_quarter_of_an_hour():
    clock = FakeClock()
    limiter = a_limiter(clock)
    for _ in range(9):
        refused(limiter, L, 40.0)
    clock.seconds += 40.0 + 900.0
    times = sends(limiter, clock, L, clock() + 50.0)
    assert (most_within(times, 1.0), most_within(times, 60.0)) == (75, 750)


def test_after_five_calm_minutes_a_429_counts_as_a_first_one():
    clock = FakeClock()
    limiter = a_limiter(clock)
    refused(limiter, L, 1.0)
    clock.seconds = 400.0
    refused(limiter, L, 1.0)
    assert at_once(limiter, clock, L, 401.0 + 30.0) == 75


def test_a_spent_second_leaves_the_minute_as_it_was():
    clock = FakeClock()
    limiter = a_limiter(clock)
    sends(limiter, clock, L, 4.0)
    limiter.throttled("x", 1.0)
    assert len(sends(limiter, clock, L, 59.0)) == 750 - 4 * 75


def test_a_spent_minute_is_cut_to_less_than_what_was_had_of_it():
    clock = FakeClock()
    limiter = a_limiter(clock)
    sends(limiter, clock, L, 4.0)  # 300, then the minute is spent: others had the rest
    limiter.throttled("x", 56.0)
    clock.seconds = 64.0
    assert limiter._lanes["x"]._windows[60].allowed(60.0) == 240


@pytest.mark.parametrize("rate", [S, M, L], ids=str)
def test_beside_a_steady_consumer_it_settles_near_what_is_left(rate: Rate):
    clock = FakeClock(7.0)
    klaviyo = Limits(clock=clock)
    limiter = a_limiter(clock)
    theirs, had, refusals = 7.0, [0] * 20, [0] * 20
    while (minute := int((clock() - 7.0) // 60)) < 20:
        while theirs <= clock():
            theirs += 120 / rate.steady  # half of the account's minute
            with contextlib.suppress(Refusal):
                klaviyo.spend("x", (rate.burst, rate.steady))
        limiter.acquire("x", rate)
        try:
            klaviyo.spend("x", (rate.burst, rate.steady))
            had[minute] += 1
        except Refusal as refusal:
            limiter.throttled("x", float(refusal.headers["Retry-After"]))
            refusals[minute] += 1
        clock.seconds += 0.02
    assert sum(refusals[10:]) <= 5
    assert sum(had[10:]) >= 0.8 * rate.steady / 2 * 10


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


DAILY = Rate(1, 2, 225)


def test_a_day_that_is_spent_is_not_waited_for():
    clock = FakeClock()
    limiter = a_limiter(clock)
    limiter.add_sent("x", DAILY, [3600.0 - n for n in range(225)])

    with pytest.raises(DaySpent) as spent:
        limiter.acquire("x", DAILY)

    # The first of them leaves the day, which is reckoned a little longer.
    assert 23 * 3600 <= spent.value.wait_s <= 23 * 3600 + 800
    assert clock() == 0
    assert limiter.acquire("y", DAILY) == 0


def test_a_share_is_kept_of_a_day_too():
    clock = FakeClock()
    limiter = a_limiter(clock, share=0.1)
    limiter.add_sent("x", DAILY, [3600.0] * 21)
    limiter.acquire("x", DAILY)
    clock.seconds += 120

    with pytest.raises(DaySpent):
        limiter.acquire("x", DAILY)


def test_what_was_sent_longer_than_a_day_ago_does_not_count():
    clock = FakeClock()
    limiter = a_limiter(clock)
    limiter.add_sent("x", DAILY, [90_000.0] * 300)
    assert limiter.acquire("x", DAILY) == 0


def test_a_429_leaves_the_day_as_it_is():
    clock = FakeClock()
    limiter = a_limiter(clock)
    limiter.add_sent("x", DAILY, [7200.0] * 100)
    limiter.acquire("x", DAILY)
    limiter.throttled("x", 20.0)

    limiter.acquire("x", DAILY)

    assert 20 <= clock() <= 120


def test_requests_of_a_daily_budget_are_told_once():
    clock = FakeClock()
    limiter = a_limiter(clock)
    limiter.add_sent("x", DAILY, [50.0])
    limiter.acquire("x", DAILY)
    limiter.acquire("z", S)
    clock.seconds += 5

    assert limiter.take_sent() == {"x": [5.0]}
    assert limiter.take_sent() == {}
