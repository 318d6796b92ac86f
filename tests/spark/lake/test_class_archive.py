"""Java's class archive, in a JVM: it is used, and one that Java refuses is not spoken of."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from klaviyo_spark.lake.spark import jars

# What the session of the dump does is left out: an archive of Spark's start alone is made sooner.
SCRIPT = """
import os
from pathlib import Path
from pyspark import SparkContext
from klaviyo_spark.lake.spark import class_archive, class_dump
from klaviyo_spark.lake.spark.session import spark_session
from klaviyo_spark.lake.spark.session_conf import SparkPreset

class_dump.exercise = lambda spark, folder: None
build = class_dump._build()
{make}
archive = class_archive.find(build, os.environ)
spark = spark_session("warehouse", "local[1]", SparkPreset.{preset})
maps = Path("/proc/%d/maps" % SparkContext._gateway.proc.pid).read_text()
print(str(archive) in maps, spark.range(3).count())
"""
# A file that Java knows for no archive.
FOREIGN = "class_archive.keep(build, os.environ, lambda path: path.write_text('foreign'))"


def run(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    delta = jars.delta_jars(*jars.installed(), os.environ)
    own = {"XDG_CACHE_HOME": str(folder / "cache"), "KLAVIYO_SPARK_JARS": str(delta[0].parent)}
    return subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **own},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(
    not Path("/proc/self/maps").exists(), reason="nothing tells what Java has mapped"
)
def test_an_archive_is_used_under_another_garbage_collector_too(tmp_path: Path):
    done = run(SCRIPT.format(make="class_dump.main()", preset="SMALL"), tmp_path)

    said = "setup: making Java's class archive, so that Spark starts sooner\nTrue 3\n"
    assert (done.stderr, done.stdout) == ("", said)


@pytest.mark.skipif(
    not Path("/proc/self/maps").exists(), reason="nothing tells what Java has mapped"
)
def test_a_session_starts_quietly_beside_a_file_that_is_no_archive(tmp_path: Path):
    done = run(SCRIPT.format(make=FOREIGN, preset="SHORT"), tmp_path)

    assert (done.stderr, done.stdout) == ("", "False 3\n")
