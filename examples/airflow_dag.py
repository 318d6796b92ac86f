"""A DAG for Airflow 3: `sync` every day, then `maintain`. Copy it into the folder of DAGs.

The worker needs Java and the command `klaviyo-spark`, which may be in an environment of its own:
name it in KLAVIYO_SPARK. The key comes from the worker's environment, or from a secrets backend
that sets it there; it is no argument and no Airflow variable.
"""

from __future__ import annotations

import os
import subprocess
from datetime import datetime, timedelta, timezone

from airflow.sdk import dag, task

COMMAND = os.environ.get("KLAVIYO_SPARK", "klaviyo-spark")
CONFIG = os.environ.get("KLAVIYO_SPARK_CONFIG", "conf/prod.yml")


def run_command(*arguments: str) -> None:
    """Run `klaviyo-spark`; its log goes to the task's log.

    Raises:
        CalledProcessError: its exit code is not 0. After 3 and 4 what was read has been loaded; the
            next attempt goes on with the rest.
    """
    command = [COMMAND, *arguments, "--config", CONFIG, "--wait", "--log-format", "json"]
    subprocess.run(command, check=True)  # noqa: S603 - our own command, no shell


@dag(
    schedule="0 5 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,  # a run reads whatever is due, however long ago the last one was
    max_active_runs=1,  # one run at a time holds a lake
    default_args={"retries": 2, "retry_delay": timedelta(minutes=15)},
)
def klaviyo() -> None:
    """Keep the Klaviyo tables, and the lake that they are in."""

    @task
    def sync() -> None:
        run_command("sync")

    @task
    def maintain() -> None:
        run_command("maintain")

    sync() >> maintain()


klaviyo()
