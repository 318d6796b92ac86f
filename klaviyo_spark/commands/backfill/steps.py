"""A past window and the steps it is read in. Pure; no Spark, no lake here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from klaviyo_spark import messages
from klaviyo_spark.errors import UsageError
from klaviyo_spark.resources import WINDOWED

# Long enough that refining is a small part of it, short enough to see the tables grow.
STEP = timedelta(days=90)


@dataclass(frozen=True)
class Window:
    """What a backfill reads: from ``start`` to ``end`` (exclusive, UTC)."""

    start: datetime
    end: datetime
    resources: tuple[str, ...]

    @classmethod
    def past(
        cls,
        start: datetime | None,
        end: datetime | None,
        now: datetime,
        named: Sequence[str] = (),
    ) -> Window:
        """The window that the command line names; without resources, of all that a time bounds.

        Raises:
            UsageError: it is not all in the past, or a resource is read whole by every sync.
        """
        if start is None or end is None or end > now:
            raise UsageError(messages.command_line.BACKFILL_IN_FUTURE())
        whole = [name for name in named if name not in WINDOWED]
        if whole:
            raise UsageError(
                messages.command_line.BACKFILL_OF_WHOLE_READS(
                    resources=", ".join(whole), windowed=" and ".join(WINDOWED)
                )
            )
        return cls(start, end, tuple(n for n in WINDOWED if not named or n in named))

    def steps(self, length: timedelta = STEP) -> Iterator[tuple[datetime, datetime]]:
        """The window cut into steps, oldest first; each ends where the next begins."""
        start = self.start
        while start < self.end:
            end = min(start + length, self.end)
            yield start, end
            start = end


@dataclass(frozen=True)
class Backfill:
    """A backfill as far as it is: its id, and which steps are still to do."""

    backfill_id: str
    window: Window
    left: tuple[tuple[datetime, datetime], ...]

    @property
    def total(self) -> int:
        """Steps of the whole window."""
        return len(list(self.window.steps()))


def step_lines(backfill: Backfill) -> Iterator[str]:
    """What is still to do, a line per step."""
    names = " and ".join(backfill.window.resources)
    for start, end in backfill.left:
        yield f"to read: {names}, {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"
    left, total = len(backfill.left), backfill.total
    yield f"{total} steps, {total - left} done, {left} to do"
