"""Lakes of other shapes than the report's sample: nothing in it, one day, years. Without Spark."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any

from tests import contract
from tests.helpers import lakes

NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
DAY = timedelta(days=1)
METRICS = (
    "Received Email",
    "Opened Email",
    "Clicked Email",
    "Bounced Email",
    "Unsubscribed from Email Marketing",
    "Received SMS",
    "Failed to Deliver SMS",
)
ACCOUNTS = ("brand-us", "brand-eu", "a-brand-whose-name-is-as-long-as-they-come-in-the-nordics")


def write_nothing(lake: Path) -> None:
    """A run that found an account with nothing in it."""
    for name in contract.COLUMNS:
        lakes.write(lake, f"klaviyo_v2.{name}")
    lakes.write(lake, "klaviyo_ops.runs", _run("default", 0))


def write_days(lake: Path, days: int, account: str = "default") -> None:
    """An event a day of each metric, verified, with a day in a hundred that lacks one."""
    first = NOW.date() - (days - 1) * DAY
    every = [first + n * DAY for n in range(days)]
    ids = {f"M{place}": name for place, name in enumerate(METRICS)}
    mine = {"_account_id": account, "_landed_at": NOW}
    lakes.write(
        lake,
        "klaviyo_v2.metrics",
        *({**mine, "metric_id": id, "name": name} for id, name in ids.items()),
    )
    lakes.write(lake, "klaviyo_v2.events", *(_event(mine, id, day) for id in ids for day in every))
    lakes.write(lake, "klaviyo_ops.runs", *(_run(account, n) for n in range(min(days, 12))))
    lakes.write(
        lake,
        "klaviyo_ops.verifications",
        *(
            {
                "account_id": account,
                "resource": "events",
                "count_type": "events",
                "scope": id,
                "scope_name": name,
                "day": day,
                "actual_count": 10 - (n % 100 == 0),
                "expected_count": 10,
                "verified_at": NOW,
            }
            for id, name in ids.items()
            for n, day in enumerate(every)
        ),
    )


def _event(mine: dict[str, Any], metric_id: str, day: date) -> dict[str, Any]:
    at = datetime.combine(day, time(9), timezone.utc)
    id = f"{metric_id}-{day}-{mine['_account_id']}"
    event = {"event_id": id, "metric_data_id": metric_id, "event_datetime": at, "event_date": day}
    return {**mine, **event}


def _run(account: str, days_ago: int) -> dict[str, Any]:
    began = NOW - days_ago * DAY
    return {
        "run_id": f"{account}-{days_ago}",
        "account_id": account,
        "command": "sync",
        "started_at": began,
        "finished_at": began + timedelta(minutes=9),
        "exit_code": 0,
        "requests": 1_234,
        "retries": 3,
        "pages": 1_200,
        "bytes": 90_000_000,
        "errors": [],
        "warnings": [],
    }
