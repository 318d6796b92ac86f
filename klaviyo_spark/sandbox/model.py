"""The objects an account is made of. No HTTP, no generation here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from klaviyo_spark.sandbox.event import Message
from klaviyo_spark.sandbox.timeline import Timeline

Json = dict[str, Any]
Ref = tuple[str, str]
"""Type and id of an object, as in JSON:API."""


@dataclass(slots=True)
class Record:
    """Any object that is small in number: campaigns, flows, tags ... ``attributes`` are as served.

    ``to_one`` and ``to_many`` hold what its relationships point to.
    """

    type: str
    id: str
    attributes: Json
    to_one: dict[str, Ref | None] = field(default_factory=dict)
    to_many: dict[str, list[Ref]] = field(default_factory=dict)

    @property
    def ref(self) -> Ref:
        return (self.type, self.id)


@dataclass(slots=True)
class Group(Record):
    """A list or a segment. ``members``: profile id to the instant of joining.

    ``unjudged`` members are in the segment but not served while it is processing.
    """

    members: dict[str, int] = field(default_factory=dict)
    unjudged: dict[str, int] = field(default_factory=dict)
    version: int = 0


@dataclass(slots=True)
class Profile:
    """A person. Attributes are worked out from ``n`` when asked for, then ``changes`` laid over."""

    n: int
    id: str
    email: str | None
    created: int
    updated: int
    changes: Json = field(default_factory=dict)

    @property
    def type(self) -> str:
        return "profile"


@dataclass
class World:
    """Everything in the account.

    ``today`` (epoch seconds) is as far as it has got, ``began`` what that was at first.
    """

    seed: int
    today: int
    records: dict[str, dict[str, Record]] = field(default_factory=dict)
    profiles: dict[str, Profile] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    timeline: Timeline = field(default_factory=Timeline)
    profiles_version: int = 0
    campaign_channels: dict[str, str] = field(default_factory=dict)
    """The channel each campaign is listed under; its attributes do not say it."""
    library: set[str] = field(default_factory=set)
    """Templates that are listed: copies that messages have are not."""
    old_tracking: dict[str, tuple[bool, bool]] = field(default_factory=dict)
    """Opens and clicks tracked, per flow action that sends e-mail: the older revision tells."""
    newer: dict[str, dict[str, Record]] = field(default_factory=dict)
    """Campaigns that only the newer revision shows, and what belongs to them, by type and id."""
    began: int = field(init=False)

    def __post_init__(self) -> None:
        """Note when it began."""
        self.began = self.today

    def add(self, record: Record) -> Record:
        """Put a record into the account."""
        self.records.setdefault(record.type, {})[record.id] = record
        return record

    def all(self, type: str) -> list[Record]:
        """The records of a type, oldest first."""
        return list(self.records.get(type, {}).values())

    def find(self, ref: Ref) -> Record | None:
        """The record with this type and id, ``None`` if it is not (or no longer) there."""
        return self.records.get(ref[0], {}).get(ref[1])

    def group(self, type: str, id: str) -> Group | None:
        """The list or segment with this id."""
        found = self.find((type, id))
        return found if isinstance(found, Group) else None

    def groups(self, type: str) -> Iterator[Group]:
        """All lists, or all segments."""
        return (g for g in self.records.get(type, {}).values() if isinstance(g, Group))
