"""When a member who left was last seen on a list. DataFrame -> DataFrame, no I/O here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from klaviyo_spark.lake.arrow import frame
from klaviyo_spark.schema import sql_text
from klaviyo_spark.schema.table import TableSpec
from klaviyo_spark.silver.parse.explode import lacks_records, page_texts
from klaviyo_spark.silver.parse.project import project
from klaviyo_spark.state.complete_reads import CompleteRead


def last_seen_before(
    pages: DataFrame, table: TableSpec, reads: Iterable[CompleteRead]
) -> DataFrame:
    """The table's key and ``held_at``: the last read, before ``reads``, that held the member.

    That is found in each list's read before: who was not in that one has been marked already.

    Args:
        pages: all of bronze.
        reads: complete reads being taken in.
    """
    endpoint = table.sources[0].endpoint
    starts: dict[tuple[str, str | None], datetime] = {}
    for read in reads:
        if read.endpoint == endpoint:
            key = (read.account_id, read.parent_id)
            starts[key] = min(read.started_at, starts.get(key, read.started_at))
    begun = frame(
        pages.sparkSession,
        [(*key, at) for key, at in starts.items()],
        account_id="string",
        parent_id="string",
        begun_at="timestamp",
    )
    before = pages.where(f"endpoint = {sql_text.text(endpoint)} AND status = 200").join(
        begun, on=["account_id", "parent_id"], how="inner"
    )
    before = before.where("fetched_at < begun_at")
    whole = (
        before.where("is_full_read")
        .groupBy("account_id", "parent_id")
        .agg(F.max("read_started_at").alias("since"))
    )
    last = before.join(whole, on=["account_id", "parent_id"], how="inner")
    last = last.where("read_started_at >= since").withColumn("_account_id", F.col("account_id"))
    # A page that cannot be read has been told of when it was taken in.
    last = last.where(f"status != 200 OR NOT {lacks_records(page_texts())}")
    held = project(last, table).groupBy("_account_id", *table.key)
    return held.agg(F.max("seen_at").alias("held_at"))
