"""What a run asks, round by round, from what pages and the lake have said."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pytest

from klaviyo_spark.bronze.metric_selection import metrics_on
from klaviyo_spark.bronze.planner import IngestPlanner, IngestScope
from klaviyo_spark.client.walk import Walk
from klaviyo_spark.config.models import RESOURCE_NAMES
from klaviyo_spark.state import landings, store
from klaviyo_spark.state.intervals import CoveredInterval, Range
from klaviyo_spark.state.landings import RecentLandings
from klaviyo_spark.state.models import JOINED_LATE, GroupRead, LastRequest, Outcome
from klaviyo_spark.state.resume_points import ResumePoint, advance
from klaviyo_spark.state.watermarks import KnownWatermarks
from tests.builders import DAY, HOUR, NOW, WEEK, a_flow, a_flow_action, a_page
from tests.helpers.fakes import BASE

MARGIN = timedelta(minutes=2)
RECENT = GroupRead(whole_at=NOW - DAY, joined_at=NOW - 2 * DAY)


class FakeClient:
    """Klaviyo's address and clock."""

    base_url = BASE

    def __init__(self) -> None:
        self.after: list[datetime | None] = []

    def now(self) -> datetime:
        return NOW

    def stamp(self) -> datetime:
        return NOW

    def start_after(self, newest: datetime | None) -> None:
        self.after.append(newest)


@dataclass
class Said:
    """What the lake says of earlier runs."""

    known: KnownWatermarks = field(default_factory=KnownWatermarks)
    cut_short: list[ResumePoint] = field(default_factory=list)
    bodies: dict[str, bytes] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)
    new: dict[str, int] = field(default_factory=dict)
    unconfirmed: dict[str, str] = field(default_factory=dict)
    asked: dict[str, LastRequest] = field(default_factory=dict)
    read_whole_at: datetime | None = None


@pytest.fixture
def said(monkeypatch) -> Said:
    """The lake's answers, without a lake."""
    lake = Said()
    monkeypatch.setattr(store, "read_watermarks", lambda *_: lake.known)
    monkeypatch.setattr(
        landings, "landed_lately", lambda *_: RecentLandings(NOW - HOUR, lake.cut_short)
    )
    monkeypatch.setattr(store, "unconfirmed", lambda *_: lake.unconfirmed)
    monkeypatch.setattr(landings, "last_asked", lambda *_: {"flow_messages": lake.asked})
    monkeypatch.setattr(landings, "last_full_read", lambda *_: lake.read_whole_at)
    monkeypatch.setattr(store, "members_held", lambda *_: (lake.held, lake.new))
    monkeypatch.setattr(
        landings,
        "landed_bodies",
        lambda _, __, walks, ___: [(w, lake.bodies[w.walk_id]) for w in walks],
    )
    return lake


@pytest.fixture
def a_run(said) -> Callable[..., IngestPlanner]:
    """A run of some resources."""

    def due(*resources: str, **options: Any) -> IngestPlanner:
        wanted = {
            "start": None,
            "end": None,
            "lookback": WEEK,
            "indexing_lag": MARGIN,
            "full_profiles_every": WEEK,
            "full_members_every": WEEK,
            "metrics": "all",
            "threads": 1,
            **options,
        }
        run = IngestScope("default", "two", resources, **wanted)
        return IngestPlanner(None, FakeClient(), run, Outcome())  # type: ignore[arg-type]

    return due


def a_body(*records: Any) -> bytes:
    return json.dumps({"data": list(records), "links": {"next": None}}).encode()


def lists(*ids: str) -> bytes:
    return a_body(*({"type": "list", "id": id} for id in ids))


def a_member(id: Any, joined_at: datetime) -> dict[str, Any]:
    return {"type": "profile", "id": id, "attributes": {"joined_group_at": joined_at.isoformat()}}


def a_metric(id: str, name: str = "Opened Email", owner: str = "Klaviyo") -> dict[str, Any]:
    return {"id": id, "attributes": {"name": name, "integration": {"name": owner}}}


def a_count(number: Any) -> bytes:
    return json.dumps({"data": {"id": "L", "attributes": {"profile_count": number}}}).encode()


def parents(walks: Sequence[Walk]) -> list[str | None]:
    return [walk.parent_id for walk in walks]


# -- groups and who joined them -------------------------------------------------------------------


def test_lists_that_a_page_names_are_read_whole_the_first_time(a_run):
    due = a_run("lists")
    due.note("lists", {}, None, lists("L1", "L2"))
    due.note("lists", {}, None, lists("L3"))
    whole, since = due.members()
    assert (parents(whole), since) == (["L1", "L2", "L3"], [])
    assert {walk.endpoint.name for walk in whole} == {"list_profiles"}


