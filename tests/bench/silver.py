"""How long refining takes: a first load, the same again, a day's news, nothing at all.

Against floors of the same run: what no refine can do without (parse the columns, bring each day
together, append), one MERGE of a tiny table that changes nothing. The session is warm: each thing
is done once before it is measured.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from pyspark.sql import functions as F

from klaviyo_spark.client.client import Client
from klaviyo_spark.client.rate_limiter import Limiter
from klaviyo_spark.commands.demo import KEY, served
from klaviyo_spark.config.models import Settings
from klaviyo_spark.config.secrets import ApiKey
from klaviyo_spark.lake.lake import Lake, Place
from klaviyo_spark.lake.spark.session import spark_session
from klaviyo_spark.resources import RESOURCES, TABLES
from klaviyo_spark.schema.bookkeeping import columns_of
from klaviyo_spark.silver.parse.project import project
from klaviyo_spark.silver.refine import refine
from tests.bench.fetch import a_page_of_events
from tests.bench.pages import FIRST_DAY, Template, land, pages
from tests.helpers.small_lakes import run_account

EVENTS, DAYS, ROUNDS = 500_000, 540, 3
_EVENTS = TABLES["events"]
BEGIN = datetime(2026, 7, 1, tzinfo=timezone.utc)


def main(events: int = EVENTS, rounds: int = ROUNDS) -> None:
    """All measurements, a line each."""
    with tempfile.TemporaryDirectory() as folder:
        template = Template(a_page_of_events(Path(folder) / "page.json"))
    floor = first_loads(template, events, rounds)
    same_again(template, events, floor)
    a_days_news(template, (200_000, 4 * events), rounds)
    nothing_new(rounds)


def first_loads(template: Template, events: int, rounds: int) -> float:
    """A first refine of all event tables against the floor, which it returns."""
    floors, ours, alone = [], [], []
    for number in range(rounds + 1):  # the first warms the session
        with tempfile.TemporaryDirectory() as folder:
            lake = a_lake(folder)
            land(lake, pages(template, range(events // 1_000), DAYS, "one", BEGIN))
            took, loads = timed(lambda lake=lake: refine(lake, "default", ["events"]))
            floor, _ = timed(lambda lake=lake, to=f"{folder}/floor": plain_append(lake, to))
        if number:
            ours.append(took)
            floors.append(floor)
            alone.append(next(load.seconds for load in loads if load.table == "events"))
    floor = statistics.median(floors)
    print(
        f"first refine of {events:,} events: three tables {statistics.median(ours):.1f} s, events "
        f"alone {statistics.median(alone):.1f} s, floor {floor:.1f} s (events alone): "
        f"{statistics.median(ours) / floor:.2f} and {statistics.median(alone) / floor:.2f} times "
        "(1.3 or less)"
    )
    return floor


def plain_append(lake: Lake, to: str) -> None:
    """Parse the columns of events, bring each day together, append: no keys, no hashes."""
    rows = lake.pages().where("resource = 'events'").withColumn("_account_id", F.col("account_id"))
    parsed = project(rows, _EVENTS).select("_account_id", *[c.name for c in columns_of(_EVENTS)])
    together = parsed.hint("rebalance", "event_date")
    together.write.format("delta").partitionBy("event_date").save(to)


def same_again(template: Template, events: int, floor: float) -> None:
    """The same pages once more; and once more with other numbers, so that all are looked at."""
    with tempfile.TemporaryDirectory() as folder:
        lake = a_lake(folder)
        for number, (run, page_number) in enumerate((("one", 1), ("two", 1), ("three", 2))):
            at = BEGIN + timedelta(days=number)
            rows = pages(template, range(events // 1_000), DAYS, run, at)
            land(lake, ({**row, "page_number": page_number} for row in rows))
            took, loads = timed(lambda: refine(lake, "default", ["events"]))
            if number:
                assert not any(load.changed for load in loads), loads
                how = "pages that are the same byte for byte" if number == 1 else "all looked at"
                print(
                    f"the same {events:,} events again, {how}: {took:.1f} s, "
                    f"{took / floor:.2f} times the floor (0.6 or less)"
                )


def a_days_news(template: Template, targets: tuple[int, int], rounds: int) -> None:
    """5,000 new and 500 changed events over 7 days, in a small table and in a large one."""
    medians = []
    for target in targets:
        took = []
        with tempfile.TemporaryDirectory() as folder:
            lake = a_lake(folder)
            count = target // 1_000
            land(lake, pages(template, range(count), DAYS, "all", BEGIN))
            refine(lake, "default", ["events"])
            for number in range(rounds + 1):
                run, at = f"day {number}", BEGIN + timedelta(days=number + 1)
                last = DAYS - 7
                first_day = FIRST_DAY + timedelta(last)
                news = range(100_000 + 7 * number, 100_000 + 7 * number + 5)
                window = bounds(first_day)
                new = pages(template, news, 7, run, at, first_day)
                old = range(last, last + 1)
                changed = pages(template, old, DAYS, run, at, changed=500 + number % 2)
                land(lake, ({**row, **window} for rows in (new, changed) for row in rows))
                seconds, loads = timed(lambda lake=lake: refine(lake, "default", ["events"]))
                if number:
                    took.append(seconds)
                    load = next(load for load in loads if load.table == "events")
                    assert load.inserted == 5_000, load
        medians.append(statistics.median(took))
        print(f"a day's news in {target:,} events: {medians[-1]:.1f} s")
    print(f"a day's news: {medians[1] / medians[0]:.2f} times as long (1.3 or less)")


def bounds(first_day: date) -> dict[str, datetime]:
    """What a request for a week would have asked for, and how far it came."""
    start = datetime(first_day.year, first_day.month, first_day.day, tzinfo=timezone.utc)
    end = start + timedelta(days=7)
    return {"window_start": start, "window_end": end, "max_record_time": end - timedelta(seconds=1)}


def nothing_new(rounds: int) -> None:
    """A refine without news, and one of a sync that read the same again, in 25 tables."""
    with (
        tempfile.TemporaryDirectory() as folder,
        served(5_000, 500, lambda _line: None, rate_scale=1_000) as url,
    ):
        lake = a_lake(folder)
        settings = Settings(base_url=url, warehouse=folder)
        idle, again = [], []
        for number in range(rounds + 2):
            with Client(url, ApiKey(KEY), limiter=Limiter()) as client:
                done = run_account("sync", lake, settings, client)
            seconds, _ = timed(lambda: refine(lake, "default", list(RESOURCES)))
            if number > 1:
                again.append(done.refine_s)
                idle.append(seconds)
        merge = statistics.median(no_op_merge(lake, folder) for _ in range(rounds + 1))
    print(f"one MERGE of a tiny table that changes nothing: {merge:.2f} s")
    print(f"nothing landed: {statistics.median(idle) / merge:.2f} times (1 or less)")
    print(f"the same read again: {statistics.median(again) / merge:.2f} times (12 or less)")


def no_op_merge(lake: Lake, folder: str) -> float:
    """Wall time of a MERGE that finds nothing to do."""
    tiny = f"delta.`{folder}/tiny`"
    lake.spark.sql(f"CREATE TABLE IF NOT EXISTS {tiny} (id bigint, name string) USING delta")
    rows = lake.spark.createDataFrame([(1, "a")], "id bigint, name string")
    merge = (
        f"MERGE INTO {tiny} t USING {{rows}} s ON t.id = s.id WHEN MATCHED AND t.name <> s.name "
        "THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
    )
    return timed(lambda: lake.spark.sql(merge, rows=rows))[0]


def a_lake(folder: str) -> Lake:
    """An empty lake in a session as users have it."""
    names = ("klaviyo_bronze", "klaviyo_v2", "klaviyo_ops")
    return Lake(spark_session(folder), Place(folder, None, *names))


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Wall time of ``work``, and what it gave."""
    began = time.monotonic()
    done = work()
    return time.monotonic() - began, done


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
