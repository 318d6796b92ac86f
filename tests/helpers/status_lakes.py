"""Lakes as runs leave them, written by delta-rs: quick, and without Spark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, write_deltalake

from klaviyo_spark.lake.commit_tag import TAG, option
from klaviyo_spark.lake.table_format import PROPERTIES
from klaviyo_spark.schema import ops_tables
from tests.builders import DAY, HOUR

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=timezone.utc)

_TYPES = {
    "string": pa.string(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "array<string>": pa.list_(pa.string()),
}
_DELETED = ("_deleted_at", "timestamp", "")
# Of silver only what is looked at.
SILVER = {
    "events": (
        ("_account_id", "string", ""),
        ("id", "string", ""),
        ("event_datetime", "timestamp", ""),
        ("event_date", "date", ""),
        _DELETED,
    ),
    "lists": (("_account_id", "string", ""), ("list_id", "string", ""), _DELETED),
    "profiles": (("_account_id", "string", ""), ("id", "string", ""), _DELETED),
    "segments": (("_account_id", "string", ""), ("segment_id", "string", ""), _DELETED),
    "tags": (("_account_id", "string", ""), ("tag_id", "string", ""), _DELETED),
}
BRONZE = {"pages": (("body", "string", ""),)}
OPS = {name: columns for name, (_, columns) in ops_tables.TABLES.items()}


def put(folder: Path, schema: str, table: str, *rows: Mapping[str, Any]) -> None:
    """Append ``rows`` to a table of a lake; columns that a row does not name are NULL."""
    shape = {"klaviyo_bronze": BRONZE, "klaviyo_v2": SILVER, "klaviyo_ops": OPS}[schema][table]
    arrow = pa.schema([(name, _TYPES[type]) for name, type, _ in shape])
    unknown = {name for row in rows for name in row} - set(arrow.names)
    assert not unknown, f"no such columns of {table}: {unknown}"
    if table == "table_loads":
        rows = tuple({**_table_of(folder, row["table_name"]), **row} for row in rows)
    if table == "watermarks":
        rows = tuple({"bronze_id": id_of(folder, "klaviyo_bronze", "pages"), **row} for row in rows)
    data = pa.Table.from_pylist([dict(row) for row in rows], schema=arrow)
    ours = CommitProperties(custom_metadata=option(TAG))
    place = str(folder / f"{schema}.db" / table)
    create_empty(place, arrow)
    write_deltalake(place, data, mode="append", commit_properties=ours)


def create_empty(place: str | Path, schema: pa.Schema, partitions: Sequence[str] = ()) -> None:
    """Create a table of this version's format, unless one is there."""
    DeltaTable.create(
        place,
        schema,
        mode="ignore",
        partition_by=list(partitions),
        configuration=PROPERTIES,
        raise_if_key_not_exists=False,
    )


def _table_of(folder: Path, table: str) -> dict[str, Any]:
    """Which table a load went to, as it says itself; none where it is not there."""
    table_id = id_of(folder, "klaviyo_v2", table)
    return {"table_id": table_id, "table_version": 0} if table_id else {}


def id_of(folder: Path, schema: str, table: str) -> str | None:
    """Delta's id of a table of a lake, if it is there."""
    place = str(folder / f"{schema}.db" / table)
    return str(DeltaTable(place).metadata().id) if DeltaTable.is_deltatable(place) else None


def a_run(run_id: str = "r1", began: datetime = NOON, **facts: Any) -> dict[str, Any]:
    """A sync of 26 pages that took a minute and went well."""
    return {
        "run_id": run_id,
        "account_id": "default",
        "command": "sync",
        "started_at": began,
        "finished_at": began + timedelta(minutes=1),
        "exit_code": 0,
        "requests": 30,
        "retries": 0,
        "pages": 26,
        "bytes": 1000,
        "errors": [],
        "warnings": [],
        **facts,
    }


def a_load(table: str, run_id: str = "r1", at: datetime = NOON + HOUR) -> dict[str, Any]:
    """That a table took a run in."""
    return {
        "run_id": run_id,
        "account_id": "default",
        "table_name": table,
        "batch_ids": ["b"],
        "loaded_at": at,
    }