def test_of_lists_that_are_known_only_who_joined_is_read(a_run, said):
    said.known = KnownWatermarks(groups={("lists", "L1"): RECENT})
    due = a_run("lists")
    due.note("lists", {}, None, lists("L1", "L2"))
    whole, (since,) = due.members()
    assert (parents(whole), since.parent_id) == (["L2"], "L1")
    assert since.bounds
    assert since.bounds.start == NOW - 2 * DAY - JOINED_LATE


def test_groups_that_nobody_asks_for_are_not_read(a_run):
    due = a_run("tags")
    due.note("lists", {}, None, lists("L1"))
    assert due.members() == ([], [])


def test_a_group_that_somebody_joined_is_counted_first_and_one_read_whole_is_not(a_run, said):
    said.known = KnownWatermarks(groups={("lists", id): RECENT for id in ("L1", "L2")})
    due = a_run("lists")
    due.note("lists", {}, None, lists("L1", "L2", "L3"))
    due.members()
    due.note("list_profiles", {}, "L1", a_body(a_member("P1", NOW - 2 * DAY)))
    due.note("list_profiles", {}, "L2", a_body(a_member("P2", NOW - DAY)))
    assert parents(due.counting()) == ["L2", "L1"]


def test_a_member_without_an_id_is_news_but_nobody_who_joined(a_run, said):
    said.known = KnownWatermarks(groups={("lists", "L1"): RECENT})
    due = a_run("lists")
    due.note("lists", {}, None, lists("L1"))
    due.members()
    members = [a_member(id, NOW - DAY) for id in ("P1", 7, None, "", {"id": "P2"})]
    nameless = {"type": "profile", "attributes": members[0]["attributes"]}
    due.note("list_profiles", {}, "L1", a_body(*members, nameless))

    assert due._joined == {("lists", "L1"): {"P1", "7"}}
    assert parents(due.counting()) == ["L1"]


@pytest.mark.parametrize(
    ("data", "joined"),
    [
        (None, set()),
        (a_member("P1", NOW - DAY), {"P1"}),
        ([None, "P0", a_member("P1", NOW - DAY)], {"P1"}),
        ([{**a_member("P1", NOW - DAY), "n": int("9" * 4000)}], {"P1"}),
    ],
)
def test_members_in_another_shape_are_those_that_are_records(a_run, said, data, joined):
    """The page has landed by then: a run that ends here ends again whenever it goes on."""
    said.known = KnownWatermarks(groups={("lists", "L1"): RECENT})
    due = a_run("lists")
    due.note("lists", {}, None, lists("L1"))
    due.members()
    body = json.dumps({"data": data, "links": {"next": None}}).replace("9" * 4000, "9" * 5000)
    due.note("list_profiles", {}, "L1", body.encode())
    assert due._joined == {("lists", "L1"): joined}


@pytest.mark.parametrize("included", [5, {"id": "A1"}, [None, 7], "A1", None])
def test_what_is_included_in_another_shape_has_nothing_to_ask_about(a_run, included):
    due = a_run("flows")
    body = json.dumps({"data": [a_flow("F1", "A1")], "included": included}).encode()
    due.note("flows", {}, None, body)
    assert due.children() == []


@pytest.mark.parametrize(
    ("count", "again"), [(7, []), (6, ["L1"]), (None, []), ("7", []), (True, [])]
)
def test_a_group_that_klaviyo_counts_otherwise_is_read_whole(a_run, said, count, again):
    said.known = KnownWatermarks(groups={("lists", "L1"): RECENT})
    said.held, said.new = {"L1": 5}, {"L1": 2}
    due = a_run("lists")
    due.note("lists", {}, None, lists("L1"))
    due.members()
    due.note("list_count", {}, "L1", a_count(count))
    walks = due.differing()
    assert parents(walks) == again
    assert all(walk.is_full_read and walk.bounds is None for walk in walks)


@pytest.mark.parametrize("body", [b'{"data": null}', b'{"data": {"attributes": null}}'])
def test_a_count_that_is_not_said_is_no_difference(a_run, said, body):
    said.known = KnownWatermarks(groups={("lists", "L1"): RECENT})
    due = a_run("lists")
    due.note("lists", {}, None, lists("L1"))
    due.members()
    due.note("list_count", {}, "L1", body)
    assert due.differing() == []


# -- windows --------------------------------------------------------------------------------------


