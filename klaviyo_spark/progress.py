"""How far a run is, for a person: done, speed, share of the rate limit in use, time left.

A bar per stage on a terminal or in a notebook; elsewhere a line each 30 s through ``logging``. What
is said is worked out first, with no I/O; log, notebook and terminal come after.
"""

from __future__ import annotations

import logging
import math
import os
import sys
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Literal, TextIO

import tqdm.std

logger = logging.getLogger(__name__)

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


def said(view: View, width: float = math.inf) -> str:
    """A view in words, the most of them that fit in ``width``; the count in any case."""
    stage, unit = view.stage, view.stage.unit
    done = _counted(stage.done, unit)
    records = _counted(stage.records, "records") if stage.records else ""
    speed = per_time = share = left = ""
    if view.under_way and view.speed is not None:
        speed, per_time = rate(view.speed, unit), rate(view.speed)
        left = f"{about(stage.left / view.speed)} left" if view.speed and stage.left else ""
    if view.under_way and stage.share is not None:
        share = f"{100 * stage.share:.0f} % of"
    wordings = (
        (done, records, speed, share and f"{share} the limit", left and f"about {left}"),
        (done, per_time, share and f"{share} limit", left),
        (done, left),
    )
    texts = (", ".join(filter(None, words)) for words in wordings)
    return next((text for text in texts if len(text) <= width), done)


def line(view: View) -> str:
    """A view as a line of a log."""
    none_left = ", none left" if view.stage.left == 0 else ""
    return f"{view.stage.name}: {said(view)}{none_left}"


def percent(stage: Stage) -> float | None:
    """How much is done, 0 to 100; not rounded up to 100 while any is left, None where unknown."""
    if stage.left is None:
        return None
    return min(99.4, 100 * stage.done / (stage.done + stage.left)) if stage.left > 0 else 100.0


def rate(speed: float, unit: str = "") -> str:
    """A speed in units per second; below one, per minute: ``38.2 pages/s``, ``15 pages/min``."""
    number, time_unit = (speed, "s") if speed >= 1 or not speed else (60 * speed, "min")
    digits = 1 if number < 100 and round(number, 1) % 1 else 0
    text = f"{number:,.{digits}f}"
    words = unit.removesuffix("s") if text == "1" else unit
    return f"{text} {words}/{time_unit}" if unit else f"{text}/{time_unit}"


def about(seconds: float) -> str:
    """A duration no finer than an estimate is: ``40 s``, ``3 min``, ``1 h 20 min``, ``2 d 4 h``."""
    steps = ((60, 5), (3_600, 60), (86_400, 600), (math.inf, 3_600))
    step = next(step for below, step in steps if seconds < below)
    rest = max(step, round(seconds / step) * step)
    words = []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        count, rest = divmod(rest, size)
        if count:
            words.append(f"{count:,} {unit}")
    return " ".join(words)


def _counted(number: int, unit: str) -> str:
    return f"{number:,} {unit.removesuffix('s') if number == 1 else unit}"


class Face:
    """Where views are shown: first ``first_s`` after the beginning, then each ``every_s``."""

    first_s = 0.0
    every_s = 0.2

    def begin(self) -> None:
        """Before anything is drawn."""

    def draw(self, views: Sequence[View]) -> None:
        """All stages so far, in the order in which they turned up."""

    def end(self, views: Sequence[View]) -> None:
        """The last state, to be left for reading; nothing is under way any more."""


