"""The same pages loaded by the driver and by Spark alone: the same rows, to the cell."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from klaviyo_spark.client.client import Client
from klaviyo_spark.client.rate_limiter import Limiter
from klaviyo_spark.config.models import RESOURCE_NAMES, PersonalData, Settings
from klaviyo_spark.config.personal_data import Personal
from klaviyo_spark.config.secrets import ApiKey, HashKey
from klaviyo_spark.lake.lake import Lake, names_of
from klaviyo_spark.resources import TABLES
from klaviyo_spark.sandbox import Account, Sandbox
from klaviyo_spark.silver.models import Load, RefinePolicy
from klaviyo_spark.silver.refine import refine
from klaviyo_spark.state.store import forget_loads
from tests import contract
from tests.builders import KEY
from tests.helpers.small_lakes import a_lake, a_place, run_account

# Texts in the clear and digests, both.
PERSONAL = Personal(PersonalData(email="hash"), HashKey("a" * 32))


@dataclass
class Halves:
    """A lake that was loaded half by half; loads per way, one list a run."""

    by_driver: Lake
    by_spark: Lake
    loads: dict[str, list[list[Load]]]


@pytest.fixture(scope="module")
def halves(spark, tmp_path_factory) -> Halves:
    """An account's first sync and the one a day later, landed once and loaded both ways."""
    folders = {way: tmp_path_factory.mktemp(way) / "lake" for way in ("driver", "spark")}
    lakes = {way: Lake(spark, a_place(to), personal=PERSONAL) for way, to in folders.items()}
    loads: dict[str, list[list[Load]]] = {"driver": [], "spark": []}
    account = Account(seed=3, events=150, profiles=40, quiet_days=2)
    with Sandbox(account, key=KEY, rate_scale=1000) as sandbox:
        for number in range(2):
            _ingest(lakes["driver"], sandbox.url)
            _copy_pages(folders["driver"], folders["spark"])
            for way, by in (("driver", "auto"), ("spark", "spark")):
                policy = RefinePolicy(run_id=f"refine {number}", loads_by=by)
                loads[way].append(refine(lakes[way], "default", RESOURCE_NAMES, policy))
            account.advance(days=1)
    return Halves(lakes["driver"], lakes["spark"], loads)


def _ingest(lake: Lake, url: str) -> None:
    settings = Settings(base_url=url)
    with Client(url, ApiKey(KEY), limiter=Limiter()) as client:
        run_account("ingest", lake, settings, client)


def _copy_pages(source: Path, to: Path) -> None:
    """The pages and what was read of them, as they lie."""
    for table in ("klaviyo_bronze.db/pages", "klaviyo_ops.db/watermarks"):
        shutil.rmtree(to / table, ignore_errors=True)
        shutil.copytree(source / table, to / table)


@pytest.mark.parametrize("table", contract.COLUMNS)
def test_a_table_has_the_same_rows_in_every_column(halves, table):
    assert _rows(halves.by_driver, table) == _rows(halves.by_spark, table)


def test_loads_count_the_same_and_say_who_made_them(halves):
    by_driver, by_spark = (_counts(halves.loads[way]) for way in ("driver", "spark"))

    assert by_driver == by_spark
    assert {load.loaded_by for run in halves.loads["driver"] for load in run if load.changed} == {
        "driver"
    }
    assert {load.loaded_by for run in halves.loads["spark"] for load in run} == {"spark"}


@pytest.mark.parametrize("ledger", ["quarantine", "late_arrivals"])
def test_ledgers_hold_the_same(halves, ledger):
    by_driver, by_spark = (
        sorted(map(str, lake.ops(ledger).collect())) for lake in (halves.by_driver, halves.by_spark)
    )

    assert by_driver == by_spark


def test_a_table_that_changes_halves_gains_no_rows(halves):
    """Pages that the driver has loaded change nothing where Spark loads them again."""
    lake = halves.by_driver
    before = {name: _rows(lake, name) for name in ("campaigns", "profile_email_suppressions")}

    for by in ("spark", "auto"):
        forget_loads(lake, "default", before)
        refine(lake, "default", RESOURCE_NAMES, RefinePolicy(loads_by=by), only=before)

        for name, rows in before.items():
            now = _rows(lake, name)
            assert [_without_run(row) for row in now] == [_without_run(row) for row in rows]


def _rows(lake: Lake, table: str) -> list[str]:
    """All rows, with every column of theirs and of ours, as texts."""
    found = lake.spark.table(lake.names()[f"{lake.place.silver}.{table}"])
    return sorted(map(str, found.select(*names_of(TABLES[table])).toArrow().to_pylist()))


def _without_run(row: str) -> str:
    return row.partition("'_run_id'")[0]


def _counts(runs: Sequence[Sequence[Load]]) -> list[Any]:
    return [
        sorted(
            (load.table, load.inserted, load.updated, load.soft_deleted, load.cast_failures,
             load.quarantined, load.check_warnings, load.errors)
            for load in run
        )
        for run in runs
    ]  # fmt: skip


def test_a_lake_that_only_spark_reaches_has_no_small_tables(lake):
    assert lake.for_small_tables() is not None
    assert a_lake(lake.spark, "gs://bucket/lake").for_small_tables() is None