def windows(due: IngestPlanner) -> list[tuple[str, datetime | None, datetime | None]]:
    return [
        (walk.bounds.field, walk.bounds.start, walk.bounds.end)
        for walk in due.windows()
        if walk.bounds
    ]


def test_events_are_read_of_the_metrics_on_the_pages(a_run):
    due = a_run("events", start=NOW - DAY)
    due.note("metrics", {}, None, a_body(a_metric("M1"), a_metric("M2", "Clicked Email")))
    (walk,) = due.windows()
    assert due.metric_names == {"M1": "opened email", "M2": "clicked email"}
    assert 'equals(metric_id,["M1","M2"])' in unquote(walk.first_url)


def test_a_run_up_to_now_stays_behind_what_klaviyo_is_still_indexing(a_run):
    due = a_run("events", start=NOW - DAY)
    due.note("metrics", {}, None, a_body(a_metric("M1")))
    assert windows(due) == [("datetime", NOW - DAY, NOW - MARGIN)]


def test_a_metric_that_vanished_is_a_member_that_is_lost(a_run, said):
    said.known = KnownWatermarks(
        events={"M9": []}, metric_names={"M9": "Opened Email", "M1": "Clicked Email"}
    )
    due = a_run("events", metrics=("Opened Email", "Clicked Email"))
    due.note("metrics", {}, None, a_body(a_metric("M1", "Clicked Email")))
    due.windows()
    assert [*due._outcome.failed] == ["events"]
    assert (due._outcome.unread, due._outcome.lost_members_alone) == (set(), True)


@pytest.mark.parametrize("id", ['M"2', "M\\2", "M,2"])
def test_a_metric_that_no_filter_can_name_is_left_out_and_told(a_run, id):
    """It ended the run."""
    due = a_run("events", start=NOW - DAY)
    due.note("metrics", {}, None, a_body(a_metric("M1"), a_metric(id, "Clicked Email")))
    (walk,) = due.windows()
    assert walk.facts == {"metric_ids": "M1"}
    assert due._outcome.failed["events"] == [
        f"metric {id} (clicked email): its id has characters that Klaviyo's ids never have, so its "
        "events were not read. Something other than Klaviyo may have answered: check the base URL "
        "and proxies."
    ]
    assert due._outcome.unread == set()


def test_the_end_of_a_bounded_run_is_left_out(a_run):
    due = a_run("events", start=NOW - 3 * DAY, end=NOW - DAY)
    due.note("metrics", {}, None, a_body(a_metric("M1")))
    assert windows(due) == [("datetime", NOW - 3 * DAY, NOW - DAY - timedelta(seconds=1))]


def test_without_metrics_events_are_not_read_and_it_is_said(a_run):
    due = a_run("events")
    due._outcome.fail("metrics", "403")
    assert due.windows() == []
    assert due._outcome.failed["events"] == [
        (
            "events were not read, since the listing of metrics failed. See the reason given for "
            "metrics."
        )
    ]


@pytest.mark.parametrize(
    ("last", "options", "field"),
    [
        (None, {}, "created"),
        (WEEK + MARGIN, {}, "created"),
        (WEEK - HOUR, {}, "updated"),
        (None, {"start": NOW - DAY}, "updated"),
        (None, {"end": NOW - DAY}, "updated"),
    ],
    ids=["never", "long ago", "lately", "since a time", "up to a time"],
)
def test_all_profiles_are_read_again_after_so_long_where_nothing_bounds_the_run(
    a_run, said, last, options, field
):
    read = CoveredInterval(Range(None, NOW - HOUR), NOW)
    said.known = KnownWatermarks(profiles=[read], complete_profiles_at=last and NOW - last)
    (walk,) = a_run("profiles", **options).windows()
    assert walk.bounds
    assert (walk.bounds.field, walk.is_full_read) == (field, field == "created")


# -- reads that are to be confirmed ---------------------------------------------------------------


@pytest.mark.parametrize("table", ["profiles", "profile_email_suppressions"])
def test_a_read_of_profiles_that_lacked_too_many_is_made_again_by_the_next_run(a_run, said, table):
    said.known = KnownWatermarks(
        profiles=[CoveredInterval(Range(None, NOW), NOW)], complete_profiles_at=NOW - HOUR
    )
    said.unconfirmed = {table: "one"}
    (walk,) = a_run("profiles").windows()
    assert walk.is_full_read


