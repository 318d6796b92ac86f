"""Listings that each parent has for itself, such as an action's messages: a request each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from klaviyo_spark import messages
from klaviyo_spark.bronze.request_plan import Parent
from klaviyo_spark.commands.verify.children import AskedChildren, asked_children
from klaviyo_spark.commands.verify.comparing import Comparison, Listed
from klaviyo_spark.commands.verify.holdings import Holdings
from klaviyo_spark.commands.verify.klaviyo_counts import KlaviyoCounter, ListingSnapshot
from klaviyo_spark.commands.verify.turns import take_turn
from klaviyo_spark.state.models import Outcome

AskedListings = Sequence[tuple[AskedChildren, Mapping[str, Mapping[str, Listed]]]]
"""Tables, with the records that each parent lists."""


class ChildListings:
    """Asks for them; ``outcome`` gets how many were not asked for."""

    def __init__(self, klaviyo: KlaviyoCounter, holdings: Holdings, outcome: Outcome) -> None:
        self._klaviyo, self._holdings, self._outcome = klaviyo, holdings, outcome

    def in_turn(
        self,
        resources: Sequence[str],
        now: ListingSnapshot,
        before: Sequence[Comparison],
        *,
        whole: bool,
    ) -> AskedListings:
        """Those whose turn it is, or all; and those that differed when they were last verified.

        Args:
            now: names the parents.
            before: what differed.
        """
        found = []
        for one in asked_children(resources):
            if one.table.resource in now.unread:
                continue
            parents = _parents(one, now)
            verified = self._holdings.verified_at(one.table.name)
            turn = take_turn(parents, verified, self._klaviyo.client.now(), whole=whole)
            wanted = {*turn} | _scopes(one, before)
            asked = [parent for id, parent in sorted(parents.items()) if id in wanted]
            if len(asked) < len(parents):
                self._outcome.warnings.append(
                    messages.verify.CHILDREN_SAMPLED(
                        name=one.table.name, parents=len(asked), of=len(parents)
                    )
                )
            found.append((one, self._klaviyo.children_of(one, asked)))
        return found

    def of_faults(
        self, resources: Sequence[str], now: ListingSnapshot, faults: Sequence[Comparison]
    ) -> AskedListings:
        """Those that had a fault."""
        found = []
        for one in asked_children(resources):
            wanted = _scopes(one, faults)
            asked = [parent for id, parent in sorted(_parents(one, now).items()) if id in wanted]
            found.append((one, self._klaviyo.children_of(one, asked)))
        return found


def _parents(one: AskedChildren, now: ListingSnapshot) -> Mapping[str, Parent]:
    return now.parents.get(one.listing.endpoint.name, {})


def _scopes(one: AskedChildren, checks: Sequence[Comparison]) -> set[str]:
    return {check.scope for check in checks if check.count_type == one.table.name}
