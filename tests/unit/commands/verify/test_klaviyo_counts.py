"""Klaviyo asked over a socket: listings, counts, who joined. No Spark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone

import pytest

from klaviyo_spark.bronze.request_plan import Parent
from klaviyo_spark.cli.progress import progress
from klaviyo_spark.client.client import Client
from klaviyo_spark.client.rate_limiter import Limiter
from klaviyo_spark.client.retry import RetryPolicy
from klaviyo_spark.commands.verify.days import DayRange
from klaviyo_spark.commands.verify.klaviyo_counts import KlaviyoCounter
from klaviyo_spark.commands.verify.listings import listings
from klaviyo_spark.config.secrets import ApiKey
from klaviyo_spark.errors import Unauthorized
from klaviyo_spark.sandbox import Account, Sandbox
from klaviyo_spark.state.models import Outcome
from tests.builders import KEY
from tests.helpers.fakes import NOON, Answer, a_client

L1 = ("lists", "L1")
MEMBER = '{"id":"P1","attributes":{"joined_group_at":"2026-11-02T00:00:00Z"}}'


@pytest.fixture(scope="module")
def served() -> Iterator[Sandbox]:
    account = Account(seed=3, events=1_500, profiles=120, campaigns=8)
    with Sandbox(account, key=KEY, rate_scale=1000) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(served) -> Iterator[Sandbox]:
    yield served
    served.faults.clear()
    served.missing_scopes = set()


@pytest.fixture
def outcome() -> Outcome:
    return Outcome()


@pytest.fixture
def ask(sandbox, outcome) -> Iterator[KlaviyoCounter]:
    with _client(sandbox) as client:
        yield KlaviyoCounter(client, 8, outcome, progress("none"))


def _client(sandbox: Sandbox, key: str = KEY) -> Client:
    policy = RetryPolicy(sleep=lambda _seconds, _stop=None: None)
    return Client(sandbox.url, ApiKey(key), limiter=Limiter(), policy=policy)


# -- listings -------------------------------------------------------------------------------------


def test_listings_say_what_is_there_now(sandbox, ask, outcome):
    wanted = listings(["campaigns", "flows", "lists", "metrics", "segments", "tags"])
    now = ask.listed(wanted)

    ids = {one.table.name: (one.key, {*now.records[one.table.name]}) for one in wanted}
    truth = sandbox.account.truth()
    assert ids == {
        name: (key, {row[key] for row in truth[name] if not row["_deleted"]})
        for name, (key, _) in ids.items()
    }
    assert {metric.id for metric in now.metrics} == ids["metrics"][1]
    assert {id for resource, id in now.groups if resource == "lists"} == ids["lists"][1]
    assert {id for resource, id in now.groups if resource == "segments"} == ids["segments"][1]
    assert (now.unread, outcome.failed) == (set(), {})


def test_a_listing_that_the_key_may_not_see_is_named_and_the_others_are_read(sandbox, ask, outcome):
    sandbox.missing_scopes = {"tags:read"}
    now = ask.listed(listings(["lists", "tags"]))

    assert now.unread == {"tags"}
    assert now.records["lists"]
    (message,) = outcome.failed["tags"]
    assert "tags:read needed" in message
    assert message.endswith("; without it tags cannot be verified")


def test_a_key_that_is_refused_ends_it_all(sandbox, outcome):
    with _client(sandbox, "pk_wrong") as client, pytest.raises(Unauthorized):
        KlaviyoCounter(client, 8, outcome, progress("none")).listed(listings(["tags", "lists"]))


# -- counts ---------------------------------------------------------------------------------------


def test_events_are_counted_per_utc_day_and_a_year_is_one_request(sandbox, ask, outcome):
    timeline = sandbox.account.world.timeline
    per_day = Counter(
        (event.metric_id, datetime.fromtimestamp(event.at, timezone.utc).date())
        for event in timeline
    )
    (metric, day), _ = per_day.most_common(1)[0]
    days = DayRange(day - timedelta(days=300), day + timedelta(days=64))
    before = sandbox.counts()["/api/metric-aggregates"]

    found = ask.count({metric: days}, {})

    assert found.events == {(metric, one): per_day[metric, one] for one in days}
    assert sum(found.events.values()) > per_day[metric, day]
    assert sandbox.counts()["/api/metric-aggregates"] - before == 1
    assert outcome.failed == {}


def test_days_between_those_that_are_wanted_are_asked_for_with_them_and_not_told(ask):
    world = ask.listed(listings(["metrics"]))
    metric = world.metrics[0].id
    days = [date(2026, 1, 1), date(2026, 3, 1)]
    assert [*ask.count({metric: days}, {}).events] == [(metric, day) for day in days]


def test_a_metric_that_klaviyo_does_not_count_is_named(ask, outcome):
    assert ask.count({"NoSuch": [date(2026, 1, 1)]}, {}).events == {}
    assert outcome.failed == {
        "events": [
            (
                "metric NoSuch: Klaviyo gave no count of its events, so they were not verified. "
                "Verify again; if this stays, set `metrics` in conf to a list of names without "
                "this one."
            )
        ]
    }


@pytest.mark.parametrize(("kind", "fails"), [("no_data", True), ("loop", False), ("503", False)])
def test_an_answer_that_is_none_is_named_and_one_that_is_late_is_waited_for(
    sandbox, ask, outcome, kind, fails
):
    sandbox.faults.add(kind=kind, path="/api/metric-aggregates", times=1)
    (metric, *_) = (metric.id for metric in sandbox.account.world.all("metric"))
    found = ask.count({metric: [date(2001, 1, 1)]}, {}).events
    assert found == ({} if fails else {(metric, date(2001, 1, 1)): 0})
    assert [*outcome.failed] == ["events"] * fails


def test_members_of_lists_and_segments_are_counted(sandbox, ask, outcome):
    groups = ask.listed(listings(["lists", "segments"])).groups
    gone = {("lists", "NoSuch"): Parent("NoSuch")}

    found = ask.count({}, {**groups, **gone})

    truth = sandbox.account.truth()
    held = Counter(("lists", r["list_id"]) for r in truth["list_profiles"] if not r["_deleted"])
    held += Counter(
        ("segments", r["segment_id"]) for r in truth["segment_profiles"] if not r["_deleted"]
    )
    assert found.members == {key: held[key] for key in groups}
    assert outcome.failed == {}, "a list that went a moment ago is no failure"


def test_a_wait_too_long_for_a_run_ends_what_has_to_wait(sandbox, ask, outcome):
    sandbox.faults.add(kind="429_long", path="/api/metric-aggregates")
    groups = ask.listed(listings(["lists"])).groups

    found = ask.count({"M": [date(2026, 1, 1)]}, groups)

    assert found.events == {}
    assert found.members.keys() == groups.keys()
    assert outcome.resume_at is not None
    assert ask.count({"N": [date(2026, 1, 1)]}, {}).events == {}
    (line,) = outcome.failed["events"]
    assert line.startswith("metric_aggregates: Klaviyo asks to wait 400 s")
    assert ask.client.stats().requests["metric_aggregates"] == 1, "it is not asked again"


# -- who joined -----------------------------------------------------------------------------------


def test_only_those_who_joined_after_a_time_are_new(ask):
    groups = ask.listed(listings(["lists"])).groups
    counts = ask.count({}, groups).members
    key = max(counts, key=lambda key: counts[key])
    ever, never = datetime(2000, 1, 1, tzinfo=timezone.utc), datetime.now(timezone.utc)

    assert ask.joined(groups, {key: ever}) == {key: counts[key]}
    assert ask.joined(groups, {key: never}) == {}
    assert ask.joined(groups, {}) == {}
    assert ask.joined({key: replace(groups[key], id="NoSuch")}, {key: ever}) == {}


@pytest.mark.parametrize(
    ("data", "joined"), [("null", {}), (MEMBER, {L1: 1}), (f'[{MEMBER},{{"id":["P2"]}}]', {L1: 1})]
)
def test_members_in_another_shape_are_those_that_are_records(serve, outcome, data, joined):
    server = serve(lambda _: Answer(f'{{"data":{data},"links":{{"next":null}}}}'.encode()))
    with a_client(server.url) as client:
        found = KlaviyoCounter(client, 1, outcome, progress("none")).joined(
            {L1: Parent("L1")}, {L1: NOON}
        )
    assert (found, outcome.failed) == (joined, {})
