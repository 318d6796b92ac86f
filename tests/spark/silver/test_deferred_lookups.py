"""Rows that waited for others, over two runs."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest

from klaviyo_spark.silver.deferred_lookups import DeferredLookups
from klaviyo_spark.silver.refine import refine
from tests.builders import (
    DAY,
    NOON,
    a_campaign,
    a_campaign_message,
    a_flow,
    a_flow_action,
    a_page,
    a_record,
    an_attribution,
    an_event,
)
from tests.helpers.small_lakes import land, rows

COHORT = {"$_cohort$message_send_cohort": "1782173000:M1"}


def attributed(id: str = "E9", **to: str) -> dict[str, Any]:
    """A page with one event and what it is attributed to."""
    event = an_event(id, {}, datetime="2026-06-25T10:00:00+00:00")
    event["relationships"]["attributions"]["data"] = [{"type": "attribution", "id": "A1"}]
    return a_page("events", event, included=[an_attribution("A1", **to)])


def test_an_event_takes_from_the_attributed_one_however_late_that_comes(lake):
    names_none = {"$attribution": {"$attributed_event_id": "E0", "$group_ids": []}}
    own = a_page("events", an_event("E8", names_none))
    land(lake, "one", attributed(attributed_event="E0"), own)
    refine(lake, "default", ["events"])
    waits = rows(lake, "events", "id", "attribution_send_ts", "_run_id")
    sent = an_event("E0", {**COHORT, "$group_ids": ["L1", "L2"]})
    land(lake, "two", a_page("events", sent, fetched_at=NOON + DAY))
    loads = {load.table: load for load in refine(lake, "default", ["events"])}
    land(lake, "three", a_page("events", sent, fetched_at=NOON + 2 * DAY))
    again = refine(lake, "default", ["events"])

    assert waits == [("E8", None, "one"), ("E9", None, "one")]
    assert rows(lake, "events", "id", "attribution_send_ts", "_run_id") == [
        ("E0", None, "two"),
        ("E8", 1782173000.0, "two"),
        ("E9", 1782173000.0, "two"),
    ]
    assert rows(lake, "event_attribution_group_ids", "event_id", "group_id") == [
        ("E9", "L1"),
        ("E9", "L2"),
    ]
    assert (loads["events"].inserted, loads["events"].updated) == (1, 2)
    assert loads["event_attribution_group_ids"].inserted == 2
    assert not any(load.changed for load in again)


class Killed(BaseException):
    """Ends a run: what is no Exception is no reason to hold a table back."""


def die(*_: object) -> NoReturn:
    raise Killed


def test_a_run_that_broke_off_before_it_settled_settles_when_refined_again(lake, monkeypatch):
    land(lake, "one", attributed(attributed_event="E0"))
    refine(lake, "default", ["events"])
    sent = an_event("E0", {**COHORT, "$group_ids": ["L1"]})
    land(lake, "two", a_page("events", sent, fetched_at=NOON + DAY))
    with monkeypatch.context() as broken:
        broken.setattr(DeferredLookups, "look_up", die)
        with pytest.raises(Killed):
            refine(lake, "default", ["events"])
    between = rows(lake, "events", "id", "attribution_send_ts")
    refine(lake, "default", ["events"])

    assert between == [("E0", None), ("E9", None)]
    assert rows(lake, "events", "id", "attribution_send_ts") == [("E0", None), ("E9", 1782173000.0)]
    assert rows(lake, "event_attribution_group_ids", "event_id", "group_id") == [("E9", "L1")]


def test_an_event_takes_the_channel_of_a_message_however_late_that_comes(lake):
    land(lake, "one", attributed(campaign_message="C1-M"))
    refine(lake, "default", ["events"])
    message = a_campaign_message("C1-M", channel="sms")
    campaigns = a_page("campaigns", a_campaign("C1"), included=[message])
    land(
        lake,
        "two",
        {**campaigns, "fetched_at": NOON + DAY},
        a_page("events", fetched_at=NOON + DAY),
    )
    refine(lake, "default", ["campaigns", "events"])

    assert rows(lake, "events", "id", "attribution_attributed_channel") == [("E9", "sms")]


def test_a_message_has_the_channel_that_its_listing_or_its_action_says_in_any_order(lake):
    test = {
        "type": "ab-test",
        "data": {"main_action": {"type": "content", "data": {"message": {"id": "M1"}}}},
    }
    send = {"type": "send-email", "data": {"message": {"id": "M2"}}}
    actions = [a_flow_action("X1", test), a_flow_action("X2", send)]
    land(lake, "one", a_page("flows", a_flow("F1", "X1", "X2"), included=actions))
    refine(lake, "default", ["flows"])
    listed = a_record("flow-message", "M1", channel="email", updated="2026-02-01T00:00:00+00:00")
    silent = a_record("flow-message", "M2", channel=None)
    later = {"fetched_at": NOON + DAY}
    land(
        lake,
        "two",
        a_page("flow_messages", listed, parent_id="X1", **later),
        a_page("flow_messages", silent, parent_id="X2", **later),
    )
    refine(lake, "default", ["flows"])

    assert rows(lake, "flow_action_messages", "flow_action_message_id", "channel") == [
        ("M1", "email"),
        ("M2", "email"),
    ]