class Progress:
    """Shows how far a run is while a ``with`` block runs; without a face, nothing.

    Args:
        clock: seconds, never going back.
        beat_s: how often to see whether something is due while nobody calls ``show``, as when all
            threads wait for the rate limit; None for never.
    """

    def __init__(
        self, face: Face | None, clock: Callable[[], float], beat_s: float | None = None
    ) -> None:
        self._face, self._clock, self._beat_s = face, clock, beat_s
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._beating: threading.Thread | None = None
        self._due = math.inf
        self._stages: dict[str, Stage] = {}
        self._under_way: Sequence[Stage] = ()
        self._paces: defaultdict[str, Pace] = defaultdict(Pace)

    def __enter__(self) -> Progress:
        if self._face is not None:
            self._face.begin()
            self._due = self._clock() + self._face.first_s
            if self._beat_s is not None:
                # A daemon: a terminal held by Ctrl-S does not hold up the end of the process.
                self._beating = threading.Thread(target=self._beat, name="progress", daemon=True)
                self._beating.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        if self._beating is not None:
            self._beating.join()
        if self._face is not None:
            self._face.end([View(stage, under_way=False) for stage in self._stages.values()])

    def show(self, stages: Sequence[Stage]) -> None:
        """Take note of how far the stages are; cheap enough to be called per page.

        A stage that is not among them stays as it was, and counts as not under way.
        """
        if self._face is None:
            return
        now = self._clock()
        with self._lock:
            self._under_way = stages
            for stage in stages:
                self._stages[stage.name] = stage
                self._paces[stage.name].note(now, stage.done)
            if now >= self._due:
                self._draw(self._face, now)

    def _draw(self, face: Face, now: float) -> None:
        self._due = now + face.every_s
        under_way = {stage.name for stage in self._under_way if stage.left != 0}
        face.draw(
            [
                View(stage, self._paces[name].speed(now, stage.done), name in under_way)
                for name, stage in self._stages.items()
            ]
        )

    def _beat(self) -> None:
        while not self._over.wait(self._beat_s):
            with self._lock:
                now = self._clock()
                if self._face is not None and now >= self._due:
                    self._draw(self._face, now)


def progress(
    kind: Literal["auto", "bars", "lines", "none"] = "auto",
    *,
    stream: TextIO | None = None,
    clock: Callable[[], float] = time.monotonic,
    every_s: float = 30.0,
    beat_s: float | None = 1.0,
) -> Progress:
    """What to show progress with.

    Args:
        kind: ``auto`` is bars on a terminal or in a notebook, elsewhere lines. A notebook that
            has no widgets (ipywidgets) gets lines.
        stream: where bars go that are no widgets; standard error if None.
        every_s: seconds between lines.
    """
    stream = sys.stderr if stream is None else stream
    if kind == "none":
        return Progress(None, clock)
    if kind != "lines" and _is_terminal(stream) and os.environ.get("TERM") != "dumb":
        return Progress(TerminalBars(stream), clock, beat_s)
    if kind != "lines" and _in_notebook() and (widget := _widget()):
        # Widgets are drawn by the thread that runs the cell, so nothing beats here.
        return Progress(NotebookBars(widget), clock)
    return Progress(Lines(every_s), clock, beat_s)


class Lines(Face):
    """A line per stage through ``logging``; a run that is too short for any says nothing."""

    def __init__(self, every_s: float) -> None:
        self.first_s = self.every_s = every_s
        self._said: dict[str, int] = {}

    def draw(self, views: Sequence[View]) -> None:
        """Say what is under way, and once more what has moved since its last line."""
        for view in views:
            stage = view.stage
            if view.under_way or self._said.get(stage.name) != stage.done:
                logger.info("%s", line(view))
                self._said[stage.name] = stage.done

    def end(self, views: Sequence[View]) -> None:
        """Say where it ends, what has moved since its last line."""
        if self._said:
            self.draw(views)


class NotebookBars(Face):
    """A widget per stage; they stay, green where all is done, red where something is left."""

    def __init__(self, widget: Callable[..., Any]) -> None:
        self._widget = widget
        self._bars: dict[str, Any] = {}

    def draw(self, views: Sequence[View]) -> None:
        """Bring the widgets up to date."""
        for view in views:
            name, layout = view.stage.name, _layout(said(view))
            if name not in self._bars:
                self._bars[name] = self._widget(total=100, desc=name, bar_format=layout)
            _fill(self._bars[name], view.stage, layout)

    def end(self, views: Sequence[View]) -> None:
        """Leave the widgets in their last state."""
        self.draw(views)
        for bar in self._bars.values():
            bar.close()


