"""Arrow's tables as plain rows: what both readers give."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from klaviyo_spark.clock import utc
from klaviyo_spark.lake.readers.reader import Row

# Units of Arrow's times that a microsecond is no part of.
_MICROS = {"s": 1_000_000, "ms": 1_000, "us": 1}


def plain(table: pa.Table) -> list[Row]:
    """Rows of an Arrow table; times in UTC."""
    columns = [values(column) for column in table.columns]
    return [dict(zip(table.column_names, row, strict=True)) for row in zip(*columns, strict=True)]


def values(column: pa.ChunkedArray) -> list[Any]:
    """What Python has for a column; a time without a zone is in UTC.

    Arrow's own ways to make times, and to cast them, import pandas and half of Arrow: longer than
    it takes to read a small lake.
    """
    if not pa.types.is_timestamp(column.type):
        plain_values: list[Any] = column.to_pylist()
        return plain_values
    numbers = [number for chunk in column.chunks for number in chunk.view(pa.int64()).to_pylist()]
    if column.type.unit == "ns":
        return [None if number is None else utc(number // 1_000) for number in numbers]
    scale = _MICROS[column.type.unit]
    return [None if number is None else utc(number * scale) for number in numbers]
