"""Whether what a ledger speaks of is still in a table's log, and what follows. No Spark here."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import CommitProperties, DeltaTable, write_deltalake

from klaviyo_spark.lake.commit_tag import TAG, is_of_run, is_ours, option, tag_of
from klaviyo_spark.lake.delta_log import Signature, TableState, Write, in_folder, is_missing
from klaviyo_spark.silver.repair import RepairPlan, mending
from klaviyo_spark.state.drift import LoadMark, drift, writes_of

MERGE = '["((_account_id#1 <=> _account_id#2) AND (tag_id#3 <=> tag_id#4))"]'


def by(*runs: str) -> list[Signature]:
    """Commits from version 4 on; '' is one of another's."""
    return [Signature(4 + n, tag_of(run) if run else None) for n, run in enumerate(runs)]


def test_a_tag_names_the_runs_of_its_commit():
    assert tag_of("") == TAG
    assert tag_of("r1", "r2", "r1", "") == f"{TAG} r1 r2"
    assert [is_ours(tag) for tag in (TAG, f"{TAG} r1", f"{TAG}-x", "r1", None)] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert [is_of_run(f"{TAG} r1 r2", run) for run in ("r1", "r2", "r3", TAG)] == [
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("write", "newest", "oldest", "commits", "missing"),
    [
        (Write(3, "r1"), 3, 0, by(), True),
        (Write(3, "r1"), 2, 0, by(), True),
        (Write(3, ""), 3, 0, by(), True),
        (Write(3, ""), 4, 0, by("r9"), False),
        (Write(3, "r1"), 4, 0, by("r1"), False),
        (Write(3, "r1"), 6, 0, by("", "r2", "r1"), False),
        (Write(3, "r1"), 6, 0, by("", "r2", ""), True),
        (Write(3, "r1", 2), 5, 0, by("r1", "r1"), False),
        (Write(3, "r1", 2), 4, 0, by("r1"), True),
        (Write(3, "r1", 2), 6, 0, by("r1", "", "r2"), True),
        (Write(3, "r1"), 6, 4, by("", "r2", ""), True),
        (Write(3, "r1"), 6, 5, by("", "r2", "")[1:], False),
        (Write(3, "r1"), 4, 0, [Signature(4, None, MERGE)], False),
        (Write(3, "r1"), 4, 0, [Signature(4, None, "(tag_id#3 = x)")], True),
        (Write(3, "r1"), 4, 0, [Signature(4, None, is_known=False)], False),
    ],
    ids=[
        "as it was before",
        "older",
        "no run said and as before",
        "no run said and newer",
        "there",
        "there, later",
        "others in its place",
        "all of its commits",
        "one of its commits",
        "one of its commits and others",
        "the log reaches back just so far",
        "the log no longer reaches back",
        "ours without a tag",
        "a merge of another's",
        "a commit that says nothing of itself",
    ],
)
def test_a_write_is_missing_where_the_log_proves_it(write, newest, oldest, commits, missing):
    assert is_missing(write, newest, oldest, commits) == missing


def append(table: Path, tag: str | None, *rows: int) -> None:
    properties = CommitProperties(custom_metadata=option(tag)) if tag else None
    write_deltalake(table, pa.table({"n": [*rows]}), mode="append", commit_properties=properties)


def test_a_copy_of_a_folder_lacks_the_write_of_the_run_after_it(tmp_path):
    table, copy = tmp_path / "t", tmp_path / "copy"
    append(table, tag_of("r1"), 1)
    shutil.copytree(table, copy)
    append(table, tag_of("r2"), 2)
    write = Write(0, "r2")

    assert in_folder(table, None, [write]).missing == frozenset()
    assert in_folder(copy, None, [write, Write(-1, "r1")]).missing == {write}
    append(copy, None, 3)
    DeltaTable(copy).optimize.compact()
    state = in_folder(copy, 0, [write])
    assert (state.version, state.missing) == (2, {write})
    assert [commit.operation for commit in state.foreign] == ["WRITE"]


def test_a_log_whose_old_commits_have_gone_proves_nothing(tmp_path):
    table = tmp_path / "t"
    for n in range(4):
        append(table, tag_of("r1" if n == 1 else "r9"), n)
    DeltaTable(table).create_checkpoint()
    for version in (0, 1):
        (table / "_delta_log" / f"{version:020}.json").unlink()

    assert in_folder(table, None, [Write(0, "r1")]).missing == frozenset()
    assert in_folder(table, None, [Write(3, "r2")]).missing == {Write(3, "r2")}


def test_a_commit_without_any_word_of_itself_may_be_ours(tmp_path):
    table = tmp_path / "t"
    append(table, tag_of("r1"), 1)
    append(table, tag_of("r2"), 2)
    file = table / "_delta_log" / f"{1:020}.json"
    lines = [line for line in file.read_text().splitlines() if "commitInfo" not in json.loads(line)]
    file.write_text("\n".join(lines))

    assert in_folder(table, None, [Write(0, "r3")]).missing == frozenset()


# -- what follows ---------------------------------------------------------------------------------


def loaded(written: Write | None, version: int = 3, **of: Any) -> LoadMark:
    return LoadMark("tags", "A", version, frozenset({"b1"}), written=written, **of)


def test_of_an_older_copy_no_load_counts():
    write = Write(2, "r1")
    older = TableState("A", 9, missing=frozenset({write}))

    found = drift([loaded(write)], {"tags": older})

    assert (found.batch_ids, found.gone, found.put_back) == ({}, {"tags": {"b1"}}, {"tags"})
    assert (found.fresh, found.foreign_commits) == ({}, {})
    assert drift([loaded(None)], {"tags": TableState("A", 2)}).put_back == {"tags"}
    assert drift([loaded(Write(2, "r2"))], {"tags": older}).put_back == frozenset()
    assert writes_of([loaded(write), loaded(None), loaded(Write(1, "x"))]) == {
        "tags": (write, Write(1, "x"))
    }


def test_an_older_copy_is_made_anew_or_loaded_again_and_never_refused():
    copies = {"tags", "events", "event_group_ids"}

    assert mending({"tags"}, (), (), copies) == RepairPlan(frozenset({"tags"}))
    assert mending({"tags"}, {"tags"}, (), copies) == RepairPlan(again=frozenset({"tags"}))
    assert mending({"tags"}, (), {"tags"}, copies) == RepairPlan(again=frozenset({"tags"}))
    removed_too = mending({"events", "event_attribution_group_ids"}, {"events"}, (), copies)
    assert removed_too == RepairPlan(
        refused={"events": frozenset({"event_attribution_group_ids"})},
        again=frozenset({"events"}),
    )
