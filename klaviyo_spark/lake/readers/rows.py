"""Arrow's tables as plain rows: what both readers give."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pyarrow as pa

from klaviyo_spark.lake.readers.reader import Row


def plain(table: pa.Table) -> list[Row]:
    """Rows of an Arrow table; times in UTC."""
    return [{name: utc(value) for name, value in row.items()} for row in table.to_pylist()]


def utc(value: Any) -> Any:
    """A time in UTC, where none is said too; anything else as it is."""
    if isinstance(value, datetime):
        known = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
        return known.astimezone(timezone.utc)
    return value
