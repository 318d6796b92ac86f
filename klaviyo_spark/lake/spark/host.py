"""Where Spark runs, as seen from this process. Pure; no Spark here."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum


class SparkHost(Enum):
    """Where this process runs, as far as Spark is concerned."""

    GIVEN = "a session is there, or the platform makes one with all it needs"
    SUBMITTED = "spark-submit has started the JVM, on whatever cluster"
    LOCAL = "nothing is there; Spark starts in this process's own JVM"


def spark_host(environ: Mapping[str, str], active: bool = False) -> SparkHost:
    """Decide where we run from the environment and whether a session is ``active`` already."""
    if active or "DATABRICKS_RUNTIME_VERSION" in environ or "SPARK_REMOTE" in environ:
        return SparkHost.GIVEN
    return SparkHost.SUBMITTED if "PYSPARK_GATEWAY_PORT" in environ else SparkHost.LOCAL
