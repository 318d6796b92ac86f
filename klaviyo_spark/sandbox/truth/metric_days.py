"""Rows of metrics per day, counted from the account's events."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from klaviyo_spark.sandbox.event import Event
from klaviyo_spark.sandbox.model import World
from klaviyo_spark.sandbox.times import SECOND_US, moment
from klaviyo_spark.sandbox.truth.events import documented_metric_ids
from klaviyo_spark.sandbox.truth.rows import Row


def metric_days(world: World) -> Iterator[Row]:
    """One row per documented metric and day (UTC) with events."""
    ids = documented_metric_ids(world)
    today = moment(world.today * SECOND_US).date()
    happened = (e for e in world.timeline if e.metric_id in ids)
    days: dict[tuple[str, date], list[Event]] = {}
    for event in happened:
        days.setdefault((event.metric_id, moment(event.at * SECOND_US).date()), []).append(event)
    for (metric_id, day), events in days.items():
        if day <= today:
            yield {
                "metric_id": metric_id,
                "utc_date": day,
                "count": len(events),
                "unique": len({event.profile_id for event in events}),
            }
