"""What a row takes from rows of other tables, or from its neighbours. No I/O here."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from klaviyo_spark.spec import TableSpec

# Tables whose rows ``enrich`` looks at, per column lookup.
NEEDS = {
    "message_channel": ("campaign_messages", "flow_action_messages"),
    "attributed_send_ts": ("events",),
    "klaviyo_first": (),
}
# The column that points to them.
REFERENCES = {
    "message_channel": "attribution_message",
    "attributed_send_ts": "attribution_attributed_event_id",
}


def enrich(rows: DataFrame, table: TableSpec, silver: Mapping[str, DataFrame]) -> DataFrame:
    """``rows`` with the columns filled that a spec marks with ``lookup``.

    Args:
        rows: one row per key of ``table``.
        silver: the tables that ``NEEDS`` names, as they are now.
    """
    for column in (*table.columns, *table.internal):
        match column.lookup:
            case "message_channel":
                rows = _with_message_channel(rows, column.name, silver)
            case "attributed_send_ts":
                rows = _with_attributed_send_ts(rows, column.name, silver["events"])
            case "klaviyo_first":
                rows = _klaviyo_first(rows, column.name)
    return rows


def _with_message_channel(rows: DataFrame, name: str, silver: Mapping[str, DataFrame]) -> DataFrame:
    """Channel of the attributed message; what the record itself says where that is unknown."""
    messages = [("campaign_messages", "campaign_message_id")]
    messages += [("flow_action_messages", "flow_action_message_id")]
    known = [
        silver[t].select(
            F.col("_account_id").alias("m_account"),
            F.col(key).alias("m_id"),
            F.col("channel").alias("m_channel"),
        )
        for t, key in messages
    ]
    channels = (
        known[0]
        .union(known[1])
        .groupBy("m_account", "m_id")
        .agg(F.max("m_channel").alias("m_channel"))
    )
    on = (F.col("_account_id") == F.col("m_account")) & (
        F.col(REFERENCES["message_channel"]) == F.col("m_id")
    )
    return (
        rows.join(channels, on=on, how="left")
        .withColumn(name, F.coalesce("m_channel", name))
        .drop("m_account", "m_id", "m_channel")
    )


def _with_attributed_send_ts(rows: DataFrame, name: str, events: DataFrame) -> DataFrame:
    """When the attributed message was sent: the epoch in the attributed event's send cohort."""
    columns = (
        F.col("_account_id").alias("e_account"),
        F.col("id").alias("e_id"),
        F.regexp_extract("cohort_message_send_cohort", r"^(\d+):", 1)
        .try_cast("double")
        .alias("e_ts"),
    )
    known = rows.select(*columns).union(events.select(*columns)).where("e_ts is not null")
    sent = known.groupBy("e_account", "e_id").agg(F.max("e_ts").alias("e_ts"))
    on = (F.col("_account_id") == F.col("e_account")) & (
        F.col(REFERENCES["attributed_send_ts"]) == F.col("e_id")
    )
    return (
        rows.join(sent, on=on, how="left")
        .withColumn(name, F.coalesce(name, "e_ts"))
        .drop("e_account", "e_id", "e_ts")
    )


def _klaviyo_first(rows: DataFrame, name: str) -> DataFrame:
    """Look-alikes do not count where Klaviyo has such a metric; as ``api.metrics`` chooses ids.

    Of another integration: where Klaviyo has one under any of the names that count as the same.
    Of none said: where Klaviyo has one of that very name.
    """
    integration = F.lower("integration_name")
    own = F.coalesce(integration == "klaviyo", F.lit(False))
    alike = Window.partitionBy("_account_id", name)
    namesake = Window.partitionBy("_account_id", F.lower(F.trim("tag_id")))
    rival = F.when(integration.isNull(), F.max(own).over(namesake)).otherwise(
        F.max(own).over(alike)
    )
    return rows.withColumn(name, F.when(own | ~rival, F.col(name)))
