"""Which groups (lists, segments) to read whole, which since the last read, which to count. Pure.

Klaviyo says who joined and when, never who left. So a group is read whole once; after that only
who joined since, which is one request where nobody did. Its number of members is asked for too, at
most ``COUNTS`` lists and as many segments a run, since Klaviyo allows 15 a minute of each: where it
differs from ours somebody has left, and the group is read whole again. So it is after
``full_members_every`` in any case. Of some groups Klaviyo's number is never that of the members it
lists: a difference that two whole reads in a row have shown is reckoned with from then on.
https://developers.klaviyo.com/en/reference/get_list
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from klaviyo_spark.bronze.request_plan import Parent, read_field
from klaviyo_spark.client.json_bodies import decode
from klaviyo_spark.schema.endpoint import Members
from klaviyo_spark.state.models import JOINED_LATE, GroupKey, GroupRead

COUNTS = 15
_NEVER = datetime(2000, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class MemberPlan:
    """Groups to read whole now, and those to read since a time, per id."""

    whole: tuple[Parent, ...] = ()
    since: Mapping[str, datetime] = field(default_factory=dict)


def member_count(body: bytes, members: Members) -> int | None:
    """Klaviyo's number of members on the page of a group; None where it says none."""
    number = read_field(decode(body), members.count_path.below("data"))
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def member_plan(
    resource: str,
    groups: Iterable[Parent],
    reads: Mapping[GroupKey, GroupRead],
    every: timedelta,
    now: datetime,
) -> MemberPlan:
    """Who is read whole and who since when.

    A group that is being worked out (``whole`` is False) holds but a part of its members: it is
    not read whole before it is done, unless it never was.
    """
    whole: list[Parent] = []
    since: dict[str, datetime] = {}
    for group in groups:
        read = reads.get((resource, group.id), GroupRead())
        overdue = read.whole_at is None or now - read.whole_at >= every
        if read.whole_at is None or (overdue and group.whole):
            whole.append(group)
        else:
            since[group.id] = (read.joined_at or _NEVER) - JOINED_LATE
    return MemberPlan(tuple(whole), since)


def to_count(
    groups: Iterable[tuple[str, Parent]],
    reads: Mapping[GroupKey, GroupRead],
    news: Set[GroupKey],
    most: int = COUNTS,
) -> list[tuple[str, Parent]]:
    """Groups worth counting in this run: with news first, then changed ones, then in rotation.

    Args:
        groups: resource and group of those that were not read whole.
        news: those whom somebody has joined.
        most: per resource, since each is counted by an endpoint with a limit of its own.
    """

    def place(one: tuple[str, Parent]) -> tuple[bool, bool, datetime, GroupKey]:
        resource, group = one
        key = (resource, group.id)
        read = reads.get(key, GroupRead())
        return (key not in news, read.version == group.version, read.counted_at or _NEVER, key)

    chosen: dict[str, list[tuple[str, Parent]]] = {}
    for one in sorted((one for one in groups if one[1].whole), key=place):
        some = chosen.setdefault(one[0], [])
        if len(some) < most:
            some.append(one)
    return [one for some in chosen.values() for one in some]


def differing(
    counts: Mapping[str, int],
    held: Mapping[str, int],
    joined: Mapping[str, int],
    differences: Mapping[str, int],
) -> Sequence[str]:
    """Ids of groups that Klaviyo counts another number of members for.

    Args:
        counts: per id, Klaviyo's.
        held: per id, members in silver.
        joined: per id, those who joined and are not in silver yet.
        differences: per id, what Klaviyo's number is known to differ by.
    """

    def expected(id: str) -> int:
        return held.get(id, 0) + joined.get(id, 0) + differences.get(id, 0)

    return [id for id, n in counts.items() if n != expected(id)]
