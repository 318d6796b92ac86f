"""``POST /api/metric-aggregates``: what happened with a metric, per day or hour.

Rows are groups of the dimensions asked for, 500 a page: the cursor of the next one goes into the
question.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from klaviyo_spark.sandbox.answers import Refusal, invalid, not_found
from klaviyo_spark.sandbox.event import Event
from klaviyo_spark.sandbox.model import Json, World
from klaviyo_spark.sandbox.render.payloads import payload

RATE = (3, 60)
SCOPES = ("metrics:read",)
TEMPLATE = "/api/metric-aggregates"
_BOUND = re.compile(r"(greater-or-equal|less-than)\(datetime,(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_STEPS = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
_KNOWN = {
    "metric_id", "measurements", "interval", "timezone", "page_size", "filter", "by", "page_cursor",
}  # fmt: skip
_MEASUREMENTS = {"count", "unique", "sum_value"}
MOST = 500
_PREFIX = "next::"
_ATTRIBUTED = ("$attributed_message", "$attributed_flow", "$attributed_channel")
_PROPERTIES = ("$value_currency", "List")


def _wrong(name: str, detail: str) -> Refusal:
    refusal = invalid(detail, name)
    refusal.source = {"pointer": f"/data/attributes/{name}"}
    return refusal


def count_per_interval(world: World, body: bytes, url: str, most: int = MOST) -> Json:
    """A page of the answer to a query, in the order of its groups.

    Args:
        most: groups on a page, at most.

    Raises:
        Refusal: the query is not one that is understood here.
    """
    if "?" in url:
        raise invalid("This endpoint takes no parameters: a cursor goes into the body", "")
    asked = _attributes(body)
    metric_id = asked.get("metric_id")
    if not isinstance(metric_id, str):
        raise _wrong("metric_id", "metric_id is required")
    if world.find(("metric", metric_id)) is None:
        raise not_found("metric", metric_id)
    measured = asked.get("measurements")
    if not isinstance(measured, list) or not measured or {*measured} - _MEASUREMENTS:
        raise _wrong("measurements", f"measurements: one or more of {sorted(_MEASUREMENTS)}")
    by, size, begin = _dimensions(asked.get("by")), min(most, _size(asked)), _place(asked)
    interval = asked.get("interval", "day")
    if interval not in _STEPS:
        raise _wrong("interval", "interval must be day or hour: the sandbox knows no other")
    try:
        zone = ZoneInfo(asked.get("timezone", "UTC"))
    except (KeyError, ValueError, TypeError):
        raise _wrong("timezone", f"{asked['timezone']} is not a timezone") from None
    start, end = _range(asked.get("filter"), zone)
    dates = []
    at = start.replace(minute=0, second=0, microsecond=0)
    at = at if interval == "hour" else at.replace(hour=0)
    while at < end:
        dates.append(at)
        at += _STEPS[interval]
    edges = [int(date.timestamp()) for date in dates[1:]]
    groups: dict[tuple[str, ...], list[list[Event]]] = {} if by else {(): [[] for _ in dates]}
    place = 0
    for event in world.timeline.within(metric_id, _ceil(start), _ceil(end)):
        while place < len(edges) and event.at >= edges[place]:
            place += 1
        name = tuple(_value_of(event, dimension) for dimension in by)
        groups.setdefault(name, [[] for _ in dates])[place].append(event)
    rows = sorted(groups.items())
    following = None
    if begin + size < len(rows):
        following = f"{url.partition('?')[0]}?page_cursor={_PREFIX}{begin + size}"
    return {
        "data": {
            "type": "metric-aggregate",
            "id": metric_id,
            "attributes": {
                "dates": [date.isoformat() for date in dates],
                "data": [
                    {
                        # Of a single dimension that events do not have, Klaviyo names none.
                        "dimensions": [] if name == ("",) else [*name],
                        "measurements": {
                            wanted: [_MEASURE[wanted](some) for some in per_date]
                            for wanted in measured
                        },
                    }
                    for name, per_date in rows[begin : begin + size]
                ],
            },
            "links": {"self": url},
        },
        "links": {"self": url, "next": following, "prev": None},
    }


def _value_of(event: Event, dimension: str) -> str:
    """What an event has of a dimension; empty text for nothing."""
    if dimension in _PROPERTIES:
        return str(payload(event).get(dimension) or "")
    cause = next(iter(event.attributions), None) if event.settled else None
    if cause is None:
        return ""
    message = cause.message
    of = {"$attributed_message": message.id, "$attributed_flow": message.flow_id}
    return (of[dimension] or "") if dimension in of else message.channel


def _worth(event: Event) -> Decimal:
    """Its value; text with a comma in it is no number, and counts as nothing."""
    try:
        return Decimal(str(payload(event).get("$value") or 0))
    except InvalidOperation:
        return Decimal(0)


_MEASURE: dict[str, Callable[[list[Event]], float]] = {
    "count": len,
    "unique": lambda some: float(len({event.profile_id for event in some})),
    "sum_value": lambda some: float(sum(map(_worth, some))),
}


def _dimensions(by: object) -> tuple[str, ...]:
    known = (*_ATTRIBUTED, *_PROPERTIES)
    if by is None:
        return ()
    if not isinstance(by, list) or not by or len({*map(str, by)}) != len(by) or {*by} - {*known}:
        raise _wrong("by", f"by: the sandbox knows {', '.join(known)}, each once")
    return tuple(by)


def _size(asked: Json) -> int:
    size = asked.get("page_size", MOST)
    if not isinstance(size, int) or not 1 <= size <= MOST:
        raise _wrong("page_size", f"page_size must be between 1 and {MOST}")
    return size


def _place(asked: Json) -> int:
    cursor = asked.get("page_cursor", f"{_PREFIX}0")
    number = str(cursor).removeprefix(_PREFIX)
    if not str(cursor).startswith(_PREFIX) or not number.isdigit():
        raise _wrong("page_cursor", "Invalid page cursor")
    return int(number)


def _attributes(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body)["data"]
        asked: dict[str, Any] = data["attributes"]
        fits = data["type"] == "metric-aggregate" and isinstance(asked, dict)
    except (ValueError, KeyError, TypeError):
        fits = False
    if not fits:
        raise _wrong("", "The body must be a metric-aggregate")
    for name in asked:
        if name not in _KNOWN:
            raise _wrong(name, f"'{name}' is not understood here")
    return asked


def _range(filters: object, zone: ZoneInfo) -> tuple[datetime, datetime]:
    found: dict[str, datetime] = {}
    for text in filters if isinstance(filters, list) else ():
        match = _BOUND.fullmatch(str(text))
        if not match:
            raise _wrong("filter", f"Invalid filter provided: {text}")
        found[match[1]] = datetime.fromisoformat(match[2]).replace(tzinfo=zone)
    if len(found) < 2:
        raise _wrong("filter", "greater-or-equal and less-than on datetime are both needed")
    start, end = found["greater-or-equal"], found["less-than"]
    if not start < end <= _a_year_after(start):
        raise _wrong("filter", "The time range must be positive and at most one year")
    return start, end


def _a_year_after(at: datetime) -> datetime:
    """The same time of the next year; of a leap day, the day before."""
    return at.replace(year=at.year + 1, day=28 if (at.month, at.day) == (2, 29) else at.day)


def _ceil(at: datetime) -> int:
    return int(-(-at.timestamp() // 1))
