"""What the ledgers know of earlier runs when a run begins, as plain values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from klaviyo_spark.errors import TableUnreadable
from klaviyo_spark.lake.delta_log import TableState, Write
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.lake.maintenance import set_property
from klaviyo_spark.lake.readers.opening import ask
from klaviyo_spark.lake.table_states import states_or_errors
from klaviyo_spark.resources import TABLES
from klaviyo_spark.schema.bookkeeping import columns_of
from klaviyo_spark.schema.endpoint import Members
from klaviyo_spark.schema.sql_text import portable, portable_list
from klaviyo_spark.state import confirmation
from klaviyo_spark.state.confirmation import LoadNote
from klaviyo_spark.state.drift import Drift, LoadMark, drift, looked_at, writes_of
from klaviyo_spark.state.landings import bronze_state, landed_batches
from klaviyo_spark.state.retention import PAGES_GONE, pages_gone, with_pages_gone
from klaviyo_spark.state.watermarks import (
    INGEST,
    RESUMED,
    WINDOW,
    KnownWatermarks,
    Watermark,
    index_watermarks,
    marks_sql,
)

# Ids that one query names.
_IDS_A_QUERY = 1_000


def read_watermarks(lake: Lake, account_id: str) -> KnownWatermarks:
    """What has been read of the account."""
    return index_watermarks(watermarks_of(lake, account_id))


def watermarks_of(lake: Lake, account_id: str) -> list[Watermark]:
    """All watermarks of the account that are of the bronze table that is there, in no order."""
    rows = ask(
        lake,
        "watermarks",
        "SELECT resource, scope, documented_name, kind, range_start, range_end, read_started_at, "
        "parent_digest, run_id, count_difference FROM {t} "
        f"WHERE {marks_sql(account_id, bronze_state(lake).table_id)} "
        f"AND kind NOT IN {portable_list((INGEST, RESUMED))}",
    )
    return [Watermark(*row.values()) for row in rows]


def metrics_read(lake: Lake) -> dict[str, frozenset[str]]:
    """Per account, ids of metrics whose events its runs have read, whatever became of the pages."""
    rows = ask(
        lake,
        "watermarks",
        "SELECT DISTINCT account_id, scope FROM {t} "
        f"WHERE resource = 'events' AND kind = {portable(WINDOW)}",
    )
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row["account_id"], set()).add(row["scope"])
    return {account_id: frozenset(ids) for account_id, ids in found.items()}


def pages_gone_before(lake: Lake, account_id: str) -> dict[str, datetime]:
    """Per resource whose pages retention has taken away: those fetched before may be gone.

    Tables of such a resource cannot be made anew from bronze, which says so itself.
    """
    return pages_gone(bronze_state(lake).properties, account_id)


def note_pages_gone(lake: Lake, name: str, account_id: str, before: Mapping[str, datetime]) -> None:
    """Let the bronze table itself say which of its pages retention takes; see ``retention``."""
    value = with_pages_gone(bronze_state(lake).properties, account_id, before)
    set_property(lake, name, PAGES_GONE, value)


def members_held(
    lake: Lake, account_id: str, members: Members, joined: Mapping[str, Collection[str]]
) -> tuple[dict[str, int], dict[str, int]]:
    """Per group: how many members silver holds, and how many of ``joined`` it does not.

    Args:
        joined: per group's id, ids of members that have just been read.
    """
    table = TABLES[members.table]
    group, member = table.key
    ours = (
        f"_account_id = {portable(account_id)} AND _deleted_at IS NULL "
        f"AND {group} IN {portable_list(joined)}"
    )
    counts = ask(
        lake,
        members.table,
        f"SELECT {group} AS id, count(*) AS n FROM {{t}} WHERE {ours} GROUP BY {group}",
    )
    wanted = sorted({id for ids in joined.values() for id in ids})
    held: set[tuple[str, str]] = set()
    for begin in range(0, len(wanted), _IDS_A_QUERY):
        some = portable_list(wanted[begin : begin + _IDS_A_QUERY])
        rows = ask(
            lake,
            members.table,
            f"SELECT {group} AS id, {member} AS member FROM {{t}} WHERE {ours} "
            f"AND {member} IN {some}",
        )
        held |= {(row["id"], row["member"]) for row in rows}
    new = {id: sum((id, one) not in held for one in ids) for id, ids in joined.items()}
    return {row["id"]: row["n"] for row in counts}, {id: n for id, n in new.items() if n}


def unconfirmed(lake: Lake, account_id: str) -> dict[str, str]:
    """Per table with a complete read that this run is to confirm: the run that made it."""
    return confirmation.unconfirmed(load_notes(lake, account_id))


def load_notes(lake: Lake, account_id: str) -> list[LoadNote]:
    """Loads of the account, of tables that have ever had a read to be confirmed; mostly none."""
    mine = f"account_id = {portable(account_id)}"
    ever = "SELECT table_name FROM {t} WHERE unconfirmed_run_id IS NOT NULL"
    rows = ask(
        lake,
        "table_loads",
        "SELECT table_name, run_id, loaded_at, unconfirmed_run_id FROM {t} "
        f"WHERE {mine} AND table_name IN ({ever} AND {mine})",
    )
    return [LoadNote(*row.values()) for row in rows]


def read_drift(lake: Lake, account_id: str, tables: Iterable[str]) -> Drift:
    """How ``tables`` stand beside what the account's loads left of them."""
    mine = f"account_id = {portable(account_id)}"
    of_table = "table_name, table_id"
    rows = ask(
        lake,
        "table_loads",
        f"SELECT {of_table}, max(table_version) AS version, array_agg(batch_ids) AS batch_ids, "
        "array_agg(foreign_commits) AS foreign_commits "
        f"FROM {{t}} WHERE {mine} GROUP BY {of_table}",
    )
    written = ask(
        lake,
        "table_loads",
        f"SELECT {of_table}, table_version, refine_run_id FROM (SELECT {of_table}, table_version, "
        f"refine_run_id, row_number() OVER (PARTITION BY {of_table} ORDER BY table_version DESC, "
        f"refine_run_id DESC NULLS LAST) AS place FROM {{t}} WHERE {mine} "
        "AND table_version IS NOT NULL AND inserted + updated + soft_deleted > 0) AS written "
        "WHERE place = 1",
    )
    writes = {
        (row["table_name"], row["table_id"]): Write(
            row["table_version"], row["refine_run_id"] or ""
        )
        for row in written
    }
    names = set(tables)
    loaded = [
        LoadMark(
            row["table_name"],
            row["table_id"],
            row["version"],
            _all_of(row["batch_ids"]),
            _all_of(row["foreign_commits"]),
            writes.get((row["table_name"], row["table_id"])),
        )
        for row in rows
        if row["table_name"] in names
    ]
    states: dict[str, TableState] = {}
    unreadable: dict[str, str] = {}
    found_states = _states_or_errors(lake, looked_at(loaded, names), writes_of(loaded))
    for name, state in found_states.items():
        if isinstance(state, TableUnreadable):
            unreadable[name] = str(state)
        else:
            states[name] = state
    return drift(loaded, states, unreadable)


