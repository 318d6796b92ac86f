"""A first sync and one with nothing new, per stage, against a floor measured in the same run.

The floor of refining events is what no refine can do without: parse the columns, bring each day
together, append. Limits of the sample account are scaled up, so that waiting is not measured.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Sequence

from pyspark.sql import functions as F

from klaviyo_spark import pipeline
from klaviyo_spark.api.client import Client
from klaviyo_spark.api.limiter import Limiter
from klaviyo_spark.lake import Lake, Place
from klaviyo_spark.resources import TABLES
from klaviyo_spark.sandbox.demo import KEY, served
from klaviyo_spark.secret import ApiKey
from klaviyo_spark.session import spark_session
from klaviyo_spark.settings import Settings
from klaviyo_spark.silver import project


def main(sizes: Sequence[int]) -> None:
    """Measure accounts of so many events, each in a lake of its own."""
    for events in sizes:
        with (
            tempfile.TemporaryDirectory() as folder,
            served(events, events // 10, print, rate_scale=1_000) as url,
        ):
            _measure(events, folder, url)


def _measure(events: int, folder: str, url: str) -> None:
    spark = spark_session(folder)
    lake = Lake(spark, Place(folder, None, "klaviyo_bronze", "klaviyo_v2", "klaviyo_ops"))
    settings = Settings(base_url=url, warehouse=folder)
    for title in ("first sync", "nothing new"):
        with Client(url, ApiKey(KEY), limiter=Limiter()) as client:
            done = pipeline.run("sync", lake, settings, client)
            asked = dict(client.stats().requests)
        loads = {load.table: load.seconds for load in done.loads if load.seconds}
        print(f"{events:,} events, {title}: ingest {done.ingest_s:.1f} s, ", end="")
        print(f"refine {done.refine_s:.1f} s, requests {asked}")
        print("  slowest tables:", dict(sorted(loads.items(), key=lambda x: -x[1])[:5]))
        if title == "first sync":
            first = loads["events"]
    began = time.monotonic()
    pages = lake.pages().where("resource = 'events'").withColumn("_account_id", F.col("account_id"))
    table = TABLES["events"]
    rows = project(pages, table).select(
        "_account_id", *[c.name for c in table.columns], "event_date"
    )
    rows.hint("rebalance", "event_date").write.format("delta").partitionBy("event_date").save(
        f"{folder}/floor"
    )
    floor = time.monotonic() - began
    print(f"{events:,} events: table events {first:.1f} s, floor {floor:.1f} s, ", end="")
    print(f"{first / floor:.2f} times the floor (beside the other tables)")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{events:,} events: peak memory of the Python driver {peak:.0f} MB")


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [20_000, 200_000])
