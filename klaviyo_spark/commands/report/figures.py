"""What the page says, worked out from the answers. Pure: no lake, no clock, no HTML here."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from klaviyo_spark.commands.formatting import about
from klaviyo_spark.commands.report import charts
from klaviyo_spark.commands.report.answers import Answers
from klaviyo_spark.commands.report.completeness import HOW, Completeness, completeness
from klaviyo_spark.commands.report.own_numbers import OwnNumbers, own_numbers
from klaviyo_spark.lake.readers.reader import Row
from klaviyo_spark.resources import RESOURCES

FRESH_FOR = timedelta(hours=36)
"""A daily run may be this late before the page says so."""
LATELY = timedelta(days=30)
CHANGES = ("inserted", "updated", "soft_deleted", "cast_failures", "quarantined")
_ENDED = {0: "all done", 1: "failed", 3: "partly done", 4: "stopped by the rate limit"}
# Errors promise to hold neither; a page that is sent around makes sure.
_ADDRESS = re.compile(r"[^\s<>\"'(),;:]+@[^\s<>\"'(),;:]+")
_PERSON = re.compile(r"\b01[0-9A-HJKMNP-TV-Z]{24}\b")


@dataclass(frozen=True)
class Card:
    """An answer at a glance; ``state``: good, warn, bad or unknown."""

    title: str
    state: str
    said: str
    more: str


@dataclass(frozen=True)
class MetricLine:
    """One metric's events in numbers; ``lately``: those of the last 30 days."""

    name: str
    rows: int
    lately: int
    first_day: date | None
    newest: datetime | None


@dataclass(frozen=True)
class TableLine:
    """One table: all its rows, and what the last run that refined did to it."""

    resource: str
    name: str
    rows: int
    marked: int
    landed_at: datetime | None
    changes: Mapping[str, int]


@dataclass(frozen=True)
class RunLine:
    """One run; ``changes`` of all tables together, None where it refined nothing."""

    run: Row
    took: str
    state: str
    ended: str
    changes: Mapping[str, int] | None


@dataclass(frozen=True)
class Figures:
    """The page's contents."""

    account: str
    made_at: datetime
    cards: tuple[Card, ...]
    metrics: tuple[MetricLine, ...]
    outside: int
    late_row_count: int
    completeness: Completeness
    tables: tuple[TableLine, ...]
    totals: TableLine
    runs: tuple[RunLine, ...]
    errors: tuple[str, ...]
    warnings: tuple[str, ...]
    quarantined: tuple[Row, ...]
    orphans: tuple[Row, ...]
    orphan_totals: Row
    own: OwnNumbers
    charts: Mapping[str, Any]


def figures(answers: Answers, account: str, now: datetime) -> Figures:
    """Work out the page; ``now`` (UTC) is when it is made, and what ages are counted to."""
    used = {row["metric_id"] for row in answers.events}
    used |= {row["scope"] for row in (*answers.read_until, *answers.verified_months)}
    names = metric_names([row for row in answers.metrics if row["metric_id"] in used])
    last = answers.runs[0] if answers.runs else {}
    changes = _by_run(answers.changes)
    refined = next((run for run in answers.runs if run["run_id"] in changes), {})
    tables = tuple(_tables(answers.tables, changes.get(refined.get("run_id"), {})))
    checked = completeness(
        answers.verified_months, answers.verified_resources, answers.differences, names
    )
    days = charts.events_per_day(answers.events, names, now.date())
    own = own_numbers(answers.own, now.date())
    return Figures(
        account=account,
        made_at=now,
        cards=(
            _complete(checked),
            _fresh(answers.read_until, names, now),
            _last_run(last, now),
            _changed(refined, tables),
        ),
        metrics=tuple(_metrics(answers.events, names, now.date() - LATELY)),
        outside=days["outside"],
        late_row_count=sum(row["row_count"] for row in answers.late),
        completeness=checked,
        tables=tables,
        totals=_sum(tables),
        runs=tuple(_run(run, changes.get(run["run_id"])) for run in answers.runs),
        errors=tuple(map(impersonal, (*answers.unreadable, *(last.get("errors") or ())))),
        warnings=tuple(map(impersonal, last.get("warnings") or ())),
        quarantined=tuple(sorted(answers.quarantined, key=lambda row: -row["row_count"])),
        orphans=tuple(answers.orphans),
        orphan_totals=next(iter(answers.orphan_totals), {"flows": 0, "row_count": 0}),
        own=own,
        charts={
            **own.charts,
            "days": days,
            "late": charts.late_per_day(answers.late),
            "requests": charts.requests_over_run(answers.pages, answers.asking),
        },
    )


def metric_names(metrics: Sequence[Row]) -> dict[str, str]:
    """What each metric id is called; with the id where several share a name."""
    shared = Counter(row["name"] for row in metrics)
    return {
        row["metric_id"]: row["name"]
        if shared[row["name"]] == 1
        else f"{row['name']} ({row['metric_id']})"
        for row in metrics
        if row["name"]
    }


def impersonal(line: str) -> str:
    """A line of a log without addresses and profile ids."""
    return _PERSON.sub("[profile]", _ADDRESS.sub("[address]", line))


