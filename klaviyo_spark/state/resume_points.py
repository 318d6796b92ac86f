"""What of a walk has landed, and how a run goes on where another was cut short.

Bronze is the ledger: a page that has landed says which walk it belongs to, what that walk was to
read, how far it had got and where it goes on. Pages of a walk land in order, so what has landed is
its beginning. ``plan_resume`` is pure; ``landings`` asks the table.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from klaviyo_spark.client.walk import Walk
from klaviyo_spark.resources import ENDPOINTS, WINDOWED
from klaviyo_spark.state.intervals import CoveredInterval, Range, uncovered

MAX_TIME = datetime(9999, 12, 31, tzinfo=timezone.utc)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class ResumePoint:
    """A walk as far as its pages have landed; names as in ``bronze_table.COLUMNS``.

    Args:
        slice: JSON.
        run_id: the run that landed the last page.
        pages: number of the last page.
        next_url: of that page; None too where the listing may go on and nobody says where.
        ended: it was the walk's last.
        status: of that page.
        records: on all of them.
    """

    endpoint: str
    slice: str
    parent_id: str | None
    parent_digest: str | None
    read_id: str
    read_run_id: str
    read_started_at: datetime
    run_id: str
    walk_id: str
    is_full_read: bool
    window_start: datetime | None
    window_end: datetime | None
    max_record_time: datetime | None
    in_order: bool
    pages: int
    next_url: str | None
    ended: bool
    status: int
    records: int

    @property
    def covered_time(self) -> Range:
        """The time that has been read whole; an unfinished second is left out.

        Of a walk out of order none: who asked for an order and did not get it may have got less.
        """
        if not self.in_order:
            return Range(MAX_TIME, MAX_TIME)
        if self.ended:
            return Range(self.window_start, self.window_end or MAX_TIME)
        nothing = Range(MAX_TIME, MAX_TIME)
        return (
            Range(self.window_start, self.max_record_time - _SECOND)
            if self.max_record_time
            else nothing
        )

    @property
    def facts(self) -> Mapping[str, str]:
        """The slice's facts."""
        return dict(json.loads(self.slice))


@dataclass(frozen=True)
class CompletedReads:
    """What runs that came to their end have read.

    Args:
        ranges: ranges of time, each under its resource and scope.
        reads: per endpoint, parent and completeness, when the last read began.
        gone_on_with: walks that they went on from to their end, were there more to ask or not.
    """

    ranges: Sequence[tuple[tuple[str, str | None], CoveredInterval]]
    reads: Mapping[tuple[str, str | None, bool], datetime]
    gone_on_with: Collection[str] = ()

    def supersedes(self, walk: ResumePoint) -> bool:
        """Whether ``walk`` has been gone on with, or what it read has been read since.

        Only then what it holds counts as any other read: late events make it due again.
        """
        if walk.walk_id in self.gone_on_with:
            return True
        resource = ENDPOINTS[walk.endpoint].resource
        if resource not in WINDOWED or walk.is_full_read:
            at = self.reads.get((walk.endpoint, walk.parent_id, walk.is_full_read))
            return at is not None and walk.read_started_at <= at
        scopes = walk.facts["metric_ids"].split(",") if resource == "events" else [None]
        since = [
            [read.range for of, read in self.ranges if of == key and read.at > walk.read_started_at]
            for key in [(resource, scope) for scope in scopes]
        ]
        return all(ranges and not uncovered(walk.covered_time, ranges) for ranges in since)


@dataclass(frozen=True)
class ResumePlan:
    """What is left to ask, and what of the ledger it goes on from."""

    walks: tuple[Walk, ...]
    kept: tuple[ResumePoint, ...]


def advance(row: Mapping[str, Any], before: ResumePoint | None) -> ResumePoint:
    """What has landed of a walk with one more page of it.

    Args:
        row: of bronze.
        before: what had landed before.
    """
    in_order = row["in_order"] and (before is None or before.in_order)
    reached = [
        r
        for r in (before.max_record_time if before else None, row["max_record_time"])
        if r and in_order
    ]
    return ResumePoint(
        endpoint=row["endpoint"],
        slice=row["slice"],
        parent_id=row["parent_id"],
        parent_digest=row["parent_digest"],
        read_id=row["read_id"],
        read_run_id=row["read_run_id"],
        read_started_at=row["read_started_at"],
        run_id=row["run_id"],
        walk_id=row["walk_id"],
        is_full_read=row["is_full_read"],
        window_start=row["window_start"],
        window_end=row["window_end"],
        max_record_time=max(reached, default=None),
        in_order=in_order,
        pages=row["page_number"],
        next_url=row["next_url"],
        ended=row["is_last"],
        status=row["status"],
        records=row["record_count"] + (before.records if before else 0),
    )


def with_order_lost(pieces: Iterable[ResumePoint]) -> list[ResumePoint]:
    """``pieces``, none of them in order that is of a read with one that is not.

    A window is cut by the times on its first pages: where a later page of one part shows that they
    were in no order, the other parts may have ended too early.
    """
    pieces = list(pieces)
    lost = {piece.read_id for piece in pieces if not piece.in_order}
    return [replace(p, in_order=False) if p.read_id in lost else p for p in pieces]


