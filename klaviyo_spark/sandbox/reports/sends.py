"""What happened on each day of an account: messages sent and forms shown, to whom. No HTTP here.

Nothing is left to chance: a day's people and what they do come from the ids and the day, and from
how long ago it is, for numbers move after a message was sent.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from klaviyo_spark.sandbox.event import Message
from klaviyo_spark.sandbox.ids import mixed
from klaviyo_spark.sandbox.model import Record, World
from klaviyo_spark.sandbox.times import SECOND_US, moment, parsed

# Days that flows have sent on, and that segments tell of.
FLOW_DAYS, SEGMENT_DAYS = 400, 90
LATE_DAY = 59
"""So long after a message was sent, somebody more buys."""
Days = tuple[date, date]
"""First and last, both inside."""
EVER: Days = (date.min, date.max)
_PEOPLE = 29
_CHANNELS = {"mobile_push": "push-notification"}


@dataclass(frozen=True)
class Send:
    """A message sent on a day of the account.

    Args:
        owner_id: of the campaign or flow.
        people: numbers of those it was sent to.
        groups: ids of the lists and segments it went to.
    """

    owner_id: str
    message_id: str
    channel: str
    day: date
    people: tuple[int, ...]
    variation: str = ""
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Showing:
    """A form shown on a day of the account to people."""

    form_id: str
    day: date
    people: tuple[int, ...]


@dataclass(frozen=True)
class Headcount:
    """A segment's members at the end of a day of the account."""

    segment_id: str
    day: date
    total: int
    added: int
    removed: int


def zone_of(world: World) -> ZoneInfo:
    """The account's."""
    [account] = world.all("account")
    return ZoneInfo(account.attributes["timezone"])


def last_day(world: World) -> date:
    """The last whole day of the account."""
    return _day(world, world.today) - timedelta(days=1)


@lru_cache(maxsize=4096)
def number_of(id: str) -> int:
    """A number that stands for an id."""
    return zlib.crc32(id.encode())


def deed(person: int, id: str, day: date) -> int:
    """64 bits that decide what somebody does about something on a day."""
    return mixed(person * 1_000_003 + day.toordinal(), number_of(id))


def campaign_sends(world: World, days: Days = EVER) -> Iterator[Send]:
    """What campaigns have sent, some over three days."""
    last = last_day(world)
    for message in world.messages:
        if message.campaign_id is None or not message.sends:
            continue
        first = _day(world, message.sends[0])
        for k in range(3 if number_of(message.id) % 3 == 0 else 1):
            day = first + timedelta(days=k)
            if days[0] <= day <= min(last, days[1]):
                yield _send(message, message.campaign_id, day)


def flow_sends(world: World, days: Days = EVER) -> Iterator[Send]:
    """What flows have sent since a message was made; one message every day, the others on some."""
    last = last_day(world)
    # From the same day on however much time has passed: what was sent stays sent.
    count = FLOW_DAYS + (last - _day(world, world.began)).days
    told = _days_before(last, count, days)
    of_flows = [message for message in world.messages if message.flow_id]
    daily = of_flows[0].id if of_flows else ""
    for message in of_flows:
        assert message.flow_id
        first = _day(world, message.made)
        for day in (one for one in told if one >= first):
            if message.id == daily or mixed(day.toordinal(), number_of(message.id)) % 20 == 0:
                yield _send(message, message.flow_id, day)


def showings(world: World, days: Days = EVER) -> Iterator[Showing]:
    """What forms were shown, on some days since they were made."""
    last = min(last_day(world), days[1])
    for form in world.all("form"):
        day = max(_made(world, form), days[0])
        while day <= last:
            n = mixed(day.toordinal(), number_of(form.id))
            if n % 4 == 0:
                yield Showing(form.id, day, _people(form.id, day, 1 + (n >> 8) % 6))
            day += timedelta(days=1)


def headcounts(world: World, days: Days = EVER) -> Iterator[Headcount]:
    """How many people segments have had."""
    last = last_day(world)
    told = _days_before(last, SEGMENT_DAYS, days)
    for segment in world.groups("segment"):
        for day in told:
            n = mixed(day.toordinal(), number_of(segment.id))
            # Klaviyo reckons the last day anew.
            added = n % 9 + (1 if day == last and n % 2 else 0)
            yield Headcount(segment.id, day, 1_000 + n % 500, added, (n >> 8) % 9)


def _days_before(last: date, count: int, days: Days) -> list[date]:
    """Those of the ``count`` days to ``last`` that lie in ``days``."""
    every = (last - timedelta(days=k) for k in range(count))
    return [day for day in every if days[0] <= day <= days[1]]


def _send(message: Message, owner_id: str, day: date) -> Send:
    return Send(
        owner_id,
        message.id,
        _CHANNELS.get(message.channel, message.channel),
        day,
        _people(message.id, day, 2 + number_of(message.id) % 6),
        message.variations[0] if message.variations else "",
        message.groups,
    )


def _people(id: str, day: date, count: int) -> tuple[int, ...]:
    first = number_of(id) + 3 * day.toordinal()
    return tuple((first + k) % _PEOPLE for k in range(count))


def _made(world: World, form: Record) -> date:
    return parsed(form.attributes["created_at"]).astimezone(zone_of(world)).date()


def _day(world: World, second: int) -> date:
    return moment(second * SECOND_US).astimezone(zone_of(world)).date()
