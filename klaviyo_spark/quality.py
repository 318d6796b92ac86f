"""Checks of projected rows, and what becomes of rows that break one. No I/O here."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from klaviyo_spark import sql
from klaviyo_spark.spec import TableSpec


def without_key(table: TableSpec) -> str:
    """True for a row that nothing can be matched by: an id part of its key is NULL."""
    return " OR ".join(f"{sql.name(part)} IS NULL" for part in table.id_parts)


def with_broken(rows: DataFrame, table: TableSpec) -> DataFrame:
    """``rows`` with ``broken``: for a row without a key, all that quarantine needs; else NULL.

    The record itself goes no further for the other rows, which are nearly all of them.
    """
    bad = without_key(table)
    missing = [
        f"CASE WHEN {sql.name(part)} IS NULL THEN {sql.text(part)} END" for part in table.id_parts
    ]
    facts = {
        "rule": f"concat('key is NULL: ', concat_ws(', ', {', '.join(missing)}))",
        "record": "json",
        "walk_id": "walk_id",
        "page_no": "page_no",
        "record_at": "at",
        "element_at": "`order`.element_at",
        "fetched_at": "seen_at",
    }
    # Each fact by itself may be NULL: a struct of facts that may not travels badly by Arrow.
    broken = [f"CASE WHEN {bad} THEN {fact} END AS {name}" for name, fact in facts.items()]
    whole = f"CASE WHEN {bad} THEN struct({', '.join(broken)}) END AS broken"
    return rows.selectExpr("*", whole).drop("json")


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
