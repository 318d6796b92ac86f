"""Which walks a run makes: listings, fanouts, events, profiles. No Spark, no network."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from klaviyo_spark.bronze import request_plan
from klaviyo_spark.bronze.metric_selection import metrics_on
from klaviyo_spark.bronze.request_plan import (
    Parent,
    RequestedRange,
    event_walks,
    fanout_walks,
    listing_walks,
    parents_on,
    profile_walks,
)
from klaviyo_spark.client.paginator import Walk
from klaviyo_spark.resources import ENDPOINTS
from klaviyo_spark.schema.endpoint import Slice
from klaviyo_spark.state.intervals import CoveredInterval, Range, ranges_to_read
from klaviyo_spark.state.models import LastRequest
from tests.builders import DAY, NOON

BASE = "https://a.klaviyo.com"
WEEK = 7 * DAY
START = datetime(2026, 1, 1, tzinfo=timezone.utc)
UPPER = NOON - timedelta(minutes=5)
EVERYTHING = RequestedRange(None, None, UPPER, WEEK)
LISTINGS = ("campaigns", "flows", "lists", "metrics", "segments", "tags")


def asked(walk: Walk) -> dict[str, str]:
    """The query of a walk's first request."""
    found = parse_qs(urlsplit(walk.first_url).query, keep_blank_values=True, strict_parsing=False)
    return {name: value for name, (value,) in found.items()}


def listing(endpoint: str) -> list[Walk]:
    return listing_walks(BASE, ENDPOINTS[endpoint], NOON)


def read_in_time(covered: list[Range]) -> list[CoveredInterval]:
    """Ranges that were read as soon as they had passed."""
    return [CoveredInterval(r, r.end) for r in covered]


def events(covered: dict[str, list[Range]], span: RequestedRange = EVERYTHING) -> list[Walk]:
    reads = {metric_id: read_in_time(ranges) for metric_id, ranges in covered.items()}
    return event_walks(BASE, ENDPOINTS["events"], reads, span, NOON)


def profiles(
    covered: list[Range], span: RequestedRange = EVERYTHING, is_full_read: bool = False
) -> list[Walk]:
    reads = read_in_time(covered)
    return profile_walks(BASE, ENDPOINTS["profiles"], reads, span, is_full_read, NOON)


def spans(walks: list[Walk]) -> list[tuple[datetime | None, datetime | None]]:
    return [(walk.bounds.start, walk.bounds.end) for walk in walks if walk.bounds]


# -- listings -------------------------------------------------------------------------------------


def test_campaigns_are_asked_for_once_per_channel_and_archived_or_not():
    assert [asked(walk)["filter"] for walk in listing("campaigns")] == [
        'equals(messages.channel,"email")',
        'equals(messages.channel,"email"),equals(archived,true)',
        'equals(messages.channel,"sms")',
        'equals(messages.channel,"sms"),equals(archived,true)',
        'equals(messages.channel,"mobile_push")',
        'equals(messages.channel,"mobile_push"),equals(archived,true)',
    ]


def test_a_walk_carries_the_facts_its_answer_does_not_say():
    assert [walk.facts for walk in listing("campaigns")][1:3] == [
        {"channel": "email", "archived": "true"},
        {"channel": "sms", "archived": "false"},
    ]


def test_flows_are_asked_for_twice_since_archived_ones_hide():
    queries = [asked(walk) for walk in listing("flows")]
    same = {"include": "flow-actions,tags", "page[size]": "50", "sort": "id"}
    assert queries == [same, {**same, "filter": "equals(archived,true)"}]


@pytest.mark.parametrize("endpoint", ["lists", "metrics", "segments", "tags"])
def test_a_listing_without_slices_is_one_walk_without_filter(endpoint):
    (walk,) = listing(endpoint)
    assert "filter" not in asked(walk)
    assert (walk.facts, walk.parent_id, walk.bounds) == ({}, None, None)


@pytest.mark.parametrize(
    ("endpoint", "query"),
    [
        ("campaigns", {"include": "campaign-messages,tags", "page[size]": "100", "sort": "id"}),
        ("flows", {"include": "flow-actions,tags", "page[size]": "50", "sort": "id"}),
        ("lists", {"include": "tags", "page[size]": "10", "sort": "id"}),
        ("metrics", {}),
        ("segments", {"include": "tags", "page[size]": "10", "sort": "id"}),
        ("tags", {"page[size]": "50", "sort": "id"}),
    ],
)
def test_a_listing_is_asked_for_with_the_fewest_requests(endpoint, query):
    first = asked(listing(endpoint)[0])
    first.pop("filter", None)
    assert first == query


