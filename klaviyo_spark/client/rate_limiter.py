"""Klaviyo's budgets: how many requests per second, minute and day each endpoint may get.

One limiter per account, shared by all threads. Klaviyo counts in fixed windows; ours slide and are
a little longer, so that no fixed window sees more than it allows even when a request travels late.

Others may draw on the same budget, and a 429 is how we learn of them. After one, an endpoint begins
low and comes back to its whole budget within half a minute; where 429s go on, four times slower
each time, so that beside a steady consumer we settle near what it leaves.

A day's budget outlives a run: what earlier runs have sent is counted in (``add_sent``), and nobody
waits for the next day.
https://developers.klaviyo.com/en/docs/rate_limits_and_error_handling
"""

from __future__ import annotations

import math
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence

from klaviyo_spark.client.retry import MAX_WAIT_S
from klaviyo_spark.client.sleep import Sleep, nap, raise_if_stopped
from klaviyo_spark.schema.endpoint import Rate

MIN_WINDOW_SHARE = (
    0.1  # part of a window that stays open after a 429; of the burst, no more than that
)
BACKOFF_FACTOR = 0.8  # of what was used of a longer window when it turned out to be spent
RECOVERY_S = 30.0  # from there back to the whole window
SLOWEST_S = 900.0  # the same where 429s go on
SLOWEST_BURST_S = 120.0  # at which pace the minute is still used
RESET_AFTER_S = 300.0  # with the whole window open, after which a 429 counts as a first one again
DAY_S = 86_400
_TIER = re.compile(r"(\d+)\s*;\s*w\s*=\s*(\d+)")


class DaySpent(Exception):
    """A day's budget has no turn within the time that a run waits, but in ``wait_s`` seconds."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"{wait_s:.0f} s")
        self.wait_s = wait_s


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
            DaySpent: the turn would come too late; nothing is reserved.
        """
        raise_if_stopped(stop)
        began = self._clock()
        while True:
            with self._lock:
                lane = self._lane(endpoint_name, rate)
                lane.check_day(self._clock())
                now, refusals = self._clock(), lane.refusals
                turn = lane.reserve(now)
            if turn > now:
                self._sleep(turn - now, stop)
            with self._lock:
                now = self._clock()
                # A 429 while we slept: get back in line.
                if lane.refusals == refusals:
                    lane.sent_by[threading.get_ident()] = now
                    if lane.has_day:
                        lane.sent.append(now)
                    return now - began

    def add_sent(self, endpoint_name: str, rate: Rate, ages_s: Iterable[float]) -> None:
        """Count requests that earlier runs have sent, so many seconds ago each."""
        with self._lock:
            now = self._clock()
            self._lane(endpoint_name, rate).add(now - age for age in ages_s)

    def take_sent(self) -> dict[str, list[float]]:
        """Per endpoint with a daily budget, how many seconds ago requests were sent; each once."""
        with self._lock:
            now = self._clock()
            found = {name: [now - at for at in lane.sent] for name, lane in self._lanes.items()}
            for lane in self._lanes.values():
                lane.sent.clear()
        return {name: ages for name, ages in found.items() if ages}

    def learn(self, endpoint_name: str, header: str | None) -> None:
        """Take over the budget that a ``RateLimit-Limit: 10, 10;w=1, 150;w=60`` header states."""
        if not header:
            return
        with self._lock:
            lane = self._lanes.get(endpoint_name)
            if lane is None or lane.header == header:
                return
            lane.header = header
            lane.resize({int(w): int(n) for n, w in _TIER.findall(header) if int(w) and int(n)})

    def throttled(self, endpoint_name: str, wait_s: float) -> None:
        """After a 429: nobody sends to this endpoint before ``wait_s`` seconds are over.

        From then on it begins low. Called by the thread that was refused: what it sent before an
        earlier 429 was known is that one's doing and counts no further.
        """
        with self._lock:
            lane = self._lanes.get(endpoint_name)
            if lane is not None:
                now = self._clock()
                lane.refuse(now, wait_s, lane.sent_by.get(threading.get_ident(), now))

    def usage(self, endpoint_name: str) -> float:
        """Requests of the last minute as part of what Klaviyo allows the account: 0 to 1."""
        with self._lock:
            lane = self._lanes.get(endpoint_name)
            return 0.0 if lane is None else lane.usage(self._clock())

    def _lane(self, endpoint_name: str, rate: Rate) -> _Lane:
        if endpoint_name not in self._lanes:
            limits = {1: rate.burst, 60: rate.steady, DAY_S: rate.daily}
            limits = {seconds: limit for seconds, limit in limits.items() if limit}
            self._lanes[endpoint_name] = _Lane(limits, self._share)
        return self._lanes[endpoint_name]


