"""Texts and names in SQL, whatever characters they have: Spark and delta-rs read back the same."""

from __future__ import annotations

import pyarrow as pa
import pytest
from deltalake import DeltaTable, QueryBuilder, write_deltalake

from klaviyo_spark.schema.sql_text import portable, text
from tests.data.odd_texts import ODD_TEXTS


def test_a_text_never_holds_what_spark_takes_for_a_variable():
    assert text("a${b}c") == "'a$' '{b}c'"
    assert portable("a${b}c") == "concat('a', chr(36), chr(123), 'b}c')"


def test_a_text_never_holds_the_name_of_a_table():
    assert portable("ops.runs") == "concat('ops', chr(46), 'runs')"
    assert portable("a{t}b") == "concat('a', chr(123), 't}b')"


def test_an_empty_text_is_one():
    assert portable("") == "''"


@pytest.mark.parametrize("value", ODD_TEXTS)
def test_delta_rs_reads_a_text_as_it_was(tmp_path, value):
    write_deltalake(tmp_path, pa.table({"a": [1]}))
    engine = QueryBuilder().register("t", DeltaTable(tmp_path))

    [row] = pa.table(engine.execute(f"SELECT {portable(value)} AS text FROM t")).to_pylist()

    assert row["text"] == value
