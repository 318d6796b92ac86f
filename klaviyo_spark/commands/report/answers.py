"""All that the report is made of, asked of a lake. A table that is not there gives no rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from klaviyo_spark.commands.report import own_questions, questions
from klaviyo_spark.commands.report.own_numbers import OwnRows
from klaviyo_spark.errors import TableUnreadable, in_a_line
from klaviyo_spark.lake.readers.reader import Reader, Row
from klaviyo_spark.lake.readers.sql import tables_in
from klaviyo_spark.lake.unreadable import REBUILT, is_damage
from klaviyo_spark.resources import DOCUMENTED

Rows = list[Row]
DAYS = 30
"""Days of lists and segments shown."""
# Status counts silver from its log, and does not see that a data file is damaged.
_WAY_OUT = f"restore it from a backup, or move it away and {REBUILT}"
_ELSEWHERE = "`klaviyo-spark status` says the way out"


@dataclass(frozen=True)
class Answers:
    """Rows as the functions of ``questions`` of the same names describe them.

    ``pages``: those of the newest run that asked Klaviyo, which is ``asking``; None where no run
    did. ``own``: of ``klaviyo_plus``. ``unreadable``: a line per table that cannot be read; answers
    lack what it holds.
    """

    tables: Rows = field(default_factory=list)
    metrics: Rows = field(default_factory=list)
    events: Rows = field(default_factory=list)
    late: Rows = field(default_factory=list)
    read_until: Rows = field(default_factory=list)
    verified_months: Rows = field(default_factory=list)
    verified_resources: Rows = field(default_factory=list)
    differences: Rows = field(default_factory=list)
    runs: Rows = field(default_factory=list)
    changes: Rows = field(default_factory=list)
    asking: Row | None = None
    pages: Rows = field(default_factory=list)
    quarantined: Rows = field(default_factory=list)
    orphans: Rows = field(default_factory=list)
    orphan_totals: Rows = field(default_factory=list)
    own: OwnRows = field(default_factory=OwnRows)
    unreadable: tuple[str, ...] = ()


def ask(reader: Reader, account: str) -> Answers:
    """Ask a lake about one account."""
    found = _Asking(reader)

    def rows(question: Callable[[str], str]) -> Rows:
        return found.rows(question(account))

    there = [name for name in DOCUMENTED if found.has(f"silver.{name}")]
    runs = rows(questions.runs)
    asking = next((run for run in runs if run["pages"] and run["finished_at"]), None)
    since = min((run["started_at"] for run in runs), default=None)
    return Answers(
        tables=found.rows_of_each(lambda some: questions.rows_per_table(account, some), there),
        metrics=rows(questions.metrics),
        events=rows(questions.events_per_day),
        late=rows(questions.late_per_day),
        read_until=rows(questions.read_until),
        verified_months=rows(questions.verified_per_month),
        verified_resources=rows(questions.verified_per_resource),
        differences=rows(questions.differences),
        runs=runs,
        changes=found.rows(questions.changes_per_run(account, since)) if since else [],
        asking=asking,
        pages=_pages(found, asking) if asking else [],
        quarantined=rows(questions.quarantined),
        orphans=rows(questions.orphans),
        orphan_totals=rows(questions.orphan_totals),
        own=_own(found, account, runs[0]["started_at"].date()) if runs else OwnRows(),
        unreadable=tuple(found.unreadable.values()),
    )


class _Asking:
    """Asks a lake; ``unreadable`` gets a line per table that cannot be read."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.unreadable: dict[str, str] = {}

    def has(self, table: str) -> bool:
        """Whether the lake has a table that can be read, as far as that is known."""
        return table not in self.unreadable and self._reader.has(table)

    def rows(self, sql: str) -> Rows:
        """The rows of a query; none where one of its tables is not there, or cannot be read."""
        tables = sorted(tables_in(sql))
        if not all(map(self.has, tables)):
            return []
        try:
            return self._reader.rows(sql)
        except Exception as error:
            if not _is_of_a_table(error) or not self._find(tables, error):
                raise
            return []

    def rows_of_each(self, sql: Callable[[Sequence[str]], str], tables: Sequence[str]) -> Rows:
        """The rows of a query on several silver tables; of those that can be read."""
        if not tables:
            return []
        try:
            return self._reader.rows(sql(tables))
        except Exception as error:
            if not _is_of_a_table(error):
                raise
        return [row for table in tables for row in self.rows(sql([table]))]

    def _find(self, tables: Sequence[str], error: Exception) -> bool:
        """Note which of the tables cannot be read; a query of one alone proves it of that one."""
        before = len(self.unreadable)
        for table in tables:
            why: Exception | None = error if len(tables) == 1 else None
            if why is None:
                try:
                    self._reader.rows(f"SELECT count(*) AS n FROM {table}")
                except Exception as alone:
                    why = alone
            if why is not None:
                self.unreadable[table] = (
                    f"klaviyo_{table.replace('silver.', 'v2.')} is unreadable "
                    f"({in_a_line(_reason(why)).rstrip('. ')}), so the report lacks what it holds; "
                    f"{_WAY_OUT if table.startswith('silver.') else _ELSEWHERE}"
                )
        return len(self.unreadable) > before


def _is_of_a_table(error: Exception) -> bool:
    """Whether the query failed for a table that cannot be read, and not for the lake's sake."""
    return isinstance(error, TableUnreadable) or is_damage(error)


def _reason(error: Exception) -> Exception:
    """What the engine said, where an error of ours stands for it."""
    if isinstance(error, TableUnreadable) and isinstance(error.__cause__, Exception):
        return error.__cause__
    return error


def _own(found: _Asking, account: str, until: date) -> OwnRows:
    """Klaviyo's own numbers, as far as the lake has any.

    Args:
        until: when the newest run began (UTC); days are counted back from there.
    """
    since = until - timedelta(days=DAYS)

    def names(table: str, of: Rows) -> Rows:
        return found.rows(own_questions.names(table, account)) if of else []

    flows = found.rows(own_questions.flow_values(account))
    forms = found.rows(own_questions.form_values(account))
    lists = found.rows(own_questions.list_days(account, since))
    segments = found.rows(own_questions.segment_days(account, since))
    return OwnRows(
        campaign_values=found.rows(own_questions.campaign_values(account)),
        flow_values=flows,
        list_days=lists,
        segment_days=segments,
        form_values=forms,
        value_months=found.rows(own_questions.value_months(account)),
        flow_names=names("silver.flows", flows),
        list_names=names("silver.lists", lists),
        segment_names=names("silver.segments", segments),
        form_names=names("plus.forms", forms),
    )


def _pages(found: _Asking, run: Row) -> Rows:
    times = run["started_at"], run["finished_at"]
    return found.rows(questions.pages_over_run(run["run_id"], *times))
