"""Silver held against what the sample account says must be there, cell by cell."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timezone
from typing import Any

from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.resources import TABLES

# Free-form objects: equal as JSON, not as text.
_JSON = {
    "properties",
    "tracking_options_utm_params",
    "extra_customer_merge",
    "definition",
    "metric_filters",
    "monitor_configuration",
    "_tracking_params",
    "ranked_channel_affinity",
    "images",
    "custom_metadata",
}
# Times of our own reads; tests hold them against those.
_SEEN = {"first_seen_at", "last_seen_at"}


def differences(lake: Lake, truth: dict[str, list[dict[str, Any]]]) -> list[str]:
    """A line per row missing or too many, per cell and mark that differs; empty if all agrees."""
    return [line for name, rows in truth.items() for line in _table(lake, name, rows)]


def held(lake: Lake, names: Iterable[str]) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of some tables, by its key and the hash of its cells, with its mark."""
    found = {}
    for name in names:
        columns = ("_account_id", *TABLES[name].key, "_row_hash", "_deleted_at")
        found[name] = sorted(
            map(tuple, lake.silver(TABLES[name]).select(*columns).collect()), key=str
        )
    return found


def _table(lake: Lake, name: str, expected: list[dict[str, Any]]) -> Iterator[str]:
    table = TABLES[name]
    columns = [c.name for c in table.visible if c.name not in _SEEN]
    if expected:
        columns += [c.name for c in table.internal if c.name in expected[0]]
    found = lake.silver(table).select(*columns, "_deleted_at").collect()
    have = {_key(row.asDict(), table.key): row.asDict() for row in found}
    if len(have) != len(found):
        yield f"{name}: {len(found) - len(have)} rows are doubled"
    want = {_key(row, table.key): row for row in expected}
    for key in want.keys() - have.keys():
        yield f"{name} {key}: missing"
    for key in have.keys() - want.keys():
        yield f"{name} {key}: too many"
    for key in want.keys() & have.keys():
        for column in columns:
            a, b = _plain(column, have[key][column]), _plain(column, want[key][column])
            if a != b:
                yield f"{name} {key} {column}: {a!r:.80} instead of {b!r:.80}"
        marked = have[key]["_deleted_at"] is not None
        if not table.history and marked != want[key]["_deleted"]:
            yield f"{name} {key}: marked={marked}"


def _key(row: dict[str, Any], key: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(_plain(k, row[k]) for k in key)


def _plain(column: str, value: Any) -> Any:
    if column in _JSON and value is not None:
        value = json.loads(value) if isinstance(value, str) else value
        return json.dumps(value, sort_keys=True)
    if isinstance(value, datetime):
        zoned = value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value
        return zoned.astimezone(timezone.utc)
    if isinstance(value, date):
        return value.isoformat()
    return value
