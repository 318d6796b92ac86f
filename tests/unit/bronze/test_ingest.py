"""One refusal among many answers: what is still asked, what lands, what the outcome says."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import unquote

import pytest

from klaviyo_spark.bronze import request_plan as plan
from klaviyo_spark.bronze.account_identity import Identity
from klaviyo_spark.bronze.ingest import ingest
from klaviyo_spark.bronze.lander import Lander
from klaviyo_spark.bronze.planner import IngestScope
from klaviyo_spark.cli.progress import progress
from klaviyo_spark.client.walk import Walk
from klaviyo_spark.errors import OtherAccount, Unauthorized
from klaviyo_spark.lake.delta_log import TableState
from klaviyo_spark.resources import ENDPOINTS
from klaviyo_spark.state import landings, resume_points
from klaviyo_spark.state.intervals import CoveredInterval
from klaviyo_spark.state.models import GroupKey, GroupRead, Outcome
from klaviyo_spark.state.resume_points import ResumePoint
from tests.builders import DAY, a_page
from tests.helpers.fakes import NOON, Answer, LoopbackServer, a_body, a_client, an_error_body

METRICS = tuple(f"M{n:05}" for n in range(1, 12))
Respond = Callable[[str], Answer]
_NAMES = '"profile":{"data":null},"metric":{"data":null},"attributions":{"data":[]}'
_E1 = f'{{"id":"E1","attributes":{{}},"relationships":{{{_NAMES}}}}}'
EVENT = f'{{"data":[{_E1}],"links":{{"next":null}}}}'.encode()


@pytest.fixture(autouse=True)
def _bronze(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bronze table that nobody else has touched."""
    monkeypatch.setattr("klaviyo_spark.bronze.ingest.check_bronze", lambda *_: TableState("B", 0))
    monkeypatch.setattr(landings, "pages_read", lambda *_: 0)


class FakeLake:
    """What has landed, and the rows of the operators' tables."""

    def __init__(self) -> None:
        self.pages: list[dict[str, Any]] = []
        self.ops: list[tuple[str, dict[str, Any]]] = []

    def append_pages(self, rows: list[dict[str, Any]]) -> None:
        self.pages += rows

    def append_ops(self, name: str, rows: list[dict[str, Any]]) -> None:
        self.ops += [(name, row) for row in rows]


class FakePlan:
    """Rounds as they are given."""

    def __init__(self, *rounds: Sequence[Walk], read_before: Collection[str] = ()) -> None:
        self.kept: dict[str, ResumePoint] = {}
        self.metric_names: Mapping[str, str] = {id: f"name of {id}" for id in METRICS}
        self.metrics_read_before = read_before
        self.identity: FakeIdentity | None = None
        self.member_counts: Mapping[GroupKey, int] = {}
        self.group_reads: Mapping[GroupKey, GroupRead] = {}
        self._rounds = rounds

    def rounds(self) -> Iterator[Sequence[Walk]]:
        yield from self._rounds

    def note(self, *_: object) -> None:
        """Nothing follows from what is answered."""


class FakeIdentity(Identity):
    """An account that is known by its metrics, and by other listings.

    Args:
        beside: metrics that the lake has of the account "old"; and that it has read of it.
    """

    def __init__(
        self,
        *read: str,
        listed: Sequence[str] = (),
        beside: tuple[Sequence[str], Sequence[str]] = ((), ()),
        **others: Collection[str],
    ) -> None:
        super().__init__(None, "default", read, "http://127.0.0.1")  # type: ignore[arg-type]
        self._metrics_listed = {"default": frozenset(listed), "old": frozenset(beside[0])}
        self._read_of_old, self._others = beside[1], others

    def _metrics_read(self) -> Mapping[str, Collection[str]]:
        return {"old": self._read_of_old}

    def _ids(self, table: str, also: str = "") -> frozenset[str]:
        return frozenset(self._others.get(table, ()))


