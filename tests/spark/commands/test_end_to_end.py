"""The whole path over a socket: first sync, a day later with faults, nothing new.

Every documented cell of every table is held against what the sample account says must be there.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from klaviyo_spark.client.client import Client
from klaviyo_spark.client.rate_limiter import Limiter
from klaviyo_spark.client.retry import RetryPolicy
from klaviyo_spark.commands.forget.finding import PersonQuery
from klaviyo_spark.commands.forget.run import forget
from klaviyo_spark.commands.sync.account_run import Summary
from klaviyo_spark.config.models import Settings
from klaviyo_spark.config.secrets import ApiKey
from klaviyo_spark.lake.counts import row_counts
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.lake.spark.lazy_session import LazySession
from klaviyo_spark.resources import TABLES
from klaviyo_spark.sandbox import Account, Sandbox
from tests import contract
from tests.builders import KEY
from tests.helpers.compare import differences
from tests.helpers.files import holding
from tests.helpers.small_lakes import a_place, run_account

FAULTS = ("500", "502", "503", "504", "drop", "short", "html200", "malformed")
STEPS = ("first sync", "a day with faults", "nothing new")


@dataclass
class Step:
    """One sync, and the lake right after it."""

    summary: Summary
    differences: list[str]
    members: list[dict[str, Any]]
    began: datetime
    ended: datetime
    asked_spark: bool
    jobs: int
    commits: int


@dataclass
class Story:
    """All syncs of the account, and what they left."""

    lake: Lake
    steps: dict[str, Step] = field(default_factory=dict)
    requests: dict[str, int] = field(default_factory=dict)
    versions: tuple[dict[str, int], dict[str, int]] = ({}, {})
    orphans: set[str] = field(default_factory=set)


@pytest.fixture(scope="module")
def story(spark, tmp_path_factory) -> Iterator[Story]:
    """Three syncs of one account; the tests below only look at what they left."""
    place = a_place(tmp_path_factory.mktemp("story"))
    told = Story(Lake(spark, place))
    account = Account(seed=11, events=3_000, profiles=300, quiet_days=9)
    with Sandbox(account, key=KEY, rate_scale=50) as sandbox:
        for title in STEPS:
            if title == "a day with faults":
                account.advance(days=1)
                for kind in FAULTS:
                    sandbox.faults.add(kind=kind, path="/api/", probability=0.02)
                sandbox.faults.add(kind="429", path="/api/lists", times=2)
            before = _versions(told.lake)
            told.steps[title] = _step(told.lake, sandbox, account)
            told.versions = (before, _versions(told.lake))
            sandbox.faults.clear()
            told.requests = told.requests or dict(sandbox.counts())
        told.orphans = account.orphaned_flow_ids()
        yield told


def _step(lake: Lake, sandbox: Sandbox, account: Account) -> Step:
    # Complete reads each time: the account's truth knows at once who has gone, or left a group.
    at_once = timedelta(0)
    settings = Settings(
        base_url=sandbox.url, full_profiles_every=at_once, full_members_every=at_once
    )
    policy = RetryPolicy(sleep=lambda _seconds, _stop=None: None)
    # A run without news has no need of a session; this one's would be another than the tests'.
    session = LazySession(lambda: lake.spark.newSession())
    jobs, commits = _jobs(lake.spark), _commits(lake)
    began = datetime.now(timezone.utc).replace(microsecond=0)  # Klaviyo's clock says no less
    with Client(sandbox.url, ApiKey(KEY), limiter=Limiter(), policy=policy) as client:
        summary = run_account("sync", Lake(session, lake.place), settings, client)
    ended = datetime.now(timezone.utc)
    jobs, commits = _jobs(lake.spark) - jobs, _commits(lake) - commits
    members = lake.silver(TABLES["member_lists"]).collect()
    return Step(
        summary,
        differences(lake, account.truth()),
        [row.asDict() for row in members],
        began,
        ended,
        asked_spark=session.started is not None,
        jobs=jobs,
        commits=commits,
    )


def _jobs(spark: SparkSession) -> int:
    """Jobs that Spark has had to do since it started."""
    return int(spark._jsc.sc().dagScheduler().numTotalJobs())


def _commits(lake: Lake) -> int:
    """Commits of all tables together."""
    return sum(1 for _ in Path(lake.place.warehouse).glob("*/*/_delta_log/*.json"))


def _versions(lake: Lake) -> dict[str, int]:
    """Commits per silver table."""
    tables = {n: lake.place.table(lake.place.silver, n) for n in contract.COLUMNS}
    if not lake._known:
        return {}
    return {
        n: lake.spark.sql(f"DESCRIBE HISTORY {t} LIMIT 1").collect()[0]["version"]
        for n, t in tables.items()
    }


@pytest.mark.parametrize("title", STEPS)
def test_every_documented_cell_is_what_the_account_says(story, title):
    assert story.steps[title].differences == []


@pytest.mark.parametrize("title", STEPS)
def test_the_sync_is_all_done(story, title):
    summary = story.steps[title].summary
    assert (summary.exit_code, summary.outcome.failed) == (0, {})


def test_all_25_tables_hold_rows_after_the_first_sync(story):
    rows = story.steps["first sync"].summary.rows
    assert len(rows) == 25
    assert [name for name, count in rows.items() if not count] == []


def test_a_sync_costs_few_jobs_and_commits(story):
    """Counts that no other work on the machine disturbs; what they cost is for the bench."""
    cost = {title: (step.jobs, step.commits) for title, step in story.steps.items()}

    # Of a run without news: pages, before tables may be loaded too; their marks, loads, the run.
    most_of = {"first sync": (36, 76), "a day with faults": (110, 44), "nothing new": (0, 7)}
    for title, most in most_of.items():
        assert cost[title][0] <= most[0], title
        assert cost[title][1] <= most[1], title


def test_where_nothing_is_new_spark_is_not_asked(story):
    asked = [story.steps[title].asked_spark for title in STEPS]
    assert asked == [True, True, False]


def test_the_same_sync_again_makes_no_table_version(story):
    before, after = story.versions
    assert after == before


def test_members_are_first_seen_by_the_run_that_read_them(story):
    step = story.steps["first sync"]
    assert step.members
    for member in step.members:
        assert step.began <= _utc(member["first_seen_at"]) <= step.ended
        assert member["last_seen_at"] == member["first_seen_at"]


def test_who_left_was_last_seen_by_the_run_before(story):
    first, later = story.steps["first sync"], story.steps["a day with faults"]
    left = [member for member in later.members if not member["is_member"]]
    assert left
    for member in left:
        assert first.began <= _utc(member["last_seen_at"]) <= first.ended


def test_orphaned_flows_are_those_that_no_listing_has(story):
    rows = story.lake.ops("orphaned_flows").select("flow_id").distinct().collect()
    assert {row["flow_id"] for row in rows} == story.orphans


def test_pages_are_landed_exactly_as_received(story):
    pages = story.lake.pages()
    wrong = pages.where("sha2(cast(body AS binary), 256) != sha256 OR octet_length(body) != bytes")
    assert wrong.count() == 0


def test_the_account_says_nothing_that_no_table_has_or_leaves_out_on_purpose(story):
    said = [line for step in story.steps.values() for line in step.summary.outcome.warnings]
    assert [line for line in said if "unknown_fields" in line] == []


def test_each_listing_is_asked_for_the_fewest_pages(story):
    asked = story.requests
    assert asked["/api/campaigns"] == 6, "three channels, archived or not"
    assert asked["/api/flows"] == 4, "archived or not, and so at the older revision"
    assert asked["/api/metrics"] == 1
    assert asked["/api/events"] == 3, "3,000 events, 1,000 a page, all metrics in one listing"
    assert asked["/api/profiles"] == 3, "300 profiles, 100 a page"


def test_runs_and_loads_are_in_the_operators_tables(story):
    runs = story.lake.ops("runs").select("command", "exit_code").collect()
    assert [tuple(row) for row in runs] == [("sync", 0)] * len(STEPS)
    loads = story.lake.ops("table_loads").groupBy("run_id").count().collect()
    assert [row["count"] for row in loads] == [25] * len(STEPS)


def test_no_key_and_no_address_is_in_the_delta_logs(story):
    root = story.lake.place.warehouse
    log = story.lake.spark.read.text(f"{root}/*/*/_delta_log/*.json")
    assert log.where("value LIKE '%pk_sandbox%' OR value LIKE '%@example%'").count() == 0


def _utc(naive: datetime) -> datetime:
    return naive.replace(tzinfo=timezone.utc)


def test_somebody_who_is_forgotten_is_in_no_file_any_more(story, spark, tmp_path):
    folder = tmp_path / "lake"
    shutil.copytree(story.lake.place.warehouse, folder)
    lake = Lake(spark, replace(story.lake.place, warehouse=str(folder)))
    events, members = (lake.silver(TABLES[name]) for name in ("events", "member_lists"))
    known = events.where("profile_email IS NOT NULL").join(
        members.where("email IS NOT NULL"), events.profile_data_id == members.profile_id, "semi"
    )
    busiest = known.groupBy("profile_data_id", "profile_email").count().orderBy(F.desc("count"))
    person, email, count = busiest.first()
    before = row_counts(lake)
    assert min(map(len, holding(folder, person, email).values())) > 5

    done = forget(lake, Settings(), PersonQuery(email=email))

    assert (done.exit_code, done.profiles, done.errors) == (0, 1, [])
    assert holding(folder, person, email) == {person: [], email: []}
    after = row_counts(lake)
    gone = {f"klaviyo_v2.{name}": before[name] - after[name] for name in contract.COLUMNS}
    assert {name: rows for name, rows in gone.items() if rows} == done.rows
    assert done.rows["klaviyo_v2.events"] == count
    assert done.rows["klaviyo_v2.profiles"] == 1
