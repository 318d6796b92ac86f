"""Lakes in folders of a test's own: pages land in them, are refined, and rows are read back."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import pytest
from pyspark.sql import SparkSession

from klaviyo_spark.client.client import Client
from klaviyo_spark.commands.sync import pipeline
from klaviyo_spark.commands.sync.account_context import AccountContext
from klaviyo_spark.commands.sync.account_run import RunRequest, Summary, Verb
from klaviyo_spark.config.models import Settings
from klaviyo_spark.lake.lake import Lake, Place
from klaviyo_spark.lake.spark.lazy_session import LazySession
from klaviyo_spark.resources import TABLES
from klaviyo_spark.silver import load, writer
from klaviyo_spark.silver.models import Load
from klaviyo_spark.silver.refine import refine
from tests.builders import DAY, NOON

SCHEMAS = ("klaviyo_bronze", "klaviyo_v2", "klaviyo_ops")


def a_place(folder: Path | str) -> Place:
    """Where a lake is that fills a folder, under the names that conf gives its schemas."""
    return Place(str(folder), None, *SCHEMAS)


def a_lake(spark: SparkSession, folder: Path | str) -> Lake:
    return Lake(spark, a_place(folder))


def a_lake_without_spark(folder: Path) -> Lake:
    """The lake of one account, of which delta-rs is asked alone."""

    def start() -> NoReturn:
        raise AssertionError("Spark was started")

    return Lake(LazySession(start), a_place(folder)).for_account("default")


def let_spark_load(monkeypatch: pytest.MonkeyPatch, *, all_of_it: bool) -> None:
    """Loads in the way of large ones, or in the one that their size asks for."""
    if all_of_it:
        for module in (load, writer):
            monkeypatch.setattr(module, "HELD_RECORDS", 0)
        monkeypatch.setattr(Lake, "for_small_tables", lambda _lake: None)


def land(lake: Lake, run: str, *pages: dict[str, Any]) -> None:
    """Land the pages of a run in one batch, which began their reads unless a page says who did."""
    own = {"run_id": run, "batch_id": f"batch of {run}"}
    lake.append_pages([{**page, **own, "read_run_id": begun_by(page, run)} for page in pages])


def begun_by(page: dict[str, Any], run: str) -> str:
    """The run that began a page's read: ``run``, unless the page says another one."""
    said: str = page["read_run_id"]
    return run if said == page["run_id"] else said


def land_on(lake: Lake, day: int, *pages: dict[str, Any], account: str = "") -> None:
    """Land the pages of the run of that day after ``NOON``; their read began a second earlier.

    Args:
        account: whose pages and run they are, where not only ``default`` has some.
    """
    at = NOON + day * DAY
    of = f" of {account}" if account else ""
    facts = {
        **({"account_id": account} if account else {}),
        "run_id": f"run {day}{of}",
        "batch_id": f"batch {day}{of}",
        "fetched_at": at,
        "ingest_date": at.date(),
        "read_started_at": at - timedelta(seconds=1),
    }
    run = f"{facts['run_id']}"
    lake.append_pages([{**page, **facts, "read_run_id": begun_by(page, run)} for page in pages])


def take(lake: Lake, resource: str, run: str, *pages: dict[str, Any]) -> dict[str, Load]:
    """Land the pages of a run and refine them: the load per table."""
    land(lake, run, *pages)
    return {load.table: load for load in refine(lake, "default", [resource])}


def rows(lake: Lake, table: str, *columns: str) -> list[tuple[Any, ...]]:
    """Some columns of every row of a silver table, sorted as texts."""
    found = lake.silver(TABLES[table]).select(*columns).collect()
    return sorted((tuple(row) for row in found), key=lambda row: tuple(map(str, row)))


def run_account(
    verb: Verb,
    lake: Lake,
    settings: Settings,
    client: Client | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> Summary:
    """A run of one account, as the command line makes it."""
    request = RunRequest(verb, start, end)
    [summary] = pipeline.run(request, lake, [AccountContext(settings, client)])
    return summary
