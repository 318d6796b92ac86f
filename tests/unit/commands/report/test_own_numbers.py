"""Klaviyo's own numbers on the page: those of the account's objects, and nothing without them."""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from datetime import date, timedelta
from typing import Any

import pytest

from klaviyo_spark.commands.report.answers import DAYS, Answers, ask
from klaviyo_spark.commands.report.figures import Figures, figures
from klaviyo_spark.commands.report.own_numbers import OwnRows, RevenueLine, own_numbers
from klaviyo_spark.commands.report.page import page
from klaviyo_spark.config.models import Schemas
from klaviyo_spark.lake.readers.folder import Files
from tests.helpers.reports import sample
from tests.unit.commands.report.test_page import Parsed


@pytest.fixture(scope="module")
def truth(account) -> dict[str, list[dict[str, Any]]]:
    return account.plus_truth()


@pytest.fixture(scope="module")
def answered(own_lake) -> Answers:
    return ask(Files(own_lake, Schemas()), "default")


@pytest.fixture(scope="module")
def made(answered) -> Figures:
    return figures(answered, "default", sample.NOW)


@pytest.fixture(scope="module")
def since(answered) -> date:
    return answered.runs[0]["started_at"].date() - timedelta(days=DAYS)


def test_the_newest_campaigns_are_shown_as_klaviyo_counts_them(made, truth, account):
    sent = {row["campaign_id"]: row["send_time"] for row in account.truth()["campaigns"]}
    expected = sorted(
        truth["campaign_values"],
        key=lambda row: (
            -sent[row["campaign_id"]].timestamp(),
            row["campaign_message_id"],
            row["send_channel"],
        ),
    )[:25]

    names = ("recipients", "open_rate", "click_rate", "conversions", "conversion_value")
    found = [
        (line.message_id, *(line.numbers[name] for name in names)) for line in made.own.campaigns
    ]
    assert found == [
        (row["campaign_message_id"], *(row[name] for name in names)) for row in expected
    ]
    assert len(found) > 10


def test_flows_and_forms_are_those_of_the_last_month_that_is_over(made, truth):
    october = date(2026, 10, 1)
    assert (made.own.flow_month, made.own.form_month) == (october, october)
    for name, key, lines, by in (
        ("flow_values", "flow_message_id", made.own.flows, "conversion_value"),
        ("form_values", "form_id", made.own.forms, "viewed_form"),
    ):
        rows = {row[key]: row for row in truth[name] if row["period_start"] == october}
        assert 0 < len(lines) == min(25, len(rows))
        for line in lines:
            told = {n: v for n, v in rows[line.message_id].items() if n in line.numbers}
            assert {n: line.numbers[n] for n in told} == told
        worth = [line.numbers[by] for line in lines]
        assert worth == sorted(worth, reverse=True)


def test_who_joined_and_left_lists_is_counted_per_list(made, truth, account, since):
    kinds = {row["metric_id"]: row["name"].lower() for row in account.truth()["metrics"]}
    names = {row["list_id"]: row["name"] for row in account.truth()["lists"]}
    came: Counter[str] = Counter()
    went: Counter[str] = Counter()
    for row in truth["list_days"]:
        if row["utc_date"] >= since and not row["_deleted"]:
            name = names.get(row["list_id"]) or row["list"] or "no list named"
            left = kinds[row["metric_id"]] == "unsubscribed from list"
            (went if left else came)[name] += row["count"]

    assert {line.name: line.came for line in made.own.lists} == {
        name: came[name] for name in {**came, **went}
    }
    assert {line.name: line.went for line in made.own.lists if line.went} == dict(went)
    joined, left = (layer["counts"] for layer in made.charts["lists"]["series"])
    assert (sum(joined), -sum(left)) == (sum(came.values()), sum(went.values()))
    assert sum(came.values()) > 0
    assert len(made.charts["lists"]["days"]) == len(joined) == len(left)


def test_segments_have_their_newest_number_of_members(made, truth, account, since):
    names = {row["segment_id"]: row["name"] for row in account.truth()["segments"]}
    by_segment = defaultdict(list)
    for row in truth["segment_days"]:
        if row["account_date"] >= since:
            by_segment[names.get(row["segment_id"]) or row["segment_id"]].append(row)
    expected = {
        name: (
            max(rows, key=lambda row: row["account_date"])["total_members"],
            sum(row["members_added"] for row in rows),
            sum(row["members_removed"] for row in rows),
        )
        for name, rows in by_segment.items()
    }

    found = {line.name: (line.members, line.came, line.went) for line in made.own.segments}
    assert found == expected
    chart = made.charts["segments"]
    assert len(chart["series"]) == min(8, len(expected))
    largest = chart["series"][0]
    assert largest["counts"][-1] == expected[largest["name"]][0]


