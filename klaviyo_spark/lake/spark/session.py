"""The Spark session: given by a platform, or made with Delta, under spark-submit or locally."""

from __future__ import annotations

import importlib.util
import locale
import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakSet

from klaviyo_spark import messages
from klaviyo_spark.errors import ConfigError
from klaviyo_spark.lake.local.store import hadoop_conf
from klaviyo_spark.lake.spark import (
    class_archive,
    folders,
    gateway,
    jars,
    java,
    os_user,
    store_jars,
)
from klaviyo_spark.lake.spark.host import SparkHost, spark_host
from klaviyo_spark.lake.spark.session_conf import (
    CATALOG,
    INTERPRETED,
    LOOPBACK,
    ONE_PARTITION,
    SparkPreset,
    compiled,
    delta_conf,
    files_conf,
    local_conf,
    machine_mb,
    process_umask,
)
from klaviyo_spark.lake.spark.sql_settings import SETTINGS, hold, set_settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

_FOR_SMALL_TABLES: WeakKeyDictionary[SparkSession, SparkSession] = WeakKeyDictionary()

_INTERPRETED: WeakSet[SparkSession] = WeakSet()


def starts_here() -> bool:
    """Whether a session of this process's own would be made, in a JVM of its own.

    Raises:
        ConfigError: no Spark.
    """
    if importlib.util.find_spec("pyspark") is None:
        raise ConfigError(messages.spark.NO_PYSPARK(install=jars.INSTALL))
    from pyspark.sql import SparkSession

    is_there = SparkSession.getActiveSession() is not None
    return spark_host(os.environ, is_there) is SparkHost.LOCAL


def spark_session(
    warehouse: str | None = None, master: str | None = None, work: SparkPreset = SparkPreset.LARGE
) -> SparkSession:
    """The session to work in; the one that is there, as it is, wherever there is one.

    ``sql_settings`` are for the length of a verb; one that is made here has them from the start.

    Args:
        warehouse: folder or URI that schemas without a location of their own go to.
        master: Spark master of a local start; all cores of this machine by default.
        work: what a local start is for.

    Raises:
        ConfigError: no Spark, no Java, the wrong one, a pair that does not fit, no jars.
    """
    if starts_here():
        return local_session(warehouse, master or "local[*]", work)
    from pyspark.sql import SparkSession

    active = SparkSession.getActiveSession()
    if spark_host(os.environ, active is not None) is SparkHost.SUBMITTED:
        return _submitted(warehouse)
    return active or SparkSession.builder.getOrCreate()


def session_for_small_tables(spark: SparkSession) -> SparkSession:
    """A session beside ``spark``, of the same JVM, whose queries are one task each.

    What the driver holds needs no exchange between tasks, and no second look at a plan. It is made
    once for ``spark``: its first query costs as much as ten later ones.
    """
    session = _FOR_SMALL_TABLES.get(spark)
    if session is None:
        session = spark.newSession()
        set_settings(session, {**SETTINGS, **INTERPRETED, **ONE_PARTITION})
        _FOR_SMALL_TABLES[spark] = session
    return session


def interrupt(spark: SparkSession) -> None:
    """End what ``spark`` is at, and the session for small tables beside it."""
    for session in filter(None, (spark, _FOR_SMALL_TABLES.get(spark))):
        session.interruptAll()


@contextmanager
def compiling(spark: SparkSession) -> Iterator[None]:
    """Let a session for small tables compile its queries: for a load that is large after all."""
    # Not by its settings: another such load may hold them already.
    with hold(spark, compiled(os.cpu_count() or 1)) if spark in _INTERPRETED else nullcontext():
        yield


def check_home(environ: Mapping[str, str], spark: str) -> None:
    """Refuse a SPARK_HOME whose jars are of another Spark than the installed pyspark.

    Raises:
        ConfigError: names both versions.
    """
    home = environ.get("SPARK_HOME")
    if home and not list(Path(home, "jars").glob(f"spark-core_*-{spark}.jar")):
        raise ConfigError(messages.spark.OTHER_SPARK_HOME(home=home, spark=spark))


def _codeset() -> str:
    """In what the locale that Java inherits spells names of files; of Windows it is not asked."""
    return locale.nl_langinfo(locale.CODESET) if hasattr(locale, "CODESET") else "UTF-8"


@dataclass(frozen=True)
class _Parts:
    """What a local session is made of: versions of Spark and Delta, Java's home, Delta's jars."""

    spark: str
    home: Path
    delta: list[Path]
    store: list[Path]
    temporary: Path


def check_start(warehouse: str) -> None:
    """See whether a local session can start, as far as that is known without a JVM.

    Raises:
        ConfigError: as ``spark_session``.
    """
    _parts(warehouse)