@pytest.mark.parametrize("endpoint", LISTINGS)
def test_the_walks_of_a_listing_are_judged_together_as_one_complete_read(endpoint):
    walks = listing(endpoint)
    assert {walk.walks_in_read for walk in walks} == {len(walks)}
    assert len({walk.read_id for walk in walks}) == 1
    assert len({walk.walk_id for walk in walks}) == len(walks)
    assert {(walk.is_full_read, walk.read_started_at) for walk in walks} == {(True, NOON)}


def test_each_read_of_a_listing_is_a_read_of_its_own():
    assert listing("tags")[0].read_id != listing("tags")[0].read_id


# -- fanouts --------------------------------------------------------------------------------------


def test_a_fanout_is_one_complete_read_per_parent():
    endpoint = ENDPOINTS["list_profiles"]
    walks = fanout_walks(BASE, endpoint, [Parent("Y6nRLr"), Parent("Y6nRLR")], NOON)

    assert [urlsplit(walk.first_url).path for walk in walks] == [
        "/api/lists/Y6nRLr/profiles",
        "/api/lists/Y6nRLR/profiles",
    ]
    assert [walk.parent_id for walk in walks] == ["Y6nRLr", "Y6nRLR"]
    assert [(walk.walks_in_read, walk.is_full_read) for walk in walks] == [(1, True), (1, True)]
    assert walks[0].read_id != walks[1].read_id


def test_members_are_asked_for_by_the_hundred_with_the_time_they_joined():
    (walk,) = fanout_walks(BASE, ENDPOINTS["list_profiles"], [Parent("L1")], NOON)
    assert asked(walk) == {
        "fields[profile]": "email,joined_group_at",
        "page[size]": "100",
        "sort": "joined_group_at",
    }


def test_a_parents_id_is_quoted_in_the_path():
    (walk,) = fanout_walks(BASE, ENDPOINTS["list_profiles"], [Parent("a/b?c")], NOON)
    assert urlsplit(walk.first_url).path == "/api/lists/a%2Fb%3Fc/profiles"


def test_the_members_of_a_segment_that_is_filling_are_no_complete_read():
    parents = [Parent("S1", whole=False), Parent("S2")]
    walks = fanout_walks(BASE, ENDPOINTS["segment_profiles"], parents, NOON)
    assert [walk.is_full_read for walk in walks] == [False, True]


def test_no_parents_no_walks():
    assert fanout_walks(BASE, ENDPOINTS["list_profiles"], [], NOON) == []


def found_on(endpoint: str, facts: dict[str, str] | None = None, **page: Any) -> list[Parent]:
    """Parents that ``endpoint`` is asked about, of a page of its parents' listing."""
    fanout = ENDPOINTS[endpoint].fanout
    assert fanout
    return parents_on(json.dumps({"data": [], **page}).encode(), facts or {}, fanout)


def ids_on(endpoint: str, facts: dict[str, str] | None = None, **page: Any) -> list[str]:
    return [parent.id for parent in found_on(endpoint, facts, **page)]


def test_every_list_is_asked_for_its_members():
    data = [{"type": "list", "id": "L1"}, {"type": "list", "id": "L2"}]
    assert ids_on("list_profiles", data=data) == ["L1", "L2"]


@pytest.mark.parametrize(
    ("attributes", "whole"),
    [
        ({"is_processing": True}, False),
        ({"is_processing": False}, True),
        ({"is_processing": None}, True),
        ({}, True),
        (None, True),
    ],
)
def test_a_segment_is_whole_unless_it_says_that_it_is_processing(attributes, whole):
    data = [{"type": "segment", "id": "S1", "attributes": attributes}]
    (segment,) = found_on("segment_profiles", data=data)
    assert (segment.id, segment.whole) == ("S1", whole)


@pytest.mark.parametrize(
    ("channel", "parents"),
    [("email", ["C1"]), ("mobile_push", ["C1"]), ("sms", [])],
)
def test_only_campaigns_with_templates_are_asked_for_them(channel, parents):
    facts = {"channel": channel, "archived": "false"}
    data = [{"type": "campaign", "id": "C1"}]
    assert ids_on("campaign_templates", facts, data=data) == parents


