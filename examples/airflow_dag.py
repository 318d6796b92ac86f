"""A DAG for Airflow 3: `sync` every day, then `maintain`. Copy it into the folder of DAGs.

The worker needs Java, and klaviyo-spark in its own environment. Where it has another, decorate the
tasks with `@task.external_python(python="/srv/klaviyo/.venv/bin/python")` and move CONFIG into
them. The key comes from the worker's environment, or from a secrets backend that sets it there; it
is no argument and no Airflow variable.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone

from airflow.sdk import dag, task

CONFIG = os.environ.get("KLAVIYO_SPARK_CONFIG", "conf/prod.yml")


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
    def sync() -> dict[str, int]:
        """Rows that changed, per table. A run that is not all done fails; a retry resumes it."""
        # Not at the top: Airflow reads this file again and again.
        from klaviyo_spark import Pipeline

        return Pipeline(CONFIG).sync(wait=True).changed_rows

    @task
    def maintain() -> int:
        """Bytes that were freed."""
        from klaviyo_spark import Pipeline

        return Pipeline(CONFIG).maintain(wait=True).freed_bytes

    sync() >> maintain()


klaviyo()
