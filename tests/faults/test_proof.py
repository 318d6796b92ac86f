"""What proves that a thing is gone, and which of two proofs wins: rows of small lakes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from klaviyo_spark.client.client import Client
from klaviyo_spark.client.rate_limiter import Limiter
from klaviyo_spark.commands.verify import VerifyRequest, verify
from klaviyo_spark.config.models import Settings
from klaviyo_spark.config.secrets import ApiKey
from klaviyo_spark.errors import OtherAccount
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.silver.refine import refine
from tests.builders import (
    NOON,
    a_campaign,
    a_campaign_message,
    a_flow,
    a_flow_action,
    a_flow_message,
    a_member,
    a_page,
    a_record,
)
from tests.helpers.served import a_case, serving, sync
from tests.helpers.small_lakes import land, rows

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def take_in(lake: Lake, run: str, *pages: dict[str, Any]) -> None:
    land(lake, run, *pages)
    refine(lake, "default", sorted({page["resource"] for page in pages}))


def plain(moment: datetime) -> datetime:
    """As Spark gives it."""
    return moment.replace(tzinfo=None)


# -- a 404 ----------------------------------------------------------------------------------------


def test_what_a_listing_holds_is_there_whatever_its_sub_listing_answers(lake):
    """Issue 19, ``cases/404-child-of-listed-parent.json``."""
    with serving(a_case("404-child-of-listed-parent")) as served:
        summaries = [sync(lake, served, resources=("campaigns", "flows")) for _ in range(2)]

    for table in ("campaigns", "campaign_messages", "flows", "flow_actions"):
        assert rows(lake, table, "_deleted_at") == [(None,)], table
    assert [summary.exit_code for summary in summaries] == [0, 0]
    said = [[line for line in one.outcome.warnings if "404" in line] for one in summaries]
    assert said[0] == said[1]
    assert said[0] == [
        "GET /api/campaigns/{id}/campaign-messages -> 404 for 1 of the listed ids; this "
        "marks nothing as deleted. Nothing to do: the next complete read shows what is gone.",
        "GET /api/flow-actions/{id}/flow-messages -> 404 for 1 of the listed ids; this "
        "marks nothing as deleted. Nothing to do: the next complete read shows what is gone.",
    ]


# -- what a parent names --------------------------------------------------------------------------


def test_a_child_that_its_parent_names_is_there_though_the_page_does_not_include_it(lake):
    """Issue 19: only ``included`` was looked at, so a part that was left out marked all of it."""
    both = ["A1", "A2"]
    first = [a_flow_action(id, {"type": "code", "data": {}}) for id in both]
    campaign = a_campaign("C1")
    take_in(
        lake,
        "one",
        a_page("flows", a_flow("F1", *both), included=first),
        a_page("campaigns", campaign, included=[a_campaign_message("C1-M")]),
    )
    take_in(
        lake,
        "two",
        a_page("flows", a_flow("F1", "A1"), fetched_at=NOON + DAY),
        a_page("campaigns", campaign, fetched_at=NOON + DAY),
    )

    gone = plain(NOON + DAY)
    marks = rows(lake, "flow_actions", "flow_action_id", "_deleted_at")
    assert marks == [("A1", None), ("A2", gone)]
    assert rows(lake, "campaign_messages", "_deleted_at") == [(None,)]


def test_an_array_that_was_not_sent_says_nothing_of_what_was_in_it(lake):
    whole = a_campaign(audiences={"included": ["L1"], "excluded": ["S1"]})
    message = a_campaign_message()
    take_in(lake, "one", a_page("campaigns", whole, included=[message]))
    del message["attributes"]["send_times"]
    part = a_campaign(audiences={"excluded": []})
    take_in(lake, "two", a_page("campaigns", part, included=[message], fetched_at=NOON + DAY))

    assert rows(lake, "campaign_audiences_included", "_deleted_at") == [(None,)]
    assert rows(lake, "campaign_audiences_excluded", "_deleted_at") == [(plain(NOON + DAY),)]
    assert rows(lake, "campaign_message_send_times", "_deleted_at") == [(None,)]


# -- which of two proofs wins ---------------------------------------------------------------------


def test_children_that_were_read_after_their_parent_was_missing_are_there(lake):
    take_in(
        lake,
        "one",
        a_page("lists", a_record("list", "L1")),
        a_page("list_profiles", a_member("P1"), a_member("P2"), parent_id="L1"),
    )
    at = NOON + DAY
    members = a_page("list_profiles", a_member("P1"), parent_id="L1", fetched_at=at + MINUTE)
    members["is_full_read"] = False
    take_in(lake, "two", a_page("lists", fetched_at=at), members)

    assert rows(lake, "lists", "_deleted_at") == [(plain(at),)]
    marks = rows(lake, "list_profiles", "profile_id", "_deleted_at")
    assert marks == [("P1", None), ("P2", plain(at))]
    assert rows(lake, "member_lists", "profile_id", "is_member") == [("P1", True), ("P2", False)]


def test_what_another_run_saw_after_a_read_had_begun_is_not_gone_by_that_read(lake):
    """Issue 19: an unchanged row does not say when it was seen last, so the older proof won."""
    person = a_record("profile", "P1", updated="2026-05-01T00:00:00Z")
    other = a_record("profile", "P2", updated="2026-05-01T00:00:00Z")
    take_in(lake, "one", a_page("profiles", person, other))
    begun = NOON + DAY
    read = {"read_id": "all", "read_run_id": "two", "walk_id": "all", "read_started_at": begun}
    first = a_page("profiles", other, fetched_at=begun + MINUTE, **read)
    take_in(lake, "two", {**first, "is_last": False, "next_url": "…"})
    seen = a_page("profiles", person, fetched_at=begun + 2 * MINUTE, is_full_read=False)
    take_in(lake, "three", seen)
    last = a_page("profiles", fetched_at=begun + 3 * MINUTE, page_number=2, **read)
    take_in(lake, "four", last)

    assert rows(lake, "profiles", "profile_id", "_deleted_at") == [("P1", None), ("P2", None)]


@pytest.mark.parametrize("definition", [{"type": "send-email"}, {"type": "send-email", "data": {}}])
def test_a_definition_without_its_message_says_so_only_where_it_has_its_data(lake, definition):
    sends = {"type": "send-email", "data": {"message": {"id": "M1"}}}
    listing = a_page("flows", a_flow("F1", "A1"), included=[a_flow_action("A1", sends)])
    take_in(lake, "one", listing, a_page("flow_messages", a_flow_message("M1"), parent_id="A1"))
    action = a_flow_action("A1", definition)
    again = a_page("flows", a_flow("F1", "A1"), included=[action], fetched_at=NOON + DAY)
    take_in(lake, "two", again)

    gone = plain(NOON + DAY) if "data" in definition else None
    assert rows(lake, "flow_action_messages", "_deleted_at") == [(gone,)]


def test_a_listing_that_says_again_what_it_said_is_newer_than_what_was_read_between(lake):
    """Issue 19: its pages were those of its run before, so nobody looked at them."""
    sends = {"type": "send-email", "data": {"message": {"id": "M1"}}}
    listing = a_page("flows", a_flow("F1", "A1"), included=[a_flow_action("A1", sends)])
    take_in(lake, "one", listing)
    take_in(lake, "two", a_page("flow_messages", parent_id="A1", fetched_at=NOON + DAY))
    marked = rows(lake, "flow_action_messages", "_deleted_at")
    take_in(lake, "three", {**listing, "fetched_at": NOON + 2 * DAY})

    assert marked == [(plain(NOON + DAY),)]
    assert rows(lake, "flow_action_messages", "_deleted_at") == [(None,)]


# -- whose account it is --------------------------------------------------------------------------


def test_another_accounts_key_leaves_the_lake_as_it_was_whatever_is_asked(lake):
    """Issue 19: everything of the first brand was marked as gone, and the second's mixed in."""
    ours = {"tags": {"data": [a_record("tag", "T1", name="vip")]}}
    theirs = {"tags": {"data": [a_record("tag", "T9", name="b2b")]}}
    with serving(ours) as served:
        sync(lake, served, resources=("tags", "metrics"))
    before = lake.pages().count()
    with serving(theirs, metrics={"M9": "Received SMS"}) as other:
        for resources in (("tags",), ("tags", "metrics"), ("events",)):
            with pytest.raises(OtherAccount, match=r"1 metrics and none of the 2 that the lake"):
                sync(lake, other, resources=resources)
        with Client(other.url, ApiKey("pk_x"), limiter=Limiter()) as client:
            settings = Settings(base_url=other.url, resources=("tags",))
            for heal in (False, True):
                with pytest.raises(OtherAccount):
                    verify(lake, client, settings, VerifyRequest(heal=heal))
        summary = sync(lake, other, resources=("tags",), account="brand b")

    assert summary.exit_code == 0
    assert lake.pages().where("account_id = 'default'").count() == before
    found = rows(lake, "tags", "_account_id", "tag_id", "_deleted_at")
    assert found == [("brand b", "T9", None), ("default", "T1", None)]
    codes = lake.ops("runs").where("account_id = 'default'").select("exit_code").collect()
    assert sorted(row[0] for row in codes) == [0, 1, 1, 1, 1, 1]


def test_an_account_renamed_in_conf_is_refused_before_anything_lands(lake):
    """Issue 19: the lake held each of its rows twice, exit 0."""
    ours = {"tags": {"data": [a_record("tag", "T1", name="vip")]}}
    with serving(ours) as served:
        sync(lake, served, resources=("tags", "metrics"), account="a")
        for resources in (("tags",), ("tags", "metrics"), ("events",)):
            with pytest.raises(
                OtherAccount, match=r"2 of them as those of account 'a' and none as"
            ):
                sync(lake, served, resources=resources, account="b")
        again = sync(lake, served, resources=("tags", "metrics"), account="a")

    assert again.exit_code == 0
    assert lake.pages().where("account_id != 'a'").count() == 0
    assert rows(lake, "tags", "_account_id", "tag_id", "_deleted_at") == [("a", "T1", None)]