def an_action(definition: Any, messages: Any = None) -> dict[str, Any]:
    """A flow action; ``messages`` are the ids its relationship names, None where it names none."""
    links = {"links": {}} if messages is None else {"data": messages, "links": {}}
    return {
        "type": "flow-action",
        "id": "A1",
        "attributes": {"definition": definition},
        "relationships": {"flow-messages": links},
    }


@pytest.mark.parametrize(
    "action",
    [
        an_action({"type": "send-email", "data": {"message": {"id": "M1"}}}),
        an_action({"type": "ab-test", "data": {"main_action": {"id": "A2"}}}),
        an_action({"type": "content-experiment", "data": {"current_experiment": {"id": "X"}}}),
        an_action(None, [{"type": "flow-message", "id": "M1"}]),
    ],
    ids=["a send", "an A/B test", "an experiment", "one at an older revision"],
)
def test_actions_that_send_are_asked_for_their_messages(action):
    assert ids_on("flow_messages", included=[action]) == ["A1"]


@pytest.mark.parametrize(
    "action",
    [
        an_action({"type": "time-delay", "data": {"unit": "days", "value": 2}}),
        an_action({"type": "conditional-split", "data": None}, []),
        an_action({"type": "send-email", "data": {"message": None}}),
        an_action("a text"),
        an_action(None),
    ],
    ids=["a delay", "a split", "a send without message", "a text", "nothing"],
)
def test_actions_that_send_nothing_are_not(action):
    assert found_on("flow_messages", included=[action]) == []


def test_only_included_objects_of_the_right_type_are_parents():
    action = an_action({"type": "send-email", "data": {"message": {"id": "M1"}}})
    assert found_on("flow_messages", data=[action], included=[{**action, "type": "tag"}]) == []


NO_IDS = (None, "", " \t\u00a0", True, 7.5, ["L1"], {"id": "L1"}, '["L1"]', ' {"id": "L1"}')


def test_records_without_an_id_are_no_parents():
    data = [{"type": "list"}, *({"type": "list", "id": id} for id in NO_IDS), "L1", None, ["L1"]]
    assert found_on("list_profiles", data=data) == []


def test_a_parent_whose_id_is_a_number_is_asked_about_by_its_digits():
    digits = 123456789012345678901234
    data = [{"type": "list", "id": 5}, {"type": "list", "id": digits}]
    parents = found_on("list_profiles", data=data)
    walks = fanout_walks(BASE, ENDPOINTS["list_profiles"], parents, NOON)

    assert [walk.parent_id for walk in walks] == ["5", str(digits)]
    assert urlsplit(walks[0].first_url).path == "/api/lists/5/profiles"


def test_a_page_without_records_or_included_has_no_parents():
    assert found_on("list_profiles", data=[]) == []
    assert found_on("flow_messages", data=[]) == []
    assert found_on("flow_messages", data=[], included=None) == []


# -- parents that are asked about again -----------------------------------------------------------


def a_campaign(status: str = "Sent", send_time: str | None = None, **attributes: Any) -> Parent:
    """A campaign as its page makes it a parent."""
    record = {
        "type": "campaign",
        "id": "C1",
        "attributes": {"status": status, "send_time": send_time, **attributes},
    }
    (parent,) = found_on("campaign_templates", {"channel": "email"}, data=[record])
    return parent


def asked_again(parent: Parent, before: Parent, days_ago: float = 1) -> bool:
    """Whether ``parent`` is asked about, ``days_ago`` after it was as ``before``."""
    asked = {parent.id: LastRequest(before.version, NOON - days_ago * DAY)}
    return request_plan.parents_to_refetch([parent], asked, WEEK, NOON, 30 * DAY) == [parent]


def test_a_parent_that_was_never_asked_about_is():
    new = [Parent("C1")]
    assert request_plan.parents_to_refetch(new, {}, WEEK, NOON, 30 * DAY) == new


def test_a_parent_is_asked_about_again_where_its_record_has_moved():
    before, after = a_campaign(updated_at="2026-01-01"), a_campaign(updated_at="2026-01-02")
    assert asked_again(after, before)
    assert not asked_again(before, before)


def test_the_order_of_a_records_fields_is_no_move():
    one, other = a_campaign(a=1, b=2), a_campaign(b=2, a=1)
    assert one.version == other.version


@pytest.mark.parametrize(
    ("status", "send_time", "expected"),
    [
        ("Draft", None, True),
        ("Scheduled", "2026-07-01T00:00:00+00:00", True),
        ("Sent", "2026-05-30T00:00:00+00:00", True),
        ("Sent", "2026-05-20T00:00:00+00:00", False),
        ("Sent", "not a time", False),
        ("Cancelled", None, False),
    ],
)
def test_campaigns_unsent_or_sent_recently_are_asked_about_in_every_run(
    status, send_time, expected
):
    campaign = a_campaign(status, send_time)
    assert asked_again(campaign, campaign) == expected


