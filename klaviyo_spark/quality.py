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


def with_broken(rows: DataFrame, table: TableSpec) -> DataFrame:
    """``rows`` with ``broken``: for a row without a key, all that quarantine needs; else NULL.

    The record itself goes no further for the other rows, which are nearly all of them.
    """
    rule = F.concat(
        F.lit("key is NULL: "),
        F.concat_ws(", ", *[F.when(F.col(part).isNull(), F.lit(part)) for part in table.id_parts]),
    )
    bad = without_key(table)
    facts = {
        "rule": rule,
        "record": F.col("json"),
        "walk_id": F.col("walk_id"),
        "page_no": F.col("page_no"),
        "record_at": F.col("at"),
        "element_at": F.col("order").getField("element_at"),
        "fetched_at": F.col("seen_at"),
    }
    # Each fact by itself may be NULL: a struct of facts that may not travels badly by Arrow.
    broken = F.struct(*[F.when(bad, fact).alias(name) for name, fact in facts.items()])
    return rows.withColumn("broken", F.when(bad, broken)).drop("json")


def quarantined(changed: DataFrame, table: TableSpec, run_id: str) -> DataFrame:
    """Rows of ``klaviyo_ops.quarantine`` from the broken ones among ``merge.changes``.

    The record stays whole, as JSON, with the rule it breaks and the page it stands on.
    """
    return changed.where("broken is not null").select(
        "_account_id",
        F.lit(table.name).alias("table_name"),
        "broken.*",
        F.lit(run_id).alias("run_id"),
    )
