"""Rows of a table in a folder, read and written by delta-rs."""

from __future__ import annotations

import json
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from klaviyo_spark.lake.commit_retry import is_retriable
from klaviyo_spark.lake.local.driver_tables import DriverTables
from klaviyo_spark.lake.local.table import LocalTable, open_table
from klaviyo_spark.lake.merge import Merged, same_key_local
from klaviyo_spark.lake.spark.lazy_session import LazySession
from klaviyo_spark.schema.sql_text import portable

SCHEMA = pa.schema(
    [
        ("_account_id", pa.string()),
        ("id", pa.string()),
        ("reason", pa.string()),
        ("at", pa.timestamp("us", tz="UTC")),
        ("groups", pa.list_(pa.string())),
        ("day", pa.date32()),
    ]
)
KEY = ("_account_id", "id", "reason")
EARLIEST = datetime(1, 1, 1, tzinfo=timezone.utc)
LATEST = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=timezone.utc)


def row(id: str, reason: str | None = None, **cells: Any) -> dict[str, Any]:
    day = date(2026, 7, 1)
    given = {"_account_id": "a", "at": EARLIEST, "groups": [], "day": day, **cells}
    return {"id": id, "reason": reason, **given}


def rows(*some: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(some), schema=SCHEMA)


@pytest.fixture
def folder(tmp_path) -> Path:
    folder = tmp_path / "a table"
    DeltaTable.create(folder, SCHEMA, partition_by=["day"])
    return folder


def opened(folder: Path) -> LocalTable:
    found = open_table(folder)
    assert found
    return found


def contents(folder: Path) -> list[dict[str, Any]]:
    return sorted(opened(folder).rows().to_pylist(), key=lambda one: (one["id"], f"{one}"))


def test_rows_come_back_as_they_were_appended(folder):
    some = (row("1", at=LATEST, groups=["x", None]), row("2", at=None, groups=None, day=None))

    opened(folder).append(rows(*some), "klaviyo-spark run-1")

    assert contents(folder) == list(some)
    assert opened(folder).size()[0] == 2


def test_an_upsert_takes_null_in_a_key_for_a_value_like_any_other(folder):
    opened(folder).append(rows(row("1"), row("1", "bounced"), row("2")), "klaviyo-spark")

    done = opened(folder).upsert(
        rows(row("1", groups=["new"]), row("3")), same_key_local(KEY), SCHEMA.names, "klaviyo-spark"
    )

    assert done == Merged(inserted=1, updated=1)
    assert contents(folder) == [row("1", "bounced"), row("1", groups=["new"]), row("2"), row("3")]


def test_an_upsert_that_updates_nothing_leaves_rows_that_are_there(folder):
    opened(folder).append(rows(row("1")), "klaviyo-spark")

    done = opened(folder).upsert(
        rows(row("1", groups=["new"]), row("2")), same_key_local(KEY), (), "klaviyo-spark"
    )

    assert done == Merged(inserted=1, updated=0)
    assert contents(folder) == [row("1"), row("2")]


def test_columns_of_others_stay_in_old_rows_and_are_null_in_new_ones(folder):
    table = opened(folder)
    table.append(rows(row("1")), "klaviyo-spark")
    table.delta.alter.add_columns([_field("theirs")])
    DeltaTable(folder).update(new_values={"theirs": "kept"})

    ours = rows(row("1", groups=["new"]), row("2"))
    opened(folder).upsert(ours, same_key_local(KEY), SCHEMA.names, "klaviyo-spark")
    opened(folder).append(rows(row("3")), "klaviyo-spark")

    assert [(one["id"], one["theirs"]) for one in contents(folder)] == [
        ("1", "kept"), ("2", None), ("3", None),
    ]  # fmt: skip


def test_commits_are_tagged_and_say_no_value_of_a_row(folder):
    opened(folder).append(rows(row("secret@example.com")), "klaviyo-spark run-1")
    opened(folder).upsert(
        rows(row("secret@example.com", groups=["x"])),
        same_key_local(KEY),
        SCHEMA.names,
        "klaviyo-spark run-2",
    )

    commits = sorted((folder / "_delta_log").glob("*.json"))[1:]
    infos = [_info(commit) for commit in commits]
    assert [info["userMetadata"] for info in infos] == [
        "klaviyo-spark run-1",
        "klaviyo-spark run-2",
    ]
    assert not any("secret" in json.dumps(info) for info in infos)


