"""What was asked for and did not come keeps the columns that it feeds: rows of small lakes."""

from __future__ import annotations

from typing import Any

import pytest

from klaviyo_spark.lake.lake import Lake
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
from tests.helpers.small_lakes import rows


def take_in(lake: Lake, day: int, *pages: dict[str, Any]) -> None:
    run, at = f"run {day}", NOON + day * DAY
    facts = {"run_id": run, "batch_id": f"batch of {run}", "fetched_at": at}
    lake.append_pages([{**page, **facts, "read_started_at": at} for page in pages])
    refine(lake, "default", sorted({page["resource"] for page in pages}))


@pytest.mark.parametrize(
    "given",
    [{}, *({"subscriptions": value} for value in (None, {}, [], "N/A", {"email": "N/A"}))],
    ids=["absent", "null", "empty", "array", "text", "text inside"],
)
def test_profiles_without_subscriptions_keep_their_consent_and_suppressions(lake, given):
    """Issue 19: ten columns of consent turned to NULL."""
    marketing = {
        "consent": "SUBSCRIBED",
        "double_optin": True,
        "suppression": [{"reason": "UNSUBSCRIBE", "timestamp": "2026-05-01T00:00:00Z"}],
    }
    whole = {"email": {"marketing": marketing}, "sms": {"marketing": {"consent": "SUBSCRIBED"}}}
    take_in(lake, 0, a_page("profiles", a_record("profile", "P1", subscriptions=whole)))
    take_in(lake, 1, a_page("profiles", a_record("profile", "P1", first_name="Ann", **given)))
    kept = rows(
        lake,
        "profiles",
        "first_name",
        "email_marketing_consent",
        "email_marketing_double_optin",
        "sms_marketing_consent",
    )
    suppressed = rows(lake, "profile_email_suppressions", "reason", "_deleted_at")
    none = {"email": {"marketing": {"consent": "UNSUBSCRIBED"}}, "sms": None}
    take_in(lake, 2, a_page("profiles", a_record("profile", "P1", subscriptions=none)))

    assert kept == [("Ann", "SUBSCRIBED", True, "SUBSCRIBED")]
    assert suppressed == [("UNSUBSCRIBE", None)]
    now = rows(lake, "profiles", "first_name", "email_marketing_consent", "sms_marketing_consent")
    assert now == [(None, "UNSUBSCRIBED", None)], "what came and is empty is empty"


def an_attributed_event(**properties: Any) -> dict[str, Any]:
    event = an_event("E1", properties)
    event["relationships"]["attributions"]["data"] = [{"type": "attribution", "id": "A1"}]
    return event


EVENT = (
    "id",
    "subject",
    "profile_email",
    "attribution_flow",
    "attribution_attributed_event_id",
    "attribution_send_ts",
    "metric_data_id",
    "profile_data_id",
)


def test_an_event_whose_page_does_not_include_what_it_names_keeps_it(lake):
    cause = an_event("E0", {"$_cohort$message_send_cohort": "77:M1"})
    person = a_record("profile", "P1", email="a@example.com")
    attribution = an_attribution("A1", flow="F1", attributed_event="E0")
    event = an_attributed_event(Subject="one")
    take_in(lake, 0, a_page("events", cause, event, included=[person, attribution]))
    before = rows(lake, "events", *EVENT)[-1][1:]
    take_in(lake, 1, a_page("events", an_attributed_event(Subject="two")))
    bare = an_event("E1", {"Subject": "three"})
    bare["relationships"] = {name: {"links": {}} for name in bare["relationships"]}
    without_names = rows(lake, "events", *EVENT)[-1][1:]
    take_in(lake, 2, a_page("events", bare))
    without_relations = rows(lake, "events", *EVENT)[-1][1:]
    nobody = a_record("profile", "P1", email=None)
    take_in(lake, 3, a_page("events", an_event("E1", {"Subject": "four"}), included=[nobody]))

    kept = ("a@example.com", "F1", "E0", 77.0, "X1", "P1")
    assert before == ("one", *kept)
    assert without_names == ("two", *kept)
    assert without_relations == ("three", *kept)
    assert rows(lake, "events", *EVENT)[-1][1:] == (
        "four",
        None,
        None,
        None,
        None,
        "X1",
        "P1",
    )


def test_members_without_the_address_that_was_asked_for_keep_it_and_a_null_does_not(lake):
    def page(*members: Any) -> dict[str, Any]:
        return a_page("list_profiles", *members, parent_id="L1")

    people = [a_member(id, f"{id}@example.com") for id in ("P1", "P2")]
    take_in(lake, 0, page(*people))
    bare = a_member("P1")
    del bare["attributes"]["email"]
    del bare["attributes"]["joined_group_at"]
    take_in(lake, 1, page(bare, a_member("P2", None)))

    for table in ("stg_member_lists", "member_lists"):
        found = rows(lake, table, "profile_id", "email", "joined_group_at")
        assert [row[:2] for row in found] == [("P1", "P1@example.com"), ("P2", None)]
        assert found[0][2] == found[1][2] is not None


def test_messages_keep_their_campaign_and_template_where_a_page_leaves_them_out(lake):
    template = a_campaign_message()
    template["relationships"]["template"] = {"data": {"type": "template", "id": "W1"}}
    message = a_campaign_message()
    listing = a_page("campaigns", a_campaign(), included=[message])
    take_in(lake, 0, listing, a_page("campaign_templates", template, parent_id="C1"))
    alone = a_campaign()
    alone["relationships"]["campaign-messages"] = {"links": {}}
    links = a_campaign_message(label="B")
    again = a_page("campaign_templates", links, parent_id="C1")
    take_in(lake, 1, a_page("campaigns", alone, included=[links]), again)

    columns = ("label", "campaign_data_id", "template_data_id", "_deleted_at")
    assert rows(lake, "campaign_messages", *columns) == [("B", "C1", "W1", None)]


def test_actions_keep_their_flow_and_what_the_older_revision_says(lake):
    told = a_record("flow-action", "A1", tracking_options={"is_tracking_opens": True})
    action = a_flow_action("A1", {"type": "code"})
    take_in(
        lake,
        0,
        a_page("flows", a_flow("F1", "A1"), included=[action]),
        a_page("flow_actions_2025", included=[told]),
    )
    alone = a_flow("F1")
    alone["relationships"]["flow-actions"] = {"links": {}}
    take_in(
        lake,
        1,
        a_page("flows", alone, included=[a_flow_action("A1", {"type": "list-update"})]),
        a_page("flow_actions_2025", included=[a_record("flow-action", "A1")]),
    )

    columns = ("action_type", "flow_id", "tracking_options_is_tracking_opens", "_deleted_at")
    assert rows(lake, "flow_actions", *columns) == [("LIST_UPDATE", "F1", True, None)]
