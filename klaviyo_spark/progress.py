"""How far a stage is, how fast it gets on, and who is told so. No I/O here."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

# Klaviyo's steady budgets are per minute: a shorter window swings between a burst and a wait.
WINDOW_S = 60.0
LEAST_S = 2.0  # of a stage, before its speed says anything


@dataclass(frozen=True)
class Stage:
    """How far one resource or step is.

    ``done``, ``left``: in ``unit``; what is left is an estimate, None where there is none.
    ``share``: of the account's rate limit in use, 0 to 1; the busiest endpoint of the resource.
    """

    name: str
    done: int
    left: float | None
    unit: str = "pages"
    records: int = 0
    share: float | None = None


def sum_of_left(left: Iterable[float | None]) -> float | None:
    """What is left of several; None where it is not known of one of them."""
    total = 0.0
    for some in left:
        if some is None:
            return None
        total += some
    return total


@dataclass(frozen=True)
class View:
    """A stage and its speed in units per second, None where too little has been seen of it."""

    stage: Stage
    speed: float | None = None
    under_way: bool = True


class Pace:
    """What a stage had done when: a point per second, over the last minute."""

    def __init__(self) -> None:
        self._points: deque[tuple[float, int]] = deque()

    def note(self, now: float, done: int) -> None:
        """``done`` so far at ``now``, in seconds; less than before is a new beginning."""
        points = self._points
        if points and done < points[-1][1]:
            points.clear()
        if not points or now - points[-1][0] >= 1:
            points.append((now, done))
        while points[0][0] < now - WINDOW_S:
            points.popleft()

    def speed(self, now: float, done: int) -> float | None:
        """Units per second over the last minute, or since the stage began or went on."""
        self.note(now, done)
        began, before = self._points[0]
        return (done - before) / (now - began) if now - began >= LEAST_S else None


class Shows(Protocol):
    """What is told how far a run is."""

    def show(self, stages: Sequence[Stage]) -> None:
        """Take note of how far the stages are."""
        ...


class Reporter(Shows, Protocol):
    """Shows how far a run is while a ``with`` block runs."""

    def __enter__(self) -> Shows:
        """Begin."""
        ...

    def __exit__(self, *error: object) -> None:
        """End, and leave the last state for reading."""
        ...


class Silent:
    """The reporter of runs that nobody watches."""

    def __enter__(self) -> Silent:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def show(self, stages: Sequence[Stage]) -> None:
        """Take no note."""
