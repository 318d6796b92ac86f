"""What Klaviyo refused, and what it means for a resource: failed, or a part of it lost."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection

from klaviyo_spark import messages
from klaviyo_spark.bronze import request_plan
from klaviyo_spark.bronze.plan import Plan
from klaviyo_spark.client.walk import Walk
from klaviyo_spark.errors import KlaviyoSparkError, MissingScope, UnknownId
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.resources import ENDPOINTS, TABLES
from klaviyo_spark.schema.endpoint import Endpoint
from klaviyo_spark.state import landings
from klaviyo_spark.state.models import Outcome

logger = logging.getLogger(__name__)


class Refusals:
    """Takes note of errors of single walks, once it is known what else was answered.

    Args:
        outcome: what failed goes there.
        optional: resources that nobody named: a scope that they lack is but told.
    """

    def __init__(
        self,
        lake: Lake,
        account_id: str,
        plan: Plan,
        outcome: Outcome,
        optional: Collection[str] = (),
    ) -> None:
        self._lake, self._account_id, self._optional = lake, account_id, optional
        self._plan, self._outcome = plan, outcome
        self._answered: Counter[str] = Counter()  # pages with status 200, per endpoint
        self._gone: Counter[str] = Counter()  # 404s per path
        self._before: dict[str, int] = {}  # pages that earlier runs read, per endpoint

    def note_page(self, endpoint: Endpoint, status: int) -> None:
        """Count a page: an answer, or a 404."""
        if status == 200:
            self._answered[endpoint.name] += 1
        else:
            self._gone[endpoint.path] += 1

    def fail(self, endpoint: Endpoint, error: KlaviyoSparkError) -> None:
        """Let the endpoint's resource fail."""
        logger.error("%s", error)
        self._outcome.fail(endpoint.resource, str(error))

    def without_metrics(self, walk: Walk, error: UnknownId, base_url: str) -> list[Walk]:
        """Walks over the metrics that Klaviyo does not refuse; those it does are told, once."""
        ids, walks = request_plan.known_metrics(base_url, walk, str(error))
        for id in sorted(ids):
            name = self._plan.metric_names.get(id, id)
            if id in self._plan.metrics_read_before:
                self._outcome.fail(
                    "events",
                    messages.bronze.KNOWN_METRIC_REFUSED(id=id, name=name),
                    of_member=True,
                )
            else:
                self._outcome.warn(messages.bronze.METRIC_REFUSED(id=id, name=name))
        return walks

    def forbid(self, walk: Walk, error: MissingScope) -> None:
        """Name a 403: of a part of what was answered otherwise, or of a key without scope."""
        logger.error("%s", error)
        endpoint, name = walk.endpoint, walk.endpoint.name
        where = f"{error.where} -> 403: {error.said.rstrip('.') or 'no reason given'}"
        part = walk.parent_id or ", ".join(f"{of} {value}" for of, value in walk.facts.items())
        landed = [one for one in self._plan.kept.values() if one.status == 200]
        kept = sum(one.pages for one in landed if one.endpoint == name)
        if others := self._answered[name] + kept:
            self._outcome.fail(
                endpoint.resource,
                messages.bronze.PART_REFUSED(
                    where=where, others=others, name=name, part=part or "what is left"
                ),
                # Within bounds of time what was refused are times, and not a member.
                of_member=walk.parent_id is not None or (bool(part) and walk.bounds is None),
            )
        elif walk.parent_id is not None and (before := self._pages_before(endpoint)):
            scopes = ", ".join(endpoint.scopes)
            self._outcome.fail(
                endpoint.resource,
                messages.bronze.NOW_REFUSED(
                    where=where, before=before, name=name, scopes=scopes, part=part
                ),
                of_member=True,
            )
        elif endpoint.resource in self._optional:
            self._outcome.warn(
                messages.bronze.PLUS_WITHOUT_SCOPE(
                    resource=endpoint.resource, scopes=", ".join(endpoint.scopes)
                )
            )
        else:
            tables = ", ".join(_tables_of(name))
            self._outcome.fail(
                endpoint.resource,
                messages.bronze.TABLES_NOT_KEPT_UP(error=error, tables=tables),
            )

    def end(self, asked: Collection[str]) -> None:
        """Say what was gone, and let a resource fail as a whole that lost all its members.

        A 404 of a sub-listing: what was listed may have been deleted since.

        Args:
            asked: endpoints that the run has asked.
        """
        for path, ids in sorted(self._gone.items()):
            self._outcome.warnings.append(messages.bronze.LISTED_AND_NOT_FOUND(path=path, ids=ids))
        read = {ENDPOINTS[name].resource for name in self._answered}
        read |= {ENDPOINTS[walk.endpoint].resource for walk in self._plan.kept.values()}
        for resource in {ENDPOINTS[name].resource for name in asked} - read:
            self._outcome.lost.difference_update(self._outcome.failed.get(resource, ()))

    def _pages_before(self, endpoint: Endpoint) -> int:
        """Pages of an endpoint that earlier runs read; the lake is asked once."""
        if endpoint.name not in self._before:
            pages = landings.pages_read(self._lake, self._account_id, endpoint)
            self._before[endpoint.name] = pages
        return self._before[endpoint.name]


def _tables_of(endpoint: str) -> list[str]:
    """Tables made of an endpoint's pages, or of pages that are asked for by the ids in those."""
    fed = {e.name for e in ENDPOINTS.values() if e.fanout and e.fanout.of == endpoint}
    return [t.name for t in TABLES.values() if not {endpoint, *fed}.isdisjoint(t.endpoints)]
