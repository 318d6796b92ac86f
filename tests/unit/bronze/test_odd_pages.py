"""Pages of any shape after they have landed: whoever looks at them then may end no run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from klaviyo_spark.bronze import request_plan
from klaviyo_spark.bronze.planner import IngestPlanner, IngestScope
from klaviyo_spark.bronze.response_audit import Audit
from klaviyo_spark.bronze.unknown_fields import UnknownFieldDetector
from klaviyo_spark.client.page_order import times_on
from klaviyo_spark.client.paginator import Fetched
from klaviyo_spark.client.responses import Page, read_page
from klaviyo_spark.client.walk import Walk
from klaviyo_spark.errors import ApiError
from klaviyo_spark.resources import ENDPOINTS
from klaviyo_spark.schema.endpoint import Endpoint
from klaviyo_spark.schema.paths import FieldPath
from klaviyo_spark.state import landings, store
from klaviyo_spark.state.landings import RecentLandings
from klaviyo_spark.state.models import GroupRead, Outcome
from klaviyo_spark.state.watermarks import KnownWatermarks
from tests.builders import DAY
from tests.helpers.fakes import BASE, NOON

GROUPS = ("lists", "segments")


class FakeClient:
    """Klaviyo's address and clock."""

    base_url = BASE

    def now(self) -> Any:
        return NOON

    stamp = now

    def start_after(self, _: object) -> None:
        """Nothing has landed."""


def a_due() -> IngestPlanner:
    """A run of everything, within which who joined L1 is read."""
    known = KnownWatermarks(
        groups={(name, "L1"): GroupRead(NOON, joined_at=NOON) for name in GROUPS}
    )
    wanted = IngestScope("default", "run", GROUPS, None, None, DAY, DAY, DAY, DAY, "all", threads=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "read_watermarks", lambda *_: known)
        patch.setattr(landings, "landed_lately", lambda *_: RecentLandings(None, []))
        patch.setattr(store, "unconfirmed", lambda *_: {})
        due = IngestPlanner(None, FakeClient(), wanted, Outcome())  # type: ignore[arg-type]
    for name in GROUPS:
        due.note(name, {}, None, b'{"data":[{"id":"L1"}],"links":{}}')
    due.members()
    return due


def walks(endpoint: Endpoint) -> Iterator[Walk]:
    """A walk of each slice, and one since a time where that is asked for."""
    if endpoint.fanout or "{id}" in endpoint.path:
        since = {"L1": NOON} if endpoint.members else None
        parents = [request_plan.Parent("L1")]
        yield from request_plan.fanout_walks(BASE, endpoint, parents, NOON, since)
    elif endpoint.windows:
        span = request_plan.RequestedRange(NOON - 3 * DAY, None, NOON, timedelta(0))
        if endpoint.name == "events":
            yield from request_plan.event_walks(BASE, endpoint, {"M1": []}, span, NOON)
        else:
            yield from request_plan.profile_walks(BASE, endpoint, [], span, False, NOON)
    else:
        yield from request_plan.listing_walks(BASE, endpoint, NOON)


