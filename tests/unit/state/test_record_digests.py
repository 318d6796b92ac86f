"""Which changes of a page its digests tell of."""

from __future__ import annotations

import json
from typing import Any

import pytest

from klaviyo_spark.state.record_digests import SIZE, record_digests

EVENT = {
    "type": "event",
    "id": "E1",
    "attributes": {"n": 1},
    "relationships": {"profile": {"data": {"type": "profile", "id": "P1"}}},
}
PROFILE = {
    "type": "profile",
    "id": "P1",
    "attributes": {"email": "a@x.com"},
    "relationships": {"lists": {"data": [{"type": "list", "id": "L1"}]}},
}
LIST = {"type": "list", "id": "L1", "attributes": {"name": "vip"}}


def a_body(*data: Any, included: Any = None, **more: Any) -> bytes:
    page = {"data": list(data), **more}
    return json.dumps(page if included is None else {**page, "included": included}).encode()


def test_a_record_has_its_own_wherever_it_stands_and_however_it_was_asked_for():
    other = {"type": "event", "id": "E2"}
    alone = record_digests(a_body(EVENT, links={"self": "…?since=1"}))
    beside = record_digests(a_body(other, EVENT, links={"self": "…?since=2", "next": "…"}))

    assert alone
    assert beside
    assert (len(alone), len(beside)) == (SIZE, 2 * SIZE)
    assert beside.endswith(alone)


@pytest.mark.parametrize(
    ("data", "included"),
    [
        ({**EVENT, "attributes": {"n": 2}}, [PROFILE, LIST]),
        (EVENT, [{**PROFILE, "attributes": {"email": "b@x.com"}}, LIST]),
        (EVENT, [PROFILE, {**LIST, "attributes": {"name": "gone"}}]),
        (EVENT, [PROFILE]),
    ],
    ids=["itself", "what it points to", "what that points to", "what is there no more"],
)
def test_it_is_another_where_something_of_the_record_changed(data, included):
    before = record_digests(a_body(EVENT, included=[PROFILE, LIST]))
    after = record_digests(a_body(data, included=included))

    assert before
    assert after
    assert before[: SIZE // 2] == after[: SIZE // 2]
    assert before != after


def test_the_order_of_what_is_included_says_nothing():
    assert record_digests(a_body(EVENT, included=[PROFILE, LIST])) == record_digests(
        a_body(EVENT, included=[LIST, PROFILE])
    )


def test_a_page_without_records_has_none_to_tell_of():
    assert record_digests(a_body()) == b""


@pytest.mark.parametrize(
    "body",
    [
        b"no JSON",
        b"[" * 100_000,
        json.dumps({"data": EVENT}).encode(),
        a_body({"type": "event"}),
        a_body({"type": "event", "id": " "}),
        a_body(EVENT, included=[PROFILE, LIST, {"type": "metric", "id": "M1"}]),
        a_body(EVENT, included=[PROFILE, LIST, LIST]),
        a_body(EVENT, included=[PROFILE, {"type": "list"}]),
        a_body({**EVENT, "relationships": {"profile": "P1"}}),
        a_body({"type": "event", "id": "E1", "attributes": {"text": "x" * 20_000_000}}),
    ],
    ids=[
        *("no JSON", "too deep", "one", "no id", "blank id", "nobody's", "twice", "bare", "shape"),
        "too long",
    ],
)
def test_a_page_that_does_not_tell_has_none(body):
    assert record_digests(body) is None