class FakePreload:
    """Notes what it is told of, and how many pages have landed by then."""

    def __init__(self) -> None:
        self.lake = FakeLake()
        self.begun: list[tuple[set[str], int]] = []
        self.counted = threading.Event()

    def has_work(self, endpoints: Collection[str]) -> bool:
        return {*endpoints} != (self.begun[-1][0] if self.begun else set())

    def begin(self, endpoints: Collection[str]) -> None:
        self.begun.append(({*endpoints}, len(self.lake.pages)))
        if "list_count" in endpoints:
            self.counted.set()


class Ingested:
    """What came of a plan against answers given by ``respond``."""

    def __init__(
        self,
        server: LoopbackServer,
        planned: Callable[[str], FakePlan],
        lake: FakeLake | None = None,
        end: datetime | None = None,
        preload: FakePreload | None = None,
        optional: frozenset[str] = frozenset(),
    ) -> None:
        self.lake = lake or FakeLake()
        wanted = IngestScope(
            "default", "run", ("events",), None, end, DAY, DAY, DAY, DAY, "documented", threads=4,
            optional=optional,
        )  # fmt: skip
        with a_client(server.url) as client:
            shown = progress("none")
            plan = planned(server.url)
            self.outcome: Outcome = ingest(
                self.lake,
                client,
                wanted,
                shown,
                plan=plan,
                preload=preload,  # type: ignore[arg-type]
            )
        self.asked = [unquote(target) for target in server.targets]

    @property
    def marks(self) -> list[str]:
        """What was read, by scope."""
        return sorted({row["scope"] for row in self.watermarks if row["kind"] == "window"})

    @property
    def ended(self) -> list[tuple[str, str]]:
        """The endpoints whose ingest has come to its end, and walks that it went on with."""
        kinds = ("ingest", "resumed_walk")
        return [(row["kind"], row["scope"]) for row in self.watermarks if row["kind"] in kinds]

    @property
    def watermarks(self) -> list[dict[str, Any]]:
        return [row for name, row in self.lake.ops if name == "watermarks"]


def events(url: str, ids: Sequence[str] = METRICS) -> list[Walk]:
    """One walk over the last ten days of ``ids``."""
    none: dict[str, Sequence[CoveredInterval]] = {id: [] for id in ids}
    span = plan.RequestedRange(NOON - 10 * DAY, None, NOON, DAY)
    return plan.event_walks(url, ENDPOINTS["events"], none, span, NOON)


def an_unknown_metric(detail: str) -> Answer:
    error = {"code": "invalid", "title": "Invalid input.", "detail": detail}
    body = {"errors": [{**error, "source": {"parameter": "filter"}}]}
    return Answer(json.dumps(body).encode(), status=400)


def refusing(*ids: str, detail: str) -> Respond:
    """An account that lists metrics and refuses some of them in a filter."""

    def respond(target: str) -> Answer:
        refused = any(f'"{id}"' in unquote(target) for id in ids)
        return an_unknown_metric(detail) if refused else Answer(EVENT)

    return respond


def test_a_metric_that_is_refused_by_name_is_left_out_and_told(serve):
    server = serve(refusing("M00007", detail="Metric IDs ['M00007'] do not exist."))
    done = Ingested(server, lambda url: FakePlan(events(url)))

    assert done.outcome.failed == {}
    assert done.outcome.warnings == [
        "Klaviyo lists metric M00007 (name of M00007) but refuses requests for its events, so they "
        "were not read. To stop this warning, set `metrics` in conf to a list of names without it."
    ]
    assert len(done.asked) == 2
    assert done.marks == [id for id in METRICS if id != "M00007"]
    assert [page["slice"] for page in done.lake.pages] == [
        json.dumps({"metric_ids": ",".join(done.marks)})
    ]


def test_a_walk_whose_last_page_may_not_be_the_last_counts_as_read_up_to_its_last_record(serve):
    """``links`` without ``next`` moved the watermark to the end of the window, in silence."""
    moment = NOON - 5 * DAY
    at = f'"attributes":{{"datetime":"{moment.isoformat()}"}}'
    body = EVENT.replace(b'"attributes":{}', at.encode())
    body = body.replace(b'"next":null', b'"self":"x"')
    done = Ingested(serve(lambda _: Answer(body)), lambda url: FakePlan(events(url, ["M1"])))

    assert [(page["is_last"], page["next_url"]) for page in done.lake.pages] == [(False, None)]
    assert [row["range_end"] for row in done.watermarks if row["kind"] == "window"] == [
        moment - timedelta(seconds=1)
    ]
    assert done.outcome.failed == {}
    assert done.outcome.warnings == [
        "listings that ended on a page without links.next: events (1); there may be more "
        "pages, so nothing is marked as deleted, and the next run reads on. If this "
        "stays, tell Klaviyo."
    ]


