"""The server as a process: its log of requests, its own endpoints, counts."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

import pytest

from klaviyo_spark.sandbox import Account, Sandbox


@pytest.fixture
def own(session, own_account):
    with Sandbox(own_account, rate_scale=1000) as sandbox:
        yield (
            sandbox,
            lambda verb, path, **o: session.request(verb, sandbox.url + path, timeout=20, **o),
        )


def test_requests_are_recorded_by_endpoint(own):
    sandbox, ask = own
    id = ask("GET", "/api/lists?page[size]=3").json()["data"][0]["id"]
    ask("GET", f"/api/lists/{id}/profiles")
    ask("GET", "/api/lists/none/profiles")

    assert sandbox.counts() == {"/api/lists": 1, "/api/lists/{id}/profiles": 2}
    assert [r.status for r in sandbox.requests] == [200, 200, 404]
    assert sandbox.requests[0].params == {"page[size]": "3"}
    assert sandbox.requests[0].at_s <= sandbox.requests[1].at_s


def test_the_account_is_moved_on_over_http(own):
    sandbox, ask = own

    assert ask("POST", "/_sandbox/advance", json={"days": 2}).json()["days"] == 2
    assert ask("POST", "/_sandbox/advance", json={"days": 9}).status_code == 400
    assert sandbox.account.days == 3
    assert ask("GET", "/_sandbox/counts").json() == {}


def test_faults_and_scopes_are_set_over_http(own):
    _, ask = own
    ask("POST", "/_sandbox/faults", json={"kind": "500", "path": "/api/tags"})
    assert ask("GET", "/api/tags").status_code == 500
    ask("DELETE", "/_sandbox/faults")
    assert ask("GET", "/api/tags").status_code == 200
    ask("POST", "/_sandbox/missing_scopes", json={"scopes": ["tags:read"]})
    assert ask("GET", "/api/tags").status_code == 403
    assert ask("POST", "/_sandbox/faults", json={"kind": "x"}).status_code == 400
    assert ask("GET", "/_sandbox/nothing").status_code == 404


def test_truth_is_told_over_http(own):
    sandbox, ask = own
    until = sandbox.account.today - timedelta(days=100)

    said = ask("GET", "/_sandbox/truth", params={"until": until.isoformat()}).json()

    assert len(said["events"]) == len(sandbox.account.truth(until)["events"])
    assert len(said) == 25


def test_metric_aggregates_count_what_the_listing_holds(own):
    sandbox, ask = own
    world = sandbox.account.world
    metric = next(m for m in world.all("metric") if m.attributes["name"] == "Opened Email")
    start = datetime(2026, 1, 1, tzinfo=timezone.utc)
    start = max(start, sandbox.account.today - timedelta(days=360)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    end = start + timedelta(days=200)
    query = {
        "metric_id": metric.id,
        "measurements": ["count"],
        "interval": "day",
        "timezone": "UTC",
        "filter": [
            f"greater-or-equal(datetime,{start:%Y-%m-%dT%H:%M:%S})",
            f"less-than(datetime,{end:%Y-%m-%dT%H:%M:%S})",
        ],
    }

    def count(**changes):
        body = {"data": {"type": "metric-aggregate", "attributes": query | changes}}
        return ask("POST", "/api/metric-aggregates", json=body)

    said = count().json()["data"]["attributes"]
    counts = said["data"][0]["measurements"]["count"]
    have = [e for e in world.timeline if e.metric_id == metric.id]
    inside = [e for e in have if start.timestamp() <= e.at < end.timestamp()]
    assert len(said["dates"]) == len(counts) == 200
    assert sum(counts) == len(inside) > 0
    hours = count(interval="hour").json()["data"]["attributes"]["data"][0]["measurements"]["count"]
    assert (len(hours), sum(hours)) == (200 * 24, len(inside))
    assert count(filter=[]).status_code == 400
    assert count(filter=query["filter"][:1]).status_code == 400
    offset = [text.replace(")", "Z)") for text in query["filter"]]
    assert count(filter=offset).status_code == 400
    assert count(metric_id="none").status_code == 404
    assert count(measurements=["loves"]).status_code == 400
    assert count(by=["Favourite colour"]).status_code == 400
    assert count(by=["List", "List"]).status_code == 400
    assert count(page_size=501).status_code == 400
    assert count(page_cursor="2").status_code == 400


def test_metric_aggregates_by_dimension_are_read_a_page_at_a_time(own):
    sandbox, ask = own
    world = sandbox.account.world
    metric = next(m for m in world.all("metric") if m.attributes["name"] == "Opened Email")
    end = sandbox.account.today
    query = {
        "metric_id": metric.id,
        "measurements": ["count", "unique", "sum_value"],
        "by": ["$attributed_message", "$attributed_flow", "$attributed_channel"],
        "filter": [
            f"greater-or-equal(datetime,{end - timedelta(days=300):%Y-%m-%dT%H:%M:%S})",
            f"less-than(datetime,{end:%Y-%m-%dT%H:%M:%S})",
        ],
    }

    def asked(path="/api/metric-aggregates", **more):
        body = {"data": {"type": "metric-aggregate", "attributes": query | more}}
        return ask("POST", path, json=body)

    whole = asked().json()
    assert whole["links"]["next"] is None
    rows, cursor = [], {}
    while True:
        page = asked(page_size=7, **cursor).json()
        rows.append(page["data"]["attributes"]["data"])
        if page["links"]["next"] is None:
            break
        cursor = {"page_cursor": page["links"]["next"].partition("page_cursor=")[2]}
    assert len(rows) > 2
    assert [len(page) for page in rows[:-1]] == [7] * (len(rows) - 1)
    assert [row for page in rows for row in page] == whole["data"]["attributes"]["data"]
    at = [end.timestamp() - 300 * 86_400, end.timestamp()]
    have = [e for e in world.timeline if e.metric_id == metric.id and at[0] <= e.at < at[1]]
    assert sum(sum(r["measurements"]["count"]) for page in rows for r in page) == len(have)
    # The cursor is a part of the question; the address takes nothing.
    assert asked("/api/metric-aggregates?page_cursor=next::7").status_code == 400


@pytest.mark.parametrize(
    ("start", "end", "status"),
    [
        ("2025-03-01", "2026-03-01", 200),
        ("2025-03-01", "2026-03-02", 400),
        ("2023-03-01", "2024-03-01", 200),
        ("2024-02-29", "2025-02-28", 200),
        ("2024-02-29", "2025-03-01", 400),
        ("2026-01-02", "2026-01-02", 400),
    ],
)
def test_metric_aggregates_are_of_a_year_at_most(sandbox, session, start, end, status):
    metric = next(iter(sandbox.account.world.all("metric")))
    bounds = [
        f"greater-or-equal(datetime,{start}T00:00:00)",
        f"less-than(datetime,{end}T00:00:00)",
    ]
    asked = {"metric_id": metric.id, "measurements": ["count"], "filter": bounds}
    answer = session.post(
        f"{sandbox.url}/api/metric-aggregates",
        json={"data": {"type": "metric-aggregate", "attributes": asked}},
        timeout=20,
    )
    assert answer.status_code == status


def test_many_callers_at_once_are_served(sandbox, session):
    answers = []

    def call():
        url = f"{sandbox.url}/api/events?page[size]=200&include=profile"
        answers.append(session.get(url, timeout=20).status_code)

    threads = [threading.Thread(target=call) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 12


def test_only_loopback_is_served():
    with pytest.raises(ValueError, match="loopback only"):
        Sandbox(Account(events=1, profiles=1), host="0.0.0.0")


def test_starts_again_after_a_stop(session):
    sandbox = Sandbox(Account(events=1, profiles=1))
    for _ in range(2):
        with sandbox:
            assert session.get(f"{sandbox.url}/api/tags", timeout=10).status_code == 200


def test_an_empty_account_is_served(session):
    with Sandbox(Account(events=0, profiles=0)) as sandbox:
        page = session.get(f"{sandbox.url}/api/profiles", timeout=10).json()

    assert page["data"] == []
    assert page["links"]["next"] is None


def test_its_clock_may_differ_from_ours(own):
    sandbox, ask = own
    soon = datetime.now(timezone.utc) + timedelta(minutes=30)
    path = f"/api/events?filter=greater-or-equal(datetime,{soon:%Y-%m-%dT%H:%M:%SZ})"
    assert ask("GET", path).status_code == 400

    sandbox.clock_ahead = timedelta(hours=1)
    answer = ask("GET", path)

    said = parsedate_to_datetime(answer.headers["Date"]) - timedelta(hours=1)
    assert abs(said - datetime.now(timezone.utc)) < timedelta(minutes=1)
    assert answer.status_code == 200


def test_pages_are_no_larger_than_the_largest_it_serves(session, own_account):
    sizes, ids = [], []
    with Sandbox(own_account, rate_scale=1000, page_most=150) as sandbox:
        url = f"{sandbox.url}/api/profiles?page[size]=100"
        small = session.get(url, timeout=10).json()
        url = f"{sandbox.url}/api/events?page[size]=1000"
        while url:
            page = session.get(url, timeout=10).json()
            sizes.append(len(page["data"]))
            ids += [event["id"] for event in page["data"]]
            url = page["links"]["next"]

    assert len(small["data"]) == 100
    assert set(sizes[:-1]) == {150}
    assert sorted(ids) == sorted(own_account.world.timeline.by_id)