def test_refunds_are_taken_off_once_and_currencies_stay_apart(made, truth):
    mapped = {r["mapped_metric_id"]: r["metric_id"] for r in truth["mapped_metrics"]}
    # One metric is both, and counts once.
    assert mapped["refunded_sales"] == mapped["cancelled_sales"]
    sold: Counter[tuple[date, str]] = Counter()
    back: Counter[tuple[date, str]] = Counter()
    for row in truth["metric_value_days"]:
        key = (row["utc_date"].replace(day=1), row["value_currency"])
        if row["metric_id"] == mapped["revenue"]:
            sold[key] += row["sum_value"]
        elif row["metric_id"] == mapped["refunded_sales"]:
            back[key] += row["sum_value"]

    assert {currency for _, currency in sold} == {"", "JPY", "USD"}
    assert any(back.values())
    newest = sorted({month for month, _ in {**sold, **back}}, reverse=True)[:12]
    expected = {key: (sold[key], back[key]) for key in {**sold, **back} if key[0] in newest}
    found = {(line.month, line.currency): line for line in made.own.revenue}
    assert found.keys() == expected.keys()
    for key, (gross, given_back) in expected.items():
        line = found[key]
        assert (line.gross, line.given_back, line.net) == pytest.approx(
            (gross, given_back, gross - given_back)
        )


def test_a_net_is_what_is_left():
    assert RevenueLine(date(2026, 10, 1), "USD", 2, 100.0, 30.5).net == 69.5


def test_the_page_shows_them(made):
    parsed = Parsed(page(made))
    assert {"revenue", "campaign-values", "flow-values", "form-values", "list-days",
            "segment-days", "chart-lists", "chart-segments"} <= {*parsed.values("id")}  # fmt: skip
    first = made.own.campaigns[0]
    assert f"{100 * first.numbers['open_rate']:.1f} %" in parsed.text
    assert "Flows in 2026-10" in parsed.text


def test_a_lake_without_them_says_nothing_of_them(answers):
    without = figures(answers, "default", sample.NOW)
    assert answers.own == OwnRows()
    assert not without.own.any
    parsed = Parsed(page(without))
    assert "Klaviyo's own numbers" not in parsed.text
    assert {"own-numbers", "chart-lists", "chart-segments"}.isdisjoint(parsed.values("id"))


@pytest.mark.parametrize("missing", sample.OWN)
def test_each_table_may_be_missing_by_itself(own_lake, tmp_path, missing):
    copy = tmp_path / "lake"
    shutil.copytree(own_lake, copy)
    shutil.rmtree(copy / "klaviyo_plus.db" / missing)

    found = figures(ask(Files(copy, Schemas()), "default"), "default", sample.NOW)

    shown = {
        "campaign_values": found.own.campaigns,
        "flow_values": found.own.flows,
        "form_values": found.own.forms,
        "list_days": found.own.lists,
        "segment_days": found.own.segments,
        "metric_value_days": found.own.revenue,
        "mapped_metrics": found.own.revenue,
    }
    absent = {name for name, lines in shown.items() if not lines}
    money = {"metric_value_days", "mapped_metrics"}
    assert absent == (money if missing in money else {missing} - {"forms"})
    assert found.own.any
    if missing == "forms":
        assert [line.name for line in found.own.forms] == [
            line.message_id for line in found.own.forms
        ]
    assert page(found)


def test_a_month_in_progress_is_shown_where_there_is_no_other():
    row = {"flow_id": "F", "flow_message_id": "M", "period_start": date(2026, 11, 1),
           "period_end": date(2026, 11, 30)}  # fmt: skip

    found = own_numbers(OwnRows(flow_values=[row]), date(2026, 11, 20))

    assert found.flow_month == date(2026, 11, 1)
    assert [line.name for line in found.flows] == ["F"]


def test_no_rows_are_no_numbers():
    assert not own_numbers(OwnRows(), date(2026, 11, 20)).any
