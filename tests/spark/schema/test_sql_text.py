"""Texts and names in SQL, whatever characters they have: Spark and delta-rs read back the same."""

from __future__ import annotations

from klaviyo_spark.schema.sql_text import portable, text
from tests.data.odd_texts import ODD_TEXTS


def test_spark_reads_a_text_as_it_was(spark):
    texts = ", ".join(f"{text(value)}, {portable(value)}" for value in ODD_TEXTS)

    [row] = spark.sql(f"SELECT array({texts}) AS texts").collect()

    assert row["texts"] == [value for value in ODD_TEXTS for _ in range(2)]