def _parts(warehouse: str) -> _Parts:
    spark, delta = jars.installed()
    jars.check_pair(spark, delta)
    check_home(os.environ, spark)
    os_user.check_name()
    temporary = folders.check_folders()
    home = java.choose(os.environ, java.recorded_home(Path(sys.prefix)))
    os.environ["JAVA_HOME"] = str(home)  # jars may have to be fetched
    return _Parts(
        spark,
        home,
        jars.delta_jars(spark, delta, os.environ),
        store_jars.of_scheme(warehouse, spark, os.environ),
        temporary,
    )


def local_session(
    warehouse: str | None, master: str, work: SparkPreset, dump: Path | None = None
) -> SparkSession:
    """A session in a JVM of this process's own.

    Args:
        dump: where Java writes its class archive when it ends; else it uses the one that is there.

    Raises:
        ConfigError: as ``spark_session``.
    """
    from pyspark import SparkConf, SparkContext
    from pyspark.sql import SparkSession

    parts = _parts(warehouse or "")
    os.environ |= java.locale_of(_codeset())
    os.environ["PYSPARK_PYTHON"] = sys.executable
    if master.startswith("local"):
        # Else Spark asks for this machine's name, and does not start where nobody answers to it.
        os.environ.setdefault("SPARK_LOCAL_IP", LOOPBACK)
    folder = warehouse if warehouse else str(parts.temporary / "klaviyo-spark")
    cores, umask = os.cpu_count() or 1, process_umask()
    conf = local_conf(folder, master, parts.delta, cores, machine_mb(), work, umask)
    if store_jars.is_needed(folder):
        conf |= _store_conf(master, parts)
    if SparkContext._gateway is None:
        if dump:
            conf["spark.driver.extraJavaOptions"] += class_archive.write(dump)
        elif master.startswith("local"):  # elsewhere Delta's jars are not on the class path
            build = partial(class_archive.build_of, parts.home, parts.spark, parts.delta)
            conf["spark.driver.extraJavaOptions"] += _archive_options(build)
        gateway.start(SparkConf(loadDefaults=False).setAll(list(conf.items())))
    session = SparkSession.builder.config(map={**conf}).getOrCreate()
    if work is not SparkPreset.LARGE:
        _INTERPRETED.add(session)
    return session


def _store_conf(master: str, parts: _Parts) -> dict[str, str]:
    """What a session needs for a lake on a store; on the way, its jars are put on the class path.

    At the end of it: the class archive fits what begins as it did when it was made.
    """
    if not master.startswith("local"):
        listed = ",".join(jar.as_uri() for jar in [*parts.delta, *parts.store])
        return {**hadoop_conf(os.environ), "spark.jars": listed}
    there = os.environ.get("SPARK_DIST_CLASSPATH", "").split(os.pathsep)
    paths = dict.fromkeys([*there, *map(str, parts.store)])
    os.environ["SPARK_DIST_CLASSPATH"] = os.pathsep.join(filter(None, paths))
    return hadoop_conf(os.environ)


def _archive_options(build: Callable[[], class_archive.Build]) -> str:
    """What lets Java use its class archive; the archive saves time, and nothing depends on it."""
    try:
        archive = class_archive.find(build(), os.environ)
    except OSError as error:
        logger.debug("no class archive of Java's can be used: %s", error)
        return ""
    logger.debug("Java starts %s", f"with {archive}" if archive else "without a class archive")
    return class_archive.use(archive)


def _submitted(warehouse: str | None) -> SparkSession:
    from py4j.protocol import Py4JJavaError
    from pyspark import SparkConf, SparkContext
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    SparkContext._ensure_initialized()  # or SparkConf would not see what spark-submit was told
    _drop_output(SparkContext._jvm)
    conf = {**SETTINGS, **delta_conf(SparkConf().get("spark.sql.extensions", "") or "")}
    if warehouse:
        conf["spark.sql.warehouse.dir"] = warehouse
    if warehouse and warehouse.startswith(("/", "file:")):
        mask = files_conf(process_umask())
        conf |= {name: value for name, value in mask.items() if not SparkConf().contains(name)}
    spark = SparkSession.builder.config(map={**conf}).getOrCreate()
    try:
        spark.catalog.currentDatabase()
    except (PySparkException, Py4JJavaError) as error:
        if CATALOG not in str(error):
            raise
        wanted = jars.packages(spark.version, jars.FITTING.get(jars.minor(spark.version), "4.4.0"))
        raise ConfigError(messages.spark.NO_DELTA_ON_SUBMIT(packages=wanted)) from error
    return spark


def _drop_output(jvm: Any) -> None:
    """Let what Java prints go nowhere: Delta says there what it has deleted.

    What this process prints reaches spark-submit's output all the same, by a stream that it has
    had since before.
    """
    nowhere = jvm.java.io.PrintStream(jvm.java.io.OutputStream.nullOutputStream())
    jvm.java.lang.System.setOut(nowhere)
