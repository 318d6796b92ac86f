"""Requests that count in a budget of 24 hours: what runs have sent is kept in ``klaviyo_ops``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.lake.readers.opening import ask
from klaviyo_spark.schema.sql_text import instant, portable

TABLE = "daily_requests"
# Longer than a day: whoever counts knows what is still in it.
_KEPT = timedelta(hours=25)


def sent_lately(lake: Lake, account_id: str, now: datetime) -> dict[str, list[datetime]]:
    """Per budget, when the account's runs have sent requests within the last day (UTC)."""
    rows = ask(
        lake,
        TABLE,
        f"SELECT endpoint, sent_at FROM {{t}} WHERE account_id = {portable(account_id)} "
        f"AND sent_at >= {instant(now - _KEPT)}",
    )
    found: dict[str, list[datetime]] = {}
    for row in rows:
        found.setdefault(row["endpoint"], []).append(row["sent_at"])
    return found


def as_rows(
    sent: Mapping[str, Iterable[datetime]], account_id: str, run_id: str
) -> list[dict[str, Any]]:
    """Rows of ``klaviyo_ops.daily_requests``."""
    return [
        {"account_id": account_id, "endpoint": budget, "sent_at": at, "run_id": run_id}
        for budget, times in sent.items()
        for at in times
    ]
