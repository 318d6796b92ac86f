"""Where a rebuild makes tables: what is not of our making is refused by name, and stays."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from klaviyo_spark.errors import LakeError
from klaviyo_spark.lake import staging
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.lake.staging import FILE, check_staging, drop_staging, make_staging
from klaviyo_spark.resources import TABLES
from klaviyo_spark.schema import ops_tables
from tests.helpers.small_lakes import a_lake


def files_in(folder: Path) -> set[str]:
    return {f"{path.relative_to(folder)}" for path in folder.rglob("*") if path.is_file()}


# -- a folder -------------------------------------------------------------------------------------


@pytest.fixture
def lake(tmp_path) -> Lake:
    return a_lake(SimpleNamespace(), tmp_path)


def test_folders_are_marked_when_they_are_made_and_go_with_our_tables(lake, tmp_path):
    (tmp_path / "klaviyo_v2_rebuild.db").mkdir()  # all that a run that died at once has left

    make_staging(lake)
    marked = {"klaviyo_v2_rebuild.db", "klaviyo_ops_rebuild.db"}
    assert files_in(tmp_path) == {f"{schema}/{FILE}" for schema in marked}

    for table in ("klaviyo_v2_rebuild.db/tags", "klaviyo_ops_rebuild.db/runs"):
        (tmp_path / table / "_delta_log").mkdir(parents=True)
    make_staging(lake)
    assert files_in(tmp_path) == {f"{schema}/{FILE}" for schema in marked}

    assert drop_staging(lake) == []
    assert list(tmp_path.iterdir()) == []


def link(path: Path) -> None:
    elsewhere = path.parents[1] / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    (elsewhere / "kept").touch()
    path.symlink_to(elsewhere)


@pytest.mark.parametrize("schema", ["klaviyo_v2_rebuild.db", "klaviyo_ops_rebuild.db"])
@pytest.mark.parametrize(
    ("name", "marked", "make"),
    [
        ("", False, Path.touch),
        ("", False, link),
        ("notes.txt", False, Path.touch),
        (".hidden", False, Path.touch),
        ("tags", False, Path.mkdir),
        ("notes.txt", True, Path.touch),
        ("my_table", True, Path.mkdir),
        ("tags", True, Path.touch),
        ("runs", True, link),
    ],
)
def test_a_folder_of_others_is_refused_by_name_and_stays(
    lake, tmp_path, schema, name, marked, make
):
    if name:
        (tmp_path / schema).mkdir()
    if marked:
        (tmp_path / schema / FILE).touch()
    make(tmp_path / schema / name)
    before = sorted(tmp_path.rglob("*"))
    named = tmp_path / schema / (name if marked else "")

    for work in (check_staging, make_staging, drop_staging):
        with pytest.raises(LakeError) as refused:
            work(lake)
        assert str(refused.value).startswith(f"{named}: was not made by klaviyo-spark")
    assert sorted(tmp_path.rglob("*")) == before


def test_what_cannot_be_removed_is_said(lake, tmp_path, monkeypatch):
    make_staging(lake)

    def rmdir(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rmdir", rmdir)
    with pytest.raises(
        LakeError,
        match=("klaviyo_v2_rebuild.db: cannot be removed: Permission denied. Check "),
    ):
        drop_staging(lake)


def test_every_table_of_the_schemas_is_known():
    assert staging._schemas(a_lake(None, Path("/lake"))) == {
        "klaviyo_v2_rebuild": [n for n, t in TABLES.items() if t.schema != "plus"],
        "klaviyo_plus_rebuild": [n for n, t in TABLES.items() if t.schema == "plus"],
        "klaviyo_ops_rebuild": ops_tables.TABLES,
    }
