"""One run's pages into one silver table: what changes is found first, then written once."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from klaviyo_spark import enrich
from klaviyo_spark.bronze import complete_reads
from klaviyo_spark.judging import present_parents
from klaviyo_spark.lake import Lake
from klaviyo_spark.late import Days, late_arrivals
from klaviyo_spark.members import last_held
from klaviyo_spark.merge import Evidence, changes
from klaviyo_spark.quality import quarantined, with_broken
from klaviyo_spark.resources import ENDPOINTS, TABLES
from klaviyo_spark.settling import Settler
from klaviyo_spark.silver import keep_newest, project
from klaviyo_spark.spec import TableSpec

logger = logging.getLogger(__name__)

# Up to so many records, what changes is worked out once and held by the driver between finding and
# writing; beyond, Spark works it out again for the write.
_HELD_RECORDS = 3_000
_HELD_ROWS = 1_000
_WRITTEN = {"inserted": "new", "updated": "changed", "marked_deleted": "marked"}
_KINDS = {**_WRITTEN, "quarantined": "broken"}


@dataclass(frozen=True)
class Load:
    """What one table took in of one run: counts of rows, cells and records, and its wall time."""

    table: str
    run_id: str
    batch_ids: tuple[str, ...]
    inserted: int = 0
    updated: int = 0
    marked_deleted: int = 0
    nulled_cells: int = 0
    quarantined: int = 0
    seconds: float = 0.0

    @property
    def changed(self) -> bool:
        """Whether a row of the table was written."""
        return bool(self.inserted or self.updated or self.marked_deleted)


@dataclass(frozen=True)
class RunFacts:
    """What is known of a run before its tables are loaded.

    Args:
        unchanged: endpoints whose pages are, byte for byte, those of the run before.
        records: objects in ``data`` per endpoint.
        went_on_with: complete reads that an earlier run began; their pages of then count too.
    """

    run_id: str
    unchanged: frozenset[str]
    records: Mapping[str, int]
    went_on_with: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Loader:
    """Loads tables from the pages of one run.

    Args:
        begun: tables that have been loaded before.
        days_read: days of events that had been read whole before that run, per metric.
    """

    lake: Lake
    facts: RunFacts
    begun: frozenset[str]
    keep_event_properties: bool = True
    days_read: Days = ()

    def load(self, table: TableSpec, batch_ids: tuple[str, ...], first: Sequence[Load]) -> Load:
        """Take the run's batches into ``table``.

        Args:
            first: loads of this run that the table depends on. Where they changed nothing and the
                pages are those of the run before, there is no news here either.
        """
        started = time.monotonic()
        news = table.endpoints & self.facts.records.keys() - self.facts.unchanged
        if not news and not any(load.changed for load in first):
            return Load(table.name, self.facts.run_id, batch_ids)
        pages = self._pages(table, batch_ids)
        good = pages.where("status = 200")
        silver = {name: self.lake.silver(TABLES[name]) for name in _looked_at(table)}
        projected = project(good, table, silver)
        rows = keep_newest(with_broken(projected, table), table)
        rows = enrich.enrich(rows, table, silver)
        if not self.keep_event_properties and table.name == "events":
            rows = rows.withColumn("_event_properties", F.lit(None).cast("string"))
        current = self.lake.silver(table)
        if table.name not in self.begun and current.isEmpty():
            evidence = Evidence(
                answered_404=self._answered_404(table, pages),
                gone_parents=self._gone_parents(table),
            )
            counts = self._write(table, rows, current, evidence, None)
        else:
            if table.partition:
                current = current.where(_within(table, projected))
            reads = complete_reads(pages)
            evidence = Evidence(
                judged=self._judged(table, good, reads),
                answered_404=self._answered_404(table, pages),
                gone_parents=self._gone_parents(table),
            )
            counts = self._write(table, rows, current, evidence, reads)
            settler = Settler(self.lake, self.facts.run_id)
            counts["updated"] += settler.look_up(table, current)
            counts["inserted"] += settler.borrow(table)
        load = Load(
            table.name,
            self.facts.run_id,
            batch_ids,
            **counts,
            seconds=round(time.monotonic() - started, 3),
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

    def _pages(self, table: TableSpec, batch_ids: tuple[str, ...]) -> DataFrame:
        return (
            self.lake.pages()
            .where(F.col("resource").isin({ENDPOINTS[e].resource for e in table.endpoints}))
            .where(F.col("endpoint").isin(*table.endpoints))
            .where(
                F.col("batch_id").isin(*batch_ids) | F.col("read_id").isin(*self.facts.went_on_with)
            )
            .withColumn("_account_id", F.col("account_id"))
        )

    # -- writing --------------------------------------------------------------------------------

    def _write(
        self,
        table: TableSpec,
        rows: DataFrame,
        current: DataFrame,
        evidence: Evidence,
        reads: DataFrame | None,
    ) -> dict[str, int]:
        """Write what changes; ``reads`` None: the table is empty, so all of it is appended."""
        changed = changes(rows, current, table, evidence, self.facts.run_id)
        counts, days, held = self._tally(table, changed)
        if table.history and reads is not None and counts["marked_deleted"]:
            evidence = replace(evidence, held=last_held(self.lake.pages(), table, reads))
            changed = changes(rows, current, table, evidence, self.facts.run_id)
            held = None
        found = changed if held is None else self.lake.spark.createDataFrame(held)
        if any(counts[name] for name in _WRITTEN):
            # Before the write: what is new is found by looking at the table.
            self._note_late(table, found, counts["inserted"])
            fresh = found.where("change != 'broken'").drop("change", "nulled", "broken")
            if reads is None:
                self.lake.append(table, fresh)
            else:
                self.lake.merge(table, fresh, days)
        if counts["quarantined"]:
            self.lake.insert_quarantined(quarantined(found, table, self.facts.run_id))
        return counts

    def _note_late(self, table: TableSpec, found: DataFrame, inserted: int) -> None:
        if inserted and table.late_by and self.days_read:
            new = found.where("change = 'new'")
            late = late_arrivals(new, table, self.days_read)
            rows = late.withColumn("run_id", F.lit(self.facts.run_id))
            self.lake.append_to_ops("late_arrivals", rows)

    def _tally(
        self, table: TableSpec, changed: DataFrame
    ) -> tuple[dict[str, int], list[date | None], pa.Table | None]:
        """Counts of what changes, the days it falls into, and the rows where they are few."""
        if sum(self.facts.records.get(s.endpoint, 0) for s in table.sources) <= _HELD_RECORDS:
            held = changed.limit(_HELD_ROWS + 1).toArrow()
            if held.num_rows <= _HELD_ROWS:
                return _tally_held(table, held)
        day = F.col(table.partition.name) if table.partition else F.lit(None).cast("date")
        row = changed.agg(
            *[F.count_if(F.col("change") == kind).alias(name) for name, kind in _KINDS.items()],
            F.coalesce(F.sum("nulled"), F.lit(0)).alias("nulled_cells"),
            F.collect_set(day).alias("days"),
            F.count_if(day.isNull()).alias("dayless"),
        ).first()
        assert row is not None
        counts = row.asDict()
        days = counts.pop("days") + ([None] if counts.pop("dayless") else [])
        return counts, days, None

    # -- what the run proves --------------------------------------------------------------------

    def _judged(self, table: TableSpec, good: DataFrame, reads: DataFrame) -> DataFrame | None:
        """What this run's reads say about rows they do not hold."""
        judged: DataFrame | None = None
        for judge in table.judges:
            if judge.endpoint not in self.facts.records:
                continue
            if judge.whole:
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
        if not any(endpoint in self.facts.records for endpoint in table.gone_on_404):
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


def _looked_at(table: TableSpec) -> set[str]:
    """Tables whose rows this one takes something from."""
    names = {s.borrow.table for s in table.sources if s.borrow}
    for column in (*table.columns, *table.internal):
        names.update(enrich.NEEDS.get(column.lookup, ()))
    return names


def _within(table: TableSpec, rows: DataFrame) -> Any:
    """Only the days that the rows fall into: literals, since Delta prunes by nothing else."""
    assert table.partition
    day = F.col(table.partition.name)
    low, high = rows.agg(F.min(day), F.max(day)).first() or (None, None)
    if low is None:
        return day.isNull()
    return day.between(F.lit(low), F.lit(high)) | day.isNull()


def _tally_held(
    table: TableSpec, held: pa.Table
) -> tuple[dict[str, int], list[date | None], pa.Table]:
    kinds = held.column("change").to_pylist()
    counts = {name: kinds.count(kind) for name, kind in _KINDS.items()}
    counts["nulled_cells"] = pc.sum(held.column("nulled")).as_py() or 0
    days = set(held.column(table.partition.name).to_pylist()) if table.partition else set()
    return counts, list(days), held
