"""What a notebook asks the lake after a backfill: a few rows, with nothing of anybody in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from klaviyo_spark.lake.readers.reader import Reader, Row
from klaviyo_spark.schema.sql_text import portable as text

# Columns of the tables that are shown, with their headings.
STEPS = {
    "step_start": "from",
    "step_end": "to",
    "requests": "requests",
    "pages": "pages",
    "new_rows": "new rows",
    "minutes": "minutes",
}
LOADS = {
    "table_name": "table",
    "new_rows": "new",
    "changed": "changed",
    "cast_failures": "nulled cells",
    "quarantined": "quarantined",
}


def steps(reader: Reader, account: str, start: datetime, end: datetime) -> list[Row]:
    """The finished steps of backfills of just this window, in order; ``run_id`` among them."""
    if not (reader.has("ops.backfills") and reader.has("ops.runs")):
        return []
    done = [
        row
        for row in reader.rows(
            "SELECT range_start, range_end, step_start, step_end, run_id FROM ops.backfills "
            f"WHERE account_id = {text(account)}"
        )
        if (row["range_start"], row["range_end"]) == (start, end)
    ]
    run_ids = [row["run_id"] for row in done]
    runs = {
        row["run_id"]: row
        for row in _of_runs(
            reader,
            "SELECT run_id, requests, pages, started_at, finished_at FROM ops.runs",
            run_ids,
        )
    }
    new = {
        row["run_id"]: row["new_rows"]
        for row in _of_runs(
            reader,
            "SELECT run_id, sum(inserted) AS new_rows FROM ops.table_loads",
            run_ids,
            "GROUP BY run_id",
        )
    }
    found: list[Row] = []
    for row in sorted(done, key=lambda step: step["step_start"]):
        run = runs[row["run_id"]]
        took = (run["finished_at"] - run["started_at"]) / timedelta(minutes=1)
        more = {"new_rows": new.get(row["run_id"], 0), "minutes": round(took, 1)}
        found.append({**row, **run, **more})
    return found


def loads(reader: Reader, run_ids: Sequence[str]) -> list[Row]:
    """What runs did to each table that they changed."""
    sums = {"new_rows": "inserted", "changed": "updated"}
    sums |= {"cast_failures": "cast_failures", "quarantined": "quarantined"}
    listed = ", ".join(f"sum({column}) AS {name}" for name, column in sums.items())
    sql = f"SELECT table_name, {listed} FROM ops.table_loads"
    rows = _of_runs(reader, sql, run_ids, "GROUP BY table_name ORDER BY table_name")
    return [row for row in rows if any(row[name] for name in sums)]


def events_per_day(
    reader: Reader, account: str, start: datetime, end: datetime
) -> list[tuple[date, int]]:
    """Events of each day that the window touches, days without any too."""
    first, last = start.date(), (end - timedelta(seconds=1)).date()
    counts: dict[date, int] = {}
    if reader.has("silver.events"):
        rows = reader.rows(
            "SELECT event_date AS day, count(*) AS row_count FROM silver.events "
            f"WHERE _account_id = {text(account)} "
            f"AND event_date BETWEEN DATE '{first}' AND DATE '{last}' GROUP BY event_date"
        )
        counts = {row["day"]: row["row_count"] for row in rows}
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [(day, counts.get(day, 0)) for day in days]


def _of_runs(reader: Reader, sql: str, run_ids: Sequence[str], rest: str = "") -> list[Row]:
    if not run_ids:
        return []
    listed = ", ".join(text(run_id) for run_id in run_ids)
    return reader.rows(f"{sql} WHERE run_id IN ({listed}) {rest}")
