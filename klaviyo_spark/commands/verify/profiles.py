"""Which profiles are verified, and what the lake has beside what Klaviyo lists. Pure; no I/O here.

Klaviyo counts no profiles. It lists their ids by the month in which they were created, which never
changes, 100 a request: some months a run, all of them within four weeks, or all at once.

https://developers.klaviyo.com/en/reference/get_profiles
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from typing import Literal

from klaviyo_spark.bronze.request_plan import read_field
from klaviyo_spark.client.json_bodies import as_id, records
from klaviyo_spark.commands.verify.comparing import PROFILES, Comparison
from klaviyo_spark.resources import ENDPOINTS
from klaviyo_spark.schema.instants import as_time
from klaviyo_spark.schema.paths import FieldPath
from klaviyo_spark.state.intervals import Range
from klaviyo_spark.state.watermarks import KnownWatermarks

PROFILE = ENDPOINTS["profiles"]
# Of each profile no more than its times: a page is small.
PROFILE_IDS = replace(
    PROFILE,
    name="profile_ids",
    params={"fields[profile]": "created,updated", "page[size]": PROFILE.params["page[size]"]},
    windows=PROFILE.windows[:1],
    asks=(),
    ignores=(),
    budget_of=PROFILE.name,
)
ProfilesChecked = Literal["none", "sample", "all"]
# A full read that began so long ago at most says what there is, and Klaviyo is not asked again.
JUST_READ = timedelta(days=1)
# So many are held in memory at once.
AT_ONCE = 500_000
_SECOND = timedelta(seconds=1)
_CREATED, _UPDATED = FieldPath(("attributes", "created")), FieldPath(("attributes", "updated"))


@dataclass(frozen=True)
class ListedProfile:
    """When a profile that Klaviyo lists was created, and when it last changed (UTC)."""

    created: datetime
    updated: datetime | None


@dataclass(frozen=True)
class HeldProfiles:
    """Profiles here that were created in some months and are not marked as gone.

    Args:
        ids: of each; ``rows``, how many rows they have.
    """

    ids: frozenset[str] = frozenset()
    rows: int = 0


@dataclass
class ProfileChecks:
    """What came of some months.

    Args:
        checks: one per UTC day of creation that has any.
        newer: how many were created or changed after the last sync, and are not here.
        unlisted: how many are here and no longer listed.
    """

    checks: list[Comparison] = field(default_factory=list)
    newer: int = 0
    unlisted: int = 0

    def __iadd__(self, other: ProfileChecks) -> ProfileChecks:
        """With those of other months."""
        self.checks += other.checks
        self.newer += other.newer
        self.unlisted += other.unlisted
        return self


def whole_read_at(known: KnownWatermarks, since: datetime) -> datetime | None:
    """When the last full read of profiles began, if that was after ``since``."""
    began = [read.at for read in known.profiles if read.range.end == known.complete_profiles_at]
    at = max(began, default=None)
    return at if at and at >= since else None


def all_months(held: Iterable[date], until: datetime) -> list[date]:
    """First days of all months from the first of ``held`` on: one may have lost all it had."""
    last = until.date().replace(day=1)
    months = [min([*held, last])]
    while months[-1] < last:
        months.append(_next(months[-1]))
    return months


def in_groups(months: Sequence[date], sizes: Mapping[date, int]) -> Iterator[list[date]]:
    """Months in groups that are small enough to hold; a month is never parted."""
    group: list[date] = []
    for month in months:
        if group and sum(sizes.get(one, 0) for one in (*group, month)) > AT_ONCE:
            yield group
            group = []
        group.append(month)
    if group:
        yield group


def span_of(month: date, first: date, until: datetime) -> Range:
    """The times of creation to ask for: of the first month all that is before it too.

    Args:
        until: what was created later is for the next sync.
    """
    begin = None if month == first else _midnight(month)
    return Range(begin, min(until, _midnight(_next(month)) - _SECOND))


def listed_profiles(page: bytes) -> Iterator[tuple[str, ListedProfile]]:
    """Ids on a page of ``PROFILE_IDS`` and what it says of each."""
    for record in records(page):
        id, created = as_id(record.get("id")), as_time(read_field(record, _CREATED))
        if id is not None and created is not None:
            yield id, ListedProfile(created, as_time(read_field(record, _UPDATED)))


def compare_profiles(
    listed: Mapping[str, ListedProfile],
    held: HeldProfiles,
    months: Iterable[date],
    until: datetime,
) -> ProfileChecks:
    """What is here of the profiles that Klaviyo lists.

    What is here and not listed is no fault: the next full read of profiles marks it as gone.

    Args:
        listed: of ``months``.
        until: how far profiles have been read. One that changed later was sent to no sync.
    """
    found = ProfileChecks(unlisted=len(held.ids - listed.keys()))
    days: dict[date, list[str]] = {month: [] for month in months}  # one without any is verified too
    for id, profile in listed.items():
        if id in held.ids or max(profile.created, profile.updated or profile.created) <= until:
            days.setdefault(profile.created.date(), []).append(id)
        else:
            found.newer += 1
    twice = held.rows - len(held.ids)
    for day, ids in sorted(days.items()):
        missing = frozenset(ids) - held.ids
        found.checks.append(
            Comparison(
                *("profiles", PROFILES, "created", None, day),
                actual_count=len(ids) - len(missing),
                expected_count=len(ids),
                twice=twice,
                missing_ids=missing,
            )
        )
        twice = 0  # which day they are of is not known
    return found


def compare_again(check: Comparison, held: HeldProfiles) -> Comparison:
    """A day's check once the profiles that it lacked have been read again."""
    missing = check.missing_ids - held.ids
    return replace(check, actual_count=check.expected_count - len(missing), missing_ids=missing)


def _next(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=timezone.utc)
