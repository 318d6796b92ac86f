"""Windows of days that reports are asked about, and the questions for them."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta, timezone

import pytest

from klaviyo_spark.bronze.report_windows import (
    NO_METRIC,
    Conversion,
    ReportDays,
    aggregate_questions,
    questions,
    without_money,
    yesterday_in,
)
from klaviyo_spark.resources import ENDPOINTS
from klaviyo_spark.schema.report import Aggregate, Report

YESTERDAY = date(2026, 11, 19)
ORDERS = Conversion("AbCdEf", "AbCdEf")


def a_report(cut: str, **more: object) -> Report:
    said = {"type": "x-report", "statistics": ("opens", "revenue"), "cut": cut, **more}
    return Report(**said)  # type: ignore[arg-type]


def windows(cut: str, yesterday: date = YESTERDAY, window_days: int = 5) -> list[dict[str, str]]:
    days = ReportDays("America/New_York", yesterday, timedelta(days=window_days))
    return [dict(one.facts) for one in questions(a_report(cut), days, [])]


def spans(cut: str, **more: object) -> list[tuple[date, date]]:
    found = windows(cut, **more)  # type: ignore[arg-type]
    return [(date.fromisoformat(w["first"]), date.fromisoformat(w["last"])) for w in found]


@pytest.mark.parametrize(("cut", "number"), [("sends", 4), ("days", 22), ("months", 42)])
def test_three_and_a_half_years_cost_what_they_have_to(cut, number):
    assert len(windows(cut)) == number


@pytest.mark.parametrize(("cut", "number"), [("sends", 1), ("days", 1), ("months", 3)])
def test_what_may_still_move_is_another_question_every_day(cut, number):
    today, tomorrow = windows(cut), windows(cut, YESTERDAY + timedelta(days=1))
    assert len([one for one in tomorrow if one not in today]) == number


@pytest.mark.parametrize("yesterday", [YESTERDAY + timedelta(days=n) for n in range(70)])
def test_every_day_since_klaviyo_tells_is_in_a_window(yesterday):
    every = {date(2023, 6, 1) + timedelta(days=n) for n in range(2000)}
    every = {day for day in every if day <= yesterday}
    for cut, longest in (("sends", 365), ("days", 60), ("months", 31)):
        found = spans(cut, yesterday=yesterday)
        held = {a + timedelta(days=n) for a, b in found for n in range((b - a).days + 1)}
        assert held == every
        assert max((b - a).days + 1 for a, b in found) <= longest


@pytest.mark.parametrize("yesterday", [YESTERDAY + timedelta(days=n) for n in range(0, 400, 9)])
def test_a_campaign_is_whole_in_some_window_wherever_it_was_sent(yesterday):
    bounds = [(one["sent_from"], one.get("sent_to", "9999")) for one in windows("sends", yesterday)]
    first = datetime(2023, 6, 5, 4, tzinfo=timezone.utc)  # four days after the first
    for n in range((yesterday - date(2023, 6, 5)).days * 2):
        sent = f"{first + timedelta(hours=12 * n):%Y-%m-%dT%H:%M:%SZ}"
        assert any(begin <= sent <= end for begin, end in bounds), sent


def test_a_month_in_progress_ends_with_its_last_day_and_is_asked_to_yesterday():
    now = windows("months")[0]
    assert (now["period_start"], now["period_end"]) == ("2026-11-01", "2026-11-30")
    assert (now["first"], now["last"]) == ("2026-11-01", "2026-11-19")


def test_a_long_attribution_window_is_asked_about_in_two():
    found = windows("days", window_days=90)
    assert len([one for one in found if "until" in one]) == 2


def test_days_are_those_of_the_accounts_zone():
    at = datetime(2026, 11, 20, 3, tzinfo=timezone.utc)
    assert yesterday_in("America/New_York", at) == date(2026, 11, 18)
    assert yesterday_in("Asia/Tokyo", at) == date(2026, 11, 19)


def asked(endpoint: str, *conversions: Conversion) -> list[dict]:
    report = ENDPOINTS[endpoint].report
    assert report
    days = ReportDays("UTC", YESTERDAY, timedelta(days=5))
    found = questions(report, days, conversions)
    return [json.loads(one.body)["data"]["attributes"] for one in found]


def test_both_ends_of_a_window_are_inside():
    assert asked("segment_days")[0] == {
        "statistics": ["total_members", "members_added", "members_removed", "net_members_changed"],
        "timeframe": {"start": "2026-09-21T00:00:00+00:00", "end": "2026-11-19T23:00:00+00:00"},
        "interval": "daily",
    }


def test_each_metric_is_asked_with_and_its_pages_say_which():
    others = Conversion("Other1", "Other1", is_primary=False)
    report = ENDPOINTS["campaign_values"].report
    assert report
    days = ReportDays("UTC", YESTERDAY, timedelta(days=5))
    facts = [one.facts for one in questions(report, days, [ORDERS, others])]
    found = {(f["conversion_metric_id"], f["is_primary_conversion"]) for f in facts}
    assert found == {("AbCdEf", "true"), ("Other1", "false")}
    assert len(facts) == 8


def test_an_account_without_revenue_asks_for_no_conversions():
    none = asked("campaign_values", Conversion(NO_METRIC, "Mail11"))[0]
    assert none["conversion_metric_id"] == "Mail11"
    assert {"text_message_spend", "text_message_credit_usage_amount"} <= {*none["statistics"]}
    assert [name for name in none["statistics"] if "conver" in name or "revenue" in name] == []


def test_the_question_without_money_is_the_same_but_for_that_and_asked_once():
    report = ENDPOINTS["campaign_values"].report
    assert report
    days = ReportDays("UTC", YESTERDAY, timedelta(days=5))
    question = next(iter(questions(report, days, [ORDERS])))

    less = without_money(report, question.body)

    assert less
    attributes = json.loads(question.body)["data"]["attributes"]
    left = json.loads(less)["data"]["attributes"]
    assert {*attributes["statistics"]} - {*left["statistics"]} == {*report.money}
    assert {**left, "statistics": 0} == {**attributes, "statistics": 0}
    assert without_money(report, less) is None


def test_days_of_a_metric_are_asked_for_by_calendar_years_in_utc():
    found = [
        json.loads(one.body)["data"]["attributes"]["filter"]
        for one in aggregate_questions(
            Aggregate(("count",)), ["M"], date(2024, 5, 1), YESTERDAY, YESTERDAY
        )
    ]
    assert found == [
        [f"greater-or-equal(datetime,{a}T00:00:00)", f"less-than(datetime,{b}T00:00:00)"]
        for a, b in (
            ("2026-01-01", "2026-11-20"),
            ("2025-01-01", "2026-01-01"),
            ("2024-01-01", "2025-01-01"),
        )
    ]


def test_years_with_late_events_are_asked_for_every_day():
    def moving(yesterday: date) -> int:
        since = yesterday - timedelta(days=7)
        every = aggregate_questions(
            Aggregate(("count",)), ["M"], date(2025, 1, 1), yesterday, since
        )
        return len([one for one in every if "until" in one.facts])

    assert moving(date(2026, 11, 19)) == 1
    assert moving(date(2027, 1, 3)) == 2
