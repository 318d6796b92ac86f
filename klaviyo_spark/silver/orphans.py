"""Flows that events and messages name and no flow has. DataFrame -> DataFrame, no I/O here.

A flow deleted before it was ever read answers 404 and is in no listing; its events stay. That is
expected, so it is counted and listed rather than failed.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

# Table, the column that names a flow, and the column that says when.
_NAMED_BY = (
    ("events", "flow", "event_datetime"),
    ("events", "attribution_flow", "event_datetime"),
    ("flow_actions", "flow_id", None),
)
NEEDS = ("events", "flow_actions", "flows")


def orphaned_flows(silver: Mapping[str, DataFrame]) -> DataFrame:
    """Rows of ``klaviyo_ops.orphaned_flows`` from the tables that ``NEEDS`` names.

    A flow that was read once and is gone now has a (marked) row, so it is no orphan.
    """
    named = [
        _referenced_flows(silver[table], table, column, when) for table, column, when in _NAMED_BY
    ]
    every = reduce(DataFrame.union, named)
    flows = silver["flows"].select("_account_id", "flow_id")
    return every.join(flows, on=["_account_id", "flow_id"], how="left_anti")


def _referenced_flows(rows: DataFrame, table: str, column: str, when: str | None) -> DataFrame:
    at = F.col(when) if when else F.lit(None).cast("timestamp")
    return (
        rows.where(F.col(column).isNotNull() & (F.col(column) != ""))
        .groupBy("_account_id", F.col(column).alias("flow_id"))
        .agg(
            F.lit(f"{table}.{column}").alias("referenced_by"),
            F.count(F.lit(1)).alias("row_count"),
            F.min(at).alias("first_event_at"),
            F.max(at).alias("last_event_at"),
        )
    )
