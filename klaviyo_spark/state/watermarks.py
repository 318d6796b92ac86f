"""What has been read, as rows of ``klaviyo_ops.watermarks``. Pure; no I/O here.

Rows are made of walks that have landed, so they never say more than bronze holds. Times are by
Klaviyo's clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from klaviyo_spark.resources import ENDPOINTS
from klaviyo_spark.schema.endpoint import Endpoint
from klaviyo_spark.schema.sql_text import portable
from klaviyo_spark.state.intervals import CoveredInterval, Range, merge
from klaviyo_spark.state.models import BY_IDS, JOINED_LATE, GroupKey, GroupRead
from klaviyo_spark.state.resume_points import MAX_TIME, ResumePoint, with_order_lost

# Of a run, not of what it has read: it came to the end of what it had to ask an endpoint, and
# walks of runs before it that it went on with.
INGEST, RESUMED = "ingest", "resumed_walk"
# What has been read: a window of time, all there is; of a group the last who joined, its number.
WINDOW, FULL_READ, LAST_JOINED, MEMBER_COUNT = "window", "full_read", "last_joined", "member_count"
OF_READS = (WINDOW, FULL_READ, LAST_JOINED, MEMBER_COUNT)
_COUNTS = {e.members.count for e in ENDPOINTS.values() if e.members}


@dataclass(frozen=True)
class Watermark:
    """One row: a range of time, or a moment at which a group was read or counted.

    ``kind``: window, full_read (all there is, up to ``end``), last_joined (whoever joined a group
    by ``end``), member_count. ``run_id``: the run that read the last of it. ``difference``: of a
    count whose group was read whole for it, Klaviyo's number minus the members listed.
    """

    resource: str
    scope: str | None
    documented_name: str | None
    kind: str
    start: datetime | None
    end: datetime
    read_started_at: datetime
    version: str | None = None
    run_id: str = ""
    difference: int | None = None


@dataclass(frozen=True)
class KnownWatermarks:
    """All watermarks of an account, by what they are asked for."""

    events: Mapping[str, list[CoveredInterval]] = field(default_factory=dict)
    metric_names: Mapping[str, str] = field(default_factory=dict)
    profiles: list[CoveredInterval] = field(default_factory=list)
    complete_profiles_at: datetime | None = None
    groups: Mapping[tuple[str, str], GroupRead] = field(default_factory=dict)


def index_watermarks(rows: Iterable[Watermark]) -> KnownWatermarks:
    """Rows by what they are asked for."""
    events: dict[str, list[CoveredInterval]] = {}
    names: dict[str, str] = {}
    profiles: list[CoveredInterval] = []
    complete: list[datetime] = []
    moments: dict[GroupKey, dict[str, Watermark]] = {}
    differences: dict[GroupKey, list[Watermark]] = {}
    for row in rows:
        read = CoveredInterval(Range(row.start, row.end), row.read_started_at)
        if row.resource == "events" and row.scope:
            events.setdefault(row.scope, []).append(read)
            names[row.scope] = row.documented_name or row.scope
        elif row.resource == "profiles":
            profiles.append(read)
            complete += [row.end] if row.kind == FULL_READ else []
        elif row.scope:
            kinds = moments.setdefault((row.resource, row.scope), {})
            if row.kind not in kinds or kinds[row.kind].end < row.end:
                kinds[row.kind] = row
            if row.difference is not None:
                differences.setdefault((row.resource, row.scope), []).append(row)
    groups = {key: _group_read(kinds, differences.get(key, ())) for key, kinds in moments.items()}
    return KnownWatermarks(events, names, profiles, max(complete, default=None), groups)


def keep_earlier(rows: Iterable[Watermark], run_id: str, order: Sequence[str]) -> list[Watermark]:
    """The rows of runs before ``run_id``.

    A run's own rows are told by its id: it may have begun a read before its first page came.

    Args:
        order: the runs whose pages are in bronze, in the order of fetching; a run that has none
            left there was before all of them.
    """
    later = {*order[order.index(run_id) :]}
    return [row for row in rows if row.run_id not in later]


def watermarks(
    walks: Iterable[ResumePoint],
    metric_names: Mapping[str, str],
    now: datetime,
    margin: timedelta,
    member_counts: Mapping[GroupKey, int],
) -> Iterator[Watermark]:
    """What walks that have landed come to.

    Args:
        metric_names: what each metric id counts as.
        member_counts: Klaviyo's number of members of groups that the run has counted. One that was
            asked for it and did not say it is not counted.
        now: no read has begun later, whatever it is dated by: where Klaviyo's clock went back, a
            read is dated after all that landed before.
        margin: how long before its beginning a read may miss what Klaviyo was still indexing.
    """
    ranges: dict[tuple[str, str | None, datetime, str], list[Range]] = {}
    complete: dict[tuple[str, datetime], list[ResumePoint]] = {}
    for walk in with_order_lost(walks):
        endpoint = ENDPOINTS[walk.endpoint]
        at = min(walk.read_started_at, now)
        if endpoint.resource == "events":
            for metric_id in walk.facts["metric_ids"].split(","):
                key = ("events", metric_id, at, walk.run_id)
                ranges.setdefault(key, []).append(walk.covered_time)
        elif endpoint.resource == "profiles" and walk.is_full_read:
            complete.setdefault((walk.read_id, at), []).append(walk)
        elif endpoint.resource == "profiles" and BY_IDS not in walk.facts:
            ranges.setdefault(("profiles", None, at, walk.run_id), []).append(walk.covered_time)
        elif walk.ended and walk.status == 200 and walk.parent_id:
            of, version = (endpoint.resource, walk.parent_id, None), walk.parent_digest
            if walk.endpoint in _COUNTS and (endpoint.resource, walk.parent_id) in member_counts:
                yield Watermark(*of, MEMBER_COUNT, None, at, at, version, walk.run_id)
            for kind, moment in _moments(walk, at):
                yield Watermark(*of, kind, None, moment, at, version, walk.run_id)
            count = member_counts.get((endpoint.resource, walk.parent_id))
            if endpoint.members and walk.is_full_read and count is not None:
                difference = count - walk.records
                yield Watermark(*of, MEMBER_COUNT, None, at, at, version, walk.run_id, difference)
    for (resource, scope, at, run_id), held in ranges.items():
        name = metric_names.get(scope) if scope else None
        for r in merge(held):
            yield Watermark(resource, scope, name, WINDOW, r.start, r.end, at, None, run_id)
    for (_, at), parts in complete.items():
        if merge(part.covered_time for part in parts) == [Range(None, MAX_TIME)]:
            # Of the parts that a run has landed which went on with the read, if there are any.
            last = max(parts, key=lambda part: part.run_id != part.read_run_id)
            end, run_id = at - margin, last.run_id
            yield Watermark("profiles", None, None, FULL_READ, None, end, at, None, run_id)


def ends(
    endpoints: Iterable[Endpoint], resumed: Iterable[ResumePoint], run_id: str, at: datetime
) -> Iterator[Watermark]:
    """Marks of a run's ingest that has come to its end: later runs go on from nothing of it.

    Args:
        endpoints: that the run has asked all it had to; those that failed too.
        resumed: walks of earlier runs that it went on with to their end.
        at: the time of that.
    """
    for asked in endpoints:
        yield Watermark(asked.resource, asked.name, None, INGEST, None, at, at, run_id=run_id)
    for walk in resumed:
        resource = ENDPOINTS[walk.endpoint].resource
        yield Watermark(resource, walk.walk_id, None, RESUMED, None, at, at, run_id=run_id)


def repeated_differences(
    marks: Iterable[Watermark], before: Mapping[GroupKey, GroupRead]
) -> list[Watermark]:
    """Marks of groups whose number differs as it did at the whole read before, for the first time.

    Args:
        before: what was known of groups when the run began.
    """
    return [
        mark
        for mark in marks
        if mark.difference
        and mark.scope
        and (read := before.get((mark.resource, mark.scope)))
        and read.last_difference == mark.difference != read.difference
    ]


def marks_sql(account_id: str, bronze_id: str) -> str:
    """SQL of an account's marks; those of another bronze table speak of pages that are not there.

    Args:
        bronze_id: Delta's id of the table that is there.
    """
    return f"account_id = {portable(account_id)} AND bronze_id = {portable(bronze_id)}"


def as_row(
    mark: Watermark, account_id: str, bronze_id: str, bronze_version: int, bronze_commits: int = 0
) -> dict[str, Any]:
    """The row of ``klaviyo_ops.watermarks``.

    Args:
        bronze_id: Delta's id of the table that the pages landed in.
        bronze_version: the newest version of it that was looked at before.
        bronze_commits: how many the run has made since.
    """
    return {
        "account_id": account_id,
        "resource": mark.resource,
        "scope": mark.scope,
        "documented_name": mark.documented_name,
        "kind": mark.kind,
        "range_start": mark.start,
        "range_end": mark.end,
        "read_started_at": mark.read_started_at,
        "parent_digest": mark.version,
        "count_difference": mark.difference,
        "run_id": mark.run_id,
        "bronze_id": bronze_id,
        "bronze_version": bronze_version,
        "bronze_commits": bronze_commits,
    }


def _moments(walk: ResumePoint, at: datetime) -> Iterator[tuple[str, datetime]]:
    """What a walk of a group's members is a mark of."""
    if ENDPOINTS[walk.endpoint].members is None or not walk.in_order:
        return
    if walk.is_full_read:
        yield FULL_READ, at
    # Each read since the last join finds that one again: no news.
    if walk.max_record_time and (
        walk.window_start is None or walk.max_record_time > walk.window_start + JOINED_LATE
    ):
        yield LAST_JOINED, walk.max_record_time


def _group_read(kinds: Mapping[str, Watermark], counts: Sequence[Watermark]) -> GroupRead:
    """What the newest mark of each kind, and the counts with a whole read, say of a group."""

    def time_of(kind: str) -> datetime | None:
        return kinds[kind].end if kind in kinds else None

    last = max(kinds.values(), key=lambda mark: mark.read_started_at)
    newest = sorted(counts, key=lambda mark: mark.end)[-2:]
    last_difference = newest[-1].difference if newest else None
    twice = len(newest) == 2 and newest[0].difference == last_difference
    return GroupRead(
        time_of(FULL_READ),
        time_of(LAST_JOINED),
        time_of(MEMBER_COUNT),
        last.version,
        last_difference,
        last_difference if twice and last_difference is not None else 0,
        kinds[FULL_READ].run_id if FULL_READ in kinds else "",
    )
