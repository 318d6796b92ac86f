"""Parts of a lake that somebody removed, between two syncs of one account over a socket.

What the next sync leaves is held against the lake as it was: the account does not change meanwhile.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from klaviyo_spark.client.client import Client
from klaviyo_spark.client.rate_limiter import Limiter
from klaviyo_spark.commands.sync.account_run import Summary
from klaviyo_spark.config.models import Settings
from klaviyo_spark.config.secrets import ApiKey
from klaviyo_spark.errors import LakeError
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.resources import TABLES
from klaviyo_spark.sandbox import Account, Sandbox
from klaviyo_spark.silver.rebuild import rebuild
from tests.builders import KEY
from tests.helpers.compare import held
from tests.helpers.small_lakes import a_lake, run_account

# Of all events, 20 a page; where a window is split it may be some more.
PAGES = 20
RESOURCES = ("events", "lists", "metrics", "profiles", "tags")
MADE = [name for name, table in TABLES.items() if table.resource in RESOURCES]
REPLACED = (
    "klaviyo_bronze.pages was removed or replaced since the last run; everything is read "
    "from Klaviyo again, and rows that Klaviyo no longer has stay in the tables"
)


EACH_ID = "explode(from_json(body, 'data array<struct<id: string>>').data.id)"


@dataclass
class Home:
    """An account that is served, and a lake that one sync has made of it."""

    sandbox: Sandbox
    folder: Path
    rows: dict[str, list[tuple[Any, ...]]]

    def sync(self, lake: Lake) -> tuple[Summary, dict[str, int]]:
        """A sync, and how many pages of what was asked for in it."""
        before = self.sandbox.counts()
        settings = Settings(base_url=self.sandbox.url, resources=RESOURCES)
        with Client(self.sandbox.url, ApiKey(KEY), limiter=Limiter()) as client:
            summary = run_account("sync", lake, settings, client)
        after = self.sandbox.counts()
        return summary, {path: count - before.get(path, 0) for path, count in after.items()}


def rows_of(lake: Lake) -> dict[str, list[tuple[Any, ...]]]:
    """All rows; of the members' history without the times at which we saw them."""
    found = held(lake, MADE)
    found["member_lists"] = [row[:3] for row in found["member_lists"]]
    return found


@pytest.fixture(scope="module")
def home(spark, tmp_path_factory) -> Iterator[Home]:
    folder = tmp_path_factory.mktemp("home") / "lake"
    account = Account(seed=19, events=400, profiles=40, quiet_days=60)
    with Sandbox(account, key=KEY, rate_scale=200, page_most=20) as sandbox:
        made = Home(sandbox, folder, {})
        lake = a_lake(spark, folder)
        summary, asked = made.sync(lake)
        assert (summary.exit_code, summary.outcome.failed, asked["/api/events"] >= PAGES) == (
            0,
            {},
            True,
        )
        made.rows = rows_of(lake)
        yield made


@pytest.fixture
def folder(home, tmp_path) -> Path:
    """A copy of that lake: Delta's ids are in the files."""
    shutil.copytree(home.folder, tmp_path / "lake")
    return tmp_path / "lake"


def test_bronze_and_silver_removed_all_is_read_again(spark, home, folder):
    for schema in ("klaviyo_bronze", "klaviyo_v2"):
        shutil.rmtree(folder / f"{schema}.db")
    lake = a_lake(spark, folder)

    summary, asked = home.sync(lake)
    again, later = home.sync(a_lake(spark, folder))

    [replaced, rebuilt] = [line for line in summary.outcome.warnings if "removed" in line]
    assert replaced == REPLACED
    assert rebuilt.startswith("rebuilt from bronze: events, ")
    assert "; bronze no longer has " in rebuilt
    assert (summary.exit_code, asked["/api/events"] >= PAGES) == (0, True)
    assert rows_of(lake) == home.rows
    assert [line for line in again.outcome.warnings if "removed" in line] == []
    assert later["/api/events"] < PAGES, "what was read since is believed"


def test_bronze_removed_all_is_read_again_and_no_rebuild_loses_rows(spark, home, folder):
    shutil.rmtree(folder / "klaviyo_bronze.db")
    lake = a_lake(spark, folder)

    summary, asked = home.sync(lake)

    assert [line for line in summary.outcome.warnings if "removed" in line] == [REPLACED]
    assert (summary.exit_code, asked["/api/events"] >= PAGES) == (0, True)
    assert rows_of(lake) == home.rows
    with pytest.raises(LakeError, match="tags: not rebuilt, since some of their rows"):
        rebuild(lake, "default", ["tags"])
    assert rows_of(lake) == home.rows


def test_pages_deleted_from_bronze_are_read_again(spark, home, folder):
    lake = a_lake(spark, folder)
    spark.sql(f"DELETE FROM {lake._bronze()} WHERE resource = 'events'")

    summary, asked = home.sync(lake)
    landed = lake.pages().where("resource = 'events'").count()
    again, later = home.sync(a_lake(spark, folder))

    [line] = [line for line in summary.outcome.warnings if "klaviyo_bronze" in line]
    assert line.startswith("klaviyo_bronze.pages: something other than klaviyo-spark changed rows ")
    assert " UTC DELETE (version " in line
    assert (
        "; what lacks pages is read again: events, lists, metrics, profiles, tags. Leave " in line
    )
    assert (summary.exit_code, asked["/api/events"] >= PAGES) == (0, True)
    assert landed == asked["/api/events"]
    assert rows_of(lake) == home.rows
    assert [line for line in again.outcome.warnings if "klaviyo_bronze" in line] == []
    assert later["/api/events"] < PAGES


def test_one_page_deleted_from_the_middle_of_a_walk_is_read_again(spark, home, folder):
    """The walk counted as landed as far as its last page, so the page stayed away for good."""
    lake = a_lake(spark, folder)
    pages = lake.pages().where("endpoint = 'events'")
    held = {id for (id,) in pages.selectExpr(EACH_ID).collect()}
    one = pages.where("NOT is_last").select("walk_id", "page_number").first()
    spark.sql(
        f"DELETE FROM {lake._bronze()} WHERE resource = 'events' "
        f"AND walk_id = '{one['walk_id']}' AND page_number = {one['page_number']}"
    )

    home.sync(lake)

    pages = lake.pages().where("endpoint = 'events'")
    assert held <= {id for (id,) in pages.selectExpr(EACH_ID).collect()}


def test_ops_removed_nothing_is_lost_or_doubled(spark, home, folder):
    shutil.rmtree(folder / "klaviyo_ops.db")
    lake = a_lake(spark, folder)

    summary, _ = home.sync(lake)

    assert (summary.exit_code, summary.outcome.failed) == (0, {})
    assert rows_of(lake) == home.rows
    assert lake.ops("late_arrivals").count() == 0
