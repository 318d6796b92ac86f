"""The only Delta: pages appended, silver's rows merged. ``ledgers`` keeps the operators' tables.

It is long, since each write has two ways: by the driver and by Spark.
"""

from __future__ import annotations

import copy
import logging
import threading
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from klaviyo_spark import messages
from klaviyo_spark.config.personal_data import Personal
from klaviyo_spark.errors import LakeError, TableDiffers
from klaviyo_spark.java_words import lost_file
from klaviyo_spark.lake.arrow import TYPES, arrow_of, frame_of
from klaviyo_spark.lake.commit_tag import TAG, is_ours, option, option_of, tagged
from klaviyo_spark.lake.ledgers import Ledgers
from klaviyo_spark.lake.local import pages as local_pages
from klaviyo_spark.lake.local.driver_tables import DriverTables
from klaviyo_spark.lake.local.page_selection import PageSelection
from klaviyo_spark.lake.merge import Merged, merge_into, partition_filter, same_key
from klaviyo_spark.lake.spark.lazy_session import LazySession
from klaviyo_spark.lake.spark.session import session_for_small_tables
from klaviyo_spark.lake.tables import COLUMNS, EXTRA, Place, folder_in
from klaviyo_spark.schema import bronze_table
from klaviyo_spark.schema.bookkeeping import BOOKKEEPING, columns_of
from klaviyo_spark.schema.sql_text import text
from klaviyo_spark.schema.table import TableSpec

if TYPE_CHECKING:
    from typing_extensions import Self

logger = logging.getLogger(__name__)

__all__ = ["AccountLake", "Lake", "Merged", "Place"]


