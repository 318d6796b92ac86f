"""Which watermarks bronze no longer bears out: they are not believed, and what they say is read
again. ``lost`` is pure.

A watermark says which bronze table its pages landed in: of another one it never counts. Where
somebody has taken pages out of that table, or has put an older copy of it back, the marks of runs
that lack pages are removed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from klaviyo_spark.clock import utc
from klaviyo_spark.lake.arrow import frame
from klaviyo_spark.lake.delta_log import TableState, Write
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.state.drift import newest
from klaviyo_spark.state.models import Outcome
from klaviyo_spark.state.retention import pages_gone
from klaviyo_spark.state.store import bronze_state
from klaviyo_spark.state.watermarks import INGEST, RESUMED


@dataclass(frozen=True, order=True)
class RunMarks:
    """A run's watermarks of one resource; ``read_started_at``: when the last of these reads
    began (UTC).
    """

    run_id: str
    resource: str
    read_started_at: datetime


def check_bronze(lake: Lake, account_id: str, outcome: Outcome) -> TableState:
    """See whether bronze bears the account's watermarks out, before they are used.

    Args:
        outcome: takes note of what is to be said of it.

    Returns:
        The bronze table that is read into; one that is not there is made.
    """
    lake = lake.for_account(account_id)
    marks = lake.ops("watermarks").where(F.col("account_id") == account_id)
    looked_at = F.max("bronze_version").alias("version")
    landed = F.struct("bronze_version", "run_id", "bronze_commits")
    written = F.max(F.when(F.col("bronze_commits") > 0, landed)).alias("written")
    rows = marks.groupBy("bronze_id").agg(looked_at, written).collect()
    known = {row["bronze_id"]: row["version"] for row in rows}
    writes = {row["bronze_id"]: _write(row["written"]) for row in rows if row["written"]}
    since = min((v for v in known.values() if v is not None), default=None)
    state = bronze_state(lake, since, tuple(writes.values()))
    version = known.get(state.table_id)
    if version is None:
        if known:
            outcome.warnings.append(
                "klaviyo_bronze.pages was removed or replaced since the last run: everything is "
                "read from Klaviyo again; rows of what Klaviyo no longer has stay in the tables"
            )
        return state
    # What a run came to the end of is no claim that pages are there.
    of_this = marks.where(F.col("bronze_id") == state.table_id).where(
        ~F.col("kind").isin(INGEST, RESUMED)
    )
    if state.is_older_than(version, writes.get(state.table_id)):
        # Who looked at a later version than there is has landed nothing in this one.
        later = _runs(of_this.where(F.col("bronze_version") > state.version))
        gone = {*_lost(lake, of_this, state), *later}
        _remove(lake, gone)
        outcome.warnings.append(
            "klaviyo_bronze.pages: an older copy was put back: "
            f"{_reread_note(gone) if gone else 'no run lacks pages'}"
        )
        return state
    commits = [commit for commit in state.foreign if commit.version > version]
    if not commits:
        return state
    gone = set()
    if any(commit.removes for commit in commits):
        gone = {*_lost(lake, of_this, state)}
        _remove(lake, gone)
    outcome.warnings.append(
        f"klaviyo_bronze.pages: something other than klaviyo-spark changed rows "
        f"({newest([str(commit) for commit in commits])}); "
        f"{_reread_note(gone) if gone else 'no run lacks pages'}"
    )
    return state


def _write(row: Row) -> Write:
    return Write(row["bronze_version"], row["run_id"], row["bronze_commits"])


def _reread_note(gone: Collection[RunMarks]) -> str:
    resources = ", ".join(sorted({one.resource for one in gone}))
    return f"what lacks pages is read again: {resources}"


def _runs(marks: DataFrame) -> list[RunMarks]:
    runs = marks.groupBy("run_id", "resource").agg(
        F.unix_micros(F.max("read_started_at")).alias("at")
    )
    return [RunMarks(row["run_id"], row["resource"], utc(row["at"])) for row in runs.collect()]


def _lost(lake: Lake, marks: DataFrame, state: TableState) -> list[RunMarks]:
    assert lake.account_id
    pages = lake.pages().groupBy("run_id", "resource").agg(F.count(F.lit(1)).alias("pages"))
    landed = lake.ops("runs").where(F.col("account_id") == lake.account_id)
    return lost(
        _runs(marks),
        {(row["run_id"], row["resource"]): row["pages"] for row in pages.collect()},
        {row["run_id"]: row["pages"] for row in landed.select("run_id", "pages").collect()},
        pages_gone(state.properties, lake.account_id),
    )


def lost(
    marks: Iterable[RunMarks],
    held: Mapping[tuple[str, str], int],
    landed: Mapping[str, int],
    by_age: Mapping[str, datetime],
) -> list[RunMarks]:
    """Those of ``marks`` whose pages are not all in bronze, but for what retention took.

    Args:
        held: pages in bronze, per run and resource.
        landed: pages that each run has landed, of all resources, where that is known.
        by_age: per resource, the time before which retention may have taken pages.
    """
    totals: Counter[str] = Counter()
    for (run_id, _), pages in held.items():
        totals[run_id] += pages
    found = []
    for one in marks:
        old = {resource for resource, before in by_age.items() if one.read_started_at < before}
        if one.resource in old:
            continue
        lacks_some = not old and totals[one.run_id] < landed.get(one.run_id, 0)
        if lacks_some or not held.get((one.run_id, one.resource)):
            found.append(one)
    return sorted(found)


def _remove(lake: Lake, gone: Collection[RunMarks]) -> None:
    """Remove marks, and steps of backfills, of runs that lack pages."""
    if not gone:
        return
    of = [(lake.account_id, one.run_id, one.resource) for one in gone]
    keys = frame(lake.spark, of, account_id="string", run_id="string", resource="string")
    lake.delete_ops("watermarks", keys, ("account_id", "run_id", "resource"))
    runs = keys.select("account_id", "run_id").distinct()
    lake.delete_ops("backfills", runs, ("account_id", "run_id"))
