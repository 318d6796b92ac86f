"""Rows that the driver holds reach Spark whole."""

from __future__ import annotations

import pyarrow as pa

from klaviyo_spark.lake.arrow import frame_of


def test_rows_after_a_piece_without_any_are_not_lost(spark):
    """A filter over several files leaves such pieces; Spark reads up to the first of them."""
    schema = pa.schema([("n", pa.int64())])
    some = [pa.record_batch([pa.array(rows, pa.int64())], schema) for rows in ([], [1], [], [2, 3])]

    found = frame_of(spark, pa.Table.from_batches(some, schema))

    assert sorted(row["n"] for row in found.collect()) == [1, 2, 3]


def test_a_table_without_a_piece_has_no_rows(spark):
    """A dataset without files has none, and Spark makes no array of texts of no piece."""
    schema = pa.schema([("n", pa.int64()), ("texts", pa.list_(pa.string()))])

    found = frame_of(spark, pa.Table.from_batches([], schema))

    assert (found.columns, found.collect()) == (["n", "texts"], [])
