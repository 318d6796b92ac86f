"""What a client has seen that is no longer there: taken down before every day that passes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from klaviyo_spark.sandbox.model import Group, Profile, World
from klaviyo_spark.sandbox.truth.metric_days import METRIC_DAY_KEYS, metric_tables
from klaviyo_spark.sandbox.truth.plus import PLUS_TABLES
from klaviyo_spark.sandbox.truth.profiles import suppression_rows
from klaviyo_spark.sandbox.truth.reports import REPORT_TABLES
from klaviyo_spark.sandbox.truth.rows import SMALL_TABLES, Row

Key = tuple[Any, ...]


@dataclass
class Ledger:
    """The departed, by table.

    ``rows`` hold the last known rows of small tables and of suppressions of profiles that changed;
    ``members`` who left a list or segment: when they had joined, and their e-mail address.
    """

    rows: dict[str, dict[Key, Row]] = field(default_factory=dict)
    profiles: dict[str, Profile] = field(default_factory=dict)
    members: dict[tuple[str, str, str], tuple[int, str | None]] = field(default_factory=dict)
    event_groups: set[tuple[str, str]] = field(default_factory=set)

    def take_down(self, world: World) -> None:
        """Note all small tables as they are now, for what may go."""
        for name, table in {**SMALL_TABLES, **PLUS_TABLES, **REPORT_TABLES}.items():
            seen = self.rows.setdefault(name, {})
            for row in table.rows(world):
                seen[tuple(row[k] for k in table.key)] = row
        for name, rows in metric_tables(world, moving=True).items():
            seen = self.rows.setdefault(name, {})
            seen |= {tuple(row[k] for k in METRIC_DAY_KEYS[name]): row for row in rows}

    def note_suppressions(self, profile: Profile) -> None:
        """Note a profile's suppressions before they change or go with it."""
        for name, rows in suppression_rows(profile).items():
            seen = self.rows.setdefault(name, {})
            for row in rows:
                seen[tuple(row.values())] = row

    def note_departure(self, world: World, group: Group, profile_id: str, joined: int) -> None:
        """Note that a member has left."""
        profile = world.profiles.get(profile_id) or self.profiles.get(profile_id)
        email = profile.email if profile else None
        self.members[(group.type, group.id, profile_id)] = (joined, email)
