"""Which endpoints of a run say nothing new, asked of a lake without Spark."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.silver import unchanged as of_unchanged
from klaviyo_spark.silver.unchanged import unchanged_endpoints
from tests.builders import DAY, HOUR, NOON, a_page
from tests.helpers.small_lakes import a_lake_without_spark, begun_by


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return a_lake_without_spark(tmp_path)


def an_event(id: str, n: int = 1) -> dict[str, Any]:
    return {"type": "event", "id": id, "attributes": {"n": n}}


def a_member(id: str) -> dict[str, Any]:
    return {"type": "profile", "id": id, "attributes": {"joined_group_at": "2026-05-01T00:00:00Z"}}


def a_window(endpoint: str, at: datetime, *records: Any, **facts: Any) -> dict[str, Any]:
    """A page of a read of some time, up to when it was fetched."""
    window = {"is_full_read": False, "window_start": at - DAY, "max_record_time": at}
    return a_page(endpoint, *records, fetched_at=at, **{**window, **facts})


def unchanged(lake: Lake, run_id: str, *pages: dict[str, Any]) -> frozenset[str]:
    """Land pages as a run's, and ask which of their endpoints say nothing new."""
    lake.append_pages(
        [{**page, "run_id": run_id, "read_run_id": begun_by(page, run_id)} for page in pages]
    )
    records = {page["endpoint"]: 0 for page in pages}
    for page in pages:
        records[page["endpoint"]] += page["record_count"]
    return unchanged_endpoints(lake, run_id, min(page["fetched_at"] for page in pages), records)


def test_a_window_over_records_that_are_known_says_nothing_new(lake):
    unchanged(lake, "one", a_window("events", NOON, an_event("E1"), an_event("E2")))

    later = NOON + HOUR
    assert unchanged(lake, "two", a_window("events", later, an_event("E2"))) == {"events"}
    assert unchanged(lake, "three", a_window("events", later + HOUR)) == {"events"}


@pytest.mark.parametrize("record", [an_event("E3"), an_event("E2", n=2)], ids=["new", "changed"])
def test_a_record_that_is_new_or_another_is_news(lake, record):
    unchanged(lake, "one", a_window("events", NOON, an_event("E1"), an_event("E2")))

    assert not unchanged(lake, "two", a_window("events", NOON + HOUR, an_event("E1"), record))


def test_a_record_that_is_again_as_it_was_before_the_last_is_news(lake):
    unchanged(lake, "one", a_window("events", NOON, an_event("E1")))
    unchanged(lake, "two", a_window("events", NOON + HOUR, an_event("E1", n=2)))

    assert not unchanged(lake, "three", a_window("events", NOON + 2 * HOUR, an_event("E1")))


def test_a_page_of_before_that_does_not_tell_may_have_said_anything(lake):
    unchanged(lake, "one", a_window("events", NOON, an_event("E1")))
    told = a_window("events", NOON + HOUR, an_event("E2"))
    unchanged(lake, "two", {**told, "record_digests": None})

    assert not unchanged(lake, "three", a_window("events", NOON + 2 * HOUR, an_event("E1")))


def test_a_page_that_does_not_tell_is_news(lake):
    unchanged(lake, "one", a_window("events", NOON, an_event("E1")))
    again = a_window("events", NOON + HOUR, an_event("E1"), query="another")

    assert not unchanged(lake, "two", {**again, "record_digests": None, "sha256": "another"})


def test_a_member_that_a_complete_read_lacked_is_news_when_it_comes_back(lake):
    both = (a_member("P1"), a_member("P2"))
    unchanged(lake, "one", a_page("list_profiles", *both, parent_id="L1", fetched_at=NOON))
    whole = a_page("list_profiles", both[0], parent_id="L1", fetched_at=NOON + HOUR)
    unchanged(lake, "two", whole)

    def since(at: datetime, member: dict[str, Any], parent: str = "L1") -> dict[str, Any]:
        return a_window("list_profiles", at, member, parent_id=parent)

    assert unchanged(lake, "three", since(NOON + 2 * HOUR, both[0])) == {"list_profiles"}
    assert not unchanged(lake, "four", since(NOON + 3 * HOUR, both[1]))
    assert not unchanged(lake, "five", since(NOON + 4 * HOUR, both[0], parent="L2"))


