"""Asking again: after which wait, and when it is given up. No HTTP here.

What is asked again, how often and for how long is a table: ``error_table``. ``Retry-After`` wins
over our own 1, 2, 4 … 60 seconds.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import tenacity

from klaviyo_spark import messages
from klaviyo_spark.client.error_rule import Contact
from klaviyo_spark.client.error_table import TOTAL_S, of_error
from klaviyo_spark.client.sleep import Sleep, nap
from klaviyo_spark.errors import RateLimitTooLong, RetryableError

logger = logging.getLogger(__name__)

MAX_WAIT_S = 300.0

T = TypeVar("T")


def wait_s(
    attempt: int, retry_after_s: float | None = None, jitter: float = 0.0, *, now: datetime
) -> float:
    """Seconds before attempt ``attempt + 1`` (from 1). ``Retry-After`` wins; else 1, 2, 4 … 60.

    Args:
        jitter: from 0 to 1; up to a second, or up to a quarter of a longer wait of our own.
        now: what a time to resume at is counted from.

    Raises:
        RateLimitTooLong: Klaviyo asks for more than ``MAX_WAIT_S``.
    """
    if not retry_after_s:  # a rounded-down 0 would spend all tries within a second
        wait = float(min(60, 2 ** (attempt - 1)))
        return wait + jitter * max(1.0, wait / 4)
    if retry_after_s > MAX_WAIT_S:
        resume_at = now + timedelta(seconds=min(retry_after_s, 10 * 365 * 86400.0))
        raise RateLimitTooLong(
            messages.requests.RATE_LIMIT_TOO_LONG(
                wait_s=retry_after_s, most_s=MAX_WAIT_S, resume_at=resume_at
            ),
            resume_at=resume_at,
        )
    return retry_after_s + jitter


@dataclass(frozen=True)
class RetryPolicy:
    """How patient a client is; clock (seconds), sleep and random (0 to 1) are for tests to give.

    ``total_s``: at most for all tries of a request, where the table of troubles allows more.
    """

    sleep: Sleep = nap
    clock: Callable[[], float] = time.monotonic
    random: Callable[[], float] = random.random
    total_s: float = TOTAL_S

    def call(
        self,
        send: Callable[[int, float], T],
        *,
        now: Callable[[], datetime],
        contact: Callable[[], Contact] = lambda: Contact.ANSWERED,
        on_retry: Callable[[], None] = lambda: None,
        stop: threading.Event | None = None,
    ) -> T:
        """What ``send(attempt, seconds_left)`` returns, asked again after each RetryableError.

        Args:
            contact: how far the run has got with the host; early on, some errors are given up
                sooner.
            on_retry: called before each wait.

        Raises:
            RateLimitTooLong: see ``wait_s``.
            RetryableError: the last one, once tries or time are spent.
            Stopped: ``stop`` was set during a wait.
        """
        began = self.clock()

        def spent() -> float:
            return self.clock() - began

        def tries(error: RetryableError) -> int:
            return of_error(error).tries_at(contact())

        def wait(state: tenacity.RetryCallState) -> float:
            error = _error(state)
            return wait_s(state.attempt_number, error.retry_after_s, self.random(), now=now())

        def enough(state: tenacity.RetryCallState) -> bool:
            error = _error(state)
            least = wait_s(state.attempt_number, error.retry_after_s, now=now())
            too_late = spent() + least >= min(of_error(error).total_s, self.total_s)
            return too_late or state.attempt_number >= tries(error)

        def before_sleep(state: tenacity.RetryCallState) -> None:
            on_retry()
            error = _error(state)
            wait = state.next_action.sleep if state.next_action else 0.0
            tried, of = state.attempt_number, tries(error)
            logger.warning(
                messages.requests.TRIED_AGAIN(error=error, tried=tried, most=of, wait_s=wait)
            )

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(RetryableError),
            wait=wait,
            stop=enough,
            sleep=lambda seconds: self.sleep(seconds, stop),
            before_sleep=before_sleep,
            reraise=True,
        )
        attempt = 0
        try:
            for attempted in retrying:
                with attempted:
                    attempt = attempted.retry_state.attempt_number
                    return send(attempt, self.total_s - spent())
        except RetryableError as error:
            tried = "1 try" if attempt == 1 else f"{attempt} tries"
            way_out = of_error(error).way_out
            error.args = (f"{error}; gave up after {tried} in {spent():.0f} s. {way_out}",)
            raise
        raise AssertionError("tenacity neither returned nor raised")


def _error(state: tenacity.RetryCallState) -> RetryableError:
    error = state.outcome.exception() if state.outcome else None
    if not isinstance(error, RetryableError):
        raise AssertionError(f"only RetryableError is asked again, not {error!r}")
    return error
