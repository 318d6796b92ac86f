"""What Klaviyo is asked to count, and what it answers. Pure: no network, no Spark here.

https://developers.klaviyo.com/en/reference/query_metric_aggregates
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from klaviyo_spark import messages
from klaviyo_spark.bronze import request_plan
from klaviyo_spark.bronze.metric_aggregates import aggregate_body
from klaviyo_spark.client.json_bodies import decode
from klaviyo_spark.client.urls import first_url
from klaviyo_spark.client.walk import Walk
from klaviyo_spark.commands.verify.days import DayRange, windows
from klaviyo_spark.errors import BadAnswer
from klaviyo_spark.schema.endpoint import Endpoint, S
from klaviyo_spark.schema.instants import as_time
from klaviyo_spark.schema.paths import FieldPath

# A question may be about one metric and at most a year: a calendar year, so a leap day is no gain.
LONGEST = 365

_ATTRIBUTES = FieldPath(("data", "attributes"))
_NUMBERS = FieldPath(("measurements", "count"))

COUNTS = Endpoint(
    name="metric_aggregates",
    resource="events",
    path="/api/metric-aggregates",
    rate=S,
    scopes=("metrics:read",),
)


def count_walks(base_url: str, wanted: Mapping[str, Iterable[date]], now: datetime) -> list[Walk]:
    """Questions for the number of events per day: of each metric the fewest that hold its days."""
    read_id = uuid.uuid4().hex
    return [
        Walk(
            walk_id=uuid.uuid4().hex,
            endpoint=COUNTS,
            first_url=first_url(base_url, COUNTS),
            read_id=read_id,
            facts={"first": f"{span.first}", "last": f"{span.last}"},
            parent_id=metric_id,  # its 404 is an answer too
            read_started_at=now,
            question=question(metric_id, span),
        )
        for metric_id, days in wanted.items()
        for span in windows(days, LONGEST)
    ]


def question(metric_id: str, span: DayRange) -> bytes:
    """The body that asks for the events of a metric on each day of a span, in UTC."""
    return aggregate_body(metric_id, ["count"], span.first, span.last)


def counts(body: bytes, facts: Mapping[str, str]) -> dict[date, int]:
    """Events per day of the answer to a question.

    Args:
        facts: of the walk that asked it.

    Raises:
        BadAnswer: it does not hold a count for each day.
    """
    asked = DayRange(date.fromisoformat(facts["first"]), date.fromisoformat(facts["last"]))
    attributes = request_plan.read_field(decode(body), _ATTRIBUTES)
    dates = [as_time(text) for text in _listed(attributes, "dates")]
    found = dict.fromkeys((at.date() for at in dates if at), 0)
    for row in _listed(attributes, "data"):
        numbers = request_plan.read_field(row, _NUMBERS) if isinstance(row, dict) else None
        if not isinstance(numbers, list) or len(numbers) != len(dates):
            raise _unfit()
        for at, number in zip(dates, numbers, strict=True):
            if at is None or not isinstance(number, (int, float)) or number % 1 != 0:
                raise _unfit()
            found[at.date()] += int(number)
    if not found.keys() >= {*asked}:
        raise _unfit()
    return {day: found[day] for day in asked}


def _listed(attributes: Any, name: str) -> list[Any]:
    found = attributes.get(name) if isinstance(attributes, dict) else None
    if not isinstance(found, list):
        raise _unfit()
    return found


def _unfit() -> BadAnswer:
    return BadAnswer(messages.verify.DAYS_UNCOUNTED(path=COUNTS.path))
