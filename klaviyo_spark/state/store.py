"""What the lake knows of earlier runs when a run begins: asked of Delta, given as plain values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from klaviyo_spark.clock import utc
from klaviyo_spark.errors import TableUnreadable
from klaviyo_spark.lake.arrow import frame
from klaviyo_spark.lake.delta_log import TableState, Write
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.lake.maintenance import set_property
from klaviyo_spark.lake.table_states import states_or_errors, table_states
from klaviyo_spark.resources import TABLES
from klaviyo_spark.schema.bookkeeping import columns_of
from klaviyo_spark.schema.endpoint import Endpoint, Members
from klaviyo_spark.state import bronze_queries, confirmation
from klaviyo_spark.state.confirmation import LoadNote
from klaviyo_spark.state.drift import Drift, LoadMark, drift, looked_at, writes_of
from klaviyo_spark.state.intervals import CoveredInterval, Range
from klaviyo_spark.state.models import Batch, LastRequest
from klaviyo_spark.state.resume_points import CompletedReads, ResumePoint
from klaviyo_spark.state.retention import PAGES_GONE, pages_gone, with_pages_gone
from klaviyo_spark.state.watermarks import (
    INGEST,
    RESUMED,
    WINDOW,
    KnownWatermarks,
    Watermark,
    index_watermarks,
)

# What was cut short longer ago is read anew: nobody waits a week to go on with a run.
_GO_ON_WITHIN = timedelta(days=8)
# What a mark of an ingest is of.
_OF_AN_INGEST = ["run_id", "endpoint"]


def read_watermarks(lake: Lake, account_id: str) -> KnownWatermarks:
    """What has been read of the account."""
    return index_watermarks(watermarks_of(lake, account_id))


def watermarks_of(lake: Lake, account_id: str) -> list[Watermark]:
    """All watermarks of the account that are of the bronze table that is there, in no order."""
    rows = _marks_of(lake, account_id).where(~F.col("kind").isin(INGEST, RESUMED))
    times = ("range_start", "range_end", "read_started_at")
    found = rows.select(
        "resource",
        "scope",
        "documented_name",
        "kind",
        "parent_digest",
        "run_id",
        "count_difference",
        *[F.unix_micros(name).alias(name) for name in times],
    )
    return [
        Watermark(
            row["resource"],
            row["scope"],
            row["documented_name"],
            row["kind"],
            _utc(row["range_start"]),
            utc(row["range_end"]),
            utc(row["read_started_at"]),
            row["parent_digest"],
            row["run_id"],
            row["count_difference"],
        )
        for row in found.collect()
    ]


def _marks_of(lake: Lake, account_id: str) -> DataFrame:
    """Marks of another bronze table speak of pages that are not there."""
    ours = F.col("bronze_id") == bronze_state(lake).table_id
    return lake.ops("watermarks").where(ours & (F.col("account_id") == account_id))


@dataclass(frozen=True)
class RecentLandings:
    """What runs have landed of an account in the last days.

    Args:
        newest: when the last page was fetched (UTC); None: there is none of these days.
        cut_short: walks that runs which were cut short have left to do, as far as they have landed.
    """

    newest: datetime | None = None
    cut_short: Sequence[ResumePoint] = ()


def landed_lately(lake: Lake, account_id: str, now: datetime) -> RecentLandings:
    """What the run that begins at ``now``, by Klaviyo's clock, comes after."""
    pages = _recent(lake, account_id, now)
    ended = _ended(lake, account_id)
    known = ended.select(*_OF_AN_INGEST, F.lit(True).alias("has_ended"))
    row = (
        pages.join(known, _OF_AN_INGEST, "left")
        .agg(
            F.unix_micros(F.max("fetched_at")).alias("newest"),
            F.bool_or(F.col("has_ended").isNull()).alias("any_left"),
        )
        .first()
    )
    if row is None or row["newest"] is None:
        return RecentLandings()
    left = _cut_short(lake, account_id, pages, ended) if row["any_left"] else []
    return RecentLandings(utc(row["newest"]), left)


def newest_page(lake: Lake, account_id: str, now: datetime) -> datetime | None:
    """When the last page of the account was fetched (UTC); None: none is of the last days."""
    newest = F.unix_micros(F.max("fetched_at")).alias("newest")
    row = _recent(lake, account_id, now).agg(newest).first()
    return _utc(row["newest"]) if row else None


def _ended(lake: Lake, account_id: str) -> DataFrame:
    """Runs with the endpoints that they came to the end of, whatever became of them in refine."""
    marks = _marks_of(lake, account_id).where(F.col("kind") == INGEST)
    return marks.select("run_id", "resource", F.col("scope").alias("endpoint"))