def test_a_parent_that_never_seems_to_move_is_asked_about_after_a_month():
    campaign = a_campaign()
    assert asked_again(campaign, campaign, days_ago=31)


def test_members_who_joined_since_are_asked_for_by_the_time_they_joined():
    since = {"L1": NOON - DAY}
    walks = fanout_walks(
        BASE, ENDPOINTS["list_profiles"], [Parent("L1"), Parent("L2")], NOON, since
    )

    assert [asked(walk).get("filter") for walk in walks] == [
        "greater-or-equal(joined_group_at,2026-05-31T12:00:00Z)",
        None,
    ]
    assert [walk.is_full_read for walk in walks] == [False, True]


# -- events ---------------------------------------------------------------------------------------


def test_what_has_never_been_read_is_read_since_ever():
    (walk,) = events({"M1": []})
    assert asked(walk) == {
        "include": "profile,metric,attributions",
        "fields[profile]": "email",
        "fields[metric]": "name",
        "page[size]": "1000",
        "filter": 'equals(metric_id,"M1"),less-or-equal(datetime,2026-06-01T11:55:00Z)',
        "sort": "datetime",
    }
    assert spans([walk]) == [(None, UPPER)]


def test_metrics_read_alike_go_into_one_filter_in_a_steady_order():
    covered = [Range(None, NOON - DAY)]
    (walk,) = events({"M2": covered, "M1": list(covered), "M3": covered})

    assert asked(walk)["filter"].startswith('equals(metric_id,["M1","M2","M3"]),')
    assert walk.facts == {"metric_ids": "M1,M2,M3"}


def test_a_metric_read_less_far_is_asked_for_on_its_own():
    walks = events({"old": [Range(None, NOON - DAY)], "new": []})

    assert {walk.facts["metric_ids"]: spans([walk]) for walk in walks} == {
        "old": [(NOON - DAY - WEEK, UPPER)],
        "new": [(None, UPPER)],
    }


def test_each_gap_is_read_with_what_was_read_too_soon_before_it():
    covered = [Range(None, START), Range(START + 10 * DAY, UPPER)]
    found = spans(events({"M1": covered}))
    assert found == [(START - WEEK, START + 10 * DAY), (UPPER - WEEK, UPPER)]


def test_what_is_all_read_is_read_again_for_the_lookback():
    assert spans(events({"M1": [Range(None, UPPER)]})) == [(UPPER - WEEK, UPPER)]


def test_windows_of_events_hold_both_their_bounds():
    (walk,) = events({"M1": []}, RequestedRange(START, START + DAY, UPPER, WEEK))
    assert asked(walk)["filter"] == (
        'equals(metric_id,"M1"),'
        "greater-or-equal(datetime,2026-01-01T00:00:00Z),"
        "less-or-equal(datetime,2026-01-02T00:00:00Z)"
    )


def test_a_bounded_read_reads_just_that_read_or_not():
    span = RequestedRange(START, START + DAY, UPPER, WEEK)
    assert spans(events({"M1": [Range(None, UPPER)]}, span)) == [(START, START + DAY)]


def test_no_bound_lies_nearer_to_now_than_klaviyo_takes():
    span = RequestedRange(START, NOON + DAY, UPPER, WEEK)
    assert spans(events({"M1": []}, span)) == [(START, UPPER)]