def test_a_window_that_was_asked_for_and_may_not_be_whole_is_a_failure(serve):
    """No later run reads on from there: a backfill's step would count as done."""
    body = EVENT.replace(b'"next":null', b'"self":"x"')
    server = serve(lambda _: Answer(body))
    done = Ingested(server, lambda url: FakePlan(events(url, ["M1"])), end=NOON)
    assert done.outcome.failed == {
        "events": [
            "events: a page came without links.next, so the range may not have been read "
            "to its end. Run the same command again."
        ]
    }


def test_tables_may_be_loaded_once_all_pages_of_an_endpoint_have_landed(serve):
    """Listings all at once; members, who may be asked for once more, not at all."""
    preload = FakePreload()

    def respond(target: str) -> Answer:
        if "/L2/" in target:  # the group that is long
            preload.counted.wait(10)
        return Answer(b'{"data": [], "links": {"next": null}}')

    def rounds(url: str) -> FakePlan:
        listings = [
            walk
            for name in ("lists", "tags")
            for walk in plan.listing_walks(url, ENDPOINTS[name], NOON)
        ]
        first, long = plan.Parent("L1"), plan.Parent("L2")
        members, counts = ENDPOINTS["list_profiles"], ENDPOINTS["list_count"]
        joined = plan.fanout_walks(url, members, [first], NOON)
        whole = plan.fanout_walks(url, members, [first, long], NOON)
        return FakePlan(
            listings, joined, [*whole, *plan.fanout_walks(url, counts, [first], NOON)], joined
        )

    Ingested(serve(respond), rounds, preload.lake, preload=preload)
    listings = {"lists", "tags"}
    assert [names for names, _ in preload.begun] == [listings, {*listings, "list_count"}]
    assert preload.begun[0][1] == 2
    assert preload.begun[1][1] in (4, 5), "with what else was in hand, and not the long group's"


def test_a_refused_metric_whose_events_were_read_before_is_a_failure(serve):
    server = serve(refusing("M00007", detail="Metric IDs ['M00007'] do not exist."))
    done = Ingested(server, lambda url: FakePlan(events(url), read_before={"M00007"}))

    assert done.outcome.failed == {
        "events": [
            "Klaviyo lists metric M00007 (name of M00007) but now refuses requests for its events, "
            "which earlier runs could read; they were not read. Check in Klaviyo whether it was "
            "deleted; if so, set `metrics` in conf to a list of names without it."
        ]
    }
    assert "M00007" not in done.marks
    assert (done.outcome.unread, done.outcome.lost_members_alone) == (set(), True)


def test_where_every_metric_that_was_read_before_is_refused_no_events_are_read(serve):
    server = serve(refusing(*METRICS, detail="A metric in the filter does not exist."))
    done = Ingested(server, lambda url: FakePlan(events(url), read_before=METRICS))
    assert len(done.outcome.failed["events"]) == len(METRICS)
    assert (done.outcome.unread, done.outcome.lost_members_alone) == ({"events"}, False)


def test_words_that_quote_the_whole_filter_name_no_metric(serve):
    """All ids were believed to be refused, and no events were read."""
    detail = f"A metric in any(metric_id,[{','.join(METRICS)}]) does not exist."
    server = serve(refusing("M00007", detail=detail))
    done = Ingested(server, lambda url: FakePlan(events(url)))
    assert done.marks == [id for id in METRICS if id != "M00007"]
    assert len(done.outcome.warnings) == 1


@pytest.mark.parametrize("refused", [("M00001",), ("M00011",), ("M00003", "M00008"), METRICS])
def test_a_refused_metric_that_is_not_named_is_found_by_halves(serve, refused: Sequence[str]):
    server = serve(refusing(*refused, detail="A metric in the filter does not exist."))
    done = Ingested(server, lambda url: FakePlan(events(url)))

    assert done.marks == [id for id in METRICS if id not in refused]
    assert len(done.outcome.warnings) == len(refused)
    assert done.outcome.failed == {}


