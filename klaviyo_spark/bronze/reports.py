"""Which questions for Klaviyo's own numbers are due, and with which metric they are asked.

``report_windows`` cuts the days; here it is known what the account calls revenue, in which zone its
days are, and what earlier runs have been answered.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from klaviyo_spark import messages
from klaviyo_spark.bronze.metric_selection import MetricFact
from klaviyo_spark.bronze.report_windows import (
    NO_METRIC,
    Conversion,
    Question,
    ReportDays,
    aggregate_questions,
    questions,
    yesterday_in,
)
from klaviyo_spark.client.client import Client
from klaviyo_spark.client.json_bodies import as_object, records, related_id
from klaviyo_spark.client.urls import first_url
from klaviyo_spark.client.walk import Walk
from klaviyo_spark.errors import FatalError
from klaviyo_spark.resources import ENDPOINTS
from klaviyo_spark.schema.endpoint import Endpoint
from klaviyo_spark.schema.instants import as_time
from klaviyo_spark.schema.report import Aggregate
from klaviyo_spark.state.landings import Answered
from klaviyo_spark.state.models import Outcome
from klaviyo_spark.state.resume_points import slice_text

logger = logging.getLogger(__name__)

# Of events of before, no account has any.
FIRST_EVENTS = date(2012, 1, 1)
# By which Klaviyo counts revenue where the account has not said what to count.
_REVENUE, _ANY = "Placed Order", "Received Email"


@dataclass(frozen=True)
class ReportScope:
    """What conf says of reports.

    Args:
        attribution_window: for so long after a message was sent, conversions are put down to it.
        full_every: days that no longer move are asked for again so often.
        conversion_metrics: ids of metrics to ask with, beside the account's own.
        named: resources that the command line names: their numbers are asked for once more today.
    """

    attribution_window: timedelta = timedelta(days=5)
    full_every: timedelta = timedelta(days=30)
    conversion_metrics: Sequence[str] = ()
    named: frozenset[str] = frozenset()


class AccountNotes:
    """What pages say of the account that its reports are asked by."""

    def __init__(self) -> None:
        self.zone = ""
        self.revenue_id = ""

    def note(self, endpoint_name: str, body: bytes) -> None:
        """Keep it of a page."""
        if endpoint_name == "accounts":
            for record in records(body):
                zone = as_object(record.get("attributes")).get("timezone")
                self.zone = zone if isinstance(zone, str) and _is_zone(zone) else self.zone
        if endpoint_name == "mapped_metrics":
            for record in records(body):
                if record.get("id") == "revenue":
                    mapped = related_id(record, "metric") or related_id(record, "custom-metric")
                    self.revenue_id = mapped or self.revenue_id


def report_walks(
    client: Client,
    endpoints: Iterable[Endpoint],
    notes: AccountNotes,
    metrics: Sequence[MetricFact],
    answered: Mapping[str, Sequence[Answered]],
    scope: ReportScope,
    outcome: Outcome,
) -> list[Walk]:
    """The questions of ``endpoints`` that are due.

    Args:
        metrics: of the account.
        answered: per endpoint what earlier runs have been answered.
        outcome: is told what was chosen or is missing.
    """
    asked = [endpoint for endpoint in endpoints if endpoint.report]
    if not asked:
        return []
    if not notes.zone:
        for resource in dict.fromkeys(endpoint.resource for endpoint in asked):
            outcome.fail(resource, messages.bronze.REPORTS_WITHOUT_ACCOUNT())
        return []
    now = client.now()
    days = ReportDays(notes.zone, yesterday_in(notes.zone, now), scope.attribution_window)
    takes_metric = any(endpoint.report.takes_metric for endpoint in asked if endpoint.report)
    conversions = _conversions(client, notes, metrics, scope, outcome) if takes_metric else []
    walks: list[Walk] = []
    for endpoint in asked:
        before = answered.get(endpoint.name, ())
        again = [*conversions, *_no_longer_primary(before, conversions)]
        if endpoint.report and endpoint.report.takes_metric and not conversions:
            outcome.fail(endpoint.resource, messages.bronze.NO_METRIC_TO_ASK_BY())
            continue
        due = due_questions(endpoint, days, again, before, scope, now)
        walks += _as_walks(client, endpoint, list(due))
    return walks


def due_questions(
    endpoint: Endpoint,
    days: ReportDays,
    conversions: Sequence[Conversion],
    answered: Iterable[Answered],
    scope: ReportScope,
    now: datetime,
) -> Iterator[Question]:
    """Those questions that nobody has asked today, or that are to be asked again by now."""
    assert endpoint.report
    every = questions(endpoint.report, days, conversions)
    yield from _keep_due(every, endpoint, answered, scope, now)


def aggregate_walks(
    client: Client,
    endpoints: Iterable[Endpoint],
    metric_ids: Callable[[Aggregate], Sequence[str]],
    answered: Mapping[str, Sequence[Answered]],
    scope: ReportScope,
    since: tuple[datetime | None, timedelta],
) -> list[Walk]:
    """The questions for days of metrics that are due.

    Args:
        metric_ids: of the metrics to ask about.
        since: when the first events are read, and what is read again of the latest.
    """
    start, lookback = since
    now = client.now()
    yesterday = now.date() - timedelta(days=1)
    walks: list[Walk] = []
    for endpoint in endpoints:
        if endpoint.aggregate:
            first = start.date() if start else FIRST_EVENTS
            moving = yesterday - lookback
            ids = metric_ids(endpoint.aggregate)
            every = aggregate_questions(endpoint.aggregate, ids, first, yesterday, moving)
            before = answered.get(endpoint.name, ())
            walks += _as_walks(client, endpoint, [*_keep_due(every, endpoint, before, scope, now)])
    return walks


def _keep_due(
    every: Iterable[Question],
    endpoint: Endpoint,
    answered: Iterable[Answered],
    scope: ReportScope,
    now: datetime,
) -> Iterator[Question]:
    last = {one.slice: one.at for one in answered}
    for question in every:
        at = last.get(slice_text(question.facts))
        wanted = "until" in question.facts and endpoint.resource in scope.named
        if at is None or wanted or now - at >= scope.full_every:
            yield question


def _as_walks(client: Client, endpoint: Endpoint, due: Sequence[Question]) -> list[Walk]:
    read_id, begun = uuid.uuid4().hex, client.stamp()
    return [
        Walk(
            walk_id=uuid.uuid4().hex,
            endpoint=endpoint,
            first_url=first_url(client.base_url, endpoint),
            read_id=read_id,
            walks_in_read=len(due),
            facts=question.facts,
            read_started_at=begun,
            question=question.body,
        )
        for question in due
    ]


def _conversions(
    client: Client,
    notes: AccountNotes,
    metrics: Sequence[MetricFact],
    scope: ReportScope,
    outcome: Outcome,
) -> list[Conversion]:
    """The metrics to ask with, the account's revenue first; none where it has no metric at all."""
    own = notes.revenue_id or _newest(client, metrics, _REVENUE, outcome)
    found = [Conversion(own, own)] if own else []
    found += [Conversion(id, id, is_primary=False) for id in scope.conversion_metrics if id != own]
    if own:
        return found
    any_id = next((m.id for m in metrics if m.name == _ANY), metrics[0].id if metrics else "")
    if not any_id:
        return []
    outcome.warn(messages.bronze.NO_REVENUE_METRIC())
    return [Conversion(NO_METRIC, any_id), *found]


