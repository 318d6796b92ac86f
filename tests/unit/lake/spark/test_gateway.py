"""How the JVM of a local session is started and ended; a script stands in for it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from pyspark import SparkConf, SparkContext
from pyspark.java_gateway import launch_gateway

from klaviyo_spark.errors import ConfigError
from klaviyo_spark.lake.spark import gateway

OPTIONS = SparkConf(loadDefaults=False)


@pytest.fixture
def submit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Lets a script be started where Spark would be; it may write into its folder."""

    def write(script: str) -> Path:
        file = tmp_path / "bin" / "spark-submit"
        file.parent.mkdir()
        file.write_text(f"#!/bin/bash\ncd '{tmp_path}'\n{script}\n", encoding="utf-8")
        file.chmod(0o755)
        monkeypatch.setattr("pyspark.java_gateway.launch_gateway", launch_gateway)
        # What starts and ends here is nobody's session but this test's.
        monkeypatch.setattr(SparkContext, "_gateway", None)
        monkeypatch.setattr(SparkContext, "_jvm", None)
        monkeypatch.setenv("SPARK_HOME", str(tmp_path))
        monkeypatch.delenv("PYSPARK_GATEWAY_PORT", raising=False)
        return tmp_path

    return write


def test_java_is_left_alone_by_a_sigterm_to_its_group(submit):
    submit("kill -TERM $$; echo 'error: lives on' >&2; exit 1")

    with pytest.raises(ConfigError) as raised:
        gateway.start(OPTIONS)

    assert str(raised.value) == (
        "Spark did not start: error: lives on. Run `klaviyo-spark doctor`, which checks "
        "Java, Spark and memory."
    )


def test_the_handlers_of_this_process_stay_as_they_are(submit):
    submit("exit 1")
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    with pytest.raises(
        ConfigError,
        match=(
            "Spark did not start: Java ended without a word. Run `klaviyo-spark doctor`, which "
            "checks Java, Spark and memory."
        ),
    ):
        gateway.start(OPTIONS)

    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_an_interrupt_while_java_starts_ends_java(submit, monkeypatch: pytest.MonkeyPatch):
    noted = submit("echo $$ >pid.new; mv pid.new pid; exec sleep 300") / "pid"

    def interrupted(_seconds: float) -> None:
        time.sleep(0.01)
        if noted.exists():
            raise KeyboardInterrupt

    monkeypatch.setattr("pyspark.java_gateway.time", SimpleNamespace(sleep=interrupted))

    with pytest.raises(KeyboardInterrupt):
        gateway.start(OPTIONS)

    with pytest.raises(ProcessLookupError):
        os.kill(int(noted.read_text()), 0)
    assert (SparkContext._gateway, SparkContext._jvm) == (None, None)


def java_that(does: str, monkeypatch: pytest.MonkeyPatch) -> subprocess.Popen[bytes]:
    """A shell in the place of a JVM that has started."""
    process = subprocess.Popen(["bash", "-c", does], stdin=subprocess.PIPE)
    monkeypatch.setattr(SparkContext, "_gateway", SimpleNamespace(proc=process))
    monkeypatch.setattr(SparkContext, "_jvm", object())
    return process


def test_java_ends_by_itself_once_its_input_does(monkeypatch: pytest.MonkeyPatch):
    java_that("cat; exit 3", monkeypatch)

    assert gateway.stop(30) == 3
    assert (SparkContext._gateway, SparkContext._jvm) == (None, None)


def test_a_java_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch):
    process = java_that("exec sleep 300", monkeypatch)

    with pytest.raises(OSError, match="Java has not ended within 0 s"):
        gateway.stop(0.1)

    assert process.returncode == -signal.SIGKILL
