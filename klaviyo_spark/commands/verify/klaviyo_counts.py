"""What Klaviyo says now: asked side by side with a run's limiter, threads and retries."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, datetime

from klaviyo_spark import messages
from klaviyo_spark.bronze import request_plan
from klaviyo_spark.bronze.membership import member_count
from klaviyo_spark.bronze.metric_selection import MetricFact, metrics_on
from klaviyo_spark.client.client import Client
from klaviyo_spark.client.json_bodies import as_id, records
from klaviyo_spark.client.paginator import Failed, Fetched, PageFetcher
from klaviyo_spark.client.walk import Walk
from klaviyo_spark.commands.interrupts import until_interrupted
from klaviyo_spark.commands.verify.asking import COUNTS, count_walks, counts
from klaviyo_spark.commands.verify.children import AskedChildren, Children, Key
from klaviyo_spark.commands.verify.comparing import Listed
from klaviyo_spark.commands.verify.listings import Listing, listing_walks
from klaviyo_spark.commands.verify.profiles import PROFILE_IDS, ListedProfile, listed_profiles
from klaviyo_spark.errors import (
    BadAnswer,
    Interrupted,
    KlaviyoSparkError,
    MissingScope,
    RateLimitTooLong,
)
from klaviyo_spark.progress import Shows, Stage
from klaviyo_spark.resources import ENDPOINTS
from klaviyo_spark.schema.endpoint import Endpoint, Members
from klaviyo_spark.schema.instants import as_time
from klaviyo_spark.state.intervals import Range
from klaviyo_spark.state.models import GroupKey, Outcome

logger = logging.getLogger(__name__)


@dataclass
class ListingSnapshot:
    """What listings say.

    Args:
        records: per table.
        children: per table with a row per element of a record, the keys of these per record.
        groups: lists and segments.
        parents: per endpoint that each of them has a listing of, the records it is asked for.
        unread: resources whose listings did not all answer.
    """

    metrics: list[MetricFact] = field(default_factory=list)
    records: dict[str, dict[str, Listed]] = field(default_factory=dict)
    children: dict[str, dict[str, frozenset[Key]]] = field(default_factory=dict)
    groups: dict[GroupKey, request_plan.Parent] = field(default_factory=dict)
    parents: dict[str, dict[str, request_plan.Parent]] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)


@dataclass
class Counts:
    """Events per metric and day, and members per list or segment."""

    events: dict[tuple[str, date], int] = field(default_factory=dict)
    members: dict[GroupKey, int] = field(default_factory=dict)


class KlaviyoCounter:
    """The account.

    Args:
        outcome: gets what did not answer.
    """

    def __init__(
        self,
        client: Client,
        threads: int,
        outcome: Outcome,
        show: Shows,
    ) -> None:
        self.client = client
        self._threads, self._outcome, self._show = threads, outcome, show

    def listed(
        self, listings: Sequence[Listing], children: Sequence[Children] = ()
    ) -> ListingSnapshot:
        """The records of all listings now, and of ``children`` what stands on the same pages."""
        now = ListingSnapshot(
            records={listing.table.name: {} for listing in listings},
            children={one.table.name: {} for one in children},
        )
        walks = listing_walks(self.client.base_url, listings, self.client.stamp())
        for got in self._pages(walks):
            if isinstance(got, Failed):
                now.unread.add(got.walk.endpoint.resource)
            else:
                _note(now, listings, got)
                for one in children:
                    if one.endpoint.name == got.walk.endpoint.name:
                        _note_children(now.children[one.table.name], one.keys_on(got.page.body))
        return now

    def children_of(
        self, one: AskedChildren, parents: Iterable[request_plan.Parent]
    ) -> dict[str, dict[str, Listed]]:
        """The records that each parent lists; without parents that are gone or did not answer."""
        endpoint, at = one.listing.endpoint, self.client.stamp()
        walks = request_plan.fanout_walks(self.client.base_url, endpoint, parents, at)
        found: dict[str, dict[str, Listed]] = {}
        unread = set()
        for got in self._pages(walks):
            parent = got.walk.parent_id or ""
            if isinstance(got, Failed) or got.page.status == 404:
                unread.add(parent)
            else:
                found.setdefault(parent, {}).update(one.listing.records(got.page.body))
        return {parent: records for parent, records in found.items() if parent not in unread}

    def profiles(self, spans: Sequence[Range]) -> dict[str, ListedProfile] | None:
        """The profiles that were created in these times; None where not all answered."""
        at, whole = self.client.stamp(), True
        walks = request_plan.window_walks(
            self.client.base_url, PROFILE_IDS, PROFILE_IDS.windows[0], spans, at
        )
        found: dict[str, ListedProfile] = {}
        for got in self._pages(walks):
            if isinstance(got, Failed):
                whole = False
                continue
            begin = got.walk.bounds.start if got.walk.bounds else None
            for id, profile in listed_profiles(got.page.body):
                # Bounds that do not belong to it are asked for a second wider.
                if begin is None or profile.created >= begin:
                    found[id] = profile
        return found if whole else None

    def count(
        self, days: Mapping[str, Collection[date]], groups: Mapping[GroupKey, request_plan.Parent]
    ) -> Counts:
        """Klaviyo's own counts: events of each metric on its days, members of each group."""
        walks = count_walks(self.client.base_url, days, self.client.stamp())
        for (resource, _), group in groups.items():
            walks += self._of_group(_counter(resource), group)
        found = Counts()
        for got in self._pages(walks):
            walk = got.walk
            if isinstance(got, Failed) or got.page.status == 404 or not walk.parent_id:
                self._note_uncounted(got)
            elif walk.endpoint is COUNTS:
                self._take_counts(found, got, {*days[walk.parent_id]})
            else:
                number = member_count(got.page.body, _members_of(walk.endpoint))
                if number is not None:
                    found.members[walk.endpoint.resource, walk.parent_id] = number
                else:
                    resource = walk.endpoint.resource
                    self._outcome.fail(
                        resource, messages.verify.MEMBERS_UNCOUNTED(resource=resource)
                    )
        return found

    def joined(
        self, groups: Mapping[GroupKey, request_plan.Parent], since: Mapping[GroupKey, datetime]
    ) -> dict[GroupKey, int]:
        """How many have joined each group of ``since`` after that time."""
        walks = []
        for key, at in since.items():
            walks += self._of_group(_members(key[0]), groups[key], {key[1]: at})
        found: dict[GroupKey, set[str]] = {}
        for got in self._pages(walks):
            if isinstance(got, Failed) or got.page.status == 404 or not got.walk.parent_id:
                continue
            endpoint = got.walk.endpoint
            key = (endpoint.resource, got.walk.parent_id)
            path = endpoint.windows[0].path
            for member in records(got.page.body):
                joined_at = as_time(request_plan.read_field(member, path))
                id = as_id(member.get("id"))
                if id is not None and joined_at and joined_at > since[key]:
                    found.setdefault(key, set()).add(id)
        return {key: len(ids) for key, ids in found.items()}

    def _of_group(
        self,
        endpoint: Endpoint,
        group: request_plan.Parent,
        since: Mapping[str, datetime] | None = None,
    ) -> list[Walk]:
        return request_plan.fanout_walks(
            self.client.base_url, endpoint, [group], self.client.stamp(), since
        )

    def _take_counts(self, found: Counts, got: Fetched, wanted: Set[date]) -> None:
        """Keep the counts of days that are wanted; those between them were asked for with them."""
        metric_id = got.walk.parent_id or ""
        try:
            per_day = counts(got.page.body, got.walk.facts)
        except BadAnswer as error:
            self._outcome.fail("events", f"{error}")
            return
        found.events.update({(metric_id, day): n for day, n in per_day.items() if day in wanted})

    def _note_uncounted(self, got: Fetched | Failed) -> None:
        """A metric that cannot be counted is a failure; a group that has gone meanwhile is not."""
        if isinstance(got, Fetched) and got.walk.endpoint is COUNTS:
            self._outcome.fail(
                "events", messages.verify.METRIC_UNCOUNTED(metric=got.walk.parent_id)
            )

    def _pages(self, walks: Sequence[Walk]) -> Iterator[Fetched | Failed]:
        """All pages; what fails is noted, and handed on too.

        Raises:
            KlaviyoSparkError: every request would fail alike.
            Interrupted: somebody asked to end.
        """
        left = [walk for walk in walks if walk.endpoint.budget not in self._outcome.stopped]
        crew = PageFetcher(left, self.client, threads=self._threads)
        fatal: KlaviyoSparkError | None = None
        with until_interrupted() as stop:
            for got in crew.pages(stop):
                if isinstance(got, Failed):
                    if got.stops_all:
                        fatal = fatal or got.error
                    elif isinstance(got.error, RateLimitTooLong):
                        endpoint = got.walk.endpoint
                        self._outcome.stop(endpoint, got.error.resume_at)
                        self._outcome.fail(endpoint.resource, f"{endpoint.name}: {got.error}")
                    else:
                        self._failed(got.walk.endpoint, got.error)
                yield got
                self._show.show(self._stages(crew))
            if fatal:
                raise fatal
            if stop.is_set():
                raise Interrupted(messages.verify.INTERRUPTED())

    def _failed(self, endpoint: Endpoint, error: KlaviyoSparkError) -> None:
        logger.error("%s", error)
        message = str(error)
        if isinstance(error, MissingScope):
            message += f"; without it {endpoint.resource} cannot be verified"
        self._outcome.fail(endpoint.resource, message)

    def _stages(self, crew: PageFetcher) -> list[Stage]:
        """How far each endpoint is."""
        endpoints = {COUNTS.name: COUNTS, PROFILE_IDS.name: PROFILE_IDS, **ENDPOINTS}
        return [
            Stage(
                f"verify {name}",
                done=pages,
                left=left,
                share=self.client.limiter.usage(endpoints[name].budget),
            )
            for name, (pages, _, left) in crew.standings().items()
        ]