def test_a_complete_read_says_nothing_new_where_the_last_one_said_the_very_same(lake):
    def listed(at: datetime, *ids: str, **facts: Any) -> dict[str, Any]:
        records = [{"type": "tag", "id": id} for id in ids]
        return a_page("tags", *records, fetched_at=at, **facts)

    unchanged(lake, "one", listed(NOON, "T1", "T2"))

    at = (NOON + n * HOUR for n in range(1, 9))
    same = listed(next(at), "T1", "T2", sha256="of other cursors")
    assert unchanged(lake, "two", same) == {"tags"}
    assert not unchanged(lake, "three", listed(next(at), "T1"))
    assert not unchanged(lake, "four", listed(next(at), "T1", "T2"))
    assert not unchanged(lake, "five", listed(next(at), "T1", "T2", slice='{"archived": "true"}'))
    assert not unchanged(lake, "six", listed(next(at), "T1", "T2", status=404))


def test_children_are_compared_with_the_run_that_last_asked_about_their_parent(lake):
    def messages(at: datetime, parent: str, name: str = "") -> dict[str, Any]:
        message = {"type": "flow-message", "id": f"of {parent}", "attributes": {"name": name}}
        return a_page("flow_messages", message, parent_id=parent, fetched_at=at)

    unchanged(lake, "one", messages(NOON, "A1"), messages(NOON + timedelta(seconds=1), "A2"))
    unchanged(lake, "two", messages(NOON + HOUR, "A2"))

    at = NOON + 2 * HOUR
    again = (messages(at, "A1"), messages(at + timedelta(seconds=1), "A2"))
    assert unchanged(lake, "three", *again) == {"flow_messages"}
    assert not unchanged(lake, "four", messages(NOON + 3 * HOUR, "A1", "another"))


def test_a_page_that_somebody_was_taken_out_of_is_another(lake):
    unchanged(lake, "one", a_page("tags", {"type": "tag", "id": "T1"}, fetched_at=NOON))
    again = a_page("tags", {"type": "tag", "id": "T1"}, fetched_at=NOON + HOUR)

    assert not unchanged(lake, "two", {**again, "forgotten_at": NOON + HOUR})


def test_another_accounts_pages_are_not_known(lake):
    theirs = a_window("events", NOON, an_event("E1"), account_id="other")
    lake.append_pages([{**theirs, "run_id": "theirs"}])

    assert not unchanged(lake, "ours", a_window("events", NOON + HOUR, an_event("E1")))


def listed(at: datetime, *ids: str, **facts: Any) -> dict[str, Any]:
    """A page of a listing of flows that are archived or not: a read is of both."""
    records = [{"type": "flow", "id": id} for id in ids]
    return a_page("flows", *records, fetched_at=at, **{"walks_in_read": 2, **facts})


ACTIVE, ARCHIVED = {"slice": '{"archived": "false"}'}, {"slice": '{"archived": "true"}'}


def test_a_read_that_holds_all_is_news_after_one_that_lacked_a_listing(lake):
    first, third = {"read_id": "R1"}, {"read_id": "R3"}
    both = listed(NOON, "F1", "F2", **ACTIVE, **first), listed(NOON, "F9", **ARCHIVED, **first)
    unchanged(lake, "one", *both)
    unchanged(lake, "two", listed(NOON + HOUR, "F1", **ACTIVE, read_id="R2"))

    at = NOON + 2 * HOUR
    again = listed(at, "F1", **ACTIVE, **third), listed(at, "F9", **ARCHIVED, **third)
    assert not unchanged(lake, "three", *again), "F2 has gone"