def test_a_write_upon_an_older_version_than_somebody_elses_is_not_lost(folder):
    mine, theirs = opened(folder), opened(folder)
    theirs.append(rows(row("1")), "somebody")

    mine.append(rows(row("2")), "klaviyo-spark")

    assert contents(folder) == [row("1"), row("2")]


def test_a_merge_upon_rows_that_somebody_has_changed_is_refused_and_may_be_tried_again(folder):
    opened(folder).append(rows(row("1")), "klaviyo-spark")
    mine = opened(folder)
    DeltaTable(folder).delete("id = '1'")

    with pytest.raises(Exception, match="onflict|removed") as refused:
        mine.upsert(rows(row("1")), same_key_local(KEY), SCHEMA.names, "klaviyo-spark")

    assert is_retriable(refused.value)
    assert contents(folder) == []


@pytest.mark.parametrize(
    "properties",
    [
        {"delta.enableChangeDataFeed": "true"},
        {"delta.appendOnly": "true"},
        {"delta.enableDeletionVectors": "true"},
    ],
    ids=str,
)
def test_what_a_merge_would_not_do_to_the_letter_is_left_to_spark(tmp_path, properties):
    DeltaTable.create(tmp_path / "t", SCHEMA, configuration=properties)

    assert open_table(tmp_path / "t") is None


def test_a_table_that_is_not_there_is_left_to_spark(tmp_path):
    assert open_table(tmp_path / "nothing") is None


def _field(name: str) -> Any:
    from deltalake import Field
    from deltalake.schema import PrimitiveType

    return Field(name, PrimitiveType("string"), nullable=True)


def _info(commit: Path) -> dict[str, Any]:
    lines = [json.loads(line) for line in commit.read_text(encoding="utf-8").splitlines()]
    return next(line["commitInfo"] for line in lines if "commitInfo" in line)


ACCOUNT = "o'brien.co"


def test_rows_are_replaced_where_it_holds_by_one_commit_of_ours(folder):
    theirs, old, new = row("1"), row("2", _account_id=ACCOUNT), row("3", _account_id=ACCOUNT)
    opened(folder).append(rows(theirs, old), "klaviyo-spark")
    tables, where = DriverTables(LazySession(pytest.fail)), f"_account_id = {portable(ACCOUNT)}"

    done = [tables.replace(folder, rows(new), where, "klaviyo-spark run-1") for _ in range(2)]

    assert done == [True, True]
    assert contents(folder) == [theirs, new]
    commits = sorted((folder / "_delta_log").glob("*.json"))
    assert _info(commits[-1])["userMetadata"] == "klaviyo-spark run-1"
    assert len(commits) == 3, "its making, the append and one replacement"


def test_a_table_that_spark_has_to_write_is_not_replaced_here(tmp_path):
    tables = DriverTables(LazySession(pytest.fail))

    assert not tables.replace(tmp_path / "nothing", rows(row("1")), "id = '1'", "klaviyo-spark")


def test_a_file_is_read_once_whatever_version_it_is_asked_for(folder):
    opened(folder).append(rows(row("1"), row("2", day=None)), "klaviyo-spark")
    first = contents(folder)
    for file in folder.rglob("*.parquet"):
        file.unlink()

    opened(folder).append(rows(row("3", groups=["x", None], at=None)), "klaviyo-spark")

    assert contents(folder) == [*first, row("3", groups=["x", None], at=None)]


def test_rows_of_a_file_that_a_version_has_no_more_are_gone(folder):
    opened(folder).append(rows(row("1")), "klaviyo-spark")
    opened(folder).append(rows(row("2")), "klaviyo-spark")
    assert [found["id"] for found in contents(folder)] == ["1", "2"]

    opened(folder).delete("id = '1'", "klaviyo-spark")

    assert contents(folder) == [row("2")]


def test_files_are_read_without_python(folder, monkeypatch):
    """Arrow's threads outlive a read, and one that comes upon Python at exit aborts the process."""
    opened(folder).append(rows(row("one")), "tag")

    def refuse(*_args: Any) -> None:
        raise AssertionError("a file was opened by Python")

    monkeypatch.setattr("deltalake.fs.DeltaStorageHandler.open_input_file", refuse)

    assert [found["id"] for found in contents(folder)] == ["one"]
