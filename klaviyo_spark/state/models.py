"""What both bronze and silver say and are told: values alone, no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from klaviyo_spark.schema.endpoint import Endpoint

# What has failed where a table could not be loaded or written; no resource's name, so the run is
# partly done.
TABLES_HELD = "tables"

# Fact of a walk over records that are named by their ids: a digest of these.
BY_IDS = "ids"
GroupKey = tuple[str, str]
"""Resource and id of a group."""
# Segments show a new member some minutes late, and imports may take as long.
JOINED_LATE = timedelta(hours=1)


@dataclass(frozen=True)
class GroupRead:
    """What is known of a group's members.

    Args:
        whole_at: when they were last read whole, and ``whole_by`` which run.
        joined_at: when the last one that has been read joined.
        counted_at: when they were last counted.
        version: digest of the group's record at the last read.
        last_difference: Klaviyo's number minus the members listed, at the last whole read that was
            made for it.
        difference: the same where the whole read before it showed it too; else 0.
    """

    whole_at: datetime | None = None
    joined_at: datetime | None = None
    counted_at: datetime | None = None
    version: str | None = None
    last_difference: int | None = None
    difference: int = 0
    whole_by: str = ""


@dataclass(frozen=True)
class LastRequest:
    """When a parent was last asked about, and what its record was like then."""

    version: str | None
    at: datetime


@dataclass(frozen=True)
class Batch:
    """One append to bronze, as far as one endpoint is concerned."""

    batch_id: str
    run_id: str
    endpoint: str
    first_fetched: datetime


@dataclass
class Outcome:
    """What came of it: pages landed, and a line for each thing that did not go well.

    ``resumed_walk_ids``: ids of interrupted walks that this run resumed and completed.
    ``resume_at``: when all that the rate limit stopped can go on (UTC).
    ``stopped``: budgets that are spent for longer than a run waits.
    ``lost``: those lines of ``failed`` that tell of one member of a resource: a metric, a list.
    """

    pages: int = 0
    bytes: int = 0
    failed: dict[str, list[str]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    resume_at: datetime | None = None
    resumed_walk_ids: tuple[str, ...] = ()
    stopped: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)

    @property
    def unread(self) -> set[str]:
        """What failed as a whole; a resource that lost members alone is not among it."""
        return {name for name, lines in self.failed.items() if not self.lost.issuperset(lines)}

    @property
    def lost_members_alone(self) -> bool:
        """Whether something failed, and nothing but single members of resources."""
        return bool(self.failed) and not self.unread

    def add(self, other: Outcome) -> None:
        """Take in what came of something else too; a warning that is there already counts once."""
        self.pages += other.pages
        self.bytes += other.bytes
        for resource, messages in other.failed.items():
            for message in messages:
                self.fail(resource, message)
        self.warnings += [line for line in other.warnings if line not in self.warnings]
        if other.resume_at is not None:
            self.resume_at = max(other.resume_at, self.resume_at or other.resume_at)
        self.resumed_walk_ids += other.resumed_walk_ids
        self.stopped |= other.stopped
        self.lost |= other.lost

    def warn(self, text: str | None) -> None:
        """Note a warning, if there is one; the same one counts once."""
        if text and text not in self.warnings:
            self.warnings.append(text)

    def stop(self, endpoint: Endpoint, resume_at: datetime) -> None:
        """Note that Klaviyo asks to wait until ``resume_at`` before ``endpoint`` is asked again."""
        self.resume_at = max(resume_at, self.resume_at or resume_at)
        self.stopped.add(endpoint.budget)

    def fail(self, resource: str, message: str, *, of_member: bool = False) -> None:
        """Note that ``resource`` is not all there; the same message counts once.

        Args:
            of_member: what is not there is one member of it, such as a metric or a list.
        """
        if of_member:
            self.lost.add(message)
        lines = self.failed.setdefault(resource, [])
        if message not in lines:
            lines.append(message)
