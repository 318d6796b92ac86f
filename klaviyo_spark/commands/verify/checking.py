"""One verification: what Klaviyo says beside what the lake holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from klaviyo_spark import messages
from klaviyo_spark.bronze import request_plan
from klaviyo_spark.bronze.commerce_metrics import COMMERCE, commerce_ids
from klaviyo_spark.bronze.metric_selection import resolve
from klaviyo_spark.commands.verify import comparing
from klaviyo_spark.commands.verify.child_listings import AskedListings, ChildListings
from klaviyo_spark.commands.verify.children import Children, child_checks, children, drop_newer
from klaviyo_spark.commands.verify.comparing import Comparison, Listed
from klaviyo_spark.commands.verify.days import BACK, DayRange, days_to_verify
from klaviyo_spark.commands.verify.healing import Healing
from klaviyo_spark.commands.verify.holdings import Holdings
from klaviyo_spark.commands.verify.klaviyo_counts import Counts, KlaviyoCounter, ListingSnapshot
from klaviyo_spark.commands.verify.listings import Listing, listings
from klaviyo_spark.commands.verify.profile_checker import ProfileChecker
from klaviyo_spark.commands.verify.profiles import ProfilesChecked
from klaviyo_spark.commands.verify.tables import table_checks
from klaviyo_spark.config.models import Settings
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.resources import TABLES
from klaviyo_spark.silver.reconcile import mendable
from klaviyo_spark.state import store
from klaviyo_spark.state.drift import newest
from klaviyo_spark.state.models import GroupKey, GroupRead, Outcome
from klaviyo_spark.state.store import read_drift
from klaviyo_spark.state.watermarks import KnownWatermarks

Days = Mapping[str, Collection[date]]
"""Days to verify, per metric id."""
Groups = Mapping[GroupKey, request_plan.Parent]


@dataclass
class VerifiedScope:
    """What of an account is verified.

    Args:
        metric_names: of the metrics whose events are, by id.
        groups: lists and segments, as they were listed.
        member_counts: Klaviyo's number of their members.
        group_reads: what earlier runs have read of them.
    """

    metric_names: Mapping[str, str] = field(default_factory=dict)
    groups: Groups = field(default_factory=dict)
    member_counts: Mapping[GroupKey, int] = field(default_factory=dict)
    group_reads: Mapping[GroupKey, GroupRead] = field(default_factory=dict)


class Checker:
    """Verifies one account; ``outcome`` gets what could not be verified, and what to know."""

    def __init__(
        self, lake: Lake, klaviyo: KlaviyoCounter, settings: Settings, outcome: Outcome
    ) -> None:
        self._lake, self._klaviyo = lake, klaviyo
        self._settings, self._outcome = settings, outcome
        self._holdings = Holdings(lake, settings.account)
        self._child_listings = ChildListings(klaviyo, self._holdings, outcome)
        self._profiles = ProfileChecker(klaviyo, self._holdings, settings.indexing_lag, outcome)
        self._records_of_groups: dict[GroupKey, Listed] = {}
        self.scope = VerifiedScope()

    def tables(self) -> list[Comparison]:
        """A check per table that something has been loaded into.

        One that others have changed, and that bronze cannot give again whole, is said and has none:
        what it lacks, the other checks find.
        """
        lake, account = self._lake, self._settings.account
        names = {n for n, table in TABLES.items() if table.resource in self._settings.resources}
        found = read_drift(lake, account, names)
        lost = (found.foreign_commits.keys() & names) - mendable(lake, account, found, names)
        self._outcome.warnings += [
            messages.silver.FOREIGN_CHANGE_WITHOUT_PAGES(
                table=name, commits=newest(found.foreign_commits[name])
            )
            for name in sorted(lost)
        ]
        return [*table_checks(found, names - lost)]

    def everything(self, ever: bool, profiles: ProfilesChecked) -> list[Comparison]:
        """A check per scope that Klaviyo can be asked about.

        Args:
            ever: days of all time, and not only those of the last 400.
            profiles: of which profiles.
        """
        resources, known = self._readable(), self._read_watermarks()
        needed = {*resources, "metrics"} if "events" in resources else {*resources}
        now = self._klaviyo.listed(listings(sorted(needed)), children(resources))
        before = self._holdings.differing()
        asked = self._child_listings.in_turn(resources, now, before, whole=ever)
        read_at = self._read_at()
        self.scope.groups = now.groups
        self._records_of_groups = {
            (resource, id): record
            for resource in {resource for resource, _ in now.groups}
            for id, record in now.records[resource].items()
        }
        days: Days = {}
        if "events" in resources:
            self.scope.metric_names = self._metrics(now, known)
            days = self._days(known, ever)
        counts = self._klaviyo.count(days, self._countable(read_at))
        since = (self._klaviyo.client.now() - BACK).date()
        checks = [
            *self._events(counts, since),
            *self._members(counts, known),
            *self._records(listings(resources), now, read_at, children(resources), asked),
        ]
        if "profiles" in resources and profiles != "none":
            checks += self._profiles.check(known, whole=profiles == "all")
        compared = {*resources} - now.unread
        return checks + comparing.drop_resolved(before, checks, compared, self.scope.groups.keys())

    def recheck(self, healing: Healing, before: Sequence[Comparison]) -> list[Comparison]:
        """A check per scope that has been read again.

        Args:
            before: what was found at first.
        """
        days: dict[str, set[date]] = {}
        for reading in healing.readings:
            for metric_id in reading.metric_ids:
                days.setdefault(metric_id, set()).update(reading.span)
        groups = {
            (resource, id): group
            for (resource, id), group in self.scope.groups.items()
            if id in healing.groups.get(resource, ())
        }
        wanted, parts = listings(sorted(healing.listings)), children(sorted(healing.listings))
        now = self._klaviyo.listed(wanted, parts)
        counts = self._klaviyo.count(days, groups)
        faults = [check for check in before if check.is_fault]
        asked = self._child_listings.of_faults(sorted(healing.listings), now, faults)
        checks = [
            *self._events(counts, date.min),
            *self._members(counts, self._read_watermarks()),
            *self._records(wanted, now, self._read_at(), parts, asked),
            *self._profiles.check_again(before),
        ]
        compared = {*healing.listings}
        return checks + comparing.drop_resolved(
            faults, checks, compared - now.unread, self.scope.groups.keys()
        )

    def _readable(self) -> list[str]:
        """Resources whose tables can be read; the others are not verified, and are named."""
        unreadable = self._holdings.unreadable(self._settings.resources)
        for resource, lines in unreadable.items():
            for line in lines:
                self._outcome.fail(resource, line)
        return [name for name in self._settings.resources if name not in unreadable]

    def _read_watermarks(self) -> KnownWatermarks:
        return store.read_watermarks(self._lake, self._settings.account)

    def _metrics(self, now: ListingSnapshot, known: KnownWatermarks) -> Mapping[str, str]:
        """Ids and names of the metrics to verify: those that a sync reads."""
        if "metrics" in now.unread:
            self._outcome.fail("events", messages.verify.METRICS_UNKNOWN())
            return {}
        wanted, account = self._settings.metrics, self._settings.account
        commerce = commerce_ids(self._lake, account) if COMMERCE in wanted else []
        found = resolve(now.metrics, wanted, known.metric_names, commerce)
        self._outcome.warnings += found.warnings
        for name in found.vanished:
            self._outcome.fail("events", messages.bronze.METRIC_GONE(name=name))
        if found.none:
            self._outcome.fail("events", messages.bronze.NO_METRIC_IN_ACCOUNT())
        there = {metric.id: metric.name for metric in now.metrics}
        for id, name in known.metric_names.items():
            if id not in there and name not in found.vanished:
                self._outcome.warnings.append(messages.verify.METRIC_GONE(id=id, name=name))
        return {id: there.get(id) or name for id, name in found.ids.items()}

    def _days(self, known: KnownWatermarks, ever: bool) -> Days:
        first_held = self._holdings.first_day() if ever else None
        now, settings = self._klaviyo.client.now(), self._settings
        found: dict[str, list[date]] = {}
        for metric_id in self.scope.metric_names:
            reads = known.events.get(metric_id, [])
            read_until = max((read.range.end for read in reads), default=None)
            start, lookback = settings.start_time, settings.lookback
            found[metric_id] = [
                *(days_to_verify(now, lookback, start, read_until, first_held, ever) or ())
            ]
        return found

    def _read_at(self) -> Mapping[str, datetime]:
        """When each resource was last listed, and what is newer not found."""
        margin = self._settings.indexing_lag
        return {
            resource: at - margin
            for resource, at in self._holdings.listed_at(listings(self._settings.resources)).items()
        }

    def _countable(self, read_at: Mapping[str, datetime]) -> Groups:
        """Groups whose members can be compared."""
        moving = sum(not group.whole for group in self.scope.groups.values())
        if moving:
            self._outcome.warnings.append(messages.verify.SEGMENTS_MOVING(segments=moving))
        return comparing.countable(self.scope.groups, self._records_of_groups, read_at)

    def _events(self, counts: Counts, since: date) -> list[Comparison]:
        if not counts.events:
            return []
        metric_ids, days = ({*part} for part in zip(*counts.events, strict=True))
        held = self._holdings.events(metric_ids, DayRange(min(days), max(days)))
        return comparing.events(counts.events, held, self.scope.metric_names, since)

    def _members(self, counts: Counts, known: KnownWatermarks) -> list[Comparison]:
        if not counts.members:
            return []
        held = self._holdings.members({resource for resource, _ in counts.members})
        since: dict[GroupKey, datetime] = {}
        for key in comparing.to_look_at(counts.members, held):
            read = known.groups.get(key)
            at = read and (read.joined_at or read.whole_at)
            if at:
                since[key] = at
        joined = self._klaviyo.joined(self.scope.groups, since)
        if joined:
            self._outcome.warnings.append(
                messages.verify.MEMBERS_NEWER(members=sum(joined.values()))
            )
        names = {key: record.name for key, record in self._records_of_groups.items()}
        self.scope.member_counts, self.scope.group_reads = counts.members, known.groups
        return comparing.members(counts.members, joined, held, names, known.groups)

    def _records(
        self,
        wanted: Sequence[Listing],
        now: ListingSnapshot,
        read_at: Mapping[str, datetime],
        parts: Sequence[Children],
        asked: AskedListings,
    ) -> list[Comparison]:
        wanted = [one for one in wanted if one.table.resource not in now.unread]
        held = self._holdings.records(wanted)
        checks: list[Comparison] = []
        for listing in wanted:
            name, resource = listing.table.name, listing.table.resource
            records, at = now.records[name], read_at.get(resource)
            checks += comparing.records(resource, records, held[name], at)
            newer = comparing.newer(records, held[name], at)
            if newer:
                self._outcome.warnings.append(messages.verify.RECORDS_NEWER(name=name, newer=newer))
        parts = [one for one in parts if one.table.resource not in now.unread]
        rows = self._holdings.children([*parts, *(child for child, _ in asked)])
        for one in parts:
            name = one.table.name
            parents = held[one.table.parent.table if one.table.parent else one.endpoint.name]
            checks += child_checks(one, now.children[name], rows[name], parents)
        for child, listed in asked:
            of_parents, at = rows[child.table.name], read_at.get(child.table.resource)
            seen = drop_newer(listed, of_parents, at)
            checks += child_checks(child, seen, of_parents, held[child.parent.table])
        return checks
