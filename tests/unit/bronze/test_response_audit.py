"""What answers lack of what was asked for, and hold that was not. No Spark."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from klaviyo_spark.bronze import request_plan
from klaviyo_spark.bronze.response_audit import Audit
from klaviyo_spark.client.paginator import Fetched
from klaviyo_spark.client.responses import Page, read_page
from klaviyo_spark.client.urls import Bounds
from klaviyo_spark.client.walk import Walk
from klaviyo_spark.resources import ENDPOINTS
from tests.builders import DAY, NOON, a_campaign, a_campaign_message, a_flow, a_member, an_event
from tests.helpers.fakes import BASE
from tests.helpers.listing import ZERO
from tests.places import SAMPLES

Record = dict[str, Any]


def a_walk(endpoint: str, **facts: str) -> Walk:
    walk = Walk("w", ENDPOINTS[endpoint], f"{BASE}/first", "r", facts=facts)
    return replace(walk, parent_id="L1") if "{id}" in walk.endpoint.path else walk


def a_page(*data: Any, included: Sequence[Any] = (), body: bytes = b"") -> Page:
    body = (
        body
        or json.dumps({"data": [*data], "included": [*included], "links": {"next": None}}).encode()
    )
    next_url, count, edges = read_page(body, "GET /api/x")
    return Page("u", "/api/x", "", 200, body, next_url, count, None, ZERO, "2026-07-15", edges)


def warnings(walk: Walk, *pages: Page) -> list[str]:
    audit = Audit()
    for number, page in enumerate(pages, 1):
        audit.look(Fetched(walk, number, page, is_last=True))
    return audit.warnings()


def lacking(endpoint: str, count: int, parts: str) -> str:
    return (
        f"{endpoint}: some of {count} records lack parts that were requested: {parts}; their "
        "columns keep the values that they had. Nothing to do: later syncs fill them. If it stays, "
        "tell Klaviyo."
    )


def without(record: Record, *keys: str) -> Record:
    """A copy of ``record`` without what stands at ``keys``."""
    record = json.loads(json.dumps(record))
    *above, last = keys
    inner = record
    for key in above:
        inner = inner[key]
    del inner[last]
    return record


def named(event: Record) -> list[Record]:
    """What an event names, as its page includes it."""
    data = [one["data"] for one in event["relationships"].values()]
    return [{**one, "attributes": {}} for one in data if isinstance(one, dict)]


def an_action(id: Any, type: Any = "flow-action") -> Record:
    return {"type": type, "id": id, "attributes": {}}


def a_related(id: str, relation: str, data: Any) -> Record:
    return {"id": id, "attributes": {}, "relationships": {relation: {"data": data}}}


# -- asked for and not there ----------------------------------------------------------------------


def test_profiles_without_subscriptions_are_counted():
    """Issue 19: ten columns of consent were NULL, and nobody said so."""
    whole = {"id": "P1", "attributes": {"subscriptions": {"email": None, "sms": {}}}}
    bare, null = {"id": "P2", "attributes": {}}, {"id": "P3", "attributes": {"subscriptions": None}}
    found = warnings(a_walk("profiles"), a_page(whole, bare), a_page(null, {"id": "P4"}))
    assert found == [
        lacking(
            "profiles",
            4,
            "attributes (1), attributes.subscriptions.email (3), attributes.subscriptions.sms (3)",
        )
    ]


@pytest.mark.parametrize("subscriptions", [{}, [], "N/A", 7, {"email": "N/A", "sms": 1}])
def test_subscriptions_of_another_form_have_not_come(subscriptions):
    """An account that answers so would have turned ten columns of consent to NULL."""
    whole = {"id": "P1", "attributes": {"subscriptions": {"email": {}, "sms": {}}}}
    other = {"id": "P2", "attributes": {"subscriptions": subscriptions}}
    found = warnings(a_walk("profiles"), a_page(whole, other))
    assert found == [
        lacking(
            "profiles", 2, "attributes.subscriptions.email (1), attributes.subscriptions.sms (1)"
        )
    ]


@pytest.mark.parametrize("other", [{}, {"attributes": None}, {"attributes": "N/A"},
                                   {"attributes": []}, {"attributes": 7}])  # fmt: skip
@pytest.mark.parametrize("endpoint", sorted(ENDPOINTS))
def test_records_without_attributes_are_counted(endpoint, other):
    """Their rows became NULL, and nobody said so."""
    asks = [".".join(part.keys) for part in ENDPOINTS[endpoint].asks]
    records = [{"id": "S1", "attributes": {}}, {"id": "S2", **other}]
    told = {"attributes": 1, **dict.fromkeys(asks, 2)}
    parts = ", ".join(f"{part} ({count})" for part, count in sorted(told.items()))
    assert warnings(a_walk(endpoint), a_page(*records))[:1] == [lacking(endpoint, 2, parts)]


@pytest.mark.parametrize("other", [{}, {"attributes": None}, {"attributes": []}])
@pytest.mark.parametrize(
    ("endpoint", "type"),
    [("campaigns", "campaign-message"), ("events", "profile"), ("flows", "flow-action")],
)
def test_included_objects_without_attributes_are_counted(endpoint, type, other):
    whole = {"type": type, "attributes": {"definition": {"channel": "email"}}}
    included = [{**whole, "id": "X1"}, {"type": type, "id": "X2", **other}]
    included.append({"type": "tag", "id": "X3"})  # of which no table reads anything
    told = [f"included {type} attributes (1)"]
    told += [f"included {type} attributes.definition (1)"] * (endpoint == "campaigns")
    page = a_page(included=included)
    assert warnings(a_walk(endpoint), page) == [lacking(endpoint, 0, ", ".join(told))]


def test_a_definition_that_klaviyo_may_leave_out_is_not_missed():
    bare = {"type": "flow-action", "id": "A1", "attributes": {"definition": None}}
    message = {"type": "flow-message", "id": "M1", "attributes": {"definition": None}}
    assert warnings(a_walk("flows"), a_page(included=[bare])) == []
    assert warnings(a_walk("flow_messages"), a_page(message)) == []


def test_data_of_another_form_has_not_come():
    """A text where tags should be listed; of its neighbours nothing is missed."""
    lists = [{"id": f"L{n}", "attributes": {}, "relationships": {"tags": {"data": data}}}
             for n, data in enumerate([[], None, "T1", 3])]  # fmt: skip
    assert warnings(a_walk("lists"), a_page(*lists)) == [
        lacking("lists", 4, "relationships.tags.data (2)")
    ]


def test_a_page_with_a_record_of_another_form_is_looked_at_all_the_same():
    event, other = an_event(), an_event()
    event["relationships"]["attributions"]["data"] = [{"type": "attribution", "id": "A1"}]
    other["relationships"]["attributions"] = "N/A"
    page = a_page(event, other, included=[*named(event)])
    assert warnings(a_walk("events"), page) == [
        lacking("events", 2, "included attributions (1), relationships.attributions.data (1)")
    ]


def test_a_null_is_there_where_it_may_be_one():
    member = a_member("P1", email=None)
    assert warnings(a_walk("list_profiles"), a_page(member)) == []
    bare = without(member, "attributes", "email")
    found = warnings(a_walk("list_profiles"), a_page(member, bare))
    assert found == [lacking("list_profiles", 2, "attributes.email (1)")]


@pytest.mark.parametrize("attributes", [{}, {"profile_count": None}])
@pytest.mark.parametrize("endpoint", ["list_count", "segment_count"])
def test_a_group_without_the_number_that_was_asked_for_is_told(endpoint, attributes):
    body = json.dumps({"data": {"id": "L1", "attributes": attributes}}).encode()
    found = warnings(a_walk(endpoint), a_page(body=body))
    assert found == [lacking(endpoint, 1, "attributes.profile_count (1)")]


@pytest.mark.parametrize(
    ("endpoint", "relation", "record"),
    [
        ("campaigns", "tags", a_campaign()),
        ("flows", "tags", a_flow()),
        ("lists", "tags", a_related("L1", "tags", [])),
        ("segments", "tags", a_related("S1", "tags", [])),
        ("campaign_templates", "template", a_related("M", "template", None)),
        ("events", "attributions", an_event()),
    ],
)
def test_a_relationship_without_data_was_not_included(endpoint, relation, record):
    links = without(record, "relationships", relation, "data")
    alone = without(record, "relationships", relation)
    included = [*named(record)] if endpoint == "events" else []
    included += [a_campaign_message()] if endpoint == "campaigns" else []
    found = warnings(a_walk(endpoint), a_page(record, links, alone, included=included))
    assert found == [lacking(endpoint, 3, f"relationships.{relation}.data (2)")]


def test_what_records_name_and_their_page_does_not_include_is_told():
    event = an_event()
    event["relationships"]["attributions"]["data"] = [{"type": "attribution", "id": "A1"}]
    whole = a_page(event, included=[*named(event), {"type": "attribution", "id": "A1"}])
    part = a_page(event, event, included=[{"type": "metric", "id": "X1"}])
    found = warnings(a_walk("events"), whole, part)
    assert found == [lacking("events", 3, "included attributions (2), included profile (2)")]


@pytest.mark.parametrize("name", sorted(ENDPOINTS))
def test_samples_lack_nothing(name):
    """Each is an answer as Klaviyo gives it."""
    [file] = SAMPLES.rglob(f"{name}.json")
    parts = "attributes.subscriptions.email (1), attributes.subscriptions.sms (1)"
    expected = [lacking("profiles", 2, parts)]  # a null
    found = warnings(a_walk(name), a_page(body=file.read_bytes()))
    assert found == (expected if name == "profiles" else [])


ODD_IDS = [["A2"], {"id": "A2"}, None, 1.5, "", True]


@pytest.mark.parametrize("id", ODD_IDS)
def test_what_is_included_without_an_id_is_not_what_a_record_names(id):
    """An id that is an array ended this run and every later one."""
    nameless = an_action(id)
    page = a_page(a_flow("F1", "A1"), a_flow("F2", "A2"),
                  included=[an_action("A1"), nameless])  # fmt: skip
    assert warnings(a_walk("flows"), page) == [lacking("flows", 2, "included flow-actions (1)")]


@pytest.mark.parametrize("id", ODD_IDS)
def test_what_is_named_without_an_id_is_not_missed(id):
    flow = a_flow("F1", "A1")
    flow["relationships"]["flow-actions"]["data"] += [{"type": "flow-action", "id": id}]
    assert warnings(a_walk("flows"), a_page(flow, included=[an_action("A1")])) == []


@pytest.mark.parametrize("type", [["flow-action"], {"a": 1}, None, 7])
def test_what_is_included_without_a_type_is_not_what_a_record_names(type):
    page = a_page(a_flow("F1", "A1"), included=[an_action("A1", type)])
    assert warnings(a_walk("flows"), page) == [lacking("flows", 1, "included flow-actions (1)")]


def test_a_number_names_what_its_digits_name():
    page = a_page(a_flow("F1", 7), included=[an_action("7")])  # type: ignore[arg-type]
    assert warnings(a_walk("flows"), page) == []


@pytest.mark.parametrize("included", [7, "A1", [None, 7, "A1"], {"type": "tag", "id": "T1"}])
def test_what_is_included_in_another_shape_is_missed(included):
    body = json.dumps({"data": [a_flow("F1", "A1")], "included": included, "links": {}}).encode()
    found = warnings(a_walk("flows"), a_page(body=body))
    assert found == [lacking("flows", 1, "included flow-actions (1)")]


@pytest.mark.parametrize("value", ["9" * 5000, '"\\ud83d"'])
def test_a_page_that_python_reads_in_part_is_looked_at_all_the_same(value):
    good = '{"id":"P1","attributes":{"subscriptions":{"email":{},"sms":%s}}}'
    records = ",".join([good % "{}", good % '{"a":%s}' % value, good % value, good % "null"])
    body = f'{{"data":[{records}],"links":{{}}}}'.encode()
    assert warnings(a_walk("profiles"), a_page(body=body)) == [
        lacking("profiles", 4, "attributes.subscriptions.sms (1)")
    ]


@pytest.mark.parametrize("archived", [["true"], {"a": 1}, None])
def test_a_value_that_is_no_scalar_is_no_other_value(archived):
    flow = a_flow("F1")
    flow["attributes"]["archived"] = archived
    assert warnings(a_walk("flows", archived="true"), a_page(flow)) == []


@pytest.mark.parametrize("page", [{"data": None}, {"data": []}, {"data": [], "included": 7}])
def test_an_odd_page_is_left_to_those_who_tell_of_it(page):
    body = json.dumps({**page, "links": {"next": None}}).encode()
    assert warnings(a_walk("events"), a_page(body=body)) == []
    assert warnings(a_walk("events"), a_page(body=b"\xef\xbb\xbf" + body)) == []


# -- there and not asked for ----------------------------------------------------------------------


def test_events_of_metrics_that_were_not_asked_for_are_counted_and_named():
    """Issue 19: they were stored, and nobody said so."""
    other = an_event("E2")
    other["relationships"]["metric"]["data"]["id"] = "X9"
    none = an_event("E3")
    none["relationships"]["metric"]["data"] = None
    page = a_page(an_event(), other, none, included=[*named(other), {"type": "metric", "id": "X1"}])
    assert warnings(a_walk("events", metric_ids="X1,X2"), page) == [
        "events: 1 of 3 records have another metric than was requested (X9); they are kept. "
        "If this stays, tell Klaviyo."
    ]


def test_a_channel_or_archived_slice_that_holds_others_is_told():
    archived = a_campaign("C2", archived=True)
    sms = a_campaign("C3")
    messages = [
        a_campaign_message("C1-M"),
        a_campaign_message("C2-M"),
        a_campaign_message("C3-M", channel="sms"),
    ]
    page = a_page(a_campaign("C1"), archived, sms, included=messages)
    assert warnings(a_walk("campaigns", channel="email", archived="false"), page) == [
        "campaigns: 1 of 3 records have another archived than was requested (true); they are kept. "
        "If this stays, tell Klaviyo.",
        "campaigns: 1 of 3 records have another channel than was requested (sms); they are kept. "
        "If this stays, tell Klaviyo.",
    ]
    flows = a_page(a_flow("F1", archived=True))
    assert warnings(a_walk("flows", archived="true"), flows) == []


def test_a_campaign_of_several_channels_is_of_each():
    campaign = a_campaign("C1")
    campaign["relationships"]["campaign-messages"]["data"] += [
        {"type": "campaign-message", "id": "sms"}
    ]
    messages = [a_campaign_message("C1-M"), a_campaign_message("sms", channel="sms")]
    page = a_page(campaign, included=messages)
    for channel in ("email", "sms"):
        assert warnings(a_walk("campaigns", channel=channel, archived="false"), page) == []


@pytest.mark.parametrize("in_order", [True, False])
def test_records_from_before_the_window_are_counted(in_order):
    walk = a_walk("profiles")
    walk = replace(walk, bounds=Bounds("updated", NOON, NOON + DAY, False), in_order=in_order)

    def profile(hours: float) -> Record:
        updated = (NOON + hours * timedelta(hours=1)).isoformat()
        return {
            "id": "P",
            "attributes": {"updated": updated, "subscriptions": {"email": {}, "sms": {}}},
        }

    within = [profile(-1 / 3600), profile(0), profile(30)]
    found = warnings(walk, a_page(profile(-2), profile(-1), *within), a_page(*within))
    assert found[0] == (
        "profiles: 2 of 8 records have a time (updated) before the start of the filter; "
        "they are kept. If this stays, tell Klaviyo."
    )


def test_listings_that_may_have_more_pages_are_told_in_one_line():
    audit = Audit()
    body = b'{"data":[],"links":{"self":"x"}}'
    for name in ("tags", "lists", "lists"):
        audit.look(Fetched(a_walk(name), 1, a_page(body=body), is_last=False))
    audit.look(Fetched(a_walk("flows"), 1, a_page(body=body), is_last=True))
    assert audit.warnings() == [
        "listings that ended on a page without links.next: lists (2), tags (1); there "
        "may be more pages, so nothing is marked as deleted, and the next run reads on. "
        "If this stays, tell Klaviyo."
    ]


def test_an_answer_out_of_order_is_told_once():
    (walk,) = request_plan.listing_walks(BASE, ENDPOINTS["events"], NOON)
    lost = replace(walk, in_order=False)
    assert warnings(lost, a_page(), a_page()) == [
        "events: Klaviyo did not sort the records by datetime as requested; they are kept, "
        "and the next run reads that range again. If this stays, tell Klaviyo."
    ]
