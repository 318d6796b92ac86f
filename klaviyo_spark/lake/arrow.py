"""Rows that the driver holds, as a DataFrame. All go through Arrow.

Spark takes Arrow in as it is. A list of tuples would be pickled and read by a Python process beside
each executor, and a cluster's executors need not have one that fits, or any at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# Arrow's types by the names that specs and ``ops_tables`` give to Spark's.
TYPES = {
    "string": pa.string(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "binary": pa.binary(),
    "array<string>": pa.list_(pa.string()),
}


def frame_of(spark: SparkSession, rows: DataFrame | pa.Table) -> DataFrame:
    """Rows as a DataFrame, wherever they are.

    Arrow's in one piece: Spark takes a piece without rows, as a filter leaves them, for the end,
    and of arrays it takes no column that has no piece at all.
    """
    if not isinstance(rows, pa.Table):
        return rows
    return spark.createDataFrame(
        rows.combine_chunks() if rows.num_rows else rows.schema.empty_table()
    )


def arrow_of(rows: DataFrame | pa.Table) -> pa.Table:
    """Rows in the driver, wherever they are."""
    return rows if isinstance(rows, pa.Table) else rows.toArrow()


def table_of(rows: Any) -> pa.Table:
    """What delta-rs gives, as a table; ``pa.table`` would import pandas to see that it is none."""
    return pa.RecordBatchReader.from_stream(rows).read_all()


def frame(spark: SparkSession, rows: Iterable[Sequence[Any]], **columns: str) -> DataFrame:
    """``rows``, in any number, as a DataFrame.

    Args:
        rows: a value per column; None is NULL.
        columns: their names and types, in order.
    """
    names = list(columns)
    named = [dict(zip(names, row, strict=True)) for row in rows]
    schema = pa.schema([(name, TYPES[type]) for name, type in columns.items()])
    table = pa.Table.from_pylist(named, schema=schema)
    if not named:  # Connect looks for the schema of no rows elsewhere
        return spark.createDataFrame(table, ", ".join(f"`{c}` {t}" for c, t in columns.items()))
    return frame_of(spark, table)
