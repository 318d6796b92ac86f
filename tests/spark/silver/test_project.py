"""From pages to rows: where each value is read, which reading wins, what broken records do."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from klaviyo_spark.resources import TABLES
from klaviyo_spark.schema.deletion_rules import DeletionRule
from klaviyo_spark.silver.deletions import present_parents
from klaviyo_spark.silver.newest_rows import keep_newest
from klaviyo_spark.silver.parse.project import project, project_columns
from klaviyo_spark.silver.quality import quarantined, with_broken
from tests.builders import (
    DAY,
    NOON,
    a_campaign,
    a_campaign_message,
    a_flow,
    a_flow_action,
    a_flow_message,
    a_member,
    a_page,
    a_record,
    an_attribution,
    an_event,
    pages_df,
)

Page = dict[str, Any]


def projected(spark: SparkSession, table: str, *pages: Page, **silver: DataFrame) -> DataFrame:
    """All rows of a table; what it is made of is made of the same pages."""
    frame = pages_df(spark, *pages)
    if of := TABLES[table].made_of:
        made_of = project(frame, TABLES[of.table])
        silver = {**silver, of.table: made_of.withColumn("_landed_at", F.col("seen_at"))}
    return project(frame, TABLES[table], silver)


def rows(spark: SparkSession, table: str, columns: str, *pages: Page, **silver: DataFrame) -> Any:
    """Every row as read, as sorted tuples of some columns."""
    read = projected(spark, table, *pages, **silver)
    return sorted((tuple(row) for row in read.select(*columns.split()).collect()), key=str)


def newest(spark: SparkSession, table: str, columns: str, *pages: Page) -> Any:
    """The newest row per key, as sorted tuples of some columns."""
    spec = TABLES[table]
    kept = keep_newest(with_broken(projected(spark, table, *pages), spec), spec)
    found = kept.where("broken is null").select(*columns.split()).collect()
    return sorted((tuple(row) for row in found), key=str)


def clock(*parts: int) -> datetime:
    """A time as Spark hands it out: naive, in UTC."""
    return datetime(*parts)  # noqa: DTZ001


# -- keys of free-form objects --------------------------------------------------------------------


def test_keys_that_differ_in_case_only_are_told_apart(spark):
    page = a_page(
        "events",
        an_event("E1", {"$extra": {"Message ID": "upper", "Message Id": "lower"}}),
        an_event("E2", {"$extra": {"Message Id": "lower"}, "URL": "here", "url": "there"}),
        an_event("E3", {"ip": "lower", "IP": "upper"}),
        an_event("E4", {"IP": "upper", "Ip": "neither"}),
        an_event("E5", {"url": "there", "SUBJECT": "no", "message": "no"}),
    )
    assert rows(spark, "events", "id extra_message_id url ip subject message", page) == [
        ("E1", "upper", None, None, None, None),
        ("E2", "lower", "here", None, None, None),
        ("E3", None, None, "lower", None, None),
        ("E4", None, None, "upper", None, None),
        ("E5", None, None, None, None, None),
    ]


def test_keys_with_dollars_blanks_and_dots_are_single_keys(spark):
    page = a_page(
        "events",
        an_event("E1", {"$_cohort$message_send_cohort": "1:M", "Bounce Type": "Hard", "a.b": 1}),
        an_event("E2", {"$_cohort": {"message_send_cohort": "2:M"}, "Bounce": {"Type": "Soft"}}),
        an_event("E3", {"$extra": {"$bounce_delivery_info": {"code": "5.1.1", "ip": "192.0.2.1"}}}),
        an_event("E4", {"$extra.$bounce_delivery_info.code": "no", "$extra": {"From City": "X"}}),
    )
    columns = "id cohort_message_send_cohort bounce_type extra_bounce_delivery_info_code ip"
    assert rows(spark, "events", f"{columns} extra_from_city", page) == [
        ("E1", "1:M", "Hard", None, None, None),
        ("E2", None, None, None, None, None),
        ("E3", None, None, "5.1.1", "192.0.2.1", None),
        ("E4", None, None, None, None, "X"),
    ]


def test_a_glance_gives_columns_as_they_are_asked_for_odd_records_or_not(spark):
    sent = an_event("E1", {"$_cohort$message_send_cohort": "77:M1"})
    pages = pages_df(spark, a_page("events", sent), a_page("events", an_event("E2"), "7"))
    found = project_columns(pages, TABLES["events"], ["id", "cohort_message_send_cohort"])

    assert found.columns == ["_account_id", "id", "cohort_message_send_cohort"]
    assert sorted(map(tuple, found.collect()), key=str) == [
        ("default", "E1", "77:M1"),
        ("default", "E2", None),
        ("default", None, None),
    ]


def test_an_events_address_is_the_first_of_its_five_names_that_holds_one(spark):
    names = ["_ip", "$_ip", "$ip", "ip", "IP"]
    bounce = {"$extra": {"$bounce_delivery_info": {"ip": "bounce"}}}
    events = [
        an_event(f"E{at}", {**bounce, names[at - 1]: None, **{n: n for n in names[at:]}})
        for at in range(1, 6)
    ]
    found = rows(spark, "events", "id ip", a_page("events", *events))
    assert found == [("E1", "$_ip"), ("E2", "$ip"), ("E3", "ip"), ("E4", "IP"), ("E5", "bounce")]


def test_all_properties_are_kept_as_json_whole_numbers_digit_for_digit(spark):
    properties = {"$value": 12345678901234567890123, "a.b": [1, {"c": None}], "d": 1.1, "e": "ü"}
    page = a_page("events", an_event("E1", properties))
    ((text,),) = rows(spark, "events", "_event_properties", page)
    assert json.loads(text) == properties


def test_values_of_any_kind_are_text_where_text_is_asked_for(spark):
    page = a_page(
        "events",
        an_event("E1", {"$ESP": 0, "$internal": {"send_timestamp": 1782173701}, "List": ["a", 1]}),
        an_event("E2", {"$ESP": "0", "$internal": {"send_timestamp": "1782173701"}, "List": ""}),
    )
    assert rows(spark, "events", "id esp internal_send_timestamp list", page) == [
        ("E1", "0", "1782173701", '["a",1]'),
        ("E2", "0", "1782173701", ""),
    ]


def test_a_cell_that_does_not_fit_is_null_and_counted_and_null_or_empty_is_not(spark):
    page = a_page(
        "events",
        an_event("E1", {"Segment Count": "two", "machine_open": "yes"}),
        an_event("E2", {"Segment Count": "", "machine_open": None}),
        an_event("E3", {"Segment Count": "2.0", "machine_open": "true"}),
    )
    assert rows(spark, "events", "id segment_count machine_open nulled", page) == [
        ("E1", None, None, 2),
        ("E2", None, None, 0),
        ("E3", 2, True, 0),
    ]


def test_both_forms_of_an_events_time_are_one_time_and_one_day(spark):
    page = a_page(
        "events",
        an_event("E1", datetime="2026-06-23T00:15:23+00:00"),
        an_event("E2", datetime="2026-06-23 00:15:23+00:00"),
        an_event("E3", datetime="2026-06-22T20:15:23.5-04:00"),
        an_event("E4", datetime=None, timestamp=1782173723),
        an_event("E5", datetime=None, timestamp="1782173723"),
        an_event("E6", datetime=None, timestamp=None),
    )
    moment, day = clock(2026, 6, 23, 0, 15, 23), date(2026, 6, 23)
    assert rows(spark, "events", "id event_datetime timestamp event_date", page) == [
        ("E1", moment, 1782173723, day),
        ("E2", moment, 1782173723, day),
        ("E3", moment.replace(microsecond=500000), 1782173723, day),
        ("E4", None, 1782173723, day),
        ("E5", None, 1782173723, day),
        ("E6", None, None, None),
    ]


# -- group ids ------------------------------------------------------------------------------------


def test_group_ids_come_as_an_array_a_single_id_or_not_at_all(spark):
    page = a_page(
        "events",
        an_event("array", {"$group_ids": ["L1", "L2", "L1"]}),
        an_event("single", {"$group_ids": "L1"}),
        an_event("number", {"$group_ids": [7]}),
        an_event("empty", {"$group_ids": []}),
        an_event("null", {"$group_ids": None}),
        an_event("absent", {}),
        an_event("other", {"group_ids": ["L1"], "$GROUP_IDS": ["L1"]}),
    )
    assert newest(spark, "event_group_ids", "event_id group_id", page) == [
        ("array", "L1"),
        ("array", "L2"),
        ("number", "7"),
        ("single", "L1"),
    ]


def test_an_object_among_group_ids_goes_to_quarantine_and_the_others_stay(spark):
    groups = ["L1", {"id": "L3"}, None, "L2"]
    page = a_page("events", an_event("E1", {"$group_ids": groups}))
    table = TABLES["event_group_ids"]
    read = keep_newest(with_broken(projected(spark, table.name, page), table), table)
    bad = quarantined(read, table, "run-1")

    found = bad.select(
        "table_name", "violation", "element_index", "record_index", "run_id"
    ).collect()
    assert [tuple(row) for row in found] == [
        ("event_group_ids", "key is an object or an array: group_id", 1, 0, "run-1")
    ]
    assert json.loads(bad.select("record").collect()[0][0]) == groups
    left = read.where("broken is null").select("event_id", "group_id", "empties").collect()
    assert sorted(map(tuple, left), key=str) == [
        ("E1", "L1", 0),
        ("E1", "L2", 0),
        (None, None, 1),
    ]


def lent_group_ids(spark: SparkSession, *rows: tuple[Any, ...]) -> DataFrame:
    """The table event_group_ids as it is: account, event, group, mark."""
    schema = "_account_id string, event_id string, group_id string, _deleted_at timestamp"
    return spark.createDataFrame(list(rows), schema)


def test_the_groups_of_an_attribution_are_its_own_or_those_of_the_attributed_event(spark):
    def attributed(**attribution: Any) -> dict[str, Any]:
        return {"$attribution": attribution}

    named = an_event("related", {})
    named["relationships"]["attributions"]["data"] = [{"type": "attribution", "id": "A1"}]
    page = a_page(
        "events",
        an_event("own", attributed(**{"$group_ids": ["L9"], "$attributed_event_id": "E0"})),
        an_event("own_empty", attributed(**{"$group_ids": [], "$attributed_event_id": "E0"})),
        an_event("by_id", attributed(**{"$attributed_event_id": "E0"})),
        an_event("unknown", attributed(**{"$attributed_event_id": "E7"})),
        an_event("none", attributed(**{"$attributed_event_id": "", "$send_ts": 0})),
        named,
        included=[an_attribution("A1", attributed_event="E0")],
    )
    lent = lent_group_ids(
        spark,
        ("default", "E0", "L1", None),
        ("default", "E0", "L2", None),
        ("default", "E0", "gone", NOON),
        ("another", "E0", "theirs", None),
    )
    table = "event_attribution_group_ids"
    assert rows(spark, table, "event_id group_id", page, event_group_ids=lent) == [
        ("by_id", "L1"),
        ("by_id", "L2"),
        ("own", "L9"),
        ("related", "L1"),
        ("related", "L2"),
    ]


# -- which reading wins ---------------------------------------------------------------------------


def test_the_newest_version_wins_whenever_it_was_read(spark):
    new = a_campaign(name="new", updated_at="2026-05-02T00:00:00Z")
    old = a_campaign(name="old", updated_at="2026-05-01 23:59:59.999999+00:00")
    pages = [a_page("campaigns", new), a_page("campaigns", old, fetched_at=NOON + DAY)]
    assert newest(spark, "campaigns", "campaign_id name", *pages) == [("C1", "new")]


def test_of_one_version_the_one_fetched_last_wins_and_none_is_older_than_any(spark):
    page = [
        a_page("campaigns", a_campaign(name="second"), fetched_at=NOON + DAY),
        a_page("campaigns", a_campaign(name="first")),
        a_page("campaigns", a_campaign(name="none", updated_at=None), fetched_at=NOON + 2 * DAY),
    ]
    assert newest(spark, "campaigns", "name", *page) == [("second",)]


def test_without_versions_the_last_fetched_wins_then_the_last_on_the_page(spark):
    pages = [
        a_page("tags", a_record("tag", "T1", name="late"), fetched_at=NOON + DAY),
        a_page(
            "tags",
            a_record("tag", "T1", name="early"),
            a_record("tag", "T2", name="upper"),
            a_record("tag", "T2", name="lower"),
        ),
    ]
    assert newest(spark, "tags", "tag_id name", *pages) == [("T1", "late"), ("T2", "lower")]


def test_of_pages_fetched_at_once_the_later_one_of_the_walk_wins(spark):
    pages = [
        a_page("tags", a_record("tag", "T1", name="two"), walk_id="w", page_number=2),
        a_page("tags", a_record("tag", "T1", name="one"), walk_id="w", page_number=1),
    ]
    assert newest(spark, "tags", "name", *pages) == [("two",)]


def test_of_walks_fetched_at_once_the_same_one_wins_in_whatever_order_they_lie(spark):
    pages = [a_page("tags", a_record("tag", "T1", name=walk), walk_id=walk) for walk in "vw"]
    found = [newest(spark, "tags", "name", *order) for order in (pages, pages[::-1])]
    assert found == [[("w",)], [("w",)]]


def test_ids_are_told_apart_by_case_and_accounts_by_name(spark):
    theirs = {**a_page("tags", a_record("tag", "Y6nRLr", name="theirs")), "account_id": "other"}
    both = [a_record("tag", "Y6nRLr", name="r"), a_record("tag", "Y6nRLR", name="R")]
    assert newest(spark, "tags", "_account_id tag_id name", a_page("tags", *both), theirs) == [
        ("default", "Y6nRLR", "R"),
        ("default", "Y6nRLr", "r"),
        ("other", "Y6nRLr", "theirs"),
    ]


def test_children_come_from_the_newest_reading_of_their_parent_only(spark):
    def read(version: str, *lists: str | None) -> dict[str, Any]:
        return a_campaign(updated_at=version, audiences={"included": list(lists)})

    pages = [
        a_page("campaigns", read("2026-05-02T00:00:00Z", "L2", "L3")),
        a_page("campaigns", read("2026-05-01T00:00:00Z", "L1", "L2"), fetched_at=NOON + DAY),
        a_page("campaigns", a_campaign("C2", audiences={"included": ["L1"]})),
        a_page("campaigns", a_campaign("C2", audiences=None), fetched_at=NOON + DAY),
    ]
    found = rows(spark, "campaign_audiences_included", "campaign_id audience_id", *pages)
    assert found == [("C1", "L2"), ("C1", "L3")]


def test_members_of_two_lists_are_two_rows_and_need_no_address(spark):
    pages = [
        a_page("list_profiles", a_member("P1"), a_member("P2", None), parent_id="L1"),
        a_page("list_profiles", a_member("P1"), parent_id="L2", fetched_at=NOON + DAY),
    ]
    joined = clock(2026, 5, 5, 5, 5, 5)
    seen = NOON.replace(tzinfo=None)
    columns = "list_id profile_id email joined_group_at first_seen_at last_seen_at is_member"
    assert rows(spark, "member_lists", columns, *pages) == [
        ("L1", "P1", "a@example.com", joined, seen, seen, True),
        ("L1", "P2", None, joined, seen, seen, True),
        ("L2", "P1", "a@example.com", joined, seen + DAY, seen + DAY, True),
    ]


# -- objects beside the record --------------------------------------------------------------------


def test_a_profiles_address_is_that_of_the_same_page(spark):
    def profile(email: str) -> dict[str, Any]:
        return a_record("profile", "P1", email=email)

    pages = [
        a_page("events", an_event("E1"), included=[profile("old@example.com")]),
        a_page("events", an_event("E2"), included=[profile("new@example.com")]),
        a_page("events", an_event("E3")),
        a_page("events", an_event("E4"), included=[a_record("metric", "P1", email="no")]),
        a_page("events", an_event("E5"), walk_id="w", page_number=1),
        a_page("events", included=[profile("next@example.com")], walk_id="w", page_number=2),
    ]
    assert rows(spark, "events", "id profile_data_id profile_email", *pages) == [
        ("E1", "P1", "old@example.com"),
        ("E2", "P1", "new@example.com"),
        ("E3", "P1", None),
        ("E4", "P1", None),
        ("E5", "P1", None),
    ]


ATTRIBUTION = (
    "attribution_attributed_event_id attribution_flow attribution_message attribution_variation"
)


def test_of_several_attributions_the_first_that_the_event_names_counts(spark):
    event = an_event("E1")
    event["relationships"]["attributions"]["data"] = [{"id": "A2"}, {"id": "A1"}]
    page = a_page(
        "events",
        event,
        included=[
            an_attribution("A1", attributed_event="X1", campaign_message="M1"),
            an_attribution("A2", attributed_event="X2", flow="F2", flow_message="M2"),
        ],
    )
    assert rows(spark, "events", ATTRIBUTION, page) == [("X2", "F2", "M2", None)]


def test_an_attributed_message_is_of_a_flow_or_of_a_campaign(spark):
    events = [an_event(f"E{n}") for n in (1, 2)]
    for n, event in enumerate(events, 1):
        event["relationships"]["attributions"]["data"] = [{"type": "attribution", "id": f"A{n}"}]
    page = a_page(
        "events",
        *events,
        included=[
            an_attribution("A1", campaign="C", campaign_message="M1"),
            an_attribution(
                "A2", flow_message="M2", flow_message_variation="V", campaign_message="M"
            ),
        ],
    )
    assert rows(spark, "events", f"id {ATTRIBUTION}", page) == [
        ("E1", None, None, "M1", None),
        ("E2", None, None, "M2", "V"),
    ]


def test_attributions_of_older_revisions_are_read_from_the_properties(spark):
    filled = {
        "$attributed_channel": "email",
        "$attributed_event_id": "X1",
        "$flow": "F1",
        "$message": "M1",
        "$send_ts": 1691652081,
        "$variation": "V1",
    }
    page = a_page(
        "events",
        an_event("E1", {"$attribution": filled}),
        an_event("E2", {"$attribution": {"$send_ts": 0, "$attributed_event_id": "", "$flow": ""}}),
        an_event("E3", {"$attribution": None}),
        an_event("E4", {"$attribution": "email"}),
    )
    columns = f"id {ATTRIBUTION} attribution_attributed_channel attribution_send_ts nulled"
    assert rows(spark, "events", columns, page) == [
        ("E1", "X1", "F1", "M1", "V1", "email", 1691652081.0, 0),
        *((f"E{n}", None, None, None, None, None, None, 0) for n in (2, 3, 4)),
    ]


# -- campaigns ------------------------------------------------------------------------------------


def test_a_campaigns_channel_is_that_of_its_listing_else_of_its_message(spark):
    message = a_campaign_message("C2-M", channel="sms", content={"body": "Hi"})
    pages = [
        a_page("campaigns", a_campaign("C1"), slice='{"channel":"mobile_push"}'),
        a_page("campaigns", a_campaign("C2"), included=[message]),
        a_page("campaigns", a_campaign("C3")),
        a_page(
            "campaigns",
            a_campaign("C4"),
            slice='{"channel":"email"}',
            included=[a_campaign_message("C4-M", channel="sms")],
        ),
    ]
    found = rows(spark, "campaigns", "campaign_id channel", *pages)
    assert found == [("C1", "mobile_push"), ("C2", "sms"), ("C3", None), ("C4", "email")]


def test_one_key_serves_two_strategies_and_the_method_decides(spark):
    nine = "2026-05-01T09:00:00-05:00"

    def sent(id: str, method: str, **more: Any) -> dict[str, Any]:
        return a_campaign(id, send_strategy={"method": method, **more})

    page = a_page(
        "campaigns",
        sent("static", "static", datetime=nine, options={"is_local": False}),
        sent("local", "static", datetime=nine, options={"is_local": True}),
        sent("plain", "static", datetime=nine, options=None),
        sent("throttled", "throttled", datetime=nine, throttle_percentage=20),
        sent("smart", "smart_send_time", date="2026-05-01"),
        sent("at_once", "immediate"),
        sent("old", "static", options_static={"datetime": nine, "is_local": True}),
        sent("old_smart", "smart_send_time", options_sto={"date": "2026-05-01"}),
    )
    s = "send_strategy_options_"
    columns = (
        f"campaign_id {s}static_datetime {s}static_is_local {s}throttled_datetime "
        f"{s}throttled_throttle_percentage {s}sto_date"
    )
    wall, utc = clock(2026, 5, 1, 9), clock(2026, 5, 1, 14)
    assert rows(spark, "campaigns", columns, page) == [
        ("at_once", None, None, None, None, None),
        ("local", wall, True, None, None, None),
        ("old", wall, True, None, None, None),
        ("old_smart", None, None, None, None, date(2026, 5, 1)),
        ("plain", utc, None, None, None, None),
        ("smart", None, None, None, None, date(2026, 5, 1)),
        ("static", utc, False, None, None, None),
        ("throttled", None, None, utc, 20, None),
    ]


def test_a_message_has_its_fields_of_the_listing_and_its_template_of_its_own_request(spark):
    own = a_campaign_message(content={"subject": "not this one"})
    own["relationships"]["template"] = {"data": {"type": "template", "id": "W1"}}
    pages = [
        a_page("campaigns", a_campaign(), included=[a_campaign_message(label="A")]),
        a_page("campaign_templates", own, parent_id="C1", fetched_at=NOON + DAY),
    ]
    columns = "campaign_message_id label content_subject campaign_data_id template_data_id"
    expected = [("C1-M", "A", "Hello", "C1", "W1")]
    assert newest(spark, "campaign_messages", columns, *pages) == expected


def test_a_message_without_template_has_none_and_one_not_listed_has_its_template_only(spark):
    sms = a_campaign_message("C1-M", channel="sms", content={"body": "Hi"})
    sms["relationships"]["template"] = {"data": None}
    alone = a_campaign_message("C2-M")
    alone["relationships"]["template"] = {"data": {"type": "template", "id": "W2"}}
    pages = [
        a_page("campaigns", a_campaign(), included=[sms]),
        a_page("campaign_templates", sms, alone, parent_id="C1"),
    ]
    columns = "campaign_message_id channel template_data_type template_data_id"
    assert newest(spark, "campaign_messages", columns, *pages) == [
        ("C1-M", "sms", None, None),
        ("C2-M", None, "template", "W2"),
    ]


def test_a_messages_campaign_is_the_one_it_names_else_the_one_that_names_it(spark):
    names = a_campaign_message("C1-M")
    names["relationships"]["campaign"] = {"data": {"type": "campaign", "id": "C1"}}
    campaigns = [a_campaign("C1"), a_campaign("C2")]
    page = a_page("campaigns", *campaigns, included=[names, a_campaign_message("C2-M")])
    columns = "campaign_message_id campaign_data_type campaign_data_id"
    assert rows(spark, "campaign_messages", columns, page) == [
        ("C1-M", "campaign", "C1"),
        ("C2-M", "campaign", "C2"),
    ]


def test_older_messages_hold_their_fields_at_the_top(spark):
    old = a_record("campaign-message", "C1-M", label="A", channel="email", content={"subject": "S"})
    page = a_page("campaigns", a_campaign(), included=[old])
    columns = "label channel content_subject"
    assert rows(spark, "campaign_messages", columns, page) == [("A", "email", "S")]


def test_local_send_times_keep_the_clock_on_the_wall(spark):
    message = a_campaign_message()
    message["attributes"]["send_times"] = [
        {"datetime": "2026-05-01T09:00:00-05:00", "is_local": True},
        {"datetime": "2026-05-02T09:00:00-05:00", "is_local": False},
        {"datetime": None, "is_local": False},
    ]
    page = a_page("campaigns", a_campaign(), included=[message])
    columns = "campaign_id send_time_datetime send_time_is_local"
    assert rows(spark, "campaign_message_send_times", columns, page) == [
        ("C1", None, False),
        ("C1", clock(2026, 5, 1, 9), True),
        ("C1", clock(2026, 5, 2, 14), False),
    ]


def test_links_without_data_are_no_tags_and_prove_nothing(spark):
    links = a_campaign("C1")
    links["relationships"]["tags"] = {"links": {"self": "…"}}
    tagged = a_campaign("C2")
    tagged["relationships"]["tags"] = {"data": [{"type": "tag", "id": "T1"}]}
    pages = pages_df(spark, a_page("campaigns", links, tagged, a_campaign("C3")))
    judge = DeletionRule("campaigns", parent="$.id", proof="$.relationships.tags has data")

    found = project(pages, TABLES["campaign_tags"]).select("campaign_id", "tag_id")
    proven = present_parents(pages, judge).select("parent_key", F.lit("proven").alias("tag_id"))
    both = sorted(tuple(row) for row in found.union(proven).collect())
    assert both == [("C2", "T1"), ("C2", "proven"), ("C3", "proven")]


# -- flows ----------------------------------------------------------------------------------------


def test_only_an_action_that_names_no_message_proves_that_all_of_its_are_gone(spark):
    page = a_page(
        "flows",
        a_flow("F1", "A1", "A2", "A3"),
        included=[
            a_flow_action("A1", {"type": "send-email", "data": {"message": None}}),
            a_flow_action("A2", {"type": "send-email", "data": {"message": {"id": "M0"}}}),
            a_flow_action("A3", None),
        ],
    )
    (judge,) = [j for j in TABLES["flow_action_messages"].judges if not j.whole]
    proven = present_parents(pages_df(spark, page), judge).select("parent_key").collect()
    assert [row["parent_key"] for row in proven] == ["A1"]


def an_ab_test(**data: Any) -> dict[str, Any]:
    """An action that holds its send as main_action and a variation beside it."""

    def send(message: str, **more: Any) -> dict[str, Any]:
        return {"id": "9", "type": "send-email", "data": {"message": {"id": message, **more}}}

    return {
        "type": "ab-test",
        "data": {
            "status": "live",
            "main_action": send("M1", transactional=True, add_tracking_params=False),
            "current_experiment": {"variations": [send("M2", name="B"), send("M3"), {"data": {}}]},
            **data,
        },
    }


def test_messages_hidden_in_tests_and_experiments_are_messages_of_the_outer_action(spark):
    page = a_page(
        "flows",
        a_flow("F1", "A1", "A2", "A3", "A4"),
        included=[
            a_flow_action("A1", {"type": "send-sms", "data": {"message": {"id": "M0"}}}),
            a_flow_action("A2", an_ab_test()),
            a_flow_action("A3", {**an_ab_test(main_action=None), "type": "content-experiment"}),
            a_flow_action("A4", {"type": "time-delay", "data": {"value": 2}}),
            a_flow_action("A5", None),
        ],
    )
    columns = "flow_action_id flow_action_message_id channel name"
    assert rows(spark, "flow_action_messages", columns, page) == [
        ("A1", "M0", "sms", None),
        ("A2", "M1", "email", None),
        ("A2", "M2", "email", "B"),
        ("A2", "M3", "email", None),
        ("A3", "M2", "email", "B"),
        ("A3", "M3", "email", None),
    ]


def test_nested_sends_are_no_actions_and_a_tests_settings_are_those_of_its_main_action(spark):
    page = a_page(
        "flows",
        a_flow("F1", "A1", "A2"),
        included=[
            a_flow_action("A1", an_ab_test()),
            a_flow_action("A2", {"type": "conditional-split", "data": None}),
        ],
    )
    columns = (
        "flow_action_id flow_id action_type status tracking_options_add_utm "
        "send_options_is_transactional send_options_use_smart_sending"
    )
    assert rows(spark, "flow_actions", columns, page) == [
        ("A1", "F1", "AB_TEST", "live", False, True, None),
        ("A2", "F1", "BOOLEAN_BRANCH", None, None, None, None),
    ]


def test_an_actions_flow_is_the_one_that_lists_it_else_the_one_it_names(spark):
    named = a_flow_action("A2", None, flow="F2")
    page = a_page("flows", a_flow("F1", "A1"), included=[a_flow_action("A1", None), named])
    found = rows(spark, "flow_actions", "flow_action_id flow_id", page)
    assert found == [("A1", "F1"), ("A2", "F2")]


def test_utm_parameters_are_kept_as_json(spark):
    params = [{"param": "utm_source", "value": "klaviyo"}, {"param": "x", "value": "1"}]
    message = {"id": "M1", "custom_tracking_params": params}
    action = a_flow_action("A1", {"type": "send-email", "data": {"message": message}})
    page = a_page("flows", a_flow("F1", "A1"), included=[action])
    ((text,),) = rows(spark, "flow_actions", "tracking_options_utm_params", page)
    assert json.loads(text) == params


def test_a_message_has_its_dates_of_its_own_listing_and_the_rest_of_either(spark):
    inner = {"id": "M1", "name": "Welcome", "subject_line": "Hi", "from_label": "Shop"}
    action = a_flow_action("A1", {"type": "send-email", "data": {"message": inner}})
    listed = a_flow_message("M1", subject_line="Hello", name=None)
    pages = [
        a_page("flow_messages", listed, parent_id="A1"),
        a_page("flows", a_flow("F1", "A1"), included=[action], fetched_at=NOON + DAY),
    ]
    columns = "flow_action_id name channel created content_subject content_from_label"
    assert newest(spark, "flow_action_messages", columns, *pages) == [
        ("A1", "Welcome", "email", clock(2024, 1, 2, 3, 4, 5), "Hello", "Shop"),
    ]


def tracked(id: str = "A1", **options: bool) -> dict[str, Any]:
    """An action as the older revision gives it, asked for its tracking only."""
    found = {f"is_tracking_{what}": on for what, on in options.items()}
    return a_record("flow-action", id, tracking_options=found or None)


TRACKING = "tracking_options_is_tracking_opens tracking_options_is_tracking_clicks"


def test_tracking_is_what_the_older_revision_says_and_the_rest_what_the_current_one_says(spark):
    sent = {"id": "M1", "custom_tracking_params": [], "add_tracking_params": True}
    email = a_flow_action("A1", {"type": "send-email", "data": {"message": sent}})
    pages = [
        a_page("flows", a_flow("F1", "A1", "A2"), included=[email, a_flow_action("A2", None)]),
        a_page("flow_actions_2025", a_flow("F1"), included=[tracked("A2")]),
        a_page("flow_actions_2025", included=[tracked(opens=True, clicks=False)], slice="{}"),
        a_page("flow_actions_2025", included=[tracked("A2", opens=True)], fetched_at=NOON - DAY),
    ]
    columns = f"flow_action_id flow_id tracking_options_add_utm {TRACKING}"
    assert newest(spark, "flow_actions", columns, *pages) == [
        ("A1", "F1", True, True, False),
        ("A2", "F1", None, None, None),
    ]


def test_a_row_that_is_only_filled_has_not_been_seen(spark):
    pages = [
        a_page("flows", a_flow("F1", "A1"), included=[a_flow_action("A1", None)]),
        a_page("flow_actions_2025", included=[tracked("A1"), tracked("A2")], fetched_at=NOON + DAY),
    ]
    columns = "flow_action_id seen_at version sources"
    assert newest(spark, "flow_actions", columns, *pages) == [
        ("A1", clock(2026, 6, 1, 12), clock(2026, 2, 3, 4, 5, 6), ["current", "older"]),
        ("A2", None, None, ["older"]),
    ]


# -- the other resources --------------------------------------------------------------------------


def test_places_are_numbers_or_text_and_consent_times_have_two_names(spark):
    def marketing(**facts: Any) -> dict[str, Any]:
        return {"email": {"marketing": facts}, "sms": None}

    page = a_page(
        "profiles",
        a_record("profile", "P1", location={"latitude": "42.36", "longitude": -71.06}),
        a_record("profile", "P2", location={"latitude": "north", "longitude": ""}),
        a_record("profile", "P3", location=None, subscriptions=None),
        a_record("profile", "P4", subscriptions=marketing(timestamp="2023-01-02 03:04:05")),
        a_record(
            "profile",
            "P5",
            subscriptions=marketing(
                consent_timestamp="2026-06-23 00:15:23.918411+00:00", timestamp="2023-01-02"
            ),
        ),
    )
    columns = "profile_id location_latitude location_longitude email_marketing_timestamp"
    assert rows(spark, "profiles", columns, page) == [
        ("P1", 42.36, -71.06, None),
        ("P2", None, None, None),
        ("P3", None, None, None),
        ("P4", None, None, clock(2023, 1, 2, 3, 4, 5)),
        ("P5", None, None, clock(2026, 6, 23, 0, 15, 23, 918411)),
    ]


def test_suppressions_stand_under_two_names_and_may_lack_reason_or_time(spark):
    def profile(id: str, **marketing: Any) -> dict[str, Any]:
        return a_record("profile", id, subscriptions={"email": {"marketing": marketing}})

    bounce = {"reason": "HARD_BOUNCE", "timestamp": "2026-01-02T03:04:05+00:00"}
    page = a_page(
        "profiles",
        profile("P1", suppression=[bounce, bounce, {"reason": "UNSUBSCRIBE", "timestamp": None}]),
        profile("P2", suppressions=[bounce]),
        profile("P3", suppression=[]),
        profile("P4", suppression=None),
    )
    at = clock(2026, 1, 2, 3, 4, 5)
    found = newest(spark, "profile_email_suppressions", "profile_id reason timestamp", page)
    assert found == [
        ("P1", "HARD_BOUNCE", at),
        ("P1", "UNSUBSCRIBE", None),
        ("P2", "HARD_BOUNCE", at),
    ]


def test_a_metric_may_lack_its_integration_and_counts_as_a_documented_one_by_name(spark):
    page = a_page(
        "metrics",
        a_record("metric", "M1", name="Received Text Message", integration=None),
        a_record("metric", "M2", name="placed order", integration={"id": "I", "name": "Shopify"}),
    )
    columns = "list_id metric_id tag_id name integration_name _documented_name"
    assert rows(spark, "metrics", columns, page) == [
        ("M1", "M1", "Received Text Message", "Received Text Message", None, "received sms"),
        ("M2", "M2", "placed order", "placed order", "Shopify", None),
    ]


# -- broken records -------------------------------------------------------------------------------

NESTED = "[" * 900 + "]" * 900
BROKEN = {
    "a number": "7",
    "a list": "[1,2]",
    "a text": '"text"',
    "null": "null",
    "an empty object": "{}",
    "no id": '{"type":"tag","attributes":{"name":"x"}}',
    "a null id": '{"type":"tag","id":null}',
}
ODD = {
    "attributes a text": ('{"id":"B","attributes":"text"}', None),
    "attributes a list": ('{"id":"B","attributes":[{"name":"x"}]}', None),
    "a name that is an object": ('{"id":"B","attributes":{"name":{"x":[1]}}}', '{"x":[1]}'),
    "a name that is a number": ('{"id":"B","attributes":{"name":5}}', "5"),
    "a key twice": ('{"id":"B","attributes":{"name":"a","name":"b"}}', "b"),
    "attributes twice": ('{"id":"B","attributes":{"name":"a"},"attributes":{"name":"b"}}', "b"),
    "very deep": ('{"id":"B","attributes":{"x":' + NESTED + ',"name":"a"}}', "a"),
    "half a character": (r'{"id":"B","attributes":{"name":"a\ud800b"}}', "a\ufffdb"),
    "a zero character": (r'{"id":"B","attributes":{"name":"a\u0000b"}}', "a\0b"),
    "unicode": (
        '{"id":"B","attributes":{"name":"Größe 日本 👩‍👩‍👧 \\ud83c\\udf37"}}',
        "Größe 日本 👩‍👩‍👧 🌷",
    ),
    "100 kB": (json.dumps({"id": "B", "attributes": {"name": "<p>é" * 25_000}}), "<p>é" * 25_000),
    "an empty name": ('{"id":"B","attributes":{"name":""}}', ""),
}


def beside_neighbours(*broken: str) -> list[Page]:
    """A page per broken record, with a good one before and one after it."""
    good = [a_record("tag", id, name="good") for id in ("A", "C")]
    return [
        a_page("tags", good[0], record, good[1], walk_id=f"{n}") for n, record in enumerate(broken)
    ]


@pytest.fixture(scope="module")
def tags_beside(spark) -> dict[str, list[tuple[Any, ...]]]:
    """Per broken or odd record: the ids and names that its page gives, in place order."""
    records = {**BROKEN, **{what: text for what, (text, _) in ODD.items()}}
    found = projected(spark, "tags", *beside_neighbours(*records.values()))
    by_page: dict[str, list[tuple[Any, ...]]] = {what: [] for what in records}
    names = list(records)
    for row in found.select("walk_id", "at", "tag_id", "name").collect():
        by_page[names[int(row["walk_id"])]].append(tuple(row)[1:])
    return {what: sorted(rows) for what, rows in by_page.items()}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_record_has_no_key_and_leaves_its_neighbours_alone(tags_beside, what):
    (_, *before), (at, id, _), (_, *after) = tags_beside[what]
    assert (before, after) == (["A", "good"], ["C", "good"])
    assert (at, id) == (1, None)


@pytest.mark.parametrize("what", ODD)
def test_an_odd_record_is_read_as_far_as_it_goes(tags_beside, what):
    assert tags_beside[what] == [(0, "A", "good"), (1, "B", ODD[what][1]), (2, "C", "good")]


def test_objects_of_the_wrong_form_give_nulls_and_their_neighbours_stay(spark):
    page = a_page(
        "events",
        an_event("A", {"Subject": "good"}),
        {"type": "event", "id": "B", "attributes": "text", "relationships": "text"},
        {"type": "event", "id": "C", "attributes": {"event_properties": "text"}},
        an_event("D", {"$extra": "text", "Subject": "still there"}),
        an_event("E", {"$extra": {"$bounce_delivery_info": [1], "From City": "still there"}}),
        {**an_event("F", {"Subject": "good"}), "relationships": {"attributions": {"data": "A1"}}},
    )
    assert rows(spark, "events", "id subject extra_from_city profile_data_id", page) == [
        ("A", "good", None, "P1"),
        ("B", None, None, None),
        ("C", None, None, None),
        ("D", "still there", None, "P1"),
        ("E", None, "still there", "P1"),
        ("F", "good", None, None),
    ]


def test_a_page_without_records_gives_no_rows_of_any_kind(spark):
    pages = pages_df(spark, a_page("campaigns"), a_page("tags", body='{"data":null,"links":{}}'))
    names = ("campaigns", "campaign_tags", "campaign_messages", "tags")
    counts = [project(pages, TABLES[name]).select(F.lit(name)) for name in names]
    every = counts[0].union(counts[1]).union(counts[2]).union(counts[3])
    assert every.collect() == []


def test_a_template_that_the_listing_names_is_read(spark):
    message = a_campaign_message()
    message["relationships"]["template"] = {"data": {"type": "template", "id": "W1"}}
    page = a_page("campaigns", a_campaign(), included=[message])
    assert rows(spark, "campaign_messages", "template_data_id", page) == [("W1",)]


def test_a_page_that_cannot_be_read_stops_the_refine(spark):
    # Spark's reader refuses numbers of over 1,000 digits, and with them the whole page.
    huge = '{"type":"tag","id":"B","attributes":{"n":1%s}}' % ("0" * 2000)
    page = a_page("tags", a_record("tag", "A"), huge)
    with pytest.raises(Exception, match="cannot be read as JSON"):
        rows(spark, "tags", "tag_id", page)


# -- campaigns of the newer revision --------------------------------------------------------------


def a_variation(id: str, **details: Any) -> dict[str, Any]:
    definition = {"name": f"{id}'s", "details": details or None}
    return {"type": "campaign-variation", "id": id, "attributes": {"definition": definition}}


def a_message_naming(arms: Any, id: str = "M1", **definition: Any) -> dict[str, Any]:
    related = {"campaign": {"data": {"type": "campaign", "id": "C1"}}}
    related |= {"campaign-variations": {"data": arms}}
    return {
        "type": "campaign-message",
        "id": id,
        "attributes": {"definition": definition},
        "relationships": related,
    }


def named(*ids: str) -> list[dict[str, str]]:
    return [{"type": "campaign-variation", "id": id} for id in ids]


VARIATION = "campaign_variation_id campaign_message_id campaign_id status channel subject"


def test_each_arm_and_channel_of_a_message_is_a_row_with_the_facts_of_its_message(spark):
    page = a_page(
        "campaign_variations",
        a_message_naming(named("A", "B", "W"), status="sent"),
        included=[
            a_variation("A", channel="email", subject="Hello"),
            a_variation("B", channel="email", subject=""),
            a_variation("W", channel="push"),
        ],
    )

    assert newest(spark, "campaign_variations", VARIATION, page) == [
        ("A", "M1", "C1", "sent", "email", "Hello"),
        ("B", "M1", "C1", "sent", "email", None),
        ("W", "M1", "C1", "sent", "mobile_push", None),
    ]


def test_a_variation_that_is_named_alone_and_not_in_an_array_is_one_too(spark):
    page = a_page(
        "campaign_variations",
        a_message_naming(named("A")[0], status="draft"),
        included=[a_variation("A")],
    )

    assert newest(spark, "campaign_variations", VARIATION, page) == [
        ("A", "M1", "C1", "draft", None, None)
    ]


def test_a_variation_that_a_message_names_is_there_without_being_included(spark):
    page = a_page("campaign_variations", a_message_naming(named("A"), status="sent"))

    assert newest(spark, "campaign_variations", VARIATION, page) == [
        ("A", "M1", "C1", "sent", None, None)
    ]
