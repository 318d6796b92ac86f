"""Rows of one answer that have the same key and say something else: one stays, the rest is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.builders import (
    DAY,
    NOON,
    a_campaign,
    a_campaign_message,
    a_flow,
    a_flow_action,
    a_member,
    a_page,
    a_record,
    an_event,
)
from tests.helpers.small_lakes import let_spark_load, rows, take

Page = dict[str, Any]
MAY = "2026-05-{:02d}T00:00:00Z"
LOST = "left out: the same answer has another row of that key, which says something else"


def said(table: str, number: int) -> tuple[str]:
    """The one note of a load."""
    return (f"klaviyo_v2.{table}: {number} {LOST} (check duplicate_keys)",)


def a_message(*send_times: tuple[str, bool]) -> dict[str, Any]:
    message = a_campaign_message()
    times = [{"datetime": at, "is_local": local} for at, local in send_times]
    message["attributes"]["send_times"] = times
    return message


@pytest.mark.usefixtures("_held")
def test_two_send_times_at_one_instant_are_one_row_and_the_other_is_told(lake):
    nine, ten = "2026-05-01T09:00:00+00:00", "2026-05-01T10:00:00+00:00"
    message = a_message((nine, False), (nine, True), (ten, False), (ten, False))
    table = "campaign_message_send_times"
    first = take(lake, "campaigns", "one", a_page("campaigns", a_campaign(), included=[message]))
    other = [a_campaign(), a_campaign("C2")]
    page = a_page("campaigns", *other, included=[message], fetched_at=NOON + DAY)
    second = take(lake, "campaigns", "two", page)

    found = rows(lake, table, "send_time_datetime", "send_time_is_local")
    assert [(str(at), local) for at, local in found] == [
        ("2026-05-01 09:00:00", True),
        ("2026-05-01 10:00:00", False),
    ]
    assert first[table].check_warnings == said(table, 1)
    # It is read again, and left out again, though nothing changes.
    assert second[table].check_warnings == said(table, 1)
    assert not second[table].changed


@pytest.mark.usefixtures("_held")
def test_a_record_that_an_answer_holds_twice_is_one_row_and_the_other_is_told(lake):
    tags = [a_record("tag", "T1", name=name) for name in ("first", "second", "second", "third")]
    loads = take(lake, "tags", "one", a_page("tags", *tags, a_record("tag", "T2", name="only")))

    assert rows(lake, "tags", "tag_id", "name") == [("T1", "third"), ("T2", "only")]
    assert loads["tags"].check_warnings == said("tags", 2)


@pytest.mark.usefixtures("_held")
def test_what_is_read_twice_or_has_moved_between_pages_has_no_rival(lake):
    def page(page_number: int, *names: str, **facts: Any) -> Page:
        tags = [
            a_record("tag", f"T{n}", name=name, more=page_number) for n, name in enumerate(names)
        ]
        at = NOON + page_number * timedelta(seconds=1)
        return a_page(
            "tags", *tags, page_number=page_number, fetched_at=at, **{"walk_id": "w", **facts}
        )

    same = a_record("tag", "T9", name="same")
    other = {**same, "attributes": {"name": "same", "not_documented": 1}}
    double = a_page("tags", same, other, walk_id="w", page_number=4, fetched_at=NOON)
    again = page(1, "yet another", walk_id="v")
    loads = take(lake, "tags", "one", page(1, "old", "a"), page(2, "new", "b"), again, double)

    assert rows(lake, "tags", "tag_id", "name")[1:] == [("T1", "b"), ("T9", "same")]
    assert loads["tags"].check_warnings == ()


@pytest.mark.parametrize("by_day", [False, True], ids=["by key", "by day"])
def test_an_event_twice_in_one_answer_is_told_on_one_day_and_on_two(lake, monkeypatch, by_day):
    let_spark_load(monkeypatch, all_of_it=by_day)
    texts = [an_event("E1", {"$message": m}, datetime=MAY.format(1)) for m in ("old", "new")]
    days = [an_event("E2", {}, datetime=MAY.format(day)) for day in (1, 2)]
    moved = [an_event("E3", {}, datetime=MAY.format(day)) for day in (1, 2)]
    pages = [
        a_page("events", *texts, *days, moved[0]),
        a_page("events", moved[1], fetched_at=NOON + timedelta(minutes=1)),
    ]
    loads = take(lake, "events", "one", *pages)

    found = rows(lake, "events", "id", "message", "event_date")
    assert [tuple(map(str, row)) for row in found] == [
        ("E1", "new", "2026-05-01"),
        ("E2", "None", "2026-05-02"),
        ("E3", "None", "2026-05-02"),
    ]
    notes = said("events", 1) * 2 if by_day else said("events", 2)
    assert loads["events"].check_warnings == notes
    assert loads["events"].inserted == 3


def test_of_a_record_twice_in_one_answer_all_children_are_kept(lake):
    campaigns = [a_campaign(audiences={"included": [list]}) for list in ("L1", "L2")]
    loads = take(lake, "campaigns", "one", a_page("campaigns", *campaigns))

    found = rows(lake, "campaign_audiences_included", "audience_id", "_deleted_at")
    assert found == [("L1", None), ("L2", None)]
    assert {load.check_warnings for load in loads.values()} == {()}


def test_an_event_twice_with_other_groups_is_told(lake):
    events = [an_event("E1", {"$group_ids": [one]}, datetime=MAY.format(1)) for one in ("L1", "L2")]
    loads = take(lake, "events", "one", a_page("events", *events))

    assert rows(lake, "event_group_ids", "event_id", "group_id") == [("E1", "L2")]
    assert loads["events"].check_warnings == said("events", 1)


def test_a_message_in_two_actions_is_one_row_and_the_other_is_told(lake):
    def send(subject: str) -> dict[str, Any]:
        return {"type": "send-email", "data": {"message": {"id": "M1", "subject_line": subject}}}

    actions = [a_flow_action(id, send(id)) for id in ("A1", "A2")]
    pages = [
        a_page("flows", a_flow("F1", "A1"), included=actions[:1]),
        a_page("flows", a_flow("F2", "A2"), included=actions[1:], page_number=2),
    ]
    loads = take(lake, "flows", "one", *pages)

    columns = ("flow_action_message_id", "flow_action_id", "content_subject")
    assert rows(lake, "flow_action_messages", *columns) == [("M1", "A2", "A2")]
    assert loads["flow_action_messages"].check_warnings == said("flow_action_messages", 1)


def test_only_tables_that_show_the_difference_tell_of_it(lake):
    members = [a_member("P1", email) for email in ("a@example.com", "b@example.com")]
    loads = take(lake, "lists", "one", a_page("list_profiles", *members, parent_id="L1"))

    assert {name: load.check_warnings for name, load in loads.items() if load.inserted} == {
        "list_profiles": (),
        "member_lists": said("member_lists", 1),
        "stg_member_lists": said("stg_member_lists", 1),
    }
