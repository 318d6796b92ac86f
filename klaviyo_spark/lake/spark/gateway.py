"""Starts the JVM of a local session, which outlives neither a failed start nor this process.

Only where a session of our own is made: a given one, submitted or remote, has its Java already.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from klaviyo_spark import messages
from klaviyo_spark.errors import ConfigError, explain_by
from klaviyo_spark.lake.spark.console import Console

if TYPE_CHECKING:
    from pyspark import SparkConf

_ENDS_WITHIN_S = 10.0


def start(options: SparkConf) -> None:
    """Start Java and Spark's context in it, as ``options`` say.

    Raises:
        ConfigError: Java ended before Spark had started; says why.
    """
    from pyspark import SparkContext
    from pyspark.errors import PySparkRuntimeError
    from pyspark.java_gateway import launch_gateway

    console = Console()
    started: list[subprocess.Popen[bytes]] = []
    try:
        try:
            with console.pipes as pipes, _watch(started):
                gateway = launch_gateway(options, pipes)  # type: ignore[no-untyped-call] # pyspark's
        except PySparkRuntimeError as error:
            raise ConfigError(
                messages.spark.NOT_STARTED(last_words=console.last_words())
            ) from error
        console.pass_on(gateway.proc)
        explain_by(console.end)
        SparkContext(conf=options, gateway=gateway)
    except BaseException as error:
        # After another error it stays, since that may have to be asked what it says.
        if isinstance(error, ConfigError) or not isinstance(error, Exception):
            _end(started)
        raise


def stop(within_s: float) -> int:
    """Let Java end by itself, and give its exit code; its session has been stopped.

    Raises:
        OSError: it has not ended in time, and is killed.
    """
    from pyspark import SparkContext

    process = SparkContext._gateway.proc  # type: ignore[union-attr] # a session of our own has one
    try:
        process.communicate(timeout=within_s)  # closes its input, at whose end it exits
    except subprocess.TimeoutExpired as error:
        raise OSError(f"Java has not ended within {within_s:.0f} s") from error
    finally:
        _end([process])
    return int(process.returncode)


def _end(started: list[subprocess.Popen[bytes]]) -> None:
    """Kill Java, as a start that is interrupted leaves it behind.

    It finds nobody to give its port to, and waits for ever.
    """
    from pyspark import SparkContext

    for process in started:
        process.kill()
        if process.stdin:
            process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_ENDS_WITHIN_S)
    SparkContext._gateway = SparkContext._jvm = None


@contextmanager
def _watch(started: list[subprocess.Popen[bytes]]) -> Iterator[None]:
    """List each process that pyspark starts within the block, and let SIGTERM pass it by.

    Who stops a group of processes (systemd, a shell) sends it to Java too. Java would be gone
    before this process had written down how its run ended; it ends when this process does.
    """
    from pyspark import java_gateway

    pysparks: Any = java_gateway
    popen = pysparks.Popen

    def start(command: list[str], **how: Any) -> subprocess.Popen[bytes]:
        if "preexec_fn" in how:  # Windows has none
            how["preexec_fn"] = partial(_ignore_sigterm, how["preexec_fn"])
        process: subprocess.Popen[bytes] = popen(command, **how)
        started.append(process)
        return process

    pysparks.Popen = start  # nothing else says what it starts
    try:
        yield
    finally:
        pysparks.Popen = popen


def _ignore_sigterm(before: Callable[[], None]) -> None:
    """What a child does before it becomes Java: what pyspark wants, and ours."""
    before()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
