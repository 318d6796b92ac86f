"""Tables put back from a copy of their folders: what later loads and landings brought comes again.

The ledger notes the version that a load looked at before it wrote. A copy one load old has just
that version, so the load was believed, and its rows were missing for good.
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
from klaviyo_spark.commands.status.facts import facts
from klaviyo_spark.commands.status.standing import BRONZE, put_back, removed
from klaviyo_spark.commands.sync.account_run import Summary
from klaviyo_spark.config.models import Schemas, Settings
from klaviyo_spark.config.secrets import ApiKey
from klaviyo_spark.lake.delta_log import Write, in_folder
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.lake.readers.folder import Files
from klaviyo_spark.lake.table_states import by_spark
from klaviyo_spark.resources import TABLES
from klaviyo_spark.sandbox import Account, Sandbox
from klaviyo_spark.silver.models import RefinePolicy
from klaviyo_spark.silver.reconcile import reconcile
from klaviyo_spark.state.models import Outcome
from klaviyo_spark.state.store import note_pages_gone
from tests.builders import DAY, NOON, a_page, a_record, an_event
from tests.helpers.compare import held
from tests.helpers.small_lakes import a_lake, land_on, run_account

RESOURCES = ("events", "tags")
MADE = [name for name, table in TABLES.items() if table.resource in RESOURCES]
PUT_BACK = "(an older copy was restored, without later loads)"


def land(lake: Lake, day: int, account: str = "default") -> None:
    """What an account answers on that day: each day brings an event and a tag."""
    tags = [a_record("tag", f"T{n}", name=f"of day {n}") for n in range(day + 1)]
    pages = [
        a_page("tags", *tags),
        a_page("events", *[an_event(f"E{n}", {"$group_ids": [f"L{n}"]}) for n in range(day + 1)]),
    ]
    land_on(lake, day, *pages, account=account)


def load(lake: Lake, by: str, account: str = "default") -> list[str]:
    """Reconcile, with what is said of it; what has failed is said too."""
    outcome = Outcome()
    reconcile(lake, account, RESOURCES, RefinePolicy(run_id=by), outcome=outcome)
    return outcome.warnings + [line for lines in outcome.failed.values() for line in lines]


def put(copy: Path, folder: Path, *tables: str, schema: str = "klaviyo_v2") -> None:
    """Put tables of a copy of the lake in the place of those that stand."""
    for name in tables:
        shutil.rmtree(folder / f"{schema}.db" / name)
        shutil.copytree(copy / f"{schema}.db" / name, folder / f"{schema}.db" / name)


def said_by_status(folder: Path) -> tuple[str, ...]:
    found = facts(Files(folder, Schemas()))
    assert removed(found, "default") == ()
    return put_back(found, "default")


@dataclass
class Grown:
    """A lake of three runs, copies of it after the first and the second, and its rows."""

    folder: Path
    copies: list[Path]
    rows: dict[str, list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def grown(spark, tmp_path_factory) -> Grown:
    folder = tmp_path_factory.mktemp("grown") / "lake"
    lake, copies = a_lake(spark, folder), []
    for day in range(3):
        land(lake, day)
        assert load(lake, f"by {day}") == []
        copies.append(folder.parent / f"copy {day}")
        shutil.copytree(folder, copies[-1])
    return Grown(folder, copies, held(lake, MADE))


@pytest.fixture
def folder(grown, tmp_path) -> Path:
    shutil.copytree(grown.folder, tmp_path / "lake")
    return tmp_path / "lake"


def test_the_log_names_the_run_of_each_of_our_commits(spark, grown):
    lake = a_lake(spark, grown.folder)

    def tags(name: str) -> list[str]:
        history = spark.sql(f"DESCRIBE HISTORY {name}").where("userMetadata IS NOT NULL")
        return [row["userMetadata"] for row in history.orderBy("version").collect()]

    assert tags(lake._silver(TABLES["tags"])) == [f"klaviyo-spark by {day}" for day in range(3)]
    assert tags(lake._bronze()) == [f"klaviyo-spark run {day} of default" for day in range(3)]


@pytest.mark.parametrize("age", [1, 2])
def test_a_copy_of_silver_is_made_anew_and_equals_what_was_there(spark, grown, folder, age):
    put(grown.copies[2 - age], folder, "tags", "events")
    told = said_by_status(folder)

    said = load(a_lake(spark, folder), "by later")
    again = load(a_lake(spark, folder), "by last")

    assert told == ("events", "tags")
    assert said == [
        f"rebuilt from bronze: events, tags {PUT_BACK}; rebuilt with them: "
        "event_group_ids, event_attribution_group_ids"
    ]
    assert held(a_lake(spark, folder), MADE) == grown.rows
    assert (again, said_by_status(folder)) == ([], ())


def test_a_copy_that_got_other_commits_since_is_known_too(spark, grown, folder):
    put(grown.copies[1], folder, "tags")
    name = a_lake(spark, folder)._silver(TABLES["tags"])
    for n in range(3):
        spark.sql(f"ALTER TABLE {name} SET TBLPROPERTIES ('a.b' = '{n}')")

    by_file = in_folder(folder / "klaviyo_v2.db/tags", None, [Write(2, "by 2"), Write(1, "by 1")])
    by_sql = by_spark(spark, name, None, False, [Write(2, "by 2"), Write(1, "by 1")])
    said = load(a_lake(spark, folder), "by later")

    assert by_file.missing == by_sql.missing == {Write(2, "by 2")}
    assert said == [f"rebuilt from bronze: tags {PUT_BACK}"]
    assert held(a_lake(spark, folder), MADE) == grown.rows


def test_where_retention_took_pages_the_rest_is_loaded_into_the_copy(spark, grown, folder):
    put(grown.copies[0], folder, "tags", "events")
    lake = a_lake(spark, folder)
    note_pages_gone(lake, lake._bronze(), "default", dict.fromkeys(RESOURCES, NOON + DAY))
    spark.sql(f"DELETE FROM {lake._bronze()} WHERE ingest_date = '{NOON.date()}'")

    said = load(a_lake(spark, folder), "by later")
    again = load(a_lake(spark, folder), "by last")

    assert said == [
        f"{name}: somebody restored an older copy of this table; all pages in bronze were loaded "
        f"into it again, but rows may be missing, since retention deleted pages of {name} "
        f"fetched before {NOON + DAY:%Y-%m-%d}. Run `klaviyo-spark verify --heal` to read again "
        "what Klaviyo still has."
        for name in RESOURCES
    ]
    assert held(a_lake(spark, folder), MADE) == grown.rows
    assert (again, said_by_status(folder)) == ([], ())


def test_what_another_account_wrote_is_no_proof_of_what_this_one_did(spark, tmp_path):
    folder, copy = tmp_path / "lake", tmp_path / "copy"
    lake = a_lake(spark, folder)
    for day in range(2):
        for account in ("default", "eu"):
            land(lake, day, account)
            assert load(lake, f"by {day} {account}", account) == []
        if not day:
            shutil.copytree(folder, copy)
    rows = held(lake, MADE)
    put(copy, folder, "tags")
    land(lake, 2, "eu")

    for account in ("eu", "default"):
        [said] = load(a_lake(spark, folder), f"by 2 {account}", account)
        assert said == f"rebuilt from bronze: tags {PUT_BACK}"
    assert load(a_lake(spark, folder), "by 3 eu", "eu") == []
    kept = [row for row in held(a_lake(spark, folder), ["tags"])["tags"] if row[0] == "default"]
    assert kept == [row for row in rows["tags"] if row[0] == "default"]


# -- bronze ---------------------------------------------------------------------------------------


@dataclass
class Home:
    """An account that is served, whose lake one sync has made and copied; and then another."""

    sandbox: Sandbox
    folder: Path
    copy: Path
    rows: dict[str, list[tuple[Any, ...]]]

    def sync(self, lake: Lake) -> tuple[Summary, dict[str, int]]:
        """A sync, and how many pages of what was asked for in it."""
        before = self.sandbox.counts()
        settings = Settings(base_url=self.sandbox.url, resources=("events", "metrics", "tags"))
        with Client(self.sandbox.url, ApiKey("pk_sandbox"), limiter=Limiter()) as client:
            summary = run_account("sync", lake, settings, client)
        after = self.sandbox.counts()
        return summary, {path: count - before.get(path, 0) for path, count in after.items()}


@pytest.fixture(scope="module")
def home(spark, tmp_path_factory) -> Iterator[Home]:
    root = tmp_path_factory.mktemp("home")
    account = Account(seed=19, events=300, profiles=30, quiet_days=60)
    with Sandbox(account, key="pk_sandbox", rate_scale=200, page_most=20) as sandbox:
        made = Home(sandbox, root / "lake", root / "copy", {})
        lake = a_lake(spark, made.folder)
        lake.pages()
        shutil.copytree(made.folder, made.copy)
        for _ in range(2):
            summary, _ = made.sync(lake)
            assert (summary.exit_code, summary.outcome.failed) == (0, {})
        made.rows = held(lake, [*MADE, "metrics"])
        yield made


@pytest.fixture
def lived(home, tmp_path) -> Path:
    shutil.copytree(home.folder, tmp_path / "lake")
    return tmp_path / "lake"


@pytest.mark.parametrize("others", [0, 40], ids=["as it was", "with other commits since"])
def test_a_copy_of_bronze_is_not_believed_to_hold_what_landed_later(spark, home, lived, others):
    put(home.copy, lived, "pages", schema="klaviyo_bronze")
    lake = a_lake(spark, lived)
    for n in range(others):
        spark.sql(f"ALTER TABLE {lake._bronze()} SET TBLPROPERTIES ('a.b' = '{n}')")
    told = said_by_status(lived)

    summary, asked = home.sync(lake)
    again, later = home.sync(a_lake(spark, lived))

    lines = [line for line in summary.outcome.warnings if "klaviyo_bronze" in line]
    assert told == (BRONZE,)
    assert lines == [
        "klaviyo_bronze.pages: an older copy was restored; what lacks pages is read "
        "again: events, metrics, tags"
    ]
    assert (summary.exit_code, asked["/api/events"] >= 15) == (0, True)
    assert held(lake, [*MADE, "metrics"]) == home.rows
    assert [line for line in again.outcome.warnings if "klaviyo_bronze" in line] == []
    assert (later["/api/events"] < 15, said_by_status(lived)) == (True, ())


def test_bronze_and_silver_put_back_from_one_copy_are_whole_again(spark, home, tmp_path):
    folder, copy = tmp_path / "lake", tmp_path / "copy"
    lake = a_lake(spark, folder)
    settings = Settings(base_url=home.sandbox.url, resources=("events", "metrics", "tags"))
    middle = min(
        row[0]
        for row in a_lake(spark, home.folder)
        .silver(TABLES["events"])
        .selectExpr("percentile(unix_micros(event_datetime), 0.5) AS at")
        .collect()
    )
    end = NOON.fromtimestamp(middle / 1e6, NOON.tzinfo)
    with Client(home.sandbox.url, ApiKey("pk_sandbox"), limiter=Limiter()) as client:
        first = run_account("sync", lake, settings, client, None, end)
    shutil.copytree(folder, copy)
    home.sync(lake)
    whole = held(lake, [*MADE, "metrics"])
    assert len(whole["events"]) > first.total("events", "inserted") > 0
    for schema in ("klaviyo_bronze", "klaviyo_v2"):
        shutil.rmtree(folder / f"{schema}.db")
        shutil.copytree(copy / f"{schema}.db", folder / f"{schema}.db")

    summary, _ = home.sync(a_lake(spark, folder))
    again, _ = home.sync(a_lake(spark, folder))

    lines = [line for line in summary.outcome.warnings if "older copy" in line]
    assert lines[0] == (
        "klaviyo_bronze.pages: an older copy was restored; what lacks pages is read "
        "again: events, metrics, tags"
    )
    assert [line.split(":")[0] for line in lines[1:]] == [name for name in MADE if name != "tags"]
    assert summary.exit_code == 0
    assert held(a_lake(spark, folder), [*MADE, "metrics"]) == whole
    assert [line for line in again.outcome.warnings if "older copy" in line] == []