def test_another_filter_that_is_refused_fails_the_events_at_once(serve):
    server = serve(lambda _: an_unknown_metric("'equals' is not an allowed filter operator"))
    done = Ingested(server, lambda url: FakePlan(events(url)))
    (line,) = done.outcome.failed["events"]
    assert "Klaviyo refuses a filter that this version of klaviyo-spark sends" in line
    assert len(done.asked) == 1


def members(url: str, *lists: str) -> list[Walk]:
    parents = [plan.Parent(id) for id in lists]
    return plan.fanout_walks(url, ENDPOINTS["list_profiles"], parents, NOON)


def test_one_list_that_is_refused_says_what_is_known(serve):
    def respond(target: str) -> Answer:
        if "/lists/L3/" in target:
            return Answer(an_error_body("No access to a@example.com's list."), status=403)
        return Answer(a_body("P1"))

    done = Ingested(serve(respond), lambda url: FakePlan(members(url, "L1", "L2", "L3", "L4")))

    assert done.outcome.failed == {
        "lists": [
            "GET /api/lists/L3/profiles -> 403: No access to <e-mail>'s list. The key "
            "has the scope: 3 other pages of list_profiles were read. Rows of L3 stay as "
            "they were. Look at it in Klaviyo."
        ]
    }
    assert len(done.lake.pages) == 3
    assert (done.outcome.unread, done.outcome.lost_members_alone) == (set(), True)


def test_all_lists_that_are_refused_are_a_key_without_a_scope(serve):
    server = serve(lambda _: Answer(an_error_body("Nope."), status=403))
    done = Ingested(server, lambda url: FakePlan(members(url, "L1", "L2")))
    lines = done.outcome.failed["lists"]
    assert len(lines) == 2
    assert all("the key lacks a scope, lists:read, profiles:read needed" in line for line in lines)
    assert done.outcome.unread == {"lists"}


@pytest.mark.parametrize(
    ("listing", "tables"),
    [
        ("segments", "segments, segment_profiles, segment_tags"),
        ("tags", "tags"),
        ("flows", "flows, flow_actions, flow_action_messages"),
    ],
)
def test_a_listing_without_a_scope_names_the_tables_that_are_asked_for_by_it(
    serve, listing, tables
):
    """Members of segments are asked for by the ids that the listing names."""

    def planned(url: str) -> FakePlan:
        return FakePlan(plan.listing_walks(url, ENDPOINTS[listing], NOON))

    server = serve(lambda _: Answer(an_error_body("Nope."), status=403))
    [line] = Ingested(server, planned).outcome.failed[listing]
    assert line.endswith(f"these tables are not updated: {tables}")


def test_a_group_that_nobody_named_is_left_out_where_the_key_lacks_its_scope(serve):
    def planned(url: str) -> FakePlan:
        return FakePlan(plan.listing_walks(url, ENDPOINTS["forms"], NOON))

    server = serve(lambda _: Answer(an_error_body("Nope."), status=403))
    named = Ingested(server, planned).outcome
    [line] = named.failed["forms"]
    assert "the key lacks a scope, forms:read needed" in line
    assert line.endswith("these tables are not updated: forms, form_versions")

    of_all = Ingested(server, planned, optional=frozenset({"forms"})).outcome
    assert of_all.failed == {}
    assert of_all.warnings == [
        "forms: not read, since the key lacks a scope (forms:read). Make a key with that scope; "
        "or, to stop this warning, replace `all` in conf `plus` by the groups that you want."
    ]


def test_one_slice_that_is_refused_is_named_and_the_key_has_the_scope(serve):
    """It read as a key without a scope, and six tables that are not kept up."""

    def respond(target: str) -> Answer:
        if "mobile_push" in target:
            return Answer(an_error_body("Mobile push is not enabled."), status=403)
        return Answer(a_body())

    done = Ingested(
        serve(respond),
        lambda url: FakePlan(plan.listing_walks(url, ENDPOINTS["campaigns"], NOON)),
    )
    assert sorted(done.outcome.failed["campaigns"]) == [
        "GET /api/campaigns -> 403: Mobile push is not enabled. The key has the scope: 4 other "
        f"pages of campaigns were read. Rows of channel mobile_push, archived {archived} stay "
        "as they were. Look at it in Klaviyo."
        for archived in ("false", "true")
    ]
    assert done.outcome.unread == set()


