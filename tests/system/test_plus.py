"""``klaviyo_plus`` over a socket: first sync, a day later, nothing new; and nobody else has it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from klaviyo_spark.client.client import Client
from klaviyo_spark.client.rate_limiter import Limiter
from klaviyo_spark.client.retry import RetryPolicy
from klaviyo_spark.client.server_clock import ServerClock
from klaviyo_spark.client.sleep import nap
from klaviyo_spark.clock import utc_now
from klaviyo_spark.commands.forget.finding import PersonQuery
from klaviyo_spark.commands.forget.run import forget
from klaviyo_spark.commands.sync.account_run import Summary
from klaviyo_spark.config.accounts import settings_per_account
from klaviyo_spark.config.models import PLUS_NAMES, Settings
from klaviyo_spark.config.secrets import ApiKey
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.resources import TABLES
from klaviyo_spark.sandbox import Account, Sandbox
from klaviyo_spark.sandbox.truth.metrics import commerce_metric_ids, documented_metric_ids
from tests.builders import KEY
from tests.helpers.compare import differences
from tests.helpers.files import holding
from tests.helpers.small_lakes import a_place, run_account

PLUS = [name for name, table in TABLES.items() if table.schema == "plus"]
STEPS = ("first sync", "a day later", "nothing new")
# What a day's run asks of an account of this size: a page each, and what is asked per form that
# has changed. Codes are read whole, which the test asks for to know of each.
REQUESTS = {
    "/api/campaign-messages": 1,
    "/api/catalog-items": 1,
    "/api/catalog-variants": 1,
    "/api/catalog-categories": 1,
    "/api/accounts": 1,
    "/api/mapped-metrics": 1,
    "/api/custom-metrics": 1,
    "/api/templates": 1,
    "/api/forms": 1,
    "/api/coupons": 1,
    "/api/push-tokens": 1,
}
# Of all days since Klaviyo tells of any: years that overlap by 8 days, 60 days at a time, months.
# The three questions for campaigns are one endpoint's.
HISTORY = {
    "/api/campaign-values-reports": 3 * 4,
    "/api/flow-values-reports": 42,
    "/api/flow-series-reports": 22,
    "/api/form-values-reports": 42,
    "/api/form-series-reports": 22,
    "/api/segment-series-reports": 22,
}
# What may still move: a year, 60 days, the months that have any of these.
A_DAY = {
    "/api/campaign-values-reports": 3,
    "/api/flow-values-reports": 3,
    "/api/flow-series-reports": 1,
    "/api/form-values-reports": 3,
    "/api/form-series-reports": 1,
    "/api/segment-series-reports": 1,
}
# At that time of the first sync, so that the number of windows is known.
NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)


@dataclass
class Story:
    """All syncs of the account, and what they left."""

    lake: Lake
    metrics: int = 0
    summaries: dict[str, Summary] = field(default_factory=dict)
    differences: dict[str, list[str]] = field(default_factory=dict)
    requests: dict[str, Counter[str]] = field(default_factory=dict)
    commits: dict[str, int] = field(default_factory=dict)


def shown(truth: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """The truth as tables show it unless credentials are kept."""
    for row in truth["push_tokens"]:
        row["token"] = None
    for row in truth["coupon_codes"]:
        row["unique_code"] = None
        row["coupon_code_id"] = hashlib.sha256(row["coupon_code_id"].encode()).hexdigest()
    return truth


@pytest.fixture(scope="module")
def story(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    told = Story(Lake(spark, a_place(tmp_path_factory.mktemp("plus"))))
    # What has happened in the account is as far as the clock: a day's number that moves is in time.
    lag = timedelta(days=3, seconds=300)
    account = Account(seed=5, events=600, profiles=60, campaigns=42, now=NOW + lag)
    world = account.world
    told.metrics = len(documented_metric_ids(world) | commerce_metric_ids(world))
    with Sandbox(account, key=KEY, rate_scale=50) as sandbox:
        sandbox.clock_ahead = NOW - utc_now()
        for title in STEPS:
            if title == "a day later":
                account.advance(days=1)
                sandbox.clock_ahead += timedelta(days=1)
            asked, commits = sandbox.counts(), _commits(told.lake)
            told.summaries[title] = sync_plus(told.lake, sandbox)
            told.requests[title] = sandbox.counts() - asked
            told.commits[title] = _commits(told.lake) - commits
            told.differences[title] = differences(told.lake, shown(account.plus_truth()))
        yield told


def sync_plus(
    lake: Lake, sandbox: Sandbox, resources: tuple[str, ...] = ("lists", "tags")
) -> Summary:
    """A sync of everything in ``klaviyo_plus``, by the sandbox's clock, which does not wait."""
    conf = Settings(
        base_url=sandbox.url,
        resources=resources,
        plus="all",
        metrics=("documented", "commerce"),
        full_coupon_codes_every=timedelta(0),
        full_predictions_every=timedelta(0),
        start="2024-06-01",  # the first events are of that year
    )
    [settings] = settings_per_account(conf)
    policy = RetryPolicy(sleep=lambda _seconds, _stop=None: None)
    limiter = Limiter(sleep=lambda seconds, stop: nap(seconds / 50, stop))
    clock = ServerClock(local_now=lambda: utc_now() + sandbox.clock_ahead)
    with Client(sandbox.url, ApiKey(KEY), limiter=limiter, policy=policy, clock=clock) as client:
        return run_account("sync", lake, settings, client)


