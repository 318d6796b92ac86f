"""Bronze to silver: which pages each table has not taken in yet, and taking them in.

Runs are refined one after the other in the order they were fetched, so that silver comes out the
same however often and however late it is made.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from typing import Any

from pyspark.sql import DataFrame, Observation
from pyspark.sql import functions as F

from klaviyo_spark import enrich
from klaviyo_spark.bronze import complete_reads
from klaviyo_spark.lake import Lake
from klaviyo_spark.members import last_held
from klaviyo_spark.merge import Evidence, changes
from klaviyo_spark.quality import quarantined, without_key
from klaviyo_spark.resources import ENDPOINTS, TABLES
from klaviyo_spark.silver import keep_newest, present_parents, project
from klaviyo_spark.spec import TableSpec

logger = logging.getLogger(__name__)

# Small tables cost two or three seconds each on two cores: four side by side fill the gaps.
_SIDE_BY_SIDE = 4


@dataclass(frozen=True)
class Load:
    """What one table took in: counts of rows, cells and records, and how long it took."""

    table: str
    inserted: int = 0
    updated: int = 0
    marked_deleted: int = 0
    nulled_cells: int = 0
    quarantined: int = 0
    seconds: float = 0.0
    run_id: str = ""
    batch_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Batch:
    """One append to bronze, as far as one endpoint is concerned."""

    batch_id: str
    run_id: str
    endpoint: str
    first_fetched: datetime


@dataclass(frozen=True)
class Group:
    """The pages of one run that a table takes in together."""

    run_id: str
    batch_ids: tuple[str, ...]


def pending(batches: Sequence[Batch], refined: set[str], endpoints: frozenset[str]) -> list[Group]:
    """Runs that a table still has to take in, oldest first.

    A batch older than one already refined makes all later ones pending again: newest wins only
    where the order is kept.
    """
    mine = sorted(
        (b for b in batches if b.endpoint in endpoints), key=lambda b: (b.first_fetched, b.batch_id)
    )
    new = [b for b in mine if b.batch_id not in refined]
    if not new:
        return []
    first = min(b.first_fetched for b in new)
    runs: dict[str, dict[str, None]] = {}
    for batch in mine:
        if batch.batch_id not in refined or batch.first_fetched >= first:
            runs.setdefault(batch.run_id, {})[batch.batch_id] = None
    return [Group(run_id, tuple(ids)) for run_id, ids in runs.items()]


def refine(
    lake: Lake,
    account_id: str,
    resources: Sequence[str],
    *,
    keep_event_properties: bool = True,
) -> list[Load]:
    """Take all landed pages of ``resources`` into silver that it has not taken in yet.

    Returns:
        One load per table that had news, zero counts included.
    """
    tables = [t for t in TABLES.values() if t.resource in resources]
    batches = _batches(lake, account_id)
    refined = _refined(lake)
    due = {t.name: pending(batches, refined.get(t.name, set()), t.endpoints) for t in tables}
    job = _Job(lake, account_id, keep_event_properties)
    with ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="refine") as pool:
        running: dict[str, Future[list[Load]]] = {}
        for table in in_order(tables):
            first = [running[name] for name in depends_on(table) if name in running]
            running[table.name] = pool.submit(job.table, table, due[table.name], first)
        loads = [load for future in running.values() for load in future.result()]
    if loads:
        now = datetime.now(timezone.utc)
        lake.append_ops("table_loads", [_as_row(load, now) for load in loads])
    return loads


def depends_on(table: TableSpec) -> tuple[str, ...]:
    """Tables that must be up to date before this one: parents, and those it looks things up in."""
    names = [table.parent.table] if table.parent else []
    names += [s.borrow.table for s in table.sources if s.borrow]
    for column in (*table.columns, *table.internal):
        names += enrich.NEEDS.get(column.lookup, ())
    return tuple(dict.fromkeys(n for n in names if n != table.name))


def in_order(tables: Sequence[TableSpec]) -> list[TableSpec]:
    """Tables so that each comes after those it depends on; profiles, the longest, begin."""
    left = {t.name: t for t in sorted(tables, key=lambda t: t.resource != "profiles")}
    done: list[TableSpec] = []
    while left:
        ready = [t for t in left.values() if not any(n in left for n in depends_on(t))]
        done += ready
        for table in ready:
            del left[table.name]
    return done


@dataclass(frozen=True)
class _Job:
    lake: Lake
    account_id: str
    keep_event_properties: bool
    _parents: dict[str, DataFrame | None] = field(default_factory=dict)

    def table(
        self, table: TableSpec, groups: list[Group], first: list[Future[list[Load]]]
    ) -> list[Load]:
        """Refine one table, once those it depends on are done."""
        for other in first:
            other.result()
        self.lake.silver(table)  # all tables are there, also those without a row
        return [self._group(table, group) for group in groups]

    def _group(self, table: TableSpec, group: Group) -> Load:
        started = time.monotonic()
        pages = (
            self.lake.pages()
            .where(F.col("resource").isin({ENDPOINTS[e].resource for e in table.endpoints}))
            .where(F.col("endpoint").isin(*table.endpoints))
            .where(F.col("batch_id").isin(*group.batch_ids))
            .withColumn("_account_id", F.col("account_id"))
        )
        good = pages.where("status = 200")
        silver = {n: self.lake.silver(TABLES[n]) for n in (*depends_on(table), table.name)}
        projected = project(good, table, silver)
        rows = keep_newest(projected.where(~without_key(table)), table)
        rows = enrich.enrich(rows, table, silver)
        if not self.keep_event_properties and table.name == "events":
            rows = rows.withColumn("_event_properties", F.lit(None).cast("string"))
        current = self.lake.silver(table)
        if current.isEmpty():
            counts = self._first_load(table, rows, group)
        else:
            if table.partition:
                current = current.where(_within(table, projected))
            counts = self._merge(table, rows, current, pages, good, group)
        bad = quarantined(projected, table, group.run_id)
        quarantined_count = bad.count()
        if quarantined_count:
            self.lake.insert_quarantined(bad)
        load = Load(
            table.name,
            **counts,
            quarantined=quarantined_count,
            seconds=round(time.monotonic() - started, 3),
            run_id=group.run_id,
            batch_ids=group.batch_ids,
        )
        logger.info(
            "refined klaviyo_v2.%s: new=%d changed=%d marked=%d nulled=%d quarantined=%d s=%.1f",
            load.table,
            load.inserted,
            load.updated,
            load.marked_deleted,
            load.nulled_cells,
            load.quarantined,
            load.seconds,
        )
        return load

    def _first_load(self, table: TableSpec, rows: DataFrame, group: Group) -> dict[str, int]:
        evidence = Evidence(gone_parents=self._gone_parents(table))
        fresh = changes(rows, self.lake.silver(table), table, evidence, group.run_id)
        seen = Observation()
        watched = fresh.observe(
            seen, F.count(F.lit(1)).alias("rows"), F.sum("nulled").alias("nulled")
        )
        self.lake.append(table, watched.drop("change", "nulled"))
        got = seen.get
        return {"inserted": got["rows"] or 0, "nulled_cells": got["nulled"] or 0}

    def _merge(
        self,
        table: TableSpec,
        rows: DataFrame,
        current: DataFrame,
        pages: DataFrame,
        good: DataFrame,
        group: Group,
    ) -> dict[str, int]:
        reads = complete_reads(pages)
        evidence = Evidence(
            judged=self._judged(table, good, reads),
            answered_404=self._answered_404(table, pages),
            gone_parents=self._gone_parents(table),
        )
        changed = changes(rows, current, table, evidence, group.run_id)
        counts, days = _tally(changed, table)
        if table.history and counts["marked_deleted"]:
            held = last_held(self.lake.pages(), table, reads)
            changed = changes(
                rows,
                current,
                table,
                Evidence(evidence.judged, evidence.answered_404, evidence.gone_parents, held),
                group.run_id,
            )
        if counts["inserted"] or counts["updated"] or counts["marked_deleted"]:
            self.lake.merge(table, changed.drop("change", "nulled"), days)
        return counts

    def _judged(self, table: TableSpec, good: DataFrame, reads: DataFrame) -> DataFrame | None:
        """What this run's reads say about rows they do not hold."""
        complete = {row["endpoint"] for row in reads.select("endpoint").distinct().collect()}
        judged: DataFrame | None = None
        for judge in table.judges:
            if judge.whole:
                if judge.endpoint not in complete:
                    continue
                facts = reads.where(F.col("endpoint") == judge.endpoint).select(
                    F.col("account_id").alias("_account_id"),
                    F.col("parent_id").alias("parent_key"),
                    "started_at",
                    "judged_at",
                )
            else:
                facts = present_parents(good, judge).select(
                    "_account_id",
                    "parent_key",
                    F.col("judged_at").alias("started_at"),
                    "judged_at",
                )
            judged = facts if judged is None else judged.union(facts)
        if judged is None:
            return None
        return judged.groupBy("_account_id", "parent_key").agg(
            F.max("started_at").alias("started_at"), F.max("judged_at").alias("judged_at")
        )

    def _answered_404(self, table: TableSpec, pages: DataFrame) -> DataFrame | None:
        if not table.gone_on_404:
            return None
        gone = pages.where((F.col("status") == 404) & F.col("endpoint").isin(*table.gone_on_404))
        return gone.groupBy("_account_id", F.col("parent_id").alias("row_id")).agg(
            F.max("fetched_at").alias("gone_at")
        )

    def _gone_parents(self, table: TableSpec) -> DataFrame | None:
        if not table.parent:
            return None
        parent = TABLES[table.parent.table]
        gone = self.lake.silver(parent).where("_deleted_at is not null")
        return gone.select(
            "_account_id",
            F.col(parent.key[0]).alias("parent_key"),
            F.col("_deleted_at").alias("parent_deleted_at"),
        )


