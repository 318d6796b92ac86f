"""What the log of a table in a folder says, read as files; logs as delta-rs and others write them.

What Spark's statements say of the same is in ``test_reconcile``.
"""

from __future__ import annotations

import json
import shutil
from datetime import datetime, timezone
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import CommitProperties, DeltaTable, write_deltalake

from klaviyo_spark.lake.commit_tag import TAG, option
from klaviyo_spark.lake.delta_log import TableState, in_folder

OURS = CommitProperties(custom_metadata=option(TAG))


@pytest.fixture
def folder(tmp_path) -> Path:
    """A table of ours: made, then one row appended."""
    table = tmp_path / "tags"
    DeltaTable.create(str(table), pa.schema([("id", pa.int64())]))
    append(table, 1)
    return table


def append(table: Path, *ids: int, by: CommitProperties | None = OURS) -> None:
    write_deltalake(str(table), pa.table({"id": ids}), mode="append", commit_properties=by)


def state(table: Path, since: int | None = None) -> TableState:
    found = in_folder(table, since)
    assert found
    return found


def foreign(table: Path, since: int = 0) -> list[tuple[int, str, bool]]:
    return [(one.version, one.operation, one.removes) for one in state(table, since).foreign]


def test_a_table_is_known_by_its_id_and_its_newest_version(folder):
    found = state(folder)

    assert (found.table_id, found.version) == (str(DeltaTable(folder).metadata().id), 1)
    assert found.foreign == ()


def test_where_there_is_no_table_nothing_is_said(tmp_path):
    (tmp_path / "killed" / "_delta_log").mkdir(parents=True)

    assert in_folder(tmp_path / "nothing", 3) is None
    assert in_folder(tmp_path / "killed", 3) is None


def test_commits_of_others_that_change_rows_are_named(folder):
    append(folder, 2)
    append(folder, 3, by=None)
    DeltaTable(folder).delete("id = 1")
    DeltaTable(folder).update(updates={"id": "9"}, predicate="id = 2")
    DeltaTable(folder).restore(2)

    assert foreign(folder) == [
        (3, "WRITE", False),
        (4, "DELETE", True),
        (5, "UPDATE", True),
        (6, "RESTORE", True),
    ]
    assert foreign(folder, since=4) == [(5, "UPDATE", True), (6, "RESTORE", True)]
    [last] = state(folder, since=5).foreign
    away = datetime.now(timezone.utc) - last.at
    assert 0 <= away.total_seconds() < 60
    assert str(last) == f"{last.at:%Y-%m-%d %H:%M:%S} UTC RESTORE (version 6)"


def test_commits_that_leave_rows_as_they_are_are_nothing(folder):
    append(folder, 2)
    table = DeltaTable(folder)
    table.optimize.compact()
    table.vacuum(0, enforce_retention_duration=False, dry_run=False)
    table.alter.set_table_properties({"delta.logRetentionDuration": "interval 60 days"})

    found = state(folder, since=0)
    assert (found.foreign, found.version) == ((), table.version())
    assert found.properties["delta.logRetentionDuration"] == "interval 60 days"


def test_a_table_that_was_made_again_has_another_id(folder):
    before = state(folder).table_id
    shutil.rmtree(folder)
    append(folder, 1)
    append(folder, 2)

    assert state(folder, since=1).table_id != before


def test_the_id_is_read_from_the_checkpoint_where_older_commits_are_gone(folder):
    before = state(folder)
    DeltaTable(folder).create_checkpoint()
    append(folder, 2)
    for version in (0, 1):
        (folder / "_delta_log" / f"{version:020}.json").unlink()

    found = state(folder, since=0)
    assert (found.table_id, found.version, found.foreign) == (before.table_id, 2, ())
    (folder / "_delta_log" / f"{2:020}.json").unlink()
    assert state(folder).version == 1, "a checkpoint alone is a version too"


def test_a_checkpoint_of_a_form_that_is_not_known_here_is_left_to_spark(folder):
    log = folder / "_delta_log"
    for version in (0, 1):
        (log / f"{version:020}.json").unlink()
    (log / f"{1:020}.checkpoint.0b.json").write_text('{"checkpointMetadata":{"version":1}}\n')

    with pytest.raises(LookupError):
        in_folder(folder, None)


def test_a_commit_that_says_nothing_of_itself_is_somebody_elses(folder):
    add = {
        "path": "x.parquet", "partitionValues": {}, "size": 1, "modificationTime": 0,
        "dataChange": True,
    }  # fmt: skip
    commit = folder / "_delta_log" / f"{2:020}.json"
    commit.write_text(json.dumps({"add": add}) + "\n")  # with blanks, unlike Spark

    assert foreign(folder, since=1) == [(2, "a commit without a name", False)]