def _commits(lake: Lake) -> int:
    return sum(1 for _ in Path(lake.place.warehouse).glob("*/*/_delta_log/*.json"))


@pytest.mark.parametrize("title", STEPS)
def test_every_cell_of_klaviyo_plus_is_what_the_account_says(story, title):
    assert story.differences[title] == []


@pytest.mark.parametrize("title", STEPS)
def test_the_sync_is_all_done_and_no_field_is_unknown(story, title):
    outcome = story.summaries[title].outcome
    assert (story.summaries[title].exit_code, outcome.failed, outcome.warnings) == (0, {}, [])


def test_every_table_has_rows_under_a_schema_of_its_own(story):
    rows = story.summaries["first sync"].rows
    assert {name: rows[name] for name in PLUS if not rows[name]} == {}
    folders = {
        path.name for path in (Path(story.lake.place.warehouse) / "klaviyo_plus.db").iterdir()
    }
    assert folders == {*PLUS}


def test_reports_cost_what_their_windows_are_and_are_asked_once_a_day(story):
    asked = {title: Counter() for title in STEPS}
    for title, requests in story.requests.items():
        asked[title] = {path: n for path, n in requests.items() if path.endswith("-reports")}
    assert asked == {"first sync": HISTORY, "a day later": A_DAY, "nothing new": {}}


def test_days_of_metrics_cost_one_question_per_metric_table_and_year_and_once_a_day(story):
    asked = {title: found["/api/metric-aggregates"] for title, found in story.requests.items()}
    # Three tables of every metric, and one of the two metrics of lists; from 2024 to 2026.
    a_year = 3 * story.metrics + 2
    assert asked == {"first sync": 3 * a_year, "a day later": a_year, "nothing new": 0}


def test_a_day_costs_few_requests_and_the_same_again_writes_no_row(story):
    asked = {path: n for path, n in story.requests["nothing new"].items() if path in REQUESTS}
    assert asked == REQUESTS
    assert story.requests["nothing new"]["/api/forms/{id}/form-versions"] == 0
    # Pages, before tables may be loaded too; their marks, loads, the run.
    assert story.commits["nothing new"] <= 7


def test_a_person_with_a_device_and_a_code_is_in_no_file_after_forget(story):
    lake = story.lake
    codes = lake.silver(TABLES["coupon_codes"]).where("profile_id IS NOT NULL")
    tokens = lake.silver(TABLES["push_tokens"])
    person = codes.join(tokens, "profile_id").select("profile_id").first()["profile_id"]
    folder = Path(lake.place.warehouse)
    assert holding(folder, person)[person]

    done = forget(lake, Settings(), PersonQuery(profile=person))

    assert (done.exit_code, done.errors) == (0, [])
    assert holding(folder, person) == {person: []}
    assert {"klaviyo_plus.coupon_codes", "klaviyo_plus.push_tokens"} <= done.rows.keys()


def test_all_groups_are_resources_with_tables_of_their_own():
    assert {TABLES[name].resource for name in PLUS} == {*PLUS_NAMES}
