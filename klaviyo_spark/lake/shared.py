"""A lake's place, as Spark and all machines of a cluster have to see it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from klaviyo_spark import messages
from klaviyo_spark.errors import ConfigError, in_a_line
from klaviyo_spark.lake.location import Location, folder_uri, glob_of
from klaviyo_spark.lake.spark import jars
from klaviyo_spark.lake.spark.host import SparkHost, spark_host
from klaviyo_spark.lake.spark.store_jars import HADOOP, PACKAGES

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Spread over the executors that there are; a few more reads cost nothing.
_READS = 32


def check_warehouse_of(spark: SparkSession, place: Location) -> None:
    """Look at the warehouse through Spark before anything is asked of Klaviyo.

    Raises:
        ConfigError: Spark cannot reach it, spells it in another way, or a cluster's executors do
            not see it.
    """
    if spark_host(os.environ) is SparkHost.GIVEN:
        return
    if place.folder is None:
        _check_reached(spark, place.uri)
        return
    check_spelling(spark, place.folder)
    if not str(spark.conf.get("spark.master")).startswith("local"):
        _check_shared(spark, place.folder)


def check_spelling(spark: SparkSession, folder: Path) -> None:
    """See to it that Java spells the names of files in UTF-8, where that makes a difference.

    Raises:
        ConfigError: it does not, so it would take another folder for this one.
    """
    if str(folder).isascii():
        return
    asked = spark.sql("SELECT java_method('java.lang.System', 'getProperty', 'sun.jnu.encoding')")
    [[encoding]] = asked.collect()
    if encoding != "UTF-8":
        raise ConfigError(messages.warehouse.LOCALE_OF_JAVA(path=folder, encoding=encoding))


def _check_reached(spark: SparkSession, warehouse: str) -> None:
    """Ask for a file that is not there: whether it is not there is known where it can be reached.

    Raises:
        ConfigError: Spark has no file system for the scheme, or it does not answer.
    """
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import PySparkException

    scheme = warehouse.partition(":")[0]
    try:
        spark.read.text(glob_of(f"{warehouse.rstrip('/')}/.klaviyo-spark-none"))
    except (PySparkException, Py4JJavaError) as error:
        said = str(error)
        if "PATH_NOT_FOUND" in said:
            return
        if any(name in said for name in ("ClassNotFound", "NoClassDef", "No FileSystem for")):
            raise ConfigError(
                messages.warehouse.NO_FILE_SYSTEM(
                    path=warehouse, scheme=scheme, way_out=_way_to(scheme, spark.version)
                )
            ) from error
        why = in_a_line(error)
        raise ConfigError(messages.warehouse.UNREACHABLE(path=warehouse, reason=why)) from error


def _way_to(scheme: str, spark: str) -> str:
    """What to do for the file system of a scheme."""
    version = HADOOP.get(jars.minor(spark))
    if scheme not in PACKAGES or version is None:
        return f"Use one of {', '.join(f'{one}://' for one in PACKAGES)}"
    package = f"{PACKAGES[scheme]}:{version}"
    return (
        f"Add spark-submit --packages {package}, or put its jars into the folder of "
        "KLAVIYO_SPARK_JARS"
    )


def _check_shared(spark: SparkSession, folder: Path) -> None:
    """Let a cluster's executors read what this machine has just written into the lake's folder.

    A folder of this machine alone would take in every page, and the first table would find none
    of them: pages are written from here, tables by the executors. One executor may do all the
    reading, so this finds most such folders, not each.

    Raises:
        ConfigError: one of them does not see it, or this machine cannot write there.
    """
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import PySparkException

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".klaviyo-spark-", dir=folder) as probe:
            for number in range(_READS):
                Path(probe, f"{number}.txt").write_text("seen\n", encoding="ascii")
            seen = spark.read.text(glob_of(folder_uri(Path(probe)))).count()
    except OSError as error:
        raise ConfigError(
            messages.warehouse.CANNOT_WRITE(path=folder, reason=error.strerror)
        ) from error
    except (PySparkException, Py4JJavaError) as error:
        raise ConfigError(_refusal(folder, in_a_line(error))) from error
    if seen != _READS:
        raise ConfigError(_refusal(folder, f"{seen} of {_READS} files were read"))


def _refusal(folder: Path, why: str) -> str:
    return messages.warehouse.NOT_SHARED(path=folder, reason=why)