def _cut_short(
    lake: Lake, account_id: str, pages: DataFrame, ended: DataFrame
) -> list[ResumePoint]:
    """Walks of ``pages`` that no run has made up for which has ``ended``."""
    left = pages.join(ended, _OF_AN_INGEST, "left_anti").select("walk_id").distinct()
    found = bronze_queries.landed_walks(pages.join(left, "walk_id", "left_semi")).collect()
    times = ("read_started_at", "window_start", "window_end", "max_record_time")
    walks = [row.asDict() for row in found]
    landed = [
        ResumePoint(**{**walk, **{name: _utc(walk[name]) for name in times}}) for walk in walks
    ]
    marks = _marks_of(lake, account_id)
    ranges = (
        marks.where(F.col("kind") == WINDOW)
        .join(ended.select("run_id", "resource"), ["run_id", "resource"], "left_semi")
        .select(
            "resource",
            "scope",
            *[
                F.unix_micros(name).alias(name)
                for name in ("range_start", "range_end", "read_started_at")
            ],
        )
    )
    again = (
        pages.join(ended, _OF_AN_INGEST, "left_semi")
        .groupBy("endpoint", "parent_id", "is_full_read")
        .agg(F.unix_micros(F.max("read_started_at")).alias("at"))
    )
    gone_on_with = marks.where(F.col("kind") == RESUMED).select(F.col("scope").alias("walk_id"))
    done = CompletedReads(
        ranges=[
            (
                (row["resource"], row["scope"]),
                CoveredInterval(
                    Range(_utc(row["range_start"]), utc(row["range_end"])),
                    utc(row["read_started_at"]),
                ),
            )
            for row in ranges.collect()
        ],
        reads={
            (row["endpoint"], row["parent_id"], row["is_full_read"]): utc(row["at"])
            for row in again.collect()
        },
        gone_on_with={row["walk_id"] for row in gone_on_with.join(left, "walk_id").collect()},
    )  # fmt: skip
    return [walk for walk in landed if not done.supersedes(walk)]


def last_asked(
    lake: Lake, account_id: str, endpoints: Collection[str]
) -> dict[str, dict[str, LastRequest]]:
    """Per endpoint and parent's id: when it was last asked about, and what it was like."""
    pages = lake.pages().where(F.col("account_id") == account_id)
    asked: dict[str, dict[str, LastRequest]] = {name: {} for name in endpoints}
    for row in bronze_queries.last_asked(pages.where(F.col("endpoint").isin(*endpoints))).collect():
        asked[row["endpoint"]][row["parent_id"]] = LastRequest(row["version"], utc(row["at"]))
    return asked


def pages_read(lake: Lake, account_id: str, endpoint: Endpoint) -> int:
    """How many pages of an endpoint have landed in all; a 404 is none."""
    pages = lake.pages().where(F.col("account_id") == account_id)
    of_it = (F.col("resource") == endpoint.resource) & (F.col("endpoint") == endpoint.name)
    return pages.where(of_it & (F.col("status") == 200)).count()


def landed_bodies(
    lake: Lake, account_id: str, walks: Sequence[ResumePoint], now: datetime
) -> Iterator[tuple[ResumePoint, bytes]]:
    """Bodies of the pages of ``walks`` that have landed, one after the other."""
    by_id = {walk.walk_id: walk for walk in walks}
    pages = _recent(lake, account_id, now).where(F.col("walk_id").isin(*by_id))
    for row in pages.where("status = 200").select("walk_id", "body").toLocalIterator():
        yield by_id[row["walk_id"]], row["body"].encode()


def pages_gone_before(lake: Lake, account_id: str) -> dict[str, datetime]:
    """Per resource whose pages retention has taken away: those fetched before may be gone.

    Tables of such a resource cannot be made anew from bronze, which says so itself.
    """
    return pages_gone(bronze_state(lake).properties, account_id)


def note_pages_gone(lake: Lake, name: str, account_id: str, before: Mapping[str, datetime]) -> None:
    """Let the bronze table itself say which of its pages retention takes; see ``retention``."""
    value = with_pages_gone(bronze_state(lake).properties, account_id, before)
    set_property(lake, name, PAGES_GONE, value)


def bronze_state(lake: Lake, since: int | None = None, writes: Sequence[Write] = ()) -> TableState:
    """The bronze table as its log has it; one that is not there is made.

    Args:
        since: the version after which commits of others are looked at; None: at none.
        writes: those that are looked for.
    """
    lake.pages()
    states = table_states(lake, lake.place.bronze, {"pages": since}, {"pages": writes})
    return states["pages"]


