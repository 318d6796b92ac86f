"""A status as text and as JSON. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from klaviyo_spark.commands.status.backfills import Unfinished
from klaviyo_spark.commands.status.standing import BRONZE
from klaviyo_spark.commands.status.summing import ASKING, Run, Status
from klaviyo_spark.commands.text_table import WIDTH, TextTable
from klaviyo_spark.errors import ENDED
from klaviyo_spark.state.drift import newest

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_LABEL = 16
# Of an earlier run so many errors are told; klaviyo_ops.runs has all.
_TOLD = 3


def as_json(said: Status | Sequence[Status]) -> str:
    """All of it; times are ISO 8601 in UTC. Of several accounts, a list."""
    return json.dumps(msgspec.to_builtins(said), indent=1)


def as_text(status: Status, width: int = WIDTH) -> Iterator[str]:
    """For a terminal."""
    at = status.at
    yield f"lake {status.lake}, account {status.account}, {at:%Y-%m-%d %H:%M} UTC"
    if not status.is_there:
        yield "there is no lake yet; `klaviyo-spark sync` makes it"
        yield from _holder(status)
        return
    yield ""
    yield from _tables(status).lines(width)
    yield ""
    yield _line("newest event", _when(status.newest_event_at, at, "no event yet"))
    yield from _runs(status)
    if status.to_refine:
        yield _line(
            "to refine",
            f"{_count(status.to_refine, 'page')} in no table yet: klaviyo-spark refine",
        )
    yield from (_line(label, said) for label, said in _drift(status))
    yield _line("late arrivals", _late(status))
    yield _line(
        "quarantined",
        f"{_count(status.quarantined, 'record')}" + _see("quarantine", status.quarantined),
    )
    yield _line(
        "orphaned flows",
        f"{status.orphaned_flows:,}" + _see("orphaned_flows", status.orphaned_flows),
    )
    yield from _members(status)
    for metric in status.lagging_metrics:
        yield _line("behind", f"{metric.name} is read until {_when(metric.as_of, at)}")
    for backfill in status.backfills:
        yield _line("backfill", _backfill(backfill, at))
    yield from _holder(status)
    if len(status.accounts) > 1:
        yield _line(
            "accounts",
            f"{', '.join(status.accounts)} in this lake; this is {status.account}",
        )


def of_several(every: Sequence[Status], width: int = WIDTH) -> Iterator[str]:
    """For a terminal, a line per account; what did not go well and what waits below."""
    first = every[0]
    yield f"lake {first.lake}, {len(every)} accounts, {first.at:%Y-%m-%d %H:%M} UTC"
    if not first.is_there:
        yield "there is no lake yet; `klaviyo-spark sync` makes it"
        yield from _holder(first)
        return
    yield ""
    yield from _accounts(every).lines(width)
    yield ""
    for status in every:
        yield from (_line(label, f"{status.account}: {said}") for label, said in _open(status))
    yield from _holder(first)
    unknown = sorted({*first.accounts} - {status.account for status in every})
    if unknown:
        yield _line("not in conf", f"{', '.join(unknown)}: in this lake, and read no more")
    yield "`--account NAME` says all of one"


def duration(seconds: float) -> str:
    """A length of time in its largest unit: ``40 s``, ``12 min``, ``3 h``, ``9 d``."""
    if seconds < _MINUTE:
        return f"{max(0.0, seconds):.0f} s"
    if seconds < 2 * _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    if seconds < 2 * _DAY:
        return f"{seconds / _HOUR:.0f} h"
    return f"{seconds / _DAY:.0f} d"


def _accounts(every: Sequence[Status]) -> TextTable:
    rows = []
    for status in every:
        last = next((run for run in status.runs if run.command in ASKING), status.last_run)
        ended = _ending(last) if last else "none yet"
        age = _age(last.started_at, status.at) if last else ""
        newest = _minute(status.newest_event_at)
        rows.append(
            (status.account, f"{status.rows:,}", _minute(_as_of(status)), newest, ended, age)
        )
    head = ("account", "rows", "as of (UTC)", "newest event", "last run", "age")
    return TextTable(head, rows, left=head[2:], spare=("newest event",))


def _tables(status: Status) -> TextTable:
    def row(name: str, rows: int, as_of: datetime | None, quarantined: int) -> tuple[str, ...]:
        age = _age(as_of, status.at) if as_of else ""
        return (name, f"{rows:,}", _minute(as_of), age, f"{quarantined:,}")

    every = [row(one.table, one.rows, one.as_of, one.quarantined) for one in status.tables]
    total = (f"{len(every)} tables", f"{status.rows:,}", "", "", f"{status.quarantined:,}")
    head = ("table", "rows", "as of (UTC)", "age", "quarantined")
    # Where there is no room, the age says it.
    return TextTable(head, [*every, total], left=("as of (UTC)",), spare=("as of (UTC)",))


def _age(moment: datetime, at: datetime) -> str:
    return duration((at - moment).total_seconds())


def _minute(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "-"


def _as_of(status: Status) -> datetime | None:
    """As of when the table is that is furthest behind, of those that were ever loaded."""
    return min((table.as_of for table in status.tables if table.as_of), default=None)


def _open(status: Status) -> Iterator[tuple[str, str]]:
    """What there is to be done about an account, with its label."""
    last = {run.command: run for run in reversed(status.runs)}  # a refine does not mend an ingest
    for run in last.values():
        yield from (("failed", problem) for problem in run.errors)
    if status.to_refine:
        yield "to refine", f"{_count(status.to_refine, 'page')} in no table yet"
    yield from _drift(status)
    if status.quarantined:
        yield "quarantined", _count(status.quarantined, "record")
    yield from (("backfill", _backfill(one, status.at)) for one in status.backfills)


def _drift(status: Status) -> Iterator[tuple[str, str]]:
    """Tables that are not what the last load left."""
    yield from (("unreadable", line) for line in status.unreadable.values())
    silver = [name for name in status.removed if name != BRONZE]
    if BRONZE in status.removed:
        yield "removed", f"{BRONZE}: the next sync reads everything again"
    if silver:
        yield "removed", f"{', '.join(silver)}: the next run rebuilds what bronze has the pages of"
    older = [name for name in status.put_back if name != BRONZE]
    if BRONZE in status.put_back:
        yield "put back", f"{BRONZE}, an older copy: the next sync reads again what lacks pages"
    if older:
        yield "put back", f"{', '.join(older)}, older copies: the next run loads what they lack"
    for one in status.changed:
        yield "changed", f"{one.table}, by others: {newest(one.commits)}; {one.rebuild}"


def _runs(status: Status) -> Iterator[str]:
    if status.last_run is None:
        yield _line("last run", "none has come to an end yet")
        return
    label = "last run"
    for run in status.runs:
        yield _line(label, _run(run, status.at))
        label = ""
        if run != status.last_run:
            yield from (_line("", f"  failed: {problem}") for problem in run.errors[:_TOLD])
    yield from (_line("failed", problem) for problem in status.last_run.errors)
    yield from (_line("warning", warning) for warning in status.last_run.warnings)


def _run(run: Run, at: datetime) -> str:
    took = (run.finished_at - run.started_at).total_seconds()
    return (
        f"{_ending(run)}, began {_when(run.started_at, at)}, took "
        f"{duration(took)}, {_count(run.pages, 'page')}"
    )


def _ending(run: Run) -> str:
    return f"{run.command} {ENDED.get(run.exit_code, 'ended')} (exit {run.exit_code})"


def _late(status: Status) -> str:
    late = status.late
    if not late.events:
        return "none"
    since = f", of days since {late.first_day}" if late.first_day else ""
    return (
        f"{late.events:,} events came after their day had been read, {late.in_last_run:,} of them "
        f"in the last run{since}"
    )


def _members(status: Status) -> Iterator[str]:
    for groups in status.members:
        never = f", {groups.never_fully_read} not read whole yet" if groups.never_fully_read else ""
        since = _when(groups.member_removals_pending_since, status.at, "ever")
        yield _line(
            "members",
            f"of {groups.groups} {groups.resource}{never}: joins are current, leaves may wait "
            f"since {since}",
        )


def _backfill(backfill: Unfinished, at: datetime) -> str:
    left = (
        f"about {duration(backfill.seconds_left)} left"
        if backfill.seconds_left is not None
        else "time left not known"
    )
    resources = ",".join(backfill.resources)
    return (
        f"{backfill.done} of {backfill.steps} steps done, the last "
        f"{_when(backfill.last_step_at, at)}, {left}; to go on: klaviyo-spark backfill --start "
        f"{_iso(backfill.start)} --end {_iso(backfill.end)} --resources {resources}"
    )


def _holder(status: Status) -> Iterator[str]:
    held = status.holder
    if held is None:
        return
    who = (
        f"a run ({held.command}) that began {_when(held.since, status.at)}, process {held.pid} on "
        f"host {held.host}"
    )
    if held.alive is False:
        yield _line("lock", f"left behind by {who}, which died: the next run takes over")
    elif held.alive is None:
        yield _line("lock", f"held by {who}; whether it lives cannot be told from here")
    else:
        yield _line("lock", f"held by {who}: under way")


def _when(moment: datetime | None, at: datetime, never: str = "never") -> str:
    if moment is None:
        return never
    away = (at - moment).total_seconds()
    how_far = f"{duration(away)} ago" if away >= 0 else f"in {duration(-away)}"
    return f"{moment:%Y-%m-%d %H:%M} UTC ({how_far})"


def _iso(moment: datetime) -> str:
    """A bound as the command line takes it."""
    whole = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return f"{moment:%Y-%m-%d}" if moment == whole else moment.isoformat().replace("+00:00", "Z")


def _line(label: str, text: Any) -> str:
    return f"{label:<{_LABEL}}{text}"


def _count(number: int, of: str) -> str:
    return f"{number:,} {of}" + ("s" if number != 1 else "")


def _see(table: str, count: int) -> str:
    return f", see klaviyo_ops.{table}" if count else ""