class _Lane:
    """One endpoint: when its last requests were sent or will be, and its windows."""

    def __init__(self, limits: Mapping[int, int], share: float) -> None:
        self.header = ""
        self.refusals = 0
        self.sent_by: dict[int, float] = {}  # when each thread last sent
        self.sent: list[float] = []  # of a daily budget
        self._share = share
        self._turns: deque[float] = deque()
        self._blocked_until = self._cut_at = -math.inf
        self._windows: dict[int, _Window] = {}
        self.resize(limits)

    def resize(self, limits: Mapping[int, int]) -> None:
        """Other limits per window in seconds; what was sent stays counted."""
        for seconds, limit in limits.items():
            self._windows.setdefault(seconds, _Window(seconds)).limit = limit * self._share
        self._windows = dict(sorted(self._windows.items()))

    @property
    def has_day(self) -> bool:
        """Whether a day's requests are limited too."""
        return DAY_S in self._windows

    def add(self, turns: Iterable[float]) -> None:
        """Count requests of before."""
        self._turns = deque(sorted((*self._turns, *turns)))

    def check_day(self, now: float) -> None:
        """Nothing, if the day has a turn soon.

        Raises:
            DaySpent: it has none.
        """
        day = self._windows.get(DAY_S)
        wait_s = day.earliest(now, self._turns) - now if day else 0.0
        if wait_s > MAX_WAIT_S:
            raise DaySpent(wait_s)

    def reserve(self, now: float) -> float:
        """The earliest time for one more request, noted as used. Never before those reserved."""
        turns, windows = self._turns, self._windows.values()
        while turns and turns[0] + max(w.span for w in windows) <= now:
            turns.popleft()
        turn = max(now, self._blocked_until, turns[-1] if turns else now)
        for window in windows:
            turn = window.earliest(turn, turns)
        turns.append(turn)
        return turn

    def refuse(self, now: float, wait_s: float, sent_at: float) -> None:
        """Klaviyo refused a request sent at ``sent_at`` and asks to wait."""
        self.refusals += 1
        self._blocked_until = max(self._blocked_until, now + wait_s)
        while self._turns and self._turns[-1] > now:
            self._turns.pop()  # all who wait get back in line
        if sent_at <= self._cut_at:
            return
        self._cut_at = now
        # Of a day, Klaviyo says itself how long it is spent.
        burst, *longer = (w for w in self._windows.values() if w.seconds < DAY_S)
        # A second asks for no longer wait than itself, and cannot be spent by a few requests.
        burst_spent = wait_s <= burst.seconds and burst.part(now) >= 0.5
        burst.cut(
            now,
            self._blocked_until,
            MIN_WINDOW_SHARE,
            SLOWEST_BURST_S if burst_spent else RECOVERY_S,
        )
        for window in () if burst_spent else longer:
            used = min(window.part(now), self._sent(now, window.seconds) / window.limit)
            window.cut(
                now, self._blocked_until, max(MIN_WINDOW_SHARE, BACKOFF_FACTOR * used), SLOWEST_S
            )

    def usage(self, now: float) -> float:
        """Requests of the last minute per what the account is allowed in one."""
        seconds = 60 if 60 in self._windows else max(self._windows)
        allowed = self._windows[seconds].limit / self._share
        return min(1.0, self._sent(now, seconds) / allowed)

    def _sent(self, now: float, seconds: float) -> int:
        return sum(now - seconds < turn <= now for turn in self._turns)


class _Window:
    """How much of one of Klaviyo's windows is open to us: all; after a 429 a part that grows."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        # As we reckon. Requests travel for a few 100 ms more or less, and the minute is the brake.
        self.span = seconds + max(0.25, seconds / 120)
        self.limit = 1.0  # what is ours of the account's
        self._kept = 1.0
        self._whole_at = -math.inf
        self._recovery_s = RECOVERY_S

    def part(self, now: float) -> float:
        """The open part, above 0 and up to 1."""
        missing = min(1.0, max(0.0, self._whole_at - now) / self._recovery_s)
        return float(self._kept**missing)

    def allowed(self, now: float) -> int:
        """How many requests the window takes; never none."""
        return max(1, int(self.limit * self.part(now) + 1e-9))

    def earliest(self, turn: float, turns: Sequence[float]) -> float:
        """The first time from ``turn`` on that the window takes one more than ``turns``."""
        while len(turns) >= (allowed := self.allowed(turn)):
            free = turns[-allowed] + self.span
            if free <= turn:
                break
            # Until it is whole, it may take one more before the oldest request leaves it.
            turn = free if turn >= self._whole_at else min(free, turn + self.span / 100)
        return turn

    def cut(self, now: float, resume_at: float, kept: float, slowest_s: float) -> None:
        """Keep a part until ``resume_at`` and let it grow; slower, up to a limit, once more."""
        if now > self._whole_at + RESET_AFTER_S:
            self._recovery_s = RECOVERY_S
        else:
            self._recovery_s = max(self._recovery_s, min(slowest_s, 4 * self._recovery_s))
        self._kept = kept
        self._whole_at = resume_at + self._recovery_s
