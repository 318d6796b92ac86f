"""Fill look-up columns of existing rows once the row they reference arrives in a later run.

An event may be read before the event or the message it is attributed to. When those come, by a
later run, the rows that waited take from them what they would have taken at first. What has just
come is what the run has written: a run that is refined again finds the same. Those rows wait for
nothing: they have looked at what was there and at what came with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from klaviyo_spark.lake.lake import AccountLake
from klaviyo_spark.lake.merge import partition_filter
from klaviyo_spark.resources import TABLES
from klaviyo_spark.schema import sql_text
from klaviyo_spark.schema.bookkeeping import columns_of
from klaviyo_spark.schema.sources import BorrowedRows
from klaviyo_spark.schema.table import TableSpec
from klaviyo_spark.silver.changes import row_hash
from klaviyo_spark.silver.lookups import NEEDS, POINTED_TO_BY, REFERENCES, look_up


@dataclass(frozen=True)
class DeferredLookups:
    """Settles tables after the rows of one run have been written.

    Args:
        began: when the run's first page was fetched.
    """

    lake: AccountLake
    run_id: str
    began: datetime

    def look_up(self, table: TableSpec, since: Column) -> int:
        """Fill rows that looked for what has come; how many have changed.

        Args:
            since: the part of the table that holds rows which point to rows of this run in it.
        """
        columns = (*table.columns, *table.internal)
        needed = {name for column in columns for name in NEEDS.get(column.lookup, ())}
        silver = {name: self.lake.silver(TABLES[name]) for name in needed}
        came = {name: self._rows_of_run(rows) for name, rows in silver.items()}
        news = {
            name: reduce(
                DataFrame.union,
                [
                    rows.select("_account_id", F.col(column).alias("news_id"))
                    for column in POINTED_TO_BY.get(name, TABLES[name].key[:1])
                ],
            )
            for name, rows in came.items()
        }
        news = {name: rows for name, rows in news.items() if not rows.isEmpty()}
        if not news:
            return 0
        current = self._older(self.lake.silver(table))
        if news.keys() == {table.name}:
            current = current.where(since)
        waited = rows_to_fill(table, current, news)
        days: list[date | None] = []
        if table.partition:
            day = table.partition.name
            days = [row[0] for row in waited.select(day).distinct().collect()]
            if not days:
                return 0
            current = current.where(partition_filter(f"`{day}`", days))
        rows = current.join(waited, ["_account_id", *table.key], "left_semi")
        if table.name in came:  # the large one, and what older rows of it say is filled already
            silver[table.name] = came[table.name]
        return self._merge(table, fill_rows(table, rows, silver, self.run_id), days)

    def borrow(self, table: TableSpec, since: Column) -> int:
        """Add rows that borrow what has come; how many.

        Args:
            since: as of ``look_up``, of the table that ``table`` is made of.
        """
        count = 0
        for borrow in (source.borrow for source in table.sources if source.borrow):
            news = self._rows_of_run(self.lake.silver(TABLES[borrow.table]))
            if news.isEmpty():
                continue
            assert table.made_of
            owners = self._older(self.lake.silver(TABLES[table.made_of.table])).where(since)
            came = rows_to_lend(table, borrow, owners, news)
            if came.isEmpty():  # most days: the table itself need not be looked through
                continue
            rows = lend_rows(table, came, self.lake.silver(table), self.run_id)
            count += self._merge(table, rows, [])
        return count

    def _older(self, rows: DataFrame) -> DataFrame:
        """Rows that the run has not read, or read as they were; those that it has settled too."""
        return rows.where(f"NOT {_is_written(self.run_id, self.began)}")

    def _rows_of_run(self, rows: DataFrame) -> DataFrame:
        return rows_written_by(rows, self.run_id, self.began)

    def _merge(self, table: TableSpec, rows: DataFrame, days: list[date | None]) -> int:
        # A merge of nothing makes a version too, but for one that the driver makes.
        if not self.lake.is_small and rows.isEmpty():
            return 0
        return sum(self.lake.merge(table, rows, days))


def rows_written_by(rows: DataFrame, run_id: str, began: datetime) -> DataFrame:
    """Rows that a run has written, of what it has read since it ``began``.

    The time spares files: Delta knows the latest of each.
    """
    return rows.where(_is_written(run_id, began))


def _is_written(run_id: str, began: datetime) -> str:
    return f"(_run_id = {sql_text.text(run_id)} AND _landed_at >= {sql_text.instant(began)})"


def rows_to_fill(table: TableSpec, current: DataFrame, news: Mapping[str, DataFrame]) -> DataFrame:
    """Key and partition of rows that point to ``news`` by a column that is looked up.

    Args:
        current: the table as it is.
        news: rows that have just come, of the tables of ``lookups.NEEDS`` that have any:
            ``_account_id`` and ``news_id``, by which rows point to them.
    """
    found: list[DataFrame] = []
    for column in (*table.columns, *table.internal):
        for needed in news.keys() & set(NEEDS.get(column.lookup, ())):
            came = news[needed].select(F.col("_account_id").alias("n_account"), "news_id")
            same = F.col("_account_id") == F.col("n_account")
            points = same & (F.col(REFERENCES[column.lookup]) == F.col("news_id"))
            found.append(current.join(came, points, "left_semi").select(*_identity(table)))
    return reduce(DataFrame.union, found).distinct()


def fill_rows(
    table: TableSpec, rows: DataFrame, silver: Mapping[str, DataFrame], run_id: str
) -> DataFrame:
    """Those of ``rows`` that come out different now that ``silver`` holds more, whole."""
    names = [column.name for column in columns_of(table)]
    again = look_up(rows, table, silver).selectExpr(
        "*", f"{row_hash(['_account_id', *names])} AS hash"
    )
    return again.where(F.col("hash") != F.col("_row_hash")).select(
        *names,
        "_account_id",
        F.lit(run_id).alias("_run_id"),
        "_landed_at",
        F.col("hash").alias("_row_hash"),
        "_deleted_at",
    )


def rows_to_lend(
    table: TableSpec, borrow: BorrowedRows, owners: DataFrame, news: DataFrame
) -> DataFrame:
    """What ``owners`` without an array of their own may borrow: key and ``_landed_at`` of rows.

    Args:
        owners: rows of the table that ``table`` is made of.
        news: rows of the table borrowed from that have just come.
    """
    came = news.select(
        F.col("_account_id").alias("n_account"),
        F.col(borrow.on).alias("n_on"),
        F.col(borrow.column).alias("element"),
    )
    same = F.col("_account_id") == F.col("n_account")
    assert table.made_of
    waited = owners.where(F.col(table.made_of.json).isNull()).join(
        came, same & (F.col(borrow.ref) == F.col("n_on"))
    )
    owner, element = table.key
    return waited.select(
        F.col(table.made_of.key).alias(owner),
        F.col("element").alias(element),
        "_account_id",
        "_landed_at",
    )


def lend_rows(table: TableSpec, came: DataFrame, current: DataFrame, run_id: str) -> DataFrame:
    """Rows of ``table`` that are missing of those ``rows_to_lend``, whole.

    Args:
        current: the table as it is.
    """
    names = [column.name for column in columns_of(table)]
    whole = came.distinct().selectExpr(
        *names,
        "_account_id",
        f"{sql_text.text(run_id)} AS _run_id",
        "_landed_at",
        f"{row_hash(['_account_id', *names])} AS _row_hash",
        "CAST(NULL AS timestamp) AS _deleted_at",
    )
    return whole.join(
        current.select("_account_id", *table.key), ["_account_id", *table.key], "left_anti"
    )


def _identity(table: TableSpec) -> tuple[str, ...]:
    partition = (table.partition.name,) if table.partition else ()
    return ("_account_id", *table.key, *partition)
