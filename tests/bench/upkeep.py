"""Files of ``events`` after 30 daily syncs and upkeep, against one load of the same rows.

Each day brings events of that day and some late ones of the week before; each is landed and refined
as a sync of its own.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from klaviyo_spark.commands.maintain import lines, maintain
from klaviyo_spark.config.models import Settings
from klaviyo_spark.lake import maintenance
from klaviyo_spark.lake.lake import Lake, Place
from klaviyo_spark.lake.spark.session import spark_session
from klaviyo_spark.lake.spark.session_conf import SparkPreset
from klaviyo_spark.resources import TABLES
from klaviyo_spark.silver.refine import refine
from tests.builders import NOON, a_page, an_event

DAYS, A_DAY, LATE, LOOKBACK = 30, 40, 5, 7
AT_MOST = 2.0
DAY = timedelta(days=1)


def main(days: int = DAYS) -> bool:
    """Measure, print, and say whether it holds."""
    with tempfile.TemporaryDirectory() as grown, tempfile.TemporaryDirectory() as loaded:
        began = time.monotonic()
        lake = a_lake(grown)
        for day in range(days):
            land(lake, day, [day])
            refine(lake, "default", ["events"])
        synced, rows = files(lake)
        print(f"{days} daily syncs: {synced} files of {rows:,} events, ", end="")
        print(f"{time.monotonic() - began:.0f} s")
        began = time.monotonic()
        print("\n".join(lines(maintain(lake, Settings()))))
        print(f"upkeep: {time.monotonic() - began:.0f} s")
        kept, kept_rows = files(lake)
        once = a_lake(loaded)
        land(once, days, range(days))
        refine(once, "default", ["events"])
        one, one_rows = files(once)
    assert rows == kept_rows == one_rows, (rows, kept_rows, one_rows)
    ratio = kept / one
    print(
        f"files of events: {synced} after {days} daily syncs, {kept} after upkeep, {one} after one "
        f"load of the same rows: {ratio:.2f} times ({AT_MOST} or less)"
    )
    return ratio <= AT_MOST


def a_lake(folder: str) -> Lake:
    """An empty lake."""
    place = Place(folder, None, "klaviyo_bronze", "klaviyo_v2", "klaviyo_ops")
    return Lake(spark_session(folder, work=SparkPreset.SHORT), place)


def land(lake: Lake, run: int, days: Sequence[int]) -> None:
    """What came in on ``days``, read by one run."""
    at = NOON + run * DAY
    facts = {"run_id": f"run {run}", "batch_id": f"batch {run}", "fetched_at": at}
    pages = [a_page("events", *events_of(day), is_full_read=False) for day in days]
    lake.append_pages([{**page, **facts, "ingest_date": at.date()} for page in pages])


def events_of(day: int) -> Iterator[Any]:
    """A day's events, and late ones of the days before."""
    for number in range(A_DAY):
        yield an_event_at(f"E{day}-{number}", NOON + day * DAY - number * DAY / 48 / A_DAY)
    for number in range(LATE):
        ago = 1 + (day + 3 * number) % LOOKBACK
        yield an_event_at(f"L{day}-{number}", NOON + (day - ago) * DAY)


def an_event_at(id: str, at: datetime) -> Any:
    """A Received Email event of that time."""
    return an_event(id, datetime=at.isoformat(), timestamp=int(at.timestamp()))


def files(lake: Lake) -> tuple[int, int]:
    """How many files ``events`` has, and how many rows."""
    events = lake.silver(TABLES["events"])
    return len(maintenance.files_of(events)), events.count()


if __name__ == "__main__":
    sys.exit(not main(*map(int, sys.argv[1:])))
