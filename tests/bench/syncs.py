"""What a sync of an account of ordinary size costs: at first, a day later, with nothing new.

    python -m tests.bench.syncs [EVENTS PROFILES]

Each is a process of its own, as a user runs it, against a sample account without rate limits. Of
each: wall seconds, CPU seconds of the whole process tree, peak memory of Python and of Java, SQL
executions and tasks by Spark's event log, calls through py4j, and commits.
"""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import requests

from klaviyo_spark.commands.demo import KEY, served

_NO_LIMITS = 10_000.0
_COUNTER = Path(__file__).with_name("py4j_counter")


@dataclass(frozen=True)
class Cost:
    """Of one command: seconds, megabytes and counts."""

    wall: float
    cpu: float
    python_mb: int
    java_mb: int
    executions: int
    tasks: int
    calls: int
    commits: int

    def __str__(self) -> str:
        return (
            f"{self.wall:6.1f} s wall {self.cpu:6.1f} s CPU {self.python_mb:5,} MB Python "
            f"{self.java_mb:5,} MB Java {self.executions:5} executions "
            f"{self.tasks:5} tasks {self.calls:7,} calls {self.commits:4} commits"
        )


def sync(url: str, lake: Path, folder: Path, *verb: str) -> Cost:
    """Run a command on ``lake`` and count; its own files go to ``folder``."""
    conf, log = folder / "conf", folder / "log"
    conf.mkdir(parents=True)
    log.mkdir()
    defaults = {"enabled": "true", "compress": "false", "dir": log.as_uri()}
    text = "".join(f"spark.eventLog.{name} {value}\n" for name, value in defaults.items())
    (conf / "spark-defaults.conf").write_text(text, encoding="ascii")
    environ = {
        **os.environ,
        "KLAVIYO_API_KEY": KEY,
        "SPARK_CONF_DIR": str(conf),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(_COUNTER), os.getenv("PYTHONPATH")])),
        "KLAVIYO_SPARK_BENCH_CALLS": str(folder / "calls"),
    }
    command = [sys.executable, "-m", "klaviyo_spark.cli", *verb]
    command += ["--base-url", url, "--warehouse", str(lake)]
    others, commits, began, used = _children(), _commits(lake), time.monotonic(), cpu_of_children()
    with peaks() as peak:
        done = subprocess.run(command, env=environ, check=False, capture_output=True, text=True)
    wall = time.monotonic() - began
    for left in _children() - others:  # Java, which its parent does not wait for
        os.waitpid(left, 0)
    cpu = cpu_of_children() - used
    if done.returncode:
        raise SystemExit(f"{' '.join(verb)} ended with {done.returncode}:\n{done.stderr}")
    events = "".join(file.read_text(encoding="utf-8") for file in log.rglob("*") if file.is_file())
    calls = folder / "calls"
    return Cost(
        wall,
        cpu,
        peak["python"],
        peak["java"],
        events.count('"org.apache.spark.sql.execution.ui.SparkListenerSQLExecutionStart"'),
        events.count('{"Event":"SparkListenerTaskEnd"'),
        int(calls.read_text(encoding="ascii")) if calls.exists() else 0,
        _commits(lake) - commits,
    )


@contextmanager
def peaks() -> Iterator[dict[str, int]]:
    """Megabytes that the largest Python and the largest Java of this process's own have held.

    Of the processes that are there when the block begins, which serve the account, none counts.
    """
    found = {"python": 0, "java": 0}
    others, ended = _descendants(), threading.Event()

    def look() -> None:
        while not ended.wait(0.1):
            for pid in _descendants() - others:
                name, held = _held_mb(pid)
                if name in found:
                    found[name] = max(found[name], held)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield found
    finally:
        ended.set()
        looking.join()


def _descendants() -> set[int]:
    found, left = set[int](), _children()
    while left:
        pid = left.pop()
        found.add(pid)
        with suppress(OSError):  # it has ended
            left |= _children(f"{pid}") - found
    return found


def _held_mb(pid: int) -> tuple[str, int]:
    """What a process is, and the most that it has held."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:  # it has ended
        return "", 0
    lines = dict(line.split(":", 1) for line in status.splitlines())
    name = lines["Name"].strip()
    kind = "python" if name.startswith(("python", "klaviyo")) else name
    return kind, int(lines.get("VmHWM", "0").split()[0]) >> 10


def adopt() -> None:
    """Become the parent of processes whose own parent ends before them, as Java's does."""
    set_child_subreaper = 36
    ctypes.CDLL(None).prctl(set_child_subreaper, 1, 0, 0, 0)


def _children(pid: str = "self") -> set[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return {int(pid) for task in tasks for pid in task.read_text(encoding="ascii").split()}


def cpu_of_children() -> float:
    """Of all child processes that have been waited for, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _commits(lake: Path) -> int:
    return len(list(lake.glob("*.db/*/_delta_log/*.json")))


def main(events: int = 20_000, profiles: int = 2_000) -> None:
    """Measure, and print a line per sync."""
    adopt()
    with (
        tempfile.TemporaryDirectory() as kept,
        served(events, profiles, print, rate_scale=_NO_LIMITS) as url,
    ):
        folder = Path(kept)
        lake = folder / "lake"
        for name in ("first", "a day later", "nothing new"):
            if name == "a day later":
                requests.post(f"{url}/_sandbox/advance", json={"days": 1}, timeout=60)
            print(
                f"{name:12} {sync(url, lake, folder / name.replace(' ', '-'), 'sync')}", flush=True
            )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
