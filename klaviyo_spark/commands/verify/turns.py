"""Which of many are verified now, where all would take too many requests. Pure; no I/O here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta, timezone
from math import ceil
from typing import TypeVar

One = TypeVar("One", date, str)

# Within so long every one has its turn.
ALL_WITHIN = timedelta(days=28)


def take_turn(
    every: Iterable[One], verified: Mapping[One, datetime], now: datetime, *, whole: bool
) -> list[One]:
    """Those that are verified now, the ones verified longest ago first.

    Args:
        every: all there are.
        verified: when each of them was last verified.
        whole: all of them.
    """
    never = datetime.min.replace(tzinfo=timezone.utc)
    ordered = sorted(every, key=lambda one: (verified.get(one, never), one))
    if whole or not ordered:
        return ordered
    since = now - max(verified.values(), default=now - timedelta(days=1))
    share = min(1.0, max(since, timedelta(days=1)) / ALL_WITHIN)
    return ordered[: max(1, ceil(len(ordered) * share))]
