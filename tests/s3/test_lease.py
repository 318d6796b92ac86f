"""One writer at a time: the store puts an object only where there is none yet."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from klaviyo_spark.errors import LakeBusy
from klaviyo_spark.lake.lake import Lake, Place
from klaviyo_spark.lake.lease import lease
from klaviyo_spark.lake.spark.lazy_session import LazySession
from tests.helpers.leases import Clock, a_holder
from tests.s3.server import S3Server


def a_lake(name: str) -> Lake:
    """A lake whose lease needs no Spark."""

    def start() -> None:
        raise AssertionError("Spark was asked for")

    place = Place(f"s3://lakes/{name}", None, "klaviyo_bronze", "klaviyo_v2", "klaviyo_ops")
    return Lake(LazySession(start), place)  # type: ignore[arg-type]


def test_a_run_is_refused_while_another_holds_the_lake(store: S3Server):
    second = lease(a_lake("held"), a_holder("two"), clock=Clock())
    with (
        lease(a_lake("held"), a_holder("one"), clock=Clock()),
        pytest.raises(LakeBusy, match="run one"),
        second,
    ):
        pass

    with lease(a_lake("held"), a_holder("two"), clock=Clock()):
        pass


def test_a_process_that_ends_right_after_a_look_at_the_lease_ends_by_itself(store: S3Server):
    """Arrow's threads that still read then came upon Python, and one look of seven aborted."""
    look = (
        "import os\n"
        "from klaviyo_spark.lake.local.lease_table import StoreLease\n"
        "from klaviyo_spark.lake.local.store import store_folder\n"
        "sign = StoreLease(store_folder('s3://lakes/looked-at', os.environ), 'klaviyo_ops')"
        ".last_sign()\n"
        "assert sign\n"
    )
    with lease(a_lake("looked-at"), a_holder("one"), clock=Clock()):
        ended = [subprocess.run([sys.executable, "-c", look], check=False) for _ in range(25)]

    assert {one.returncode for one in ended} == {0}


def test_of_runs_that_start_at_once_one_holds_the_lake(store: S3Server):
    """Each may have to make the table; without conditions several would hold the lake."""
    runs = 5
    begin, ended = threading.Barrier(runs), threading.Barrier(runs)
    held = []

    def run(name: str) -> None:
        begin.wait()
        try:
            with lease(a_lake("raced"), a_holder(name), clock=Clock()):
                held.append(name)
                ended.wait()
        except LakeBusy:
            ended.wait()

    threads = [threading.Thread(target=run, args=(f"{number}",)) for number in range(runs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(held) == 1
