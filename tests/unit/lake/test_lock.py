"""Two runs on one folder, as two processes: who gets it, who is told what, what death leaves."""

from __future__ import annotations

import errno
import fcntl
import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from klaviyo_spark.errors import LakeBusy, LakeError, Stopped
from klaviyo_spark.lake import file_lock, lease, lock
from klaviyo_spark.lake.file_lock import FILE, Holder, folder_of
from klaviyo_spark.lake.lake import Lake, Place
from klaviyo_spark.lake.lock import lock_lake

ME = Holder.me("5e6f", "sync")

# Holds the folder until its standard input ends; then, or if it may not, it leaves.
RUN = """
import logging, os, subprocess, sys, time
from types import SimpleNamespace
from klaviyo_spark.errors import KlaviyoSparkError
from klaviyo_spark.lake.file_lock import Holder
from klaviyo_spark.lake.lock import lock_lake
from klaviyo_spark.lake.spark.lazy_session import LazySession

logging.basicConfig(level=logging.INFO, format="%(message)s")
warehouse, run_id, verb, *options = sys.argv[1:]
place = SimpleNamespace(warehouse=warehouse, catalog=None)
lake = SimpleNamespace(session=LazySession.wrap(None), place=place)
try:
    with lock_lake(lake, Holder.me(run_id, verb), wait="--wait" in options):
        left = 0
        if "--start" in options:
            left = subprocess.Popen(
                ["sleep", "60"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, close_fds=False,
            ).pid
        if "--fork" in options:
            left = os.fork()
            if not left:
                os.closerange(0, 3)
                time.sleep(60)
        print("held", left, flush=True)
        sys.stdin.read()
    print("freed", flush=True)
    os._exit(0)
except KlaviyoSparkError as error:
    print(error, file=sys.stderr)
    sys.exit(error.exit_code)
"""


