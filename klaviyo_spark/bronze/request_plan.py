"""Which walks a run has to make. Pure: no network, no Spark; time and coverage are arguments.

It is long, since each kind of listing has a function of its own.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec

from klaviyo_spark.client.json_bodies import as_far_as_deep, records_by_id
from klaviyo_spark.client.urls import Bounds, first_url, is_quotable
from klaviyo_spark.client.walk import Walk
from klaviyo_spark.schema.endpoint import Endpoint, Fanout, Slice, Window
from klaviyo_spark.schema.instants import as_time
from klaviyo_spark.schema.paths import FieldPath
from klaviyo_spark.state.intervals import CoveredInterval, Range, ranges_to_read
from klaviyo_spark.state.models import BY_IDS, LastRequest

# An `any` of ids this long keeps a URL under 2 kB, whatever lies between us and Klaviyo.
_IDS_PER_REQUEST = 100
_LONG_IDS_PER_REQUEST = 50  # of profiles
_WHOLE = Slice()


@dataclass(frozen=True)
class RequestedRange:
    """The times a run is about: what was asked for, and what every run reads again.

    ``end`` is the last second to read; None means up to ``upper``, which stays behind now, since
    Klaviyo refuses bounds near it.
    """

    start: datetime | None
    end: datetime | None
    upper: datetime
    lookback: timedelta


@dataclass(frozen=True)
class Parent:
    """A record another endpoint is asked about.

    Args:
        whole: False while it is still filling.
        version: digest of the record as listed.
        settled: nobody works on it any more.
        sent_at: when it was sent (UTC), where the fan-out says that it is sent.
    """

    id: str
    whole: bool = True
    version: str = ""
    settled: bool = True
    sent_at: datetime | None = None


def listing_walks(base_url: str, endpoint: Endpoint, now: datetime) -> list[Walk]:
    """One complete read of a listing: a walk per slice, judged together."""
    read = _ReadPlan(base_url, endpoint, now, len(endpoint.slices), is_full_read=True)
    return [read.walk(part) for part in endpoint.slices]


def without_include(base_url: str, walk: Walk) -> Walk:
    """The listing of ``walk`` without what it includes; what it lacks has not gone by that."""
    assert walk.read_started_at
    plain = walk.endpoint.without_include()
    read = _ReadPlan(base_url, plain, walk.read_started_at, is_full_read=False)
    part = next(one for one in plain.slices if one.facts == walk.facts)
    return read.walk(replace(part, facts={**part.facts, "left_out": "include"}))


def fanout_walks(
    base_url: str,
    endpoint: Endpoint,
    parents: Iterable[Parent],
    now: datetime,
    since: Mapping[str, datetime] | None = None,
) -> list[Walk]:
    """One read per parent: of all children, or of those who joined ``since``.

    Of an endpoint whose filter names parents, reads of many of them, which prove nothing of others.
    """
    if endpoint.fanout and endpoint.fanout.filter:
        return filtered_walks(base_url, endpoint, parents, now, (_WHOLE,), is_full_read=False)
    walks = []
    for parent in parents:
        begin = (since or {}).get(parent.id)
        bounds = None
        if begin is not None:
            window = endpoint.windows[0]
            bounds = Bounds(window.field, begin, None, window.closed)
        read = _ReadPlan(base_url, endpoint, now, is_full_read=parent.whole and begin is None)
        walks.append(read.walk(parent=parent, bounds=bounds))
    return walks


def filtered_walks(
    base_url: str,
    endpoint: Endpoint,
    parents: Iterable[Parent],
    now: datetime,
    slices: Sequence[Slice],
    *,
    is_full_read: bool,
) -> list[Walk]:
    """One read of the children of all ``parents``, which the filter names, some in each walk."""
    assert endpoint.fanout
    groups = _in_groups((parent.id for parent in parents), _IDS_PER_REQUEST)
    read = _ReadPlan(base_url, endpoint, now, len(groups) * len(slices), is_full_read)
    walks = []
    for digest, group in groups.items():
        listed = ",".join(f'"{id}"' for id in group)
        named = f"any({endpoint.fanout.filter},[{listed}])"
        for part in slices:
            filters = ",".join(filter(None, (named, part.filter)))
            walks.append(read.walk(Slice({**part.facts, "parents": digest}, filters)))
    return walks


def parents_to_refetch(
    parents: Iterable[Parent],
    asked: Mapping[str, LastRequest],
    recent: timedelta,
    now: datetime,
    ask_again_after: timedelta,
) -> list[Parent]:
    """Parents whose children may be others than when they were last asked about.

    Args:
        asked: per parent's id.
        recent: a parent sent no longer ago is asked about in every run.
        ask_again_after: a parent that never seems to move is asked about again all the same.
    """

    def may_differ(parent: Parent) -> bool:
        last = asked.get(parent.id)
        return (
            last is None
            or last.version != parent.version
            or not parent.settled
            or (parent.sent_at is not None and parent.sent_at >= now - recent)
            or last.at < now - ask_again_after
        )

    return [parent for parent in parents if may_differ(parent)]


def event_walks(
    base_url: str,
    endpoint: Endpoint,
    reads: Mapping[str, Sequence[CoveredInterval]],
    span: RequestedRange,
    now: datetime,
) -> list[Walk]:
    """Walks over what has not been read of each metric, and the lookback.

    Args:
        reads: what has been read, per metric id; all ids to read are keys.
    """
    ids_by_ranges: dict[tuple[Range, ...], list[str]] = {}
    for metric_id, done in reads.items():
        wanted = tuple(ranges_to_read(span.start, span.end, done, span.lookback, span.upper))
        ids_by_ranges.setdefault(wanted, []).append(metric_id)
    window = endpoint.windows[0]
    walks = []
    for ranges, ids in ids_by_ranges.items():
        for at in range(0, len(ids), _IDS_PER_REQUEST):
            some = tuple(sorted(ids[at : at + _IDS_PER_REQUEST]))
            for r in ranges:
                bounds = Bounds(window.field, r.start, r.end, window.closed)
                walks.append(_event_walk(base_url, endpoint, some, bounds, now))
    return walks


def is_askable(id: str) -> bool:
    """Whether a walk can name a metric or a parent; no id that Klaviyo makes is otherwise."""
    return is_quotable(id) and "," not in id  # which parts ids in ``Walk.facts``


def known_metrics(base_url: str, walk: Walk, said: str) -> tuple[frozenset[str], list[Walk]]:
    """What to ask in the place of a walk over events that names a metric id Klaviyo refuses.

    Args:
        said: Klaviyo's words. Where they name none of the ids, or all, the walk is cut in two
            by its ids, so that the refused one is found.

    Returns:
        The ids that are known to be refused now, and the walks over the others.
    """
    ids = walk.facts["metric_ids"].split(",")
    refused = frozenset(id for id in ids if re.search(rf"(?<!\w){re.escape(id)}(?!\w)", said))
    if len(refused) == len(ids) > 1:  # they quote the filter, and tell nothing
        refused = frozenset()
    if len(ids) == 1:
        refused = frozenset(ids)
    left = [id for id in ids if id not in refused]
    middle = 0 if refused else len(left) // 2
    parts = [tuple(some) for some in (left[:middle], left[middle:]) if some]
    assert walk.bounds
    assert walk.read_started_at
    walks = [
        _event_walk(base_url, walk.endpoint, part, walk.bounds, walk.read_started_at)
        for part in parts
    ]
    return refused, [one if walk.ask else replace(one, ask=None) for one in walks]


def _event_walk(
    base_url: str, endpoint: Endpoint, ids: tuple[str, ...], bounds: Bounds, now: datetime
) -> Walk:
    part = Slice({"metric_ids": ",".join(ids)})
    read = _ReadPlan(base_url, endpoint, now, walks_in_read=0)
    return read.walk(part, bounds=bounds, ids=ids)


def profile_walks(
    base_url: str,
    endpoint: Endpoint,
    reads: Sequence[CoveredInterval],
    span: RequestedRange,
    is_full_read: bool,
    now: datetime,
) -> list[Walk]:
    """A complete read of profiles, or what has been updated since they were read.

    Args:
        is_full_read: the complete read is due and nothing bounds this run.
    """
    created, updated = endpoint.windows
    if is_full_read:
        ever = Bounds(created.field, None, None, created.closed)
        return [_ReadPlan(base_url, endpoint, now, is_full_read=True).walk(bounds=ever)]
    due = ranges_to_read(span.start, span.end, reads, span.lookback, span.upper)
    return window_walks(base_url, endpoint, updated, due, now)


def window_walks(
    base_url: str, endpoint: Endpoint, window: Window, ranges: Iterable[Range], now: datetime
) -> list[Walk]:
    """Walks over ranges of one of the endpoint's windows; they prove nothing of what they lack."""
    read = _ReadPlan(base_url, endpoint, now, walks_in_read=0)
    return [
        read.walk(bounds=Bounds(window.field, one.start, one.end, window.closed)) for one in ranges
    ]


