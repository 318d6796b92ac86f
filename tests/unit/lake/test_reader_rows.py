"""Arrow's tables as plain rows: times in UTC, whatever Arrow has of them."""

from __future__ import annotations

from datetime import date, datetime, timezone

import pyarrow as pa
import pytest

from klaviyo_spark.lake.readers.rows import plain, values

NOON = datetime(2026, 6, 1, 12, 0, 0, 123000, tzinfo=timezone.utc)


@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
@pytest.mark.parametrize(("unit", "since"), [("ms", 1), ("us", 1_000), ("ns", 1_000_000)])
def test_a_time_of_any_unit_and_zone_is_in_utc(zone: str | None, unit: str, since: int):
    numbers = pa.chunked_array([[round(NOON.timestamp() * 1_000) * since, None], [0]], pa.int64())
    column = numbers.cast(pa.timestamp(unit, zone))

    assert values(column) == [NOON, None, datetime(1970, 1, 1, tzinfo=timezone.utc)]


def test_a_time_in_whole_seconds_is_in_utc():
    column = pa.chunked_array([[-1]], pa.int64()).cast(pa.timestamp("s"))

    assert values(column) == [datetime(1969, 12, 31, 23, 59, 59, tzinfo=timezone.utc)]


def test_rows_keep_order_names_and_nulls():
    table = pa.table({"n": [1, None], "at": [NOON, None], "day": [date(2026, 6, 1), None]})

    assert plain(table) == [
        {"n": 1, "at": NOON, "day": date(2026, 6, 1)},
        {"n": None, "at": None, "day": None},
    ]
    assert plain(table.slice(0, 0)) == []


def test_a_slice_of_a_column_has_its_own_times():
    table = pa.table({"at": [None, NOON, None]})

    assert plain(table.slice(1, 1)) == [{"at": NOON}]
