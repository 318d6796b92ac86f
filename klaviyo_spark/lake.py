"""The only Delta: tables made from specs, pages appended, rows merged, ledgers kept.

A lake is a folder (``DIR/klaviyo_v2.db/events``, any reader opens it) or schemas of a catalog.
Nothing goes round Spark to the file system, so a folder may be any URI Spark can reach.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from klaviyo_spark import bronze, local_pages, ops
from klaviyo_spark.lock import folder_of
from klaviyo_spark.merge import BOOKKEEPING
from klaviyo_spark.silver import columns_of
from klaviyo_spark.spec import TableSpec
from klaviyo_spark.sql import text as _text

# Any reader opens these folders; deletion vectors gained nothing at the size of a daily change.
_PROPERTIES = {"delta.enableDeletionVectors": "false"}
# Beyond this many single days a merge names a range instead.
_MAX_DAYS_LISTED = 200


@dataclass(frozen=True)
class Place:
    """Where the lake is: a folder or URI, or a catalog; and what its schemas are called."""

    warehouse: str
    catalog: str | None
    bronze: str
    silver: str
    ops: str

    def table(self, schema: str, name: str) -> str:
        """How SQL names a table."""
        if self.catalog:
            return f"`{self.catalog}`.`{schema}`.`{name}`"
        return f"delta.`{self.warehouse.rstrip('/')}/{schema}.db/{name}`"


class Lake:
    """The lake's tables, made when first asked for."""

    def __init__(self, spark: SparkSession, place: Place) -> None:
        self.spark, self.place = spark, place
        self._known: set[str] = set()
        # Tables are refined side by side, and Delta refuses one of two merges at once.
        self._quarantining = threading.Lock()
        self._local_pages: local_pages.LocalPages | None = None

    # -- tables ---------------------------------------------------------------------------------

    def pages(self) -> DataFrame:
        """``klaviyo_bronze.pages``: one row per page as received."""
        return self.spark.table(self._bronze())

    def silver(self, table: TableSpec) -> DataFrame:
        """One silver table as it is."""
        return self.spark.table(self._silver(table))

    def ops(self, name: str) -> DataFrame:
        """One of the operators' tables."""
        return self.spark.table(self._ops(name))

    def _bronze(self) -> str:
        return self._ensure(
            self.place.table(self.place.bronze, "pages"),
            bronze.COLUMNS,
            "One row per page of an answer of Klaviyo, exactly as received.",
            partitions=bronze.PARTITIONS,
            statistics=bronze.STATISTICS,
        )

    def _silver(self, table: TableSpec) -> str:
        columns = columns_of(table)
        described = [(c.name, c.type, c.doc) for c in columns]
        partition = (table.partition.name,) if table.partition else ()
        # Statistics only on times and metric ids: quicker, and no personal data in the log.
        statistics = [
            c.name
            for c in columns
            if (c.type in ("timestamp", "date") or c.name == "metric_data_id")
            and c.name not in partition
        ]
        return self._ensure(
            self.place.table(self.place.silver, table.name),
            (*described, *BOOKKEEPING),
            f"{table.doc} {table.note}".strip(),
            partitions=partition,
            statistics=(*statistics, "_landed_at", "_deleted_at"),
        )

    def _ops(self, name: str) -> str:
        doc, columns = ops.TABLES[name]
        return self._ensure(self.place.table(self.place.ops, name), columns, doc)

    def ensure(self, name: str, columns: Iterable[tuple[str, str, str]], doc: str) -> str:
        """Create an operators' table that ``ops`` does not list, if need be; its name in SQL."""
        return self._ensure(self.place.table(self.place.ops, name), columns, doc)

    def _ensure(
        self,
        name: str,
        columns: Iterable[tuple[str, str, str]],
        doc: str,
        *,
        partitions: Sequence[str] = (),
        statistics: Sequence[str] | None = None,
    ) -> str:
        """Create the table if it is not there; its comments are those of the spec."""
        if name in self._known:
            return name
        if self.place.catalog:
            schema = name.rpartition(".")[0]
            self.spark.sql(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        shape = ", ".join(f"`{c}` {type} COMMENT {_text(about)}" for c, type, about in columns)
        properties = dict(_PROPERTIES)
        if statistics is not None:
            properties["delta.dataSkippingStatsColumns"] = ",".join(statistics)
        listed = ", ".join(f"{_text(k)} = {_text(v)}" for k, v in properties.items())
        by = f"PARTITIONED BY ({', '.join(partitions)})" if partitions else ""
        self.spark.sql(
            f"CREATE TABLE IF NOT EXISTS {name} ({shape}) USING delta {by} "
            f"COMMENT {_text(doc)} TBLPROPERTIES ({listed})"
        )
        self._known.add(name)
        return name

    # -- writing --------------------------------------------------------------------------------

    def append_pages(self, rows: list[dict[str, Any]]) -> None:
        """Append page rows to bronze, as one commit."""
        schema = pa.schema([(name, _ARROW[type]) for name, type, _ in bronze.COLUMNS])
        table = self._bronze()
        folder = folder_of(self)
        if folder and local_pages.available():
            if self._local_pages is None:
                self._local_pages = local_pages.LocalPages(
                    folder / f"{self.place.bronze}.db" / "pages",
                    schema,
                    bronze.PARTITIONS,
                    bronze.STATISTICS,
                )
            self._local_pages.append(rows)
            return
        frame = self.spark.createDataFrame(pa.Table.from_pylist(rows, schema=schema))
        (
            frame.select(*[F.col(n).cast(t) for n, t, _ in bronze.COLUMNS])
            .coalesce(1)
            .writeTo(table)
            .option("maxRecordsPerFile", "64")
            .append()
        )

    def append(self, table: TableSpec, rows: DataFrame) -> None:
        """Append whole rows to a silver table: its first load."""
        if table.partition:
            rows = rows.hint("rebalance", table.partition.name)
        rows.writeTo(self._silver(table)).append()

    def merge(self, table: TableSpec, rows: DataFrame, days: list[date | None]) -> None:
        """Update and insert whole rows by key.

        Args:
            days: of a partitioned table, the partitions that the rows fall into, so that the cost
                follows these days and not the table.
        """
        key = " AND ".join(f"t.`{k}` <=> s.`{k}`" for k in ("_account_id", *table.key))
        if table.partition:
            key += f" AND {only(f't.`{table.partition.name}`', days)}"
        self.spark.sql(
            f"MERGE INTO {self._silver(table)} t USING {{rows}} s ON {key} "
            "WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *",
            rows=rows,
        )

    def append_ops(self, name: str, rows: list[dict[str, Any]]) -> None:
        """Append rows to one of the operators' tables."""
        columns = ops.TABLES[name][1]
        schema = pa.schema([(column, _ARROW[type]) for column, type, _ in columns])
        frame = self.spark.createDataFrame(pa.Table.from_pylist(rows, schema=schema))
        shaped = frame.select(*[F.col(column).cast(type) for column, type, _ in columns])
        shaped.coalesce(1).writeTo(self._ops(name)).append()

    def append_to_ops(self, name: str, rows: DataFrame) -> None:
        """Append rows, worked out by Spark, to one of the operators' tables."""
        columns = [column for column, _, _ in ops.TABLES[name][1]]
        rows.select(*columns).coalesce(1).writeTo(self._ops(name)).append()

    def insert_quarantined(self, rows: DataFrame) -> None:
        """Add records to quarantine; a repeated refine does not double them."""
        same = ("table_name", "walk_id", "page_no", "record_at", "element_at", "record")
        on = " AND ".join(f"t.`{c}` <=> s.`{c}`" for c in same)
        with self._quarantining:
            self.spark.sql(
                f"MERGE INTO {self._ops('quarantine')} t USING {{rows}} s ON {on} "
                "WHEN NOT MATCHED THEN INSERT *",
                rows=rows,
            )

    def replace_ops(self, name: str, rows: DataFrame, account_id: str) -> None:
        """Put ``rows`` in the place of all rows of the account."""
        rows.writeTo(self._ops(name)).overwrite(F.col("_account_id") == account_id)


_ARROW = {
    "string": pa.string(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "array<string>": pa.list_(pa.string()),
}


def only(column: str, days: list[date | None]) -> str:
    """A condition on a column of days, in literals: Delta prunes by nothing else."""
    known = sorted(d for d in days if d is not None)
    parts = []
    if len(known) > _MAX_DAYS_LISTED:
        parts.append(f"{column} BETWEEN DATE'{known[0]}' AND DATE'{known[-1]}'")
    elif known:
        parts.append(f"{column} IN ({', '.join(f'DATE{chr(39)}{d}{chr(39)}' for d in known)})")
    if None in days:
        parts.append(f"{column} IS NULL")
    return f"({' OR '.join(parts)})" if parts else "true"
