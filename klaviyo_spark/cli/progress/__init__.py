"""How far a run is, for a person: done, speed, share of the rate limit in use, time left.

A bar per stage on a terminal or in a notebook; elsewhere a line each 30 s through ``logging``. What
is said is worked out first, with no I/O; log, notebook and terminal come after.
"""

from __future__ import annotations

import math
import os
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Literal, TextIO

from klaviyo_spark.progress import Pace, Stage, View

if TYPE_CHECKING:
    from klaviyo_spark.cli.progress.displays import ProgressDisplay

__all__ = ["Progress", "progress"]


class Progress:
    """Shows how far a run is while a ``with`` block runs; without a display, nothing.

    Args:
        clock: seconds, never going back.
        beat_s: how often to see whether something is due while nobody calls ``show``, as when all
            threads wait for the rate limit; None for never.
    """

    def __init__(
        self,
        display: ProgressDisplay | None,
        clock: Callable[[], float],
        beat_s: float | None = None,
    ) -> None:
        self._display, self._clock, self._beat_s = display, clock, beat_s
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._beating: threading.Thread | None = None
        self._due = math.inf
        self._stages: dict[str, Stage] = {}
        self._under_way: Sequence[Stage] = ()
        self._paces: defaultdict[str, Pace] = defaultdict(Pace)

    def __enter__(self) -> Progress:
        if self._display is not None:
            self._display.begin()
            self._due = self._clock() + self._display.first_s
            if self._beat_s is not None:
                # A daemon: a terminal held by Ctrl-S does not hold up the end of the process.
                self._beating = threading.Thread(target=self._beat, name="progress", daemon=True)
                self._beating.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        if self._beating is not None:
            self._beating.join()
        if self._display is not None:
            self._display.end([View(stage, under_way=False) for stage in self._stages.values()])

    def show(self, stages: Sequence[Stage]) -> None:
        """Take note of how far the stages are; cheap enough to be called per page.

        A stage that is not among them stays as it was, and counts as not under way.
        """
        if self._display is None:
            return
        now = self._clock()
        with self._lock:
            self._under_way = stages
            for stage in stages:
                self._stages[stage.name] = stage
                self._paces[stage.name].note(now, stage.done)
            if now >= self._due:
                self._draw(self._display, now)

    def _draw(self, display: ProgressDisplay, now: float) -> None:
        self._due = now + display.every_s
        under_way = {stage.name for stage in self._under_way if stage.left != 0}
        display.draw(
            [
                View(stage, self._paces[name].speed(now, stage.done), name in under_way)
                for name, stage in self._stages.items()
            ]
        )

    def _beat(self) -> None:
        while not self._over.wait(self._beat_s):
            with self._lock:
                now = self._clock()
                if self._display is not None and now >= self._due:
                    self._draw(self._display, now)


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
    # It imports rich, which help and a verb without progress need not wait for.
    from klaviyo_spark.cli.progress.displays import BarDisplay, LogDisplay, is_terminal

    stream = sys.stderr if stream is None else stream
    if kind == "none":
        return Progress(None, clock)
    if kind != "lines" and is_terminal(stream) and os.environ.get("TERM") != "dumb":
        return Progress(BarDisplay(stream), clock, beat_s)
    if kind != "lines" and _in_notebook() and _has_widgets():
        # Widgets are drawn by the thread that runs the cell, so nothing beats here.
        return Progress(BarDisplay(None), clock)
    return Progress(LogDisplay(every_s), clock, beat_s)


def _in_notebook() -> bool:
    """Whether IPython runs this in a kernel, that is behind a notebook."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None


def _has_widgets() -> bool:
    """Whether ipywidgets can be imported: rich redraws bars in a notebook by them."""
    try:
        import_module("ipywidgets")
    except ImportError:
        return False
    return True