def test_a_hundred_metrics_are_asked_for_at_once_and_no_more():
    ids = [f"M{n:03}" for n in range(250)]
    walks = events({i: [] for i in ids})

    counts = [asked(walk)["filter"].count('"') // 2 for walk in walks]
    assert counts == [100, 100, 50]
    assert sorted(",".join(w.facts["metric_ids"] for w in walks).split(",")) == ids
    assert max(len(walk.first_url) for walk in walks) < 4096


def test_reads_of_events_prove_no_departure():
    walks = events({"M1": [], "M2": [Range(None, UPPER)]})
    assert {(walk.is_full_read, walk.walks_in_read) for walk in walks} == {(False, 0)}


def test_no_metrics_no_walks():
    assert events({}) == []


# -- profiles -------------------------------------------------------------------------------------


def test_a_complete_read_of_profiles_goes_by_created_and_has_no_bounds():
    (walk,) = profiles([Range(None, UPPER)], is_full_read=True)

    assert asked(walk) == {
        "additional-fields[profile]": "subscriptions",
        "page[size]": "100",
        "sort": "created",
    }
    assert (walk.is_full_read, walk.walks_in_read, spans([walk])) == (True, 1, [(None, None)])


def test_between_complete_reads_what_was_updated_is_read_one_second_wider():
    (walk,) = profiles([Range(None, NOON - DAY)])

    assert asked(walk) == {
        "additional-fields[profile]": "subscriptions",
        "page[size]": "100",
        "sort": "updated",
        "filter": "greater-than(updated,2026-05-24T11:59:59Z),"
        "less-than(updated,2026-06-01T11:55:01Z)",
    }
    assert spans([walk]) == [(NOON - DAY - WEEK, UPPER)]


def test_an_update_read_of_profiles_proves_no_departure():
    assert {(w.is_full_read, w.walks_in_read) for w in profiles([])} == {(False, 0)}


def test_a_bounded_read_of_profiles_is_one_window_of_updates():
    found = profiles([], RequestedRange(START, START + DAY, UPPER, WEEK))
    assert spans(found) == [(START, START + DAY)]


def test_gaps_of_profiles_are_walks_of_one_read():
    covered = [Range(None, START), Range(START + 10 * DAY, UPPER)]
    walks = profiles(covered)

    assert spans(walks) == [(START - WEEK, START + 10 * DAY), (UPPER - WEEK, UPPER)]
    assert len({walk.read_id for walk in walks}) == 1
    assert len({walk.walk_id for walk in walks}) == 2


def test_a_name_cut_within_an_emoji_does_not_stop_the_fanout():
    body = b'{"data":[{"type":"list","id":"L1","attributes":{"name":"a\\ud83d"}}]}'
    assert [p.id for p in request_plan.parents_on(body, {}, ENDPOINTS["list_profiles"].fanout)] == [
        "L1"
    ]


def test_a_bounded_run_of_one_second_reads_that_second():
    second = datetime(2026, 1, 1, 10, tzinfo=timezone.utc)
    later = datetime(2026, 1, 2, tzinfo=timezone.utc)
    assert ranges_to_read(second, second, [], timedelta(0), later) == [Range(second, second)]


def test_metrics_that_are_none_are_left_to_quarantine():
    body = (
        b'{"data":[{"type":"metric"},1,{"id":"M","attributes":{"name":"X","integration":"api"}}]}'
    )
    assert [(m.id, m.name, m.integration_name) for m in metrics_on(body)] == [("M", "X", None)]


# -- children of parents that a filter names ------------------------------------------------------

CODES = ENDPOINTS["coupon_codes"]


def test_a_hundred_coupons_are_named_by_one_request_and_all_are_one_read():
    coupons = [Parent(f"C{n:03d}") for n in range(101)]
    whole = request_plan.filtered_walks(BASE, CODES, coupons, NOON, (Slice(),), is_full_read=True)
    filters = [asked(walk)["filter"] for walk in whole]
    assert filters[0].startswith('any(coupon.id,["C000","C001",')
    assert filters[1] == 'any(coupon.id,["C100"])'
    assert {(w.read_id, w.walks_in_read, w.is_full_read) for w in whole} == {
        (whole[0].read_id, 2, True)
    }
    assert len({walk.facts["parents"] for walk in whole}) == 2
    assert {walk.parent_id for walk in whole} == {None}


def test_in_between_codes_are_asked_for_by_status_and_prove_nothing_gone():
    some = request_plan.filtered_walks(
        BASE, CODES, [Parent("C1")], NOON, CODES.slices, is_full_read=False
    )
    assert [asked(walk)["filter"] for walk in some] == [
        'any(coupon.id,["C1"]),equals(status,"ASSIGNED_TO_PROFILE")',
        'any(coupon.id,["C1"]),equals(status,"USED")',
    ]
    assert [walk.is_full_read for walk in some] == [False, False]


def test_without_a_coupon_no_code_is_asked_for():
    assert request_plan.filtered_walks(BASE, CODES, [], NOON, CODES.slices, is_full_read=True) == []


def test_codes_of_single_coupons_are_no_complete_read():
    [walk] = fanout_walks(BASE, CODES, [Parent("C1")], NOON)
    assert (walk.is_full_read, walk.parent_id) == (False, None)
    assert asked(walk)["filter"] == 'any(coupon.id,["C1"])'