def _newest(client: Client, metrics: Sequence[MetricFact], name: str, outcome: Outcome) -> str:
    """The metric of that name that has the newest event; empty for none of the name."""
    ids = sorted(metric.id for metric in metrics if metric.name == name)
    if len(ids) < 2:
        return ids[0] if ids else ""
    newest = {id: at for id in ids if (at := _last_event(client, id)) is not None}
    chosen = max(newest, key=newest.__getitem__, default=ids[0])
    outcome.warn(messages.bronze.REVENUE_METRIC_CHOSEN(name=name, ids=", ".join(ids), id=chosen))
    return chosen


def _last_event(client: Client, metric_id: str) -> datetime | None:
    """When the newest event of a metric happened (UTC); None where that cannot be read."""
    events = ENDPOINTS["events"]
    query = f"filter=equals(metric_id,%22{metric_id}%22)&sort=-datetime&page%5Bsize%5D=1"
    try:
        page = client.get(events, f"{client.base_url}{events.path}?{query}")
    except FatalError as error:
        logger.warning("%s", error)
        return None
    times = [
        as_time(as_object(one.get("attributes")).get("datetime")) for one in records(page.body)
    ]
    return max(filter(None, times), default=None)


def _no_longer_primary(
    answered: Iterable[Answered], conversions: Sequence[Conversion]
) -> Iterator[Conversion]:
    """Metrics that were the account's revenue when they were last asked with, and are not now.

    Asked once more, their rows say so: a message has one primary row.
    """
    last: dict[str, Answered] = {}
    for one in answered:
        label = one.facts.get("conversion_metric_id", "")
        if label and (label not in last or last[label].at < one.at):
            last[label] = one
    now = {conversion.label for conversion in conversions}
    ids = {conversion.asked_id for conversion in conversions}
    for label, one in last.items():
        if label not in now and one.facts.get("is_primary_conversion") == "true":
            asked_id = min(ids) if label == NO_METRIC else label
            yield Conversion(label, asked_id, is_primary=False)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
