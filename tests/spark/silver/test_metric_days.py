"""Days of metrics: which list is meant, empty dimensions, and rows that an answer has no more."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.silver.refine import refine
from klaviyo_spark.state.record_digests import record_digests
from tests.builders import a_page, a_record
from tests.helpers.small_lakes import land_on, rows

JULY = ("2026-07-01T00:00:00+00:00", "2026-07-02T00:00:00+00:00")
NOTHING, A_MESSAGE = ["", "", ""], ["M1", "F1", "email"]
DIMENSIONS = ("attributed_message", "attributed_flow", "attributed_channel")


def an_answer(
    endpoint: str, *groups: tuple[list[str], list[int]], year: int = 2026, **more: Any
) -> dict[str, Any]:
    """A page that answers what happened on two days of July, per group of dimensions."""
    measured = {"attributed_days": ("count", "sum_value", "unique"), "list_days": ("count",)}
    data = [
        {"dimensions": dimensions, "measurements": dict.fromkeys(measured[endpoint], counts)}
        for dimensions, counts in groups
    ]
    dates = [day.replace("2026", f"{year}") for day in JULY]
    facts = {"metric_id": "X", "first": f"{year}-01-01", "last": f"{year}-12-31"}
    facts |= {name: more.pop(name) for name in ("metric_id",) if name in more}
    record = {"type": "metric-aggregate", "id": "X", "attributes": {"dates": dates, "data": data}}
    body = json.dumps({"data": record, "links": {"next": None}})
    return a_page(
        endpoint,
        body=body,
        record_digests=record_digests(body.encode()),
        sha256=hashlib.sha256(body.encode()).hexdigest(),
        slice=json.dumps(facts, sort_keys=True),
        record_count=1,
        is_full_read=False,
        **more,
    )


def lists(*named: tuple[str, str]) -> dict[str, Any]:
    return a_page("lists", *(a_record("list", id, name=name) for id, name in named))


def live(lake: Lake) -> list[tuple[Any, ...]]:
    found = rows(
        lake,
        "attributed_days",
        "metric_id",
        "utc_date",
        "attributed_message",
        "count",
        "_deleted_at",
    )
    return [
        (metric, f"{day}", message, count)
        for metric, day, message, count, gone in found
        if not gone
    ]


def refine_day(lake: Lake, day: int, *pages: dict[str, Any]) -> dict[str, Any]:
    land_on(lake, day, *pages)
    return {load.table: load for load in refine(lake, "default", ["lists", "metric_days"])}


def test_a_list_is_found_by_its_id_and_by_a_name_that_only_one_has(lake):
    said = ("L1", "News", "Twice", "Nobody's", "", "L2")
    answer = an_answer("list_days", *(([name] if name else [], [1, 0]) for name in said))
    # One list is called what is the id of another: the id is what counts.
    known = lists(("L1", "News"), ("L2", "Twice"), ("L3", "Twice"), ("L4", "L2"))

    refine_day(lake, 0, known, answer)

    assert rows(lake, "list_days", "list", "list_id") == [
        ("", None),
        ("L1", "L1"),
        ("L2", "L2"),
        ("News", "L1"),
        ("Nobody's", None),
        ("Twice", None),
    ]


def test_a_list_that_is_read_later_is_filled_in_by_id_and_by_name(lake):
    refine_day(lake, 0, an_answer("list_days", (["L1"], [1, 0]), (["News"], [0, 2])))
    before = rows(lake, "list_days", "list", "list_id")

    refine_day(lake, 1, lists(("L1", "Old"), ("L2", "News")), an_answer("list_days", year=2025))

    assert before == [("L1", None), ("News", None)]
    assert rows(lake, "list_days", "list", "list_id") == [("L1", "L1"), ("News", "L2")]


def test_a_list_that_was_found_by_its_name_stays_found_when_that_changes(lake):
    answer = an_answer("list_days", (["News"], [1, 0]))
    refine_day(lake, 0, lists(("L1", "News")), answer)
    loads = refine_day(lake, 1, lists(("L1", "Renamed")), answer)

    assert rows(lake, "list_days", "list", "list_id") == [("News", "L1")]
    assert not loads["list_days"].changed


def test_dimensions_that_events_have_not_are_empty_texts(lake):
    refine_day(lake, 0, an_answer("attributed_days", ([], [1, 0]), (A_MESSAGE, [1, 0])))

    found = rows(lake, "attributed_days", *DIMENSIONS)
    assert found == [("", "", ""), ("M1", "F1", "email")]


def test_what_is_put_down_to_something_else_leaves_no_row_behind(lake):
    refine_day(lake, 0, an_answer("attributed_days", (NOTHING, [2, 1])))
    loads = refine_day(
        lake, 1, an_answer("attributed_days", (NOTHING, [1, 0]), (A_MESSAGE, [1, 1]))
    )

    assert live(lake) == [
        ("X", "2026-07-01", "", 1),
        ("X", "2026-07-01", "M1", 1),
        ("X", "2026-07-02", "M1", 1),
    ]
    load = loads["attributed_days"]
    assert (load.inserted, load.updated, load.soft_deleted) == (2, 1, 1)


def test_the_same_answer_once_more_marks_and_writes_nothing(lake):
    answer = an_answer("attributed_days", (NOTHING, [2, 1]), (A_MESSAGE, [0, 1]))
    refine_day(lake, 0, answer)
    before = rows(lake, "attributed_days", "_row_hash", "_landed_at", "_deleted_at")
    loads = refine_day(lake, 1, answer)

    assert not loads["attributed_days"].changed
    assert rows(lake, "attributed_days", "_row_hash", "_landed_at", "_deleted_at") == before


def test_a_group_that_is_in_the_answer_no_more_is_gone_and_may_come_back(lake):
    both = an_answer("attributed_days", (NOTHING, [1, 0]), (A_MESSAGE, [1, 0]))
    refine_day(lake, 0, both)
    refine_day(lake, 1, an_answer("attributed_days", (A_MESSAGE, [2, 0])))
    gone = live(lake)
    refine_day(lake, 2, both)

    assert gone == [("X", "2026-07-01", "M1", 2)]
    assert live(lake) == [("X", "2026-07-01", "", 1), ("X", "2026-07-01", "M1", 1)]


def test_an_answer_says_nothing_of_other_metrics_and_other_years(lake):
    other = an_answer("attributed_days", (NOTHING, [5, 0]), metric_id="Y")
    before = an_answer("attributed_days", (NOTHING, [6, 0]), year=2025)
    refine_day(lake, 0, an_answer("attributed_days", (NOTHING, [1, 0])), other, before)
    refine_day(lake, 1, an_answer("attributed_days", (A_MESSAGE, [0, 1])))

    assert live(lake) == [
        ("X", "2025-07-01", "", 6),
        ("X", "2026-07-02", "M1", 1),
        ("Y", "2026-07-01", "", 5),
    ]


def test_an_answer_without_any_row_proves_nothing(lake):
    refine_day(lake, 0, an_answer("attributed_days", (NOTHING, [1, 0])))
    refine_day(lake, 1, an_answer("attributed_days"))

    assert live(lake) == [("X", "2026-07-01", "", 1)]


def test_an_answer_that_did_not_land_whole_proves_nothing(lake):
    refine_day(lake, 0, an_answer("attributed_days", (NOTHING, [1, 0]), (A_MESSAGE, [1, 0])))
    first = an_answer("attributed_days", (A_MESSAGE, [1, 0]), is_last=False)
    second = an_answer("attributed_days", page_number=2)
    refine_day(lake, 1, first)
    refine_day(lake, 2, second)  # of another run: what stood on its first page is not known here

    assert len(live(lake)) == 2


def test_an_answer_of_two_pages_is_one(lake):
    refine_day(lake, 0, an_answer("attributed_days", (NOTHING, [1, 0]), (A_MESSAGE, [1, 0])))
    first = an_answer("attributed_days", (A_MESSAGE, [1, 0]), is_last=False, walk_id="walk")
    second = an_answer(
        "attributed_days", (["M2", "", "sms"], [1, 0]), page_number=2, walk_id="walk"
    )
    refine_day(lake, 1, first, second)

    assert [message for _, _, message, _ in live(lake)] == ["M1", "M2"]
