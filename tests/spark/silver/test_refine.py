"""Refining landed pages into a lake on disk: what is written, and what is left alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable

from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.resources import TABLES
from klaviyo_spark.silver import load
from klaviyo_spark.silver.models import RefinePolicy
from klaviyo_spark.silver.refine import refine
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
    an_attribution,
    an_event,
)
from tests.helpers.small_lakes import a_lake, land, let_spark_load, rows


def test_a_first_load_and_the_same_read_again(lake):
    land(lake, "one", a_page("tags", a_record("tag", "T1", name="vip")))
    first = refine(lake, "default", ["tags"])
    land(lake, "two", a_page("tags", a_record("tag", "T1", name="vip"), fetched_at=NOON + DAY))
    second = refine(lake, "default", ["tags"])
    third = refine(lake, "default", ["tags"])

    assert [(load.inserted, load.updated) for load in first] == [(1, 0)]
    assert [(load.inserted, load.updated, load.soft_deleted) for load in second] == [(0, 0, 0)]
    assert third == []
    versions = lake.spark.sql(f"DESCRIBE HISTORY {lake._silver(TABLES['tags'])}").count()
    assert versions == 2, "the table's creation and its first load, nothing since"


def test_a_load_counts_what_was_written_where_another_writer_was_first(lake, monkeypatch):
    land(lake, "one", a_page("tags", a_record("tag", "T1", name="vip")))
    refine(lake, "default", ["tags"])
    both = [a_record("tag", "T1", name="VIP"), a_record("tag", "T2", name="new")]
    land(lake, "two", a_page("tags", *both, fetched_at=NOON + DAY))
    merge = Lake.merge

    def second(lake, table, rows, days):
        merge(lake, table, rows.filter(pc.field("tag_id") == "T2"), days)
        return merge(lake, table, rows, days)

    monkeypatch.setattr(Lake, "merge", second)
    [done] = refine(lake, "default", ["tags"])

    assert (done.inserted, done.updated, done.soft_deleted) == (0, 2, 0)


@pytest.mark.parametrize(("loads_by", "engine"), [("auto", "delta-rs"), ("spark", "Apache-Spark")])
def test_the_way_that_conf_says_is_the_one_that_writes(lake, loads_by, engine):
    """Spark worked out what changed, and delta-rs wrote it all the same, where rows were few."""
    policy = RefinePolicy(loads_by=loads_by)
    for number in range(2):  # an append, then a merge
        page = a_page(
            "tags", a_record("tag", "T1", name=f"{number}"), fetched_at=NOON + number * DAY
        )
        land(lake, f"run {number}", page)
        (load,) = refine(lake, "default", ["tags"], policy)
        assert load.changed

    folder = lake.place.location.folder / "klaviyo_v2.db" / "tags"
    versions = {commit["version"]: commit["engineInfo"] for commit in DeltaTable(folder).history()}
    assert [versions[version].split(":")[0].split("/")[0] for version in (1, 2)] == [engine] * 2


def test_what_a_complete_read_lacks_is_marked_and_a_return_lifts_the_mark(lake):
    here = a_record("tag", "T1", name="vip")
    land(lake, "one", a_page("tags", here))
    refine(lake, "default", ["tags"])
    land(lake, "two", a_page("tags", fetched_at=NOON + DAY))
    gone = refine(lake, "default", ["tags"])
    marked = rows(lake, "tags", "tag_id", "_deleted_at")
    land(lake, "three", a_page("tags", here, fetched_at=NOON + 2 * DAY))
    refine(lake, "default", ["tags"])

    assert gone[0].soft_deleted == 1
    assert marked == [("T1", (NOON + DAY).replace(tzinfo=None))]
    assert rows(lake, "tags", "tag_id", "_deleted_at") == [("T1", None)]


def test_a_read_that_did_not_finish_marks_nothing(lake):
    land(lake, "one", a_page("tags", a_record("tag", "T1")))
    refine(lake, "default", ["tags"])
    land(lake, "two", a_page("tags", fetched_at=NOON + DAY, is_last=False, next_url="…"))
    refine(lake, "default", ["tags"])

    assert rows(lake, "tags", "_deleted_at") == [(None,)]


def test_an_older_version_of_a_record_does_not_overwrite_a_newer_one(lake):
    new = a_campaign(name="new", updated_at="2026-05-02T00:00:00Z")
    old = a_campaign(name="old", updated_at="2026-05-01T00:00:00Z")
    land(lake, "one", a_page("campaigns", new))
    refine(lake, "default", ["campaigns"])
    land(lake, "two", a_page("campaigns", old, fetched_at=NOON + DAY))
    refine(lake, "default", ["campaigns"])

    assert rows(lake, "campaigns", "name") == [("new",)]


def test_children_follow_the_newest_reading_of_their_parent(lake):
    land(lake, "one", a_page("campaigns", a_campaign(audiences={"included": ["L1", "L2"]})))
    refine(lake, "default", ["campaigns"])
    land(
        lake,
        "two",
        a_page("campaigns", a_campaign(audiences={"included": ["L2"]}), fetched_at=NOON + DAY),
    )
    refine(lake, "default", ["campaigns"])

    found = rows(lake, "campaign_audiences_included", "audience_id", "_deleted_at")
    assert found == [("L1", (NOON + DAY).replace(tzinfo=None)), ("L2", None)]


def test_a_parents_mark_passes_to_its_children(lake):
    land(lake, "one", a_page("campaigns", a_campaign(), included=[a_campaign_message()]))
    refine(lake, "default", ["campaigns"])
    land(lake, "two", a_page("campaigns", fetched_at=NOON + DAY))
    refine(lake, "default", ["campaigns"])

    gone = [((NOON + DAY).replace(tzinfo=None),)]
    for table in ("campaigns", "campaign_messages", "campaign_message_send_times"):
        assert rows(lake, table, "_deleted_at") == gone, table


def test_members_leave_and_their_history_says_when_they_were_last_seen(lake):
    both = [a_member("P1"), a_member("P2")]
    for number, members in enumerate((both, both, both[:1])):
        at = NOON + number * DAY
        page = a_page("list_profiles", *members, parent_id="L1", fetched_at=at)
        land(lake, f"run {number}", page)
        refine(lake, "default", ["lists"])

    first, last_held = NOON.replace(tzinfo=None), (NOON + DAY).replace(tzinfo=None)
    left = (NOON + 2 * DAY).replace(tzinfo=None)
    columns = ("profile_id", "is_member", "first_seen_at", "last_seen_at", "_deleted_at")
    assert rows(lake, "member_lists", *columns) == [
        ("P1", True, first, first, None),
        ("P2", False, first, last_held, None),
    ]
    assert rows(lake, "list_profiles", "profile_id", "_deleted_at") == [("P1", None), ("P2", left)]


def test_several_runs_refined_at_once_give_what_one_by_one_would(lake):
    for number, members in enumerate(([a_member("P1")], [], [a_member("P1")])):
        at = NOON + number * DAY
        land(
            lake,
            f"run {number}",
            a_page("list_profiles", *members, parent_id="L1", fetched_at=at),
        )
    refine(lake, "default", ["lists"])

    found = rows(lake, "member_lists", "is_member", "first_seen_at", "last_seen_at")
    back = (NOON + 2 * DAY).replace(tzinfo=None)
    assert found == [(True, NOON.replace(tzinfo=None), back)]


def test_a_record_without_id_goes_to_quarantine_and_its_neighbours_stay(lake):
    broken = ['{"type":"tag","attributes":{"name":"no id"}}', "[1]", '"text"', "null"]
    land(lake, "one", a_page("tags", a_record("tag", "T1"), *broken))
    loads = refine(lake, "default", ["tags"])

    assert loads[0].quarantined == 4
    assert rows(lake, "tags", "tag_id") == [("T1",)]
    found = lake.ops("quarantine").select("table_name", "violation", "record_index").collect()
    assert sorted(tuple(row) for row in found) == [
        ("tags", "key is NULL: tag_id", at) for at in (1, 2, 3, 4)
    ]


def test_a_cell_that_does_not_fit_is_null_and_counted(lake):
    land(lake, "one", a_page("events", an_event(properties={"Segment Count": "two"})))
    loads = {load.table: load for load in refine(lake, "default", ["events"])}

    assert loads["events"].cast_failures == 1
    assert rows(lake, "events", "id", "segment_count") == [("E1", None)]


def test_a_404_for_a_parent_marks_nothing(lake):
    """Issue 19: it marked the parent though the listing of the same run held it, and for good."""
    for number in range(2):
        at = NOON + number * DAY
        listing = a_page("lists", a_record("list", "L1"), fetched_at=at)
        later = at + timedelta(minutes=1)
        gone = a_page("list_profiles", parent_id="L1", status=404, fetched_at=later)
        land(lake, f"run {number}", listing, gone)
        refine(lake, "default", ["lists"])

    assert rows(lake, "lists", "_deleted_at") == [(None,)]


def test_a_member_without_id_is_quarantined_for_each_of_its_tables(lake):
    land(lake, "one", a_page("list_profiles", {"type": "profile"}, parent_id="L1"))
    refine(lake, "default", ["lists"])

    found = lake.ops("quarantine").select("table_name").collect()
    assert sorted(row["table_name"] for row in found) == [
        "list_profiles",
        "member_lists",
        "stg_member_lists",
    ]


def test_a_complete_read_with_a_record_without_id_marks_nothing(lake):
    """The record of a tag came without its id, and the tag was marked as deleted."""
    tags = [a_record("tag", f"T{n}") for n in (1, 2)]
    land(lake, "one", a_page("tags", *tags))
    refine(lake, "default", ["tags"])
    odd = {**tags[1], "id": None}
    land(lake, "two", a_page("tags", tags[0], odd, fetched_at=NOON + DAY))
    [done] = refine(lake, "default", ["tags"])
    land(lake, "three", a_page("tags", tags[0], fetched_at=NOON + 2 * DAY))
    [later] = refine(lake, "default", ["tags"])

    assert (done.soft_deleted, done.quarantined) == (0, 1)
    assert done.check_warnings == (
        "klaviyo_v2.tags: 1 records of complete reads have no usable id, so nothing was "
        "marked as deleted. Look at them in klaviyo_ops.quarantine.",
    )
    assert later.soft_deleted == 1


def test_a_member_without_id_is_a_doubt_of_its_own_list_alone(lake):
    def members(day: int, **lists: list[dict[str, Any]]) -> None:
        pages = [
            a_page(
                "list_profiles", *found, parent_id=id, walk_id=f"{id}{day}", read_id=f"{id}{day}",
                fetched_at=NOON + day * DAY,
            )
            for id, found in lists.items()
        ]  # fmt: skip
        land(lake, f"run {day}", *pages)
        refine(lake, "default", ["lists"])

    ann, bob = a_member("P1"), a_member("P2")
    members(0, L1=[ann, bob], L2=[ann, bob])
    members(1, L1=[ann, {**bob, "id": [1]}], L2=[ann])

    there = rows(lake, "list_profiles", "list_id", "profile_id", "_deleted_at")
    assert [(list_id, id) for list_id, id, gone in there if gone] == [("L2", "P2")]


def test_an_action_that_only_the_older_revision_still_lists_is_gone(lake):
    def read(day: int, *listed: str) -> list[dict[str, Any]]:
        at = NOON + day * DAY
        actions = [a_flow_action(id, {"type": "code"}) for id in listed]
        told = [
            a_record("flow-action", id, tracking_options={"is_tracking_opens": True})
            for id in ("A1", "A2", "A3")
        ]
        return [
            a_page("flows", a_flow("F1", *listed), included=actions, fetched_at=at),
            a_page("flow_actions_2025", included=[*told, {"type": "flow-action"}], fetched_at=at),
        ]

    land(lake, "one", *read(0, "A1", "A2"))
    refine(lake, "default", ["flows"])
    land(lake, "two", *read(1, "A1"))
    loads = {load.table: load for load in refine(lake, "default", ["flows"])}

    columns = ("flow_action_id", "tracking_options_is_tracking_opens", "_deleted_at")
    gone = (NOON + DAY).replace(tzinfo=None)
    assert rows(lake, "flow_actions", *columns) == [("A1", True, None), ("A2", True, gone)]
    load = loads["flow_actions"]
    assert (load.inserted, load.updated, load.soft_deleted, load.quarantined) == (0, 0, 1, 1)


def test_a_backfill_of_empty_days_fills_the_events_that_waited_for_it(lake):
    def read(run: str, day: int, event: Any, *included: Any) -> None:
        start = NOON + day * DAY
        walk = {"window_start": start, "max_record_time": start + timedelta(hours=1)}
        at = NOON + (60 - day) * DAY
        land(lake, run, a_page("events", event, included=included, fetched_at=at, **walk))
        refine(lake, "default", ["events"])

    def at(day: int) -> str:
        return (NOON + day * DAY).isoformat()

    caused = an_event("later", {}, datetime=at(30))
    caused["relationships"]["attributions"]["data"] = [{"type": "attribution", "id": "A1"}]
    read("daily", 30, caused, an_attribution("A1", attributed_event="cause"))
    read("past", 1, an_event("cause", {"$_cohort$message_send_cohort": "77:M1"}, datetime=at(1)))

    assert rows(lake, "events", "id", "attribution_send_ts") == [("cause", None), ("later", 77.0)]


def test_a_large_first_load_gives_what_a_small_one_does(spark, tmp_path, monkeypatch):
    """Large ones are not held by the driver, and go through the network once, by day."""

    def an_event_of(day: int, id: Any, properties: Any = None) -> Any:
        return an_event(id, properties or {}, datetime=(NOON + day * DAY).isoformat())

    caused = an_event_of(2, "caused")
    caused["relationships"]["attributions"]["data"] = [{"type": "attribution", "id": "A1"}]
    cause = {"$_cohort$message_send_cohort": "77:M1", "$group_ids": ["L1", "S1", "L1"]}
    pages = [
        a_page(
            "events",
            an_event_of(1, "cause", cause),
            an_event_of(1, "twice", {"$message": "old"}),
            an_event_of(1, "moved"),
            caused,
            an_event_of(1, None),
            included=[an_attribution("A1", attributed_event="cause")],
        ),
        a_page(
            "events",
            an_event_of(1, "twice", {"$message": "new"}),
            an_event_of(2, "moved"),
            "7",
            fetched_at=NOON + timedelta(minutes=1),
        ),
    ]
    found, counts = [], []
    for size in ("small", "large"):
        let_spark_load(monkeypatch, all_of_it=size == "large")
        lake = a_lake(spark, tmp_path / size)
        land(lake, "one", *pages)
        loads = refine(lake, "default", ["events"])
        tables = [load.table for load in loads]
        found.append({name: rows(lake, name, "*") for name in tables})
        counts.append({one.table: (one.inserted, one.quarantined) for one in loads})
        events = rows(lake, "events", "id", "message", "attribution_send_ts", "event_date")

    assert found[0] == found[1]
    assert counts[0] == counts[1]
    assert counts[1]["events"] == (4, 2)
    assert [tuple(map(str, row)) for row in events] == [
        ("cause", "None", "None", "2026-06-02"),
        ("caused", "None", "77.0", "2026-06-03"),
        ("moved", "None", "None", "2026-06-03"),
        ("twice", "new", "None", "2026-06-02"),
    ]


@pytest.mark.parametrize("is_large", [False, True], ids=["few", "many"])
def test_a_load_that_fails_a_check_leaves_the_table_as_it_was(lake, monkeypatch, is_large):
    let_spark_load(monkeypatch, all_of_it=is_large)
    nameless = [a_record("tag", name="vip") | {"id": None}] * 101
    good = [a_record("tag", "T1", name="vip"), a_record("tag", "T2", name="new")]
    land(lake, "one", a_page("tags", *nameless, *good))

    (failed,) = refine(lake, "default", ["tags"])
    after_failing = rows(lake, "tags", "tag_id")
    loads = refine(lake, "default", ["tags"], RefinePolicy(severities={"missing_key": "warn"}))

    assert (failed.is_loaded, failed.inserted, failed.quarantined) == (False, 0, 0)
    assert "klaviyo_v2.tags: 101 of 103 records without a key" in failed.errors[0]
    assert after_failing == []
    assert [(one.inserted, one.quarantined) for one in loads] == [(2, 101)]
    assert loads[0].check_warnings == (
        "klaviyo_v2.tags: 101 of 103 records without a key (check missing_key)",
    )
    assert rows(lake, "tags", "tag_id") == [("T1",), ("T2",)]


@pytest.mark.parametrize("noted", [True, False], ids=["failed", "killed"])
def test_what_a_parent_said_is_not_lost_on_a_child_that_was_not_loaded(lake, monkeypatch, noted):
    for run, at, groups in ("one", NOON, [a_record("list", "L1")]), ("two", NOON + DAY, []):
        refine(lake, "default", ["lists"])
        members = a_page("list_profiles", a_member("P1"), parent_id="L1", fetched_at=at)
        land(lake, run, a_page("lists", *groups, fetched_at=at), members)
    whole = load.Loader._load

    def failing(loader, table, batch_ids, writer):
        if table.name == "list_profiles":
            raise OSError("no space left")
        return whole(loader, table, batch_ids, writer)

    with monkeypatch.context() as broken:
        broken.setattr(load.Loader, "_load", failing)
        if not noted:
            broken.setattr("klaviyo_spark.silver.refine._note", lambda *_: None)
        with pytest.raises(OSError, match="no space left"):
            refine(lake, "default", ["lists"])
    refine(lake, "default", ["lists"])

    gone = [((NOON + DAY).replace(tzinfo=None),)]
    assert rows(lake, "lists", "_deleted_at") == gone
    assert rows(lake, "list_profiles", "_deleted_at") == gone


def test_what_has_been_taken_in_is_noted_while_others_still_are(lake, monkeypatch):
    monkeypatch.setattr("klaviyo_spark.silver.refine.NOTE_EVERY_S", 0)
    land(lake, "one", a_page("tags", a_record("tag", "T1")), a_page("metrics"))
    appended = []
    append_ops = Lake.append_ops
    monkeypatch.setattr(
        Lake, "append_ops", lambda *given: appended.append(given[2]) or append_ops(*given)
    )
    refine(lake, "default", ["tags", "metrics"])

    noted = [[row["table_name"] for row in rows] for rows in appended]
    assert sorted(noted) == [["metrics"], ["tags"]]
