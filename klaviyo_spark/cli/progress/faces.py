"""Where it is shown how far a run is: a log, a notebook, a terminal."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from typing import Any, TextIO

import tqdm.std

from klaviyo_spark.cli.progress.words import line, percent, said
from klaviyo_spark.progress import Stage, View

logger = logging.getLogger(__name__)


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
            bar.total = bar.total or 100  # without a total tqdm takes it for done
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
            if stream is self._stream or is_terminal(stream):
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


def is_terminal(stream: Any) -> bool:
    """Whether bars can be drawn on it."""
    return hasattr(stream, "isatty") and not getattr(stream, "closed", False) and stream.isatty()


def _size(stream: TextIO) -> tuple[int, int]:
    """Columns and rows of a terminal, less one; of a usual one where it does not say."""
    try:
        columns, rows = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        columns = rows = 0
    return (columns or 80) - 1, (rows or 24) - 1
