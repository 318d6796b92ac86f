"""Reports: what they refuse, as Klaviyo does, and what their numbers are."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from klaviyo_spark.sandbox import Account, Sandbox
from klaviyo_spark.sandbox.reports.statistics import MONEY

NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
TO = {"Content-Type": "application/vnd.api+json"}


@pytest.fixture(scope="module")
def served():
    account = Account(seed=5, events=10, profiles=10, campaigns=24, now=NOW)
    with Sandbox(account, rate_scale=1000) as sandbox:
        yield sandbox


@pytest.fixture
def ask(served, session):
    def ask(path: str, **attributes: Any) -> Any:
        data = {"type": path.removesuffix("s"), "attributes": attributes}
        url = f"{served.url}/api/{path}"
        return session.post(url, json={"data": data}, headers=TO, timeout=10)

    return ask


def days(first: str, last: str) -> dict[str, str]:
    return {"start": f"{first}T00:00:00+00:00", "end": f"{last}T23:00:00+00:00"}


def metric(served: Sandbox, name: str) -> str:
    return next(m.id for m in served.account.world.all("metric") if m.attributes["name"] == name)


@pytest.fixture
def right(served) -> dict[str, Any]:
    return {
        "statistics": ["recipients", "opens"],
        "timeframe": days("2026-09-01", "2026-10-30"),
        "conversion_metric_id": metric(served, "Placed Order"),
    }


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"statistics": []}, "statistics"),
    ({"statistics": ["opens", "opens"]}, "statistics"),
    ({"statistics": ["loves"]}, "statistics"),
    ({"conversion_metric_id": None}, "conversion_metric_id"),
    ({"conversion_metric_id": "Nobody"}, "conversion_metric_id"),
    ({"timeframe": days("2024-01-01", "2025-06-01")}, "timeframe"),
    ({"timeframe": days("2026-09-01", "2026-10-31")}, "timeframe"),
    ({"interval": "yearly"}, "interval"),
    ({"interval": None}, "interval"),
    ({"group_by": ["flow_id"]}, "group_by"),
    ({"group_by": ["flow_id", "flow_message_id", "campaign_id"]}, "group_by"),
    ({"page_size": 10}, "page_size"),
]


@pytest.mark.parametrize(("wrong", "named"), WRONG, ids=[f"{w}" for w, _ in WRONG])
def test_a_question_that_klaviyo_refuses_names_the_attribute(ask, right, wrong, named):
    asked = {"interval": "daily", **right, **wrong}
    answer = ask("flow-series-reports", **asked)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["source"] == {"pointer": f"/data/attributes/{named}"}


def test_money_of_a_metric_without_values_is_refused_and_all_else_is_answered(served, ask, right):
    asked = {**right, "conversion_metric_id": metric(served, "Viewed Product")}
    refused = ask("campaign-values-reports", **{**asked, "statistics": [*MONEY]})
    [error] = refused.json()["errors"]
    assert refused.status_code == 400
    assert error["source"] == {"pointer": "/data/attributes/conversion_metric_id"}
    assert error["detail"] == (
        "Passed in conversion metric does not support querying for values data"
    )
    assert ask("campaign-values-reports", **asked).status_code == 200


def test_a_series_has_a_number_per_day_and_days_add_up_where_they_may(ask, right):
    series = ask("flow-series-reports", **right, interval="daily").json()["data"]["attributes"]
    values = ask("flow-values-reports", **right).json()["data"]["attributes"]
    assert len(series["date_times"]) == 60

    def by_group(results: list[Any]) -> dict[str, Any]:
        return {str(one["groupings"]): one["statistics"] for one in results}

    whole = by_group(values["results"])
    assert whole
    for name, numbers in by_group(series["results"]).items():
        assert {len(array) for array in numbers.values()} == {60}
        assert sum(numbers["recipients"]) == whole[name]["recipients"]


def test_a_spent_day_is_429_with_the_rest_of_it_to_wait(session):
    with Sandbox(Account(events=10, profiles=10), rate_scale=1 / 225) as sandbox:
        url = f"{sandbox.url}/api/segment-series-reports"
        asked = {
            "statistics": ["members_added"],
            "interval": "daily",
            "timeframe": days("2026-09-01", "2026-10-30"),
        }
        body = {"data": {"type": "segment-series-report", "attributes": asked}}
        first = session.post(url, json=body, headers=TO, timeout=10)
        second = session.post(url, json=body, headers=TO, timeout=10)
    assert first.headers["RateLimit-Limit"] == "1, 1;w=1, 1;w=60, 1;w=86400"
    assert second.status_code == 429


def test_numbers_move_for_days_and_once_more_on_day_59():
    account = Account(seed=5, events=10, profiles=10, campaigns=24, now=NOW)

    def rows() -> dict[tuple[str, date], dict[str, Any]]:
        found = account.plus_truth()["flow_message_days"]
        return {(row["flow_message_id"], row["account_date"]): row for row in found}

    before = rows()
    account.advance(days=1)
    after = rows()

    moved = {day for (id, day), row in before.items() if after.get((id, day), row) != row}
    last = max(day for _, day in before)
    ages = {(last - day).days for day in moved}
    assert {0, 1} <= ages
    assert max(ages) == 58
    assert ages - {0, 1, 2, 58} == set()
    assert max(day for _, day in after) == last + timedelta(days=1)
