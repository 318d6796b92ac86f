"""Which reads hold all there is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from klaviyo_spark.state.complete_reads import COLUMNS, CompleteRead, complete_reads
from tests.builders import DAY, HOUR, NOON, a_page

BEFORE = NOON - 30 * DAY


def a_part(**facts: Any) -> dict[str, Any]:
    """A page of a read of all tags."""
    page = a_page("tags", {"type": "tag", "id": "T1"}, **{"read_id": "R", **facts})
    return {name: page[name] for name in COLUMNS}


def is_complete(*pages: dict[str, Any]) -> bool:
    return bool(complete_reads(pages))


def test_a_read_is_complete_with_the_last_page_of_its_walk():
    first = a_part(walk_id="W", is_last=False)
    last = a_part(walk_id="W", page_number=2, fetched_at=NOON + HOUR, read_started_at=NOON)

    assert complete_reads([last, first]) == [
        CompleteRead("default", "tags", None, "R", first["read_started_at"], NOON + HOUR)
    ]
    assert not is_complete(first)
    assert not is_complete(a_part(status=404))


def test_each_listing_of_a_read_has_to_be_there():
    email, sms = (a_part(slice=f'{{"channel": "{c}"}}', walks_in_read=2) for c in ("email", "sms"))

    assert is_complete(email, sms)
    assert not is_complete(email)
    assert not is_complete(email, {**email, "walk_id": "the same once more"})


def test_reads_are_told_apart_by_account_and_parent():
    pages = [a_part(parent_id=parent) for parent in ("L1", "L2")]
    pages.append(a_part(parent_id="L1", account_id="other"))

    found = complete_reads([*pages, a_part(parent_id="L3", is_last=False)])
    assert {(read.account_id, read.parent_id) for read in found} == {
        ("default", "L1"),
        ("default", "L2"),
        ("other", "L1"),
    }


def a_walk(begin: datetime | None, end: datetime | None, **facts: Any) -> dict[str, Any]:
    """A walk over a part of the time, in one page."""
    return a_part(window_start=begin, window_end=end, **facts)


@pytest.mark.parametrize(
    ("parts", "complete"),
    [
        ([(None, BEFORE), (BEFORE, None)], True),
        ([(BEFORE, None), (None, BEFORE)], True),
        ([(None, NOON), (BEFORE, None)], True),
        ([(None, BEFORE), (NOON, None)], False),
        ([(None, BEFORE)], False),
        ([(BEFORE, None)], False),
    ],
    ids=["one after the other", "in any order", "overlapping", "a gap", "no end", "no beginning"],
)
def test_a_listing_cut_by_time_is_there_where_no_time_is_left_out(parts, complete):
    assert is_complete(*(a_walk(begin, end) for begin, end in parts)) is complete


@pytest.mark.parametrize(
    ("reached", "in_order", "complete"),
    [(NOON, True, True), (BEFORE, True, False), (NOON, False, False), (None, True, False)],
    ids=["beyond", "up to", "out of order", "without times"],
)
def test_a_walk_without_an_end_has_been_through_what_came_before_its_last_record(
    reached, in_order, complete
):
    begun = a_walk(None, None, is_last=False, max_record_time=reached, in_order=in_order)

    assert is_complete(begun, a_walk(BEFORE, None)) is complete
