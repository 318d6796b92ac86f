"""Answers of reports, and what they refuse."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from klaviyo_spark.sandbox.answers import Refusal, invalid
from klaviyo_spark.sandbox.model import Json, World
from klaviyo_spark.sandbox.reports.rules import ReportRule
from klaviyo_spark.sandbox.reports.sends import (
    Days,
    Headcount,
    Send,
    Showing,
    campaign_sends,
    flow_sends,
    headcounts,
    last_day,
    showings,
)
from klaviyo_spark.sandbox.reports.statistics import (
    MONEY,
    Numbers,
    form_numbers,
    message_numbers,
    segment_numbers,
)

PAGE = 200
"""Rows of a page; what Klaviyo has on one is not known."""
_LONGEST = {"hourly": 7, "daily": 60, "weekly": 52 * 7, "monthly": 52 * 7}
_KNOWN = {"statistics", "timeframe", "conversion_metric_id", "group_by", "interval"}
# Metrics whose events have a value.
_WITH_VALUES = ("Placed Order",)
Piece = Send | Showing | Headcount


@dataclass(frozen=True)
class _Asked:
    statistics: tuple[str, ...]
    first: date
    last: date
    groups: tuple[str, ...]
    metric_id: str


def report(rule: ReportRule, world: World, body: bytes, query: str, url: str) -> Json:
    """The answer to a question, a page of it.

    Raises:
        Refusal: the question is none that the report answers.
    """
    asked = _understood(rule, world, body)
    days = [asked.first + timedelta(days=k) for k in range((asked.last - asked.first).days + 1)]
    found: dict[tuple[str, ...], list[Piece]] = {}
    for piece in _pieces(rule, world, (asked.first, asked.last)):
        for name in _names(piece, asked.groups):
            found.setdefault(name, []).append(piece)
    count = _counter(rule, asked.metric_id, last_day(world))
    nothing, begin = count([]), _place(query)
    rows = sorted(found.items())
    results = []
    for name, pieces in rows[begin : begin + PAGE]:
        numbers: dict[str, object]
        if rule.is_series:
            per_day = {day: [one for one in pieces if one.day == day] for day in days}
            each = [count(some) if some else nothing for some in per_day.values()]
            numbers = {n: [one[n] for one in each] for n in asked.statistics}
        else:
            whole = count(pieces)
            numbers = {n: whole[n] for n in asked.statistics}
        groupings = dict(zip(asked.groups, name, strict=True))
        results.append({"groupings": groupings, "statistics": numbers})
    attributes: Json = {"results": results}
    if rule.is_series:
        attributes = {"date_times": [f"{day}T00:00:00+00:00" for day in days], **attributes}
    following = None
    if begin + PAGE < len(rows):
        following = f"{url.partition('?')[0]}?page_cursor={begin + PAGE}"
    links = {"self": url, "next": following} if rule.takes_metric else {"self": url}
    return {
        "data": {
            "type": rule.type,
            "id": str(uuid.uuid4()),
            "attributes": attributes,
            "links": {"self": url},
        },
        "links": links,
    }


def _pieces(rule: ReportRule, world: World, days: Days) -> Iterable[Piece]:
    if rule.type.startswith("campaign"):
        return campaign_sends(world, days)
    if rule.type.startswith("flow"):
        return flow_sends(world, days)
    return showings(world, days) if rule.type.startswith("form") else headcounts(world, days)


def _counter(rule: ReportRule, metric_id: str, last: date) -> Callable[[Sequence[Any]], Numbers]:
    if rule.takes_metric:
        return lambda pieces: message_numbers(pieces, metric_id, last)
    if rule.type.startswith("form"):
        return lambda pieces: form_numbers(pieces, last)
    return segment_numbers


def _names(piece: Piece, groups: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """What a piece is called in the groups asked for; one that went to several has several."""
    match piece:
        case Send():
            said = {
                "campaign_id": piece.owner_id,
                "flow_id": piece.owner_id,
                "campaign_message_id": piece.message_id,
                "flow_message_id": piece.message_id,
                "send_channel": piece.channel,
                "variation": piece.variation,
                "variation_name": f"Variation {piece.variation}" if piece.variation else "",
            }
        case Showing():
            said = {"form_id": piece.form_id}
        case Headcount():
            said = {"segment_id": piece.segment_id}
    several = piece.groups if isinstance(piece, Send) and "group" in groups else ("",)
    for group in several:
        named = {**said, "group": group, "group_name": f"Group {group}"}
        yield tuple(named.get(one, "") for one in groups)


def _understood(rule: ReportRule, world: World, body: bytes) -> _Asked:
    try:
        data = json.loads(body)["data"]
        asked: dict[str, Any] = data["attributes"]
        fits = data["type"] == rule.type and isinstance(asked, dict)
    except (ValueError, KeyError, TypeError):
        fits = False
    if not fits:
        raise _wrong("", f"The body must be a {rule.type}")
    for name in asked:
        if name not in _KNOWN:
            raise _wrong(name, f"'{name}' is not understood here")
    statistics = _statistics(rule, asked.get("statistics"))
    first, last = _days(asked.get("timeframe"))
    _check_interval(rule, asked.get("interval"), (last - first).days + 1)
    metric_id = _metric(rule, world, asked.get("conversion_metric_id"), statistics)
    return _Asked(statistics, first, last, _groups(rule, asked.get("group_by")), metric_id)


def _statistics(rule: ReportRule, asked: object) -> tuple[str, ...]:
    if not isinstance(asked, list) or not asked:
        raise _wrong("statistics", "statistics is required")
    for name in asked:
        if name not in rule.statistics:
            raise _wrong("statistics", f"'{name}' is not a statistic of this report")
    if len({*asked}) != len(asked):
        raise _wrong("statistics", "A statistic was given more than once")
    return tuple(asked)


def _days(asked: object) -> tuple[date, date]:
    """First and last day of a timeframe: any offset is ignored, and both ends are inside."""
    if not isinstance(asked, dict) or asked.keys() != {"start", "end"}:
        raise _wrong("timeframe", "timeframe needs start and end: the sandbox knows no keys")
    try:
        start, end = (datetime.fromisoformat(asked[name]) for name in ("start", "end"))
    except (TypeError, ValueError):
        raise _wrong("timeframe", "start and end must be datetimes") from None
    if (start.hour, start.minute, end.hour) != (0, 0, 23):
        raise _wrong("timeframe", "the sandbox knows whole days: 00:00 to 23:00")
    if not start.date() <= end.date() <= start.date() + timedelta(days=365):
        raise _wrong("timeframe", "The timeframe must be positive and at most one year")
    return start.date(), end.date()


def _check_interval(rule: ReportRule, interval: object, days: int) -> None:
    if not rule.is_series:
        if interval is not None:
            raise _wrong("interval", "'interval' is not an attribute of this report")
        return
    if interval not in _LONGEST:
        raise _wrong("interval", "interval must be hourly, daily, weekly or monthly")
    if interval != "daily":
        raise _wrong("interval", "the sandbox knows the interval daily alone")
    if days > _LONGEST[interval]:
        raise _wrong("timeframe", f"The timeframe is too long for the interval {interval}")


def _metric(rule: ReportRule, world: World, asked: object, statistics: tuple[str, ...]) -> str:
    if not rule.takes_metric:
        if asked is not None:
            raise _wrong("conversion_metric_id", "This report takes no conversion metric")
        return ""
    if not isinstance(asked, str):
        raise _wrong("conversion_metric_id", "conversion_metric_id is required")
    metric = world.find(("metric", asked)) or world.find(("custom-metric", asked))
    if metric is None:
        raise _wrong("conversion_metric_id", f"A metric with id {asked} does not exist")
    has_values = metric.attributes["name"] in _WITH_VALUES or metric.type == "custom-metric"
    if not has_values and {*MONEY} & {*statistics}:
        raise _wrong(
            "conversion_metric_id",
            "Passed in conversion metric does not support querying for values data",
        )
    return asked


def _groups(rule: ReportRule, asked: object) -> tuple[str, ...]:
    if asked is None:
        return rule.default
    if not isinstance(asked, list) or not rule.groups:
        raise _wrong("group_by", "This report cannot be grouped")
    for name in asked:
        if name not in rule.groups:
            raise _wrong("group_by", f"'{name}' is not a group of this report")
    if not {*rule.needed} <= {*asked}:
        raise _wrong("group_by", f"group_by must hold {', '.join(rule.needed)}")
    return tuple(asked)


def _place(query: str) -> int:
    asked = dict(parse_qsl(query, keep_blank_values=True))
    for name in asked:
        if name != "page_cursor":
            raise invalid(f"'{name}' is not a parameter of this endpoint", name)
    cursor = asked.get("page_cursor", "0")
    if not cursor.isdigit():
        raise invalid("Invalid page cursor", "page_cursor")
    return int(cursor)


def _wrong(name: str, detail: str) -> Refusal:
    refusal = invalid(detail, name)
    refusal.source = {"pointer": f"/data/attributes/{name}"}
    return refusal
