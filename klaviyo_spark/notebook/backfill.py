"""A backfill from a notebook: planned, run, looked at. The work is that of ``Pipeline``."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property
from importlib import import_module

from klaviyo_spark import log, messages
from klaviyo_spark.clock import utc_now
from klaviyo_spark.config.accounts import settings_per_account
from klaviyo_spark.config.times import bounds
from klaviyo_spark.errors import UsageError
from klaviyo_spark.lake.readers.opening import reader
from klaviyo_spark.lake.readers.reader import Reader
from klaviyo_spark.notebook import questions
from klaviyo_spark.notebook.html import bars, table
from klaviyo_spark.python.pipeline import Pipeline

Show = Callable[[str], object]


class Backfill:
    """One backfill.

    Args:
        values: what the widgets say, as text: ``start``, ``end``, ``resources``, ``dry_run``,
            ``config``, ``warehouse``; empty: not given.
        show: shows HTML; None: Jupyter's way.
    """

    def __init__(self, values: Mapping[str, str], show: Show | None = None) -> None:
        self._values = {name: text.strip() for name, text in values.items()}
        self._show = show or _in_jupyter

    @property
    def dry_run(self) -> bool:
        """Whether nothing is to be read."""
        return self._values.get("dry_run", "").lower() not in ("false", "no", "0")

    def plan(self) -> None:
        """Say which steps are left, and what they will ask of Klaviyo. Reads no page."""
        self._backfill(dry_run=True)

    def run(self) -> None:
        """Read and refine what is left, step by step; nothing on a dry run.

        Raises:
            RunIncomplete: not all was done. What was done stays, and is not done again.
            KlaviyoSparkError: nothing could be done.
        """
        if self.dry_run:
            self._show("<p>A dry run: nothing is read. Choose <code>false</code> to read.</p>")
            return
        self._backfill(dry_run=False)

    def summary(self) -> None:
        """Show the steps that are done, and the rows that they brought, per table and account."""
        reader, every, window = self._looked_at()
        for account, of in every.items():
            steps = questions.steps(reader, account, *window)
            self._show(table(f"Steps that are done{of}", questions.STEPS, steps))
            loads = questions.loads(reader, [step["run_id"] for step in steps])
            self._show(table(f"What they brought{of}", questions.LOADS, loads))

    def chart(self) -> None:
        """Draw the events of each day (UTC) of the window, as the table has them now."""
        reader, every, (start, end) = self._looked_at()
        for account, of in every.items():
            days = questions.events_per_day(reader, account, start, end)
            self._show(bars(f"Events per day (UTC){of}", days))

    @cached_property
    def _pipeline(self) -> Pipeline:
        value = self._values.get
        log.set_up_logging("text", logging.INFO)  # into the cell
        return Pipeline(value("config"), warehouse=value("warehouse"), resources=value("resources"))

    def _backfill(self, *, dry_run: bool) -> None:
        """Its lines go to the cell."""
        start, end = self._values.get("start"), self._values.get("end")
        self._pipeline.backfill(start, end, dry_run=dry_run, say=print)

    def _looked_at(self) -> tuple[Reader, dict[str, str], tuple[datetime, datetime]]:
        """What reads the lake; each account, with the words that name it; start and end."""
        settings = self._pipeline.settings
        start, end = bounds(self._values.get("start"), self._values.get("end"), utc_now())
        if start is None or end is None:  # as the run says it
            raise UsageError(messages.command_line.BACKFILL_WITHOUT_WINDOW())
        names = [one.account for one in settings_per_account(settings)]
        every = {name: f" of {name}" if len(names) > 1 else "" for name in names}
        return reader(settings), every, (start, end)


def _in_jupyter(html: str) -> None:
    shown = import_module("IPython.display")  # there in every kernel, and nowhere else
    shown.display(shown.HTML(html))
