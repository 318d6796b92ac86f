"""What time it is for Klaviyo, and the order of what it answers.

Klaviyo's clock is what its ``Date`` headers show, carried forward by the time that passes here.
This machine's clock may be wrong, or be set while a run is under way: it counts only until the
first ``Date``.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from klaviyo_spark import messages
from klaviyo_spark.clock import utc_now

WORTH_SAYING_S = 60.0
_TICK = timedelta(microseconds=1)
_NEVER = datetime.min.replace(tzinfo=timezone.utc)
# What a clock that is merely set wrong still shows; pages dated beyond would stay the newest.
_YEARS = range(2000, 2200)


class ServerClock:
    """One account's clock, which threads share. All times are UTC.

    Args:
        local_now: this machine's clock.
        elapsed: seconds that have passed on this machine.
    """

    def __init__(
        self,
        local_now: Callable[[], datetime] = utc_now,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._local_now, self.elapsed = local_now, elapsed
        self._lock = threading.Lock()
        self._shown: tuple[datetime, float] | None = None
        self._last = _NEVER
        self._skew = self._most_skew = self._went_back = timedelta(0)

    @property
    def is_known(self) -> bool:
        """Whether Klaviyo has said what time it is."""
        return self._shown is not None

    @property
    def skew(self) -> timedelta:
        """How far Klaviyo's clock is ahead of ours; up to a second less, never more."""
        return self._skew

    def now(self) -> datetime:
        """Now by Klaviyo's clock: what bounds and ages are reckoned from."""
        with self._lock:
            return self._now()

    def stamp(self) -> datetime:
        """Now, later than any stamp before: what pages, and reads of them, are ordered by."""
        with self._lock:
            self._last = max(self._now(), self._last + _TICK)
            return self._last

    def start_after(self, newest: datetime | None) -> None:
        """Give only stamps later than ``newest``, the last that an earlier run has given."""
        if newest is None:
            return
        with self._lock:
            self._last = max(self._last, newest)
            self._note_step()

    def note(self, date: datetime | None, came: float) -> None:
        """Take note of an answer's ``Date``.

        Args:
            came: when the answer began to come in, by ``elapsed``.
        """
        if date is None or date.year not in _YEARS:
            return
        with self._lock:
            self._shown = (date, came)
            self._skew = date - self._local_now() + timedelta(seconds=self.elapsed() - came)
            self._most_skew = max(self._most_skew, self._skew, key=abs)
            self._note_step()

    def notes(self) -> list[str]:
        """What should be known of the clocks, a line each."""
        warnings: list[str] = []
        seconds = self._most_skew.total_seconds()
        if abs(seconds) > WORTH_SAYING_S:
            side = "behind" if seconds > 0 else "ahead of"
            warnings.append(messages.requests.MACHINE_CLOCK(seconds=abs(seconds), side=side))
        seconds = self._went_back.total_seconds()
        if seconds > WORTH_SAYING_S:
            warnings.append(messages.requests.KLAVIYO_CLOCK(seconds=seconds))
        return warnings

    def _now(self) -> datetime:
        if self._shown is None:
            return self._local_now()
        date, came = self._shown
        return date + timedelta(seconds=self.elapsed() - came)

    def _note_step(self) -> None:
        """Keep how far Klaviyo's clock is behind what has been dated by it."""
        if self._shown is not None and self._last is not _NEVER:
            self._went_back = max(self._went_back, self._last - self._now())
