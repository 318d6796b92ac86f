"""What an ingest is given to work with: what to ask, and who loads tables meanwhile."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from klaviyo_spark.bronze.account_identity import Identity
from klaviyo_spark.client.walk import Walk
from klaviyo_spark.state.models import GroupKey, GroupRead
from klaviyo_spark.state.resume_points import ResumePoint


class Plan(Protocol):
    """What to ask; ``IngestPlanner`` is the one of ordinary runs.

    ``kept``: walks of an earlier run, as far as they had landed, that this one goes on from.
    ``metric_names``: what each metric id that is read counts as.
    ``metrics_read_before``: ids whose events earlier runs have read.
    ``identity``: what the account is known by; None where that has been checked.
    ``member_counts``: Klaviyo's number of members of groups that were counted.
    ``group_reads``: what earlier runs have read of groups.
    """

    kept: dict[str, ResumePoint]
    metric_names: Mapping[str, str]
    metrics_read_before: Collection[str]
    identity: Identity | None
    member_counts: Mapping[GroupKey, int]
    group_reads: Mapping[GroupKey, GroupRead]

    def rounds(self) -> Iterable[Sequence[Walk]]:
        """Walks, round by round; the next is asked for when all pages of one were noted."""
        ...

    def note(
        self, endpoint_name: str, facts: Mapping[str, str], parent_id: str | None, body: bytes
    ) -> None:
        """Keep of a page what later rounds need."""
        ...


class Preloads(Protocol):
    """Loads tables while Klaviyo is still being asked."""

    def has_work(self, endpoints: Collection[str]) -> bool:
        """Whether tables may be loaded once all pages of ``endpoints`` have landed."""
        ...

    def begin(self, endpoints: Collection[str]) -> None:
        """Load them, all these pages having landed, beside what this thread goes on with."""
        ...
