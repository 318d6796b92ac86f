"""What a run has to ask, round by round, and what it learns from the answers on the way.

``request_plan``, ``membership`` and ``resume_points`` decide; here they are given what the lake
and the pages say. It is long, since each round and each kind of listing has a method of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from klaviyo_spark import messages
from klaviyo_spark.bronze import membership, request_plan, revisions
from klaviyo_spark.bronze.account_identity import Identity
from klaviyo_spark.bronze.commerce_metrics import COMMERCE, CommerceMetrics
from klaviyo_spark.bronze.metric_selection import MetricFact, Resolution, metrics_on, resolve
from klaviyo_spark.bronze.reports import AccountNotes, ReportScope, aggregate_walks, report_walks
from klaviyo_spark.client.client import Client
from klaviyo_spark.client.json_bodies import as_id, records
from klaviyo_spark.client.walk import Walk
from klaviyo_spark.errors import TableDiffers, TableUnreadable
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.resources import ENDPOINTS, RESOURCES, TABLES, WINDOWED
from klaviyo_spark.schema.endpoint import Endpoint, Slice
from klaviyo_spark.schema.instants import as_time
from klaviyo_spark.schema.paths import FieldPath
from klaviyo_spark.schema.report import Aggregate
from klaviyo_spark.state import landings, store
from klaviyo_spark.state.intervals import CoveredInterval
from klaviyo_spark.state.models import GroupKey, GroupRead, Outcome
from klaviyo_spark.state.resume_points import ResumePoint, plan_resume

logger = logging.getLogger(__name__)

# What was read longer ago, a run that goes on reads anew: listings, and the trailing lookback.
_KEEPS = timedelta(hours=12)
# Who joined a group is held in memory until it has been counted; beyond, it is counted wrong, and
# read whole for that.
_JOINED_HELD = 10_000


@dataclass(frozen=True)
class IngestScope:
    """What one ingest is to read; see ``Settings`` for the meaning of each.

    ``optional``: resources that nobody named, for which the key may lack the scope.
    """

    account_id: str
    run_id: str
    resources: Sequence[str]
    start: datetime | None
    end: datetime | None
    lookback: timedelta
    indexing_lag: timedelta
    full_profiles_every: timedelta
    full_members_every: timedelta
    metrics: str | Sequence[str]
    threads: int
    full_coupon_codes_every: timedelta = timedelta(days=7)
    full_predictions_every: timedelta = timedelta(days=7)
    optional: frozenset[str] = frozenset()
    reports: ReportScope = field(default_factory=ReportScope)


def _by_endpoint(unconfirmed: Mapping[str, str]) -> dict[str, set[str]]:
    """Per endpoint with complete reads that this run is to confirm: the runs that made them."""
    found: dict[str, set[str]] = {}
    for name, run_id in unconfirmed.items():
        for judge in TABLES[name].judges:
            found.setdefault(judge.endpoint, set()).add(run_id)
    return found


class IngestPlanner:
    """The rounds of one run. ``note`` has to be told of each page before the next round."""

    def __init__(self, lake: Lake, client: Client, wanted: IngestScope, outcome: Outcome) -> None:
        self._lake, self._client, self._wanted, self._outcome = lake, client, wanted, outcome
        self._asked = set(wanted.resources)
        self._known = store.read_watermarks(lake, wanted.account_id)
        lately = landings.landed_lately(lake, wanted.account_id, client.now())
        client.start_after(lately.newest)
        self._cut_short = lately.cut_short
        if self._cut_short:
            pages = sum(walk.pages for walk in self._cut_short)
            logger.info("going on from %d pages of a run that was cut short", pages)
        self._unconfirmed = _by_endpoint(store.unconfirmed(lake, wanted.account_id))
        # Walks of that run, as far as they had landed, that this one goes on from.
        self.kept: dict[str, ResumePoint] = {}
        self.metric_names: Mapping[str, str] = {}
        self.metrics_read_before: Collection[str] = self._known.events
        self.identity: Identity | None = Identity(
            lake, wanted.account_id, self._known.events.keys(), client.base_url
        )
        self.group_reads: Mapping[GroupKey, GroupRead] = self._known.groups
        self._counted: dict[GroupKey, int] = {}
        self.member_counts: Mapping[GroupKey, int] = self._counted
        # What pages say that later rounds go by.
        self._parents: dict[str, dict[str, request_plan.Parent]] = {}
        self._metrics: list[MetricFact] = []
        self._commerce = CommerceMetrics()
        self._joined: dict[GroupKey, set[str]] = {}
        self._news: set[GroupKey] = set()
        self._account = AccountNotes()

    def rounds(self) -> Iterator[list[Walk]]:
        """What to ask, round by round; the pages of one have to be noted before the next."""
        yield self.listings()
        whole, since = self.members()
        yield since
        long = (self.counting(), self.children(), self.windows(), self.reports(), self.rare())
        yield [*whole, *(walk for walks in long for walk in walks)]
        yield self.differing()

    def listings(self) -> list[Walk]:
        """What is small and read whole each time."""
        wanted = self._asked - {*WINDOWED} | self._listed_for_others()
        names = [name for name in RESOURCES if name in wanted]
        today = self._client.now().date()
        walks: list[Walk] = []
        every = (e for n in names for e in RESOURCES[n].endpoints if e.is_listing)
        for endpoint in (e for e in every if not e.full_every):
            warning = revisions.ending(endpoint, today)
            self._outcome.warnings += [warning] if warning else []
            if not revisions.has_ended(endpoint, today):
                walks += request_plan.listing_walks(
                    self._client.base_url, endpoint, self._client.stamp()
                )
        # What an older revision says fills rows of the same run, so it is always asked with them.
        anew = [walk for walk in walks if walk.endpoint.revision]
        return anew + self._left(walk for walk in walks if not walk.endpoint.revision)

    def members(self) -> tuple[list[Walk], list[Walk]]:
        """Groups to read whole, and those of whom only who joined is read."""
        whole: list[Walk] = []
        since: list[Walk] = []
        base_url, begun, now = self._client.base_url, self._client.stamp(), self._client.now()
        for endpoint in self._fanouts(members=True):
            groups = self._parents_of(endpoint)
            doubted = self._unconfirmed.get(endpoint.name, set())
            reads = {
                key: read
                for key, read in self._known.groups.items()
                if read.whole_by not in doubted
            }
            due = membership.member_plan(
                endpoint.resource, groups, reads, self._wanted.full_members_every, now
            )
            whole += request_plan.fanout_walks(base_url, endpoint, due.whole, begun)
            rest = [group for group in groups if group.id in due.since]
            self._joined.update({(endpoint.resource, group.id): set() for group in rest})
            since += request_plan.fanout_walks(base_url, endpoint, rest, begun, due.since)
        return self._left(whole), self._left(since)

    def counting(self) -> list[Walk]:
        """Requests for the number of members of some of the groups that were not read whole."""
        endpoints = {e.resource: e for e in self._fanouts(members=True)}
        groups = [
            (resource, group)
            for resource, endpoint in endpoints.items()
            for group in self._parents_of(endpoint)
            if (resource, group.id) in self._joined
        ]
        chosen = membership.to_count(groups, self._known.groups, self._news)
        begun = self._client.stamp()
        walks = []
        for resource, group in chosen:
            members = endpoints[resource].members
            assert members
            count = ENDPOINTS[members.count]
            walks += request_plan.fanout_walks(self._client.base_url, count, [group], begun)
        return self._left(walks)

    def differing(self) -> list[Walk]:
        """Groups that Klaviyo counts another number of members for, to be read whole."""
        walks = []
        for endpoint in self._fanouts(members=True):
            counts = {
                id: n for (of, id), n in self.member_counts.items() if of == endpoint.resource
            }
            if not counts or not endpoint.members:
                continue
            joined = {id: self._joined.get((endpoint.resource, id), set()) for id in counts}
            try:
                held, new = store.members_held(
                    self._lake, self._wanted.account_id, endpoint.members, joined
                )
            except (TableDiffers, TableUnreadable):  # refine says so; a later run compares
                continue
            reads = {id: self.group_reads.get((endpoint.resource, id)) for id in counts}
            differences = {id: read.difference for id, read in reads.items() if read}
            others = membership.differing(counts, held, new, differences)
            groups = [group for group in self._parents_of(endpoint) if group.id in others]
            walks += request_plan.fanout_walks(
                self._client.base_url, endpoint, groups, self._client.stamp()
            )
        return self._left(walks)

    def children(self) -> list[Walk]:
        """Children that cost a request per parent, of parents that may have others now."""
        endpoints = self._fanouts(members=False)
        if not endpoints:
            return []
        names = [endpoint.name for endpoint in endpoints]
        asked = landings.last_asked(self._lake, self._wanted.account_id, names)
        begun, now = self._client.stamp(), self._client.now()
        walks = []
        for endpoint in endpoints:
            assert endpoint.fanout
            if endpoint.fanout.filter:
                walks += self._filtered(endpoint, begun, now)
                continue
            before = {} if endpoint.name in self._unconfirmed else asked[endpoint.name]
            parents = request_plan.parents_to_refetch(
                self._parents_of(endpoint),
                before,
                self._wanted.lookback,
                now,
                endpoint.fanout.ask_again_after,
            )
            walks += request_plan.fanout_walks(self._client.base_url, endpoint, parents, begun)
        return self._left(walks)

    def rare(self) -> list[Walk]:
        """Listings that are large and read whole now and then."""
        begun, now = self._client.stamp(), self._client.now()
        walks = [
            walk
            for endpoint in ENDPOINTS.values()
            if endpoint.is_listing and endpoint.full_every and endpoint.resource in self._asked
            if self._is_due(endpoint, now)
            for walk in request_plan.listing_walks(self._client.base_url, endpoint, begun)
        ]
        return self._left(walks)

    def _is_due(self, endpoint: Endpoint, now: datetime) -> bool:
        """Whether it is time to read all there is of an endpoint."""
        last = landings.last_full_read(self._lake, self._wanted.account_id, endpoint)
        every: timedelta = getattr(self._wanted, endpoint.full_every)
        return endpoint.name in self._unconfirmed or last is None or now - last >= every

    def _filtered(self, endpoint: Endpoint, begun: datetime, now: datetime) -> list[Walk]:
        """Children of all parents at once: all of them where that is due, else some slices."""
        is_due = self._is_due(endpoint, now)
        return request_plan.filtered_walks(
            self._client.base_url,
            endpoint,
            self._parents_of(endpoint),
            begun,
            (Slice(),) if is_due else endpoint.slices,
            is_full_read=is_due,
        )

    def reports(self) -> list[Walk]:
        """Questions for Klaviyo's own numbers that are due."""
        endpoints = [e for e in ENDPOINTS.values() if e.is_question and e.resource in self._asked]
        if not endpoints:
            return []
        names = [endpoint.name for endpoint in endpoints]
        answered = landings.questions_answered(self._lake, self._wanted.account_id, names)
        walks = report_walks(
            self._client,
            endpoints,
            self._account,
            self._metrics,
            answered,
            self._wanted.reports,
            self._outcome,
        )
        walks += aggregate_walks(
            self._client,
            endpoints,
            self._metrics_of,
            answered,
            self._wanted.reports,
            (self._wanted.start, self._wanted.lookback),
        )
        return self._left(walks)

    def _metrics_of(self, aggregate: Aggregate) -> list[str]:
        """Ids of the metrics that a question is about."""
        ids = self._resolve(aggregate.metrics or self._wanted.metrics).ids
        return sorted(id for id in ids if request_plan.is_askable(id))

    def _listed_for_others(self) -> set[str]:
        """Resources listed for what is asked by metrics: which there are, and which are mapped."""
        by_metric = {
            endpoint.resource
            for endpoint in ENDPOINTS.values()
            if endpoint.aggregate or (endpoint.report and endpoint.report.takes_metric)
        }
        if self._asked.isdisjoint({"events", *by_metric}):
            return set()
        return {"metrics", "account"} if COMMERCE in self._wanted.metrics else {"metrics"}

    def _resolve(self, wanted: str | Sequence[str]) -> Resolution:
        """The metrics that are wanted, by what their listings say."""
        return resolve(self._metrics, wanted, self._known.metric_names, self._commerce.ids)

    def windows(self) -> list[Walk]:
        """Events and profiles."""
        begun = self._client.stamp()
        span = request_plan.RequestedRange(
            self._wanted.start,
            self._wanted.end and self._wanted.end - timedelta(seconds=1),
            self._client.now() - self._wanted.indexing_lag,
            self._wanted.lookback,
        )
        walks = []
        if "profiles" in self._asked:
            walks += self._profiles(ENDPOINTS["profiles"], span, begun)
        metrics_read = not {"metrics"} & (self._outcome.failed.keys() | self._outcome.stopped)
        if "events" in self._asked and metrics_read:
            walks += self._events(ENDPOINTS["events"], span, begun)
        elif "events" in self._asked:
            self._outcome.fail("events", messages.bronze.METRICS_UNKNOWN())
        return self._left(walks)

    def _events(
        self, endpoint: Endpoint, span: request_plan.RequestedRange, begun: datetime
    ) -> list[Walk]:
        found = self._resolve(self._wanted.metrics)
        self._outcome.warnings += found.warnings
        for name in found.vanished:
            self._outcome.fail("events", messages.bronze.METRIC_GONE(name=name), of_member=True)
        if found.none:
            self._outcome.fail("events", messages.bronze.NO_METRIC_IN_ACCOUNT())
        self.metric_names = found.ids
        reads: dict[str, Sequence[CoveredInterval]] = {}
        for id, name in found.ids.items():
            if request_plan.is_askable(id):
                reads[id] = self._known.events.get(id, [])
                continue
            self._outcome.fail(
                "events",
                messages.bronze.UNNAMEABLE_METRIC(id=id, name=name),
                of_member=True,
            )
        return request_plan.event_walks(self._client.base_url, endpoint, reads, span, begun)

    def _profiles(
        self, endpoint: Endpoint, span: request_plan.RequestedRange, begun: datetime
    ) -> list[Walk]:
        last = self._known.complete_profiles_at
        overdue = last is None or span.upper - last >= self._wanted.full_profiles_every
        bounded = span.start is not None or span.end is not None
        complete = (overdue or endpoint.name in self._unconfirmed) and not bounded
        base_url, reads = self._client.base_url, self._known.profiles
        return request_plan.profile_walks(base_url, endpoint, reads, span, complete, begun)

    def _fanouts(self, members: bool) -> list[Endpoint]:
        return [
            endpoint
            for endpoint in ENDPOINTS.values()
            if endpoint.resource in self._asked
            and endpoint.fanout
            and (endpoint.members is not None) == members
        ]

    def _parents_of(self, endpoint: Endpoint) -> list[request_plan.Parent]:
        return list(self._parents.get(endpoint.name, {}).values())

    def _left(self, walks: Iterable[Walk]) -> list[Walk]:
        """What of ``walks`` no run has landed yet; what one has is taken note of."""
        now = self._client.now()
        fresh = now - _KEEPS
        taken = plan_resume(walks, self._cut_short, fresh, self._wanted.lookback)
        self.kept.update({walk.walk_id: walk for walk in taken.kept})
        noted = [walk for walk in taken.kept if ENDPOINTS[walk.endpoint].resource not in WINDOWED]
        if noted:
            account_id = self._wanted.account_id
            for walk, body in landings.landed_bodies(self._lake, account_id, noted, now):
                self.note(walk.endpoint, walk.facts, walk.parent_id, body)
        return list(taken.walks)

    def note(
        self, endpoint_name: str, facts: Mapping[str, str], parent_id: str | None, body: bytes
    ) -> None:
        """Keep of a page what later rounds need."""
        for endpoint in ENDPOINTS.values():
            fanout = endpoint.fanout
            if fanout and fanout.of == endpoint_name:
                known = self._parents.setdefault(endpoint.name, {})
                for parent in request_plan.parents_on(body, facts, fanout):
                    known[parent.id] = parent
            members = endpoint.members
            if members and members.count == endpoint_name and parent_id:
                number = membership.member_count(body, members)
                if number is not None:
                    self._counted[endpoint.resource, parent_id] = number
        if endpoint_name == "metrics":
            self._metrics += metrics_on(body)
        self._commerce.note(endpoint_name, body)
        self._account.note(endpoint_name, body)
        endpoint = ENDPOINTS[endpoint_name]
        key = (endpoint.resource, parent_id or "")
        if endpoint.members and key in self._joined:
            self._note_joined(key, endpoint.windows[0].path, records(body))

    def _note_joined(
        self, key: GroupKey, joined_at: FieldPath, members: list[dict[str, Any]]
    ) -> None:
        """Keep who joined a group; whoever joined later than any before is news."""
        last = self._known.groups[key].joined_at if key in self._known.groups else None
        joined = self._joined[key]
        for member in members:
            at = as_time(request_plan.read_field(member, joined_at))
            if at and (last is None or at > last):
                self._news.add(key)
            id = as_id(member.get("id"))
            if id is not None and len(joined) < _JOINED_HELD:
                joined.add(id)
