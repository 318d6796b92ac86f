"""What a day changes in profiles: new ones, other consent, lifted suppressions, deletions."""

from __future__ import annotations

import random

from klaviyo_spark.sandbox.content.profiles import (
    REASONS,
    add_profile,
    attributes,
    email_subscription,
    is_quiet,
)
from klaviyo_spark.sandbox.ids import mixed
from klaviyo_spark.sandbox.ledger import Ledger
from klaviyo_spark.sandbox.model import Profile, World
from klaviyo_spark.sandbox.times import DAY_S, SECOND_US, stamp


class ProfileChanges:
    """A day's changes to profiles."""

    def __init__(self, world: World, ledger: Ledger, chance: random.Random, number: int) -> None:
        self._world = world
        self._ledger = ledger
        self._random = chance
        self._number = number

    def happen(self, yesterday: int) -> None:
        """All but deletions; new profiles date from after ``yesterday`` (epoch seconds)."""
        world = self._world
        old = list(world.profiles.values())
        if not old:
            return
        for _ in range(max(3, len(old) // 500)):
            created = self._random.randint(yesterday + 1, world.today - 600) * SECOND_US
            n = max(p.n for p in world.profiles.values()) + 1
            add_profile(world, n, created, created)
        self._rename(old)
        self._move_address(old)
        self._lift_suppression(old)
        self._suppress(old)
        world.profiles_version += 1

    def _touch(self, profile: Profile) -> None:
        """Bump ``updated``, to some moment of the day."""
        profile.updated = (self._world.today - self._random.randint(300, DAY_S - 1)) * SECOND_US

    def _pick(self, among: list[Profile], count: int) -> list[Profile]:
        return self._random.sample(among, min(count, len(among)))

    def _rename(self, old: list[Profile]) -> None:
        for profile in self._pick(old, max(3, len(old) // 200)):
            profile.changes["first_name"] = f"Renamed {self._number}"
            given = attributes(profile, False)["properties"] or {}
            profile.changes["properties"] = {**given, "day": self._number}
            self._touch(profile)

    def _move_address(self, old: list[Profile]) -> None:
        """Another e-mail address, for somebody whose events would not show it anyway."""
        quiet = [p for p in old if is_quiet(p) and p.email]
        for profile in self._pick(quiet, 2):
            profile.email = f"moved{self._number}.{profile.n}@example.com"
            self._touch(profile)

    def _lift_suppression(self, old: list[Profile]) -> None:
        suppressed = [p for p in old if p.n % 24 == 0 and self._has_email_consent(p)]
        for profile in self._pick(suppressed, 3):
            self._ledger.note_suppressions(profile)
            email = email_subscription(profile, mixed(profile.n, 11))
            email["marketing"] |= {
                "suppression": email["marketing"]["suppression"][1:],
                "list_suppressions": [],
                "consent": "SUBSCRIBED",
                "can_receive_email_marketing": True,
            }
            given = attributes(profile, True)["subscriptions"]
            profile.changes["subscriptions"] = {**given, "email": email}
            self._touch(profile)

    def _suppress(self, old: list[Profile]) -> None:
        free = [p for p in old if p.n % 6 and p.n % 8 and self._has_email_consent(p)]
        for k, profile in enumerate(self._pick(free, 4)):
            self._ledger.note_suppressions(profile)
            at = stamp((self._world.today - 700) * SECOND_US, k)
            email = email_subscription(profile, mixed(profile.n, 11))
            email["marketing"] |= {
                "suppression": [{"reason": REASONS[k], "timestamp": at}],
                "consent": "UNSUBSCRIBED",
                "can_receive_email_marketing": False,
            }
            given = attributes(profile, True)["subscriptions"]
            profile.changes["subscriptions"] = {**given, "email": email}
            self._touch(profile)

    def _has_email_consent(self, profile: Profile) -> bool:
        subscriptions = attributes(profile, True)["subscriptions"]
        return bool(subscriptions and subscriptions["email"])

    def delete(self) -> None:
        """Two privacy requests: the profiles go, out of their lists and segments too."""
        world, ledger = self._world, self._ledger
        for profile in self._pick([p for p in world.profiles.values() if is_quiet(p)], 2):
            ledger.note_suppressions(profile)
            ledger.profiles[profile.id] = world.profiles.pop(profile.id)
            for group in [*world.groups("list"), *world.groups("segment")]:
                joined = group.members.pop(profile.id, None)
                if joined is None:
                    continue
                group.version += 1
                if group.attributes.get("is_processing"):
                    group.unjudged[profile.id] = joined
                else:
                    ledger.note_departure(world, group, profile.id, joined)
