"""A Dagster asset: `sync`, with the rows of each table as metadata.

The machine needs Java, and klaviyo-spark in Dagster's environment. The key comes from the
environment.
"""

from __future__ import annotations

import os

from dagster import Definitions, MaterializeResult, ScheduleDefinition, asset, define_asset_job

from klaviyo_spark import Pipeline

LAKE = os.environ.get("KLAVIYO_SPARK_LAKE", "./lake")


@asset
def klaviyo_v2() -> MaterializeResult:
    """The 25 tables. A run that is not all done fails the asset; the next one goes on."""
    return MaterializeResult(metadata=Pipeline(warehouse=LAKE).sync(wait=True).rows)


# One run at a time holds a lake: give the job a concurrency limit of 1 where others start it too.
daily = ScheduleDefinition(
    job=define_asset_job("klaviyo_daily", selection=[klaviyo_v2]), cron_schedule="0 5 * * *"
)
definitions = Definitions(assets=[klaviyo_v2], schedules=[daily])