def _all_of(lists: Iterable[Iterable[str] | None]) -> frozenset[str]:
    return frozenset(one for some in lists for one in some or ())


def accounts_of(lake: Lake, tables: Collection[str]) -> frozenset[str]:
    """Accounts with loads into any of ``tables``."""
    rows = ask(
        lake,
        "table_loads",
        f"SELECT DISTINCT account_id FROM {{t}} WHERE table_name IN {portable_list(tables)}",
    )
    return frozenset(row["account_id"] for row in rows)


def forget_loads(lake: Lake, account_id: str, tables: Iterable[str]) -> None:
    """Take back what is written down of loads into ``tables``: their pages are to be loaded."""
    of = f"account_id = {portable(account_id)} AND table_name IN {portable_list(sorted(tables))}"
    lake.delete_ops("table_loads", of)


def pages_lost(lake: Lake, account_id: str, tables: Iterable[str]) -> frozenset[str]:
    """Those of ``tables`` that are there and hold rows whose pages bronze no longer has."""
    lake = lake.for_account(account_id)
    there = landed_batches(lake)
    of = {
        name: {batch.batch_id for batch in there if batch.endpoint in TABLES[name].endpoints}
        for name in tables
    }
    held = read_drift(lake, account_id, of).batch_ids
    return frozenset(name for name, batch_ids in held.items() if not batch_ids <= of[name])


def silver_states(lake: Lake, since: Mapping[str, int | None]) -> dict[str, TableState]:
    """The silver tables of ``since`` that are there, as their logs have them.

    Raises:
        TableUnreadable: a table's log is damaged.
    """
    states: dict[str, TableState] = {}
    for name, state in _states_or_errors(lake, since, {}).items():
        if isinstance(state, TableUnreadable):
            raise state
        states[name] = state
    return states


def _states_or_errors(
    lake: Lake, since: Mapping[str, int | None], writes: Mapping[str, Sequence[Write]]
) -> dict[str, TableState | TableUnreadable]:
    schemas: dict[str, dict[str, int | None]] = {}
    for name, version in since.items():
        schemas.setdefault(lake.silver_schema(name), {})[name] = version
    found: dict[str, TableState | TableUnreadable] = {}
    for schema, some in schemas.items():
        found |= states_or_errors(lake, schema, some, writes)
    return found


def tables_of_other_policy(lake: Lake, account_id: str, resources: Collection[str]) -> list[str]:
    """Tables with rows of the account that show personal data in another way than is said now.

    A load says how it showed what it wrote; a rebuild replaces all loads of a table.
    """
    now = {
        name: lake.personal.policy_text(columns_of(table)) or ""
        for name, table in TABLES.items()
        if table.resource in resources
    }
    said = ask(
        lake,
        "table_loads",
        "SELECT DISTINCT table_name, coalesce(personal_data_policy, '') AS said FROM {t} "
        f"WHERE account_id = {portable(account_id)} AND inserted + updated > 0",
    )
    found = {row["table_name"] for row in said if row["said"] != now.get(row["table_name"])}
    return [name for name in now if name in found]
