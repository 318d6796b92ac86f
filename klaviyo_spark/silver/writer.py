"""What changes in a table, counted and written once. ``changes`` has the kinds of change.

It is long, since each count is stated twice: for rows that the driver holds, and for Spark.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from itertools import chain
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame, Observation
from pyspark.sql import functions as F

from klaviyo_spark.errors import CheckFailed, TableUnreadable
from klaviyo_spark.lake.arrow import frame_of
from klaviyo_spark.lake.lake import AccountLake, Merged
from klaviyo_spark.schema.checks import LEFT_OUT, RIVALS, Severity
from klaviyo_spark.schema.table import TableSpec
from klaviyo_spark.silver.deferred_lookups import rows_written_by
from klaviyo_spark.silver.late_arrivals import Days, late_arrivals
from klaviyo_spark.silver.quality import check_line, count_checks, notes, quarantined
from klaviyo_spark.silver.run_facts import DaySpan, RunFacts

# Up to so many records, what changes is worked out once and held by the driver between finding and
# writing, if it is not more rows than that; beyond, Spark works it out again for the write.
HELD_RECORDS = 10_000
_HELD_ROWS = 6_000
_WRITTEN = {"inserted": "new", "updated": "changed", "soft_deleted": "marked"}
_KINDS = {**_WRITTEN, "quarantined": "broken"}
# Of rows that the table has already.
_KNOWN = ("changed", "marked")

# Kinds of change of which no row is written, and what stands beside a row only for the load.
_NOT_WRITTEN = ("broken", "none")
_BESIDE = (
    "change",
    "nulled",
    "broken",
    "stored_day",
    "checks",
    "outside",
    "lacked",
    "keyless",
    *LEFT_OUT,
)

Finish = Callable[[DataFrame, bool], DataFrame]
"""Fills what only the rows to be written need; whether they are few."""
Rows: TypeAlias = "DataFrame | pa.Table"
"""Whole rows of a table."""


@dataclass(frozen=True)
class Tally:
    """What changes: counts, the days it falls into (None: no day), the rows where they are few.

    A row that moves to another day falls into both.
    """

    counts: Mapping[str, int]
    days: tuple[date | None, ...] = ()
    held: pa.Table | None = None

    def falls_into(self, span: DaySpan) -> bool:
        """Whether all days are within ``span``."""
        low, high = span
        days = [day for day in self.days if day is not None]
        return all((not low or low <= day) and (not high or day <= high) for day in days)


@dataclass(frozen=True)
class Writer:
    """Writes what ``changes.changes`` gives.

    Args:
        days_read: days of events that had been read whole before this run, per metric.
        severities: what conf says of checks, by name.
        check_warnings: what checks have to say of what was written.
        errors: what could not be written beside it.
        unconfirmed: what is to be said of a complete read that marks nothing before the next one.
        doubted: what is to be said of complete reads that mark nothing, whatever the next one says.
    """

    lake: AccountLake
    facts: RunFacts
    days_read: Days = ()
    severities: Mapping[str, Severity] = field(default_factory=dict)
    check_warnings: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    unconfirmed: list[str] = field(default_factory=list)
    doubted: list[str] = field(default_factory=list)

    def first(
        self,
        table: TableSpec,
        changed: DataFrame,
        inside: Column,
        finish: Finish | None,
        together: bool = False,
    ) -> tuple[dict[str, int], bool]:
        """Append to a table that has no rows yet where ``inside`` holds.

        Args:
            together: the rows of one partition are; those of one key may be in two.

        Returns:
            The counts, and whether all rows are inside: those that are not were left.
        """
        if self._may_hold(table):
            # Nothing may come of it, and an append of nothing makes a version too.
            tally = self.tally(table, changed, ~inside)
            if tally.counts["outside"]:
                return {}, False
            return self._write(table, changed, tally, finish, self.lake.append), True
        if any(source.explode for source in table.sources) and changed.isEmpty():
            return {}, True
        seen = Observation()
        observed = changed.observe(seen, *_counts(inside, ~inside), *_checks(table))
        rows = _whole(observed.where(inside))
        rows = finish(rows, False) if finish else rows
        self.lake.append(table, rows, together=together)
        counts: dict[str, int] = dict(seen.get)
        outside = counts.pop("outside")
        try:
            self._check(table, counts)
        except CheckFailed:  # known only now that all rows have passed
            self.lake.undo(table)
            raise
        counts = {name: counts[name] for name in (*_KINDS, "cast_failures")}
        new = rows_written_by(self.lake.silver(table), self.facts.run_id, self.facts.began)
        if together:
            twice = keys_in_other_partitions(new, table).toArrow()
            counts["inserted"] -= self.lake.delete_moved_rows(table, twice)
            rivals = pc.sum(twice.column("rivals")).as_py() or 0
            self.check_warnings.extend([check_line(table, RIVALS, rivals)] if rivals else [])
        self._note_late(table, new, counts["inserted"])
        if counts["quarantined"]:
            self._quarantine(table, changed)
        return counts, not outside

    def tally(self, table: TableSpec, changed: DataFrame, outside: Column | None = None) -> Tally:
        """Count what changes, and hold the rows where they are few."""
        changed = changed.withColumn("outside", F.lit(False) if outside is None else outside)
        if self.lake.is_small:
            return _tally_held(table, changed.toArrow())
        if self._may_hold(table):
            held = changed.limit(_HELD_ROWS + 1).toArrow()
            if held.num_rows <= _HELD_ROWS:
                return _tally_held(table, held)
        day = F.col(table.partition.name) if table.partition else F.lit(None).cast("date")
        stored = F.when(F.col("change").isin(*_KNOWN), F.struct("stored_day"))
        row = changed.agg(
            *_counts(F.lit(True), F.col("outside")),
            *_checks(table),
            F.collect_set(F.struct(day.alias("day"))).alias("days"),
            F.collect_set(stored).alias("stored_days"),
        ).first()
        assert row is not None
        counts = row.asDict()
        days = {day for (day,) in (*counts.pop("days"), *counts.pop("stored_days"))}
        return Tally(counts, tuple(days))

    def _may_hold(self, table: TableSpec) -> bool:
        return self.lake.is_small or self.facts.records_of(table) <= HELD_RECORDS

    def write(
        self, table: TableSpec, changed: DataFrame, tally: Tally, finish: Finish | None
    ) -> dict[str, int]:
        """Update and insert what changes, at a cost that follows the days it falls into."""

        def merge(table: TableSpec, rows: Rows) -> Merged:
            return self.lake.merge(table, rows, tally.days)

        return self._write(table, changed, tally, finish, merge)

    def _write(
        self,
        table: TableSpec,
        changed: DataFrame,
        tally: Tally,
        finish: Finish | None,
        put: Callable[[TableSpec, Rows], Merged | None],
    ) -> dict[str, int]:
        counts = {name: tally.counts[name] for name in (*_KINDS, "cast_failures")}
        self._check(table, tally.counts)
        if not any(counts[name] for name in _KINDS):
            return counts  # and Connect makes no frame of no rows

        @cache
        def frame() -> DataFrame:  # most loads that the driver holds need Spark no more
            return changed if tally.held is None else frame_of(self.lake.spark, tally.held)

        if any(counts[name] for name in _WRITTEN):
            if table.late_by:  # before the write: what is new is found by looking at the table
                self._note_late(table, frame().where("change = 'new'"), counts["inserted"])
            if finish:
                rows: Rows = finish(_whole(frame()), tally.held is not None)
            elif tally.held is not None and self.lake.is_small:
                rows = _whole_held(tally.held)
            else:
                rows = _whole(frame())
            done = put(table, rows)
            if done:  # what was found, unless another writer was first
                counts["inserted"] = done.inserted
                counts["updated"] = done.updated - counts["soft_deleted"]
        if counts["quarantined"]:
            self._quarantine(table, frame())
        return counts

    def _check(self, table: TableSpec, counts: Mapping[str, int]) -> None:
        broken = {check.name: counts[f"check {check.name}"] for check in count_checks(table)}
        changed = sum(counts[kind] for kind in _KINDS)
        read = self.facts.records_of(table)
        lines = notes(table, broken, changed, read, self.severities)
        # A first load of rows outside the days that it looked at comes here twice.
        self.check_warnings.extend([] if self.check_warnings else lines)

    def _note_late(self, table: TableSpec, new: DataFrame, inserted: int) -> None:
        if inserted and table.late_by and self.days_read:
            late = late_arrivals(new, table, self.days_read)
            rows = late.withColumn("run_id", F.lit(self.facts.run_id))
            try:
                self.lake.append_to_ops("late_arrivals", rows)
            except TableUnreadable as error:  # the events themselves are worth more
                self.errors.append(f"{error}; late events of this load are not counted")

    def _quarantine(self, table: TableSpec, changed: DataFrame) -> None:
        self.lake.insert_quarantined(quarantined(changed, table, self.facts.run_id))


def keys_in_other_partitions(
    rows: DataFrame, table: TableSpec, runs: DataFrame | None = None
) -> DataFrame:
    """Keys that have rows in several partitions: key, and the partition of the newest.

    An event's time never changes for its id. Should it, both readings of it would stay. ``rivals``:
    how many of the others are of the same answer as the newest, which their time of landing tells.

    Args:
        runs: ``run_id`` of those that may have brought a key to another partition; None: all.
    """
    assert table.partition
    day, key = table.partition.name, ("_account_id", *table.key)
    if runs is not None:
        news = rows.join(runs, F.col("_run_id") == F.col("run_id"), "left_semi").select(*key)
        rows = rows.join(news, list(key), "left_semi")
    newest = F.max(F.struct("_landed_at", day))[day].alias(day)
    one_answer = F.min("_landed_at") == F.max("_landed_at")
    others = F.when(one_answer, F.count("*") - 1).otherwise(0).alias("rivals")
    found = rows.groupBy(*key).agg(F.count("*").alias("n"), newest, others)
    return found.where("n > 1").drop("n")


def _whole(changed: DataFrame) -> DataFrame:
    """Rows as the table holds them."""
    return changed.where(~F.col("change").isin(*_NOT_WRITTEN)).drop(*_BESIDE)


def _whole_held(changed: pa.Table) -> pa.Table:
    """As ``_whole``, of rows that the driver holds."""
    kept = pc.invert(pc.is_in(changed["change"], pa.array(_NOT_WRITTEN)))
    return changed.filter(kept).drop_columns(list(_BESIDE))


def _counts(inside: Column, outside: Column) -> list[Column]:
    """Rows per kind of change, and those to be written that are ``outside``."""
    broken = F.col("change") == "broken"
    return [
        *[
            F.count_if((F.col("change") == kind) & (broken | inside)).alias(name)
            for name, kind in _KINDS.items()
        ],
        F.coalesce(F.sum(F.when(broken | inside, F.col("nulled"))), F.lit(0)).alias(
            "cast_failures"
        ),
        F.count_if(~F.col("change").isin("broken", "none") & outside).alias("outside"),
        F.count_if("lacked").alias("lacked"),
        F.count_if("keyless").alias("keyless"),
    ]


def _checks(table: TableSpec) -> list[Column]:
    """What each check counts."""
    return [
        (
            F.coalesce(F.sum(check.counts), F.lit(0))
            if check.counts
            else F.count_if(F.array_contains("checks", check.name))
        ).alias(f"check {check.name}")
        for check in count_checks(table)
    ]


def _tally_held(table: TableSpec, held: pa.Table) -> Tally:
    kinds = held.column("change").to_pylist()
    counts = {name: kinds.count(kind) for name, kind in _KINDS.items()}
    counts["cast_failures"] = pc.sum(held.column("nulled")).as_py() or 0
    for name in ("outside", "lacked", "keyless"):
        counts[name] = pc.sum(held.column(name)).as_py() or 0
    broken = Counter(chain.from_iterable(held.column("checks").to_pylist()))
    for check in count_checks(table):
        left_out = pc.sum(held.column(check.counts)).as_py() if check.counts else None
        counts[f"check {check.name}"] = left_out or broken[check.name]
    days = set(held.column(table.partition.name).to_pylist()) if table.partition else set()
    stored = zip(kinds, held.column("stored_day").to_pylist(), strict=True)
    days |= {day for kind, day in stored if kind in _KNOWN}
    return Tally(counts, tuple(days), held)
