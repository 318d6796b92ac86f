"""One run's pages into one silver table: which rows they give, and what they prove of others."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.lake.local.page_selection import PageSelection
from klaviyo_spark.lake.readers.opening import ask
from klaviyo_spark.lake.spark.session import compiling
from klaviyo_spark.resources import ENDPOINTS, TABLES
from klaviyo_spark.schema.bookkeeping import columns_of
from klaviyo_spark.schema.table import TableSpec
from klaviyo_spark.silver.changes import Evidence, all_new, changes, row_hash
from klaviyo_spark.silver.deferred_lookups import DeferredLookups, rows_written_by
from klaviyo_spark.silver.deletions import find_deletions, gone_parents
from klaviyo_spark.silver.dependencies import borrows, depends_on
from klaviyo_spark.silver.late_arrivals import Days
from klaviyo_spark.silver.lookups import NEEDS, SENT_BY, look_up, looks_up, resolve_within_batch
from klaviyo_spark.silver.masking import mask_personal_data
from klaviyo_spark.silver.member_history import last_seen_before
from klaviyo_spark.silver.newest_rows import keep_newest
from klaviyo_spark.silver.parse.explode import UNREADABLE
from klaviyo_spark.silver.parse.project import project, project_columns
from klaviyo_spark.silver.parse.unreadable_pages import (
    UnreadablePage,
    left_out,
    quarantined_pages,
    readable,
    unreadable_pages,
)
from klaviyo_spark.silver.policy import AS_DEFAULT, RefinePolicy
from klaviyo_spark.silver.quality import with_broken, with_checks
from klaviyo_spark.silver.run_facts import DaySpan, RunFacts
from klaviyo_spark.silver.writer import HELD_RECORDS, Finish, Tally, Writer
from klaviyo_spark.state import confirmation
from klaviyo_spark.state.complete_reads import COLUMNS, CompleteRead, complete_reads
from klaviyo_spark.state.landings import of_account

logger = logging.getLogger(__name__)

# Of pages, that the driver holds for one table.
_HELD_BYTES = 64 * 2**20
# What so many events say to those that point to them goes to every task whole.
_BROADCAST_RECORDS = 1_000_000


@dataclass(frozen=True)
class Load:
    """What one table took in of one run: counts of rows, cells and records, and its wall time.

    ``check_warnings`` are what checks have to say of it. ``errors`` are what did not go well, a
    line each.
    ``loaded_by``: ``driver``, which held all of it, or ``spark``.
    Where ``is_loaded`` is False the table is as it was, and its batches are still to be taken in.
    ``broken``: the table whose data files are missing, where that is why it is not loaded.
    ``unconfirmed_run_id``: the run whose complete read lacks too much of the table to be believed
    before the next one; see ``confirmation``.
    """

    table: str
    run_id: str
    batch_ids: tuple[str, ...]
    inserted: int = 0
    updated: int = 0
    soft_deleted: int = 0
    cast_failures: int = 0
    quarantined: int = 0
    seconds: float = 0.0
    loaded_by: str = "spark"
    check_warnings: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    is_loaded: bool = True
    broken: str = ""
    unconfirmed_run_id: str | None = None

    @property
    def changed(self) -> bool:
        """Whether a row of the table was written."""
        return bool(self.inserted or self.updated or self.soft_deleted)


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

    lake: Lake
    facts: RunFacts
    begun: frozenset[str]
    policy: RefinePolicy = AS_DEFAULT
    days_read: Days = ()
    unreadable: tuple[UnreadablePage, ...] = ()
    unconfirmed: Mapping[str, str | None] = field(default_factory=dict)
    small: Lake | None = None

    def load(self, table: TableSpec, batch_ids: tuple[str, ...]) -> Load:
        """Take the run's batches into ``table``, after those that it depends on."""
        if self.small and self._is_small(self.small, table):
            return replace(self, lake=self.small, small=None).load(table, batch_ids)
        if not self._has_news(table):
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
        if self._reads_whole(table):
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
            "refined klaviyo_v2.%s: new=%d changed=%d marked=%d nulled=%d quarantined=%d s=%.1f",
            load.table,
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
        unreadable = unreadable_pages(self._pages(table, batch_ids))
        load = replace(self, unreadable=unreadable).load(table, batch_ids)
        rows = quarantined_pages(
            unreadable, table.name, self.lake.account_id or "", self.facts.run_id
        )
        self.lake.insert_quarantined(self.lake.ops_rows("quarantine", rows))
        return replace(
            load,
            quarantined=load.quarantined + len(unreadable),
            errors=(*load.errors, left_out(unreadable, table.name)),
        )

    def _is_small(self, lake: Lake, table: TableSpec) -> bool:
        """Whether the driver may hold the table, all that its rows look at, and its pages."""
        needed = (TABLES[name] for name in depends_on(table))
        return not self._is_large(table) and lake.holds(table, *needed)

    @property
    def _loads_by(self) -> str:
        return "driver" if self.lake.is_small else "spark"

    def _is_large(self, table: TableSpec) -> bool:
        """Whether its pages are too many for the driver."""
        pages = (self.facts.bytes.get(endpoint, 0) for endpoint in table.endpoints)
        return sum(pages) > _HELD_BYTES

    def _has_news(self, table: TableSpec) -> bool:
        """Whether pages differ from the run before's, or what ``table`` depends on was written.

        The tables themselves say what was: a refine may have been killed before it could.
        """
        if self._new_pages(table):
            return True
        needed = [TABLES[name] for name in depends_on(table)]
        return any(self._may_be_written(other) and self._wrote(other) for other in needed)

    def _new_pages(self, table: TableSpec) -> bool:
        asked = table.endpoints & self.facts.records.keys()
        if not asked <= self.facts.unchanged:
            return True
        if self.unconfirmed.get(table.name) and self._reads_whole(table):
            return True  # the same once more is what is waited for
        # What another endpoint's pages have proved since stands against what these say once more.
        last = max((self.facts.asked_before.get(e, -1) for e in table.endpoints), default=-1)
        return any(self.facts.asked_before[endpoint] != last for endpoint in asked)

    def _may_be_written(self, table: TableSpec) -> bool:
        needed = [TABLES[name] for name in depends_on(table)]
        return self._new_pages(table) or any(map(self._may_be_written, needed))

    def _wrote(self, table: TableSpec) -> bool:
        if table.partition:  # large, and what is marked there concerns no other table
            return not self._rows_of_run(table.name).isEmpty()
        rows = self.lake.silver(table)
        return not rows.where(F.col("_run_id") == self.facts.run_id).isEmpty()

    def _load(self, table: TableSpec, batch_ids: tuple[str, ...], writer: Writer) -> dict[str, Any]:
        pages = self._pages(table, batch_ids)
        good = pages.where("status = 200")
        read = with_broken(project(good, table, self._records_of(table)), table)
        if not self.policy.keep_event_properties and table.name == "events":
            read = read.withColumn("_event_properties", F.lit(None).cast("string"))
        read = mask_personal_data(read, table, self.lake.personal)
        rows = resolve_within_batch(keep_newest(read, table), table)
        span = self._span(table)
        inside = day_filter(table, span) if span else F.lit(True)
        current = self.lake.silver(table).where(inside)
        counts: Counter[str] = Counter()
        asked = self.facts.records.keys()
        evidence = Evidence()
        if table.parent:
            parent = TABLES[table.parent.table]
            gone = gone_parents(parent, self.lake.silver(parent))
            evidence = replace(evidence, gone_parents=gone)
        if (span or table.name not in self.begun) and current.isEmpty():
            together = self._repartitions_by_day(table)
            if together:
                newest = keep_newest(read, table, together=True)
                changed = with_checks(all_new(newest, table, self.facts.run_id), table)
            else:
                changed = self._changes(rows, current.limit(0), table, evidence)
            alone = span is None or self.lake.silver(table).isEmpty()
            finish = self._looking_up(table, good, alone)
            first, all_inside = writer.first(table, changed, inside, finish, together)
            counts.update(first)
            if all_inside:
                if not alone:  # rows of other days may have waited for these
                    self._settle(table, counts)
                return dict(counts)
            current = self.lake.silver(table)
        if table.made_of:  # rows of other owners stay as they are
            current = current.join(self._owners(table), ["_account_id", table.key[0]], "left_semi")
        reads = self._complete_reads(table, batch_ids, self._doubted)

        def judged_by(reads: Sequence[CompleteRead]) -> Evidence:
            judged = find_deletions(table, good, reads, asked, self._rows_of_run)
            return replace(evidence, judged=judged)

        def tallied() -> tuple[DataFrame, Tally]:
            changed = self._changes(rows, current, table, evidence)
            return changed, writer.tally(table, changed)

        evidence = judged_by(reads)
        changed, tally = tallied()
        if span and not tally.falls_into(span):
            current = self.lake.silver(table)
            changed, tally = tallied()
        if tally.counts["keyless"] and tally.counts["lacked"] and self._reads_whole(table):
            doubted = self._keyless_reads(table, pages, changed, tally, writer)
            reads = self._complete_reads(table, batch_ids, self._doubted | doubted)
            evidence = judged_by(reads)
            changed, tally = tallied()
        if self._is_to_confirm(table, tally, writer):
            evidence = replace(evidence, judged=None)
            changed, tally = tallied()
        if table.history and tally.counts["soft_deleted"]:
            evidence = replace(evidence, held=last_seen_before(self.lake.pages(), table, reads))
            changed = self._changes(rows, current, table, evidence)
            tally = replace(tally, held=None)
        counts.update(writer.write(table, changed, tally, self._looking_up(table, good, False)))
        self._settle(table, counts)
        return dict(counts)

    def _reads_whole(self, table: TableSpec) -> bool:
        """Whether the run has complete reads that judge rows of ``table``."""
        return any(judge.endpoint in self.facts.fully_read for judge in table.judges)

    def _keyless_reads(
        self, table: TableSpec, pages: DataFrame, changed: DataFrame, tally: Tally, writer: Writer
    ) -> frozenset[str]:
        """Reads that hold a record without a key, which may be any row that they lack."""
        walks = changed.where("keyless").select(F.col("broken.walk_id").alias("walk_id"))
        doubted = pages.join(walks, "walk_id", "left_semi").select("read_id").distinct()
        writer.doubted.append(confirmation.keyless_note(table, tally.counts["keyless"]))
        return frozenset(row["read_id"] for row in doubted.collect())

    def _complete_reads(
        self, table: TableSpec, batch_ids: tuple[str, ...], doubted: Collection[str]
    ) -> list[CompleteRead]:
        """The run's complete reads that judge the table, without those that are doubted."""
        judging = {judge.endpoint for judge in table.judges if judge.whole}
        if judging.isdisjoint(self.facts.fully_read):
            return []
        selected = f"{of_account(self.lake)} AND {self._selection(table, batch_ids).sql}"
        rows = ask(
            self.lake,
            "pages",
            f"SELECT {', '.join(COLUMNS)} FROM {{t}} WHERE is_full_read AND {selected}",
        )
        return complete_reads(row for row in rows if row["read_id"] not in doubted)

    def _is_to_confirm(self, table: TableSpec, tally: Tally, writer: Writer) -> bool:
        """Whether the read lacks too much to be believed at once; then the writer says so."""
        lacked, share = tally.counts["lacked"], self.policy.max_deleted_share
        if self.unconfirmed.get(table.name) or not self._reads_whole(table):
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
        counts["updated"] += settler.look_up(table, self._since(table))
        if table.made_of:
            counts["inserted"] += settler.borrow(table, self._since(TABLES[table.made_of.table]))

    def _looking_up(self, table: TableSpec, good: DataFrame, first: bool) -> Finish | None:
        """Fills rows about to be written from those of other tables that they point to.

        Args:
            first: there are no rows in the table to point to but those being read.
        """
        if not looks_up(table):
            return None
        needed = {n for c in (*table.columns, *table.internal) for n in NEEDS.get(c.lookup, ())}
        silver = {name: self.lake.silver(TABLES[name]) for name in needed}
        names = ["_account_id", *(c.name for c in columns_of(table))]

        def finish(rows: DataFrame, held: bool) -> DataFrame:
            near = dict(silver)
            if table.name in needed:
                _, *sent_by = SENT_BY
                near[table.name] = project_columns(good, table, sent_by)
                if not first:
                    near[table.name] = near[table.name].union(silver[table.name].select(*SENT_BY))
            few = held or (first and self.facts.records_of(table) <= _BROADCAST_RECORDS)
            is_one_task = self.lake.is_small  # which has all of both sides
            filled = look_up(
                rows, table, near, few=held and not is_one_task, small=few and not is_one_task
            )
            return filled.withColumn("_row_hash", F.expr(row_hash(names)))

        return finish

    # -- what there is to read ------------------------------------------------------------------

    def _pages(self, table: TableSpec, batch_ids: tuple[str, ...]) -> DataFrame:
        pages = self.lake.selected_pages(self._selection(table, batch_ids))
        pages = pages.where(readable(self.unreadable))
        return pages.selectExpr("*", "account_id AS _account_id")

    def _selection(self, table: TableSpec, batch_ids: tuple[str, ...]) -> PageSelection:
        nobody: frozenset[str] = frozenset()
        return PageSelection(
            frozenset(ENDPOINTS[endpoint].resource for endpoint in table.endpoints),
            table.endpoints,
            frozenset(batch_ids),
            self.facts.resumed_walk_ids,
            nobody.union(*(self.facts.meanwhile.get(e, nobody) for e in table.endpoints)),
        )

    @property
    def _doubted(self) -> frozenset[str]:
        """Reads that lack a page: what they do not hold need not be gone."""
        return frozenset(page.read_id for page in self.unreadable)

    def _records_of(self, table: TableSpec) -> dict[str, DataFrame]:
        """Silver rows that the table's rows are made of: written by this run, or borrowed."""
        found = {b.table: self.lake.silver(TABLES[b.table]) for b in borrows(table)}
        if table.made_of:
            found[table.made_of.table] = self._rows_of_run(table.made_of.table)
        return found

    def _rows_of_run(self, name: str) -> DataFrame:
        return rows_written_by(self.lake.silver(TABLES[name]), self.facts.run_id, self.facts.began)

    def _owners(self, table: TableSpec) -> DataFrame:
        """Keys of what the rows are made of, as ``table`` calls them."""
        assert table.made_of
        owner = F.col(table.made_of.key).alias(table.key[0])
        return self._rows_of_run(table.made_of.table).select("_account_id", owner)

    def _since(self, table: TableSpec) -> Column:
        """The part of ``table`` whose rows may point to rows of this run in it."""
        span = self._span(table)
        return day_filter(table, (span[0], None)) if span else F.lit(True)

    def _span(self, table: TableSpec) -> DaySpan | None:
        """Days that the run's rows of a partitioned table should fall into, where it is known."""
        if not table.partition:
            return None
        return self.facts.spans.get(table.sources[0].endpoint)


def day_filter(table: TableSpec, span: DaySpan) -> Column:
    """Rows of those days, in literals, since Delta prunes by nothing else; and those of no day."""
    assert table.partition
    day = F.col(table.partition.name)
    low, high = span
    inside = F.lit(True)
    if low:
        inside = inside & (day >= F.lit(low))
    if high:
        inside = inside & (day <= F.lit(high))
    return day.isNull() | inside
