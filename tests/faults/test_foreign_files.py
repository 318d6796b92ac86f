"""Files of others in a table's folder: upkeep and forget leave them, and say which."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from klaviyo_spark.commands.forget.readable import ReadableTables
from klaviyo_spark.commands.forget.removing import clear
from klaviyo_spark.commands.maintain import maintain
from klaviyo_spark.config.models import Settings
from klaviyo_spark.errors import LakeError
from klaviyo_spark.lake import maintenance
from klaviyo_spark.lake.lake import Lake, Place
from klaviyo_spark.resources import TABLES
from klaviyo_spark.silver.refine import refine
from tests.builders import NOON, a_page, a_record
from tests.helpers.small_lakes import a_lake

LEFT = (
    "{} in the table's folder was not made by klaviyo-spark, and VACUUM would delete it; "
    "no old file of the table was removed. Move it to another folder, then run the same "
    "command again."
)


def grown(lake: Lake) -> None:
    """Two loads of tags, so that VACUUM has files of ours to remove."""
    for day in range(2):
        at = NOON + timedelta(days=day)
        page = a_page("tags", a_record("tag", "T1", name=f"of day {day}"))
        facts = {"fetched_at": at, "ingest_date": at.date(), "read_started_at": at}
        lake.append_pages([{**page, **facts, "run_id": f"r{day}", "batch_id": f"b{day}"}])
        refine(lake, "default", ["tags"])


def age(folder: Path) -> None:
    """Make all files that stand in it older than any retention."""
    old = time.time() - 90 * 86400
    for path in folder.rglob("*"):
        if "_delta_log" not in path.parts:
            os.utime(path, (old, old))


def data_files(table: Path) -> set[str]:
    return {
        str(path.relative_to(table))
        for path in table.rglob("*")
        if path.name[0] not in "._" and "_delta_log" not in path.parts
    }


@pytest.fixture
def lake(spark, tmp_path) -> Lake:
    made = a_lake(spark, tmp_path / "a lake")
    grown(made)
    return made


@pytest.mark.parametrize("theirs", ["notes.txt", "export/x.parquet"])
def test_maintain_leaves_a_table_with_a_file_of_others_and_names_it(lake, theirs, monkeypatch):
    merged = "klaviyo_spark.lake.maintenance.worth_vacuuming"
    monkeypatch.setattr(merged, lambda commits, *_: any(c.operation == "MERGE" for c in commits))
    table = Path(lake.place.warehouse) / "klaviyo_v2.db" / "tags"
    (table / theirs).parent.mkdir(exist_ok=True)
    (table / theirs).write_bytes(b"theirs")
    age(table)
    before = data_files(table)
    settings = Settings(warehouse=lake.place.warehouse, vacuum_after=timedelta(days=7))

    done = maintain(lake, settings)

    assert done.errors == [f"klaviyo_v2.tags: vacuum: {LEFT.format(theirs)}"]
    assert done.exit_code == 3
    assert data_files(table) == before
    (table / theirs).unlink()
    assert maintain(lake, settings).errors == []


def test_forget_says_that_old_files_are_still_there(lake):
    table = Path(lake.place.warehouse) / "klaviyo_v2.db" / "tags"
    (table / "notes.txt").write_text("theirs")
    age(table)
    before = data_files(table)
    assert len(before) == 3

    errors = clear(lake, ["tags"], ReadableTables(lake))
    [line] = [line for line in errors if "/tags" in line]
    assert line.endswith(f"/tags`: its old files are still there: {LEFT.format('notes.txt')}")
    assert data_files(table) == before
    (table / "notes.txt").unlink()

    clear(lake, ["tags"], ReadableTables(lake))
    assert len(data_files(table)) == 1


def test_behind_a_catalog_vacuum_itself_is_asked(spark):
    schemas = ("foreign_bronze", "foreign_silver", "foreign_ops")
    lake = Lake(spark, Place("", "spark_catalog", *schemas))
    try:
        grown(lake)
        name = lake._silver(TABLES["tags"])
        [detail] = spark.sql(f"DESCRIBE DETAIL {name}").collect()
        table = Path(detail["location"].removeprefix("file:"))
        (table / "notes.txt").write_text("theirs")
        age(table)

        with maintenance.listing_quickly(lake):
            with pytest.raises(
                LakeError, match=r"^notes\.txt in the table's folder was not made by"
            ):
                maintenance.vacuum(lake, name, timedelta(0), at_once=True)
            assert len(data_files(table)) == 3
            (table / "notes.txt").unlink()
            assert maintenance.vacuum(lake, name, timedelta(0), at_once=True)
        assert len(data_files(table)) == 1
    finally:
        for schema in schemas:
            spark.sql(f"DROP SCHEMA IF EXISTS spark_catalog.{schema} CASCADE")