def slice_text(facts: Mapping[str, str]) -> str:
    """Facts of a slice as bronze holds them."""
    return json.dumps(dict(facts), sort_keys=True)


def plan_resume(
    walks: Iterable[Walk],
    landed: Sequence[ResumePoint],
    not_before: datetime,
    lookback: timedelta = timedelta(0),
) -> ResumePlan:
    """What of ``walks`` has not landed yet.

    A walk goes on at the page after its last; what has ended is not asked again.

    Args:
        landed: of runs that were cut short.
        not_before: listings begun earlier are read anew: they would show a state of the past.
            Time that was read earlier stays read, but for the ``lookback`` before that.
    """
    by_key: dict[tuple[object, ...], list[ResumePoint]] = {}
    for piece in with_order_lost(landed):
        key = (piece.endpoint, piece.parent_id, piece.is_full_read)
        by_key.setdefault(key, []).append(piece)
    left: list[Walk] = []
    kept: dict[str, ResumePoint] = {}
    for walk in walks:
        found = by_key.get((walk.endpoint.name, walk.parent_id, walk.is_full_read), [])
        if walk.bounds is None or (walk.bounds.end is None and not walk.is_full_read):
            found = [p for p in found if p.read_started_at >= not_before]
        if walk.is_full_read or walk.bounds is None:
            # Departures are judged by one read: the last that was begun, in all its parts.
            last = max(found, key=lambda p: p.read_started_at, default=None)
            found = [p for p in found if last and p.read_id == last.read_id]
            if last:
                walk = _in_read(walk, last)
        found = [p for p in found if p.slice == slice_text(walk.facts)]
        kept.update({p.walk_id: p for p in found})
        held = [
            piece.covered_time
            if walk.is_full_read or piece.read_started_at >= not_before
            else CoveredInterval(piece.covered_time, piece.read_started_at).final_part(lookback)
            for piece in found
        ]
        left += _rest(walk, found, held)
    return ResumePlan(tuple(left), tuple(kept.values()))


def _rest(walk: Walk, found: Sequence[ResumePoint], held: Sequence[Range]) -> Iterator[Walk]:
    """The parts of ``walk`` that are not ``held``; those that ``found`` lead to, by its cursors."""
    if not found:
        yield walk
    elif walk.bounds is None:
        if not any(piece.ended for piece in found):
            furthest = max(found, key=lambda p: p.pages)
            # A page that did not say whether there is a next one leads nowhere.
            yield _go_on(walk, furthest) if furthest.next_url else walk
    else:
        wanted = Range(walk.bounds.start, walk.bounds.end or MAX_TIME)
        for gap in _gaps(wanted, held):
            piece = next((p for p in found if _leads_to(p, gap)), None)
            if piece:
                # Its cursor knows the end that was asked for then.
                led = Range(gap.start, min(gap.end, piece.window_end or MAX_TIME))
                bounds = replace(walk.bounds, start=piece.window_start, end=_end(led))
                yield _go_on(
                    replace(walk, bounds=bounds, max_record_time=piece.max_record_time), piece
                )
                if led.end == gap.end:
                    continue
                gap = Range(led.end, gap.end)
            assert walk.ask
            bounds = replace(walk.bounds, start=gap.start, end=_end(gap))
            url = walk.ask(bounds)
            yield replace(walk, walk_id=uuid.uuid4().hex, bounds=bounds, first_url=url)


def _gaps(wanted: Range, held: Sequence[Range]) -> list[Range]:
    """What of ``wanted`` is not held; a window of one second is held whole or not at all."""
    if wanted.start != wanted.end:
        return uncovered(wanted, held)
    whole = any((r.start is None or r.start <= wanted.end) and wanted.end <= r.end for r in held)
    return [] if whole else [wanted]


def _end(r: Range) -> datetime | None:
    return None if r.end == MAX_TIME else r.end


def _leads_to(piece: ResumePoint, gap: Range) -> bool:
    """Whether the piece's cursor goes on at the beginning of ``gap``."""
    if piece.ended or not piece.next_url:
        return False
    if piece.max_record_time is None or gap.start is None:
        return gap.start == piece.window_start
    begun = piece.window_start is None or piece.window_start <= gap.start
    return begun and gap.start <= piece.max_record_time <= min(gap.end, gap.start + _SECOND)


def _go_on(walk: Walk, piece: ResumePoint) -> Walk:
    assert piece.next_url
    walk = replace(walk, walk_id=piece.walk_id, first_url=piece.next_url, in_order=piece.in_order)
    return replace(_in_read(walk, piece), first_page=piece.pages + 1)


def _in_read(walk: Walk, piece: ResumePoint) -> Walk:
    """``walk`` as a part of the read that ``piece`` is of."""
    return replace(
        walk,
        read_id=piece.read_id,
        read_run_id=piece.read_run_id,
        read_started_at=piece.read_started_at,
    )
