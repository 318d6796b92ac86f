"""A Dagster asset: `sync`, with rows and age of each table as metadata.

The machine needs Java and the command `klaviyo-spark`, which may be in an environment of its own:
name it in KLAVIYO_SPARK. The key comes from the environment.
"""

from __future__ import annotations

import json
import os
import subprocess

from dagster import Definitions, MaterializeResult, ScheduleDefinition, asset, define_asset_job

COMMAND = os.environ.get("KLAVIYO_SPARK", "klaviyo-spark")
LAKE = os.environ.get("KLAVIYO_SPARK_LAKE", "./lake")


def rows_per_table() -> dict[str, int]:
    """How many rows each table has, by `status`: it starts no Spark and needs no key."""
    command = [COMMAND, "status", "--json", "--warehouse", LAKE]
    told = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    return {table["table"]: table["rows"] for table in json.loads(told.stdout)["tables"]}


@asset
def klaviyo_v2() -> MaterializeResult:
    """The 25 tables. A run that is not all done fails the asset; the next one goes on."""
    subprocess.run([COMMAND, "sync", "--wait", "--warehouse", LAKE], check=True)  # noqa: S603
    return MaterializeResult(metadata=rows_per_table())


# One run at a time holds a lake: give the job a concurrency limit of 1 where others start it too.
daily = ScheduleDefinition(
    job=define_asset_job("klaviyo_daily", selection=[klaviyo_v2]), cron_schedule="0 5 * * *"
)
definitions = Definitions(assets=[klaviyo_v2], schedules=[daily])
