"""Endpoints whose pages say nothing new: their tables need not be loaded, nor Spark be started.

Pages are told apart by the digests of their records, since a page's own bytes hold the bounds and
cursors that it was asked by. Of a complete read the last one has to have said the very same, in all
of its listings, and have been complete as well: else it has proved less. Of a read of a part, each
record has to be known as it was last seen, in a read that is no older than the last complete one: a
record that was missing there is news when it comes back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timezone

from klaviyo_spark.lake.lake import AccountLake
from klaviyo_spark.lake.readers.opening import ask
from klaviyo_spark.lake.readers.reader import Row
from klaviyo_spark.resources import ENDPOINTS
from klaviyo_spark.schema.sql_text import instant, portable, portable_list
from klaviyo_spark.state.complete_reads import COLUMNS, complete_reads
from klaviyo_spark.state.landings import of_account
from klaviyo_spark.state.record_digests import each_record

# So many records are news: to know it better costs more memory than a load is spared.
_LOOKED_AT = 200_000
# delta-rs counts the nanoseconds of a moment that a query names: of earlier ones it fails.
_NAMED_SINCE = datetime(1678, 1, 1, tzinfo=timezone.utc)
_GROUP = "endpoint, parent_id"
_PAGE = ", ".join(
    (*COLUMNS, "run_id", "read_run_id", "is_full_read", "sha256", "forgotten_at", "record_digests")
)
# Endpoint and parent: what is asked for again by each run, in one read of all its listings.
_Asked = tuple[str, str | None]


def unchanged_endpoints(
    lake: AccountLake, run_id: str, began: datetime, records: Mapping[str, int]
) -> frozenset[str]:
    """Those of a run's endpoints whose pages say nothing that pages of before did not.

    Args:
        began: when the run's first page was fetched; pages of before are older.
        records: per endpoint that earlier runs have asked too, how many the run has.
    """
    names = sorted(name for name, count in records.items() if count <= _LOOKED_AT)
    if not names:
        return frozenset()
    of = f"{of_account(lake)} AND endpoint IN {portable_list(names)}"
    before = f"{of} AND fetched_at < {instant(began)}"
    mine = _by_asked(
        ask(lake, "pages", f"SELECT {_PAGE} FROM {{t}} WHERE {of} AND run_id = {portable(run_id)}")
    )
    last = _last_pages(lake, before, mine)
    differing = {asked: rows for asked, rows in mine.items() if not same(rows, last.get(asked, ()))}
    changed = {asked[0] for asked, rows in differing.items() if not _is_part(asked[0], rows)}
    left = {asked: rows for asked, rows in differing.items() if asked[0] not in changed}
    for name in {asked[0] for asked in left}:
        rows = [row for asked, some in left.items() if asked[0] == name for row in some]
        if not _all_known(lake, before, name, rows):
            changed.add(name)
    return frozenset(names) - changed


def same(now: Sequence[Row], before: Sequence[Row]) -> bool:
    """Whether pages say and prove the very same: all of what was asked, page by page."""
    if sorted(map(_fingerprint, now)) != sorted(map(_fingerprint, before)):
        return False
    if any(row["is_full_read"] and row["read_run_id"] != row["run_id"] for row in (*now, *before)):
        return False  # with pages of other runs they may prove more
    return not _is_complete(now) or _is_complete(before)


def _is_complete(rows: Iterable[Row]) -> bool:
    return bool(complete_reads(row for row in rows if row["is_full_read"]))


def _fingerprint(row: Row) -> tuple[str, ...]:
    """What a page says, but for how it was asked."""
    digests = row["record_digests"]
    said = row["sha256"] if digests is None else digests.hex()
    facts = ("slice", "page_number", "status", "is_full_read", "is_last", "forgotten_at")
    return (*(f"{row[name]}" for name in facts), said)


def _is_part(endpoint: str, rows: Collection[Row]) -> bool:
    """Whether the pages are of a window of time, and say what each of their records is."""
    return bool(ENDPOINTS[endpoint].windows) and all(
        row["status"] == 200
        and not row["is_full_read"]
        and row["record_digests"] is not None
        and row["forgotten_at"] is None
        for row in rows
    )


def _by_asked(rows: Iterable[Row]) -> dict[_Asked, list[Row]]:
    found: dict[_Asked, list[Row]] = {}
    for row in rows:
        found.setdefault((row["endpoint"], row["parent_id"]), []).append(row)
    return found


def _last_pages(
    lake: AccountLake, before: str, mine: Mapping[_Asked, Collection[Row]]
) -> dict[_Asked, list[Row]]:
    """Pages of the run that last asked for what ``mine`` asks, where they are as many."""
    asked = (
        f"SELECT {_GROUP}, run_id, max(fetched_at) AS at, count(*) AS pages FROM {{t}} "
        f"WHERE {before} GROUP BY {_GROUP}, run_id"
    )
    ranked = (
        f"SELECT {_GROUP}, run_id, pages, row_number() OVER (PARTITION BY {_GROUP} "
        f"ORDER BY at DESC) AS place FROM ({asked}) AS asked"
    )
    found = ask(
        lake, "pages", f"SELECT {_GROUP}, run_id, pages FROM ({ranked}) AS ranked WHERE place = 1"
    )
    last: dict[_Asked, str] = {}
    runs: dict[str, set[str]] = {}
    for row in found:
        if len(mine.get((row["endpoint"], row["parent_id"]), ())) == row["pages"]:
            last[row["endpoint"], row["parent_id"]] = row["run_id"]
            runs.setdefault(row["endpoint"], set()).add(row["run_id"])
    if not runs:
        return {}
    of = " OR ".join(
        f"endpoint = {portable(endpoint)} AND run_id IN {portable_list(sorted(some))}"
        for endpoint, some in runs.items()
    )
    pages = ask(lake, "pages", f"SELECT {_PAGE} FROM {{t}} WHERE {before} AND ({of})")
    return _by_asked(
        page for page in pages if last.get((page["endpoint"], page["parent_id"])) == page["run_id"]
    )


def _all_known(lake: AccountLake, before: str, endpoint: str, rows: Sequence[Row]) -> bool:
    """Whether each record of an endpoint's pages is as it was last seen."""
    of = f"{before} AND endpoint = {portable(endpoint)}"
    whole = ask(
        lake,
        "pages",
        "SELECT parent_id, read_id, min(fetched_at) AS begun_at FROM {t} "
        f"WHERE {of} AND is_full_read GROUP BY parent_id, read_id",
    )
    since: dict[str | None, Row] = {}
    for read in whole:
        last = since.get(read["parent_id"])
        if last is None or last["begun_at"] < read["begun_at"]:
            since[read["parent_id"]] = read
    parents = {row["parent_id"] for row in rows}
    starts = [since[parent]["begun_at"] if parent in since else None for parent in parents]
    bounds = [of, "status = 200"]
    if all(starts):
        bounds.append(f"fetched_at >= {instant(min(start for start in starts if start))}")
    lows = [row["window_start"] for row in rows]
    if all(low and low >= _NAMED_SINCE for low in lows):
        # What was read of earlier times alone holds none of these records.
        low = f"(max_record_time IS NULL OR max_record_time >= {instant(min(lows))})"
        bounds.append(f"(is_full_read OR {low})")
    # None where it has not been seen.
    known: dict[tuple[str | None, bytes], bytes | None] = {
        (row["parent_id"], id): None for row in rows for id, _ in each_record(row["record_digests"])
    }
    columns = "parent_id, fetched_at, record_digests"
    seen = ask(lake, "pages", f"SELECT {columns} FROM {{t}} WHERE {' AND '.join(bounds)}")
    for page in sorted(seen, key=lambda page: page["fetched_at"]):
        begun = since.get(page["parent_id"])
        if page["parent_id"] in parents and not (begun and page["fetched_at"] < begun["begun_at"]):
            if page["record_digests"] is None:  # it may have said another thing of any of them
                return False
            for id, content in each_record(page["record_digests"]):
                if (page["parent_id"], id) in known:
                    known[page["parent_id"], id] = content
    return all(
        known.get((row["parent_id"], id)) == content
        for row in rows
        for id, content in each_record(row["record_digests"])
    )
