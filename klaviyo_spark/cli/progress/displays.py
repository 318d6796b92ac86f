"""Where a run's progress is shown: log lines, or bars on a terminal or in a notebook."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from typing import Any, TextIO

from rich.bar import Bar
from rich.console import Console
from rich.live import Live
from rich.table import Table

from klaviyo_spark.cli.progress.words import line, percent, render
from klaviyo_spark.cli.streams import Output
from klaviyo_spark.progress import View

logger = logging.getLogger(__name__)


class ProgressDisplay:
    """Shows views: first ``first_s`` after the beginning, then every ``every_s`` seconds."""

    first_s = 0.0
    every_s = 0.2

    def begin(self) -> None:
        """Before anything is drawn."""

    def draw(self, views: Sequence[View]) -> None:
        """Show all stages so far, in the order in which they turned up."""

    def end(self, views: Sequence[View]) -> None:
        """Leave the last state for reading; nothing is under way any more."""


class LogDisplay(ProgressDisplay):
    """A log line per stage; a run that ends before the first is due logs none."""

    def __init__(self, every_s: float) -> None:
        self.first_s = self.every_s = every_s
        self._logged: dict[str, int] = {}

    def draw(self, views: Sequence[View]) -> None:
        """Log the stages under way, and others once more if they moved since their last line."""
        for view in views:
            stage = view.stage
            if view.under_way or self._logged.get(stage.name) != stage.done:
                logger.info("%s", line(view))
                self._logged[stage.name] = stage.done

    def end(self, views: Sequence[View]) -> None:
        """Log where the stages ended that moved since their last line."""
        if self._logged:
            self.draw(views)


class BarDisplay(ProgressDisplay):
    """A bar per stage, in the last rows of a terminal or below a notebook's cell.

    What is written to the terminal meanwhile, through ``sys.stdout`` and ``sys.stderr``, goes above
    the bars, in whole lines. The last state of the bars stays.

    Args:
        terminal: None for a notebook.
    """

    def __init__(self, terminal: TextIO | None) -> None:
        self._terminal = terminal
        self._console = Console(
            file=None if terminal is None else Output(terminal),  # type: ignore[arg-type]
            force_terminal=terminal is not None,
            force_jupyter=terminal is None,
            color_system=None,
            soft_wrap=True,  # a long log line stays one line
            markup=False,
            highlight=False,
        )
        self._live = Live(
            console=self._console,
            auto_refresh=False,
            redirect_stdout=is_terminal(sys.stdout),
            redirect_stderr=is_terminal(sys.stderr),
        )

    def begin(self) -> None:
        """Lead what others write to the terminal around the bars."""
        if self._terminal is not None:
            self._live.start()

    def draw(self, views: Sequence[View]) -> None:
        """Draw the bars, as wide as the terminal is by now."""
        self._live.update(self._rows(views), refresh=True)

    def end(self, views: Sequence[View]) -> None:
        """Draw the last state and let others write as before."""
        for stream in (sys.stdout, sys.stderr):
            stream.flush()  # a line without its end
        self.draw(views)
        if self._terminal is not None:
            self._live.stop()

    def _rows(self, views: Sequence[View]) -> Table:
        if self._terminal is not None:
            self._console.width = _columns(self._terminal)
        bar_width = 20 if self._console.width > 90 else 8
        rows = Table.grid()
        for view in views:
            done = percent(view.stage)
            share = " " * 5 if done is None else f"{done:3.0f} %"
            head = f"{view.stage.name:<9} {share}|"
            room = self._console.width - len(head) - bar_width - 2
            rows.add_row(head, Bar(100, 0, done or 0, width=bar_width), f"| {render(view, room)}")
        return rows


def is_terminal(stream: Any) -> bool:
    """Whether bars can be drawn on it."""
    return hasattr(stream, "isatty") and not getattr(stream, "closed", False) and stream.isatty()


def _columns(terminal: TextIO) -> int:
    """The width of a terminal; of a usual one where it does not say.

    Rich measures standard input first, which may be another terminal or none.
    """
    try:
        return os.get_terminal_size(terminal.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