def _complete(found: Completeness) -> Card:
    if found.verified_at is None:
        return Card("Complete?", "unknown", "not verified yet", HOW)
    if found.is_complete:
        what = (
            f"all {found.expected_count:,} events that Klaviyo counts"
            if found.expected_count
            else "all"
        )
        said = f"{what}, as of {found.verified_at:%Y-%m-%d %H:%M} UTC"
        if found.too_many:
            said += f"; {found.too_many:,} more are here"
        return Card("Complete?", "good", "complete", said)
    parts = []
    if found.missing:
        parts.append(f"{found.missing:,} events missing")
    if found.too_many:
        parts.append(f"{found.too_many:,} events more than Klaviyo counts")
    parts += [f"{row['resource']} differ" for row in found.resources if row["differing"]]
    return Card("Complete?", "bad", "not complete", ", ".join(parts))


def _fresh(read: Sequence[Row], names: Mapping[str, str], now: datetime) -> Card:
    """How far events have been read; metrics that lag a day behind the others are named."""
    until = max((row["read_until"] for row in read if row["read_until"]), default=None)
    if until is None:
        return Card("Fresh?", "unknown", "no events read yet", "run klaviyo-spark sync")
    age = max(now - until, timedelta(seconds=1))
    lag = sorted(
        charts.metric_label(row["scope"], names)
        for row in read
        if row["read_until"] and until - row["read_until"] > timedelta(days=1)
    )
    more = f"events up to {until:%Y-%m-%d %H:%M} UTC"
    if lag:
        more += f"; {', '.join(lag)} not so far"
    state = "warn" if lag or age > FRESH_FOR else "good"
    return Card("Fresh?", state, f"{about(age.total_seconds())} old", more)


def _last_run(run: Row, now: datetime) -> Card:
    if not run:
        return Card("Last run", "unknown", "no run yet", "run klaviyo-spark sync")
    state, said = _ended(run["exit_code"])
    ago = about(max((now - run["started_at"]).total_seconds(), 1))
    errors = len(run["errors"] or ())
    more = f"{run['command']}, {ago} ago" + (f", {_plural(errors, 'error')}" if errors else "")
    return Card("Last run", state, said, more)


def _changed(run: Row, tables: Sequence[TableLine]) -> Card:
    if not run:
        return Card("Changed", "unknown", "nothing refined yet", "run klaviyo-spark sync")
    total = _sum(tables).changes
    more = f"{total['updated']:,} changed, {total['soft_deleted']:,} marked deleted"
    return Card("Changed", "good", f"{total['inserted']:,} new rows", more)


def _ended(exit_code: int) -> tuple[str, str]:
    state = {0: "good", 3: "warn", 4: "warn"}.get(exit_code, "bad")
    return state, _ENDED.get(exit_code, "interrupted")


def _metrics(rows: Sequence[Row], names: Mapping[str, str], since: date) -> Iterator[MetricLine]:
    """A line per metric, the largest first."""
    by_metric: dict[str | None, list[Row]] = defaultdict(list)
    for row in rows:
        by_metric[row["metric_id"]].append(row)
    lines = [
        MetricLine(
            charts.metric_label(metric, names),
            sum(row["row_count"] for row in some),
            sum(row["row_count"] for row in some if row["day"] and row["day"] > since),
            min((row["day"] for row in some if row["day"]), default=None),
            max((row["newest"] for row in some if row["newest"]), default=None),
        )
        for metric, some in by_metric.items()
    ]
    yield from sorted(lines, key=lambda line: (-line.rows, line.name))


def _by_run(changes: Sequence[Row]) -> dict[str | None, dict[str, Row]]:
    """What each run did, by run and table."""
    found: dict[str | None, dict[str, Row]] = defaultdict(dict)
    for row in changes:
        found[row["run_id"]][row["name"]] = row
    return dict(found)


def _tables(rows: Sequence[Row], changes: Mapping[str, Row]) -> Iterator[TableLine]:
    """A line per table that is there, in the documented order."""
    there = {row["name"]: row for row in rows}
    none = dict.fromkeys(CHANGES, 0)
    for resource, spec in RESOURCES.items():
        for name in (table.name for table in spec.tables if table.name in there):
            row, changed = there[name], changes.get(name, none)
            counts = {count: changed[count] or 0 for count in CHANGES}
            numbers = row["row_count"], row["marked"]
            yield TableLine(resource, name, *numbers, row["landed_at"], counts)


def _sum(tables: Sequence[TableLine]) -> TableLine:
    changes = {count: sum(line.changes[count] for line in tables) for count in CHANGES}
    rows, marked = sum(line.rows for line in tables), sum(line.marked for line in tables)
    return TableLine("", _plural(len(tables), "table"), rows, marked, None, changes)


def _run(run: Row, tables: Mapping[str, Row] | None) -> RunLine:
    took = ""
    if run["finished_at"]:
        took = about(max((run["finished_at"] - run["started_at"]).total_seconds(), 1))
    changes = None
    if tables is not None:
        changes = {c: sum(row[c] or 0 for row in tables.values()) for c in CHANGES}
    return RunLine(run, took, *_ended(run["exit_code"]), changes)


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
