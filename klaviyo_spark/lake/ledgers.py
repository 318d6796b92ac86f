"""The operators' tables: rows appended, merged by key, deleted and replaced.

In a folder of this machine delta-rs writes them, anywhere else Spark. One write to them at a time:
accounts are read side by side and tables refined so, and Delta refuses one of two merges at once.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from klaviyo_spark.lake.arrow import TYPES, arrow_of, frame_of
from klaviyo_spark.lake.commit_retry import retry_on_conflict
from klaviyo_spark.lake.commit_tag import option, tag_of, tagged
from klaviyo_spark.lake.merge import Merged, insert_columns, merge_into, same_key, upsert
from klaviyo_spark.lake.spark.lazy_session import LazySession
from klaviyo_spark.lake.tables import Place, Tables
from klaviyo_spark.schema import ops_tables

# What makes two rows of quarantine the same record.
_QUARANTINED = (
    "_account_id",
    "table_name",
    "walk_id",
    "page_number",
    "record_index",
    "element_index",
    "record",
)


class Ledgers(Tables):
    """The lake's tables, and what is written to the operators'.

    Attributes:
        run_id: the run that writes, which commits name; empty where they need not.
    """

    run_id: str = ""

    def __init__(
        self, spark: SparkSession | LazySession, place: Place, aside: frozenset[str] = frozenset()
    ) -> None:
        super().__init__(spark, place, aside)
        self._writing_ops = threading.Lock()

    @property
    def _tag(self) -> str:
        return tag_of(self.run_id)

    def append_ops(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append rows to one of the operators' tables."""
        self._append_ops(name, _as_arrow(name, rows))

    def append_to_ops(self, name: str, rows: DataFrame) -> None:
        """Append rows, worked out by Spark, to one of the operators' tables."""
        rows = rows.select(*_columns(name))
        if self._driver_folder(self._ops(name)):
            found = rows.toArrow()
            if found.num_rows:
                self._append_ops(name, found)
        else:
            rows.coalesce(1).writeTo(self._ops(name)).append()

    def _append_ops(self, name: str, rows: pa.Table) -> None:
        table = self._ops(name)
        folder = self._driver_folder(table)
        with self._writing_ops:
            if folder and self._driver.append(folder, rows, self._tag):
                return
            frame_of(self.spark, rows).coalesce(1).writeTo(table).append()

    def merge_ops(
        self, name: str, rows: Sequence[Mapping[str, Any]], on: Sequence[str], update: Sequence[str]
    ) -> None:
        """Add rows to one of the operators' tables.

        Args:
            update: what one that is there by the same key takes of its row.
        """
        table, given = self._ops(name), _as_arrow(name, rows)
        folder = self._driver_folder(table)
        with self._writing_ops:
            if folder and self._driver.upsert(folder, given, on, self._tag, update=update):
                return
            self._merge(table, same_key(on), self.ops_rows(name, rows), _columns(name), update)

    def delete_ops(self, name: str, where: str) -> None:
        """Delete rows of one of the operators' tables.

        Args:
            where: SQL in words that Spark and delta-rs both know.
        """
        table = self._ops(name)
        folder = self._driver_folder(table)
        with self._writing_ops:
            if not (folder and self._driver.delete(folder, where, self._tag)):
                with tagged(self.spark, self._tag):
                    self.spark.sql(f"DELETE FROM {table} WHERE {where}").collect()

    def replace_ops(self, name: str, rows: DataFrame, where: str) -> None:
        """Put ``rows`` in the place of those for which ``where`` holds.

        Args:
            where: SQL in words that Spark and delta-rs both know.
        """
        table = self._ops(name)
        rows, folder = rows.select(*_columns(name)), self._driver_folder(table)
        found = rows.toArrow() if folder else rows
        with self._writing_ops:
            if folder and self._driver.replace(folder, found, where, self._tag):
                return
            rows = frame_of(self.spark, found)
            rows.writeTo(table).options(**option(self._tag)).overwrite(F.expr(where))

    def insert_quarantined(self, rows: DataFrame | pa.Table) -> None:
        """Add records to quarantine; a repeated refine does not double them."""
        table = self._ops("quarantine")
        folder = self._driver_folder(table)
        rows = arrow_of(rows) if folder else rows
        with self._writing_ops:
            if folder and self._driver.upsert(folder, rows, _QUARANTINED, self._tag, update=()):
                return
            inserted = insert_columns(_columns("quarantine"))
            self.spark.sql(
                merge_into(table, f"ON {same_key(_QUARANTINED)} WHEN NOT MATCHED THEN {inserted}"),
                rows=frame_of(self.spark, rows),
            )

    def ops_rows(self, name: str, rows: Sequence[Mapping[str, Any]]) -> DataFrame:
        """Rows for one of the operators' tables, which are not there yet."""
        frame = frame_of(self.spark, _as_arrow(name, rows))
        return frame.select(
            *[F.col(column).cast(type) for column, type, _ in ops_tables.TABLES[name][1]]
        )

    def _merge(
        self,
        name: str,
        on: str,
        rows: DataFrame,
        columns: Sequence[str],
        update: Sequence[str] = (),
    ) -> Merged:
        """Update rows that match, insert those that do not; again where others write too."""
        merge = upsert(name, on, columns, update)
        with tagged(self.spark, self._tag):
            done = retry_on_conflict(lambda: self.spark.sql(merge, rows=rows).collect(), name)[0]
        return Merged(done["num_inserted_rows"], done["num_updated_rows"])


def _as_arrow(name: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    schema = pa.schema([(c, TYPES[type]) for c, type, _ in ops_tables.TABLES[name][1]])
    return pa.Table.from_pylist(list(rows), schema=schema)


def _columns(name: str) -> list[str]:
    return [column for column, _, _ in ops_tables.TABLES[name][1]]
