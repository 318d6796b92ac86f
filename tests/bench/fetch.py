"""How fast pages are fetched and landed, and what that takes.

Against floors of the same run: pages read and thrown away by a plain thread pool, one cursor read
to the end. 150 ms an answer; Spark's start is left out. Then memory by the length of history, and
requests against the fewest that could do it.
"""

from __future__ import annotations

import math
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import requests

from klaviyo_spark.bronze.lander import Lander
from klaviyo_spark.bronze.unknown_fields import UnknownFieldDetector
from klaviyo_spark.client.client import Client
from klaviyo_spark.client.paginator import Failed, PageFetcher
from klaviyo_spark.client.rate_limiter import Limiter
from klaviyo_spark.client.walk import Walk
from klaviyo_spark.commands.demo import KEY
from klaviyo_spark.commands.demo import served as sample_account
from klaviyo_spark.config.models import Settings
from klaviyo_spark.config.secrets import ApiKey
from klaviyo_spark.lake.lake import Lake, Place
from klaviyo_spark.lake.spark.session import spark_session
from klaviyo_spark.lake.spark.session_conf import SparkPreset
from klaviyo_spark.resources import ENDPOINTS
from klaviyo_spark.sandbox import Account, Sandbox
from klaviyo_spark.schema.endpoint import Rate
from tests.bench.canned import served as canned
from tests.helpers.small_lakes import run_account

EVENTS, WALKS, LATENCY_MS, ROUNDS = 600_000, 16, 150, 3
_PAGE = 1_000
# Canned pages are not limited.
_EVENTS = replace(ENDPOINTS["events"], rate=Rate(100_000, 6_000_000))


def main() -> None:
    """All measurements, a line each."""
    with tempfile.TemporaryDirectory() as folder:
        body = a_page_of_events(Path(folder) / "page.json")
        landing(body)
        memory(body)
    profiles()
    first_sync()
    daily_sync()


