"""One run's pages into one silver table: which rows they give, and what they prove of others.

It is long, since all that decides how a table is loaded stands here, in order.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from klaviyo_spark.lake.lake import AccountLake
from klaviyo_spark.lake.spark.session import compiling
from klaviyo_spark.resources import TABLES
from klaviyo_spark.schema.bookkeeping import columns_of
from klaviyo_spark.schema.table import TableSpec
from klaviyo_spark.silver.changes import Evidence, all_new, changes, is_new_as_read, row_hash
from klaviyo_spark.silver.deferred_lookups import DeferredLookups
from klaviyo_spark.silver.deletions import find_deletions, gone_parents
from klaviyo_spark.silver.dependencies import depends_on
from klaviyo_spark.silver.late_arrivals import Days
from klaviyo_spark.silver.lookups import NEEDS, SENT_BY, look_up, looks_up
from klaviyo_spark.silver.masking import mask_personal_data
from klaviyo_spark.silver.member_history import last_seen_before
from klaviyo_spark.silver.models import AS_DEFAULT, Load, RefinePolicy
from klaviyo_spark.silver.newest_rows import keep_newest
from klaviyo_spark.silver.news import has_news
from klaviyo_spark.silver.parse.explode import UNREADABLE
from klaviyo_spark.silver.parse.project import project, project_columns
from klaviyo_spark.silver.parse.unreadable_pages import (
    UnreadablePage,
    left_out,
    quarantined_pages,
    unreadable_pages,
)
from klaviyo_spark.silver.quality import with_broken, with_checks
from klaviyo_spark.silver.run_facts import RunFacts
from klaviyo_spark.silver.run_rows import RunRows, TableBatch
from klaviyo_spark.silver.writer import HELD_RECORDS, Finish, Tally, Writer
from klaviyo_spark.state import confirmation
from klaviyo_spark.state.complete_reads import CompleteRead

logger = logging.getLogger(__name__)

# Of pages, that the driver holds for one table.
_HELD_BYTES = 64 * 2**20
# What so many events say to those that point to them goes to every task whole.
_BROADCAST_RECORDS = 1_000_000


@dataclass(frozen=True)
class Loader:
    """Loads tables from the pages of one run, which is of one account.

    Args:
        lake: as the run's account sees it.
        begun: tables that the account's pages have been loaded into before.
        policy: what conf says of loads.
        days_read: days of events that had been read whole before that run, per metric.
        unreadable: pages that Spark cannot read as JSON.
        unconfirmed: per table with a read that waits for the next, the run that made it.
        small: the lake for loads of which the driver holds all; None where it holds none.
    """

    lake: AccountLake
    facts: RunFacts
    begun: frozenset[str]
    policy: RefinePolicy = AS_DEFAULT
    days_read: Days = ()
    unreadable: tuple[UnreadablePage, ...] = ()
    unconfirmed: Mapping[str, str | None] = field(default_factory=dict)
    small: AccountLake | None = None

    def load(self, table: TableSpec, batch_ids: tuple[str, ...]) -> Load:
        """Take the run's batches into ``table``, after those that it depends on."""
        if self.small and self._is_small(self.small, table):
            return replace(self, lake=self.small, small=None).load(table, batch_ids)
        if not has_news(self._rows, table, self._confirming):
            return Load(
                table.name,
                self.facts.run_id,
                batch_ids,
                loaded_by=self._loads_by,
                unconfirmed_run_id=self.unconfirmed.get(table.name),
            )
        with compiling(self.lake.spark) if self._is_large(table) else nullcontext():
            return self._load_news(table, batch_ids)

    def _load_news(self, table: TableSpec, batch_ids: tuple[str, ...]) -> Load:
        started = time.monotonic()
        waits = self.unconfirmed.get(table.name)
        writer = Writer(self.lake, self.facts, self.days_read, self.policy.severities)
        try:
            counts = self._load(table, batch_ids, writer)
        except Exception as error:
            if UNREADABLE not in str(error) or self.unreadable:
                raise
            return self._load_readable(table, batch_ids)
        if self.facts.reads_whole(table):
            waits = self.facts.run_id if writer.unconfirmed else None
        load = Load(
            table.name,
            self.facts.run_id,
            batch_ids,
            seconds=round(time.monotonic() - started, 3),
            loaded_by=self._loads_by,
            check_warnings=(*writer.check_warnings, *writer.unconfirmed, *writer.doubted),
            errors=tuple(writer.errors),
            unconfirmed_run_id=waits,
            **counts,
        )
        logger.info(
            "refined %s: new=%d changed=%d marked=%d nulled=%d quarantined=%d s=%.1f",
            table.label,
            load.inserted,
            load.updated,
            load.soft_deleted,
            load.cast_failures,
            load.quarantined,
            load.seconds,
        )
        return load

    def _load_readable(self, table: TableSpec, batch_ids: tuple[str, ...]) -> Load:
        """Take in all pages but those that cannot be read, which go to quarantine by name."""
        unreadable = unreadable_pages(
            self._rows.pages(table, batch_ids),
            is_answer=table.sources[0].row_source.is_answer,
        )
        load = replace(self, unreadable=unreadable).load(table, batch_ids)
        rows = quarantined_pages(unreadable, table.name, self.lake.account_id, self.facts.run_id)
        self.lake.insert_quarantined(self.lake.ops_rows("quarantine", rows))
        return replace(
            load,
            quarantined=load.quarantined + len(unreadable),
            errors=(*load.errors, left_out(unreadable, table.label)),
        )

    def _is_small(self, lake: AccountLake, table: TableSpec) -> bool:
        """Whether the driver may hold the table, all that its rows look at, and its pages."""
        needed = (TABLES[name] for name in depends_on(table))
        return not self._is_large(table) and lake.holds(table, *needed)

    @property
    def _loads_by(self) -> str:
        return "driver" if self.lake.is_small else "spark"

    def _is_large(self, table: TableSpec) -> bool:
        """Whether its pages are too many for the driver."""
        return self.facts.bytes_of(table) > _HELD_BYTES

    @property
    def _rows(self) -> RunRows:
        return RunRows(self.lake, self.facts, self.unreadable)

    @property
    def _confirming(self) -> set[str]:
        """Tables with complete reads that confirm, or not, those that wait."""
        waiting = (name for name, run_id in self.unconfirmed.items() if run_id)
        return {name for name in waiting if self.facts.reads_whole(TABLES[name])}

    def _load(self, table: TableSpec, batch_ids: tuple[str, ...], writer: Writer) -> dict[str, Any]:
        """Read, compare, write; then fill rows that waited for these."""
        pages, span = self._rows.pages(table, batch_ids), self._rows.span(table)
        batch = TableBatch(table, batch_ids, pages, self._project_rows(table, pages), span)
        counts: Counter[str] = Counter()
        current = self.lake.silver(table).where(batch.inside)
        if (batch.span or table.name not in self.begun) and self._is_empty(table, current):
            alone = batch.span is None or self._is_empty(table, self.lake.silver(table))
            first, all_inside = self._append(batch, current, alone, writer)
            counts.update(first)
            if all_inside:
                if not alone:  # rows of other days may have waited for these
                    self._settle(table, counts)
                return dict(counts)
            current = self.lake.silver(table)
        counts.update(self._merge(batch, current, writer))
        self._settle(table, counts)
        return dict(counts)

    def _is_empty(self, table: TableSpec, rows: DataFrame) -> bool:
        """Whether ``rows`` of the table are none; Spark is asked only where the driver may err."""
        return self.lake.is_held_empty(table) or rows.isEmpty()

    def _project_rows(self, table: TableSpec, pages: DataFrame) -> DataFrame:
        """All rows that the pages give, as the table is to show them."""
        good = pages.where("status = 200")
        read = with_broken(project(good, table, self._rows.records_of(table)), table)
        if not self.policy.keep_event_properties and table.name == "events":
            read = read.withColumn("_event_properties", F.lit(None).cast("string"))
        return mask_personal_data(read, table, self.lake.personal)

    def _append(
        self, batch: TableBatch, current: DataFrame, alone: bool, writer: Writer
    ) -> tuple[dict[str, int], bool]:
        """Write rows where there are none yet; see ``Writer.first``.

        Args:
            current: has no rows.
            alone: nor has the table.
        """
        table = batch.table
        together = self._repartitions_by_day(table)
        if together or is_new_as_read(table):
            newest = keep_newest(batch.read, table, together=True) if together else batch.rows
            changed = with_checks(all_new(newest, table, self.facts.run_id), table)
        else:
            changed = self._changes(batch.rows, current.limit(0), table, self._passed_marks(table))
        finish = self._looking_up(batch, alone)
        return writer.first(table, changed, batch.inside, finish, together)

    def _merge(self, batch: TableBatch, current: DataFrame, writer: Writer) -> dict[str, int]:
        """Write what differs from the table, and mark what complete reads lack."""
        table = batch.table
        if table.made_of:  # rows of other owners stay as they are
            owners = self._rows.owners(table)
            current = current.join(owners, ["_account_id", table.key[0]], "left_semi")
        passed = self._passed_marks(table)
        asked = self.facts.records.keys()

        def judged_by(reads: Sequence[CompleteRead]) -> Evidence:
            judged = find_deletions(table, batch.good, reads, asked, self._rows.rows_of_run)
            return replace(passed, judged=judged)

        def tallied() -> tuple[DataFrame, Tally]:
            changed = self._changes(batch.rows, current, table, evidence)
            return changed, writer.tally(table, changed)

        reads = self._rows.complete_reads(table, batch.batch_ids)
        evidence = judged_by(reads)
        changed, tally = tallied()
        if batch.span and not tally.falls_into(batch.span):
            current = self.lake.silver(table)
            changed, tally = tallied()
        if tally.counts["keyless"] and tally.counts["lacked"] and self.facts.reads_whole(table):
            writer.doubted.append(confirmation.keyless_note(table, tally.counts["keyless"]))
            doubted = _keyless_reads(batch.pages, changed)
            reads = self._rows.complete_reads(table, batch.batch_ids, doubted)
            evidence = judged_by(reads)
            changed, tally = tallied()
        if self._is_to_confirm(table, tally, writer):
            evidence = replace(evidence, judged=None)
            changed, tally = tallied()
        if table.history and tally.counts["soft_deleted"]:
            evidence = replace(evidence, held=last_seen_before(self.lake.pages(), table, reads))
            changed = self._changes(batch.rows, current, table, evidence)
            tally = replace(tally, held=None)
        return writer.write(table, changed, tally, self._looking_up(batch, first=False))

    def _passed_marks(self, table: TableSpec) -> Evidence:
        """The marks of parents, which pass to their children."""
        if not table.parent:
            return Evidence()
        parent = TABLES[table.parent.table]
        return Evidence(gone_parents=gone_parents(parent, self.lake.silver(parent)))

    def _is_to_confirm(self, table: TableSpec, tally: Tally, writer: Writer) -> bool:
        """Whether the read lacks too much to be believed at once; then the writer says so."""
        lacked, share = tally.counts["lacked"], self.policy.max_deleted_share
        if self.unconfirmed.get(table.name) or not self.facts.reads_whole(table):
            return False
        if not confirmation.may_need_it(lacked, share):  # nearly always: no need to count
            return False
        there = "is_member" if table.history else "_deleted_at IS NULL"
        live = self.lake.silver(table).where(there).count()
        if not confirmation.needs_it(lacked, live, share):
            return False
        writer.unconfirmed.append(confirmation.unconfirmed_note(table, lacked, live, share))
        return True

    def _changes(
        self, rows: DataFrame, current: DataFrame, table: TableSpec, evidence: Evidence
    ) -> DataFrame:
        return with_checks(changes(rows, current, table, evidence, self.facts.run_id), table)

    def _repartitions_by_day(self, table: TableSpec) -> bool:
        """Whether a first load brings rows together by day once, for all that is done with them.

        Few rows go to the driver first. Very many look others up by a join that parts them again.
        """
        records = self.facts.records_of(table)
        if self.lake.is_small:
            return False
        return table.partition is not None and HELD_RECORDS < records <= _BROADCAST_RECORDS

    def _settle(self, table: TableSpec, counts: Counter[str]) -> None:
        """Fill rows that waited for what this run has written; ``counts`` grow by them."""
        settler = DeferredLookups(self.lake, self.facts.run_id, self.facts.began)
        counts["updated"] += settler.look_up(table, self._rows.since(table))
        if table.made_of:
            counts["inserted"] += settler.borrow(
                table, self._rows.since(TABLES[table.made_of.table])
            )

    def _looking_up(self, batch: TableBatch, first: bool) -> Finish | None:
        """Fills rows about to be written from those of other tables that they point to.

        Args:
            first: there are no rows in the table to point to but those being read.
        """
        table = batch.table
        if not looks_up(table):
            return None
        needed = {n for c in (*table.columns, *table.internal) for n in NEEDS.get(c.lookup, ())}
        silver = {name: self.lake.silver(TABLES[name]) for name in needed}
        names = ["_account_id", *(c.name for c in columns_of(table))]

        def finish(rows: DataFrame, held: bool) -> DataFrame:
            near = dict(silver)
            if table.name in needed:
                _, *sent_by = SENT_BY
                near[table.name] = project_columns(batch.good, table, sent_by)
                if not first:
                    near[table.name] = near[table.name].union(silver[table.name].select(*SENT_BY))
            few = held or (first and self.facts.records_of(table) <= _BROADCAST_RECORDS)
            is_one_task = self.lake.is_small  # which has all of both sides
            filled = look_up(
                rows, table, near, few=held and not is_one_task, small=few and not is_one_task
            )
            return filled.withColumn("_row_hash", F.expr(row_hash(names)))

        return finish


def _keyless_reads(pages: DataFrame, changed: DataFrame) -> frozenset[str]:
    """Reads that hold a record without a key, which may be any row that they lack."""
    walks = changed.where("keyless").select(F.col("broken.walk_id").alias("walk_id"))
    doubted = pages.join(walks, "walk_id", "left_semi").select("read_id").distinct()
    return frozenset(row["read_id"] for row in doubted.collect())
