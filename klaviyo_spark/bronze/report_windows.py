"""Which windows of days a report is asked about, and the questions for them. Pure; no I/O here.

A window is told by the facts of its walk, which its pages keep: a question with the same facts is
the same question, asked again only after ``full_reports_every``. What may still move has yesterday
among its facts, so it is another question every day.
"""

from __future__ import annotations

import calendar
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from klaviyo_spark.bronze.metric_aggregates import aggregate_body
from klaviyo_spark.schema.report import Aggregate, Report

# Klaviyo tells nothing of days before.
FIRST_DAY = date(2023, 6, 1)
# The column value of an account without a revenue metric.
NO_METRIC = "none"
_DAY = timedelta(days=1)
# The longest windows that Klaviyo answers; a calendar year, so a leap day is no gain.
_YEAR, _SERIES = 365, 60
# Sends around an edge: one that begins so long before a window ends is whole in it.
_SENDING = timedelta(days=4)
# Attributions come for some days after the attribution window has ended.
_LATE = timedelta(days=7)


@dataclass(frozen=True)
class Conversion:
    """A metric that conversions are counted by.

    Args:
        label: its id, as rows have it; ``NO_METRIC`` for an account that has none.
        asked_id: the id that the question names, since Klaviyo wants one whatever is asked.
        is_primary: it is what the account calls revenue.
    """

    label: str
    asked_id: str
    is_primary: bool = True


@dataclass(frozen=True)
class ReportDays:
    """What windows are reckoned by.

    Args:
        zone: the account's, whose days they are.
        yesterday: the last whole day there.
        attribution_window: for so long after a message was sent, conversions are put down to it.
    """

    zone: str
    yesterday: date
    attribution_window: timedelta

    @property
    def moving_since(self) -> date:
        """The first day whose numbers may still move, as far as each day's question reaches."""
        reach = max(timedelta(days=_SERIES), self.attribution_window + _LATE)
        return self.yesterday - reach + _DAY


@dataclass(frozen=True)
class Question:
    """One window's: the facts that tell it, and the body to post."""

    facts: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class _Window:
    first: date
    last: date
    facts: Mapping[str, str]


def questions(
    report: Report, days: ReportDays, conversions: Sequence[Conversion]
) -> Iterator[Question]:
    """All questions of a report, those that may still move first.

    Args:
        conversions: the metrics to ask with, of a report that takes one.
    """
    cut = {"sends": _sends, "days": _days, "months": _months}[report.cut]
    for conversion in conversions if report.takes_metric else (None,):
        of: dict[str, str] = {}
        if conversion:
            primary = str(conversion.is_primary).lower()
            of = {"conversion_metric_id": conversion.label, "is_primary_conversion": primary}
        for window in cut(days):
            facts = {
                "timezone": days.zone,
                "first": f"{window.first}",
                "last": f"{window.last}",
                **window.facts,
                **of,
            }
            yield Question(facts, _body(report, window, conversion))


def aggregate_questions(
    aggregate: Aggregate,
    metric_ids: Iterable[str],
    first: date,
    yesterday: date,
    moving_since: date,
) -> Iterator[Question]:
    """All questions for the days of metrics, a calendar year each, in UTC.

    Args:
        first: the day to begin with; its year is asked for whole.
        moving_since: events of days from then on may still arrive.
    """
    for metric_id in metric_ids:
        for year in range(yesterday.year, first.year - 1, -1):
            begin, end = date(year, 1, 1), date(year, 12, 31)
            last = min(end, yesterday)
            facts = {"metric_id": metric_id, "first": f"{begin}", "last": f"{last}"}
            if end >= moving_since:
                facts["until"] = f"{yesterday}"
            body = aggregate_body(metric_id, aggregate.measurements, begin, last, aggregate.by)
            yield Question(facts, body)


def without_money(report: Report, body: bytes) -> bytes | None:
    """The same question without the statistics that need values; None where it has none of them."""
    asked = json.loads(body)
    statistics = asked["data"]["attributes"]["statistics"]
    left = [name for name in statistics if name not in report.money]
    if len(left) == len(statistics):
        return None
    asked["data"]["attributes"]["statistics"] = left
    return json.dumps(asked).encode()


def yesterday_in(zone: str, now: datetime) -> date:
    """The last whole day of a time zone."""
    return now.astimezone(ZoneInfo(zone)).date() - _DAY


def _body(report: Report, window: _Window, conversion: Conversion | None) -> bytes:
    left_out = report.conversion if conversion and conversion.label == NO_METRIC else ()
    attributes: dict[str, object] = {
        "statistics": [name for name in report.statistics if name not in left_out],
        # Klaviyo takes them for the account's own time whatever offset is written, and the end to
        # the end of its hour.
        "timeframe": {
            "start": f"{window.first}T00:00:00+00:00",
            "end": f"{window.last}T23:00:00+00:00",
        },
    }
    if conversion:
        attributes["conversion_metric_id"] = conversion.asked_id
    if report.group_by:
        attributes["group_by"] = list(report.group_by)
    if report.cut == "days":
        attributes["interval"] = "daily"
    return json.dumps({"data": {"type": report.type, "attributes": attributes}}).encode()


def _sends(days: ReportDays) -> Iterator[_Window]:
    """The year to yesterday, then years that overlap, so that no send is cut by all of them."""
    zone = ZoneInfo(days.zone)
    first = max(FIRST_DAY, days.yesterday - timedelta(days=_YEAR - 1))
    until = {"until": f"{days.yesterday}"}
    yield _Window(first, days.yesterday, {**until, "sent_from": _text(first, zone, _SENDING)})
    begin = FIRST_DAY
    while (last := begin + timedelta(days=_YEAR - 1)) < days.yesterday:
        bounds = {
            "sent_from": _text(begin, zone, _SENDING),
            "sent_to": _text(last + _DAY, zone, -_SENDING),
        }
        yield _Window(begin, last, bounds)
        begin = last + _DAY - 2 * _SENDING


def _days(days: ReportDays) -> Iterator[_Window]:
    """Days that may still move, 60 at a time, then those before."""
    until = {"until": f"{days.yesterday}"}
    last = days.yesterday
    while last >= days.moving_since:
        first = max(FIRST_DAY, last - timedelta(days=_SERIES - 1))
        yield _Window(first, last, until)
        last = first - _DAY
    begin = FIRST_DAY
    while begin <= last:
        end = begin + timedelta(days=_SERIES - 1)
        yield _Window(begin, end, {})
        begin = end + _DAY


def _months(days: ReportDays) -> Iterator[_Window]:
    """Calendar months from this one back; what of this one has passed."""
    begin = days.yesterday.replace(day=1)
    while begin >= FIRST_DAY:
        end = begin.replace(day=calendar.monthrange(begin.year, begin.month)[1])
        facts = {"period_start": f"{begin}", "period_end": f"{end}"}
        if end >= days.moving_since:
            facts["until"] = f"{days.yesterday}"
        yield _Window(begin, min(end, days.yesterday), facts)
        begin = (begin - _DAY).replace(day=1)


def _text(day: date, zone: ZoneInfo, after: timedelta) -> str:
    """So long after a day begins, in UTC."""
    begin = datetime.combine(day, time(), zone) + after
    return begin.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
