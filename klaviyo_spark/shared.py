"""A lake in a folder under spark-submit: named so that all machines mean the same, seen by all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from klaviyo_spark import session
from klaviyo_spark.errors import ConfigError, in_a_line
from klaviyo_spark.lock import local_folder

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Spread over the executors that there are; a few more reads cost nothing.
_READS = 32


def for_all(warehouse: str) -> str:
    """``warehouse`` as Spark is to name it: a folder with its scheme under spark-submit.

    A cluster may take a path without one for HDFS, while pages and the lock go to this machine's
    folder of that name.
    """
    if session.place(os.environ, active=False) is not session.Place.SUBMITTED:
        return warehouse
    folder = local_folder(warehouse, None)
    return f"file://{folder}" if folder else warehouse


def check_shared(spark: SparkSession, warehouse: str, catalog: str | None) -> None:
    """Let a cluster's executors read what this machine has just written into the lake's folder.

    A folder of this machine alone would take in every page, and the first table would find none
    of them: pages are written from here, tables by the executors. One executor may do all the
    reading, so this finds most such folders, not each.

    Raises:
        ConfigError: one of them does not see it, or this machine cannot write there.
    """
    folder = local_folder(warehouse, catalog)
    if folder is None or str(spark.conf.get("spark.master")).startswith("local"):
        return
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import PySparkException

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".klaviyo-spark-", dir=folder) as probe:
            for number in range(_READS):
                Path(probe, f"{number}.txt").write_text("seen\n", encoding="ascii")
            seen = spark.read.text(f"file://{probe}").count()
    except OSError as error:
        raise ConfigError(f"warehouse {folder}: cannot be written: {error.strerror}") from error
    except (PySparkException, Py4JJavaError) as error:
        raise ConfigError(_refusal(folder, in_a_line(error))) from error
    if seen != _READS:
        raise ConfigError(_refusal(folder, f"{seen} of {_READS} files were read"))


def _refusal(folder: Path, why: str) -> str:
    return (
        f"warehouse {folder}: this cluster's executors do not see that folder; name one that all "
        f"its machines share, or a URI such as s3a://BUCKET/lake ({why})"
    )
