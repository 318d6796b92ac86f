"""``POST /api/metric-aggregates``: how many events a metric has, per day or hour."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from klaviyo_spark.sandbox.answers import Refusal, invalid, not_found
from klaviyo_spark.sandbox.model import Json, World

RATE = (3, 60)
SCOPES = ("metrics:read",)
TEMPLATE = "/api/metric-aggregates"
_BOUND = re.compile(r"(greater-or-equal|less-than)\(datetime,(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_STEPS = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
_KNOWN = {"metric_id", "measurements", "interval", "timezone", "page_size", "filter"}


def _wrong(name: str, detail: str) -> Refusal:
    refusal = invalid(detail, name)
    refusal.source = {"pointer": f"/data/attributes/{name}"}
    return refusal


def count_per_interval(world: World, body: bytes, url: str) -> Json:
    """The answer to a query: ``count`` and ``unique``, not split by any dimension.

    Raises:
        Refusal: the query is not one that is understood here.
    """
    asked = _attributes(body)
    metric_id = asked.get("metric_id")
    if not isinstance(metric_id, str):
        raise _wrong("metric_id", "metric_id is required")
    if world.find(("metric", metric_id)) is None:
        raise not_found("metric", metric_id)
    measured = asked.get("measurements")
    if not isinstance(measured, list) or not measured or {*measured} - {"count", "unique"}:
        raise _wrong("measurements", "measurements: the sandbox knows count and unique alone")
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
    counts = [0] * len(dates)
    people: list[set[str]] = [set() for _ in dates]
    place = 0
    for event in world.timeline.within(metric_id, _ceil(start), _ceil(end)):
        while place < len(edges) and event.at >= edges[place]:
            place += 1
        counts[place] += 1
        people[place].add(event.profile_id)
    numbers = {"count": counts, "unique": [float(len(some)) for some in people]}
    return {
        "data": {
            "type": "metric-aggregate",
            "id": metric_id,
            "attributes": {
                "dates": [date.isoformat() for date in dates],
                "data": [
                    {"dimensions": [], "measurements": {name: numbers[name] for name in measured}}
                ],
            },
            "links": {"self": url},
        },
        "links": {"self": url, "next": None, "prev": None},
    }


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
