"""What the lake has beside what Klaviyo says, scope by scope. Pure; no I/O here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from datetime import date, datetime

from klaviyo_spark.bronze.request_plan import Parent
from klaviyo_spark.state.models import GroupKey, GroupRead

EVENTS, MEMBERS, RECORDS = "events", "members", "records"
PROFILES, WHOLE_TABLES = "profiles", "tables"


@dataclass(frozen=True)
class Comparison:
    """One scope: a row of ``klaviyo_ops.verifications``, whose columns these are.

    Not kept: ``twice``, rows here with an id that another row has; ``missing_ids``, of profiles;
    ``why``, of a table, in words what somebody else has done to it.
    """

    resource: str
    count_type: str
    scope: str
    scope_name: str | None
    day: date | None
    actual_count: int
    expected_count: int
    twice: int = 0
    missing_ids: frozenset[str] = frozenset()
    why: str = ""

    @property
    def key(self) -> tuple[str, str, str, date | None]:
        """What makes it the same scope in another verification."""
        return (self.resource, self.count_type, self.scope, self.day)

    @property
    def is_of_listing(self) -> bool:
        """Whether a listing that is read whole says what should be there."""
        return self.count_type not in (EVENTS, MEMBERS, PROFILES, WHOLE_TABLES)

    @property
    def differs(self) -> bool:
        """Whether there is anything to name."""
        return self.actual_count != self.expected_count

    @property
    def missing(self) -> int:
        """How many are not here."""
        return max(0, self.expected_count - self.actual_count)

    @property
    def surplus(self) -> int:
        """How many more are here than Klaviyo says."""
        return max(0, self.actual_count - self.expected_count)

    @property
    def is_fault(self) -> bool:
        """Whether the copy is not what it should be.

        Events are never removed here, and Klaviyo's count may come after its events: to have more
        of them is no fault, but for those that are here twice.
        """
        return bool(self.missing or self.twice or (self.surplus and self.count_type != EVENTS))


@dataclass(frozen=True)
class EventCount:
    """Events of one metric and day: rows, and how many ids they have."""

    rows: int = 0
    ids: int = 0


@dataclass(frozen=True)
class Listed:
    """A record as a listing has it; ``created`` is None where the listing does not say."""

    name: str | None
    created: datetime | None


def events(
    counts: Mapping[tuple[str, date], int],
    held: Mapping[tuple[str, date], EventCount],
    names: Mapping[str, str],
    since: date,
) -> list[Comparison]:
    """A check per metric and day.

    What is here twice does not make up for what is missing.

    Args:
        counts: Klaviyo's, per metric and day.
        names: per metric.
        since: earlier days are left out for as long as no metric has any event.
    """
    none = EventCount()
    used = [day for (metric, day), count in counts.items() if count or (metric, day) in held]
    first = min([since, *used])
    checks = []
    for (metric, day), count in counts.items():
        here = held.get((metric, day), none)
        actual = here.ids if here.ids < count else here.rows
        twice = here.rows - here.ids
        if day >= first:
            checks.append(
                Comparison(EVENTS, EVENTS, metric, names.get(metric), day, actual, count, twice)
            )
    return checks


def members(
    counts: Mapping[GroupKey, int],
    joined: Mapping[GroupKey, int],
    held: Mapping[GroupKey, int],
    names: Mapping[GroupKey, str | None],
    reads: Mapping[GroupKey, GroupRead],
) -> list[Comparison]:
    """A check per list or segment.

    Args:
        counts: Klaviyo's.
        joined: of these, those who joined since the group was last read: a later run's.
        reads: what is known of groups, the difference between Klaviyo's number and its list too.
    """
    return [
        Comparison(
            *(key[0], MEMBERS, key[1], names.get(key), None),
            actual_count=held.get(key, 0),
            expected_count=max(0, count - joined.get(key, 0) - _difference(reads.get(key))),
        )
        for key, count in counts.items()
    ]


def _difference(read: GroupRead | None) -> int:
    return read.difference if read else 0


def countable(
    groups: Mapping[GroupKey, Parent],
    records: Mapping[GroupKey, Listed],
    read_at: Mapping[str, datetime],
) -> dict[GroupKey, Parent]:
    """Groups whose members can be compared.

    Klaviyo is still working out those that are not whole. Those that were created after the last
    read have no members here before the next one.

    Args:
        read_at: when the listing was last read, per resource.
    """
    nothing = Listed(None, None)
    return {
        key: group
        for key, group in groups.items()
        if group.whole and not is_newer(records.get(key, nothing), read_at.get(key[0]))
    }


def to_look_at(counts: Mapping[GroupKey, int], held: Mapping[GroupKey, int]) -> list[GroupKey]:
    """Groups that Klaviyo counts more members of: some may have joined a moment ago."""
    return [key for key, count in counts.items() if count > held.get(key, 0)]


def records(
    resource: str,
    listed: Mapping[str, Listed],
    held: Mapping[str, str | None],
    read_at: datetime | None,
) -> Iterator[Comparison]:
    """A check per record of a listing, and per row that no listing has.

    Args:
        held: name per id of what is here and not marked as gone.
        read_at: when the listing was last read: what was created later is a later run's.
    """
    for id, record in listed.items():
        if id in held or not is_newer(record, read_at):
            yield Comparison(resource, RECORDS, id, record.name, None, int(id in held), 1)
    for id in held.keys() - listed.keys():
        yield Comparison(resource, RECORDS, id, held[id], None, 1, 0)


def newer(listed: Mapping[str, Listed], held: Collection[str], read_at: datetime | None) -> int:
    """How many records ``records`` leaves out."""
    return sum(id not in held and is_newer(record, read_at) for id, record in listed.items())


def is_newer(record: Listed, read_at: datetime | None) -> bool:
    """Whether the last read could not have found it."""
    return bool(record.created and read_at and record.created > read_at)


def drop_resolved(
    before: Iterable[Comparison],
    now: Iterable[Comparison],
    compared: Collection[str],
    groups: Set[GroupKey],
) -> list[Comparison]:
    """What differed and is by now neither here nor at Klaviyo: nothing beside nothing.

    Without such a check the last word on it would for ever be that it differs.

    Args:
        before: what differed when it was last verified.
        compared: resources whose listing was read whole.
        groups: lists and segments that are listed.
    """
    keys = {check.key for check in now}
    return [
        replace(check, actual_count=0, expected_count=0, twice=0)
        for check in before
        if check.key not in keys and check.resource in compared
        if check.is_of_listing
        or (check.count_type == MEMBERS and (check.resource, check.scope) not in groups)
    ]


def later(checks: Iterable[Comparison], again: Iterable[Comparison]) -> list[Comparison]:
    """``checks`` with those of ``again`` in the place of the same scopes."""
    return list({check.key: check for check in (*checks, *again)}.values())