def a_mark(resource: str, scope: str | None, end: datetime, **facts: Any) -> dict[str, Any]:
    """A range read by r1."""
    return {
        "account_id": "default",
        "resource": resource,
        "scope": scope,
        "documented_name": None,
        "kind": "window",
        "range_end": end,
        "read_started_at": end,
        "run_id": "r1",
        **facts,
    }


def a_step(start: datetime, of: tuple[datetime, datetime], run_id: str = "r1") -> dict[str, Any]:
    """A finished step of a backfill of events."""
    return {
        "account_id": "default",
        "backfill_id": "b1",
        "resources": ["events"],
        "range_start": of[0],
        "range_end": of[1],
        "step_start": start,
        "step_end": start + 90 * DAY,
        "run_id": run_id,
        "finished_at": NOON + timedelta(minutes=10),
    }


def an_event(id: str, at: datetime, account: str = "default") -> dict[str, Any]:
    """An event as far as a status looks."""
    return {"_account_id": account, "id": id, "event_datetime": at, "event_date": at.date()}


def a_lake(folder: Path) -> Path:
    """A lake of two accounts in which everything that a status tells has happened."""
    rows: Sequence[tuple[str, str, tuple[Mapping[str, Any], ...]]] = (
        ("klaviyo_bronze", "pages", ({"body": "{}"}, {"body": "{}"})),
        (
            "klaviyo_v2",
            "events",
            (
                an_event("E1", NOON - DAY),
                an_event("E2", NOON),
                {"_account_id": "default", "id": "E3"},
                an_event("E1", NOON - HOUR, "other"),
            ),
        ),
        (
            "klaviyo_v2",
            "lists",
            (
                {"_account_id": "default", "list_id": "L1"},
                {"_account_id": "default", "list_id": "L2"},
                {"_account_id": "default", "list_id": "gone", "_deleted_at": NOON},
                {"_account_id": "other", "list_id": "L9"},
            ),
        ),
        ("klaviyo_v2", "tags", ({"_account_id": "default", "tag_id": "T1"},)),
        (
            "klaviyo_ops",
            "runs",
            (
                a_run("r1"),
                a_run("r2", NOON + HOUR, exit_code=3, errors=["lists: no scope"], pages=7),
                a_run("o1", NOON + 2 * HOUR, account_id="other"),
            ),
        ),
        ("klaviyo_ops", "table_loads", (a_load("events"), a_load("lists"), a_load("tags"))),
        (
            "klaviyo_ops",
            "watermarks",
            (
                a_mark("events", "M1", NOON - HOUR, documented_name="opened email"),
                a_mark("events", "M2", NOON - 9 * DAY, documented_name="clicked email"),
                a_mark("lists", "L1", NOON - 2 * DAY, kind="full_read"),
                a_mark("lists", "gone", NOON - 20 * DAY, kind="full_read"),
                a_mark("lists", "L1", NOON, kind="member_count"),
            ),
        ),
        (
            "klaviyo_ops",
            "late_arrivals",
            (
                {
                    "_account_id": "default",
                    "event_date": (NOON - 3 * DAY).date(),
                    "late_row_count": 5,
                    "run_id": "r1",
                },
                {
                    "_account_id": "default",
                    "event_date": (NOON - DAY).date(),
                    "late_row_count": 2,
                    "run_id": "r2",
                },
            ),
        ),
        (
            "klaviyo_ops",
            "quarantine",
            ({"_account_id": "default", "table_name": "tags", "violation": "key", "record": "{}"},),
        ),
        ("klaviyo_ops", "orphaned_flows", ({"_account_id": "default", "flow_id": "F1"},)),
        (
            "klaviyo_ops",
            "backfills",
            (a_step(NOON - 360 * DAY, (NOON - 360 * DAY, NOON - 90 * DAY)),),
        ),
    )
    for schema, table, some in rows:
        put(folder, schema, table, *some)
    return folder
