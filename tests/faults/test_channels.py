"""A campaign that stands in the listings of several channels: the first of them counts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.resources import ENDPOINTS, TABLES
from klaviyo_spark.silver.models import Load
from klaviyo_spark.silver.rebuild import rebuild
from klaviyo_spark.silver.refine import refine
from klaviyo_spark.state.resume_points import slice_text
from tests.builders import NOON, a_campaign, a_campaign_message, a_page
from tests.helpers.small_lakes import rows

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
Slice = tuple[str, bool]
EMAIL, SMS, PUSH = ("email", False), ("sms", False), ("mobile_push", False)
EVERY = [
    (part.facts["channel"], part.facts["archived"] == "true")
    for part in ENDPOINTS["campaigns"].slices
]
TOLD = (
    "klaviyo_v2.campaigns: 1 listed under more than one channel: the first of email, sms, "
    "mobile_push counts (check multiple_listings)",
)


def sync(
    lake: Lake,
    day: int,
    listed: dict[Slice, list[Any]],
    *,
    failed: tuple[Slice, ...] = (),
    order: list[Slice] = EVERY,
) -> dict[str, Load]:
    """Read all listings of campaigns, a minute each, but for those that ``failed``; refine.

    Args:
        listed: the campaigns of each listing; those not named are empty.
        order: in which they are fetched.
    """
    begin = NOON + day * DAY
    pages = [
        a_page(
            "campaigns",
            *listed.get(part, []),
            included=[a_campaign_message()] if listed.get(part) else [],
            fetched_at=begin + number * MINUTE,
            slice=slice_text({"channel": part[0], "archived": str(part[1]).lower()}),
            read_id=f"read {day}",
            walks_in_read=len(EVERY),
            read_started_at=begin,
            run_id=f"run {day}",
            batch_id=f"batch {day}",
        )
        for number, part in enumerate(order)
        if part not in failed
    ]
    lake.append_pages(pages)
    return {load.table: load for load in refine(lake, "default", ["campaigns"])}


def named(name: str, day: int = 1, **attributes: Any) -> Any:
    """Campaign C1 as it was on a day; its audience is called as it is."""
    at = f"2026-05-{day:02d}T00:00:00Z"
    return a_campaign(name=name, updated_at=at, audiences={"included": [name]}, **attributes)


def test_the_first_channel_counts_whatever_is_fetched_first_and_it_is_told(lake):
    listed = {EMAIL: [named("in email")], SMS: [named("in sms")], PUSH: [named("in push")]}
    first = sync(lake, 0, listed)
    listed[PUSH].append(a_campaign("C2"))
    second = sync(lake, 1, listed, order=EVERY[::-1])

    assert rows(lake, "campaigns", "campaign_id", "channel", "name", "_run_id") == [
        ("C1", "email", "in email", "run 0"),
        ("C2", "mobile_push", "Spring sale", "run 1"),
    ]
    included = rows(lake, "campaign_audiences_included", "campaign_id", "audience_id", "_run_id")
    assert included == [("C1", "in email", "run 0"), ("C2", "L1", "run 1")]
    assert first["campaigns"].check_warnings == second["campaigns"].check_warnings == TOLD
    assert {load.check_warnings for name, load in first.items() if name != "campaigns"} == {()}


def test_a_version_that_only_a_later_channel_has_is_shown_under_the_first(lake):
    sync(lake, 0, {EMAIL: [named("old")], SMS: [named("new", 2)]})
    assert rows(lake, "campaigns", "channel", "name") == [("email", "new")]
    assert rows(lake, "campaign_audiences_included", "audience_id") == [("new",)]


def test_within_a_channel_the_state_fetched_last_counts(lake):
    parts = {EMAIL: [named("C", archived=False)], ("email", True): [named("C", archived=True)]}
    loads = sync(lake, 0, parts)
    archived = rows(lake, "campaigns", "channel", "archived")
    sync(lake, 1, {**parts, PUSH: [a_campaign("C2")]}, order=EVERY[::-1])

    assert archived == [("email", True)]
    assert rows(lake, "campaigns", "channel", "archived")[0] == ("email", False)
    assert loads["campaigns"].check_warnings == ()


def test_a_run_that_read_a_later_channel_alone_turns_nothing(lake):
    both = {EMAIL: [named("in email")], SMS: [named("in sms")]}
    failed = (EMAIL, ("email", True))
    sync(lake, 0, both)
    part = sync(lake, 1, both, failed=failed)
    before = rows(lake, "campaigns", "channel", "name")
    newer = sync(lake, 2, {SMS: [named("newer", 2)]}, failed=failed)
    after = rows(lake, "campaigns", "channel", "name")
    sync(lake, 3, {EMAIL: [named("newer", 2)], SMS: [named("newer", 2)]})

    assert (before, part["campaigns"].check_warnings) == ([("email", "in email")], TOLD)
    assert not part["campaigns"].changed
    assert (after, newer["campaigns"].check_warnings) == ([("email", "newer")], TOLD)
    assert rows(lake, "campaigns", "channel", "name") == [("email", "newer")]
    assert rows(lake, "campaigns", "_deleted_at") == [(None,)]


def test_a_first_run_that_read_a_later_channel_alone_is_put_right_by_the_next(lake):
    both = {EMAIL: [named("C")], SMS: [named("C")]}
    sync(lake, 0, both, failed=(EMAIL,))
    first = rows(lake, "campaigns", "channel")
    sync(lake, 1, both, failed=(SMS,))

    assert first == [("sms",)]
    assert rows(lake, "campaigns", "channel") == [("email",)]


def test_a_complete_read_that_has_it_in_a_later_channel_alone_moves_it(lake):
    sync(lake, 0, {EMAIL: [named("C")], SMS: [named("C")]})
    loads = sync(lake, 1, {SMS: [named("C")]})

    assert rows(lake, "campaigns", "channel", "_deleted_at") == [("sms", None)]
    assert loads["campaigns"].check_warnings == ()


def test_a_campaign_that_was_gone_returns_in_the_channel_that_has_it(lake):
    sync(lake, 0, {EMAIL: [named("C")]})
    sync(lake, 1, {})
    sync(lake, 2, {SMS: [named("C")]}, failed=(EMAIL,))

    assert rows(lake, "campaigns", "channel", "_deleted_at") == [("sms", None)]


def test_a_rebuild_gives_what_has_grown(lake):
    both = {EMAIL: [named("in email")], SMS: [named("in sms")]}
    for day in range(3):
        sync(
            lake, day, both, failed=(EMAIL,) if day == 1 else (), order=EVERY[:: 1 - 2 * (day % 2)]
        )
    names = [t.name for t in TABLES.values() if t.resource == "campaigns"]
    shown = ("_row_hash", "_deleted_at")
    grown = {name: rows(lake, name, *TABLES[name].key, *shown) for name in names}
    rebuild(lake, "default", ["campaigns"])

    assert {name: rows(lake, name, *TABLES[name].key, *shown) for name in names} == grown
