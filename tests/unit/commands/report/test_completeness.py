"""Completeness against Klaviyo's own counts."""

from __future__ import annotations

from datetime import date, datetime, timezone

import pytest

from klaviyo_spark.commands.report.completeness import Cell, cell, completeness

AT = datetime(2026, 11, 20, tzinfo=timezone.utc)


def a_month(
    month: date = date(2026, 10, 1), actual_count: int = 10, expected_count: int = 10, scope="M1"
):
    return {
        "scope": scope,
        "scope_name": f"name of {scope}",
        "month": month,
        "days": 31,
        "short_days": int(actual_count < expected_count),
        "matched": min(actual_count, expected_count),
        "expected_count": expected_count,
        "missing": max(expected_count - actual_count, 0),
        "too_many": max(actual_count - expected_count, 0),
        "verified_at": AT,
    }


@pytest.mark.parametrize(
    ("actual_count", "expected_count", "percent", "level"),
    [
        (10, 10, "100", "full"),
        (0, 0, "100", "full"),
        (9_999, 10_000, "99.9", "high"),
        (999_999, 1_000_000, "99.9", "high"),
        (99, 100, "99", "high"),
        (98, 100, "98", "low"),
        (1, 10_000, "0", "empty"),
        (0, 5, "0", "empty"),
        (11, 10, "100", "over"),
        (3, 0, "100", "over"),
    ],
)
def test_a_percentage_is_rounded_down_so_that_100_means_all(
    actual_count, expected_count, percent, level
):
    found = cell(a_month(actual_count=actual_count, expected_count=expected_count))

    assert (found.percent, found.level) == (percent, level)


def test_a_cell_says_in_words_what_is_missing():
    expected = "990 of 1,000 events, 31 days verified, 10 missing on 1 days"

    assert cell(a_month(actual_count=990, expected_count=1000)) == Cell("99", "high", expected)


def test_months_between_are_there_and_say_that_they_were_not_verified():
    rows = [a_month(date(2026, 1, 1)), a_month(date(2025, 11, 1)), a_month(scope="M2")]

    found = completeness(rows[:2], [], [], {"M1": "Opened Email"}).heat

    assert found.months == (date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1))
    [(name, cells)] = found.lines
    assert name == "Opened Email"
    assert [c.percent if c else None for c in cells] == ["100", None, "100"]


def test_a_metric_that_silver_does_not_know_is_called_as_verify_called_it():
    assert completeness([a_month(scope="M9")], [], [], {}).heat.lines[0][0] == "name of M9"


def test_metrics_that_share_a_name_stand_in_two_lines():
    rows = [a_month(scope="M2"), a_month(date(2026, 9, 1), scope="M1")]
    same = [{**row, "scope_name": "Opened Email"} for row in rows]

    lines = completeness(same, [], [], {}).heat.lines

    assert [name for name, _ in lines] == ["Opened Email", "Opened Email"]
    assert [[c.percent if c else None for c in cells] for _, cells in lines] == [
        ["100", None],
        [None, "100"],
    ]


def test_a_month_of_no_metric_has_a_line():
    rows = [{**a_month(), "scope": None, "scope_name": None}, a_month(scope="M1")]

    lines = completeness(rows, [], [], {}).heat.lines

    assert [name for name, _ in lines] == ["name of M1", "no metric"]


def test_nothing_verified_is_not_complete():
    found = completeness([], [], [], {})

    assert (found.verified_at, found.is_complete, found.heat.lines) == (None, False, ())


def test_all_matched_is_complete():
    lists = {"resource": "lists", "scopes": 2, "differing": 0, "verified_at": AT}

    assert completeness([a_month()], [lists], [], {}).is_complete


@pytest.mark.parametrize(("actual_count", "is_complete"), [(9, False), (11, True)])
def test_only_an_event_too_few_is_not_complete_since_events_stay(actual_count, is_complete):
    assert completeness([a_month(actual_count=actual_count)], [], [], {}).is_complete is is_complete


def test_a_list_that_differs_is_not_complete():
    lists = {"resource": "lists", "scopes": 2, "differing": 1, "verified_at": AT}

    assert not completeness([a_month()], [lists], [], {}).is_complete
