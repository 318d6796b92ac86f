"""Klaviyo's budgets: how many requests per second and minute each endpoint may get.

One limiter per account, shared by all threads. Klaviyo counts in fixed windows; ours slide and are
a little longer, so that no fixed window sees more than it allows even when a request travels late.
https://developers.klaviyo.com/en/docs/rate_limits_and_error_handling
"""

from __future__ import annotations

import math
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping

from klaviyo_spark.api.nap import Sleep, nap, raise_if_stopped
from klaviyo_spark.spec import Rate

_TIER = re.compile(r"(\d+)\s*;\s*w\s*=\s*(\d+)")


class Limiter:
    """Who may send when, per endpoint name.

    Args:
        share: part of the account's budget that this run may use, above 0 up to 1.
        clock: seconds, never going back.
    """

    def __init__(
        self,
        share: float = 1.0,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Sleep = nap,
    ) -> None:
        if not 0 < share <= 1:
            raise ValueError(f"share {share} is not above 0 and up to 1")
        self._share = share
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._lanes: dict[str, _Lane] = {}

    def acquire(self, endpoint_name: str, rate: Rate, stop: threading.Event | None = None) -> float:
        """Wait for this endpoint's turn; return the seconds waited. First come, first served.

        Args:
            rate: the budget as far as we know it; what Klaviyo's headers said goes before.

        Raises:
            Stopped: ``stop`` was set meanwhile.
        """
        raise_if_stopped(stop)
        began = self._clock()
        while True:
            with self._lock:
                lane = self._lanes.get(endpoint_name)
                if lane is None:
                    lane = _Lane({1: rate.burst, 60: rate.steady}, self._share)
                    self._lanes[endpoint_name] = lane
                now = self._clock()
                turn = lane.reserve(now)
            if turn > now:
                self._sleep(turn - now, stop)
            with self._lock:
                now = self._clock()
                # A 429 while we slept: get back in line.
                if now >= lane.blocked_until:
                    return now - began

    def learn(self, endpoint_name: str, header: str | None) -> None:
        """Take over the budget that a ``RateLimit-Limit: 10, 10;w=1, 150;w=60`` header states."""
        if not header:
            return
        with self._lock:
            lane = self._lanes.get(endpoint_name)
            if lane is None or lane.header == header:
                return
            lane.header = header
            stated = {int(w): int(n) for n, w in _TIER.findall(header)}
            lane.resize({**lane.limits, **{w: n for w, n in stated.items() if w and n}})

    def throttled(self, endpoint_name: str, wait_s: float) -> None:
        """After a 429: nobody sends to this endpoint before ``wait_s`` seconds are over."""
        with self._lock:
            lane = self._lanes.get(endpoint_name)
            if lane is not None:
                lane.blocked_until = max(lane.blocked_until, self._clock() + wait_s)

    def usage(self, endpoint_name: str) -> float:
        """Requests of the last minute as part of what Klaviyo allows the account: 0 to 1."""
        with self._lock:
            lane = self._lanes.get(endpoint_name)
            return 0.0 if lane is None else lane.usage(self._clock())


class _Lane:
    """One endpoint's logs: when the last requests were sent, per window, as many as it allows."""

    def __init__(self, limits: Mapping[int, int], share: float) -> None:
        self.header = ""
        self.blocked_until = -math.inf
        self._share = share
        self._last = -math.inf
        self.limits: dict[int, int] = {}
        self._logs: dict[int, deque[float]] = {}
        self.resize(limits)

    def resize(self, limits: Mapping[int, int]) -> None:
        """Other limits per window in seconds; what was sent stays counted."""
        longest = max(self._logs.values(), key=len, default=deque[float]())
        self.limits = dict(limits)
        self._logs = {
            window: deque(
                self._logs.get(window, longest), maxlen=max(1, int(limit * self._share + 1e-9))
            )
            for window, limit in limits.items()
        }

    def reserve(self, now: float) -> float:
        """The earliest time for one more request, noted as used. Never before those reserved."""
        turn = max(now, self.blocked_until, self._last)
        for window, log in self._logs.items():
            if len(log) == log.maxlen:
                turn = max(turn, log[0] + window + max(0.05, window / 120))
        for log in self._logs.values():
            log.append(turn)
        self._last = turn
        return turn

    def usage(self, now: float) -> float:
        """Requests of the last minute per what the account is allowed in one."""
        window = 60 if 60 in self._logs else max(self._logs)
        sent = sum(now - window < t <= now for t in self._logs[window])
        return min(1.0, sent / self.limits[window])
