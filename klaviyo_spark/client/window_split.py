"""How far walks over time windows have come, and where a dense one is best cut. No I/O here.

A window is read in order of time, so a walk knows how much time a page of it holds and how much is
left. A thread with nothing to do takes the further half of the walk with the most pages ahead: a
newsletter's two hours are shared by all threads, idle months by none. A second is never cut. Time
is not evenly full, so some halves turn out empty: cuts are held to half the pages that were full.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from klaviyo_spark.client.page_order import follows
from klaviyo_spark.client.urls import Bounds

# A walk with fewer pages ahead is not worth another request: each part ends on a page not full.
LEAST_PAGES = 4.0
_RECENT_PAGES = 4
# Pages are told to be ahead for each page read so far, at most. A file import has a million
# profiles created within one second, and years without any after it.
MOST_AHEAD = 1_000
_SECOND = timedelta(seconds=1)


class WindowProgress:
    """A walk over a window: what it is still to read. Not safe for threads by itself.

    Args:
        bounds: what the walk is to read; the end comes nearer when it is cut.
        max_record_time: all before this time has been read; None where that is not known yet.
        horizon: an end to reckon with where the window has none.
        pace: time a page holds, where that is known from the walk this one was cut from.
        pages: that have been read, those of the walk this one was cut from too.
    """

    def __init__(
        self,
        bounds: Bounds,
        max_record_time: datetime | None,
        horizon: datetime,
        pace: timedelta | None = None,
        pages: int = 0,
    ) -> None:
        self.bounds = bounds
        self.max_record_time = max_record_time
        self.in_order = True
        self._pages = pages
        self._horizon = horizon
        self._inherited = pace
        self._cut_at: datetime | None = None
        self._times: deque[datetime] = deque(maxlen=_RECENT_PAGES + 1)
        if max_record_time is not None:
            self._times.append(max_record_time)

    def advance(self, first: datetime | None, last: datetime | None, in_order: bool = True) -> bool:
        """Note the times of a page's first and last record; True if nothing is left to read.

        Once records have come out of order, it is not known how far the walk has got: then it is
        read to its last page, and is not cut.

        Of a walk that has been cut, Klaviyo knows only the end it had before. The second of the cut
        is the other half's: a newsletter's thousands on one second are not read twice.
        """
        self._pages += 1
        if not (in_order and follows(self.max_record_time, first)):
            self.lose_order()
        if last is None or not self.in_order:
            return False
        if not self._times and first is not None:
            self._times.append(first)
        self._times.append(last)
        self.max_record_time = (
            last if self.max_record_time is None else max(last, self.max_record_time)
        )
        beyond = self.bounds.end is not None and self.max_record_time > self.bounds.end
        return beyond or (self._cut_at is not None and self.max_record_time >= self._cut_at)

    def lose_order(self) -> None:
        """Know no longer how far the walk has got."""
        self.in_order, self.max_record_time = False, None
        self._times.clear()

    @property
    def pace(self) -> timedelta | None:
        """Time that a page holds, by the last few pages; None before the first."""
        if len(self._times) < 2:
            return self._inherited
        return (self._times[-1] - self._times[0]) / (len(self._times) - 1)

    @property
    def pages_left(self) -> float:
        """Pages ahead if time goes on being as full as it was; 0 where that cannot be known.

        What walks are compared by; for a person it may be too far off, see ``estimate``.
        """
        pace = self.pace
        if self.max_record_time is None or pace is None:
            return 0.0
        ahead = max(timedelta(0), (self.bounds.end or self._horizon) - self.max_record_time)
        # A page within one second: a second each is the fewest pages there can be.
        return ahead / max(pace, timedelta(milliseconds=1))

    @property
    def estimate(self) -> float | None:
        """Pages ahead, to tell a person; None where what has been read does not say.

        That is before the first page, beyond the horizon of a window without end, where pages lie
        within one second, and where they are but a moment of a long window.
        """
        if self.max_record_time is None or self.pace is None:
            return None
        if self.bounds.end is None and self.max_record_time >= self._horizon:
            return None
        left = self.pages_left
        dense = left > 0 and self.pace <= timedelta(0)
        return None if dense or left > MOST_AHEAD * self._pages else left

    @property
    def middle(self) -> datetime | None:
        """The second that halves what is ahead; None where there is no second in between."""
        if self.max_record_time is None:
            return None
        ahead = (self.bounds.end or self._horizon) - self.max_record_time
        middle = (self.max_record_time + ahead / 2).replace(microsecond=0)
        within = self.max_record_time + _SECOND <= middle
        return middle if within and middle < (self.bounds.end or self._horizon) else None

    def cut(self) -> WindowProgress:
        """Leave the further half, with the second of ``middle``, to another: its course."""
        middle = self.middle
        assert middle is not None
        bounds = replace(self.bounds, start=middle)
        rest = WindowProgress(bounds, middle, self._horizon, self.pace, self._pages)
        rest._cut_at = self._cut_at
        self.bounds, self._cut_at = replace(self.bounds, end=middle), middle
        return rest


def best_to_cut(courses: Iterable[WindowProgress]) -> WindowProgress | None:
    """The course with the most pages ahead; None where none is worth cutting."""
    worth = [c for c in courses if c.pages_left >= LEAST_PAGES and c.middle is not None]
    return max(worth, key=lambda c: c.pages_left, default=None)
