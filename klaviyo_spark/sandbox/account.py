"""A sample account: made from a number, moved on day by day, and what silver must hold of it."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import datetime, timezone

from klaviyo_spark.sandbox.content.campaigns import add_campaigns
from klaviyo_spark.sandbox.content.catalog import add_metrics, add_tags
from klaviyo_spark.sandbox.content.events import Calendar, EventMaker
from klaviyo_spark.sandbox.content.flows import add_flows
from klaviyo_spark.sandbox.content.groups import add_lists, add_segments
from klaviyo_spark.sandbox.content.newer_campaigns import add_newer_campaigns
from klaviyo_spark.sandbox.content.plus import add_plus
from klaviyo_spark.sandbox.content.products import add_products
from klaviyo_spark.sandbox.content.profiles import add_profiles
from klaviyo_spark.sandbox.days.day import Day
from klaviyo_spark.sandbox.ids import Ids
from klaviyo_spark.sandbox.ledger import Ledger
from klaviyo_spark.sandbox.model import World
from klaviyo_spark.sandbox.times import DAY_S, SECOND_US, instant, moment
from klaviyo_spark.sandbox.truth.events import orphaned_flow_ids
from klaviyo_spark.sandbox.truth.rows import Row
from klaviyo_spark.sandbox.truth.truth import plus_statement, statement

SAFETY_S = 120
"""How far behind now a client's reads end, so how far the truth goes unless told."""


class Account:
    """A Klaviyo account with everything in it that accounts have.

    It starts ``lag_days`` behind ``now`` so that it can be moved on: a client's clock cannot be.
    The same seed, ``now`` and number of advances give the same content.

    Args:
        seed: what all content comes from.
        events: how many events it starts with.
        profiles: how many profiles it starts with.
        now: the time it is made for; real time by default.
        lag_days: how many days it can be moved on before it catches up with ``now``.
        campaigns: how many campaigns; by default 45 and one more per 2,000 events, up to 150.
        flows: how many flows, at least 14.
        quiet_days: how many days without events follow each day with them, in the two years that
            it starts with; a table by day has so many fewer files.
        second: another account made from the same number, for the same lake: its metrics have ids
            of their own, as Klaviyo gives none of these twice. All other ids are the same.
    """

    def __init__(
        self,
        seed: int = 7,
        events: int = 20_000,
        profiles: int = 2_000,
        now: datetime | None = None,
        lag_days: int = 3,
        *,
        campaigns: int | None = None,
        flows: int = 14,
        quiet_days: int = 0,
        second: bool = False,
    ) -> None:
        self.now = now or datetime.now(timezone.utc)
        self.lag_days = lag_days
        self.days = 0
        self.lock = threading.RLock()
        now_s = instant(self.now) // SECOND_US
        self.world = World(seed, now_s - lag_days * DAY_S - 300)
        self.ledger = Ledger()
        self._ids = Ids(str(seed))
        self._events = events
        world, ids = self.world, self._ids
        add_profiles(world, profiles)
        tags = add_tags(world, ids)
        lists = add_lists(world, ids, tags)
        segments = add_segments(world, ids, tags)
        self._metrics = add_metrics(world, ids, second=second)
        groups = tuple(group.id for group in [*lists[:3], *segments[:2]])
        count = min(150, 45 + events // 2000) if campaigns is None else campaigns
        add_campaigns(world, ids, count, tags, groups)
        add_flows(world, ids, flows, tags, groups)
        first = world.today - 730 * DAY_S
        calendar = Calendar(first - first % DAY_S, quiet_days)
        add_plus(world, self._metrics)
        add_newer_campaigns(world)
        add_products(world)
        maker = EventMaker(world, self._metrics, "start", calendar)
        world.timeline.add(maker.make(max(events - 4, 0), first, world.today - 3600))
        future = EventMaker(world, self._metrics, "future")
        world.timeline.add(future.future(min(events, 4)))

    @property
    def today(self) -> datetime:
        """As far as the account has got."""
        return moment(self.world.today * SECOND_US)

    def advance(self, days: int = 1) -> None:
        """Let ``days`` pass: new and late events, changes, departures, deletions.

        Raises:
            ValueError: the account would get ahead of its clock.
        """
        for _ in range(days):
            with self.lock:
                latest = max(instant(self.now), instant(datetime.now(timezone.utc))) // SECOND_US
                if self.world.today + DAY_S > latest:
                    raise ValueError(
                        f"the account has caught up with its clock after {self.days} days; "
                        f"make it with a lag_days of more than {self.lag_days}"
                    )
                self.ledger.take_down(self.world)
                self.days += 1
                now_s = instant(self.now) // SECOND_US
                day = Day(self.world, self.ledger, self._ids, self._metrics, self.days, now_s)
                day.pass_by(max(30, self._events // 300))

    def arrive(self, times: Iterable[datetime]) -> list[str]:
        """Let Subscribed to List events of these times turn up only now; their ids."""
        with self.lock:
            label = f"arrived after {len(self.world.timeline)}"
            maker = EventMaker(self.world, self._metrics, label)
            events = maker.at(instant(time) // SECOND_US for time in times)
            self.world.timeline.add(events)
            return [event.id for event in events]

    def truth(self, until: datetime | None = None) -> dict[str, list[Row]]:
        """What silver must hold once all has been read, table by table.

        Rows are those of a client that read everything before each advance too; what is gone by
        now has ``_deleted`` true. Columns of our own (``_...``) and the two fetch times of
        ``member_lists`` are not said.

        Args:
            until: how far events have been read; by default two minutes before real now.
        """
        with self.lock:
            return statement(self.world, self.ledger, self._until_s(until))

    def plus_truth(self) -> dict[str, list[Row]]:
        """The same of ``klaviyo_plus``; credentials as Klaviyo has them."""
        with self.lock:
            return plus_statement(self.world, self.ledger)

    def orphaned_flow_ids(self, until: datetime | None = None) -> set[str]:
        """Flows that events of the eleven metrics name and that ``flows`` has no row for."""
        with self.lock:
            return orphaned_flow_ids(self.world, self.ledger, self._until_s(until))

    def old_tracking(self) -> dict[str, tuple[bool, bool]]:
        """Opens and clicks tracked, per flow action that sends e-mail, gone or not."""
        return dict(self.world.old_tracking)

    def _until_s(self, until: datetime | None) -> int:
        if until is None:
            return instant(datetime.now(timezone.utc)) // SECOND_US - SAFETY_S
        return instant(until) // SECOND_US
