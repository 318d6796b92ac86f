"""Events of an account: threads of a message sent, opened, clicked ..., and all the rest.

Only who, what and when is decided here; the properties are worked out in ``render/payloads.py``.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from klaviyo_spark.sandbox.content.profiles import is_quiet
from klaviyo_spark.sandbox.event import Attribution, Event, Message
from klaviyo_spark.sandbox.ids import event_id, mixed, ulid
from klaviyo_spark.sandbox.model import World
from klaviyo_spark.sandbox.times import DAY_S

RENAMED_S = 1_782_864_000
"""2026-07-01, when Klaviyo renamed its SMS metrics."""

_OTHERS = ("placed_order", "viewed_product", "active_on_site", "subscribed_list", "sent_text",
           "unsubscribed_list", "api_received_email", "null_clicked_sms", "api_subscribed_list",
           "relayed_text", "unresolvable", "subscribed_list", "subscribed_list")  # fmt: skip


_SHOP_EVENTS = ("placed_order", "refunded_order", "placed_order", "placed_order_alike")
_ODD_ORDERS: dict[int, tuple[object, str]] = {
    2: ("1,234.50", "USD"),
    4: (12_000_000.0, "JPY"),
    6: (-19.99, "USD"),
}
"""What is worth something odd of the orders that an account starts with: which of them, counted."""


@dataclass(frozen=True)
class Calendar:
    """Days on which events happen: from ``first`` on (epoch seconds), then ``quiet_days`` none."""

    first: int = 0
    quiet_days: int = 0

    def moved(self, at: int) -> int:
        """``at`` on a day with events; what is earlier stays earlier."""
        every = self.quiet_days + 1
        blocks, within = divmod(at - self.first, every * DAY_S)
        return self.first + blocks * every * DAY_S + within // every


class EventMaker:
    """Makes events for a world, numbered onwards from where it stopped.

    Args:
        metrics: metric id per kind of event.
        calendar: on which days they happen.
    """

    def __init__(
        self,
        world: World,
        metrics: dict[str, str],
        label: str,
        calendar: Calendar | None = None,
    ) -> None:
        self._world = world
        self._calendar = calendar or Calendar()
        self._metrics = metrics
        self._random = random.Random(f"events:{world.seed}:{label}")
        self._people = [p.id for p in world.profiles.values() if not is_quiet(p)]
        self._made: list[Event] = []
        self._first = len(world.timeline)
        self._latest = world.today - 3600
        self._legacy_until = world.today - 400 * DAY_S
        self._odd_orders = dict(_ODD_ORDERS) if not self._first else {}
        self._orders = self._shop_events = 0

    def make(self, count: int, earliest: int, latest: int) -> list[Event]:
        """``count`` events with ``earliest <= second <= latest``."""
        if not self._people:
            return []
        self._made = []
        self._latest = latest
        chance = self._random
        messages = self._world.messages
        blast = next((m for m in messages if m.sends and m.channel == "email" and m.named), None)
        while len(self._made) < count:
            roll = chance.random()
            if roll < 0.12 or not messages:
                self._other(chance.randint(earliest, latest))
                continue
            message = chance.choice(messages)
            if roll < 0.23 and blast and blast.sends[0] >= earliest:
                # One send so large that its receipts fill more than a page on one second.
                self._email(blast, min(blast.sends[0], latest), blast.sends[0])
                continue
            sent = self._send_time(message, earliest, latest)
            (self._email if message.channel == "email" else self._text)(message, sent, sent)
        return self._made[:count]

    def future(self, count: int) -> list[Event]:
        """Events that a client with a fast clock sent: dated two days and more ahead."""
        return self.at(self._world.today + (20 + k) * DAY_S for k in range(count))

    def at(self, seconds: Iterable[int]) -> list[Event]:
        """An event that stands for itself, per second."""
        self._made = []
        for second in seconds if self._people else ():
            self._latest = second
            self._event("subscribed_list", second)
        return self._made

    def _send_time(self, message: Message, earliest: int, latest: int) -> int:
        if message.sends:
            sent = self._random.choice(message.sends)
            if earliest <= sent <= latest:
                return sent
        at = self._random.randint(earliest, latest)
        if self._random.random() < 0.03:
            at = max(earliest, at - at % DAY_S)
        return at

    def _event(
        self, kind: str, at: int, message: Message | None = None, person: str = "", sent: int = 0
    ) -> Event:
        n = self._first + len(self._made)
        salt = self._world.seed
        metric_id = self._metrics.get(kind, f"Gone{n % 3}x")
        if not person:
            person = self._random.choice(self._people)
            if n % 211 == 0:
                person = ulid(at * 1000, n, salt)  # merged into another since, so not to be found
        at = min(self._calendar.moved(at), self._latest)
        event = Event(n, event_id(n, salt), at, kind, metric_id, person, sent)
        event.message = message
        if kind == "placed_order":
            self._orders += 1
            event.worth = self._odd_orders.get(self._orders)
        if message and message.variations:
            event.variation = message.variations[0]
        self._made.append(event)
        return event

    def _put_down_to(self, event: Event, causes: Sequence[Event]) -> None:
        """Attribute an event; in old ones the payload says so, in new ones the relation."""
        named = [c for c in causes if c.message is not None]
        event.attributions = tuple(
            Attribution(c, c.message, c.variation) for c in named if c.message
        )
        if event.n % 53 == 0 and event.attributions:
            event.attributions = (Attribution(None, event.attributions[0].message),)
        if event.at < self._legacy_until:
            event.legacy = ("only", "only", "both", "empty", "")[mixed(event.n) % 5]
        elif event.n % 5 == 0 and event.at > self._world.today - 2 * DAY_S:
            event.settled = False

    def _email(self, message: Message, at: int, sent: int) -> None:
        chance = self._random
        roll = chance.random()
        if roll < 0.04:
            bounced = self._event("bounced_email", at + 2, message, sent=sent)
            self._put_down_to(bounced, ())
            return
        if roll < 0.05:
            self._event("dropped_email", at, message, sent=sent)
            return
        received = self._event("received_email", at, message, sent=sent)
        if received.at < self._legacy_until:
            received.legacy = "empty" if received.n % 2 else ""
        if roll > 0.6:
            return
        who, causes = received.profile_id, [received]
        at += chance.randint(0, 40_000)
        opened = self._event("opened_email", at, message, who, sent)
        self._put_down_to(opened, causes)
        if roll > 0.25:
            return
        at += chance.randint(0, 600)
        clicked = self._event("clicked_email", at, message, who, sent)
        self._put_down_to(clicked, [opened, received] if clicked.n % 3 == 0 else causes)
        if roll < 0.10:
            order = self._event("placed_order", at + chance.randint(60, 90_000), None, who)
            self._put_down_to(order, [clicked, received])
        elif roll < 0.12:
            self._put_down_to(self._event("spam", at + 30, message, who, sent), causes)
        elif roll < 0.15:
            kind = "unsubscribed" if received.n % 2 else "unsubscribed_old"
            self._put_down_to(self._event(kind, at + 40, message, who, sent), [clicked])
            self._event("clicked_to_unsubscribe", at + 40, message, who, sent)

    def _text(self, message: Message, at: int, sent: int) -> None:
        if message.channel != "sms":
            self._event("received_push", at, message, sent=sent)
            if self._random.random() < 0.2:
                self._event("opened_push", at + 60, message)
            return
        # The names change with the date, and for a while both are written.
        new_name = (at >= RENAMED_S) != (self._made and self._made[-1].n % 6 == 0)
        roll = self._random.random()
        if roll < 0.06:
            kind = "failed_text" if new_name else "failed_sms"
            self._put_down_to(self._event(kind, at + 5, message, sent=sent), ())
            return
        kind = "received_text" if new_name else "received_sms"
        received = self._event(kind, at, message, sent=sent)
        who = received.profile_id
        at += self._random.randint(5, 20_000)
        if roll < 0.3:
            kind = "clicked_text" if new_name else "clicked_sms"
            clicked = self._event(kind, at, message, who, sent)
            self._put_down_to(clicked, [received])
        elif roll < 0.36:
            opened = self._event("opened_text", at, message, who, sent)
            kind = "clicked_text" if new_name else "clicked_sms"
            # What it is put down to is an event of a metric that is none of the eleven.
            self._put_down_to(self._event(kind, at + 9, message, who, sent), [opened])
        elif roll < 0.44:
            kind = "unsubscribed_text" if new_name else "unsubscribed_sms"
            if received.n % 5 == 0:
                kind = "unsubscribed_sms_oldest"
            self._put_down_to(self._event(kind, at, None, who), [received])

    def _other(self, at: int) -> None:
        kind = self._random.choice(_OTHERS)
        if kind == "placed_order":  # in turn: all else is what it would be without
            kind = _SHOP_EVENTS[(self._first + self._shop_events) % len(_SHOP_EVENTS)]
            self._shop_events += 1
        event = self._event(kind, at)
        if kind == "subscribed_list" and event.at < self._legacy_until:
            event.legacy = "empty"
