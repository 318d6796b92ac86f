"""Which walks a run has to make. Pure: no network, no Spark; time and coverage are arguments."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from klaviyo_spark.api.answers import decode
from klaviyo_spark.api.coverage import Range, due
from klaviyo_spark.api.query import Bounds, first_url
from klaviyo_spark.api.walks import Walk
from klaviyo_spark.paths import Path, parse_path
from klaviyo_spark.spec import Endpoint, Fanout, Slice

# An `any` of ids this long keeps a URL under 2 kB, whatever lies between us and Klaviyo.
_IDS_PER_REQUEST = 100


@dataclass(frozen=True)
class Span:
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
    """A record another endpoint is asked about; ``whole`` is False while it is still filling."""

    id: str
    whole: bool = True


def listing_walks(base_url: str, endpoint: Endpoint, now: datetime) -> list[Walk]:
    """One complete read of a listing: a walk per slice, judged together."""
    read_id = _new_id()
    return [
        _walk(base_url, endpoint, part, read_id, len(endpoint.slices), now, complete=True)
        for part in endpoint.slices
    ]


def fanout_walks(
    base_url: str, endpoint: Endpoint, parents: Iterable[Parent], now: datetime
) -> list[Walk]:
    """One read per parent."""
    return [
        _walk(base_url, endpoint, Slice(), _new_id(), 1, now, parent_id=p.id, complete=p.whole)
        for p in parents
    ]


def event_walks(
    base_url: str,
    endpoint: Endpoint,
    covered: Mapping[str, Sequence[Range]],
    span: Span,
    now: datetime,
) -> list[Walk]:
    """Walks over what has not been read of each metric, and the lookback.

    Args:
        covered: ranges already read, per metric id; all ids to read are keys.
    """
    ids_by_ranges: dict[tuple[Range, ...], list[str]] = {}
    for metric_id, ranges in covered.items():
        wanted = tuple(due(span.start, span.end, list(ranges), span.lookback, span.upper))
        ids_by_ranges.setdefault(wanted, []).append(metric_id)
    read_id = _new_id()
    window = endpoint.windows[0]
    walks = []
    for ranges, ids in ids_by_ranges.items():
        for at in range(0, len(ids), _IDS_PER_REQUEST):
            some = tuple(sorted(ids[at : at + _IDS_PER_REQUEST]))
            walks += [
                _walk(
                    base_url,
                    endpoint,
                    Slice({"metric_ids": ",".join(some)}),
                    read_id,
                    0,
                    now,
                    metric_ids=some,
                    bounds=Bounds(window.field, r.start, r.end, window.closed),
                )
                for r in ranges
            ]
    return walks


def profile_walks(
    base_url: str,
    endpoint: Endpoint,
    covered: Sequence[Range],
    span: Span,
    complete: bool,
    now: datetime,
) -> list[Walk]:
    """A complete read of profiles, or what has been updated since they were read.

    Args:
        complete: the complete read is due and nothing bounds this run.
    """
    created, updated = endpoint.windows
    if complete:
        everything = Bounds(created.field, None, None, created.closed)
        return [
            _walk(base_url, endpoint, Slice(), _new_id(), 1, now, bounds=everything, complete=True)
        ]
    read_id = _new_id()
    return [
        _walk(
            base_url,
            endpoint,
            Slice(),
            read_id,
            0,
            now,
            bounds=Bounds(updated.field, r.start, r.end, updated.closed),
        )
        for r in due(span.start, span.end, list(covered), span.lookback, span.upper)
    ]


def parents_on(page: bytes, facts: Mapping[str, str], fanout: Fanout) -> list[Parent]:
    """The records of a page that ``fanout`` asks about."""
    if any(facts.get(name) not in allowed for name, allowed in fanout.slices.items()):
        return []
    array, _, type = fanout.rows.partition(":")
    records = decode(page).get(array) or []
    return [
        Parent(record["id"], not (fanout.partial_if and _at(record, fanout.partial_if) is True))
        for record in records
        if isinstance(record, dict)
        and isinstance(record.get("id"), str)
        and (not type or record.get("type") == type)
        and (not fanout.if_any or any(_at(record, p) for p in fanout.if_any))
    ]


def _walk(
    base_url: str,
    endpoint: Endpoint,
    part: Slice,
    read_id: str,
    read_walks: int,
    now: datetime,
    *,
    parent_id: str | None = None,
    bounds: Bounds | None = None,
    metric_ids: tuple[str, ...] = (),
    complete: bool = False,
) -> Walk:
    url = first_url(
        base_url, endpoint, slice=part, parent_id=parent_id, window=bounds, id_filter=metric_ids
    )
    return Walk(
        walk_id=_new_id(),
        endpoint=endpoint,
        facts=part.facts,
        parent_id=parent_id,
        bounds=bounds,
        first_url=url,
        read_id=read_id,
        read_walks=read_walks,
        read_started_at=now,
        complete=complete,
    )


def _at(record: dict[str, Any], read: str) -> Any:
    """The value at a path of a decoded record; None where something is missing on the way."""
    path: Path = parse_path(read[1:])
    value: Any = record
    for key in path.keys:
        value = value.get(key) if isinstance(value, dict) else None
    if path.index is not None:
        value = value[path.index] if isinstance(value, list) and len(value) > path.index else None
    return value


def _new_id() -> str:
    return uuid.uuid4().hex
