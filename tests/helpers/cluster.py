"""A standalone Spark cluster on loopback, from pip's pyspark: a master, and workers as processes.

It shows what local mode hides. Its workers share nothing with the driver but the file system: not
its environment, time zone or working directory, and they have no Python.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pyspark

from klaviyo_spark.lake.spark import jars, java, session_conf

SPARK_HOME = Path(pyspark.__file__).parent
_PATIENCE_S = 300.0
_LOOK_S = 0.1
_SUBMITTED_S = 1_800.0
# Three zones that are none of them UTC: the driver's, and one per worker.
DRIVER_TZ, WORKER_TZ = "Asia/Tokyo", ("America/New_York", "Pacific/Auckland")


def bare_environment(zone: str) -> dict[str, str]:
    """What a process of the cluster knows: where Java is, and that all is on loopback."""
    home = java.choose(os.environ, java.recorded_home(Path(sys.prefix)))
    return {
        "PATH": os.defpath,
        "JAVA_HOME": str(home),
        "SPARK_HOME": str(SPARK_HOME),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_DAEMON_JAVA_OPTS": session_conf.QUICK,
        "PYSPARK_PYTHON": "/no/python/here",
        "TZ": zone,
    }


@contextmanager
def cluster(folder: Path, memory: str = "768m") -> Iterator[str]:
    """The URL of a master with two workers of one core each, until the block ends."""
    with ExitStack() as running:
        arguments = ["master.Master", "--port", "0"]
        said = running.enter_context(_daemon(folder, "master", WORKER_TZ[0], arguments))
        url = _once(said, r"Starting Spark master at (spark://\S+)")
        arguments = ["worker.Worker", "--cores", "1", "--memory", memory]
        arguments += ["--work-dir", str(folder / "work"), url]
        logs = [
            running.enter_context(_daemon(folder, f"worker-{number}", zone, arguments))
            for number, zone in enumerate(WORKER_TZ)
        ]
        for log in logs:
            _once(log, "(Successfully registered with master)")
        yield url


@contextmanager
def _daemon(folder: Path, name: str, zone: str, arguments: Sequence[str]) -> Iterator[Path]:
    """Where a daemon of Spark writes its log, while it runs in a folder of its own."""
    log, elsewhere = folder / f"{name}.log", folder / name
    elsewhere.mkdir()
    main, *rest = arguments
    command = [str(SPARK_HOME / "bin" / "spark-class"), f"org.apache.spark.deploy.{main}"]
    command += ["--host", "127.0.0.1", "--webui-port", "0", *rest]
    with (
        open(log, "wb") as said,
        subprocess.Popen(
            command, env=bare_environment(zone), cwd=elsewhere, stdout=said, stderr=said
        ) as process,
    ):
        try:
            yield log
        finally:
            process.terminate()


def _once(log: Path, pattern: str) -> str:
    """What a log says, as soon as it does."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        if found := re.search(pattern, log.read_text(encoding="utf-8", errors="replace")):
            return found[1]
        time.sleep(_LOOK_S)
    raise AssertionError(f"{log.name} never said {pattern}:\n{log.read_text(errors='replace')}")


def submit(
    master: str, wheel: Path, job: Path, arguments: Sequence[str], folder: Path, key: str
) -> subprocess.CompletedProcess[str]:
    """``spark-submit`` of a job in a small session, from ``folder``, with Delta's jars as files.

    Its driver has this Python, the key and nothing else of this process's environment.
    """
    delta = jars.delta_jars(*jars.installed(), os.environ)
    conf = {
        "spark.driver.memory": "1g",
        "spark.executor.memory": "512m",
        "spark.driver.extraJavaOptions": session_conf.QUICK,
        "spark.executor.extraJavaOptions": session_conf.QUICK,
        "spark.ui.enabled": "false",
        "spark.log.level": "WARN",
        "spark.sql.shuffle.partitions": "2",
        "spark.databricks.delta.snapshotPartitions": "2",
        **session_conf.INTERPRETED,
    }
    command = [str(SPARK_HOME / "bin" / "spark-submit"), "--master", master]
    command += ["--jars", ",".join(map(str, delta)), "--py-files", str(wheel)]
    command += [word for name, value in conf.items() for word in ("--conf", f"{name}={value}")]
    driver = {"PYSPARK_DRIVER_PYTHON": sys.executable, "KLAVIYO_API_KEY": key}
    return subprocess.run(
        [*command, str(job), *arguments],
        cwd=folder,
        env={**bare_environment(DRIVER_TZ), **driver},
        capture_output=True,
        text=True,
        timeout=_SUBMITTED_S,
        check=False,
    )
