"""What becomes of ids that name nothing, and of elements that hold nothing or the wrong thing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.silver.models import RefinePolicy
from klaviyo_spark.silver.refine import refine
from tests.builders import (
    DAY,
    NOON,
    a_campaign,
    a_campaign_message,
    a_page,
    a_record,
    an_event,
)
from tests.helpers.small_lakes import rows, take

Page = dict[str, Any]


def quarantine(lake: Lake, table: str) -> list[tuple[str, int | None]]:
    """Rule and place in the array of what the table left in quarantine."""
    found = lake.ops("quarantine").where(f"table_name = '{table}'")
    return sorted(
        (
            (row["violation"], row["element_index"])
            for row in found.select("violation", "element_index").collect()
        ),
        key=str,
    )


# -- ids ------------------------------------------------------------------------------------------


def test_an_id_that_names_nothing_is_no_row(lake):
    ids = ["", " \t\u00a0", {"a": 1}, ["T1"], ' {"a":1}', "[x", 7, "T1", " T2"]
    loads = take(lake, "tags", "one", a_page("tags", *(a_record("tag", id) for id in ids)))

    assert rows(lake, "tags", "tag_id") == [(" T2",), ("7",), ("T1",)]
    assert quarantine(lake, "tags") == [
        *[("key is an object or an array: tag_id", None)] * 4,
        *[("key is blank: tag_id", None)] * 2,
    ]
    assert (loads["tags"].quarantined, loads["tags"].check_warnings) == (6, ())


def test_children_of_records_that_have_no_id_are_kept_apart(lake):
    records = [a_campaign("", audiences={"included": [audience]}) for audience in ("L1", "L2")]
    loads = take(lake, "campaigns", "one", a_page("campaigns", *records, a_campaign("C1")))

    included = "campaign_audiences_included"
    assert rows(lake, included, "campaign_id", "audience_id") == [("C1", "L1")]
    assert quarantine(lake, included) == [("key is blank: campaign_id", 0)] * 2
    assert loads[included].quarantined == 2


def test_records_without_an_id_are_held_against_all_that_was_read(lake):
    nameless = [a_record("tag", "") | {"attributes": {"name": str(n)}} for n in range(101)]
    good = [a_record("tag", f"T{n}", name="vip") for n in range(120)]
    take(lake, "tags", "one", a_page("tags", *nameless, *good))
    good[0] = a_record("tag", "T0", name="new")
    page = a_page("tags", *nameless, *good, fetched_at=NOON + DAY)
    loads = take(lake, "tags", "two", page)

    assert (loads["tags"].updated, loads["tags"].quarantined) == (1, 101)
    assert len(rows(lake, "tags", "tag_id")) == 120
    fewer = a_page("tags", *nameless, *good[:100], fetched_at=NOON + 2 * DAY)
    held = take(lake, "tags", "three", fewer)["tags"]
    assert not held.is_loaded
    assert "klaviyo_v2.tags: 101 of 201 records without a key" in held.errors[0]


# -- elements -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_held")
def test_elements_that_hold_nothing_are_left_out_and_counted(lake):
    page = a_page(
        "events",
        an_event("E1", {"$group_ids": ""}),
        an_event("E2", {"$group_ids": ["LA", "", "LB"]}),
        an_event("E3", {"$group_ids": ["", None, " ", "LA", "LA"]}),
        an_event("E4", {"$group_ids": " "}),
        an_event("E5", {"$group_ids": [7]}),
    )
    load = take(lake, "events", "one", page)["event_group_ids"]

    assert rows(lake, "event_group_ids", "event_id", "group_id") == [
        ("E2", "LA"),
        ("E2", "LB"),
        ("E3", "LA"),
        ("E5", "7"),
    ]
    assert (load.inserted, load.quarantined) == (4, 0)
    assert load.check_warnings == (
        "klaviyo_v2.event_group_ids: 4 empty elements left out (check empty_elements)",
    )


@pytest.mark.usefixtures("_held")
def test_an_object_or_an_array_in_an_ids_place_goes_to_quarantine(lake):
    groups = ["LA", {"id": "LB"}, ["LC"], '{"id":"LD"}']
    page = a_page(
        "events",
        an_event("E1", {"$group_ids": groups}),
        an_event("E2", {"$group_ids": {"id": "LE"}}),
        an_event("E3", {"$group_ids": "[VIP] list"}),
    )
    load = take(lake, "events", "one", page)["event_group_ids"]

    assert rows(lake, "event_group_ids", "event_id", "group_id") == [("E1", "LA")]
    rule = "key is an object or an array: group_id"
    assert quarantine(lake, "event_group_ids") == [(rule, at) for at in (0, 0, 1, 2, 3)]
    assert load.check_warnings == (
        "klaviyo_v2.event_group_ids: 5 of 6 elements that cannot be read, kept in quarantine "
        "(check invalid_elements)",
    )


@pytest.mark.usefixtures("_held")
def test_many_odd_and_empty_elements_hold_no_table_back(lake):
    odd = [{"id": "LA"}, {"id": "LB"}, "", None]
    events = [an_event(f"E{n}", {"$group_ids": odd, "n": n}) for n in range(101)]
    good = an_event("good", {"$group_ids": ["LA"]})
    first = take(lake, "events", "one", a_page("events", *events, good))["event_group_ids"]
    late = an_event("late", {"$group_ids": ["LA"]})
    again = a_page("events", *events, good, late, fetched_at=NOON + DAY)
    second = take(lake, "events", "two", again)["event_group_ids"]

    assert rows(lake, "event_group_ids", "event_id", "group_id") == [("good", "LA"), ("late", "LA")]
    assert (first.inserted, first.quarantined, second.inserted) == (1, 202, 1)
    assert first.check_warnings == (
        "klaviyo_v2.event_group_ids: 202 of 203 elements that cannot be read, kept in quarantine "
        "(check invalid_elements)",
        "klaviyo_v2.event_group_ids: 202 empty elements left out (check empty_elements)",
    )


def test_conf_may_hold_a_table_back_for_odd_elements(lake):
    page = a_page("events", an_event("E1", {"$group_ids": [{"id": "LA"}]}))
    lake.append_pages([page])
    loads = refine(
        lake, "default", ["events"], RefinePolicy(severities={"invalid_elements": "fail"})
    )

    (held,) = [load for load in loads if load.table == "event_group_ids"]
    assert not held.is_loaded
    assert "1 of 1 elements that cannot be read, kept in quarantine" in held.errors[0]


def test_an_empty_array_of_its_own_borrows_nothing(lake):
    def attributed(id: str, **own: Any) -> Any:
        return an_event(id, {"$attribution": {"$attributed_event_id": "E0", **own}})

    page = a_page(
        "events",
        an_event("E0", {"$group_ids": ["LA"]}),
        attributed("own", **{"$group_ids": ""}),
        attributed("lent"),
    )
    take(lake, "events", "one", page)
    found = rows(lake, "event_attribution_group_ids", "event_id", "group_id")
    assert found == [("lent", "LA")]


def test_what_holds_nothing_is_no_send_time_and_what_is_no_object_is_none_either(lake):
    at = "2026-05-01T09:00:00+00:00"
    message = a_campaign_message()
    message["attributes"]["send_times"] = [None, "", {"datetime": at}, at, [at], {"is_local": True}]
    first = a_page("campaigns", a_campaign(), included=[message])
    load = take(lake, "campaigns", "one", first)["campaign_message_send_times"]
    again = a_page(
        "campaigns", a_campaign(), included=[message], fetched_at=NOON + DAY, page_number=2
    )
    second = take(lake, "campaigns", "two", again)["campaign_message_send_times"]

    table = "campaign_message_send_times"
    found = rows(lake, table, "campaign_message_id", "send_time_datetime", "send_time_is_local")
    assert [(id, str(when), local) for id, when, local in found] == [
        ("C1-M", "2026-05-01 09:00:00", None),
        ("C1-M", "None", True),
    ]
    assert quarantine(lake, table) == sorted([("element is not an object", n) for n in (3, 4)] * 2)
    assert load.check_warnings == (
        f"klaviyo_v2.{table}: 2 of 4 elements that cannot be read, kept in quarantine "
        "(check invalid_elements)",
        f"klaviyo_v2.{table}: 2 empty elements left out (check empty_elements)",
    )
    assert (second.inserted, second.updated, second.soft_deleted) == (0, 0, 0)


def test_tags_that_are_null_are_left_out_and_those_without_an_id_are_kept_in_quarantine(lake):
    campaign = a_campaign()
    campaign["relationships"]["tags"]["data"] = [None, {"type": "tag", "id": "T1"}, {}, {"id": ""}]
    load = take(lake, "campaigns", "one", a_page("campaigns", campaign))["campaign_tags"]

    assert rows(lake, "campaign_tags", "campaign_id", "tag_id") == [("C1", "T1")]
    assert quarantine(lake, "campaign_tags") == [
        ("key is NULL: tag_id", 2),
        ("key is blank: tag_id", 3),
    ]
    assert load.inserted == 1
    assert json.dumps(load.check_warnings).count("left out") == 1
