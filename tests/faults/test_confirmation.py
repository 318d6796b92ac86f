"""Complete reads that lack more than half of a table: nothing is marked before the next says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.resources import TABLES
from klaviyo_spark.silver.models import Load, RefinePolicy
from klaviyo_spark.silver.rebuild import rebuild
from klaviyo_spark.silver.refine import refine
from klaviyo_spark.state.store import unconfirmed as to_confirm
from tests.builders import DAY, NOON, a_campaign, a_campaign_message, a_member, a_page, a_record
from tests.helpers.compare import held
from tests.helpers.small_lakes import a_place

Page = dict[str, Any]


@pytest.fixture
def a_lake(spark, tmp_path) -> Callable[[str], Lake]:
    def made(name: str = "lake") -> Lake:
        return Lake(spark, a_place(tmp_path / name))

    return made


def land(lake: Lake, day: int, *pages: Page) -> None:
    run = f"run {day}"
    stamped = [{**page, "run_id": run, "batch_id": f"batch of {run}"} for page in pages]
    lake.append_pages(stamped)


def tags(day: int, count: int, **facts: Any) -> Page:
    records = [a_record("tag", f"T{n}", name="vip") for n in range(count)]
    return a_page("tags", *records, fetched_at=NOON + day * DAY, **facts)


def loads(lake: Lake, *resources: str, **options: Any) -> dict[tuple[str, str], Load]:
    """What has been taken in, by table and run."""
    made = refine(lake, "default", resources, **options)
    return {(load.table, load.run_id): load for load in made}


def marked(lake: Lake, table: str = "tags") -> int:
    return lake.silver(TABLES[table]).where("_deleted_at IS NOT NULL").count()


def in_a_row(lake: Lake, counts: Sequence[int]) -> list[int]:
    """How many tags are marked after each of some runs."""
    found = []
    for day, count in enumerate(counts):
        land(lake, day, tags(day, count))
        loads(lake, "tags")
        found.append(marked(lake))
    return found


def test_an_empty_listing_marks_only_when_the_next_is_empty_too(lake):
    """Issue 19: a listing that came back empty once marked everything."""
    land(lake, 0, tags(0, 25))
    loads(lake, "tags")
    land(lake, 1, tags(1, 0))
    first = loads(lake, "tags")["tags", "run 1"]
    waits = (marked(lake), to_confirm(lake, "default"))
    land(lake, 2, tags(2, 0))  # to the byte what run 1 brought
    second = loads(lake, "tags")["tags", "run 2"]

    assert waits == (0, {"tags": "run 1"})
    assert (first.soft_deleted, first.unconfirmed_run_id) == (0, "run 1")
    assert first.check_warnings == (
        "klaviyo_v2.tags: a complete read lacks 25 of 25 rows, more than "
        "max_deleted_share (0.5); none was marked as deleted. The next run reads again "
        "and marks those still missing.",
    )
    assert (second.soft_deleted, second.unconfirmed_run_id, second.check_warnings) == (25, None, ())
    assert (marked(lake), to_confirm(lake, "default")) == (25, {})


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([25, 0, 1], [0, 0, 24]),  # other bytes that say as much
        ([25, 0, 25, 0, 0], [0, 0, 0, 0, 25]),  # said twice in a row, or not at all
        ([20, 10], [0, 10]),  # half is not more than half
        ([19, 0], [0, 19]),
    ],
    ids=str,
)
def test_what_two_reads_in_a_row_lack_is_gone(lake, counts, expected):
    assert in_a_row(lake, counts) == expected


def test_conf_says_how_much_is_too_much(lake):
    land(lake, 0, tags(0, 25))
    land(lake, 1, tags(1, 0))
    found = loads(lake, "tags", policy=RefinePolicy(max_deleted_share=1.0))
    assert found["tags", "run 1"].soft_deleted == 25


def test_a_read_that_waits_waits_on_through_runs_without_a_complete_one(lake):
    people = [a_record("profile", f"P{n}", updated="2026-05-01T00:00:00Z") for n in range(25)]
    land(lake, 0, a_page("profiles", *people))
    land(lake, 1, a_page("profiles", fetched_at=NOON + DAY))
    changed = a_page("profiles", people[0], is_full_read=False, fetched_at=NOON + 2 * DAY)
    land(lake, 2, changed)
    found = loads(lake, "profiles")
    waits = to_confirm(lake, "default")
    land(lake, 3, a_page("profiles", fetched_at=NOON + 3 * DAY))
    last = loads(lake, "profiles")["profiles", "run 3"]

    assert found["profiles", "run 1"].unconfirmed_run_id == "run 1"
    assert found["profiles", "run 2"].unconfirmed_run_id == "run 1"
    assert waits == {"profiles": "run 1"}
    assert (last.soft_deleted, marked(lake, "profiles")) == (25, 25)


def test_children_follow_once_their_parents_are_gone(lake):
    campaigns = [a_campaign(f"C{n}") for n in range(25)]
    for campaign in campaigns:
        campaign["relationships"]["tags"]["data"] = [{"type": "tag", "id": "T1"}]
    messages = [a_campaign_message(f"C{n}-M") for n in range(25)]
    children = ("campaign_messages", "campaign_message_send_times", "campaign_tags")
    land(lake, 0, a_page("campaigns", *campaigns, included=messages))
    land(lake, 1, a_page("campaigns", fetched_at=NOON + DAY))
    loads(lake, "campaigns")
    before = [marked(lake, name) for name in ("campaigns", *children)]
    land(lake, 2, a_page("campaigns", fetched_at=NOON + 2 * DAY))
    loads(lake, "campaigns")

    assert before == [0, 0, 0, 0]
    assert [marked(lake, name) for name in ("campaigns", *children)] == [25, 25, 25, 25]


def test_what_hangs_from_parents_that_are_there_waits_too(lake):
    """All campaigns that come back without a tag, at once."""
    campaigns = [a_campaign(f"C{n}") for n in range(25)]
    found = []
    for day in range(3):
        for campaign in campaigns:
            tags = [] if day else [{"type": "tag", "id": "T1"}]
            campaign["relationships"]["tags"]["data"] = tags
        land(lake, day, a_page("campaigns", *campaigns, fetched_at=NOON + day * DAY))
        loads(lake, "campaigns")
        found.append(marked(lake, "campaign_tags"))
    assert found == [0, 0, 25]


def test_members_of_lists_that_are_read_whole_wait_as_a_table(lake):
    def read(day: int, **members: int) -> list[Page]:
        return [
            a_page(
                "list_profiles",
                *[a_member(f"{list}-{n}") for n in range(count)],
                parent_id=list,
                fetched_at=NOON + day * DAY,
            )
            for list, count in members.items()
        ]

    tables = ("list_profiles", "stg_member_lists")
    land(lake, 0, *read(0, L1=15, L2=15))
    land(lake, 1, *read(1, L1=0))  # half: an ordinary day
    loads(lake, "lists")
    half = [marked(lake, name) for name in tables]
    land(lake, 2, *read(2, L1=15, L2=15))
    land(lake, 3, *read(3, L1=0, L2=4))
    loads(lake, "lists")
    most = [marked(lake, name) for name in tables]
    waits = to_confirm(lake, "default")
    land(lake, 4, *read(4, L1=0, L2=4))
    loads(lake, "lists")

    members = lake.silver(TABLES["member_lists"]).where("is_member").count()
    assert (half, most) == ([15, 15], [0, 0])
    assert waits == dict.fromkeys((*tables, "member_lists"), "run 3")
    assert ([marked(lake, name) for name in tables], members) == ([26, 26], 4)


COUNTS = (25, 0, 1, 25, 0, 24, 2, 2)


def test_late_refines_kills_and_rebuilds_come_out_as_one_run_after_the_other(a_lake, monkeypatch):
    by_run, at_once, killed = (a_lake(name) for name in ("by run", "at once", "killed"))
    for day, count in enumerate(COUNTS):
        for lake in (by_run, at_once, killed):
            land(lake, day, tags(day, count))
        loads(by_run, "tags")
        with monkeypatch.context() as dying:  # written, and not written down
            dying.setattr("klaviyo_spark.silver.refine._note", lambda *_: None)
            loads(killed, "tags")
        loads(killed, "tags")
    loads(at_once, "tags")
    expected = held(by_run, ["tags"])
    states = [to_confirm(lake, "default") for lake in (by_run, at_once, killed)]
    rebuild(at_once, "default", ["tags"])

    assert [held(lake, ["tags"]) for lake in (at_once, killed)] == [expected, expected]
    assert [*states, to_confirm(at_once, "default")] == [{}, {}, {}, {}]
    assert marked(by_run) == 23