def _note(now: ListingSnapshot, listings: Sequence[Listing], got: Fetched) -> None:
    endpoint = got.walk.endpoint
    for listing in listings:
        if listing.endpoint.name == endpoint.name:
            now.records[listing.table.name].update(listing.records(got.page.body))
    if endpoint.name == "metrics":
        now.metrics += metrics_on(got.page.body)
    for child in ENDPOINTS.values():
        if not child.fanout or child.fanout.of != endpoint.name:
            continue
        for parent in request_plan.parents_on(got.page.body, got.walk.facts, child.fanout):
            if child.members:
                now.groups[endpoint.resource, parent.id] = parent
            else:
                now.parents.setdefault(child.name, {})[parent.id] = parent


def _note_children(
    seen: dict[str, frozenset[Key]], found: Iterable[tuple[str, frozenset[Key]]]
) -> None:
    """A record that several listings have has the elements of all."""
    for id, keys in found:
        seen[id] = seen.get(id, frozenset()) | keys


def _members(resource: str) -> Endpoint:
    """The endpoint of a resource's members."""
    return next(e for e in ENDPOINTS.values() if e.resource == resource and e.members)


def _counter(resource: str) -> Endpoint:
    """The endpoint that counts them."""
    return ENDPOINTS[_members_of(_members(resource)).count]


def _members_of(endpoint: Endpoint) -> Members:
    members = _members(endpoint.resource).members
    assert members
    return members
