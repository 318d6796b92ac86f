"""The question for what happened with a metric on each day. Pure; no I/O here.

https://developers.klaviyo.com/en/reference/query_metric_aggregates
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date, timedelta


def aggregate_body(
    metric_id: str,
    measurements: Iterable[str],
    first: date,
    last: date,
    by: Sequence[str] = (),
) -> bytes:
    """The body that asks for ``measurements`` of a metric's events per UTC day, both ends inside.

    Klaviyo answers for a year at most.

    Args:
        by: the dimensions to break them down by.
    """
    attributes: dict[str, object] = {
        "metric_id": metric_id,
        "measurements": list(measurements),
        "interval": "day",
        "timezone": "UTC",
        "page_size": 500,
        # Times without an offset: they are in the time zone asked for.
        "filter": [
            f"greater-or-equal(datetime,{first}T00:00:00)",
            f"less-than(datetime,{last + timedelta(days=1)}T00:00:00)",
        ],
    }
    if by:
        attributes["by"] = list(by)
    return json.dumps({"data": {"type": "metric-aggregate", "attributes": attributes}}).encode()
