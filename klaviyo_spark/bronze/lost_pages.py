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

from klaviyo_spark import messages
from klaviyo_spark.lake.delta_log import TableState, Write
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.lake.readers.opening import ask
from klaviyo_spark.schema.sql_text import portable, portable_list
from klaviyo_spark.state.drift import newest
from klaviyo_spark.state.landings import bronze_state
from klaviyo_spark.state.models import Outcome
from klaviyo_spark.state.retention import pages_gone
from klaviyo_spark.state.watermarks import INGEST, OF_READS, RESUMED, marks_sql


@dataclass(frozen=True, order=True)
class RunMarks:
    """A run's watermarks of one resource.

    Args:
        read_started_at: when the last of these reads began (UTC).
        claims_pages: whether any says that pages are there. That a run came to the end of what it
            had to ask does not: it may have failed.
    """

    run_id: str
    resource: str
    read_started_at: datetime
    claims_pages: bool = True


def check_bronze(lake: Lake, account_id: str, outcome: Outcome) -> TableState:
    """See whether bronze bears the account's watermarks out, before they are used.

    Args:
        outcome: takes note of what is to be said of it.

    Returns:
        The bronze table that is read into; one that is not there is made.
    """
    lake = lake.for_account(account_id)
    mine = f"account_id = {portable(account_id)}"
    looked_at = ask(
        lake,
        "watermarks",
        f"SELECT bronze_id, max(bronze_version) AS version FROM {{t}} WHERE {mine} "
        "GROUP BY bronze_id",
    )
    known = {row["bronze_id"]: row["version"] for row in looked_at}
    written = ask(
        lake,
        "watermarks",
        "SELECT DISTINCT bronze_id, bronze_version, run_id, bronze_commits FROM {t} "
        f"WHERE {mine} AND bronze_version IS NOT NULL AND bronze_commits > 0",
    )
    newest_write = {
        row["bronze_id"]: Write(row["bronze_version"], row["run_id"], row["bronze_commits"])
        for row in sorted(written, key=lambda row: (row["bronze_version"], row["run_id"]))
    }
    since = min((v for v in known.values() if v is not None), default=None)
    state = bronze_state(lake, since, tuple(newest_write.values()))
    version = known.get(state.table_id)
    if version is None:
        if known:
            outcome.warnings.append(messages.bronze.PAGES_REMOVED())
        return state
    of_this = marks_sql(account_id, state.table_id)
    if state.is_older_than(version, newest_write.get(state.table_id)):
        # Who looked at a later version than there is has landed nothing in this one.
        # Marks of an ingest go too: the next run would find by them that the copy is older.
        later = _runs(lake, f"{of_this} AND bronze_version > {state.version}")
        gone = {*_lost(lake, _runs(lake, of_this), state), *later}
        _remove(lake, gone, (*OF_READS, INGEST, RESUMED))
        outcome.warnings.append(
            messages.bronze.PAGES_PUT_BACK(
                lacks=_reread_note(gone) if gone else "no run lacks pages"
            )
        )
        return state
    commits = [commit for commit in state.foreign if commit.version > version]
    if not commits:
        return state
    gone = set()
    if any(commit.removes for commit in commits):
        # Marks of an ingest stay: else what is left of its walks would count as cut short, and be
        # gone on with where all is to be asked anew.
        claims = f"kind NOT IN {portable_list((INGEST, RESUMED))}"
        gone = {*_lost(lake, _runs(lake, of_this, claims), state)}
        _remove(lake, gone, OF_READS)
    outcome.warnings.append(
        messages.bronze.PAGES_CHANGED(
            commits=newest([str(commit) for commit in commits]),
            lacks=_reread_note(gone) if gone else "no run lacks pages",
        )
    )
    return state


def _reread_note(gone: Collection[RunMarks]) -> str:
    resources = ", ".join(sorted({one.resource for one in gone}))
    return f"what lacks pages is read again: {resources}"


def _runs(lake: Lake, marks: str, claims: str = "true") -> list[RunMarks]:
    """Some marks, which SQL names, by run and resource.

    Args:
        claims: SQL of whether a mark says that pages are there.
    """
    rows = ask(
        lake,
        "watermarks",
        f"SELECT run_id, resource, max(read_started_at) AS at, bool_or({claims}) AS claims_pages "
        f"FROM {{t}} WHERE {marks} GROUP BY run_id, resource",
    )
    return [
        RunMarks(row["run_id"], row["resource"], row["at"], row["claims_pages"]) for row in rows
    ]


def _lost(lake: Lake, marks: Iterable[RunMarks], state: TableState) -> list[RunMarks]:
    assert lake.account_id
    mine = f"account_id = {portable(lake.account_id)}"
    pages = ask(
        lake,
        "pages",
        "SELECT run_id, resource, count(*) AS pages FROM {t} "
        f"WHERE {mine} GROUP BY run_id, resource",
    )
    landed = ask(lake, "runs", f"SELECT run_id, pages FROM {{t}} WHERE {mine}")
    return lost(
        marks,
        {(row["run_id"], row["resource"]): row["pages"] for row in pages},
        {row["run_id"]: row["pages"] for row in landed},
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
        has_none = one.claims_pages and not held.get((one.run_id, one.resource))
        if lacks_some or has_none:
            found.append(one)
    return sorted(found)


def _remove(lake: Lake, gone: Collection[RunMarks], kinds: Iterable[str]) -> None:
    """Remove marks of these kinds, and steps of backfills, of runs that lack pages."""
    if not gone:
        return
    assert lake.account_id
    mine = f"account_id = {portable(lake.account_id)}"
    each = (
        f"run_id = {portable(one.run_id)} AND resource = {portable(one.resource)}" for one in gone
    )
    of = f"{mine} AND (({') OR ('.join(each)})) AND kind IN {portable_list(kinds)}"
    lake.delete_ops("watermarks", of)
    lake.delete_ops("backfills", f"{mine} AND run_id IN {portable_list({o.run_id for o in gone})}")
