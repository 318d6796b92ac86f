"""What a JVM writes: who gets to see it."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest
from py4j.protocol import Py4JNetworkError

from klaviyo_spark import errors
from klaviyo_spark.lake.spark import java
from klaviyo_spark.lake.spark.console import Console

SAID = """
import sys
print("Deleted 4 files and directories in a total of 1 directories.")
print("WARNING: Using incubator modules: jdk.incubator.vector", file=sys.stderr)
print("Picked up JAVA_TOOL_OPTIONS: -Xmx1g", file=sys.stderr)
print("Picked up _JAVA_OPTIONS: -Xmx1g", file=sys.stderr)
print("NOTE: Picked up JDK_JAVA_OPTIONS: -Xmx1g", file=sys.stderr)
print("26/06/01 12:00:00 ERROR Delta: a disk is full", file=sys.stderr)
"""
SHOWN = "26/06/01 12:00:00 ERROR Delta: a disk is full\n"
PATIENCE_S = 20.0


def begin(console: Console, script: str) -> subprocess.Popen[bytes]:
    """Start a process that writes as a JVM does."""
    with console.pipes as pipes:
        return subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, **pipes)


def run(console: Console, script: str) -> subprocess.Popen[bytes]:
    """Let a process write as a JVM does, to its end."""
    process = begin(console, script)
    process.communicate(timeout=PATIENCE_S)
    for reader in console._readers:
        reader.join(PATIENCE_S)
    return process


def test_standard_error_is_shown_without_noise_once_spark_has_started(capsys):
    console = Console()

    process = run(console, SAID)
    before = capsys.readouterr()
    console.pass_on(process)

    assert (before.out, before.err) == ("", "")
    assert capsys.readouterr() == ("", SHOWN)


def test_what_comes_after_the_start_is_shown_as_it_comes(capsys):
    console = Console()
    process = begin(console, f"input()\n{SAID}")
    console.pass_on(process)

    process.communicate(b"go on\n", PATIENCE_S)
    console.last_words()  # once both pipes have been read to their end

    assert capsys.readouterr() == ("", SHOWN)


def test_standard_output_goes_to_the_log_alone(caplog, capsys):
    caplog.set_level(logging.DEBUG, "klaviyo_spark")
    console = Console()
    console.pass_on(run(console, SAID))

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


MANY = "import sys\ninput()\nfor _ in range(20_000): print('a line', file=sys.stderr)"


def test_java_is_read_on_where_nothing_can_be_shown(monkeypatch):
    console = Console()
    process = begin(console, MANY)
    console.pass_on(process)
    monkeypatch.setattr(sys, "stderr", Broken())

    process.communicate(b"go on\n", PATIENCE_S)

    assert console.last_words() == "a line"


# -- a JVM that ends ------------------------------------------------------------------------------

LIVES = "input()"


def test_a_jvm_that_was_killed_names_java_memory_and_the_log():
    console = Console()
    process = begin(console, LIVES)
    console.pass_on(process)
    process.kill()

    said = console.end(Py4JNetworkError("Error while sending or receiving"))
    process.communicate()

    assert said == (
        "Spark's Java process was killed by SIGKILL, as the system does where memory "
        "runs out; what was written stays. Run the same command again, with more memory "
        "if that ran out. KLAVIYO_SPARK_LOG=info shows Java's log."
    )


@pytest.mark.parametrize(
    ("code", "words", "how"),
    [
        (-15, "Java ended without a word", "was killed by SIGTERM"),
        (143, "Java ended without a word", "was killed by SIGTERM"),
        (-6, "# A fatal error has been detected", "was killed by SIGABRT: # A fatal error"),
        (3, "java.lang.OutOfMemoryError", "ended with exit code 3: java.lang.OutOfMemoryError"),
        (0, "Java ended without a word", "ended with exit code 0"),
    ],
)
def test_a_jvm_that_ended_says_how(code: int, words: str, how: str):
    assert java.end(code, words).startswith(f"Spark's Java process {how}")


def test_a_jvm_that_lives_has_not_ended(monkeypatch):
    monkeypatch.setattr("klaviyo_spark.lake.spark.console._ENDS_WITHIN_S", 0.01)
    console = Console()
    process = begin(console, LIVES)
    console.pass_on(process)

    assert console.end(ConnectionRefusedError(111, "Connection refused")) is None
    process.communicate(b"\n")


@pytest.mark.parametrize(
    "said",
    [
        "org.apache.spark.SparkException: Job 5 cancelled because SparkContext was shut down",
        "IllegalStateException: Cannot call methods on a stopped SparkContext.",
    ],
)
def test_what_spark_answers_last_is_of_the_end_too(said: str):
    console = Console()
    process = begin(console, LIVES)
    console.pass_on(process)
    process.terminate()

    found = console.end(RuntimeError(said))
    process.communicate()

    assert found is not None
    assert found.startswith("Spark's Java process was killed by SIGTERM")


def test_an_end_of_java_meets_every_table(monkeypatch):
    monkeypatch.setattr(errors, "_explain", [lambda error: "Java ended"])
    assert errors.meets_all(RuntimeError("of whatever kind"))


def test_another_error_is_not_of_java():
    console = Console()
    process = begin(console, LIVES)
    console.pass_on(process)
    process.kill()

    assert console.end(ValueError("a slip")) is None
    assert console.end(FileNotFoundError(2, "No such file")) is None
    process.communicate()


def test_an_error_in_a_line_is_what_is_known_of_it(monkeypatch):
    monkeypatch.setattr(errors, "_explain", [])
    errors.explain_by(lambda error: "Java ended" if isinstance(error, EOFError) else None)

    assert errors.in_a_line(EOFError()) == "Java ended"
    assert errors.in_a_line(ValueError("a slip")) == "ValueError: a slip"
