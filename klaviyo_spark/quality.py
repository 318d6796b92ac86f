"""Checks of projected rows, and what becomes of rows that break one. No I/O here."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from klaviyo_spark.spec import TableSpec


def without_key(table: TableSpec) -> Column:
    """True for a row that nothing can be matched by: an id part of its key is NULL."""
    missing = F.lit(False)
    for part in table.id_parts:
        missing = missing | F.col(part).isNull()
    return missing


def quarantined(rows: DataFrame, table: TableSpec, run_id: str) -> DataFrame:
    """Rows of ``klaviyo_ops.quarantine`` for the records of ``rows`` that have no key.

    The record stays whole, as JSON, with the rule it breaks and the page it stands on.
    """
    rule = F.concat(
        F.lit("key is NULL: "),
        F.concat_ws(", ", *[F.when(F.col(part).isNull(), F.lit(part)) for part in table.id_parts]),
    )
    return rows.where(without_key(table)).select(
        "_account_id",
        F.lit(table.name).alias("table_name"),
        rule.alias("rule"),
        F.col("json").alias("record"),
        "walk_id",
        "page_no",
        F.col("order").getField("element_at").alias("element_at"),
        F.col("at").alias("record_at"),
        F.col("seen_at").alias("fetched_at"),
        F.lit(run_id).alias("run_id"),
    )
