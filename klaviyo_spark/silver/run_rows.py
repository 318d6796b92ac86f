"""What a run has for a table: pages, rows read from them, silver rows that these are made of."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from klaviyo_spark.lake.lake import AccountLake
from klaviyo_spark.lake.local.page_selection import PageSelection
from klaviyo_spark.lake.readers.opening import ask
from klaviyo_spark.resources import ENDPOINTS, TABLES
from klaviyo_spark.schema.table import TableSpec
from klaviyo_spark.silver.deferred_lookups import rows_written_by
from klaviyo_spark.silver.dependencies import borrows
from klaviyo_spark.silver.lookups import resolve_within_batch
from klaviyo_spark.silver.newest_rows import keep_newest
from klaviyo_spark.silver.parse.unreadable_pages import UnreadablePage, readable
from klaviyo_spark.silver.run_facts import DaySpan, RunFacts
from klaviyo_spark.state.complete_reads import COLUMNS, CompleteRead, complete_reads
from klaviyo_spark.state.landings import of_account


@dataclass(frozen=True)
class RunRows:
    """Pages and rows of one run, which is of one account.

    Args:
        lake: as the run's account sees it.
        unreadable: pages that Spark cannot read as JSON.
    """

    lake: AccountLake
    facts: RunFacts
    unreadable: tuple[UnreadablePage, ...] = ()

    def pages(self, table: TableSpec, batch_ids: tuple[str, ...]) -> DataFrame:
        """Pages of the table's endpoints in these batches, but for unreadable ones."""
        pages = self.lake.selected_pages(self._selection(table, batch_ids))
        pages = pages.where(readable(self.unreadable))
        return pages.selectExpr("*", "account_id AS _account_id")

    def complete_reads(
        self, table: TableSpec, batch_ids: tuple[str, ...], doubted: Collection[str] = ()
    ) -> list[CompleteRead]:
        """The run's complete reads that judge the table.

        Without those that lack a page, since what they do not hold need not be gone.

        Args:
            doubted: ids of reads to leave out too.
        """
        judging = {judge.endpoint for judge in table.judges if judge.whole}
        if judging.isdisjoint(self.facts.fully_read):
            return []
        left_out = {*doubted, *(page.read_id for page in self.unreadable)}
        selected = f"{of_account(self.lake)} AND {self._selection(table, batch_ids).sql}"
        rows = ask(
            self.lake,
            "pages",
            f"SELECT {', '.join(COLUMNS)} FROM {{t}} WHERE is_full_read AND {selected}",
        )
        return complete_reads(row for row in rows if row["read_id"] not in left_out)

    def rows_of_run(self, name: str) -> DataFrame:
        """Rows of a silver table that this run wrote."""
        return rows_written_by(self.lake.silver(TABLES[name]), self.facts.run_id, self.facts.began)

    def records_of(self, table: TableSpec) -> dict[str, DataFrame]:
        """Silver rows that the table's are made of: written by this run; those looked at: all."""
        names = [borrow.table for borrow in borrows(table)]
        names += [source.bounds.table for source in table.sources if source.bounds]
        found = {name: self.lake.silver(TABLES[name]) for name in names}
        if table.made_of:
            found[table.made_of.table] = self.rows_of_run(table.made_of.table)
        return found

    def owners(self, table: TableSpec) -> DataFrame:
        """Keys of what the rows are made of, as ``table`` calls them."""
        assert table.made_of
        owner = F.col(table.made_of.key).alias(table.key[0])
        return self.rows_of_run(table.made_of.table).select("_account_id", owner)

    def since(self, table: TableSpec) -> Column:
        """The part of ``table`` whose rows may point to rows of this run in it."""
        span = self.span(table)
        return day_filter(table, (span[0], None)) if span else F.lit(True)

    def span(self, table: TableSpec) -> DaySpan | None:
        """Days that the run's rows of a partitioned table should fall into, where it is known."""
        if not table.partition:
            return None
        return self.facts.spans.get(table.sources[0].endpoint)

    def _selection(self, table: TableSpec, batch_ids: tuple[str, ...]) -> PageSelection:
        nobody: frozenset[str] = frozenset()
        return PageSelection(
            frozenset(ENDPOINTS[endpoint].resource for endpoint in table.endpoints),
            table.endpoints,
            frozenset(batch_ids),
            self.facts.resumed_walk_ids,
            nobody.union(*(self.facts.meanwhile.get(e, nobody) for e in table.endpoints)),
        )


@dataclass(frozen=True)
class TableBatch:
    """What is to be loaded into a table.

    Args:
        read: all rows that the pages give.
        span: days that they should fall into, where it is known.
    """

    table: TableSpec
    batch_ids: tuple[str, ...]
    pages: DataFrame
    read: DataFrame
    span: DaySpan | None

    @cached_property
    def good(self) -> DataFrame:
        """Pages that hold records."""
        return self.pages.where("status = 200")

    @cached_property
    def rows(self) -> DataFrame:
        """One row per key."""
        return resolve_within_batch(keep_newest(self.read, self.table), self.table)

    @property
    def inside(self) -> Column:
        """Whether a row is of these days."""
        return day_filter(self.table, self.span) if self.span else F.lit(True)


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
