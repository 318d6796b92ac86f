"""How a session of our own is set: quiet, small, by what it is for. Nothing starts here."""

from __future__ import annotations

import os
import re
from enum import Enum
from pathlib import Path

from klaviyo_spark.lake.spark import folders
from klaviyo_spark.lake.spark.sql_settings import SETTINGS

EXTENSION = "io.delta.sql.DeltaSparkSessionExtension"
CATALOG = "org.apache.spark.sql.delta.catalog.DeltaCatalog"
_CATALYST = "org.apache.spark.sql.catalyst"
LOOPBACK = "127.0.0.1"
# A batch is to be done soon; that nothing ever pauses is of no use to it.
BATCH = "-XX:+UseParallelGC -XX:ReservedCodeCacheSize=512m"
# Compiles less and collects garbage on one thread: a short run starts and ends sooner.
# The small code cache that comes with it fills within some hundred queries, and then nothing is
# compiled any more: hence the size.
QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:ReservedCodeCacheSize=512m"

# Spark makes one Java method of all that is done to a row between two shuffles. Of a wide row, that
# method is beyond Java's compiler: it is at it for half a minute and then runs as it is. Rows of
# more fields are worked by a step each, of many small methods.
FIELDS_A_METHOD = 40

# Each query of a small lake is met once: to compile it takes longer than to run it as it is.
INTERPRETED = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.ui.explainMode": "simple",
}

# Rows that the driver holds are one partition, and stay one.
ONE_PARTITION = {
    "spark.sql.leafNodeDefaultParallelism": "1",
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.autoBroadcastJoinThreshold": "-1",
    # What filters follow from others is worked out for each pair of columns: here it saves nothing.
    "spark.sql.constraintPropagation.enabled": "false",
}

# Delta keeps a megabyte or more of plans for each table it has met, 10,000 of them by default: a
# process that meets many lakes fills its heap. A lake has some 65 tables, and as many aside.
TABLES_KEPT = 160


class SparkPreset(Enum):
    """What a session of our own is for: it decides what is compiled, and how well."""

    LARGE = "tables of any size"
    SMALL = "many small tables: each query is met once, Spark's own code again and again"
    SHORT = "small tables, and done in a minute or two"


def delta_conf(extensions: str = "") -> dict[str, str]:
    """What makes a session speak Delta; ``extensions`` that are there already stay."""
    others = [one for one in extensions.split(",") if one and one != EXTENSION]
    return {
        "spark.sql.extensions": ",".join([*others, EXTENSION]),
        "spark.sql.catalog.spark_catalog": CATALOG,
    }


def files_conf(umask: int) -> dict[str, str]:
    """What makes files of Java's as those of Python are: Hadoop takes 022, whatever ours is."""
    return {"spark.hadoop.fs.permissions.umask-mode": f"{umask:03o}"}


def process_umask() -> int:
    """The mask of this process's new files."""
    status = Path("/proc/self/status")
    text = status.read_text(encoding="ascii", errors="replace") if status.is_file() else ""
    found = re.search(r"^Umask:\s*([0-7]+)$", text, re.MULTILINE)
    if found:
        return int(found[1], 8)
    # Python cannot ask without setting it; what another thread makes meanwhile is only ours to see.
    umask = os.umask(0o077)
    os.umask(umask)
    return umask


def local_conf(
    warehouse: str,
    master: str,
    delta: list[Path],
    cores: int,
    memory_mb: int,
    work: SparkPreset,
    umask: int = 0o022,
) -> dict[str, str]:
    """The whole configuration of a local session: quiet, small, nothing in the working directory.

    Args:
        warehouse: absolute folder or URI.
        delta: Delta's jars.
        cores: of this machine.
        memory_mb: of this machine.
        umask: of this process.
    """
    # log4j takes a comma for the end of one URI of several.
    log4j = Path(__file__).with_name("log4j2.properties").as_uri().replace(",", "%2C")
    temporary = folders.java_option(folders.temporary())
    options = f'"-Dlog4j2.configurationFile={log4j}" {temporary} -Duser.timezone=UTC'
    compiler = QUICK if work is SparkPreset.SHORT else BATCH
    conf = {
        "spark.app.name": "klaviyo-spark",
        "spark.master": master,
        "spark.driver.memory": f"{driver_memory_mb(memory_mb)}m",
        "spark.driver.extraJavaOptions": f"{options} {compiler}",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.warehouse.dir": warehouse,
        "spark.sql.shuffle.partitions": str(shuffle_partitions(cores, work)),
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.databricks.delta.delta.log.cacheSize": str(TABLES_KEPT),
        # Else each column that is named in Python is noted with its place there, by calls to Java.
        "spark.python.sql.dataFrameDebugging.enabled": "false",
        # It works rows that the driver holds out cell by cell, looking for each in a list.
        "spark.sql.optimizer.excludedRules": f"{_CATALYST}.optimizer.ConvertToLocalRelation",
        "spark.sql.codegen.maxFields": str(FIELDS_A_METHOD),
        # Bronze rows are whole pages: at 4,096 of them a batch would not fit into an array.
        "spark.sql.parquet.columnarReaderBatchSize": "256",
        **files_conf(umask),
        **SETTINGS,
        **delta_conf(),
    }
    if work is not SparkPreset.LARGE:
        conf |= INTERPRETED
    if master.startswith("local"):
        # On the class path itself: no copying of jars at start, no port open to the network.
        conf["spark.driver.extraClassPath"] = os.pathsep.join(str(jar) for jar in delta)
        conf["spark.driver.host"] = conf["spark.driver.bindAddress"] = LOOPBACK
    else:
        conf["spark.jars"] = ",".join(jar.as_uri() for jar in delta)
    return conf


def compiled(cores: int) -> dict[str, str]:
    """Settings of SQL that a session for large tables has, and one for small tables has not."""
    return {
        "spark.sql.codegen.wholeStage": "true",
        "spark.sql.codegen.factoryMode": "FALLBACK",
        "spark.sql.shuffle.partitions": str(shuffle_partitions(cores, SparkPreset.LARGE)),
    }


def shuffle_partitions(cores: int, work: SparkPreset) -> int:
    """Partitions after a shuffle: two a core, eight at most; two where there is little."""
    return min(8, 2 * cores) if work is SparkPreset.LARGE else 2


def driver_memory_mb(machine_mb: int) -> int:
    """Heap of a local session: a quarter of the machine, between 1 and 4 GiB."""
    return max(1024, min(4096, machine_mb // 4))


def machine_mb() -> int:
    """Memory of this machine, or of the container around this process."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    limit = Path("/sys/fs/cgroup/memory.max")
    text = limit.read_text(encoding="ascii").strip() if limit.is_file() else "max"
    return min(physical, int(text) >> 20) if text.isdigit() else physical
