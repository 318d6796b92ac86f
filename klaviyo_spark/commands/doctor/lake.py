"""The lake as the last run left it. Pure; reading it is ``status``'s."""

from __future__ import annotations

from collections.abc import Iterator

from klaviyo_spark import messages
from klaviyo_spark.commands.doctor.check import Diagnosis, fail, ok, warn
from klaviyo_spark.commands.status import Status
from klaviyo_spark.commands.status.summing import Holder
from klaviyo_spark.errors import ENDED
from klaviyo_spark.lake.unreadable import is_needed
from klaviyo_spark.resources import DOCUMENTED


def lake(status: Status) -> Iterator[Diagnosis]:
    """Whether it is there, whole, and has taken in what has landed."""
    if not status.is_there:
        yield ok("lake", f"none in {status.lake} yet; the first sync makes it")
        return
    yield ok("lake", f"{status.rows:,} rows in {len(status.tables)} tables, {status.lake}")
    yield from runs(status)


def runs(status: Status) -> Iterator[Diagnosis]:
    """Whether the account's runs went well and its pages are in all tables."""
    unreadable = {name.rpartition(".")[2]: line for name, line in status.unreadable.items()}
    for name, line in unreadable.items():
        yield fail("tables", line, 1 if is_needed(name) else 3)
    known = {*unreadable, *(table.table for table in status.tables)}
    missing = [name for name in DOCUMENTED if name not in known]
    if missing and status.tables:
        yield warn("tables", messages.doctor.TABLES_MISSING, tables=", ".join(missing))
    run = status.last_run
    if run is None:
        yield warn("last run", messages.doctor.NO_RUN_ENDED)
    elif run.exit_code:
        problem = f": {run.errors[0]}" if run.errors else ""
        more = f" (and {len(run.errors) - 1} more)" if len(run.errors) > 1 else ""
        yield warn(
            "last run",
            messages.doctor.LAST_RUN_FAILED,
            command=run.command,
            ended=ENDED.get(run.exit_code, "ended"),
            code=run.exit_code,
            problem=f"{problem}{more}",
        )
    if status.to_refine:
        yield warn("to refine", messages.doctor.PAGES_TO_REFINE, pages=status.to_refine)
    for backfill in status.backfills:
        yield warn(
            "backfill",
            messages.doctor.BACKFILL_UNFINISHED,
            done=backfill.done,
            steps=backfill.steps,
        )


def lock(holder: Holder | None) -> Diagnosis:
    """A lock that somebody holds, or left behind."""
    if holder is None:
        return ok("lock", "nobody holds the lake")
    who = f"{holder.command} since {holder.since:%Y-%m-%d %H:%M} UTC, process {holder.pid}"
    if holder.alive:
        return ok("lock", f"a run is under way: {who} on this machine or with a live lease")
    if holder.alive is None:
        return warn("lock", messages.doctor.LOCK_HELD, holder=who, host=holder.host)
    return warn("lock", messages.doctor.LOCK_LEFT, holder=who, host=holder.host)
