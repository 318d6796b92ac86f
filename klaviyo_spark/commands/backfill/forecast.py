"""What a backfill will ask of Klaviyo: requests, time, share of the limit. Pure; no I/O here."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from klaviyo_spark.commands.formatting import about
from klaviyo_spark.resources import ENDPOINTS

# What a request for a full page takes; an endpoint gets its threads by it too
# (``client/scheduler.py``).
REQUEST_S = 1.0
# Events that two cores refine into days that held nothing (docs/explanation/scaling.md);
# profiles are taken for as quick.
REFINED_PER_S = 4_000
_ONE_SECOND, _ONE_DAY = timedelta(seconds=1), timedelta(days=1)

Step = tuple[datetime, datetime]


@dataclass(frozen=True)
class ResourceEstimate:
    """What is ahead of one resource.

    Args:
        records: to be read.
        requests: at least; where threads share a window it may be half as many again.
        asking_s: seconds of asking, were it alone.
        share: of the account's limit, in its busiest minute; 0 to 1.
    """

    resource: str
    records: int
    requests: int
    asking_s: float
    share: float


def ahead(
    resource: str, per_step: Sequence[int], rate_limit_share: float, threads: int
) -> ResourceEstimate:
    """What a resource costs.

    Args:
        per_step: records of each step; a step without any costs a request too.
        rate_limit_share: conf's part of the account's limit.
        threads: conf's.
    """
    endpoint = ENDPOINTS[resource]
    page = int(endpoint.params["page[size]"])
    requests = sum(max(1, math.ceil(records / page)) for records in per_step)
    a_minute = min(endpoint.rate.steady * rate_limit_share, 60 * threads / REQUEST_S)
    return ResourceEstimate(
        resource,
        records=sum(per_step),
        requests=requests,
        asking_s=60 * requests / a_minute,
        share=min(requests, a_minute) / endpoint.rate.steady,
    )


def days_of(steps: Sequence[Step], earliest: date = date.min) -> list[date]:
    """The days (UTC) that steps touch, each once, from ``earliest`` on."""
    return sorted({day for start, end in steps for day in _days(start, end) if day >= earliest})


def per_step(steps: Sequence[Step], per_day: Mapping[date, int]) -> list[int]:
    """Records of each step; of a day that two steps share, all count for both."""
    return [sum(per_day.get(day, 0) for day in _days(start, end)) for start, end in steps]


def lines(
    found: Sequence[ResourceEstimate], rate_limit_share: float, threads: int
) -> Iterator[str]:
    """What is ahead, in words."""
    for one in found:
        yield (
            f"{one.resource}: about {one.records:,} records, {one.requests:,} requests or more, "
            f"{about(one.asking_s)} at {_percent(one.share)} of Klaviyo's limit for them"
        )
    requests = sum(one.requests for one in found)
    asking_s = max(
        max((one.asking_s for one in found), default=0.0), requests * REQUEST_S / threads
    )
    refining_s = sum(one.records for one in found) / REFINED_PER_S
    yield (
        f"in all about {about(asking_s)} of requests (rate_limit_share {rate_limit_share:g}, "
        f"max_concurrent_requests {threads}), then {about(refining_s)} of refining where Spark has "
        "two cores"
    )


def _days(start: datetime, end: datetime) -> Iterator[date]:
    day, last = start.date(), (end - _ONE_SECOND).date()
    while day <= last:
        yield day
        day += _ONE_DAY


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.005 else "under 1 %"