def test_a_later_page_that_is_refused_is_no_key_without_a_scope(serve):
    def respond(target: str) -> Answer:
        if "cursor" in target:
            return Answer(an_error_body("Nope."), status=403)
        return Answer(a_body("T1", next_url=f"{server.url}/api/tags?page%5Bcursor%5D=2"))

    server = serve(respond)
    done = Ingested(server, lambda url: FakePlan(plan.listing_walks(url, ENDPOINTS["tags"], NOON)))
    assert done.outcome.failed == {
        "tags": [
            "GET /api/tags -> 403: Nope. The key has the scope: 1 other pages of tags "
            "were read. Rows of what is left stay as they were. Look at it in Klaviyo."
        ]
    }
    assert done.outcome.unread == {"tags"}


def test_a_slice_that_is_refused_after_others_had_landed_is_named(serve):
    """A run that goes on from one that was cut short reads the rest alone."""
    *_, last = plan.listing_walks("", ENDPOINTS["flows"], NOON)
    row = a_page("flows", slice=resume_points.slice_text({"archived": "false"}))

    def planned(url: str) -> FakePlan:
        planned = FakePlan(plan.listing_walks(url, ENDPOINTS["flows"], NOON)[-1:])
        planned.kept = {row["walk_id"]: resume_points.advance(row, None)}
        return planned

    server = serve(lambda _: Answer(an_error_body("Nope."), status=403))
    (line,) = Ingested(server, planned).outcome.failed["flows"]
    assert line == (
        "GET /api/flows -> 403: Nope. The key has the scope: 1 other pages of flows were read. "
        f"Rows of archived {last.facts['archived']} stay as they were. Look at it in Klaviyo."
    )


def test_the_only_child_that_is_due_and_refused_says_what_earlier_runs_read(serve, monkeypatch):
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(landings, "pages_read", lambda *about: asked.append(about) or 1234)
    server = serve(lambda _: Answer(an_error_body("No access."), status=403))
    done = Ingested(server, lambda url: FakePlan(members(url, "L1", "L2")))
    assert sorted(done.outcome.failed["lists"]) == [
        f"GET /api/lists/{id}/profiles -> 403: No access. Earlier runs read 1,234 pages of "
        "list_profiles: either the key has lost a scope (lists:read, profiles:read needed), or "
        f"Klaviyo refuses {id} to any key. Rows of {id} stay as they were. Run `klaviyo-spark "
        "doctor`, which checks the scope."
        for id in ("L1", "L2")
    ]
    assert asked == [(done.lake, "default", ENDPOINTS["list_profiles"])]


def test_a_walk_that_another_run_has_landed_is_none_of_this_runs_commits(serve):
    """Its mark named a commit that no log has: the next run took bronze for an older copy."""
    row = a_page("list_profiles", parent_id="L1", run_id="before")

    def planned(url: str) -> FakePlan:
        planned = FakePlan(plan.listing_walks(url, ENDPOINTS["tags"], NOON))
        planned.kept = {row["walk_id"]: resume_points.advance(row, None)}
        return planned

    done = Ingested(serve(lambda _: Answer(a_body("T1"))), planned)
    commits = {mark["run_id"]: mark["bronze_commits"] for mark in done.watermarks}
    assert commits == {"before": 0, "run": 1}