def id_walks(base_url: str, endpoint: Endpoint, ids: Iterable[str], now: datetime) -> list[Walk]:
    """Walks over the records that have these ids, some in each; they are of no range of time."""
    read = _ReadPlan(base_url, endpoint, now, walks_in_read=0)
    groups = _in_groups(ids, _LONG_IDS_PER_REQUEST)
    return [read.walk(Slice({BY_IDS: digest}), ids=group) for digest, group in groups.items()]


def _in_groups(ids: Iterable[str], size: int) -> dict[str, tuple[str, ...]]:
    """Ids that can be asked for, so many at once in the order of the alphabet, by their digest."""
    wanted = sorted(id for id in ids if is_askable(id))
    groups = (tuple(wanted[at : at + size]) for at in range(0, len(wanted), size))
    return {hashlib.sha256("\n".join(one).encode()).hexdigest()[:16]: one for one in groups}


def parents_on(page: bytes, facts: Mapping[str, str], fanout: Fanout) -> list[Parent]:
    """The records of a page that ``fanout`` asks about."""
    if any(facts.get(name) not in allowed for name, allowed in fanout.slices.items()):
        return []
    # What could be read may lie too deep to be written, for its digest.
    return as_far_as_deep(lambda body: _parents(body, fanout), page)


def _parents(page: bytes, fanout: Fanout) -> list[Parent]:
    return [
        _parent(id, record, fanout)
        for id, record in records_by_id(page, fanout.row_source)
        if not fanout.if_any or any(read_field(record, p) for p in fanout.any_paths)
    ]


