"""How much a backfill has ahead: events as Klaviyo counts them, profiles as the lake does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from pyspark.sql import functions as F

from klaviyo_spark.bronze.commerce_metrics import COMMERCE, commerce_ids
from klaviyo_spark.bronze.metric_selection import resolve
from klaviyo_spark.client.client import Client
from klaviyo_spark.client.rate_limiter import Limiter
from klaviyo_spark.commands.backfill import forecast
from klaviyo_spark.commands.backfill.steps import Backfill
from klaviyo_spark.commands.verify.days import EARLIEST
from klaviyo_spark.commands.verify.klaviyo_counts import KlaviyoCounter
from klaviyo_spark.commands.verify.listings import listings
from klaviyo_spark.config.loader import api_key
from klaviyo_spark.config.models import Settings
from klaviyo_spark.errors import ConfigError
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.progress import Reporter
from klaviyo_spark.resources import TABLES
from klaviyo_spark.state import store
from klaviyo_spark.state.models import Outcome


def estimate_backfill(
    lake: Lake, settings: Settings, todo: Backfill, show: Reporter
) -> Iterator[str]:
    """What the steps that are left cost, a line each; what cannot be known is said too.

    Klaviyo is asked for its metrics, and for the events of each of them on each day: a request
    per metric and year. Without a key it is not asked.
    """
    found: list[forecast.ResourceEstimate] = []
    resources = todo.window.resources if todo.left else ()
    rate_limit_share, threads = settings.rate_limit_share, settings.max_concurrent_requests
    if "events" in resources:
        try:
            key = api_key(settings)
        except ConfigError as error:
            yield f"events: how many is not known, {error}"
        else:
            limiter = Limiter(share=rate_limit_share)
            with Client(settings.base_url, key, limiter=limiter) as client, show as shown:
                outcome = Outcome()
                per_day = _events(
                    lake, KlaviyoCounter(client, threads, outcome, shown), settings, todo
                )
            for line in outcome.failed.get("events", outcome.failed.get("metrics", [])):
                yield f"events: how many is not known, {line}"
            if not outcome.failed:
                steps = forecast.per_step(todo.left, per_day)
                found.append(forecast.ahead("events", steps, rate_limit_share, threads))
    if "profiles" in resources:
        held = _profiles(lake, settings.account, todo)
        if held is None:
            yield "profiles: how many is not known; Klaviyo counts none, and the lake has none yet"
        else:
            found.append(forecast.ahead("profiles", held, rate_limit_share, threads))
    if found:
        yield from forecast.lines(found, rate_limit_share, threads)


def _events(
    lake: Lake, klaviyo: KlaviyoCounter, settings: Settings, todo: Backfill
) -> dict[date, int]:
    """Events per day, of all metrics that would be read."""
    now = klaviyo.listed(listings(["metrics"]))
    remembered = store.read_watermarks(lake, settings.account).metric_names
    commerce = commerce_ids(lake, settings.account) if COMMERCE in settings.metrics else []
    ids = resolve(now.metrics, settings.metrics, remembered, commerce).ids
    days = forecast.days_of(todo.left, EARLIEST)
    per_day: dict[date, int] = {}
    for (_, day), count in klaviyo.count(dict.fromkeys(ids, days), {}).events.items():
        per_day[day] = per_day.get(day, 0) + count
    return per_day


def _profiles(lake: Lake, account_id: str, todo: Backfill) -> list[int] | None:
    """Profiles that were last updated in each step, as far as the lake knows; None: it has none."""
    mine = lake.silver(TABLES["profiles"]).where(F.col("_account_id") == account_id)
    counts = [
        F.count_if((F.col("updated") >= F.lit(start)) & (F.col("updated") < F.lit(end)))
        for start, end in todo.left
    ]
    total, *held = mine.agg(F.count(F.lit(1)), *counts).collect()[0]
    return list(held) if total else None
