"""Runs of the command line as processes: started, watched from the server's side, killed.

A run is a process group of its own, so that a kill takes its JVM along. What has landed is read by
delta-rs, without Spark. No assertions here.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Any
from unittest import mock

import pyarrow as pa
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from klaviyo_spark.bronze.lander import BATCH_PAGES
from klaviyo_spark.cli import main
from klaviyo_spark.client.paginator import QUEUED_PAGES
from klaviyo_spark.config.models import Settings
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.sandbox import Sandbox
from tests.builders import KEY
from tests.helpers.small_lakes import a_lake

ASKED_TWICE = BATCH_PAGES + QUEUED_PAGES + Settings().max_concurrent_requests
"""Pages that a kill may cost: a batch that had not landed, and what was in flight."""
ALL_READ_ANEW = "full_profiles_every: 0d\nfull_members_every: 0d\n"
"""Conf for accounts that are moved on: their truth knows at once who has gone."""
_LOOK_S = 0.005
_PATIENCE_S = 900.0

Reached = Callable[[], bool]


@dataclass
class Ended:
    """A run that has ended: its exit code, and what it said."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> list[str]:
        """The lines in which it gives its reasons."""
        return [line for line in self.err.splitlines() if line.startswith("klaviyo-spark:")]


class Run:
    """One process of the command line, and all it starts."""

    def __init__(self, args: Sequence[str], env: Mapping[str, str], folder: Path) -> None:
        self._out, self._err = _words(folder, "out"), _words(folder, "err")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "klaviyo_spark.cli", *args],
            cwd=folder,
            env={**os.environ, "KLAVIYO_API_KEY": KEY, **env},
            stdin=subprocess.DEVNULL,
            stdout=self._out,
            stderr=self._err,
            start_new_session=True,
        )

    @property
    def under_way(self) -> bool:
        """Whether it has not ended yet."""
        return self.process.poll() is None

    @property
    def err(self) -> str:
        """What it has said on standard error so far."""
        return Path(self._err.name).read_text(encoding="utf-8", errors="replace")

    def until(self, reached: Reached) -> bool:
        """Watch it until ``reached``; false if it ended before."""
        deadline = time.monotonic() + _PATIENCE_S
        while self.under_way:
            if reached():
                return True
            if time.monotonic() > deadline:
                raise TimeoutError(f"the run did not get there: {self.err[-2000:]}")
            time.sleep(_LOOK_S)
        return False

    def kill(self) -> None:
        """SIGKILL, its JVM too; a second time does nothing, its number may be another's by then."""
        if self._out.closed:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._out.close()
        self._err.close()

    def interrupt(self, number: signal.Signals) -> None:
        """Ctrl-C as a terminal sends it, to the whole group; SIGTERM as a scheduler, to the run."""
        if number is signal.SIGINT:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)

    def ended(self) -> Ended:
        """Wait for its end."""
        try:
            code = self.process.wait(_PATIENCE_S)
        finally:
            self.kill()
        out = Path(self._out.name).read_text(encoding="utf-8")
        return Ended(code, out, self.err)


def _words(folder: Path, name: str) -> IO[str]:
    """A file for what a run says; it stays, for whoever looks into a failure."""
    return tempfile.NamedTemporaryFile(
        "w", dir=folder, prefix=f"{name}-", suffix=".txt", delete=False
    )


