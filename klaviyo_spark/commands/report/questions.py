"""What the report asks the lake, as SQL that delta-rs and Spark both understand. No I/O here.

Every answer is bounded: rows per table, per metric and day, per metric and month, per minute of one
run. Nothing is selected that belongs to a person: no address, no profile's id, no property.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone

from klaviyo_spark.schema.sql_text import portable as _text

RUNS = 60
"""Runs shown, the newest ones."""
LISTED = 50
"""Lines of a list, such as flows that are gone; the rest is counted."""


def rows_per_table(account: str, tables: Iterable[str]) -> str:
    """``name``, ``row_count``, ``marked``, ``landed_at``: a row per silver table."""
    return " UNION ALL ".join(
        f"SELECT '{table}' AS name, count(*) AS row_count, count(_deleted_at) AS marked, "
        f"max(_landed_at) AS landed_at FROM silver.{table} "
        f"WHERE _account_id = {_text(account)}"
        for table in tables
    )


def metrics(account: str) -> str:
    """``metric_id``, ``name``: of each metric, those gone too."""
    return f"SELECT metric_id, name FROM silver.metrics WHERE _account_id = {_text(account)}"


def events_per_day(account: str) -> str:
    """``day``, ``metric_id``, ``row_count``, ``newest``: a row per UTC day and metric."""
    return (
        "SELECT event_date AS day, metric_data_id AS metric_id, count(*) AS row_count, "
        f"max(event_datetime) AS newest FROM silver.events WHERE _account_id = {_text(account)} "
        "GROUP BY event_date, metric_data_id"
    )


def late_per_day(account: str) -> str:
    """``day``, ``row_count``: events that turned up after their day had been read."""
    return (
        "SELECT event_date AS day, sum(late_row_count) AS row_count FROM ops.late_arrivals "
        f"WHERE _account_id = {_text(account)} GROUP BY event_date"
    )


def read_until(account: str) -> str:
    """``scope``, ``read_until``: how far events have been read, per metric id."""
    return (
        "SELECT scope, max(range_end) AS read_until FROM ops.watermarks "
        f"WHERE account_id = {_text(account)} AND resource = 'events' AND kind = 'window' "
        "GROUP BY scope"
    )


def verified_per_month(account: str) -> str:
    """``scope``, ``scope_name``, ``month``, ``days``, ``short_days``, ``matched``,
    ``expected_count``, ``missing``, ``too_many``, ``verified_at``: events per metric and month.

    A day's newest verification counts. What one day has too many does not make up for another.
    """
    return (
        "SELECT scope, max(scope_name) AS scope_name, "
        "CAST(date_trunc('month', day) AS date) AS month, count(*) AS days, "
        "sum(CASE WHEN actual_count <> expected_count THEN 1 ELSE 0 END) AS short_days, "
        "sum(least(actual_count, expected_count)) AS matched, "
        "sum(expected_count) AS expected_count, "
        "sum(greatest(expected_count - actual_count, 0)) AS missing, "
        "sum(greatest(actual_count - expected_count, 0)) AS too_many, "
        "max(verified_at) AS verified_at "
        f"FROM ({_newest_verifications(account)}) checks "
        "WHERE place = 1 AND count_type = 'events' GROUP BY scope, date_trunc('month', day)"
    )


def verified_per_resource(account: str) -> str:
    """``resource``, ``scopes``, ``differing``, ``verified_at``: all but events."""
    return (
        "SELECT resource, count(*) AS scopes, "
        "sum(CASE WHEN actual_count <> expected_count THEN 1 ELSE 0 END) AS differing, "
        f"max(verified_at) AS verified_at FROM ({_newest_verifications(account)}) checks "
        "WHERE place = 1 AND count_type <> 'events' GROUP BY resource"
    )


def differences(account: str) -> str:
    """The largest: ``resource``, ``scope``, ``scope_name``, ``day``, and both counts."""
    return (
        "SELECT resource, scope, scope_name, day, actual_count, expected_count "
        f"FROM ({_newest_verifications(account)}) checks "
        "WHERE place = 1 AND actual_count <> expected_count "
        f"ORDER BY abs(actual_count - expected_count) DESC, resource, scope, day LIMIT {LISTED}"
    )


def _newest_verifications(account: str) -> str:
    return (
        "SELECT *, row_number() OVER (PARTITION BY resource, count_type, scope, day "
        "ORDER BY verified_at DESC) AS place FROM ops.verifications "
        f"WHERE account_id = {_text(account)}"
    )


def runs(account: str) -> str:
    """The newest runs, newest first, as ``ops.runs`` has them; those of all accounts too."""
    return (
        "SELECT run_id, command, started_at, finished_at, exit_code, requests, retries, pages, "
        "bytes, errors, warnings FROM ops.runs "
        f"WHERE (account_id = {_text(account)} OR account_id IS NULL) "
        f"ORDER BY started_at DESC LIMIT {RUNS}"
    )


def changes_per_run(account: str, since: datetime) -> str:
    """``run_id``, ``name`` and counts: what each run since then did to each table.

    A load names the run whose pages it took in, and the one that made it.
    """
    counts = ("inserted", "updated", "soft_deleted", "cast_failures", "quarantined")
    sums = ", ".join(f"sum(l.{count}) AS {count}" for count in counts)
    return (
        f"SELECT r.run_id AS run_id, l.table_name AS name, {sums} FROM ops.table_loads l "
        "JOIN ops.runs r ON l.refine_run_id = r.run_id "
        f"WHERE r.account_id = {_text(account)} AND r.started_at >= {_time(since)} "
        f"AND (l.account_id = {_text(account)} OR l.account_id IS NULL) "
        "GROUP BY r.run_id, l.table_name"
    )


def pages_over_run(run_id: str, started_at: datetime, finished_at: datetime) -> str:
    """``endpoint``, ``at``, ``pages``: pages a run received, per minute; per hour of long runs."""
    unit = bucket(started_at, finished_at)
    return (
        f"SELECT endpoint, date_trunc('{unit}', fetched_at) AS at, count(*) AS pages "
        f"FROM bronze.pages WHERE run_id = {_text(run_id)} "
        f"GROUP BY endpoint, date_trunc('{unit}', fetched_at)"
    )


def bucket(started_at: datetime, finished_at: datetime) -> str:
    """What a run's pages are counted by: ``minute``, or ``hour`` where it took more than five."""
    return "minute" if finished_at - started_at <= timedelta(hours=5) else "hour"