def landing(body: Path) -> None:
    """600,000 events landed, against reading and throwing away, and against one cursor."""
    per_walk = EVENTS // _PAGE // WALKS
    thrown, landed = [], []
    with a_lake() as lake:
        for _ in range(ROUNDS):
            with canned(body, per_walk, LATENCY_MS) as url:
                thrown.append(seconds(lambda url=url: throw_away(url)))
            with canned(body, per_walk, LATENCY_MS) as url:
                landed.append(seconds(lambda url=url: land(lake, url, WALKS)))
        with canned(body, EVENTS // _PAGE, LATENCY_MS) as url:
            one = seconds(lambda: land(lake, url, 1))
    floor, ours = statistics.median(thrown), statistics.median(landed)
    megabytes = body.stat().st_size * EVENTS / _PAGE / 1e6
    print(
        f"{EVENTS:,} events, {megabytes:,.0f} MB, {WALKS} walks: landed in {ours:.1f} s, ", end=""
    )
    print(f"thrown away in {floor:.1f} s: {ours / floor:.2f} times (1.5 or less)")
    print(f"the same by one cursor: {one:.1f} s: {one / ours:.1f} times as long (4 or more)")


def throw_away(url: str) -> None:
    """The same walks by a plain thread pool."""

    def follow(walk: int) -> None:
        with requests.Session() as session:
            following: str | None = f"{url}/w/{walk}/1"
            while following:
                answer = session.get(following, timeout=60)
                tail = answer.content[-200:].decode()
                found = tail.partition('"next":"')[2].partition('"')[0]
                following = found or None

    with ThreadPoolExecutor(WALKS) as pool:
        list(pool.map(follow, range(WALKS)))


def land(lake: Lake, url: str, walks: int) -> None:
    """Walks over canned pages, each looked at for what no table has, into bronze."""
    lander, watch = Lander(lake, "bench", uuid.uuid4().hex), UnknownFieldDetector()
    with Client(url, ApiKey(KEY), limiter=Limiter()) as client:
        asked = [
            Walk(uuid.uuid4().hex, _EVENTS, f"{url}/w/{n}/1", uuid.uuid4().hex)
            for n in range(walks)
        ]
        for got in PageFetcher(asked, client, threads=WALKS).pages():
            if isinstance(got, Failed):
                raise got.error
            watch.look("events", got.page.body, got.page.fetched_at)
            lander.take(got)
    lander.flush()


def memory(body: Path) -> None:
    """Peak memory of a driver that lands 100,000 events, and 1,000,000."""
    peaks = []
    for events in (100_000, 1_000_000):
        command = [sys.executable, "-m", "tests.bench.peak", str(body), str(events // _PAGE)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout.splitlines()[-1]))
    print(f"peak memory of the Python driver: {peaks[0]} MB at 100,000 events, ", end="")
    print(f"{peaks[1]} MB at 1,000,000: {peaks[1] / peaks[0]:.2f} times (1.15 and 400 MB or less)")


def profiles(count: int = 20_000) -> None:
    """Profiles landed by walks that share what is long, against one cursor."""
    with a_lake() as lake, sample_account(1_000, count, print, latency_ms=LATENCY_MS) as url:
        took = {}
        for threads in (1, WALKS):
            began = time.monotonic()
            run_id = ask(lake, url, ["profiles"], threads)
            took[threads] = time.monotonic() - began
            landed = lake.pages().where(f"run_id = '{run_id}'")
            ids = landed.selectExpr(
                "inline(from_json(body, 'struct<data:array<struct<id:string>>>').data)"
            )
            found, all_ids = ids.distinct().count(), ids.count()
            print(
                f"profiles, {threads} threads: {took[threads]:.1f} s, {found:,} of {count:,}, ",
                end="",
            )
            print(f"{all_ids - found} read twice at bounds")
            lake.spark.sql(f"DELETE FROM {lake.place.table('klaviyo_ops', 'watermarks')}")
    print(f"profiles: {took[1] / took[WALKS]:.1f} times as fast as one cursor (5 or more)")


def first_sync() -> None:
    """Requests of a first read of a year with 5,000 events, against the fewest."""
    with a_lake() as lake, Sandbox(Account(events=5_000, profiles=500), rate_scale=100) as sandbox:
        ask(lake, sandbox.url, ["events"])
        asked = sandbox.counts()["/api/events"]
        held = lake.pages().where("endpoint = 'events'").selectExpr("sum(record_count)").first()
        fewest = math.ceil(held[0] / _PAGE)
    print(f"a first sync of {held[0]:,} events: {asked} requests, fewest {fewest}: ", end="")
    print(f"{asked / fewest:.1f} times (2 or less)")


def daily_sync() -> None:
    """Requests of a daily read with 1,000 new events or more after a history of 100,000."""
    account = Account(events=100_000, profiles=1_000, lag_days=6)
    with a_lake() as lake, Sandbox(account, rate_scale=100) as sandbox:
        ask(lake, sandbox.url, ["events"])
        before, held = sandbox.counts()["/api/events"], len(account.truth()["events"])
        while (new := len(account.truth()["events"]) - held) < 1_000:
            account.advance(days=1)
        ask(lake, sandbox.url, ["events"])
        asked = sandbox.counts()["/api/events"] - before
    print(f"a first sync of {held:,} events: {before} requests; ", end="")
    print(f"the next, {new:,} events later: {asked} requests (15 or less)")


def ask(lake: Lake, url: str, resources: list[str], threads: int = WALKS) -> str:
    """One ingest; its run id."""
    settings = Settings(
        base_url=url, account="bench", resources=resources, max_concurrent_requests=threads
    )
    with Client(url, ApiKey(KEY), limiter=Limiter()) as client:
        done = run_account("ingest", lake, settings, client)
    assert not done.outcome.failed, done.outcome.failed
    return done.run_id


def a_page_of_events(file: Path) -> Path:
    """A page of 1,000 events as the sample account gives it."""
    with Sandbox(Account(events=5_000, profiles=500)) as sandbox:
        endpoint = ENDPOINTS["events"]
        headers = {"Authorization": f"Klaviyo-API-Key {KEY}", "revision": "2026-07-15"}
        url = sandbox.url + endpoint.path
        answer = requests.get(url, params=dict(endpoint.params), headers=headers, timeout=60)
        file.write_bytes(answer.content)
    return file


@contextmanager
def a_lake() -> Iterator[Lake]:
    """An empty lake; its bronze table is there already, and Spark has started."""
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(
            spark_session(folder, work=SparkPreset.SHORT),
            Place(folder, None, "klaviyo_bronze", "klaviyo_v2", "klaviyo_ops"),
        )
        lake.pages()
        yield lake


def seconds(work: Callable[[], None]) -> float:
    """Wall time of ``work``."""
    began = time.monotonic()
    work()
    return time.monotonic() - began


if __name__ == "__main__":
    main()