def test_a_page_nested_deeper_than_python_reads_lands_and_ends_no_run(serve):
    """One profile's property ended the whole run, tags too, and every later one."""
    deep = f'{{"id":"P1","attributes":{{"properties":{{"x":{"[" * 1100 + "]" * 1100}}}}}}}'

    def respond(target: str) -> Answer:
        if "/profiles" not in target:
            return Answer(a_body("T1"))
        if "cursor" in target:
            return Answer(a_body("P2"))
        next_url = f"{server.url}/api/profiles?page%5Bcursor%5D=2"
        return Answer(f'{{"data":[{deep}],"links":{{"next":"{next_url}"}}}}'.encode())

    def planned(url: str) -> FakePlan:
        listed = (plan.listing_walks(url, ENDPOINTS[name], NOON) for name in ("profiles", "tags"))
        return FakePlan([walk for walks in listed for walk in walks])

    server = serve(respond)
    done = Ingested(server, planned)
    assert done.outcome.failed == {}
    landed = sorted((page["endpoint"], page["page_number"]) for page in done.lake.pages)
    assert landed == [("profiles", 1), ("profiles", 2), ("tags", 1)]


def test_a_day_to_wait_for_one_endpoint_ends_that_one_alone(serve):
    def respond(target: str) -> Answer:
        if "/lists/" in target:
            return Answer(b"{}", status=429, headers={"Retry-After": "86400"})
        if "/segments/" in target:
            return Answer(b"{}", status=429, headers={"Retry-After": "7200"})
        return Answer(a_body("T1"))

    def planned(url: str) -> FakePlan:
        parents = [plan.Parent("S1")]
        segments = plan.fanout_walks(url, ENDPOINTS["segment_profiles"], parents, NOON)
        tags = plan.listing_walks(url, ENDPOINTS["tags"], NOON)
        lists = members(url, *(f"L{n}" for n in range(50)))
        return FakePlan([*lists, *segments], [*members(url, "L99"), *tags])

    done = Ingested(serve(respond), planned)

    assert done.outcome.resume_at is not None
    left = done.outcome.resume_at - datetime.now(timezone.utc)  # the server's Date is the clock
    assert DAY - timedelta(minutes=1) < left <= DAY
    assert done.outcome.failed == {}
    assert done.outcome.stopped == {"list_profiles", "segment_profiles"}
    assert [line.partition(":")[0] for line in sorted(done.outcome.warnings)] == [
        "list_profiles",
        "segment_profiles",
    ]
    assert [page["endpoint"] for page in done.lake.pages] == ["tags"]
    assert done.ended == [("ingest", "tags")], "a later run goes on with the others"
    assert sum("/lists/" in target for target in done.asked) <= 4  # those under way
    assert not any("/L99/" in target for target in done.asked)


# -- whose account it is --------------------------------------------------------------------------


def a_listing_of(*pages: Sequence[str], status: int = 200) -> Callable[[str], Answer]:
    """An account that lists metrics on several pages; everything else has one record."""

    def respond(target: str) -> Answer:
        if not target.startswith("/api/metrics"):
            return Answer(a_body("T1"))
        if status != 200:
            return Answer(an_error_body("Nope."), status=status)
        place = int(target.partition("?")[2] or 0)
        more = f"{BASE_MARK}/api/metrics?{place + 1}" if place + 1 < len(pages) else None
        return Answer(a_body(*pages[place], next_url=more))

    return respond


BASE_MARK = "http://the-server"


@pytest.fixture
def account(serve) -> Callable[..., Ingested]:
    """What comes of reading tags, and metrics where they are wanted, of an account."""

    def ingested(respond: Respond, identity: FakeIdentity | None, *wanted: str) -> Ingested:
        def answered(target: str) -> Answer:
            found = respond(target)
            return replace(found, body=found.body.replace(BASE_MARK.encode(), server.url.encode()))

        def planned(url: str) -> FakePlan:
            plans = [
                walk
                for name in wanted or ("metrics", "tags")
                for walk in plan.listing_walks(url, ENDPOINTS[name], NOON)
            ]
            made = FakePlan(plans)
            made.identity = identity
            return made

        server = serve(answered)
        return Ingested(server, planned)

    return ingested


def landed(done: Ingested) -> list[tuple[str, int]]:
    return sorted((page["endpoint"], page["page_number"]) for page in done.lake.pages)


@pytest.mark.parametrize(
    "identity",
    [None, FakeIdentity(), FakeIdentity("A2"), FakeIdentity("X1", listed=["A3"])],
    ids=["checked", "nothing known", "read before", "listed before"],
)
def test_an_account_that_is_known_by_one_of_its_metrics_lands_as_usual(account, identity):
    done = account(a_listing_of(["A1", "A2"], ["A3"]), identity)
    assert landed(done) == [("metrics", 1), ("metrics", 2), ("tags", 1)]
    assert len(done.asked) == 3


