"""Spans of time that have been read, and those still to read. Pure; no I/O here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Range:
    """From ``start`` to ``end``; both belong to it. A start of None is since ever."""

    start: datetime | None
    end: datetime

    @property
    def is_empty(self) -> bool:
        """Whether it ends before it starts, or where it does."""
        return self.start is not None and self.start >= self.end


def merge(ranges: Iterable[Range]) -> list[Range]:
    """The same time in as few ranges as can be, in order. Those that touch become one."""
    merged: list[Range] = []
    for r in sorted((r for r in ranges if not r.is_empty), key=_by_start):
        last = merged[-1] if merged else None
        if last is not None and (r.start is None or r.start <= last.end):
            merged[-1] = Range(last.start, max(last.end, r.end))
        else:
            merged.append(r)
    return merged


def uncovered(wanted: Range, covered: Iterable[Range]) -> list[Range]:
    """The parts of ``wanted`` that no range of ``covered`` holds, in order."""
    gaps = []
    start = wanted.start
    for r in merge(covered):
        if start is not None and r.end <= start:
            continue
        if r.start is not None and (start is None or start < r.start):
            gaps.append(Range(start, min(r.start, wanted.end)))
        start = r.end
        if start >= wanted.end:
            break
    gaps.append(Range(start, wanted.end))
    return [g for g in gaps if not g.is_empty]


@dataclass(frozen=True)
class CoveredInterval:
    """A range that has been read, and when that began: what came late after it is not in it."""

    range: Range
    at: datetime

    def final_part(self, lookback: timedelta) -> Range:
        """The part in which nothing is expected any more, if events come late by ``lookback``."""
        return Range(self.range.start, min(self.range.end, self.at - lookback))


def ranges_to_read(
    start: datetime | None,
    end: datetime | None,
    reads: Sequence[CoveredInterval],
    lookback: timedelta,
    upper: datetime,
) -> list[Range]:
    """What a run has to read, in order.

    Without ``end``: all since ``start`` that has not been read, or not late enough for what comes
    late by no more than the ``lookback``; and the trailing ``lookback``. With ``end``, the run is
    bounded and reads just that, read or not.

    Args:
        start: None is since ever.
        upper: the latest time that may be asked for, some minutes behind now.
    """
    if end is not None:
        # Both ends belong to it, so a single second is a range too.
        asked = Range(start, min(end, upper))
        return [asked] if start is None or start <= asked.end else []
    gaps = uncovered(Range(start, upper), [read.final_part(lookback) for read in reads])
    trailing = upper - lookback if start is None else max(start, upper - lookback)
    return merge([*gaps, Range(trailing, upper)])


def _by_start(r: Range) -> tuple[bool, float]:
    return (r.start is not None, r.start.timestamp() if r.start is not None else 0.0)
