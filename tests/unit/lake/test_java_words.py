"""What an error of Java's, or a data file that is not there, is called. No Spark here."""

from __future__ import annotations

import pytest

from klaviyo_spark.errors import in_a_line
from klaviyo_spark.java_words import lost_file

FILE = "file:/lakes/l/klaviyo_v2.db/tags/part-00001-bcea06bb-7b8f-4937-8698-ffc55eb35702.parquet"
PAGE = (
    "s3a://b/l%20k/klaviyo_bronze.db/pages/resource=events/ingest_date=2026-06-01/"
    "part-b194c8ec-5f5e-4166-9d7c-555be83e4244.parquet"
)
GONE = "Encountered error while reading file {}. File does not exist. It is possible the underlying"


class Py4JJavaError(Exception):
    """As py4j's: its text is Java's whole stack."""


def java(*lines: str, call: str = "o9640.isEmpty") -> Exception:
    return Py4JJavaError("\n".join([f"An error occurred while calling {call}.", *lines]))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            java(
                ": org.apache.spark.SparkArithmeticException: [DIVIDE_BY_ZERO] Division by zero.",
                "\tat org.apache.spark.sql.X(X.scala:1)",
                "Caused by: java.lang.ArithmeticException: / by zero",
            ),
            "SparkArithmeticException: [DIVIDE_BY_ZERO] Division by zero.",
        ),
        (
            java(
                ": org.apache.spark.SparkException: Job aborted due to stage failure: Task 0 in ",
                "\tat org.apache.spark.X(X.scala:1)",
                "Caused by: org.apache.spark.SparkException: Task failed while writing rows.",
                "\t... 3 more",
                "Caused by: java.io.IOException: Input/output error",
            ),
            "IOException: Input/output error",
        ),
        (
            java(
                ": org.apache.spark.SparkException: Exception thrown in awaitResult: ",
                "Caused by: io.delta.X$Y: [DELTA_CONCURRENT_APPEND] Somebody appended.",
                "Caused by: java.lang.RuntimeException",
            ),
            "X$Y: [DELTA_CONCURRENT_APPEND] Somebody appended.",
        ),
        (java(": java.lang.NullPointerException", "\tat x.Y(Z)"), "NullPointerException: "),
        (
            java(": java.io.IOException: one", "Caused by: java.io.IOException: two"),
            "IOException: one",
        ),
        (ValueError("plain\nmore"), "ValueError: plain"),
    ],
    ids=["a condition", "a job", "a condition below", "no words", "says it itself", "Python's"],
)
def test_an_error_of_java_is_said_in_its_own_words(error, words):
    assert in_a_line(error) == words
    assert lost_file(error) is None


@pytest.mark.parametrize(
    "error",
    [
        java(f": org.x.SparkException: [FAILED_READ_FILE.FILE_NOT_EXIST] {GONE.format(FILE)}"),
        java(
            ": org.apache.spark.SparkException: Job aborted.",
            "Caused by: x.Y: [FAILED_READ_FILE.DBR_FILE_NOT_EXIST] Error while reading "
            f"file {FILE}. [DELTA_FILE_NOT_FOUND] File",
        ),
        java(
            ": org.apache.spark.SparkException: Job aborted.",
            f"Caused by: java.io.FileNotFoundException: File {FILE} does not exist",
        ),
        Exception(f"[FAILED_READ_FILE.FILE_NOT_EXIST] {GONE.format(FILE)} SQLSTATE: KD001"),
    ],
    ids=["Spark", "Databricks", "Hadoop", "Connect"],
)
def test_a_missing_data_file_of_a_table_is_named_with_the_way_out(error):
    assert lost_file(error) == FILE
    assert in_a_line(error) == (
        f"klaviyo_v2.tags: the data file {FILE} is missing. Restore it from a backup, or run "
        "`klaviyo-spark refine --rebuild` to rebuild the table from bronze."
    )


def test_a_missing_file_of_pages_says_what_is_lost():
    error = java(f": x.SparkException: [FAILED_READ_FILE.FILE_NOT_EXIST] {GONE.format(PAGE)}")

    assert in_a_line(error) == (
        f"klaviyo_bronze.pages: the data file {PAGE} is missing, and with it pages of events "
        "fetched on 2026-06-01. Restore it from a backup, or `DELETE FROM` the table `WHERE "
        "resource = 'events' AND ingest_date = '2026-06-01'`; the next sync then reads that day's "
        "pages again."
    )


def test_a_file_of_a_catalogs_table_is_of_a_table_that_the_path_does_not_name():
    path = "abfss://c@a.dfs.core.windows.net/x/__unitystorage/tables/8f/part-00000-a.snappy.parquet"
    error = Exception(f"[FAILED_READ_FILE.FILE_NOT_EXIST] {GONE.format(path)}")

    assert lost_file(error) == path
    assert in_a_line(error).startswith(f"a table: the data file {path} is missing. ")


def test_delta_rs_words_are_understood_too():
    assert lost_file(Exception("Object at location /l/t/part-1.parquet not found: No such")) == (
        "/l/t/part-1.parquet"
    )