def test_groups_that_lacked_too_many_members_are_read_whole_again_and_no_others(a_run, said):
    doubted, others = (replace(RECENT, whole_by=run) for run in ("one", "zero"))
    said.known = KnownWatermarks(groups={("lists", "L1"): doubted, ("lists", "L2"): others})
    said.unconfirmed = {"list_profiles": "one"}
    due = a_run("lists")
    due.note("lists", {}, None, lists("L1", "L2"))
    whole, since = due.members()
    assert (parents(whole), parents(since)) == (["L1"], ["L2"])


@pytest.mark.parametrize(("waits", "again"), [({}, []), ({"flow_action_messages": "one"}, ["A1"])])
def test_messages_of_actions_that_did_not_move_are_asked_for_again(a_run, said, waits, again):
    definition = {"type": "send-email", "data": {"message": {"id": "M1"}}}
    page = a_page("flows", a_flow("F1", "A1"), included=[a_flow_action("A1", definition)])
    due = a_run("flows")
    due.note("flows", {}, None, page["body"].encode())
    (action,) = due._parents["flow_messages"].values()
    said.asked, said.unconfirmed = {"A1": LastRequest(action.version, NOW - HOUR)}, waits
    due = a_run("flows")
    due.note("flows", {}, None, page["body"].encode())
    assert parents(due.children()) == again


# -- runs that were cut short ---------------------------------------------------------------------


def a_landed(endpoint: str, *records: Any, **facts: Any) -> ResumePoint:
    return advance(a_page(endpoint, *records, fetched_at=NOW - HOUR, run_id="one", **facts), None)


def test_pages_that_an_earlier_run_landed_say_what_they_said_then(a_run, said):
    piece = a_landed("lists")
    said.cut_short, said.bodies = [piece], {piece.walk_id: lists("L1")}
    due = a_run("lists")
    assert due.listings() == []
    assert parents(due.members()[0]) == ["L1"]
    assert due.kept == {piece.walk_id: piece}


def test_what_is_read_comes_after_the_newest_page(a_run):
    assert a_run("lists")._client.after == [NOW - HOUR]


def test_a_listing_of_yesterday_is_read_anew(a_run, said):
    said.cut_short = [advance(a_page("lists", fetched_at=NOW - DAY), None)]
    due = a_run("lists")
    assert [walk.endpoint.name for walk in due.listings()] == ["lists"]
    assert due.kept == {}


# -- metrics --------------------------------------------------------------------------------------


def test_a_metric_is_known_by_its_name_and_owner():
    (fact,) = metrics_on(a_body(a_metric("M1", "Opened Email", "Klaviyo")))
    assert (fact.id, fact.name) == ("M1", "Opened Email")


@pytest.mark.parametrize("record", [None, 7, [], {}, {"id": None}, {"id": ""}])
def test_a_record_that_is_no_metric_is_passed_over(record):
    assert [fact.id for fact in metrics_on(a_body(record, a_metric("M1")))] == ["M1"]


# -- klaviyo_plus ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("read_whole_at", "unconfirmed", "is_whole"),
    [
        (None, {}, True),
        (NOW - 8 * DAY, {}, True),
        (NOW - 6 * DAY, {}, False),
        (NOW - 6 * DAY, {"coupon_codes": "one"}, True),
    ],
)
def test_codes_in_stock_are_read_as_often_as_conf_says(
    a_run, said, read_whole_at, unconfirmed, is_whole
):
    said.read_whole_at, said.unconfirmed = read_whole_at, unconfirmed
    due = a_run("coupons", full_coupon_codes_every=WEEK)
    assert [walk.endpoint.name for walk in due.listings()] == ["coupons"]
    due.note("coupons", {}, None, a_body({"type": "coupon", "id": "10OFF"}))
    walks = due.children()
    assert [walk.is_full_read for walk in walks] == ([True] if is_whole else [False, False])


def test_nothing_of_klaviyo_plus_is_asked_for_unless_it_is_named(a_run):
    names = {walk.endpoint.resource for walk in a_run(*RESOURCE_NAMES).listings()}
    assert names <= {*RESOURCE_NAMES}
    due = a_run("tags")
    due.note("coupons", {}, None, a_body({"type": "coupon", "id": "10OFF"}))
    assert due.children() == []


def test_the_account_is_asked_which_metrics_are_its_commerce_for_the_events_alone(a_run):
    def endpoints(*resources: str, **options: Any) -> set[str]:
        return {walk.endpoint.name for walk in a_run(*resources, **options).listings()}

    asked = endpoints("events", metrics=("documented", "commerce"))

    assert asked == {"metrics", "accounts", "mapped_metrics", "custom_metrics"}
    assert endpoints("events", metrics=("documented",)) == {"metrics"}
    assert endpoints("tags", metrics=("documented", "commerce")) == {"tags"}
