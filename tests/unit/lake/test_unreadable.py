"""What is said of a table that cannot be opened, and which errors are about one table alone."""

from __future__ import annotations

import errno
import os

import pytest

from klaviyo_spark.errors import LakeBusy, TableUnreadable
from klaviyo_spark.lake.delta_log import in_folder
from klaviyo_spark.lake.unreadable import is_damage, unreadable


@pytest.mark.parametrize(
    ("table", "after"),
    [
        ("tags", "`klaviyo-spark refine` rebuilds it from bronze"),
        ("pages", "the next sync reads everything from Klaviyo again"),
        ("watermarks", "the next sync reads everything from Klaviyo again"),
        ("table_loads", "`klaviyo-spark refine` loads all pages again"),
        ("runs", "the next run makes it again, without the rows it had"),
    ],
)
def test_a_table_that_cannot_be_opened_is_named_with_the_way_out(table, after):
    error = unreadable("schema", table, f"file:///lake/{table}", "Versions (0, 2) are not so.")
    assert error.table == f"schema.{table}"
    assert str(error) == (
        f"schema.{table} is unreadable (Versions (0, 2) are not so). Restore it from a backup, or "
        f"move /lake/{table} away; {after}."
    )


def test_in_a_catalog_it_is_dropped_or_renamed():
    assert "or drop or rename `main`.`klaviyo_v2`.`tags`; " in str(
        unreadable("klaviyo_v2", "tags", "`main`.`klaviyo_v2`.`tags`", "why")
    )


JAVA = "An error occurred while calling o1.table.\n: org.apache.spark.SparkException: {}\n\tat {}"


@pytest.mark.parametrize(
    ("error", "damaged"),
    [
        (RuntimeError(JAVA.format("[FAILED_READ_FILE]", "java.util.concurrent.Pool.run")), True),
        (ValueError("Expecting value: line 1 column 1"), True),
        (RuntimeError(JAVA.format("[DELTA_CONCURRENT_APPEND] lost", "a.b.c")), False),
        (
            RuntimeError(JAVA.format("x", "y") + "\nCaused by: a.b.SocketTimeoutException: s3"),
            False,
        ),
        (
            RuntimeError(
                JAVA.format("[FAILED_READ_FILE]", "y") + "\nCaused by: java.util.concurrent"
                ".ExecutionException: java.io.EOFException"
            ),
            True,
        ),
        (RuntimeError(JAVA.format("[INSUFFICIENT_PERMISSIONS] no SELECT", "a.b.c")), False),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), False),
        (LakeBusy(None), False),
    ],
)
def test_an_error_that_meets_all_tables_or_passes_by_is_no_damage(error, damaged):
    assert is_damage(error) is damaged


def test_an_empty_commit_is_damage_though_readers_take_it_for_one_without_changes(tmp_path):
    log = tmp_path / "klaviyo_v2.db" / "tags" / "_delta_log"
    log.mkdir(parents=True)
    (log / f"{0:020}.json").write_text('{"metaData":{"id":"one"}}\n')
    (log / f"{1:020}.json").write_text("")
    with pytest.raises(TableUnreadable, match=r"klaviyo_v2\.tags is unreadable .*1\.json is empty"):
        in_folder(log.parent, None)
