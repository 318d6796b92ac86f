"""What this machine has to have: Java, Spark and Delta, jars, room on the disk. Starts nothing."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from klaviyo_spark import messages
from klaviyo_spark.commands.doctor.check import Diagnosis, ok, refuse, warn
from klaviyo_spark.errors import ConfigError
from klaviyo_spark.lake.local.reach import check_writable
from klaviyo_spark.lake.local.store import StoreFolder, endpoint
from klaviyo_spark.lake.spark import jars, java, os_user, session, store_jars
from klaviyo_spark.lake.spark.folders import check_folders, temporary
from klaviyo_spark.lake.spark.host import SparkHost, spark_host

_GIB = 1 << 30
# A first sync of a small account fits; a larger one fills what it finds.
LITTLE, TOO_LITTLE = 5 * _GIB, _GIB // 2


def spark(environ: Mapping[str, str]) -> Iterator[Diagnosis]:
    """Java, the pair of Spark and Delta; nothing to look at where the platform brings them.

    Raises:
        ConfigError: one of them is missing or the wrong one.
    """
    if spark_host(environ) is not SparkHost.LOCAL:
        yield ok("spark", "the platform brings Spark, Delta and Java")
        return
    home = java.choose(environ, java.recorded_home(Path(sys.prefix)))
    yield ok("java", f"Java {java.version_of(home)} in {home}")


def user(environ: Mapping[str, str]) -> Iterator[Diagnosis]:
    """Whether this process's user has a name, where Spark runs in its own JVM.

    Raises:
        ConfigError: there is none.
    """
    if spark_host(environ) is SparkHost.LOCAL:
        yield ok("user", os_user.check_name())


def folders(environ: Mapping[str, str]) -> Iterator[Diagnosis]:
    """Whether there are the folders that Java starts in and writes to, where Spark runs in its own.

    Raises:
        ConfigError: one is missing or cannot be written.
    """
    if spark_host(environ) is SparkHost.LOCAL:
        yield ok("folders", f"temporary files go to {check_folders()}")


def pair(environ: Mapping[str, str]) -> Iterator[Diagnosis]:
    """Spark and Delta, as they are installed.

    Raises:
        ConfigError: they are not, or do not fit together.
    """
    if spark_host(environ) is not SparkHost.LOCAL:
        return
    spark, delta = jars.installed()
    jars.check_pair(spark, delta)
    session.check_home(environ, spark)
    yield ok("spark and delta", f"pyspark {spark} with delta-spark {delta}")
    yield delta_jars(spark, delta, environ)


def delta_jars(spark: str, delta: str, environ: Mapping[str, str]) -> Diagnosis:
    """Delta's jars; nothing is fetched here.

    Raises:
        ConfigError: the folder that KLAVIYO_SPARK_JARS names lacks one.
    """
    if environ.get("KLAVIYO_SPARK_JARS"):
        found = jars.delta_jars(spark, delta, environ)
    else:
        found = jars.cached_jars(spark, delta, environ)
    if found:
        return ok("jars", f"{len(found)} jars of Delta in {found[0].parent}")
    return warn("jars", messages.doctor.JARS_TO_FETCH)


def delta_rs() -> Iterator[Diagnosis]:
    """The library that reads and writes a local lake without Spark."""
    if importlib.util.find_spec("deltalake") is None:
        yield warn("delta-rs", messages.doctor.NO_DELTA_RS, install=jars.INSTALL)


def store(folder: StoreFolder, warehouse: str, environ: Mapping[str, str]) -> Iterator[Diagnosis]:
    """The store that the lake is on: whether these credentials may write there; Spark's jars.

    Raises:
        ConfigError: they may not, or the store is not to be reached.
    """
    check_writable(folder, warehouse)
    there = endpoint(environ)
    region = f", region {there.region}" if there.region else ""
    style = "in the path" if there.path_style else "in the host's name"
    where = there.url or "AWS"
    yield ok("store", f"{where}{region}, bucket {style}: lists, writes and deletes")
    found = store_jars.cached(jars.installed()[0], environ)
    if found:
        yield ok("store's jars", f"{len(found)} jars of Hadoop's S3A in {found[0].parent}")
    elif not environ.get("KLAVIYO_SPARK_JARS"):
        yield warn("store's jars", messages.doctor.STORE_JARS_TO_FETCH)


def room(folder: Path | None) -> Iterator[Diagnosis]:
    """Free space where the lake is, and where Spark puts what does not fit into memory."""
    places = [] if folder is None else [folder]
    with suppress(ConfigError):  # that there is none is said by ``folders``
        places.append(temporary())
    for place in places:
        there = next(one for one in (place, *place.parents) if one.exists())
        yield disk(place, shutil.disk_usage(there).free)


def disk(place: Path, free: int) -> Diagnosis:
    """Whether ``free`` bytes are enough."""
    gib = free / _GIB
    if free < TOO_LITTLE:
        return refuse("disk", messages.doctor.TOO_LITTLE_ROOM, gib=gib, place=place)
    if free < LITTLE:
        return warn("disk", messages.doctor.LITTLE_ROOM, gib=gib, place=place)
    return ok("disk", f"{gib:,.1f} GiB free for {place}")