@dataclass
class Home:
    """A lake and the account it is a copy of; ``folder`` holds the conf and what runs say.

    Args:
        conf: as in a conf file.
        env: of all runs.
        disk: where the lake is, if not in ``folder``.
    """

    sandbox: Sandbox
    folder: Path
    conf: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    disk: Path | None = None

    @property
    def warehouse(self) -> Path:
        """The lake."""
        return (self.disk or self.folder) / "lake"

    @contextmanager
    def run(self, *args: str) -> Iterator[Run]:
        """A run of a verb with its options; killed if it outlives the block."""
        run = Run(self._args(*args), self.env, self.folder)
        try:
            yield run
        finally:
            run.kill()

    def finish(self, *args: str) -> Ended:
        """A run from its beginning to its end."""
        with self.run(*args) as run:
            return run.ended()

    def here(self, *args: str) -> int:
        """A run within this process and its Spark session; its exit code."""
        try:
            with mock.patch.dict(os.environ, {"KLAVIYO_API_KEY": KEY}):
                main(self._args(*args))
        except SystemExit as left:
            return int(left.code or 0)
        return 0

    def _args(self, *args: str) -> list[str]:
        conf = self.folder / "soak.yml"
        conf.write_text(self.conf or "max_concurrent_requests: 16\n", encoding="utf-8")
        places = ("--warehouse", str(self.warehouse), "--base-url", self.sandbox.url)
        return [*args, "--config", str(conf), *places]

    def lake(self, spark: SparkSession) -> Lake:
        """The lake, for a look at it."""
        return a_lake(spark, self.warehouse)

    def landed(self) -> int:
        """Pages in bronze."""
        folder = self.warehouse / "klaviyo_bronze.db" / "pages"
        if not (folder / "_delta_log").is_dir():
            return 0
        return sum(a["num_records"] for a in _files(DeltaTable(folder)))

    def commits(self, schema: str = "klaviyo_v2") -> int:
        """Delta commits in a schema."""
        logs = (self.warehouse / f"{schema}.db").glob("*/_delta_log/*.json")
        return sum(1 for _ in logs)


def _files(table: DeltaTable) -> list[dict[str, Any]]:
    return pa.table(table.get_add_actions(flatten=True)).to_pylist()


@dataclass(frozen=True)
class Kill:
    """What one kill cost. ``asked`` and ``landed``: pages, by this run; ``where`` it struck."""

    where: str
    asked: int
    landed: int

    @property
    def lost(self) -> int:
        """Pages that the next run has to ask for again."""
        return self.asked - self.landed


def killed(home: Home, verb: str, where: str, reached: Reached, pause_s: float) -> Kill | None:
    """Start ``verb``, kill it ``pause_s`` after ``reached``; None if it ended before."""
    asked, landed = len(home.sandbox.requests), home.landed()
    with home.run(verb) as run:
        got_there = run.until(reached)
        time.sleep(pause_s if got_there else 0)
        ended = not run.under_way
        run.kill()
    at_rest(home.sandbox)
    if ended:
        return None
    return Kill(where, len(home.sandbox.requests) - asked, home.landed() - landed)


def at_rest(sandbox: Sandbox) -> None:
    """Wait until the server has done with the requests that a dead client had under way."""
    served = -1
    while served < len(sandbox.requests):
        served = len(sandbox.requests)
        time.sleep(1)


def after_requests(home: Home, more: int) -> Reached:
    """Whether the server has served so many more requests."""
    goal = len(home.sandbox.requests) + more
    return lambda: len(home.sandbox.requests) >= goal


@contextmanager
def meanwhile(reached: Reached, act: Callable[[], object]) -> Iterator[threading.Event]:
    """Do ``act`` as soon as ``reached``, beside the block; the event says that it has been done."""
    over, done = threading.Event(), threading.Event()

    def watch() -> None:
        while not over.wait(_LOOK_S):
            if reached():
                act()
                done.set()
                return

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield done
    finally:
        over.set()
        watcher.join()


def after_commits(home: Home, more: int) -> Reached:
    """Whether refine has made so many more commits."""
    goal = home.commits() + more
    return lambda: home.commits() >= goal


def a_pause(chance: random.Random) -> float:
    """Some milliseconds, so that a kill may strike between two requests or commits."""
    return chance.random() / 10


def asked_again(sandbox: Sandbox) -> Counter[str]:
    """How often each URL was served beyond the first time."""
    served = Counter(
        f"{r.path}?{sorted(r.params.items())}" for r in list(sandbox.requests) if r.status == 200
    )
    return Counter({url: n - 1 for url, n in served.items() if n > 1})


def klaviyo_now(sandbox: Sandbox) -> datetime:
    """What time it is by the account's clock."""
    return datetime.now(timezone.utc) + sandbox.clock_ahead


def settled(sandbox: Sandbox) -> datetime:
    """As far as a sync that has just ended has read events: what its margin left out is not due."""
    return klaviyo_now(sandbox) - Settings().indexing_lag