class Lookers:
    """All who look at a page of an endpoint once it has landed."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint, self.walk = endpoint, next(walks(endpoint))
        self.watch, self.audit, self.due = UnknownFieldDetector(), Audit(), a_due()

    def look_at(self, body: bytes) -> bool:
        """Have them look; False where such a page does not land."""
        try:
            next_url, count, edges = read_page(body, "GET /api/x")
        except ApiError:
            return False
        name, walk = self.endpoint.name, self.walk
        page = Page("u", "/api/x", "", 200, body, next_url, count, None, NOON, "r", edges)
        if walk.time_field:
            walk = replace(walk, in_order=times_on(page, walk.time_field).in_order)
        self.watch.look(name, body, NOON)
        self.audit.look(Fetched(walk, 1, page, is_last=True))
        self.due.note(name, walk.facts, walk.parent_id, body)
        return all(line.startswith(f"{name}: ") for line in self.audit.warnings())


def places(endpoint: Endpoint) -> list[tuple[str, ...]]:
    """The keys of a record that somebody looks at."""
    paths: list[FieldPath | None] = [read.path for read in endpoint.echo_reads.values()]
    paths += [endpoint.members.count_path] if endpoint.members else []
    for one in ENDPOINTS.values():
        if one.fanout and one.fanout.of == endpoint.name:
            settled = one.fanout.settled_where[0] if one.fanout.settled_where else None
            paths += [*one.fanout.any_paths, one.fanout.partial_path, settled]
            paths.append(one.fanout.sent_at_path)
    found = [path.keys for path in paths if path]
    found += [part.keys for part in endpoint.asks]
    found += [("attributes", window.field) for window in endpoint.windows]
    return [*found, ("attributes", "name"), ("attributes", "integration", "name"), ("new",)]


def objects_with(paths: list[tuple[str, ...]], *types: str) -> st.SearchStrategy[dict[str, Any]]:
    """Records that have something odd somewhere on the way to the places that are looked at."""

    @st.composite
    def an_object(draw: st.DrawFn) -> dict[str, Any]:
        record: dict[str, Any] = {}
        for keys in [("id",), ("type",), *paths]:
            inner = record
            *above, last = keys[: draw(st.integers(0, len(keys)))] or [""]
            for key in above:
                inner = inner.setdefault(key, {})
                if not isinstance(inner, dict):
                    break
            else:
                if last:
                    inner[last] = draw(odd_values(types))
        return record

    return an_object()


def odd_values(types: tuple[str, ...]) -> st.SearchStrategy[Any]:
    """Anything that JSON can say, and what names a record."""
    texts = st.one_of(
        st.text(max_size=3), st.sampled_from(["A1", "\ud83d", "true", NOON.isoformat()])
    )
    numbers = st.one_of(st.integers(-2, 2**70), st.floats(allow_nan=False, allow_infinity=False),
                        st.just(10**4000))  # fmt: skip
    scalars = st.one_of(st.none(), st.booleans(), texts, numbers)
    names = st.fixed_dictionaries({}, optional={"id": scalars, "type": st.sampled_from(types)})
    return st.recursive(
        st.one_of(scalars, names),
        lambda inner: st.one_of(
            st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=2), inner, max_size=2)
        ),
        max_leaves=4,
    )


def pages(endpoint: Endpoint) -> st.SearchStrategy[bytes]:
    """Pages as text; some of their integers have more digits than Python reads."""
    types = ("flow-action", "campaign-message", "profile", "attribution", "metric", "x")
    records, odd = objects_with(places(endpoint), *types), odd_values(types)
    page = st.fixed_dictionaries(
        {
            "data": st.one_of(st.lists(records, max_size=3), records, st.none()),
            "links": st.sampled_from([{}, {"next": None}, {"next": "x"}]),
        },
        optional={"included": st.one_of(st.lists(records, max_size=3), odd), "meta": odd},
    )
    return page.map(lambda one: json.dumps(one).replace("0" * 4000, "0" * 5000).encode())


@pytest.mark.parametrize("name", sorted(ENDPOINTS))
def test_a_page_of_any_shape_ends_no_run(name):
    lookers, landed = Lookers(ENDPOINTS[name]), []

    @settings(max_examples=15, deadline=None)
    @given(pages(ENDPOINTS[name]))
    def check(body: bytes) -> None:
        landed.append(lookers.look_at(body))

    check()
    assert any(landed)


@pytest.mark.parametrize("name", ["events", "flows", "list_profiles", "metrics", "profiles"])
def test_a_page_nested_deeper_than_python_reads_ends_no_run(name):
    """What is read at one place is too deep to read, or to write, a few calls further down."""
    lookers = Lookers(ENDPOINTS[name])
    assert all(lookers.look_at(body) for body in map(a_deep_body, DEPTHS))


# Python gives up at 1,000 calls and levels, and some of them are the test's own.
DEPTHS = (*range(900, 1000, 2), 1100, 5000)


def a_deep_body(levels: int) -> bytes:
    """A page with arrays within arrays wherever somebody may look."""
    deep = "[" * levels + "]" * levels
    record = (
        f'{{"id":"A1","type":"flow-action","attributes":{{"new":{deep}}},"relationships":{deep}}}'
    )
    body = f'{{"data":[{record}],"included":[{record},{deep}],"links":{{"next":null}}}}'
    return body.encode()
