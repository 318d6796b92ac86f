"""Which report questions are due, and by which metric they are asked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from klaviyo_spark.bronze.metric_selection import MetricFact
from klaviyo_spark.bronze.report_pages import unequal_arrays
from klaviyo_spark.bronze.report_windows import Conversion, ReportDays
from klaviyo_spark.bronze.reports import AccountNotes, ReportScope, due_questions, report_walks
from klaviyo_spark.resources import ENDPOINTS
from klaviyo_spark.state.landings import Answered
from klaviyo_spark.state.models import Outcome
from klaviyo_spark.state.resume_points import slice_text
from tests.builders import a_sample

NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
DAYS = ReportDays("UTC", date(2026, 11, 19), timedelta(days=5))
ORDERS = Conversion("Order1", "Order1")
VALUES, SEGMENTS = ENDPOINTS["campaign_values"], ENDPOINTS["segment_days"]


class FakeClient:
    """What a plan asks of a client; ``newest``: when the last event of each metric happened."""

    base_url = "http://127.0.0.1"

    def now(self) -> datetime:
        return NOW

    stamp = now


def answered(days: ReportDays = DAYS, at: datetime = NOW) -> list[Answered]:
    found = due_questions(VALUES, days, [ORDERS], [], ReportScope(), NOW)
    return [Answered(slice_text(one.facts), at) for one in found]


def due(before: Sequence[Answered], **scope: Any) -> int:
    return len([*due_questions(VALUES, DAYS, [ORDERS], before, ReportScope(**scope), NOW)])


def test_what_has_been_asked_today_is_not_asked_again():
    assert due([]) == 4
    assert due(answered()) == 0


def test_what_the_command_line_names_is_asked_again_as_far_as_it_may_move():
    assert due(answered(), named=frozenset({"reports"})) == 1


def test_all_history_is_asked_again_now_and_then():
    assert due(answered(at=NOW - timedelta(days=29))) == 0
    assert due(answered(at=NOW - timedelta(days=30))) == 4


def test_another_zone_asks_all_again():
    there = ReportDays("Europe/Paris", DAYS.yesterday, DAYS.attribution_window)
    assert due(answered(there)) == 4


def notes(revenue_id: str = "", zone: str = "UTC") -> AccountNotes:
    found = AccountNotes()
    found.zone, found.revenue_id = zone, revenue_id
    return found


def walks(
    about: AccountNotes,
    *metrics: tuple[str, str],
    before: Sequence[Answered] = (),
    outcome: Outcome | None = None,
    **scope: Any,
) -> list[tuple[str, str]]:
    facts = [MetricFact(id, name, None) for id, name in metrics]
    found = report_walks(
        FakeClient(),  # type: ignore[arg-type]
        [VALUES],
        about,
        facts,
        {"campaign_values": before},
        ReportScope(**scope),
        outcome or Outcome(),
    )
    return [
        (w.facts["conversion_metric_id"], w.facts["is_primary_conversion"])
        for w in found
        if "until" in w.facts
    ]


def test_what_the_account_maps_to_revenue_goes_first_and_others_beside_it():
    assert walks(notes("Order1"), ("Order2", "Placed Order")) == [("Order1", "true")]
    found = walks(notes("Order1"), conversion_metrics=("View11",))
    assert found == [("Order1", "true"), ("View11", "false")]


def test_without_a_mapping_it_is_the_metric_called_placed_order():
    assert walks(notes(), ("Order2", "Placed Order"), ("Mail11", "Received Email")) == [
        ("Order2", "true")
    ]


def test_an_account_without_revenue_is_asked_by_what_it_has_and_told_so():
    outcome = Outcome()
    found = walks(notes(), ("Mail11", "Received Email"), outcome=outcome)
    assert found == [("none", "true")]
    assert [line for line in outcome.warnings if "no revenue metric" in line]
    assert outcome.failed == {}


def test_a_metric_that_was_revenue_is_asked_once_more_to_say_that_it_is_not():
    before = answered(at=NOW - timedelta(days=1))
    found = walks(notes("Order9"), before=before)
    assert found == [("Order9", "true"), ("Order1", "false")]
    # Its rows say so now.
    facts = {**before[0].facts, "is_primary_conversion": "false"}
    said = [*before, Answered(slice_text(facts), NOW)]
    assert walks(notes("Order9"), before=said) == [("Order9", "true")]


def test_without_the_accounts_zone_nothing_is_asked_and_that_is_said():
    outcome = Outcome()
    assert walks(notes(zone=""), ("Order2", "Placed Order"), outcome=outcome) == []
    assert list(outcome.failed) == ["reports"]


@pytest.mark.parametrize("zone", ["Moon/Sea", "../etc/passwd", 7, None])
def test_what_is_no_zone_is_none(zone):
    found = AccountNotes()
    found.note("accounts", json.dumps({"data": [{"attributes": {"timezone": zone}}]}).encode())
    assert found.zone == ""


def test_arrays_of_unequal_length_are_named():
    body = json.loads(a_sample("flow_message_days")["body"])
    assert unequal_arrays("flow_message_days", json.dumps(body).encode()) == []
    statistics = body["data"]["attributes"]["results"][0]["statistics"]
    statistics["opens"].append(1)
    statistics["clicks"] = 7
    assert unequal_arrays("flow_message_days", json.dumps(body).encode()) == ["clicks", "opens"]
    assert unequal_arrays("campaign_values", json.dumps(body).encode()) == []
