"""``klaviyo-spark demo``: it replaces what an earlier demo made, and nothing else."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from klaviyo_spark.cli import main
from klaviyo_spark.commands import demo
from klaviyo_spark.commands.demo_folder import MARK, check_folder, clear_folder
from klaviyo_spark.commands.sync.account_run import RunRequest
from klaviyo_spark.errors import ConfigError, LakeBusy
from klaviyo_spark.lake import file_lock, staging
from klaviyo_spark.lake.file_lock import Holder, locked


def a_demo(folder: Path) -> Path:
    """What a demo leaves, as far as files go."""
    folder.mkdir(parents=True, exist_ok=True)
    clear_folder(folder, ["one", "two"])
    (folder / file_lock.FILE).touch()
    (folder / "report.html").touch()
    for table in ("klaviyo_v2.db/tags", "klaviyo_ops.db/runs", "klaviyo_ops.db/lock"):
        (folder / table / "_delta_log").mkdir(parents=True)
        (folder / table / "_delta_log" / "0.json").touch()
        (folder / table / "part.parquet").touch()
    (folder / "klaviyo_v2_rebuild.db").mkdir()
    (folder / "klaviyo_v2_rebuild.db" / staging.FILE).touch()
    land(folder, "one")
    return folder


def land(folder: Path, run_id: str) -> None:
    pages = folder / "klaviyo_bronze.db" / "pages" / "resource=tags"
    pages.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"run_id": [run_id], "body": ["{}"]}), pages / f"{run_id}.parquet")


def files_in(folder: Path) -> dict[str, bytes | None]:
    return {
        f"{path.relative_to(folder)}": None if path.is_dir() else path.read_bytes()
        for path in folder.rglob("*")
    }


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(["demo", *arguments])
    assert isinstance(left.value.code, int)
    return left.value.code


def test_what_a_demo_made_is_removed_and_the_folder_marked_for_the_next(tmp_path):
    folder = a_demo(tmp_path / "lake")
    (folder / "klaviyo_bronze.db" / "pages" / "begun.parquet").write_bytes(b"PAR1")
    held = os.stat(folder / file_lock.FILE).st_ino

    clear_folder(folder, ["three"])

    assert sorted(path.name for path in folder.iterdir()) == [MARK, file_lock.FILE]
    assert os.stat(folder / file_lock.FILE).st_ino == held
    assert (folder / MARK).read_text().splitlines()[1:] == ["run three"]
    land(folder, "three")
    check_folder(folder)


@pytest.mark.parametrize("make", ["nothing", "a new folder", "an empty folder", "a lock alone"])
def test_a_new_or_an_empty_folder_is_taken(tmp_path, make):
    folder = tmp_path if make == "nothing" else tmp_path / "lake"
    if make in ("an empty folder", "a lock alone"):
        folder.mkdir()
    if make == "a lock alone":
        (folder / file_lock.FILE).touch()

    check_folder(folder)


def a_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("of somebody")


def a_link(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to("/tmp")


@pytest.mark.parametrize(
    "name", ["photo.jpg", ".bashrc", ".ssh/id", "klaviyo_v2.db/tags/0.parquet"]
)
def test_what_no_demo_made_is_refused_without_a_question(tmp_path, capsys, name):
    a_file(tmp_path / "home" / name)
    before = files_in(tmp_path)

    assert run("--warehouse", str(tmp_path / "home")) == 2
    said = capsys.readouterr()
    assert f"warehouse {tmp_path}/home: " in said.err
    assert said.out == ""
    assert files_in(tmp_path) == before


@pytest.mark.parametrize(
    ("name", "make", "named"),
    [
        ("notes.txt", a_file, "notes.txt"),
        (".hidden", a_file, ".hidden"),
        ("my_lake/a", a_file, "my_lake"),
        ("klaviyo_v2.db/notes.txt", a_file, "klaviyo_v2.db/notes.txt"),
        ("klaviyo_v2.db/my_table/a", a_file, "klaviyo_v2.db/my_table"),
        ("klaviyo_v2.db/tags/notes.txt", a_file, "klaviyo_v2.db/tags/notes.txt"),
        ("klaviyo_v2.db/lists", a_link, "klaviyo_v2.db/lists"),
        ("klaviyo_v2.db/tags/link", a_link, "klaviyo_v2.db/tags/link"),
        ("klaviyo_bronze.db/pages/x=1/a.json", a_file, "klaviyo_bronze.db/pages/x=1/a.json"),
        ("klaviyo_extra.db", a_link, "klaviyo_extra.db"),
    ],
)
def test_what_somebody_put_into_a_demo_s_lake_stays_and_is_named(tmp_path, name, make, named):
    folder = a_demo(tmp_path)
    make(folder / name)
    before = files_in(folder)

    for work in (check_folder, lambda folder: clear_folder(folder, [])):
        with pytest.raises(ConfigError) as refused:
            work(folder)
        words = (
            f"warehouse {folder}: a demo made it, but not {named}; a demo replaces what is in its"
        )
        assert str(refused.value).startswith(words)
    assert files_in(folder) == before


def test_a_demo_s_lake_that_another_run_has_read_into_is_no_longer_a_demo_s(tmp_path):
    folder = a_demo(tmp_path)
    land(folder, "of a real account")

    with pytest.raises(
        ConfigError, match="but other runs have read into it since; a demo replaces"
    ):
        check_folder(folder)


def test_a_mark_that_is_a_link_is_none(tmp_path):
    a_file(tmp_path / "lake" / "klaviyo_v2.db" / "tags" / "0.parquet")
    (tmp_path / "lake" / MARK).symlink_to(a_demo(tmp_path / "other") / MARK)

    with pytest.raises(ConfigError, match="is not empty, and no demo made what is in it"):
        check_folder(tmp_path / "lake")


@pytest.mark.parametrize("warehouse", ["s3a://bucket/lake", "/Volumes/a/b/c"])
def test_a_demo_needs_a_folder_of_this_machine(warehouse, capsys):
    assert run("--warehouse", warehouse) == 2
    assert (
        f"warehouse {warehouse}: a demo needs a folder of this machine" in capsys.readouterr().err
    )


@pytest.fixture
def without_spark(monkeypatch) -> list[str]:
    """A demo whose syncs only say that they were asked for."""
    synced: list[str] = []

    def run(request: RunRequest, *_: Any) -> Any:
        synced.append(request.run_id)
        return [SimpleNamespace(exit_code=0)]

    monkeypatch.setattr(demo, "lake_session", lambda _: SimpleNamespace())
    monkeypatch.setattr(demo.pipeline, "run_on_held_lake", run)
    monkeypatch.setattr(demo.summary, "lines", lambda _: ["synced"])
    monkeypatch.setattr(demo, "leave_report", lambda *_: None)
    return synced


def test_a_demo_holds_the_lake_while_it_replaces_it_and_runs(tmp_path, without_spark, monkeypatch):
    folder = a_demo(tmp_path / "lake")
    cleared = []

    def watched(folder: Path, run_ids: Any) -> None:
        with open(folder / file_lock.FILE, "rb") as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        cleared.append(file_lock.holding(folder))
        clear_folder(folder, run_ids)

    monkeypatch.setattr(demo, "clear_folder", watched)
    said: list[str] = []
    assert demo.show(10, 5, str(folder), said.append) == 0

    [holding] = cleared
    assert holding is not None
    assert holding.holder.command == "demo"
    assert f"replacing the lake in {folder}" in said
    runs = (folder / MARK).read_text().splitlines()[1:]
    assert runs == [f"run {run_id}" for run_id in without_spark]
    assert len(runs) == 3
    assert file_lock.holding(folder) is None


def test_a_demo_on_a_lake_that_a_run_holds_is_refused(tmp_path, without_spark):
    folder = a_demo(tmp_path / "lake")
    before = files_in(folder)

    with locked(folder, Holder.me("r", "sync")), pytest.raises(LakeBusy, match="held by a sync"):
        demo.show(10, 5, str(folder), lambda _: None)

    assert (files_in(folder), without_spark) == (before, [])
