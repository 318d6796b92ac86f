"""All that the report is made of, asked of a lake. A table that is not there gives no rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from klaviyo_spark.commands.report import questions
from klaviyo_spark.lake.readers.sql import Reader, Row, named
from klaviyo_spark.resources import TABLES

Rows = list[Row]


@dataclass(frozen=True)
class Answers:
    """Rows as the functions of ``questions`` of the same names describe them.

    ``pages``: those of the newest run that asked Klaviyo, which is ``asking``; None where no run
    did.
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


def ask(reader: Reader, account: str) -> Answers:
    """Ask a lake about one account."""

    def rows(question: Callable[[str], str]) -> Rows:
        return _rows(reader, question(account))

    there = [name for name in TABLES if reader.has(f"silver.{name}")]
    runs = rows(questions.runs)
    asking = next((run for run in runs if run["pages"] and run["finished_at"]), None)
    since = min((run["started_at"] for run in runs), default=None)
    return Answers(
        tables=reader.rows(questions.rows_per_table(account, there)) if there else [],
        metrics=rows(questions.metrics),
        events=rows(questions.events_per_day),
        late=rows(questions.late_per_day),
        read_until=rows(questions.read_until),
        verified_months=rows(questions.verified_per_month),
        verified_resources=rows(questions.verified_per_resource),
        differences=rows(questions.differences),
        runs=runs,
        changes=_rows(reader, questions.changes_per_run(account, since)) if since else [],
        asking=asking,
        pages=_pages(reader, asking) if asking else [],
        quarantined=rows(questions.quarantined),
        orphans=rows(questions.orphans),
        orphan_totals=rows(questions.orphan_totals),
    )


def _pages(reader: Reader, run: Row) -> Rows:
    times = run["started_at"], run["finished_at"]
    return _rows(reader, questions.pages_over_run(run["run_id"], *times))


def _rows(reader: Reader, sql: str) -> Rows:
    return reader.rows(sql) if all(reader.has(table) for table in named(sql)) else []
