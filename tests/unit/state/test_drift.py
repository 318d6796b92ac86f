"""What is decided where tables are not what the last load left. No Spark, no files here."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from klaviyo_spark.lake.delta_log import Commit, TableState
from klaviyo_spark.lake.table_states import changes_rows
from klaviyo_spark.silver.dependencies import held_back_with, needed_by
from klaviyo_spark.silver.repair import RepairPlan, mending
from klaviyo_spark.state.drift import LoadMark, drift, looked_at

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=timezone.utc)
EVENTS = {"events", "event_group_ids", "event_attribution_group_ids"}


def loaded(
    table: str = "tags", id: str | None = "A", version: int | None = 3, **of: Any
) -> LoadMark:
    """What the loads into a table say of it."""
    return LoadMark(table, id, version, **{"batch_ids": frozenset({"b1"}), **of})


def a_commit(version: int, operation: str = "DELETE") -> Commit:
    return Commit(version, NOON, operation, removes=True)


def a_state(id: str = "A", version: int = 3, *foreign: Commit) -> TableState:
    return TableState(id, version, {}, foreign)


def said(version: int, operation: str = "DELETE") -> str:
    return f"2026-06-01 12:00:00 UTC {operation} (version {version})"


def test_a_table_that_is_as_the_last_load_left_it_keeps_its_batches():
    found = drift([loaded()], {"tags": a_state()})

    assert found.batch_ids == {"tags": {"b1"}}
    assert (found.gone, found.fresh, found.foreign_commits) == ({}, {}, {})


@pytest.mark.parametrize(
    "states", [{}, {"tags": a_state("B", 0)}, {"tags": a_state("B", 9)}], ids=["no", "new", "other"]
)
def test_loads_into_another_table_of_that_name_do_not_count(states):
    found = drift([loaded()], states)

    assert (found.batch_ids, found.gone) == ({}, {"tags": {"b1"}})


@pytest.mark.parametrize("load", [loaded(id=None), loaded(version=None)])
def test_a_load_that_does_not_say_where_it_went_does_not_count(load):
    found = drift([load], {"tags": a_state()})

    assert (found.batch_ids, found.gone) == ({}, {"tags": {"b1"}})


def test_a_table_that_no_load_went_to_is_new_and_not_gone():
    found = drift([], {"tags": a_state()})

    assert (found.batch_ids, found.gone) == ({}, {})


def test_a_table_made_again_that_was_loaded_since_is_not_gone():
    loads = [loaded(), loaded(id="B", version=1, batch_ids=frozenset({"b2"}))]

    found = drift(loads, {"tags": a_state("B", 2)})

    assert (found.batch_ids, found.gone) == ({"tags": {"b2"}}, {})


def test_commits_of_others_are_said_until_the_loads_are_replaced():
    before = loaded(version=9, foreign_commits=frozenset({said(4, "UPDATE")}))
    state = a_state("A", 12, a_commit(4, "UPDATE"), a_commit(10))

    found = drift([before], {"tags": state})
    rebuilt = drift([loaded(version=12)], {"tags": state})

    assert found.fresh == {"tags": (said(10),)}, "that of before has been written down"
    assert found.foreign_commits == {"tags": (said(4, "UPDATE"), said(10))}
    assert (rebuilt.fresh, rebuilt.foreign_commits) == ({}, {})


def test_commits_are_looked_at_since_the_earliest_load_that_may_count():
    loads = [loaded(version=9), loaded(id="B", version=2), loaded("lists", version=None)]

    assert looked_at(loads, ["tags", "lists", "metrics"]) == {
        "tags": 2,
        "lists": None,
        "metrics": None,
    }


@pytest.mark.parametrize(
    ("gone", "anew"),
    [
        ({"tags"}, {"tags"}),
        ({"events"}, EVENTS),
        ({"event_group_ids"}, EVENTS),
        ({"event_attribution_group_ids"}, EVENTS),
        ({"list_tags"}, {"lists", "list_tags"}),
        ({"member_lists", "tags"}, {"lists", "member_lists", "tags"}),
        (
            {"campaign_messages"},
            {"campaigns", "campaign_messages", "campaign_message_send_times"},
        ),
    ],
)
def test_what_is_gone_is_made_anew_with_its_owners_and_its_heirs(gone, anew):
    assert mending(gone, by_age=()) == RepairPlan(anew=frozenset(anew))


def test_where_pages_have_gone_by_age_a_table_and_what_hangs_on_it_is_refused():
    todo = mending({"flow_actions", "tags"}, by_age={"flows", "events"})

    refused = {"flows": frozenset({"flow_actions", "flow_action_messages"})}
    assert todo == RepairPlan(frozenset({"tags"}), refused)


def test_an_owner_that_holds_more_than_bronze_is_not_made_anew():
    todo = mending({"event_group_ids", "list_tags"}, by_age=(), short={"events", "member_lists"})

    refused = frozenset({"event_group_ids", "event_attribution_group_ids"})
    assert todo == RepairPlan(frozenset({"lists", "list_tags"}), {"events": refused})


def test_what_a_table_looks_things_up_in_is_needed_too():
    assert needed_by({"event_group_ids"}) == {
        "event_group_ids",
        "events",
        "campaign_messages",
        "campaigns",
        "flow_action_messages",
        "flow_actions",
        "flows",
    }


@pytest.mark.parametrize(
    ("operation", "metrics", "changes"),
    [
        ("DELETE", {"numRemovedFiles": "1"}, True),
        ("DELETE", {"numDeletedRows": "0", "numRemovedFiles": "0"}, False),
        ("TRUNCATE", {"numRemovedFiles": "2"}, True),
        ("UPDATE", {}, True),
        ("MERGE", {"numOutputRows": "3", "numTargetRowsUpdated": "0"}, True),
        ("MERGE", {"numOutputRows": "0", "numTargetRowsDeleted": "0"}, False),
        ("WRITE", {"numOutputRows": "5"}, True),
        ("RESTORE", {"numRestoredFiles": "4", "numRemovedFiles": "0"}, True),
        ("CREATE OR REPLACE TABLE AS SELECT", {"numOutputRows": "1"}, True),
        ("CREATE TABLE AS SELECT", {}, True),
        ("CREATE TABLE", {}, False),
        ("OPTIMIZE", {"numRemovedFiles": "4"}, False),
        ("REORG", {"numRemovedFiles": "4"}, False),
        ("VACUUM START", {}, False),
        ("VACUUM END", {}, False),
        ("SET TBLPROPERTIES", {}, False),
        ("ADD COLUMNS", {}, False),
        ("REPLACE COLUMNS", {}, False),
        ("UPDATE COLUMN METADATA", {}, False),
        ("COMPUTE STATS", {}, False),
    ],
)
def test_operations_that_change_rows(operation, metrics, changes):
    assert changes_rows(operation, metrics) == changes


def test_of_a_table_that_cannot_be_read_nobody_says_that_it_is_gone():
    found = drift([loaded(), loaded("lists")], {"lists": a_state()}, {"tags": "why"})
    assert (found.gone, found.batch_ids) == ({}, {"lists": {"b1"}})
    assert found.unreadable == {"tags": "why"}


def test_with_a_table_that_cannot_be_read_goes_what_looks_rows_up_in_it_and_what_is_made_of_it():
    assert held_back_with(["tags"]) == {"tags"}
    assert held_back_with(["events"]) == EVENTS
    assert held_back_with(["campaign_messages"]) == EVENTS | {
        "campaign_messages",
        "campaign_message_send_times",
    }
