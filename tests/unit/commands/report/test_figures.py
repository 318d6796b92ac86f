"""What the page says of a lake."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from klaviyo_spark.commands.report.answers import Answers
from klaviyo_spark.commands.report.figures import CHANGES, figures, impersonal, metric_names
from tests.helpers.reports import sample

NOW = sample.NOW


def the_cards(answers: Answers, now=NOW) -> dict[str, tuple[str, str]]:
    return {card.title: (card.state, card.said) for card in figures(answers, "default", now).cards}


def a_watermark(scope: str, hours_ago: float):
    return {"scope": scope, "read_until": NOW - timedelta(hours=hours_ago)}


def test_the_cards_answer_the_four_questions(answers):
    cards = figures(answers, "default", NOW).cards

    assert [(card.title, card.state, card.said, card.more) for card in cards] == [
        (
            "Complete?",
            "bad",
            "not complete",
            "6 events missing, 89 events more than Klaviyo counts, lists differ",
        ),
        ("Fresh?", "good", "1 h old", "events up to 2026-11-20 10:58 UTC"),
        ("Last run", "warn", "partly done", "sync, 1 h ago, 2 errors"),
        ("Changed", "good", "5,300 new rows", "50 changed, 12 marked deleted"),
    ]


def test_complete_says_how_much_and_as_of_when(answers):
    whole = [row for row in answers.verified_months if not (row["missing"] or row["too_many"])]
    events = replace(answers, verified_months=whole, verified_resources=[], differences=[])
    lists = {"resource": "lists", "scopes": 1, "differing": 0, "verified_at": NOW}

    cards = [
        figures(some, "default", NOW).cards[0]
        for some in (events, Answers(verified_resources=[lists]))
    ]

    assert [(card.state, card.said, card.more) for card in cards] == [
        (
            "good",
            "complete",
            "all 200 events that Klaviyo counts, as of 2026-11-20 11:00 UTC",
        ),
        ("good", "complete", "all, as of 2026-11-20 12:00 UTC"),
    ]


def test_an_empty_lake_says_what_to_run():
    cards = figures(Answers(), "default", NOW).cards

    assert [(card.state, card.more) for card in cards] == [
        ("unknown", "run klaviyo-spark verify"),
        ("unknown", "run klaviyo-spark sync"),
        ("unknown", "run klaviyo-spark sync"),
        ("unknown", "run klaviyo-spark sync"),
    ]


@pytest.mark.parametrize(("hours", "state"), [(35, "good"), (37, "warn")])
def test_a_daily_run_may_be_late_by_half_a_day(hours, state):
    found = the_cards(Answers(read_until=[a_watermark("M1", hours)]))

    assert found["Fresh?"][0] == state


def test_a_metric_that_lags_behind_the_others_is_named():
    read = [a_watermark("M1", 1), a_watermark("M2", 1), a_watermark("M3", 30)]
    names = [{"metric_id": "M3", "name": "Opened Email"}]

    card = figures(Answers(read_until=read, metrics=names), "default", NOW).cards[1]

    assert card.state == "warn"
    assert card.more == "events up to 2026-11-20 11:00 UTC; Opened Email not so far"


@pytest.mark.parametrize(
    ("exit_code", "expected"),
    [
        (0, ("good", "all done")),
        (1, ("bad", "failed")),
        (3, ("warn", "partly done")),
        (4, ("warn", "stopped by the rate limit")),
        (130, ("bad", "interrupted")),
    ],
)
def test_how_a_run_ended_is_said_in_words(exit_code, expected):
    run = {**sample.a_run(0), "exit_code": exit_code}

    assert the_cards(Answers(runs=[run]))["Last run"] == expected


def test_a_run_that_only_ingested_leaves_the_changes_of_the_one_before(answers):
    ingest = {**sample.a_run(2), "run_id": "fourth", "command": "ingest", "started_at": NOW}

    found = figures(replace(answers, runs=[ingest, *answers.runs]), "default", NOW)

    assert found.cards[3].said == "5,300 new rows"
    assert [line.changes is None for line in found.runs] == [True, False, False, False]


def test_tables_stand_in_the_documented_order_with_what_the_last_run_did(answers):
    found = figures(answers, "default", NOW)

    names = [line.name for line in found.tables]
    assert (names[0], names[6], names[-1], len(names)) == ("campaigns", "events", "tags", 25)
    events = found.tables[6]
    assert dict(events.changes) == dict(zip(CHANGES, (206, 2, 0, 2, 0), strict=True))
    assert found.totals.rows == sum(line.rows for line in found.tables)


def test_metrics_come_by_size_with_their_last_30_days():
    rows = [
        {"day": day, "metric_id": metric, "row_count": count, "newest": NOW}
        for day, metric, count in (
            (date(2026, 11, 19), "M1", 2),
            (date(2026, 10, 21), "M1", 3),
            (date(2026, 10, 22), "M2", 1),
        )
    ]

    lines = figures(Answers(events=rows), "default", NOW).metrics

    assert [(line.name, line.rows, line.lately) for line in lines] == [("M1", 5, 2), ("M2", 1, 1)]
    assert lines[0].first_day == date(2026, 10, 21)


def test_events_without_a_metric_stand_among_the_metrics_by_size():
    rows = [
        {"day": NOW.date(), "metric_id": metric, "row_count": count, "newest": NOW}
        for metric, count in ((None, 1), ("M2", 1), ("M1", 2))
    ]

    lines = figures(Answers(events=rows), "default", NOW).metrics

    assert [(line.name, line.rows) for line in lines] == [("M1", 2), ("M2", 1), ("no metric", 1)]


def test_metrics_of_one_name_are_told_apart_by_their_ids():
    rows = [{"metric_id": id, "name": name} for id, name in (("A", "x"), ("B", "x"), ("C", "y"))]

    assert metric_names(rows) == {"A": "x (A)", "B": "x (B)", "C": "y"}


def test_lines_of_the_log_lose_addresses_and_profile_ids():
    line = f"GET /api/profiles/{sample.PERSON}: ann+x@mail.example.com, key lacks lists:read"

    assert impersonal(line) == "GET /api/profiles/[profile]: [address], key lacks lists:read"