class Lake(Ledgers):
    """The lake's tables, and all that is written to them.

    Args:
        personal: how silver and quarantine show personal data.
    """

    def __init__(
        self,
        spark: SparkSession | LazySession,
        place: Place,
        aside: frozenset[str] = frozenset(),
        personal: Personal = Personal(),  # noqa: B008 - frozen
    ) -> None:
        super().__init__(spark, place, aside)
        self.personal = personal
        # Accounts are read side by side, and one writer commits after the other.
        self._landing = threading.Lock()
        self._local_pages: local_pages.LocalPages | None = None
        self._selected: dict[PageSelection, DataFrame | None] = {}

    def for_account(self, account_id: str, run_id: str = "") -> AccountLake:
        """The lake as one account is to see it.

        Args:
            run_id: the run that writes to it; empty: as it was.
        """
        lake = AccountLake.__new__(AccountLake)
        lake.__dict__ |= self.__dict__
        lake.account_id = account_id
        lake.run_id = run_id or self.run_id
        return lake

    def for_small_tables(self) -> Self | None:
        """The lake for loads of which the driver holds all: pages, rows there are, rows to write.

        Its session works with one partition. None where tables are Spark's alone. What it reads
        once of the pages it keeps.
        """
        if not self._is_driver_lake:
            return None
        lake = copy.copy(self)
        lake.session = LazySession(lambda: session_for_small_tables(self.spark))
        lake.is_small = True
        lake._driver = DriverTables(lake.session)
        lake._selected = {}
        return lake

    def holds(self, *tables: TableSpec) -> bool:
        """Whether the driver may hold all of these silver tables as they are."""
        folders = (self._driver_folder(self._silver(table)) for table in tables)
        return all(folder is not None and self._driver.holds(folder) for folder in folders)

    def is_held_empty(self, table: TableSpec) -> bool:
        """Whether the driver holds the silver table, and it has no row of any account."""
        folder = self._driver_folder(self._silver(table)) if self.is_small else None
        return folder is not None and self._driver.is_held_empty(folder)

    def selected_pages(self, selection: PageSelection) -> DataFrame:
        """Pages as ``pages`` gives them, those of ``selection``."""
        rows = self._driver_pages(selection) if self.is_small else None
        return self.pages().where(selection.sql) if rows is None else rows

    def _driver_pages(self, selection: PageSelection) -> DataFrame | None:
        with self._landing:
            if selection not in self._selected:
                folder = self._driver_folder(self._bronze())
                where = selection.arrow(self.account_id)
                self._selected[selection] = (
                    self._driver.selected_rows(folder, where) if folder else None
                )
            return self._selected[selection]

    def append_pages(self, rows: list[dict[str, Any]]) -> None:
        """Append page rows to bronze, as one commit."""
        with self._landing:
            self._append_pages(rows)

    def _append_pages(self, rows: list[dict[str, Any]]) -> None:
        schema = pa.schema([(name, TYPES[type]) for name, type, _ in bronze_table.COLUMNS])
        table = self._bronze()
        folder = self._driver_folder(table)
        if folder:
            if self._local_pages is None:
                self._local_pages = local_pages.LocalPages(
                    folder,
                    schema,
                    bronze_table.PARTITIONS,
                    bronze_table.STATISTICS,
                )
            try:
                self._local_pages.append(rows)
            except local_pages.UnsupportedTable as unfit:
                logger.info("%s: Spark appends, as delta-rs does not: %s", table, unfit)
            else:
                return
        frame = frame_of(self.spark, pa.Table.from_pylist(rows, schema=schema))
        (
            frame.select(*[F.col(n).cast(t) for n, t, _ in bronze_table.COLUMNS])
            .coalesce(1)
            .writeTo(table)
            .options(maxRecordsPerFile="64", **option_of(rows))
            .append()
        )

    def page_rows(self, pages: Sequence[Mapping[str, Any]]) -> DataFrame:
        """Some columns of pages, all of them the same, as rows."""
        types = {name: TYPES[type] for name, type, _ in bronze_table.COLUMNS}
        schema = pa.schema([(name, types[name]) for name in pages[0]])
        return frame_of(self.spark, pa.Table.from_pylist(list(pages), schema=schema))

    def append(
        self, table: TableSpec, rows: DataFrame | pa.Table, *, together: bool = False
    ) -> None:
        """Append whole rows to a silver table: its first load.

        Args:
            together: those of one partition are together already.
        """
        name = self._silver(table)
        if self.is_small:
            rows, folder = arrow_of(rows), self._driver_folder(name)
            if folder and self._driver.append(folder, rows, self._tag):
                return
        rows = frame_of(self.spark, rows)
        rows = rows if together else self._by_day(table, rows)
        rows.writeTo(name).options(**option(self._tag)).append()

    def _by_day(self, table: TableSpec, rows: DataFrame) -> DataFrame:
        """Rows brought together by day, a large day in several parts."""
        return rows.hint("rebalance", table.partition.name) if table.partition else rows

    def undo(self, table: TableSpec) -> None:
        """Take back this run's append to a silver table.

        Raises:
            LakeError: another writer has changed the table since.
        """
        name = self._silver(table)
        commits = self.spark.sql(f"DESCRIBE HISTORY {name} LIMIT 10").collect()
        # A platform may have written small files together meanwhile.
        last = next(commit for commit in commits if commit["operation"] != "OPTIMIZE")
        if not is_ours(last["userMetadata"]):
            raise LakeError(messages.lake.BROKEN_ROWS_STAY(table=table.name))
        with tagged(self.spark, self._tag):
            self.spark.sql(f"RESTORE TABLE {name} TO VERSION AS OF {last['version'] - 1}")

    def publish(
        self, table: TableSpec, rows: DataFrame, accounts: Sequence[str], tag: str = TAG
    ) -> None:
        """Put ``rows`` in the place of all rows of the accounts, and its columns, in one commit.

        A table whose data files are missing is replaced as a whole, without a look at them.

        Args:
            tag: of the commit.

        Raises:
            LakeError: the columns change, or data files are missing, and rows of other accounts
                are in the way; or the table is another's.
        """
        ours = F.col("_account_id").isin(*accounts)
        try:
            name = self._silver(table)
        except TableDiffers as differs:
            name = self.place.silver_table(table.name)
            others = self._others(table, name, accounts)
            if others:
                raise LakeError(
                    messages.lake.SHARED_COLUMNS_CHANGE(table=table.name, others=", ".join(others))
                ) from differs
            self._replace(table, name, rows, tag)
        else:
            writer = self._by_day(table, rows).writeTo(name).options(**option(tag))
            try:
                if self._retired.get(name) and not self._others(table, name, accounts):
                    self._replace(table, name, rows, tag)
                else:
                    writer.overwrite(ours)  # reads the files that hold rows of others too
            except Exception as error:
                file = lost_file(error)
                if file is None:
                    raise
                others = self._others(table, name, accounts)
                if others:
                    raise LakeError(
                        messages.lake.SHARED_FILE_MISSING(
                            table=table.name, file=file, others=", ".join(others)
                        )
                    ) from error
                writer.overwrite(F.lit(True))
        if self._foreign.get(name):
            self._emptied.append(name)

    def _others(self, table: TableSpec, name: str, accounts: Sequence[str]) -> list[str]:
        """Other accounts that have rows in a silver table, or pages for it if it cannot be read."""
        try:
            rows = self.spark.table(name).select(F.col("_account_id").alias("account_id"))
            return self._besides(rows, accounts)
        except Exception as error:
            if lost_file(error) is None:
                raise
        pages = self._rows(self._bronze()).where(F.col("resource") == table.resource)
        return self._besides(pages.select("account_id"), accounts)

    def _besides(self, rows: DataFrame, accounts: Sequence[str]) -> list[str]:
        found = rows.where(~F.col("account_id").isin(*accounts)).distinct().collect()
        return sorted(row["account_id"] for row in found)

    def _replace(self, table: TableSpec, name: str, rows: DataFrame, tag: str) -> None:
        docs = {**{c.name: c.doc for c in columns_of(table)}, **{n: d for n, _, d in BOOKKEEPING}}
        described = [F.col(c).alias(c, metadata={"comment": d}) for c, d in docs.items()]
        kept = {*self._foreign.get(name, ())} - self._retired.get(name, frozenset())
        described += [
            F.lit(None).cast(f.dataType).alias(f.name, metadata=f.metadata)
            for f in self.spark.table(name).schema.fields
            if f.name in kept
        ]
        days = [table.partition.name] if table.partition else []
        writer = self._by_day(table, rows).select(*described).write.format("delta")
        writer = writer.mode("overwrite").option("overwriteSchema", "true").options(**option(tag))
        writer = writer.partitionBy(*days)
        if self.place.catalog:
            writer.saveAsTable(name)
        else:
            writer.save(folder_in(name))
        self._set_property(name, COLUMNS, ",".join(docs))
        if retired := self._retired.pop(name, frozenset()):
            self._foreign[name] = tuple(c for c in self._foreign[name] if c not in retired)
        if retired or table.extra:
            self._set_property(name, EXTRA, ",".join(column.name for column in table.extra))

    def merge(
        self, table: TableSpec, rows: DataFrame | pa.Table, days: Sequence[date | None]
    ) -> Merged:
        """Update and insert whole rows by key.

        Args:
            days: of a partitioned table, the partitions that the rows fall into, so that the cost
                follows these days and not the table.

        Returns:
            What Delta says that it did.
        """
        name = self._silver(table)
        if self.is_small:
            rows = arrow_of(rows)
            if not rows.num_rows:  # a merge of nothing makes a version where Spark does it
                return Merged(0, 0)
            done = self._merge_by_driver(table, rows, days)
            if done is not None:
                return done
        rows = frame_of(self.spark, rows)
        key = self._same_row(table)
        if table.partition:
            key += f" AND {partition_filter(f't.`{table.partition.name}`', days)}"
        return self._merge(name, key, rows, names_of(table))

    def _merge_by_driver(
        self, table: TableSpec, rows: pa.Table, days: Sequence[date | None]
    ) -> Merged | None:
        folder = self._driver_folder(self._silver(table))
        if folder is None:
            return None
        partition = (table.partition.name, days) if table.partition else None
        key = ("_account_id", *table.key)
        return self._driver.upsert(folder, rows, key, self._tag, partition=partition)

    def delete_moved_rows(self, table: TableSpec, keys: pa.Table) -> int:
        """Remove rows of ``keys`` that are in another partition than they say; how many."""
        if not keys.num_rows:
            return 0
        assert table.partition
        day = table.partition.name
        with tagged(self.spark, self._tag):
            done = self.spark.sql(
                merge_into(
                    self._silver(table),
                    f"ON {self._same_row(table)} AND NOT t.`{day}` <=> s.`{day}` "
                    "WHEN MATCHED THEN DELETE",
                ),
                rows=frame_of(self.spark, keys),
            ).first()
        return int(done["num_deleted_rows"]) if done else 0

    def _same_row(self, table: TableSpec) -> str:
        """Rows s and t of a silver table have the same key, t being one that we see."""
        key = same_key(("_account_id", *table.key))
        if self.account_id is not None:  # Delta prunes by nothing else
            key += f" AND t.`_account_id` = {text(self.account_id)}"
        return key


class AccountLake(Lake):
    """The lake as one account sees it: no page and no silver row of another.

    What is made, locked or known of the lake is known to both. ``Lake.for_account`` gives it.
    """

    account_id: str


def names_of(table: TableSpec) -> list[str]:
    """All columns of a silver table, in order."""
    return [c.name for c in columns_of(table)] + [name for name, _, _ in BOOKKEEPING]
