"""What a JVM writes: who gets to see it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyspark
import pytest
from deltalake import write_deltalake

from klaviyo_spark.lake.spark import jars, java
from tests.places import ROOT

VACUUM = """
import sys
from klaviyo_spark.lake.spark.session import spark_session
from klaviyo_spark.lake.spark.session_conf import SparkPreset
spark = spark_session(sys.argv[1], "local[1]", SparkPreset.SHORT)
spark.conf.set("spark.databricks.delta.retentionDurationCheck.enabled", "false")
# Else Delta lists the folder in 10,000 tasks, which takes minutes.
spark.conf.set("spark.sql.sources.parallelPartitionDiscovery.parallelism", "2")
spark.sql(f"VACUUM delta.`{sys.argv[1]}/t` RETAIN 0 HOURS").collect()
print("ours")
"""


def submit_command() -> list[str]:
    """``spark-submit`` with Delta's jars, on this machine."""
    home = Path(pyspark.__file__).parent
    delta = jars.delta_jars(*jars.installed(), os.environ)
    quick = {  # a table of one row; else Delta reads its log in fifty tasks
        "spark.ui.enabled": "false",
        "spark.databricks.delta.snapshotPartitions": "1",
        "spark.sql.shuffle.partitions": "1",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
    }
    confs = [word for key, value in quick.items() for word in ("--conf", f"{key}={value}")]
    command = [str(home / "bin" / "spark-submit"), "--master", "local[1]", *confs]
    return [*command, "--jars", ",".join(map(str, delta))]


@pytest.mark.parametrize("submitted", [False, True])
def test_delta_prints_nothing_when_it_has_removed_files(tmp_path: Path, submitted: bool):
    (tmp_path / "vacuum.py").write_text(VACUUM)
    for mode in ("append", "overwrite"):  # leaves a file of the first
        write_deltalake(tmp_path / "lake" / "t", pa.table({"id": [1]}), mode=mode)
    start = submit_command() if submitted else [sys.executable]
    home = java.choose(os.environ, java.recorded_home(Path(sys.prefix)))
    of_submit = {"PYSPARK_DRIVER_PYTHON": sys.executable, "PYTHONPATH": str(ROOT)}

    done = subprocess.run(
        [*start, str(tmp_path / "vacuum.py"), str(tmp_path / "lake")],
        env={**os.environ, "JAVA_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1", **of_submit},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "ours\n")
    assert submitted or done.stderr == ""
    assert len(list((tmp_path / "lake" / "t").glob("*.parquet"))) == 1