def test_a_read_that_another_run_began_is_news_when_it_is_complete(lake):
    first, second = {"read_id": "R1"}, {"read_id": "R2", "read_run_id": "two"}
    both = listed(NOON, "F1", "F2", **ACTIVE, **first), listed(NOON, "F9", **ARCHIVED, **first)
    unchanged(lake, "one", *both)
    unchanged(lake, "two", listed(NOON + HOUR, "F1", **ACTIVE, **second))

    left = listed(NOON + 2 * HOUR, "F9", **ARCHIVED, **second)
    assert not unchanged(lake, "three", left), "F2 has gone"


def test_an_empty_end_of_a_read_that_was_gone_on_with_is_news(lake):
    def window(at: datetime, *ids: str, **facts: Any) -> dict[str, Any]:
        records = [{"type": "profile", "id": id} for id in ids]
        read = {"read_id": "R1", "read_run_id": "one"}
        return a_page("profiles", *records, fetched_at=at, **{**read, **facts})

    early, late = NOON - 2 * DAY, NOON - DAY
    unchanged(lake, "one", window(NOON, "P1", window_end=early))
    middle = window(NOON + HOUR, window_start=early, window_end=late)
    unchanged(lake, "two", middle)

    assert not unchanged(lake, "three", window(NOON + 2 * HOUR, window_start=late))


def test_a_complete_read_is_news_after_one_of_the_same_pages_that_left_time_out(lake):
    profile = {"type": "profile", "id": "P1"}
    unchanged(lake, "one", a_page("profiles", profile, fetched_at=NOON, window_end=NOON - DAY))

    assert not unchanged(lake, "two", a_page("profiles", profile, fetched_at=NOON + HOUR))


def test_what_the_later_begun_of_two_reads_lacked_is_news_when_it_comes_back(lake):
    member = a_member("P1")

    def whole(at: datetime, read_id: str, *members: Any, **facts: Any) -> dict[str, Any]:
        facts = {"parent_id": "L1", "fetched_at": at, "read_id": read_id, **facts}
        return a_page("list_profiles", *members, **facts)

    def since(at: datetime) -> dict[str, Any]:
        return a_window("list_profiles", at, member, parent_id="L1")

    unchanged(lake, "one", whole(NOON, "R1", a_member("P2"), is_last=False))
    unchanged(lake, "two", since(NOON + HOUR))
    unchanged(lake, "three", whole(NOON + 2 * HOUR, "R2"))
    unchanged(lake, "four", whole(NOON + 3 * HOUR, "R1", page_number=2, read_run_id="one"))

    assert not unchanged(lake, "five", since(NOON + 4 * HOUR))


@pytest.mark.parametrize("year", [1, 1600, 1960])
def test_a_window_may_begin_long_ago(lake, year):
    long_ago = {"window_start": NOON.replace(year=year)}
    unchanged(lake, "one", a_window("events", NOON, an_event("E1"), **long_ago))

    again = a_window("events", NOON + HOUR, an_event("E1"), an_event("E2"), **long_ago)
    assert not unchanged(lake, "two", again)
    once_more = a_window("events", NOON + 2 * HOUR, an_event("E1"), **long_ago)
    assert unchanged(lake, "three", once_more) == {"events"}


def test_a_parents_pages_are_not_looked_for_in_the_runs_of_others(lake, monkeypatch):
    event = a_window("events", NOON, an_event("E1"))
    message = {"type": "flow-message", "id": "M1"}
    unchanged(lake, "one", event, a_page("flow_messages", message, parent_id="A1", fetched_at=NOON))
    unchanged(lake, "two", a_window("events", NOON + HOUR, an_event("E1")))
    held: list[Any] = []
    monkeypatch.setattr(of_unchanged, "same", lambda now, before: held.append(before) or True)

    unchanged(lake, "three", a_window("events", NOON + 2 * HOUR, an_event("E1")))

    assert [[row["run_id"] for row in rows] for rows in held] == [["two"]]
