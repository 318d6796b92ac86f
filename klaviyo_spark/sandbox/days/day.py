"""A day passes in an account: what happens, in order."""

from __future__ import annotations

import random

from klaviyo_spark.sandbox.content.events import EventMaker
from klaviyo_spark.sandbox.content.products import change_products
from klaviyo_spark.sandbox.days.groups import GroupChanges
from klaviyo_spark.sandbox.days.messages import MessageChanges
from klaviyo_spark.sandbox.days.newer_campaigns import change_newer_campaigns
from klaviyo_spark.sandbox.days.plus import PlusChanges
from klaviyo_spark.sandbox.days.profiles import ProfileChanges
from klaviyo_spark.sandbox.ids import Ids
from klaviyo_spark.sandbox.ledger import Ledger
from klaviyo_spark.sandbox.model import World
from klaviyo_spark.sandbox.render.payloads import group_ids
from klaviyo_spark.sandbox.times import DAY_S

LOOKBACK_S = 6 * DAY_S + 18 * 3600
"""Late events lie no further behind real now than this, so a client that reads the trailing seven
days again sees them all."""

_NEVER_A_CAUSE = ("bounced_email", "spam", "failed_sms", "failed_text")


class Day:
    """One day of an account.

    Args:
        number: counted from 1.
        now_s: the account's clock, which ``world.today`` lags behind.
    """

    def __init__(
        self,
        world: World,
        ledger: Ledger,
        ids: Ids,
        metrics: dict[str, str],
        number: int,
        now_s: int,
    ) -> None:
        self._world = world
        self._ledger = ledger
        self._ids = ids
        self._metrics = metrics
        self._number = number
        self._now_s = now_s
        self._random = random.Random(f"day:{world.seed}:{number}")

    def pass_by(self, events: int) -> None:
        """Let it all happen; ``events`` new ones, and a fifth as many late ones."""
        world = self._world
        yesterday = world.today
        world.today += DAY_S
        ledger, ids, chance, number = self._ledger, self._ids, self._random, self._number
        profiles = ProfileChanges(world, ledger, chance, number)
        groups = GroupChanges(world, ledger, ids, chance, number)
        # Who goes is last seen as of the day before, so going comes before changing.
        groups.process()
        profiles.delete()
        groups.happen()
        profiles.happen(yesterday)
        MessageChanges(world, ids, chance, number).happen()
        PlusChanges(world, number).happen()
        change_newer_campaigns(world, number)
        change_products(world, number)
        self._revise_events()
        self._new_events(events, yesterday)

    def _revise_events(self) -> None:
        """Attributions settle, and one event forgets the audiences it went to.

        Only events that a client reads again, those within its lookback, change.
        """
        recent = [e for e in self._world.timeline if e.at > self._now_s - LOOKBACK_S]
        for event in recent:
            event.settled = True
        dead_ends = [e for e in recent if e.kind in _NEVER_A_CAUSE and group_ids(e)]
        if dead_ends:
            event = self._random.choice(sorted(dead_ends, key=lambda e: e.id))
            self._ledger.event_groups |= {(event.id, id) for id in group_ids(event)}
            event.groups = ()

    def _new_events(self, count: int, yesterday: int) -> None:
        timeline, today = self._world.timeline, self._world.today
        maker = EventMaker(self._world, self._metrics, f"day {self._number}")
        timeline.add(maker.make(count, yesterday + 1, today - 3600))
        # Late: they arrive only now and lie up to days back, behind all that was there.
        late = EventMaker(self._world, self._metrics, f"late {self._number}")
        earliest = min(self._now_s - LOOKBACK_S, yesterday - 3600)
        timeline.add(late.make(max(10, count // 5), earliest, yesterday))