def _within(table: TableSpec, rows: DataFrame) -> Any:
    """Only the days that the rows fall into: literals, since Delta prunes by nothing else."""
    assert table.partition
    day = F.col(table.partition.name)
    low, high = rows.agg(F.min(day), F.max(day)).first() or (None, None)
    if low is None:
        return day.isNull()
    return day.between(F.lit(low), F.lit(high)) | day.isNull()


def _tally(changed: DataFrame, table: TableSpec) -> tuple[dict[str, int], list[date | None]]:
    """Counts of what would change, and the days it falls into."""
    kinds = {"inserted": "new", "updated": "changed", "marked_deleted": "marked"}
    day = F.col(table.partition.name) if table.partition else F.lit(None).cast("date")
    row = changed.agg(
        *[F.count_if(F.col("change") == kind).alias(name) for name, kind in kinds.items()],
        F.coalesce(F.sum("nulled"), F.lit(0)).alias("nulled_cells"),
        F.collect_set(day).alias("days"),
        F.count_if(day.isNull()).alias("dayless"),
    ).first()
    assert row is not None
    counts = row.asDict()
    days = counts.pop("days") + ([None] if counts.pop("dayless") else [])
    return counts, days


def _batches(lake: Lake, account_id: str) -> list[Batch]:
    found = (
        lake.pages()
        .where(F.col("account_id") == account_id)
        .groupBy("batch_id", "run_id", "endpoint")
        .agg(F.min("fetched_at").alias("first_fetched"))
    )
    return [Batch(**row.asDict()) for row in found.collect()]


def _refined(lake: Lake) -> dict[str, set[str]]:
    loads = lake.ops("table_loads").select("table_name", F.explode("batch_ids").alias("batch_id"))
    done = loads.groupBy("table_name").agg(F.collect_set("batch_id").alias("batch_ids"))
    return {row.table_name: set(row.batch_ids) for row in done.collect()}


def _as_row(load: Load, now: datetime) -> dict[str, Any]:
    row = {**vars(load), "table_name": load.table, "loaded_at": now}
    return {**row, "batch_ids": list(load.batch_ids)}
