"""What a lake's answers come to, for one account. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from klaviyo_spark.commands.status.backfills import Unfinished, unfinished
from klaviyo_spark.commands.status.facts import Facts
from klaviyo_spark.commands.status.standing import Changed, changed, put_back, removed
from klaviyo_spark.lake.readers.reader import Row
from klaviyo_spark.resources import ENDPOINTS, TABLES, WINDOWED

# Of that many runs a line is shown.
SHOWN = 5
# A metric whose reading ends that much earlier than the others' is named.
BEHIND = timedelta(days=1)
ASKING = ("sync", "ingest")


@dataclass(frozen=True)
class Table:
    """One table of silver.

    Args:
        rows: of the account, marked ones too.
        as_of: what Klaviyo had by then is in the table (UTC); None where that is not known.
        loaded_at: when a run last looked after it (UTC).
        newest_event_at: of ``events``.
    """

    table: str
    resource: str
    rows: int
    as_of: datetime | None
    loaded_at: datetime | None
    quarantined: int
    newest_event_at: datetime | None = None


@dataclass(frozen=True)
class Run:
    """A run that has ended; see ``klaviyo_ops.runs``."""

    run_id: str
    command: str
    started_at: datetime
    finished_at: datetime
    exit_code: int
    requests: int
    pages: int
    errors: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Late:
    """Events that appeared after their day had been read.

    ``first_day`` is the earliest such day, of all runs.
    """

    events: int
    in_last_run: int
    first_day: date | None


@dataclass(frozen=True)
class Groups:
    """Members of lists, or of segments: who joined is known, who left only by a complete read.

    Args:
        groups: that are there.
        never_fully_read: of them.
        member_removals_pending_since: the oldest last complete read of a group (UTC).
    """

    resource: str
    groups: int
    never_fully_read: int
    member_removals_pending_since: datetime | None


@dataclass(frozen=True)
class LaggingMetric:
    """A metric whose events have been read less far than those of others."""

    metric_id: str
    name: str
    as_of: datetime


@dataclass(frozen=True)
class Holder:
    """The run that holds the lake; ``alive`` is None where it runs on another machine."""

    run_id: str
    command: str
    host: str
    pid: int
    since: datetime
    alive: bool | None


@dataclass(frozen=True)
class Status:
    """How a lake is. ``is_there`` false: no run has made it yet.

    Args:
        accounts: all that have run on the lake.
        to_refine: pages of runs that have landed and are in no table yet.
        removed: tables that are gone, or replaced, since they were last loaded.
        put_back: tables of which an older copy was put back.
        changed: tables that something other than klaviyo-spark changed.
        unreadable: what is to be said of tables that cannot be read, by their names.
    """

    is_there: bool
    lake: str
    at: datetime
    account: str
    accounts: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    rows: int = 0
    pages: int = 0
    newest_event_at: datetime | None = None
    runs: tuple[Run, ...] = ()
    to_refine: int = 0
    late: Late = Late(0, 0, None)
    quarantined: int = 0
    orphaned_flows: int = 0
    members: tuple[Groups, ...] = ()
    lagging_metrics: tuple[LaggingMetric, ...] = ()
    backfills: tuple[Unfinished, ...] = ()
    removed: tuple[str, ...] = ()
    put_back: tuple[str, ...] = ()
    changed: tuple[Changed, ...] = ()
    unreadable: Mapping[str, str] = field(default_factory=dict)
    holder: Holder | None = None

    @property
    def last_run(self) -> Run | None:
        """The run that began last."""
        return self.runs[0] if self.runs else None


def summed(facts: Facts, lake: str, account: str, now: datetime) -> Status:
    """The status of ``account`` in ``lake`` at ``now`` (UTC)."""
    if not facts.is_there:
        return Status(False, lake, now, account, holder=_holder(facts))
    runs = [_run(row) for row in facts["runs"] if row["account_id"] in (account, None)]
    refined = {(row["table_name"], row["run_id"]) for row in facts["loads"]}
    taken_in = {run_id for _, run_id in refined}
    waiting = [run.pages for run in runs if run.command in ASKING and run.run_id not in taken_in]
    quarantined = {
        row["table_name"]: row["records"] for row in facts.rows_for("quarantined", account)
    }
    tables = tuple(_tables(facts, account, runs, refined, quarantined))
    return Status(
        True,
        lake,
        now,
        account,
        accounts=facts.accounts,
        tables=tables,
        rows=sum(table.rows for table in tables),
        pages=facts.pages or 0,
        newest_event_at=facts.newest_event_of(account),
        runs=tuple(runs[:SHOWN]),
        to_refine=sum(waiting),
        late=_late(list(facts.rows_for("late", account)), runs),
        quarantined=sum(quarantined.values()),
        orphaned_flows=sum(row["flows"] for row in facts.rows_for("orphans", account)),
        members=tuple(_members(facts, account)),
        lagging_metrics=tuple(_lagging_metrics(facts, account)),
        backfills=tuple(unfinished(facts, account, {run.run_id: run.started_at for run in runs})),
        removed=removed(facts, account),
        put_back=put_back(facts, account),
        changed=changed(facts, account),
        unreadable=facts.unreadable,
        holder=_holder(facts),
    )


def _tables(
    facts: Facts,
    account: str,
    runs: list[Run],
    refined: set[tuple[str, str]],
    quarantined: Mapping[str, int],
) -> Iterator[Table]:
    began = {run.run_id: run.started_at for run in runs}
    loaded: dict[str, datetime] = {}
    for row in facts["loads"]:
        if row["run_id"] in began:
            last = loaded.get(row["table_name"], row["loaded_at"])
            loaded[row["table_name"]] = max(last, row["loaded_at"])
    for name, rows in facts.rows_of(account).items():
        table = TABLES[name]
        of = [began[run_id] for of, run_id in refined if of == name and run_id in began]
        if table.resource in WINDOWED:  # a bounded run reads old times only
            of = [
                row["range_end"]
                for row in facts.rows_for("ranges", account)
                if row["resource"] == table.resource and (name, row["run_id"]) in refined
            ]
        yield Table(
            name,
            table.resource,
            rows,
            max(of, default=None),
            loaded.get(name),
            quarantined.get(name, 0),
            facts.newest_event_of(account) if name == "events" else None,
        )


def _members(facts: Facts, account: str) -> Iterator[Groups]:
    whole = {
        (row["resource"], row["scope"]): row["range_end"]
        for row in facts.rows_for("wholes", account)
    }
    for resource in dict.fromkeys(e.resource for e in ENDPOINTS.values() if e.members):
        there = [row["id"] for row in facts.rows_for(resource, account)]
        read = [whole[resource, id] for id in there if (resource, id) in whole]
        if there:
            yield Groups(resource, len(there), len(there) - len(read), min(read, default=None))


def _lagging_metrics(facts: Facts, account: str) -> Iterator[LaggingMetric]:
    read: dict[str, datetime] = {}
    names: dict[str, str] = {}
    for row in facts.rows_for("ranges", account):
        if row["resource"] == "events" and row["scope"]:
            read[row["scope"]] = max(read.get(row["scope"], row["range_end"]), row["range_end"])
            names[row["scope"]] = row["documented_name"] or row["scope"]
    furthest = max(read.values(), default=None)
    for metric_id, at in sorted(read.items(), key=lambda one: (one[1], one[0])):
        if furthest is not None and at < furthest - BEHIND:
            yield LaggingMetric(metric_id, names[metric_id], at)


def _late(rows: list[Row], runs: list[Run]) -> Late:
    last = runs[0].run_id if runs else None
    return Late(
        sum(row["late_row_count"] for row in rows),
        sum(row["late_row_count"] for row in rows if row["run_id"] == last),
        min((row["first_day"] for row in rows if row["first_day"]), default=None),
    )


def _run(row: Row) -> Run:
    return Run(
        row["run_id"],
        row["command"],
        row["started_at"],
        row["finished_at"],
        row["exit_code"],
        row["requests"],
        row["pages"],
        tuple(row["errors"] or ()),
        tuple(row["warnings"] or ()),
    )


def _holder(facts: Facts) -> Holder | None:
    held = facts.holding
    return Holder(**vars(held.holder), alive=held.alive) if held else None