def members_held(
    lake: Lake, account_id: str, members: Members, joined: Mapping[str, Collection[str]]
) -> tuple[dict[str, int], dict[str, int]]:
    """Per group: how many members silver holds, and how many of ``joined`` it does not.

    Args:
        joined: per group's id, ids of members that have just been read.
    """
    table = TABLES[members.table]
    group, member = table.key
    held = (
        lake.silver(table)
        .where(F.col("_account_id") == account_id)
        .where("_deleted_at IS NULL")
        .where(F.col(group).isin(*joined))
        .select(F.col(group).alias("id"), F.col(member).alias("member"))
    )
    ids = [(id, one) for id, some in joined.items() for one in some]
    read = frame(lake.spark, ids, id="string", member="string")
    return _count_per_id(held), _count_per_id(read.join(held, ["id", "member"], "left_anti"))


def loads_of(lake: Lake, account_id: str) -> DataFrame:
    """What has been refined of the account."""
    return lake.ops("table_loads").where(F.col("account_id") == account_id)


def unconfirmed(lake: Lake, account_id: str) -> dict[str, str]:
    """Per table with a complete read that this run is to confirm: the run that made it."""
    return confirmation.unconfirmed(load_notes(lake, account_id))


def load_notes(lake: Lake, account_id: str) -> list[LoadNote]:
    """Loads of the account, of tables that have ever had a read to be confirmed; mostly none."""
    loads = loads_of(lake, account_id)
    ever = loads.where("unconfirmed_run_id IS NOT NULL").select("table_name").distinct().collect()
    if not ever:
        return []
    at = F.unix_micros("loaded_at").alias("loaded_at")
    rows = loads.where(F.col("table_name").isin(*(row[0] for row in ever)))
    found = rows.select("table_name", "run_id", at, "unconfirmed_run_id").collect()
    return [LoadNote(*row) for row in found]


def read_drift(lake: Lake, account_id: str, tables: Iterable[str]) -> Drift:
    """How ``tables`` stand beside what the account's loads left of them, in one query."""
    several = {name: F.flatten(F.collect_list(name)) for name in ("batch_ids", "foreign_commits")}
    wrote = F.expr("inserted + updated + soft_deleted > 0")
    found = (
        loads_of(lake, account_id)
        .groupBy("table_name", "table_id")
        .agg(
            F.max("table_version").alias("version"),
            F.max(F.when(wrote, F.struct("table_version", "refine_run_id"))).alias("written"),
            *[F.array_distinct(values).alias(name) for name, values in several.items()],
        )
        .collect()
    )
    names = set(tables)
    loaded = [
        LoadMark(
            row["table_name"],
            row["table_id"],
            row["version"],
            frozenset(row["batch_ids"]),
            frozenset(row["foreign_commits"]),
            _write(row["written"]),
        )
        for row in found
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


def _write(row: Row | None) -> Write | None:
    if row is None or row["table_version"] is None:
        return None
    return Write(row["table_version"], row["refine_run_id"] or "")


def accounts_of(lake: Lake, tables: Collection[str]) -> frozenset[str]:
    """Accounts with loads into any of ``tables``."""
    loads = lake.ops("table_loads").where(F.col("table_name").isin(*tables))
    return frozenset(row["account_id"] for row in loads.select("account_id").distinct().collect())


def forget_loads(lake: Lake, account_id: str, tables: Iterable[str]) -> None:
    """Take back what is written down of loads into ``tables``: their pages are to be loaded."""
    of = [(account_id, name) for name in sorted(tables)]
    keys = frame(lake.spark, of, account_id="string", table_name="string")
    lake.delete_ops("table_loads", keys, ("account_id", "table_name"))


def landed_batches(lake: Lake) -> list[Batch]:
    """All batches in bronze of the account that sees the lake, in one query."""
    found = (
        lake.pages()
        .groupBy("batch_id", "run_id", "endpoint")
        .agg(F.min("fetched_at").alias("first_fetched"))
    )
    return [Batch(**row.asDict()) for row in found.collect()]


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
    said = (
        loads_of(lake, account_id)
        .where("inserted + updated > 0")
        .select("table_name", F.coalesce("personal_data_policy", F.lit("")).alias("said"))
        .distinct()
        .collect()
    )
    found = {row["table_name"] for row in said if row["said"] != now.get(row["table_name"])}
    return [name for name in now if name in found]


def _count_per_id(rows: DataFrame) -> dict[str, int]:
    return {row["id"]: row["count"] for row in rows.groupBy("id").count().collect()}


def _recent(lake: Lake, account_id: str, now: datetime) -> DataFrame:
    since = (now - _GO_ON_WITHIN).date()
    mine = F.col("account_id") == account_id
    return lake.pages().where(mine & (F.col("ingest_date") >= F.lit(since)))


def _utc(micros: Any) -> datetime | None:
    return None if micros is None else utc(micros)
