"""A lake with something to say in every part of the report, written without Spark."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from klaviyo_spark.sandbox import Account
from tests import contract
from tests.helpers import lakes

NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
OWN = (
    "campaign_values", "flow_values", "form_values", "forms", "list_days", "mapped_metrics",
    "metric_value_days", "segment_days",
)  # fmt: skip
PERSON = "01JMSMWA1RVZ2K9Q4T7XN3B5CD"
# Two whole runs and one that could not do everything; (id, began before NOW, took, exit code).
RUNS = (
    ("first", 2 * DAY, HOUR, 0),
    ("second", DAY, 20 * MINUTE, 0),
    ("third", HOUR, 3 * MINUTE, 3),
)
# Pages of the third run: endpoint, minute, how many.
PAGES = (("events", 0, 30), ("events", 1, 70), ("profiles", 1, 75), ("campaigns", 2, 6))


def write(lake: Path) -> Account:
    """Write the lake; the account whose rows it holds."""
    account = Account(seed=5, events=600, profiles=60, now=NOW)
    account.advance(days=1)
    lakes.write_account(lake, account)
    lakes.write(lake, "klaviyo_ops.runs", *map(a_run, range(len(RUNS))))
    lakes.write(lake, "klaviyo_ops.table_loads", *loads())
    lakes.write(lake, "klaviyo_bronze.pages", *pages())
    lakes.write(lake, "klaviyo_ops.watermarks", *watermarks(account))
    lakes.write(
        lake,
        "klaviyo_ops.late_arrivals",
        {"event_date": date(2026, 11, 16), "late_row_count": 4, "run_id": "second"},
        {"event_date": date(2026, 11, 16), "late_row_count": 1, "run_id": "third"},
        {"event_date": date(2026, 11, 14), "late_row_count": 2, "run_id": "third"},
    )
    record = f'{{"attributes":{{"email":"quarantined@example.com"}},"id":null,"p":"{PERSON}"}}'
    rule = "profile_id IS NOT NULL"
    lakes.write(
        lake,
        "klaviyo_ops.quarantine",
        *({"table_name": "profiles", "violation": rule, "record": record, "fetched_at": NOW},) * 3,
    )
    lakes.write(
        lake,
        "klaviyo_ops.orphaned_flows",
        {
            "flow_id": "Gone01",
            "referenced_by": "events.flow",
            "row_count": 12,
            "first_event_at": NOW,
        },
        {"flow_id": "Gone01", "referenced_by": "events.attribution_flow", "row_count": 3},
        {"flow_id": "Gone02", "referenced_by": "events.flow", "row_count": 1},
    )
    return account


def verify(lake: Path, account: Account) -> None:
    """Write verifications: all is there, but for one month of one metric and one list."""
    metric, other, *_ = sorted({row["metric_data_id"] for row in account.truth()["events"]})
    first, again = NOW - 2 * HOUR, NOW - HOUR
    rows = [
        *events(metric, date(2026, 9, 1), 10, 10, 10, first),
        # Short at first, then healed: the newest verification counts.
        *events(metric, date(2026, 10, 1), 10, 7, 10, first),
        *events(metric, date(2026, 10, 1), 10, 10, 10, again),
        # One day too many does not make up for three that lack some.
        *events(other, date(2026, 10, 1), 3, 8, 10, first),
        *events(other, date(2026, 10, 4), 1, 99, 10, first),
        {
            "resource": "lists",
            "count_type": "members",
            "scope": "L1",
            "actual_count": 5,
            "expected_count": 5,
            "verified_at": first,
        },
        {
            "resource": "lists",
            "count_type": "members",
            "scope": "L2",
            "actual_count": 4,
            "expected_count": 5,
            "verified_at": first,
        },
    ]
    lakes.write(lake, "klaviyo_ops.verifications", *rows)


def events(
    metric: str, first: date, days: int, actual_count: int, expected_count: int, at: datetime
) -> Iterator[dict[str, Any]]:
    for n in range(days):
        yield {
            "resource": "events",
            "count_type": "events",
            "scope": metric,
            "scope_name": f"name of {metric}",
            "day": first + n * DAY,
            "actual_count": actual_count,
            "expected_count": expected_count,
            "verified_at": at,
        }


def a_run(number: int) -> dict[str, Any]:
    run_id, ago, took, exit_code = RUNS[number]
    return {
        "run_id": run_id,
        "command": "sync",
        "started_at": NOW - ago,
        "finished_at": NOW - ago + took,
        "exit_code": exit_code,
        "requests": 200 + number,
        "retries": number,
        "pages": 181 if number == 2 else 150,
        "bytes": 1_500_000,
        "errors": ["segments: key lacks segments:read", f"ann@example.com is {PERSON}"]
        if exit_code
        else [],
        "warnings": ["a metric <script>alert(1)</script> is new"] if exit_code else [],
    }


def loads() -> Iterator[dict[str, Any]]:
    """What each run did to each table; ``refine`` names the run whose pages it took in."""
    for number, (run_id, ago, took, _) in enumerate(RUNS):
        for place, name in enumerate(contract.COLUMNS):
            yield {
                "run_id": "one before" if run_id == "first" else run_id,
                "refine_run_id": run_id,
                "table_name": name,
                "loaded_at": NOW - ago + took - timedelta(seconds=30),
                "inserted": 100 * number + place,
                "updated": number,
                "soft_deleted": place % 2,
                "cast_failures": 2 if name == "events" else 0,
                "quarantined": 1 if name == "profiles" else 0,
            }


def pages() -> Iterator[dict[str, Any]]:
    start = NOW - HOUR
    for endpoint, minute, count in PAGES:
        for n in range(count):
            at = start + minute * MINUTE + timedelta(milliseconds=700 * n)
            yield {
                "account_id": "default",
                "resource": "events",
                "ingest_date": at.date(),
                "endpoint": endpoint,
                "run_id": "third",
                "fetched_at": at,
                "body": '{"data":[{"email":"body@example.com"}]}',
            }


def watermarks(account: Account) -> Iterator[dict[str, Any]]:
    until = NOW - HOUR - 2 * MINUTE
    for metric in sorted({row["metric_data_id"] for row in account.truth()["events"]}):
        for days in (9, 0):
            yield {
                "resource": "events",
                "scope": metric,
                "kind": "window",
                "range_end": until - days * DAY,
            }
