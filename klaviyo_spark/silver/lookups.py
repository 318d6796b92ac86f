"""What a row takes from rows of other tables, or from its neighbours. No I/O here."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from klaviyo_spark.schema.table import TableSpec

# Tables whose rows ``lookups`` looks at, per column lookup.
NEEDS = {
    "message_channel": ("campaign_messages", "flow_action_messages"),
    "attributed_send_ts": ("events",),
    "klaviyo_first": (),
    "list": ("lists",),
}
# The column that points to them.
REFERENCES = {
    "message_channel": "attribution_message",
    "attributed_send_ts": "attribution_attributed_event_id",
    "list": "list",
}
# Columns by which rows of a table are pointed to, where it is not by their key alone.
POINTED_TO_BY = {"lists": ("list_id", "name")}
# The columns of events that say when an event's message was sent.
SENT_BY = ("_account_id", "id", "cohort_message_send_cohort")


def resolve_within_batch(rows: DataFrame, table: TableSpec) -> DataFrame:
    """``rows``, one per key of ``table``, with the columns that depend on the other rows read."""
    for column in (*table.columns, *table.internal):
        if column.lookup == "klaviyo_first":
            rows = _klaviyo_first(rows, column.name)
    return rows


def look_up(
    rows: DataFrame,
    table: TableSpec,
    silver: Mapping[str, DataFrame],
    *,
    few: bool = False,
    small: bool = False,
) -> DataFrame:
    """``rows`` with the columns filled that are found in rows of other tables.

    Args:
        rows: one row per key of ``table``.
        silver: the tables that ``NEEDS`` names, as they are now. Of ``events``, the columns that
            ``SENT_BY`` names are enough.
        few: ``rows`` are few and cheap to look at twice: others are looked up for them alone.
        small: what they find fits into each task whole.
    """
    for column in (*table.columns, *table.internal):
        match column.lookup:
            case "message_channel":
                rows = _with_message_channel(rows, column.name, silver)
            case "attributed_send_ts":
                events = silver["events"]
                if few:
                    wanted = rows.select(
                        F.col("_account_id").alias("w_account"),
                        F.col(REFERENCES[column.lookup]).alias("w_id"),
                    )
                    same = F.col("_account_id") == F.col("w_account")
                    on = same & (F.col("id") == F.col("w_id"))
                    events = events.join(F.broadcast(wanted), on, "left_semi")
                rows = _with_attributed_send_ts(rows, column.name, events, small)
            case "list":
                rows = _with_list_id(rows, column.name, silver["lists"])
    return rows


def looks_up(table: TableSpec) -> bool:
    """Whether a column of ``table`` is found in rows of other tables."""
    return any(c.lookup in REFERENCES for c in (*table.columns, *table.internal))


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


def _with_attributed_send_ts(
    rows: DataFrame, name: str, events: DataFrame, small: bool
) -> DataFrame:
    """When the attributed message was sent: the epoch in the attributed event's send cohort."""
    account, id, cohort = SENT_BY
    sent = (
        events.select(
            F.col(account).alias("e_account"),
            F.col(id).alias("e_id"),
            F.regexp_extract(cohort, r"^(\d+):", 1).try_cast("double").alias("e_ts"),
        )
        .where("e_ts is not null")
        .groupBy("e_account", "e_id")
        .agg(F.max("e_ts").alias("e_ts"))
    )
    on = (F.col("_account_id") == F.col("e_account")) & (
        F.col(REFERENCES["attributed_send_ts"]) == F.col("e_id")
    )
    return (
        rows.join(F.broadcast(sent) if small else sent, on=on, how="left")
        .withColumn(name, F.coalesce(name, "e_ts"))
        .drop("e_account", "e_id", "e_ts")
    )


def _with_list_id(rows: DataFrame, name: str, lists: DataFrame) -> DataFrame:
    """The list that is meant: the one with that id, else the only one ever of that name."""
    by_name = (
        lists.where("name IS NOT NULL")
        .groupBy("_account_id", "name")
        .agg(F.count("*").alias("n"), F.max("list_id").alias("l_id"))
        .where("n = 1")
        .select("_account_id", F.col("name").alias("l_said"), "l_id", F.lit(1).alias("l_rank"))
    )
    by_id = lists.select(
        "_account_id",
        F.col("list_id").alias("l_said"),
        F.col("list_id").alias("l_id"),
        F.lit(0).alias("l_rank"),
    )
    known = (
        by_id.union(by_name)
        .groupBy(F.col("_account_id").alias("l_account"), "l_said")
        .agg(F.min_by("l_id", "l_rank").alias("l_id"))
    )
    on = (F.col("_account_id") == F.col("l_account")) & (
        F.col(REFERENCES["list"]) == F.col("l_said")
    )
    return (
        rows.join(known, on=on, how="left")
        .withColumn(name, F.coalesce(name, "l_id"))
        .drop("l_account", "l_said", "l_id")
    )


def _klaviyo_first(rows: DataFrame, name: str) -> DataFrame:
    """Look-alikes do not count where Klaviyo has such a metric, as when ids are chosen.

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
