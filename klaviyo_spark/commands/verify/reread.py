"""Reads again what verification found short: a plan for ``ingest``, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from klaviyo_spark.bronze import request_plan
from klaviyo_spark.bronze.account_identity import Identity
from klaviyo_spark.client.json_bodies import as_id, as_object, records, related_ids
from klaviyo_spark.client.walk import Walk
from klaviyo_spark.commands.verify.checking import VerifiedScope
from klaviyo_spark.commands.verify.healing import Healing, Reading
from klaviyo_spark.commands.verify.listings import listing_walks, listings
from klaviyo_spark.commands.verify.profiles import PROFILE
from klaviyo_spark.resources import ENDPOINTS
from klaviyo_spark.schema.endpoint import Endpoint
from klaviyo_spark.state.resume_points import ResumePoint

# From so many pages on threads share a reading: it takes a few requests more, and far less time.
_SHARED_PAGES = 32


class Reread:
    """What to ask to mend faults: an ``plan.Plan``.

    Nothing that an earlier run has landed is taken for read: that is what is doubted.

    Args:
        scope: what verification has found out about what is to be read.
        upper: the latest time that may be asked for.
        clock: what reads that begin are dated by.
    """

    def __init__(
        self,
        base_url: str,
        healing: Healing,
        scope: VerifiedScope,
        upper: datetime,
        clock: Callable[[], datetime],
    ) -> None:
        self._clock = clock
        self._base_url, self._healing, self._upper = base_url, healing, upper
        self._groups = scope.groups
        self.kept: dict[str, ResumePoint] = {}
        self.metric_names = scope.metric_names
        self.metrics_read_before: Collection[str] = scope.metric_names
        self.identity: Identity | None = None  # verification has checked it
        self.member_counts, self.group_reads = scope.member_counts, scope.group_reads
        self._parents: dict[str, dict[str, request_plan.Parent]] = {}

    def rounds(self) -> Iterator[list[Walk]]:
        """What was short; then the children of listed records that were missing."""
        now = self._clock()
        walks = [walk for reading in self._healing.readings for walk in self._events(reading, now)]
        for endpoint in ENDPOINTS.values():
            ids = self._healing.groups.get(endpoint.resource, frozenset())
            if endpoint.members:
                groups = [self._groups[endpoint.resource, id] for id in sorted(ids)]
                walks += request_plan.fanout_walks(self._base_url, endpoint, groups, now)
        walks += listing_walks(self._base_url, listings(sorted(self._healing.listings)), now)
        walks += request_plan.id_walks(self._base_url, PROFILE, self._healing.profiles, now)
        yield walks
        now = self._clock()
        yield [
            walk
            for name, parents in self._parents.items()
            for walk in request_plan.fanout_walks(
                self._base_url, ENDPOINTS[name], parents.values(), now
            )
        ]

    def note(
        self, endpoint_name: str, facts: Mapping[str, str], _parent_id: str | None, body: bytes
    ) -> None:
        """Keep the records that were missing, or that name one that was: to ask for children."""
        missing = self._healing.listings.get(ENDPOINTS[endpoint_name].resource, frozenset())
        if not missing:
            return
        for endpoint in _children(endpoint_name):
            assert endpoint.fanout
            about = _about(body, missing)
            found = request_plan.parents_on(body, facts, endpoint.fanout)
            parents = self._parents.setdefault(endpoint.name, {})
            parents.update({parent.id: parent for parent in found if parent.id in about})

    def _events(self, reading: Reading, now: datetime) -> list[Walk]:
        """One walk, however often it has been read; cut among threads only where it is long."""
        span = request_plan.RequestedRange(
            reading.span.start, reading.span.end - timedelta(seconds=1), self._upper, timedelta(0)
        )
        none_read: dict[str, list[Any]] = {metric_id: [] for metric_id in reading.metric_ids}
        walks = request_plan.event_walks(self._base_url, ENDPOINTS["events"], none_read, span, now)
        if reading.pages < _SHARED_PAGES:
            return [replace(walk, ask=None) for walk in walks]
        return walks


def _children(endpoint_name: str) -> list[Endpoint]:
    """Endpoints asked about the records of another one, but for members."""
    return [
        endpoint
        for endpoint in ENDPOINTS.values()
        if endpoint.fanout and endpoint.fanout.of == endpoint_name and not endpoint.members
    ]


def _about(body: bytes, missing: frozenset[str]) -> set[str]:
    """Ids of records on a page that were missing, or that point to one that was."""
    found = set(missing)
    for record in [*records(body), *records(body, "included")]:
        id, names = as_id(record.get("id")), as_object(record.get("relationships"))
        if id and any(not missing.isdisjoint(related_ids(record, name)) for name in names):
            found.add(id)
    return found
