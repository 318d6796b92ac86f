"""What to read again of what is short, in few requests. Pure; no I/O here.

A request is of some metrics and of days in a row, so each one is a rectangle of metrics and days,
all of them short: nothing else is read. A run of short days of a metric is read by one rectangle,
or by several that lie within it and are read for other metrics anyway.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise

from klaviyo_spark.commands.verify.children import asked_children
from klaviyo_spark.commands.verify.comparing import (
    EVENTS,
    PROFILES,
    RECORDS,
    WHOLE_TABLES,
    Comparison,
)
from klaviyo_spark.commands.verify.days import DayRange, joined
from klaviyo_spark.resources import ENDPOINTS, RESOURCES

PAGE = int(ENDPOINTS["events"].params["page[size]"])
Short = Mapping[str, Mapping[date, int]]
"""Per metric, its short days and how many events Klaviyo counts on each."""
_Plan = dict[DayRange, set[str]]
_DAY = timedelta(days=1)
_ASKED = frozenset(one.table.name for one in asked_children([*RESOURCES]))


@dataclass(frozen=True)
class Reading:
    """Events to read at once: all of these metrics on all of these days."""

    metric_ids: tuple[str, ...]
    span: DayRange
    events: int

    @property
    def pages(self) -> int:
        """How many requests it takes."""
        return _pages(self.events)


@dataclass(frozen=True)
class Healing:
    """What to read again, and which tables to make again from bronze.

    Args:
        groups: per resource, ids of lists and segments whose members are to be read whole.
        listings: resources whose listing is to be read, with the ids that were missing, or whose
            own listing is to be read.
        profiles: ids of those that are to be read.
    """

    readings: Sequence[Reading] = ()
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)
    listings: Mapping[str, frozenset[str]] = field(default_factory=dict)
    profiles: frozenset[str] = frozenset()
    tables: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return self.reads or bool(self.tables)

    @property
    def reads(self) -> bool:
        """Whether Klaviyo is to be asked."""
        return bool(self.readings or self.groups or self.listings or self.profiles)


def healing(checks: Iterable[Comparison]) -> Healing:
    """What may mend the faults among ``checks``. What is here twice no read can mend."""
    short: dict[str, dict[date, int]] = {}
    groups: dict[str, set[str]] = {}
    listings: dict[str, set[str]] = {}
    profiles: set[str] = set()
    tables: set[str] = set()
    for check in checks:
        if check.count_type == EVENTS and check.missing and check.day:
            short.setdefault(check.scope, {})[check.day] = check.expected_count
        elif check.count_type == EVENTS or not check.is_fault:
            continue
        elif check.is_of_listing:
            ids = listings.setdefault(check.resource, set())
            is_missing = check.missing and check.count_type == RECORDS
            ids.update([check.scope] if is_missing or check.count_type in _ASKED else [])
        elif check.count_type == WHOLE_TABLES:
            tables.add(check.scope)
        elif check.count_type == PROFILES:
            profiles |= check.missing_ids
        else:
            groups.setdefault(check.resource, set()).add(check.scope)
    return Healing(
        readings(short),
        {resource: frozenset(ids) for resource, ids in groups.items()},
        {resource: frozenset(ids) for resource, ids in listings.items()},
        frozenset(profiles),
        frozenset(tables),
    )


def readings(short: Short) -> list[Reading]:
    """Readings that hold exactly the short days, in the order of time.

    The cheaper of two ways is taken. Of two metrics no plan has fewer requests; of more it may
    happen, where their runs overlap without lying within each other.
    """
    found: list[Reading] = []
    for island in _islands(short):
        ways = [_to_readings(short, way) for way in (_nested(short, island), _split_ranges(island))]
        found += min(ways, key=lambda way: sum(reading.pages for reading in way))
    return found


def _islands(short: Short) -> Iterator[_Plan]:
    """Runs of short days and the metrics that have them; such as share no day apart."""
    runs: _Plan = {}
    for metric_id, days in short.items():
        for span in joined(days):
            runs.setdefault(span, set()).add(metric_id)
    island: _Plan = {}
    last: date | None = None
    for span in sorted(runs):
        if last is not None and span.first > last:
            yield island
            island, last = {}, None
        island[span] = runs[span]
        last = max(span.last, last or span.last)
    if island:
        yield island


def _nested(short: Short, runs: _Plan) -> _Plan:
    """Each run by itself, but for those that shorter ones make up at fewer requests."""
    kept: _Plan = {}
    for span in sorted(runs, key=lambda span: (len(span), span)):
        parts = _parts(span, kept)
        more = sum(
            _pages(_count(short, kept[part] | runs[span], part))
            - _pages(_count(short, kept[part], part))
            for part in parts
        )
        if parts and more < _pages(_count(short, runs[span], span)):
            for part in parts:
                kept[part] = kept[part] | runs[span]
        else:
            kept[span] = kept.get(span, set()) | runs[span]
    return kept


def _parts(span: DayRange, kept: Iterable[DayRange]) -> list[DayRange]:
    """The fewest of ``kept`` that lie within ``span`` and leave none of its days out; or none."""
    inside = [other for other in kept if span.holds(other)]
    parts: list[DayRange] = []
    day = span.first
    while day <= span.last:
        able = [other for other in inside if other.first <= day <= other.last]
        if not able:
            return []
        parts.append(max(able, key=lambda other: other.last))
        day = parts[-1].last + _DAY
    return parts


def _split_ranges(runs: _Plan) -> _Plan:
    """Runs cut wherever one begins or ends: each piece once, for all metrics that have it."""
    edges = sorted({span.first for span in runs} | {span.last + _DAY for span in runs})
    pieces = [DayRange(a, b - _DAY) for a, b in pairwise(edges)]
    return {
        piece: set().union(*(ids for span, ids in runs.items() if span.holds(piece)))
        for piece in pieces
        if any(span.holds(piece) for span in runs)
    }


def _to_readings(short: Short, plan: _Plan) -> list[Reading]:
    return [
        Reading(tuple(sorted(ids)), span, _count(short, ids, span))
        for span, ids in sorted(plan.items())
    ]


def _count(short: Short, metric_ids: Iterable[str], span: DayRange) -> int:
    return sum(short[metric_id][day] for metric_id in metric_ids for day in span)


def _pages(events: int) -> int:
    return max(1, -(-events // PAGE))
