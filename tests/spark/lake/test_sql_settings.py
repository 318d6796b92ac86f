"""The settings that our SQL is written for: set while a verb runs, then as they were."""

from __future__ import annotations

from datetime import datetime, timezone

import pyarrow.parquet as pq
from pyspark.errors import AnalysisException

from klaviyo_spark.lake.spark.sql_settings import MEANING, hold

HOSTILE = {
    "spark.sql.session.timeZone": "America/Los_Angeles",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.ansi.enabled": "false",
    "spark.sql.parser.escapedStringLiterals": "true",
    "spark.sql.parser.quotedRegexColumnNames": "true",
    "spark.sql.caseSensitive": "true",
    "spark.sql.variable.substitute": "true",
    "spark.sql.json.enablePartialResults": "false",
    "spark.sql.ansi.doubleQuotedIdentifiers": "true",
    "spark.sql.ansi.enforceReservedKeywords": "true",
}


def test_every_probe_tells_the_meaning_of_its_setting(spark):
    assert HOSTILE.keys() == MEANING.keys()
    for key, (_, probe) in MEANING.items():
        assert spark.sql(f"SELECT {probe}").first()[0] is True, key
        with hold(spark, {key: HOSTILE[key]}):
            try:
                told = spark.sql(f"SELECT {probe}").first()[0]
            except AnalysisException:
                told = False
        assert told is False, key


def test_times_of_any_year_are_stored_as_microseconds(spark, tmp_path):
    years = (1, 1500, 9999)
    words = ", ".join(f"(TIMESTAMP'{year:04}-01-02 00:00:00Z')" for year in years)
    table = f"delta.`{tmp_path}/t`"
    spark.sql(f"CREATE TABLE {table} USING delta AS SELECT col1 AS at FROM VALUES {words}")
    files = list((tmp_path / "t").glob("*.parquet"))
    kinds = {str(pq.read_metadata(file).schema.column(0).physical_type) for file in files}
    times = [time for file in files for time in pq.read_table(file)["at"].to_pylist()]
    assert sorted(times) == [datetime(year, 1, 2, tzinfo=timezone.utc) for year in years]
    assert kinds == {"INT64"}
