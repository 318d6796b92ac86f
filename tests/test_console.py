"""What a JVM writes: who gets to see it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from pathlib import Path

import pyspark
import pytest

from klaviyo_spark import jars, java
from klaviyo_spark.console import Console

SAID = """
import sys
print("Deleted 4 files and directories in a total of 1 directories.")
print("WARNING: Using incubator modules: jdk.incubator.vector", file=sys.stderr)
print("26/06/01 12:00:00 ERROR Delta: a disk is full", file=sys.stderr)
"""
SHOWN = "26/06/01 12:00:00 ERROR Delta: a disk is full\n"
PATIENCE_S = 20.0


def run(console: Console, script: str) -> None:
    """Let a process write as a JVM does."""
    with console.pipes as pipes:
        process = subprocess.Popen([sys.executable, "-c", script], **pipes)
    process.wait(PATIENCE_S)
    for reader in console._readers:
        reader.join(PATIENCE_S)


def test_standard_error_is_shown_without_noise_once_spark_has_started(capsys):
    console = Console()

    run(console, SAID)
    before = capsys.readouterr()
    console.pass_on()

    assert (before.out, before.err) == ("", "")
    assert capsys.readouterr() == ("", SHOWN)


def test_what_comes_after_the_start_is_shown_as_it_comes(capsys):
    console = Console()
    console.pass_on()

    run(console, SAID)

    assert capsys.readouterr() == ("", SHOWN)


def test_standard_output_goes_to_the_log_alone(caplog, capsys):
    caplog.set_level(logging.DEBUG, "klaviyo_spark")
    console = Console()
    console.pass_on()

    run(console, SAID)

    assert caplog.messages == ["java: Deleted 4 files and directories in a total of 1 directories."]
    assert "Deleted" not in "".join(capsys.readouterr())


def test_the_last_words_are_looked_for_in_both():
    console = Console()

    run(console, 'print("Terminating due to java.lang.OutOfMemoryError: Java heap space")')

    assert console.last_words() == "Terminating due to java.lang.OutOfMemoryError: Java heap space"


class Broken:
    """A standard error that cannot be written."""

    def writelines(self, _lines: object) -> None:
        raise OSError(28, "No space left on device")


def test_java_is_read_on_where_nothing_can_be_shown(monkeypatch):
    console = Console()
    console.pass_on()
    monkeypatch.setattr(sys, "stderr", Broken())
    began = time.monotonic()

    run(console, "import sys\nfor _ in range(20_000): print('a line', file=sys.stderr)")

    assert time.monotonic() - began < PATIENCE_S
    assert console.last_words() == "a line"


VACUUM = """
import sys
from klaviyo_spark.session import Work, spark_session
spark = spark_session(sys.argv[1], "local[1]", Work.SHORT)
spark.conf.set("spark.databricks.delta.retentionDurationCheck.enabled", "false")
table = f"delta.`{sys.argv[1]}/t`"
for _ in range(2):
    spark.sql(f"CREATE OR REPLACE TABLE {table} USING delta AS SELECT 1 AS id")
spark.sql(f"VACUUM {table} RETAIN 0 HOURS").collect()
print("ours")
"""


def submit_command() -> list[str]:
    """``spark-submit`` with Delta's jars, on this machine."""
    home = Path(pyspark.__file__).parent
    delta = jars.delta_jars(*jars.installed(), os.environ)
    command = [str(home / "bin" / "spark-submit"), "--master", "local[1]"]
    return [*command, "--conf", "spark.ui.enabled=false", "--jars", ",".join(map(str, delta))]


@pytest.mark.spark
@pytest.mark.parametrize("submitted", [False, True])
def test_delta_prints_nothing_when_it_has_removed_files(tmp_path: Path, submitted: bool):
    (tmp_path / "vacuum.py").write_text(VACUUM)
    start = submit_command() if submitted else [sys.executable]
    home = java.choose(os.environ, java.recorded_home(Path(sys.prefix)))
    root = str(Path(__file__).parent.parent)
    of_submit = {"PYSPARK_DRIVER_PYTHON": sys.executable, "PYTHONPATH": root}

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
