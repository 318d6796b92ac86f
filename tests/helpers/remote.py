"""A session by Spark Connect, as serverless and shared clusters have it, and its server."""

from __future__ import annotations

import os
import sys
import warnings

from pyspark.sql import SparkSession

from klaviyo_spark.lake.spark import jars
from klaviyo_spark.lake.spark.session_conf import SparkPreset, local_conf, machine_mb


def remote_session(warehouse: str, master: str = "local[2]") -> SparkSession:
    """The session of a server with ``master``, with Delta."""
    spark, delta = jars.installed()
    found = jars.delta_jars(spark, delta, os.environ)
    conf = local_conf(warehouse, master, found, 2, machine_mb(), SparkPreset.SMALL)
    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.remote(master)
    for name, value in conf.items():
        if name != "spark.master":
            builder = builder.config(name, value)
    with warnings.catch_warnings():
        # What the server was started with, the session may not set once more.
        warnings.simplefilter("ignore", UserWarning)
        return builder.getOrCreate()
