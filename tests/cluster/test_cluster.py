"""``jobs/sync.py`` from the wheel, by spark-submit on a cluster: the lake that a local run makes.

The executors have no Python, no module of ours and time zones of their own; see ``cluster``.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from deltalake import DeltaTable

from klaviyo_spark.client.client import Client
from klaviyo_spark.client.rate_limiter import Limiter
from klaviyo_spark.config.models import Settings
from klaviyo_spark.config.secrets import ApiKey
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.resources import TABLES
from klaviyo_spark.sandbox import Account, Sandbox
from tests.helpers.cluster import cluster, submit
from tests.helpers.small_lakes import a_place, run_account
from tests.places import ROOT

READ = ("events", "lists", "tags")
# Of the run itself: which it was, and when it asked.
OF_THE_RUN = {"_run_id", "_landed_at"}
# Of when it asked, too: a row's hash is over these.
SEEN = {"first_seen_at", "last_seen_at"}


@dataclass
class Story:
    """Two lakes of one account, a local and a cluster's, after the same two syncs."""

    local: Path
    clusters: Path
    wheel: Path
    ended: list[subprocess.CompletedProcess[str]] = field(default_factory=list)


@pytest.fixture(scope="module")
def story(spark, tmp_path_factory) -> Story:
    """A first sync, and one after the account has moved a day on, each here and on a cluster."""
    folder = tmp_path_factory.mktemp("cluster")
    told = Story(folder / "local", folder / "shared", a_wheel(folder))
    account = Account(seed=3, events=400, profiles=60)
    with Sandbox(account, rate_scale=50) as sandbox, cluster(folder) as master:
        for days in (0, 1):
            if days:
                account.advance(days=days)
            sync(spark, told.local, sandbox)
            arguments = ["--base-url", sandbox.url, "--warehouse", str(told.clusters)]
            arguments += ["--resources", ",".join(READ)]
            job = ROOT / "jobs" / "sync.py"
            told.ended.append(
                submit(master, told.wheel, job, arguments, folder / "master", sandbox.key)
            )
    return told


def a_wheel(folder: Path) -> Path:
    """The wheel, as ``make build`` builds it."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-build-isolation"]
    subprocess.run([*command, "--no-deps", "--wheel-dir", str(folder), str(ROOT)], check=True)
    [wheel] = folder.glob("klaviyo_spark-*.whl")
    return wheel


def sync(spark, folder: Path, sandbox: Sandbox) -> None:
    place = a_place(folder)
    settings = Settings(base_url=sandbox.url, resources=READ)
    with Client(sandbox.url, ApiKey(sandbox.key), limiter=Limiter()) as client:
        run_account("sync", Lake(spark, place), settings, client)


def tables(lake: Path) -> dict[str, DeltaTable]:
    """All tables of a lake by schema and name."""
    return {
        f"{folder.parent.name}/{folder.name}": DeltaTable(folder)
        for folder in sorted(lake.glob("*.db/*"))
    }


def rows(table: DeltaTable) -> list[tuple[object, ...]]:
    """What a table says, in one order; of a mark, whether it is there."""
    found = [
        {**row, "_deleted_at": row["_deleted_at"] is not None}
        for row in table.to_pyarrow_table().to_pylist()
    ]
    names = {*found[0]} - OF_THE_RUN if found else set()
    if names & SEEN:
        names -= {*SEEN, "_row_hash"}
    return sorted((tuple(row[name] for name in sorted(names)) for row in found), key=repr)


def test_both_runs_end_well_and_their_driver_has_the_wheel_alone(story):
    assert [run.returncode for run in story.ended] == [0, 0], story.ended[-1].stdout
    assert [run.stdout.count("sync done: ") for run in story.ended] == [1, 1]

    # spark-submit puts --py-files there, so they go before what is installed in this Python.
    path = {"PYTHONPATH": str(story.wheel)}
    said = [sys.executable, "-c", "import klaviyo_spark; print(klaviyo_spark.__file__)"]
    found = subprocess.run(said, env=path, cwd=story.local, capture_output=True, text=True)
    assert Path(found.stdout).is_relative_to(story.wheel)


@pytest.mark.parametrize("name", [n for n, table in TABLES.items() if table.resource in READ])
def test_a_table_has_the_rows_of_the_local_run(story, name):
    here, there = (
        DeltaTable(lake / "klaviyo_v2.db" / name) for lake in (story.local, story.clusters)
    )

    assert rows(there) == rows(here) != []


def test_the_lake_has_the_tables_of_the_local_run(story):
    here, there = tables(story.local), tables(story.clusters)

    assert sorted(there) == sorted(here)
    for name, table in here.items():
        assert there[name].schema() == table.schema(), name
        assert there[name].metadata().partition_columns == table.metadata().partition_columns
        assert there[name].metadata().configuration == table.metadata().configuration, name


def test_as_many_records_have_landed_as_by_the_local_run(story):
    landed = [
        DeltaTable(lake / "klaviyo_bronze.db" / "pages")
        .to_pyarrow_table(columns=["endpoint", "record_count"])
        .group_by("endpoint")
        .aggregate([("record_count", "sum")])
        .sort_by("endpoint")
        .to_pylist()
        for lake in (story.local, story.clusters)
    ]

    assert landed[1] == landed[0] != []


def test_nothing_is_left_of_looking_whether_the_folder_is_shared(story):
    assert sorted(path.name for path in story.clusters.iterdir()) == [
        ".klaviyo-spark.lock",
        "klaviyo_bronze.db",
        "klaviyo_ops.db",
        "klaviyo_v2.db",
    ]