def read_field(record: dict[str, Any], path: FieldPath) -> Any:
    """The value at a path of a decoded record; None where something is missing on the way."""
    value = _below(record, path.keys)
    if path.index is None:
        return value
    return _below(value[path.index], path.inner) if _has(value, path.index) else None


def _below(value: Any, keys: Iterable[str]) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _has(value: Any, index: int) -> bool:
    return isinstance(value, list) and len(value) > index


def _parent(id: str, record: dict[str, Any], fanout: Fanout) -> Parent:
    text = msgspec.json.encode(record, order="sorted")
    partial, settled, sent_at = fanout.partial_path, fanout.settled_where, fanout.sent_at_path
    return Parent(
        id,
        whole=not (partial and read_field(record, partial) is True),
        version=hashlib.sha256(text).hexdigest()[:16],
        settled=settled is None or read_field(record, settled[0]) in settled[1],
        sent_at=as_time(read_field(record, sent_at)) if sent_at else None,
    )


def _new_id() -> str:
    return uuid.uuid4().hex


@dataclass(frozen=True)
class _ReadPlan:
    """What the walks of one read have in common; see ``Walk``."""

    base_url: str
    endpoint: Endpoint
    now: datetime
    walks_in_read: int = 1
    is_full_read: bool = False
    read_id: str = field(default_factory=_new_id)

    def walk(
        self,
        part: Slice = _WHOLE,
        *,
        parent: Parent | None = None,
        bounds: Bounds | None = None,
        ids: tuple[str, ...] = (),
    ) -> Walk:
        """One of them."""
        parent_id = parent.id if parent else None

        def ask(window: Bounds | None) -> str:
            return first_url(
                self.base_url,
                self.endpoint,
                slice=part,
                parent_id=parent_id,
                window=window,
                id_filter=ids,
            )

        return Walk(
            walk_id=_new_id(),
            endpoint=self.endpoint,
            facts=part.facts,
            parent_id=parent_id,
            parent_digest=parent.version if parent else None,
            bounds=bounds,
            first_url=ask(bounds),
            read_id=self.read_id,
            walks_in_read=self.walks_in_read,
            read_started_at=self.now,
            is_full_read=self.is_full_read,
            ask=ask,
        )
