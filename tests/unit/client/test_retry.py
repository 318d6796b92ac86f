from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from klaviyo_spark.client.error_rule import Contact
from klaviyo_spark.client.retry import RetryPolicy, wait_s
from klaviyo_spark.errors import FatalError, RateLimitTooLong, RetryableError, Unreachable
from tests.helpers.fakes import NOON, FakeClock


def a_policy(clock: FakeClock, jitter: float = 0.0) -> RetryPolicy:
    return RetryPolicy(sleep=clock.sleep, clock=clock, random=lambda: jitter)


def failing(*errors: Exception):
    left = list(errors)

    def send(attempt: int, left_s: float) -> str:
        if left:
            raise left.pop(0)
        return f"attempt {attempt}, {left_s:.0f} s left"

    return send


def test_waits_double_up_to_a_minute():
    assert [wait_s(n, now=NOON) for n in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_retry_after_wins_and_gets_jitter():
    assert wait_s(7, 12.0, 0.5, now=NOON) == 12.5


def test_a_retry_after_of_zero_says_nothing():
    assert wait_s(3, 0.0, now=NOON) == 4.0


def test_jitter_is_up_to_a_quarter_of_a_long_wait():
    assert wait_s(7, None, 1.0, now=NOON) == 75.0


def test_the_longest_wait_is_five_minutes():
    assert wait_s(1, 300.0, now=NOON) == 300.0
    with pytest.raises(RateLimitTooLong, match="2026-11-01T12:05:01Z") as raised:
        wait_s(1, 301.0, now=NOON)
    assert raised.value.resume_at == NOON + timedelta(seconds=301)


def test_an_absurd_retry_after_is_still_a_date():
    with pytest.raises(RateLimitTooLong):
        wait_s(1, 999_999_999.0, now=NOON)


def test_asks_again_until_it_succeeds():
    clock = FakeClock()
    send = failing(RetryableError("a"), RetryableError("b", retry_after_s=9.0))
    answer = a_policy(clock).call(send, now=clock.now)
    assert (answer, clock.naps) == ("attempt 3, 890 s left", [1.0, 9.0])


def test_gives_up_after_eight_tries():
    clock = FakeClock()
    error = RetryableError("GET /x -> 503", status=503)
    message = r"^GET /x -> 503; gave up after 8 tries in 123 s\. Klaviyo has an outage, see https"
    with pytest.raises(RetryableError, match=message):
        a_policy(clock).call(failing(*[error] * 9), now=clock.now)
    assert clock.naps == [1, 2, 4, 8, 16, 32, 60]


def test_gives_up_before_fifteen_minutes_are_over():
    clock = FakeClock()
    errors = [RetryableError("GET /x -> 429", retry_after_s=290.0)] * 9
    with pytest.raises(RetryableError, match="gave up after 4 tries in 870 s"):
        a_policy(clock).call(failing(*errors), now=clock.now)


def test_who_cannot_wait_gives_up_sooner():
    clock = FakeClock()
    errors = [RetryableError("GET /x -> 503", status=503)] * 9
    policy = replace(a_policy(clock), total_s=20.0)
    with pytest.raises(RetryableError, match="gave up after 5 tries in 15 s"):
        policy.call(failing(*errors), now=clock.now)


def test_other_errors_are_not_asked_again():
    clock = FakeClock()
    with pytest.raises(FatalError, match="^no$"):
        a_policy(clock).call(failing(FatalError("no")), now=clock.now)
    assert clock.naps == []


def test_a_host_never_reached_is_given_up_within_seconds():
    clock = FakeClock()
    send = failing(*[Unreachable("gone")] * 9)
    with pytest.raises(Unreachable, match="gave up after 3 tries in 3 s"):
        a_policy(clock).call(send, now=clock.now, contact=lambda: Contact.NONE)


def test_a_host_reached_before_gets_all_tries():
    clock = FakeClock()
    with pytest.raises(Unreachable, match="gave up after 8 tries"):
        a_policy(clock).call(failing(*[Unreachable("gone")] * 9), now=clock.now)


def test_each_retry_is_a_warning(caplog: pytest.LogCaptureFixture):
    clock = FakeClock()
    with caplog.at_level(logging.WARNING):
        a_policy(clock, 0.5).call(failing(RetryableError("GET /x -> 503")), now=clock.now)
    assert caplog.messages == ["GET /x -> 503; try 1 of 8, next in 1.5 s"]