def quarantined(account: str) -> str:
    """``name``, ``violation``, ``row_count``, ``newest``: records that could not become rows."""
    return (
        "SELECT table_name AS name, violation, count(*) AS row_count, max(fetched_at) AS newest "
        f"FROM ops.quarantine WHERE _account_id = {_text(account)} GROUP BY table_name, violation"
    )


def orphans(account: str) -> str:
    """``flow_id``, ``row_count``, ``first_at``, ``last_at``: the flows most often named."""
    return f"SELECT * FROM ({_orphans(account)}) o ORDER BY row_count DESC, flow_id LIMIT {LISTED}"


def orphan_totals(account: str) -> str:
    """``flows``, ``row_count``: one row, all orphaned flows together."""
    return (
        "SELECT count(*) AS flows, coalesce(sum(row_count), 0) AS row_count "
        f"FROM ({_orphans(account)}) o"
    )


def _orphans(account: str) -> str:
    return (
        "SELECT flow_id, sum(row_count) AS row_count, min(first_event_at) AS first_at, "
        "max(last_event_at) AS last_at FROM ops.orphaned_flows "
        f"WHERE _account_id = {_text(account)} GROUP BY flow_id"
    )


def _time(value: datetime) -> str:
    return f"TIMESTAMP '{value.astimezone(timezone.utc):%Y-%m-%d %H:%M:%S.%f}'"