class TerminalBars(Face):
    """A bar per stage in the last rows of a terminal; what others write goes above.

    At the end the bars go, and their last state stays as lines among the others.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._bars: dict[str, tqdm.std.tqdm[Any]] = {}
        self._others = ExitStack()

    def begin(self) -> None:
        """Lead other writers around the bars."""
        above: dict[int, AboveBars] = {}
        for owner, name in (
            (sys, "stdout"),
            (sys, "stderr"),
            *((h, "stream") for h in _handlers()),
        ):
            stream = getattr(owner, name)
            if stream is self._stream or _is_terminal(stream):
                around = above.setdefault(id(stream), AboveBars(stream, self._stream))
                self._others.callback(setattr, owner, name, stream)
                setattr(owner, name, around)
        for around in above.values():
            self._others.callback(around.end)

    def draw(self, views: Sequence[View]) -> None:
        """Bring the bars up to date, as wide as the terminal is by now."""
        columns, rows = _size(self._stream)
        bar_width = 20 if columns > 90 else 8
        for view in views:
            name = view.stage.name
            before = f"{name:<9} 100 %|{'':{bar_width}}| "
            layout = _layout(said(view, columns - len(before)), bar_width)
            if name not in self._bars:
                self._bars[name] = tqdm.std.tqdm(
                    total=100, desc=f"{name:<9}", bar_format=layout, file=self._stream, leave=False
                )
            self._bars[name].ncols, self._bars[name].nrows = columns, rows
            _fill(self._bars[name], view.stage, layout)

    def end(self, views: Sequence[View]) -> None:
        """Take the bars away, let others write as before, leave the last state."""
        self.draw(views)
        bars = [bar for bar in self._bars.values() if not bar.disable]
        states = [str(bar) for bar in bars]
        for bar in reversed(bars):  # the last one to go takes the cursor back to its place
            bar.close()
        self._others.close()
        for bar, state in zip(bars, states, strict=True):
            # The bar's own file bears a terminal that has gone away.
            tqdm.std.tqdm.write(state, file=bar.fp)


class AboveBars:
    """Stands in for a terminal while bars are on it: whole lines go above them."""

    def __init__(self, stream: TextIO, bars_on: TextIO) -> None:
        self._stream, self._bars_on = stream, bars_on
        self._begun = ""  # a line without its end yet
        self._lock = threading.RLock()

    def write(self, text: str) -> int:
        """Write the lines that are complete, keep the rest."""
        with self._lock:
            lines, end, self._begun = (self._begun + text).rpartition("\n")
            if end:
                with tqdm.std.tqdm.external_write_mode(file=self._bars_on):
                    self._stream.write(lines + end)
                    self._stream.flush()
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write them one after the other."""
        for text in lines:
            self.write(text)

    def end(self) -> None:
        """Write what has been kept."""
        if self._begun:
            self._stream.write(self._begun + "\n")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _layout(text: str, bar_width: int | None = None) -> str:
    """What tqdm makes a bar of."""
    bar = "{bar}" if bar_width is None else f"{{bar:{bar_width}}}"
    return f"{{desc}} {{percentage:3.0f}} %|{bar}| {text}"


def _fill(bar: Any, stage: Stage, layout: str) -> None:
    """Draw ``bar`` anew; without a total it stays empty, and says no percentage."""
    done = percent(stage)
    bar.n, bar.total = done or 0, None if done is None else 100
    bar.bar_format = layout if done is not None else layout.replace("{percentage:3.0f} %", "     ")
    bar.refresh()


def _handlers() -> set[logging.StreamHandler[Any]]:
    """All handlers of all loggers that write to a stream."""
    loggers = [logging.getLogger(), *logging.Logger.manager.loggerDict.values()]
    handlers = (h for one in loggers for h in getattr(one, "handlers", ()))
    return {handler for handler in handlers if isinstance(handler, logging.StreamHandler)}


def _is_terminal(stream: Any) -> bool:
    return hasattr(stream, "isatty") and not getattr(stream, "closed", False) and stream.isatty()


def _size(stream: TextIO) -> tuple[int, int]:
    """Columns and rows of a terminal, less one; of a usual one where it does not say."""
    try:
        columns, rows = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        columns = rows = 0
    return (columns or 80) - 1, (rows or 24) - 1


def _in_notebook() -> bool:
    """Whether IPython runs this in a kernel, that is behind a notebook."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None


def _widget() -> Callable[..., Any] | None:
    """tqdm's bar for notebooks, where what it is made of is installed."""
    try:
        from tqdm import notebook
    except ImportError:
        return None
    return notebook.tqdm if getattr(notebook, "IProgress", None) is not None else None
