"""Which files in a table's folder are of Delta's making, by name and place. No Spark here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from klaviyo_spark.lake.foreign_files import _in_folder, is_made

UUID = "238f0b17-26a0-47bc-91f8-b22962a55d63"
PART = f"part-00000-{UUID}-c000.snappy.parquet"
NEVER = 4e9


@pytest.mark.parametrize(
    "path",
    [
        PART,
        f"part-00001-{UUID}.c000.snappy.parquet",
        f"part-{UUID}.parquet",
        f"part-00000-{UUID}-c000.zstd.parquet",
        f"part-00000-tid-831-{UUID}-12-1-c000.snappy.parquet",
        f"event_date=2026-06-01/{PART}",
        f"event_date=__HIVE_DEFAULT_PARTITION__/part-{UUID}.parquet",
        f"_change_data/cdc-00000-{UUID}.c000.snappy.parquet",
        f"_change_data/event_date=2026-06-01/cdc-00000-{UUID}.c000.snappy.parquet",
        f"deletion_vector_{UUID}.bin",
    ],
)
def test_what_spark_and_delta_rs_and_we_write_is_known(path):
    assert is_made(path, ["event_date"])


@pytest.mark.parametrize(
    "path",
    [
        "notes.txt",
        "x.parquet",
        "part-0.parquet",
        "part-00000.snappy.parquet",
        f"export/{PART}",
        f"event_date=2026-06-01/notes/{PART}",
        f"day=2026-06-01/{PART}",
        f"Xy/{PART}",
        f"{PART}.csv",
        f"copy of {PART}",
        f"deletion_vector_{UUID}.txt",
        "",
    ],
)
def test_all_else_is_somebody_elses(path):
    assert not is_made(path, ["event_date"])


def test_a_table_with_column_mapping_spreads_its_files():
    assert is_made(f"Xy/{PART}", [], spread=True)
    assert is_made(f"Xy/deletion_vector_{UUID}.bin", [], spread=True)
    assert not is_made(f"export/{PART}", [], spread=True)


def found(table: Path, before_s: float = NEVER) -> list[str]:
    return sorted(_in_folder(table, ["day"], False, {"metadata"}, before_s))


def test_a_folder_is_looked_through_but_for_what_vacuum_leaves_alone(tmp_path):
    ours = (PART, f".{PART}.crc", f"day=1/{PART}", f"_change_data/cdc-{UUID}.parquet")
    hidden = ("_delta_log/notes.txt", ".git/config", "_SUCCESS", "metadata/v1.metadata.json")
    theirs = (
        "a.txt",
        f"day=1/sub/{PART}",
        "export/b.csv",
        "_change_data/c.csv",
        "day=1/metadata/d",
    )
    for name in (*ours, *hidden):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "day=2").mkdir()
    assert found(tmp_path) == []

    for name in theirs:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "empty" / "inside").mkdir(parents=True)
    (tmp_path / f"part-00001-{UUID}.parquet").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "linked").symlink_to(tmp_path.parent)
    assert found(tmp_path) == sorted(
        [*theirs, "empty/inside/", f"part-00001-{UUID}.parquet", "linked"]
    )


def test_what_is_young_is_not_in_vacuums_way_yet(tmp_path):
    for name, at in (("old.txt", 1000), ("young.txt", 2000)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (at, at))

    assert found(tmp_path, 1500) == ["old.txt"]