@pytest.mark.parametrize("pages", [[["B1"], ["B2"]], [[]]], ids=["another", "none"])
@pytest.mark.parametrize("wanted", [("tags",), ("metrics", "tags")], ids=str)
def test_of_another_account_nothing_lands(account, monkeypatch, pages, wanted):
    """Issue 19: a key of brand B marked all of brand A as gone and mixed the two."""
    lakes = []
    monkeypatch.setattr(Lander, "take", lambda *given: lakes.append(given))
    count = sum(map(len, pages))
    with pytest.raises(OtherAccount) as refused:
        account(a_listing_of(*pages), FakeIdentity("A1", listed=["A1", "A2"]), *wanted)
    assert str(refused.value) == (
        f"http://127.0.0.1 lists {count} metrics and none of the 2 that the lake has of account "
        "'default', so the key or the base URL is another account's; nothing has landed. Use the "
        "right key. For a second account, use another --account name or --warehouse."
    )
    assert refused.value.exit_code == 1
    assert lakes == []


@pytest.mark.parametrize("beside", [(["A1", "A2"], []), ([], ["A2", "A1"]), (["A1"], ["A2"])])
@pytest.mark.parametrize("wanted", [("tags",), ("metrics", "tags")], ids=str)
def test_an_account_that_the_lake_has_under_another_name_is_refused(
    account, monkeypatch, beside, wanted
):
    """Issue 19: an account renamed in conf had each of its rows twice, exit 0."""
    lakes = []
    monkeypatch.setattr(Lander, "take", lambda *given: lakes.append(given))
    with pytest.raises(OtherAccount) as refused:
        account(a_listing_of(["A1"], ["A2", "A3"]), FakeIdentity(beside=beside), *wanted)
    assert str(refused.value) == (
        "http://127.0.0.1 lists 3 metrics, and the lake has 2 of them as those of account 'old' "
        "and none as those of 'default': it is the same account, and its rows would be in the lake "
        "twice; nothing has landed. Keep the name 'old' (`account` in conf, --account), or take "
        "another --warehouse for the new one."
    )
    assert refused.value.exit_code == 1
    assert lakes == []


@pytest.mark.parametrize(
    "identity",
    [FakeIdentity(beside=(["B1"], ["B2"])), FakeIdentity("A1", beside=(["A1", "A2", "A3"], []))],
    ids=["another account beside it", "known by that name too"],
)
def test_another_account_in_the_lake_is_no_reason_to_refuse_this_one(account, identity):
    done = account(a_listing_of(["A1", "A2"], ["A3"]), identity)
    assert landed(done) == [("metrics", 1), ("metrics", 2), ("tags", 1)]
    assert len(done.asked) == 3


def test_a_run_that_wants_no_metrics_asks_for_them_once_and_lands_none(account):
    done = account(a_listing_of(["A1"], ["A2"]), FakeIdentity("A1"), "tags")
    assert landed(done) == [("tags", 1)]
    assert [target.partition("?")[0] for target in done.asked] == ["/api/metrics", "/api/tags"]


@pytest.mark.parametrize(("status", "wanted"), [(403, ("tags",)), (404, ("tags",))])
def test_where_the_metrics_cannot_be_had_the_rest_lands(account, status, wanted):
    done = account(a_listing_of(status=status), FakeIdentity("A1"), *wanted)
    assert landed(done) == [("tags", 1)]
    assert (done.outcome.failed, done.outcome.warnings) == ({}, [UNSEEN])


def test_metrics_that_are_wanted_and_refused_are_a_failure_as_ever(account):
    done = account(a_listing_of(status=403), FakeIdentity("A1"))
    assert landed(done) == [("tags", 1)]
    assert [*done.outcome.failed] == ["metrics"]
    assert UNSEEN in done.outcome.warnings


UNSEEN = (
    "the metrics could not be read, so nothing shows whether the key is of account "
    "'default'; if it is not, the tables now mix rows of two accounts. Give the key the "
    "scope metrics:read."
)


