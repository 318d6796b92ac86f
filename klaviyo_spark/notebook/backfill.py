"""A backfill from a notebook: planned, run, looked at. The work is that of the verb."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from importlib import import_module

from klaviyo_spark import messages
from klaviyo_spark.cli.app import cli
from klaviyo_spark.cli.options import CommonOptions
from klaviyo_spark.clock import utc_now
from klaviyo_spark.config.accounts import settings_per_account
from klaviyo_spark.config.times import bounds
from klaviyo_spark.errors import ENDED, KlaviyoSparkError, UsageError
from klaviyo_spark.lake.readers.opening import reader
from klaviyo_spark.lake.readers.reader import Reader
from klaviyo_spark.notebook import questions
from klaviyo_spark.notebook.html import bars, table

Show = Callable[[str], object]
# A notebook's values that are options of the verb, by their names there.
_OPTIONS = ("start", "end", "resources", "config", "warehouse")


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
        self._verb("--dry-run")

    def run(self) -> None:
        """Read and refine what is left, step by step; nothing on a dry run.

        Raises:
            KlaviyoSparkError: not all was done. What was done stays, and is not done again.
        """
        if self.dry_run:
            self._show("<p>A dry run: nothing is read. Choose <code>false</code> to read.</p>")
            return
        code = self._verb()
        if code:
            raise KlaviyoSparkError(
                messages.command_line.BACKFILL_INCOMPLETE(ended=ENDED[code], code=code)
            )

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

    def _verb(self, *more: str) -> int:
        """Run the verb as a command line would; its lines go to the cell."""
        given = [(f"--{name}", self._values.get(name, "")) for name in _OPTIONS]
        arguments = [word for pair in given if pair[1] for word in pair]
        done = cli.main(["backfill", *arguments, *more], "klaviyo-spark", standalone_mode=False)
        return int(done or 0)

    def _looked_at(self) -> tuple[Reader, dict[str, str], tuple[datetime, datetime]]:
        """What reads the lake; each account, with the words that name it; start and end."""
        value = self._values.get
        options = CommonOptions(
            config=value("config") or None,
            warehouse=value("warehouse"),
            resources=value("resources"),
            start=value("start"),
            end=value("end"),
        )
        settings = options.settings()
        now = utc_now()
        start, end = bounds(options.start, options.end, now)
        if start is None or end is None:  # as the verb says it
            raise UsageError(messages.command_line.BACKFILL_WITHOUT_WINDOW())
        names = [one.account for one in settings_per_account(settings)]
        every = {name: f" of {name}" if len(names) > 1 else "" for name in names}
        return reader(settings), every, (start, end)


def _in_jupyter(html: str) -> None:
    shown = import_module("IPython.display")  # there in every kernel, and nowhere else
    shown.display(shown.HTML(html))