class Runs:
    """Processes that hold or want a folder; none outlives its test."""

    def __init__(self, warehouse: Path) -> None:
        self.warehouse = warehouse
        self._stack = ExitStack()

    def start(self, run_id: str, verb: str, *options: str) -> subprocess.Popen[str]:
        """A run that has begun; it may not hold the folder yet."""
        process = subprocess.Popen(
            [sys.executable, "-c", RUN, str(self.warehouse), run_id, verb, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._stack.enter_context(process)
        self._stack.callback(process.kill)
        return process

    def holding(self, run_id: str, verb: str, *options: str) -> subprocess.Popen[str]:
        """A run that holds the folder; what it leaves behind is ended after the test."""
        process = self.start(run_id, verb, *options)
        word, left = said(process).split()
        assert word == "held"
        if int(left):
            self._stack.callback(os.kill, int(left), signal.SIGKILL)
        return process

    def __enter__(self) -> Runs:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def said(process: subprocess.Popen[str]) -> str:
    """The next line of its standard output."""
    assert process.stdout
    return process.stdout.readline()


def warned(process: subprocess.Popen[str]) -> str:
    """The next line of its standard error."""
    assert process.stderr
    return process.stderr.readline()


@pytest.fixture
def runs(tmp_path) -> Iterator[Runs]:
    with Runs(tmp_path / "lake") as started:
        yield started


def a_lake(warehouse: object, catalog: str | None = None, spark: Any = None) -> Lake:
    return Lake(spark, Place(str(warehouse), catalog, "klaviyo_bronze", "klaviyo_v2", "ops"))


def a_holder(run_id: str = "1a2b", verb: str = "sync", pid: int = 4711) -> Holder:
    since = datetime(2026, 11, 24, 3, 12, 5, 99, tzinfo=timezone.utc)
    return Holder(run_id, verb, "h", pid, since)


# -- two processes ---------------------------------------------------------------------------------


def test_the_second_run_is_told_who_holds_the_lake_and_since_when(runs):
    first = runs.holding("1a2b", "ingest")
    since = json.loads((runs.warehouse / FILE).read_text())["since"]

    second = runs.start("3c4d", "sync")

    assert second.wait() == 1
    assert warned(second) == (
        f"the lake is held by an ingest that began {since[:10]} {since[11:19]} UTC (process "
        f"{first.pid} on host {os.uname().nodename}, run 1a2b). Wait for it with --wait, or run "
        "again when it has ended.\n"
    )


def test_a_run_that_waits_says_so_once_and_goes_on_when_the_first_has_ended(runs):
    first = runs.holding("1a2b", "sync")
    second = runs.start("3c4d", "refine", "--wait")
    waiting = warned(second)

    first.communicate()

    assert said(second).split()[0] == "held"
    assert waiting.startswith("waiting: the lake is held by a sync that began ")
    assert "--wait" not in waiting
    assert second.communicate() == ("freed\n", "")


def test_a_holder_that_is_killed_is_taken_over_by_the_one_that_waits(runs):
    first = runs.holding("1a2b", "sync")
    second = runs.start("3c4d", "refine", "--wait")
    warned(second)

    first.kill()

    assert said(second).split()[0] == "held"
    assert warned(second).startswith("taking the lake over from a sync that began ")


def test_whoever_looks_sees_who_holds_the_lake_and_leaves_the_lock_alone(runs):
    first = runs.holding("1a2b", "ingest")

    seen = file_lock.holding(runs.warehouse)

    assert seen is not None
    assert (seen.holder.run_id, seen.holder.pid, seen.alive) == ("1a2b", first.pid, True)
    assert first.communicate() == ("freed\n", "")
    assert file_lock.holding(runs.warehouse) is None


def test_whoever_looks_sees_that_a_killed_holder_left_its_lock_behind(runs):
    first = runs.holding("1a2b", "sync")
    first.kill()
    first.wait()

    seen = file_lock.holding(runs.warehouse)

    assert seen is not None
    assert (seen.holder.run_id, seen.alive) == ("1a2b", False)


def test_a_holder_on_another_machine_may_live_or_not(tmp_path):
    (tmp_path / FILE).write_bytes(msgspec.json.encode(a_holder()))
    assert file_lock.holding(tmp_path) == file_lock.LockStatus(a_holder(), None)


def test_a_lake_without_a_lock_file_is_held_by_nobody(tmp_path):
    assert file_lock.holding(tmp_path / "none") is None


def test_a_program_that_a_killed_holder_started_does_not_hold_on(runs):
    first = runs.holding("1a2b", "sync", "--start")
    first.kill()
    first.wait()

    runs.holding("3c4d", "sync")


def test_a_fork_of_a_holder_does_not_hold_on(runs):
    first = runs.holding("1a2b", "sync", "--fork")
    assert first.stdin
    first.stdin.close()
    assert said(first) == "freed\n"

    runs.holding("3c4d", "sync")


def test_control_c_ends_the_wait(runs):
    runs.holding("1a2b", "sync")
    second = runs.start("3c4d", "sync", "--wait")
    warned(second)

    second.send_signal(signal.SIGINT)

    assert second.wait() == -signal.SIGINT


# -- one process -----------------------------------------------------------------------------------


def test_a_freed_lake_can_be_held_again_and_an_error_frees_it_too(tmp_path):
    lake = a_lake(tmp_path / "new" / "lake")
    with pytest.raises(ValueError, match="ours"), lock_lake(lake, a_holder()):
        raise ValueError("ours")
    with lock_lake(lake, a_holder()):
        pass
    assert (tmp_path / "new" / "lake" / FILE).read_text() == ""


def test_another_lake_of_the_same_process_is_another_run(tmp_path):
    with (
        lock_lake(a_lake(tmp_path), a_holder()),
        pytest.raises(LakeBusy) as busy,
        lock_lake(a_lake(f"file://{tmp_path}"), a_holder("3c4d")),
    ):
        pass
    assert (busy.value.holder, busy.value.exit_code) == (a_holder(), 1)


def test_two_folders_are_held_side_by_side(tmp_path):
    with (
        lock_lake(a_lake(tmp_path / "a"), a_holder()),
        lock_lake(a_lake(tmp_path / "b"), a_holder()),
    ):
        pass


def test_a_stop_ends_the_wait(tmp_path):
    stop = threading.Event()
    timer = threading.Timer(0.05, stop.set)
    with lock_lake(a_lake(tmp_path), a_holder()):
        timer.start()
        with (
            pytest.raises(Stopped, match="waiting for the lake") as stopped,
            lock_lake(a_lake(tmp_path), a_holder(), wait=True, stop=stop),
        ):
            pass
    timer.join()
    assert stopped.value.exit_code == 130


def test_the_wait_is_said_once_however_long_it_takes(monkeypatch):
    lines: list[str] = []
    answers: list[Exception | None] = [LakeBusy(a_holder()), LakeBusy(a_holder()), None]
    monkeypatch.setattr(file_lock.logger, "info", lambda text, *a: lines.append(text % a))

    def take() -> str:
        answer = answers.pop(0)
        if answer:
            raise answer
        return "ours"

    assert file_lock.poll_until_acquired(take, wait=True, stop=None, look_s=0) == "ours"
    assert lines == [f"waiting: the lake is held by {a_holder()}"]


def test_a_holder_that_has_not_yet_said_who_it_is_gets_a_moment(tmp_path, monkeypatch):
    with open(tmp_path / FILE, "wb", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        text = file_lock.msgspec.json.encode(a_holder())
        monkeypatch.setattr(file_lock.time, "sleep", lambda s: file.write(text))

        with (
            pytest.raises(LakeBusy, match="process 4711 on host h"),
            lock_lake(a_lake(tmp_path), ME),
        ):
            pass


def test_a_holder_that_never_says_who_it_is_holds_it_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(file_lock.time, "sleep", lambda s: None)
    with open(tmp_path / FILE, "wb", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)

        with (
            pytest.raises(LakeBusy, match="held by another run. Wait"),
            lock_lake(a_lake(tmp_path), ME),
        ):
            pass


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    lake = a_lake(tmp_path / "file" / "lake")
    with pytest.raises(LakeError, match="cannot be locked: Not a directory"), lock_lake(lake, ME):
        pass


# -- which way -------------------------------------------------------------------------------------

FOLDERS = ("/data/lake", "file:///data/lake", "file:/data/lake", "file://localhost/data/lake")
OTHERS = ("s3a://b/lake", "hdfs:/lake", "dbfs:/lake", "/dbfs/lake", "/Volumes/a/b/c", "/Volumes")


@pytest.mark.parametrize("warehouse", FOLDERS)
def test_a_folder_is_held_by_its_file(warehouse):
    assert folder_of(a_lake(warehouse)) == Path("/data/lake")


@pytest.mark.parametrize("warehouse", OTHERS)
def test_a_uri_is_held_by_a_lease(warehouse):
    assert folder_of(a_lake(warehouse)) is None


def test_a_path_of_databricks_or_of_a_connect_server_is_held_by_a_lease(monkeypatch):
    client = type("SparkSession", (), {"__module__": "pyspark.sql.connect.session"})()
    assert folder_of(a_lake("/data/lake", spark=client)) is None
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "17.3")
    assert folder_of(a_lake("/data/lake")) is None


@pytest.fixture
def leases(monkeypatch) -> list[Any]:
    """What was asked of the lease, which does nothing here."""
    asked: list[Any] = []

    @contextmanager
    def a_lease(lake: Lake, holder: Holder, **options: Any) -> Iterator[None]:
        asked.append((lake, holder, options))
        yield

    monkeypatch.setattr(lease, "lease", a_lease)
    return asked


def test_a_catalog_is_held_by_a_lease(leases):
    lake, stop = a_lake("/data/lake", catalog="main"), threading.Event()
    with lock_lake(lake, ME, wait=True, stop=stop):
        assert leases == [(lake, ME, {"wait": True, "stop": stop})]


def test_a_file_system_that_cannot_lock_gets_a_warning_and_a_lease(tmp_path, monkeypatch, leases):
    def flock(file: object, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    warnings: list[str] = []
    monkeypatch.setattr(file_lock, "fcntl", SimpleNamespace(flock=flock, LOCK_EX=2, LOCK_NB=4))
    monkeypatch.setattr(lock.logger, "warning", lambda text, *a: warnings.append(text % a))

    with lock_lake(a_lake(tmp_path), ME):
        assert len(leases) == 1

    assert warnings == [
        f"{tmp_path / FILE}: cannot be locked: No locks available. Start one run at a time."
    ]


def test_without_fcntl_the_module_loads_and_every_lake_is_held_by_a_lease(monkeypatch):
    spec = importlib.util.spec_from_file_location("lock_elsewhere", file_lock.__file__)
    assert spec
    assert spec.loader
    elsewhere = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "lock_elsewhere", elsewhere)

    spec.loader.exec_module(elsewhere)

    assert elsewhere.folder_of(a_lake("/data/lake")) is None
