"""Reports asked of the sandbox and landed in a lake without Spark."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, time, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from klaviyo_spark.bronze.ingest import ingest
from klaviyo_spark.bronze.planner import IngestScope
from klaviyo_spark.client.client import Client
from klaviyo_spark.client.rate_limiter import Limiter
from klaviyo_spark.client.retry import RetryPolicy
from klaviyo_spark.client.server_clock import ServerClock
from klaviyo_spark.clock import utc_now
from klaviyo_spark.config.secrets import ApiKey
from klaviyo_spark.lake.lake import AccountLake
from klaviyo_spark.lake.readers.opening import ask
from klaviyo_spark.progress import Silent
from klaviyo_spark.sandbox import Account, Sandbox, app
from klaviyo_spark.state.models import Outcome
from tests.builders import DAY, KEY

GROUPS = ("account", "reports", "segment_days")
DAYS_OF_METRICS = ("metric_days", "metric_value_days", "list_days", "attributed_days")
START = datetime(2025, 1, 1, tzinfo=timezone.utc)


class Ingested:
    """What came of one ingest, and how long it slept at most in one go."""

    def __init__(
        self,
        sandbox: Sandbox,
        lake: AccountLake,
        run: str = "one",
        groups: tuple[str, ...] = GROUPS,
        clock: ServerClock | None = None,
    ) -> None:
        self.slept: list[float] = [0.0]
        before = sandbox.counts()
        limiter = Limiter(sleep=lambda seconds, _stop: self.slept.append(seconds))
        policy = RetryPolicy(sleep=lambda seconds, _stop=None: self.slept.append(seconds))
        wanted = IngestScope(
            "default", run, groups, START, None, DAY, DAY, DAY, DAY, "documented", threads=8
        )
        with Client(
            sandbox.url, ApiKey(KEY), limiter=limiter, policy=policy, clock=clock
        ) as client:
            self.outcome: Outcome = ingest(lake, client, wanted, Silent())
        asked = sandbox.counts() - before
        self.asked = Counter(
            {p: n for p, n in asked.items() if p.endswith(("-reports", "-aggregates"))}
        )


def pages(lake: AccountLake, endpoint: str) -> list[dict[str, Any]]:
    rows = ask(lake, "pages", f"SELECT slice, body FROM {{t}} WHERE endpoint = '{endpoint}'")
    return [{"slice": json.loads(row["slice"]), **json.loads(row["body"])} for row in rows]


def test_a_spent_day_ends_that_report_alone_with_the_time_to_go_on_at(sandbox, lake):
    now = utc_now()
    spent = [
        {"account_id": "default", "endpoint": "flow_values", "run_id": "before",
         "sent_at": now - timedelta(hours=3, seconds=n)}
        for n in range(225)
    ]  # fmt: skip
    lake.append_ops("daily_requests", spent)

    done = Ingested(sandbox, lake)

    assert done.outcome.failed == {}
    assert done.outcome.stopped == {"flow_values"}
    [line] = done.outcome.warnings
    assert "flow_values: the 225 requests" in line
    assert done.outcome.resume_at
    left = done.outcome.resume_at - now
    assert timedelta(hours=20, minutes=50) < left < timedelta(hours=21, minutes=15)
    assert done.asked["/api/flow-values-reports"] == 0
    assert done.asked["/api/form-values-reports"] >= 42
    assert max(done.slept) <= 61


def test_requests_of_a_day_are_kept_for_the_runs_after(sandbox, lake):
    done = Ingested(sandbox, lake)
    rows = ask(lake, "daily_requests", "SELECT endpoint, count(*) AS n FROM {t} GROUP BY endpoint")
    kept = {row["endpoint"]: row["n"] for row in rows}
    assert kept["flow_values"] == done.asked["/api/flow-values-reports"]
    assert sum(kept.values()) == sum(done.asked.values())

    again = Ingested(sandbox, lake, "two")

    assert again.asked == Counter()


def test_a_metric_without_values_is_asked_once_more_without_money(sandbox, lake):
    world = sandbox.account.world
    viewed = next(m for m in world.all("metric") if m.attributes["name"] == "Viewed Product")
    world.records["mapped-metric"]["revenue"].to_one["metric"] = viewed.ref

    done = Ingested(sandbox, lake)

    assert done.outcome.failed == {}
    [line] = [one for one in done.outcome.warnings if "no statistics of money" in one]
    assert viewed.id in line
    landed = pages(lake, "campaign_values")
    assert done.asked["/api/campaign-values-reports"] == 2 * len(landed) == 8
    [first, *_] = [
        one["statistics"] for page in landed for one in page["data"]["attributes"]["results"]
    ]
    assert "recipients" in first
    assert "conversion_value" not in first
    # The same facts as with money: it is the same question tomorrow.
    assert {page["slice"]["conversion_metric_id"] for page in landed} == {viewed.id}


def test_a_page_of_unequal_arrays_does_not_land_and_is_named(sandbox, lake, monkeypatch):
    whole = app.report

    def cut(*asked: Any) -> Any:
        made = whole(*asked)
        for one in made["data"]["attributes"]["results"]:
            if isinstance(one["statistics"].get("total_members"), list):
                one["statistics"]["total_members"].pop()
        return made

    monkeypatch.setattr(app, "report", cut)

    done = Ingested(sandbox, lake)

    assert list(done.outcome.failed) == ["segment_days"]
    assert "unequal length (total_members)" in done.outcome.failed["segment_days"][0]
    empty = [page["data"]["attributes"]["results"] == [] for page in pages(lake, "segment_days")]
    assert all(empty)


def test_answers_by_dimension_land_page_by_page_and_are_asked_once_a_day(lake):
    account = Account(seed=5, events=1_500, profiles=20, campaigns=24)
    with Sandbox(account, key=KEY, rate_scale=1000, page_most=3) as sandbox:
        done = Ingested(sandbox, lake, groups=("metric_days",))
        again = Ingested(sandbox, lake, "two", groups=("metric_days",))

    assert done.outcome.failed == {}
    assert again.asked == Counter()
    landed = {name: pages(lake, name) for name in DAYS_OF_METRICS}
    assert sum(map(len, landed.values())) == done.asked["/api/metric-aggregates"]
    truth = account.plus_truth()
    commerce = {row["metric_id"] for row in truth["mapped_metrics"]}
    for name, answers in landed.items():
        groups = [g for page in answers for g in page["data"]["attributes"]["data"]]
        counted = sum(sum(g["measurements"]["count"]) for g in groups)
        whole = [r for r in truth[name] if name == "list_days" or r["metric_id"] not in commerce]
        whole = [r for r in whole if r["utc_date"] >= START.date() and not r["_deleted"]]
        assert counted == sum(row["count"] for row in whole) > 0
    assert any(page["links"]["next"] for page in landed["attributed_days"])
    assert max(len(p["data"]["attributes"]["data"]) for p in landed["attributed_days"]) == 3


def test_24_runs_of_a_day_ask_each_report_once(sandbox, lake):
    zone = sandbox.account.world.all("account")[0].attributes["timezone"]
    today = utc_now().astimezone(ZoneInfo(zone)).date()
    start = datetime.combine(today, time(0, 5), ZoneInfo(zone)).astimezone(timezone.utc)
    runs = []
    for number in range(24):
        # The shortest day has 23 hours.
        ahead = start + number * timedelta(minutes=57) - utc_now()
        sandbox.clock_ahead = ahead
        clock = ServerClock(local_now=lambda ahead=ahead: utc_now() + ahead)
        runs.append(Ingested(sandbox, lake, f"run {number}", clock=clock))

    assert [run.outcome.failed for run in runs] == [{}] * 24
    assert [run.outcome.stopped for run in runs] == [set()] * 24
    asked = [sum(run.asked.values()) for run in runs if run.asked]
    assert len(asked) == 1, "within one day of the account"
    rows = ask(lake, "daily_requests", "SELECT endpoint, count(*) AS n FROM {t} GROUP BY endpoint")
    assert max(row["n"] for row in rows) <= 225