def without_metrics(*tags: str) -> Respond:
    """An account whose key may read tags and segments alone."""

    def respond(target: str) -> Answer:
        path = target.partition("?")[0]
        listed = {"/api/tags": tags, "/api/segments": ("S1",)}.get(path)
        if listed is None:
            return Answer(an_error_body("Nope."), status=403)
        return Answer(a_body(*listed, next_url=None))

    return respond


@pytest.mark.parametrize("wanted", [("tags",), ("metrics", "tags")], ids=str)
def test_without_metrics_an_account_is_known_by_one_of_its_other_listings(account, wanted):
    known = {"tags": ["T1"], "segments": [f"S{n}" for n in range(40)]}
    done = account(without_metrics("T8"), FakeIdentity("A1", **known), *wanted)
    assert landed(done) == [("tags", 1)]
    assert UNSEEN not in done.outcome.warnings


@pytest.mark.parametrize("wanted", [("tags",), ("metrics", "tags")], ids=str)
def test_without_metrics_another_account_is_refused_by_its_other_listings(
    account, monkeypatch, wanted
):
    """A key without metrics:read marked 25 tags as gone, and put others in their place."""
    lakes = []
    monkeypatch.setattr(Lander, "take", lambda *given: lakes.append(given))
    known = {"tags": [f"T{n}" for n in range(18)], "segments": ["S7", "S8"]}
    with pytest.raises(OtherAccount, match="lists 3 tags, lists, segments and flows and none of"):
        account(without_metrics("B1", "B2"), FakeIdentity("A1", **known), *wanted)
    assert lakes == []


def test_without_metrics_few_ids_that_are_gone_tell_nothing(account):
    """A brand may have deleted them."""
    known = {"tags": [f"T{n}" for n in range(18)], "segments": ["S7"]}
    done = account(without_metrics("B1"), FakeIdentity("A1", **known), "tags")
    assert landed(done) == [("tags", 1)]
    assert done.outcome.warnings == [UNSEEN]


def test_a_wrong_key_is_one_for_the_check_too(account):
    with pytest.raises(Unauthorized):
        account(a_listing_of(status=401), FakeIdentity("A1"), "tags")


# -- the end of an ingest -------------------------------------------------------------------------


def test_the_end_of_an_ingest_is_on_record_with_what_it_read_and_went_on_with(serve):
    resumed = resume_points.advance(a_page("lists"), None)

    def planned(url: str) -> FakePlan:
        found = FakePlan(plan.listing_walks(url, ENDPOINTS["tags"], NOON), events(url))
        found.kept = {resumed.walk_id: resumed}
        return found

    done = Ingested(serve(lambda _target: Answer(a_body("E1"))), planned)

    assert done.ended == [
        ("ingest", "events"),
        ("ingest", "lists"),
        ("ingest", "tags"),
        ("resumed_walk", resumed.walk_id),
    ]
    assert {row["run_id"] for row in done.watermarks if row["kind"] == "ingest"} == {"run"}


def test_a_resource_that_failed_has_ended_too_but_not_with_what_it_was_to_go_on_with(serve):
    resumed = resume_points.advance(a_page("tags"), None)

    def planned(url: str) -> FakePlan:
        found = FakePlan(plan.listing_walks(url, ENDPOINTS["tags"], NOON))
        found.kept = {resumed.walk_id: resumed}
        return found

    refused = Answer(an_error_body("forbidden"), status=403)
    done = Ingested(serve(lambda _target: refused), planned)

    assert [*done.outcome.failed] == ["tags"]
    assert done.ended == [("ingest", "tags")]


def test_an_ingest_that_breaks_off_has_no_end_on_record(serve):
    def planned(url: str) -> FakePlan:
        found = FakePlan(plan.listing_walks(url, ENDPOINTS["tags"], NOON))
        found.note = interrupt  # type: ignore[method-assign]
        return found

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    lake = FakeLake()
    with pytest.raises(KeyboardInterrupt):
        Ingested(serve(lambda _target: Answer(a_body("T1"))), planned, lake)
    assert [page["endpoint"] for page in lake.pages] == ["tags"]
    assert [row for name, row in lake.ops if name == "watermarks"] == []
