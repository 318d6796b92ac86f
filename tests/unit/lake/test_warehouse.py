"""What may be a lake's folder, looked at before anything is made in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from klaviyo_spark.errors import ConfigError
from klaviyo_spark.lake.warehouse import check_warehouse

pytestmark = pytest.mark.usefixtures("_elsewhere")


def test_a_new_or_empty_folder_or_a_lake_is_a_warehouse(tmp_path: Path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / ".hidden").touch()
    (tmp_path / "lake" / "klaviyo_ops.db").mkdir(parents=True)
    (tmp_path / "lake" / "notes.txt").touch()

    for name in ("new/deep", "empty", "lake"):
        assert check_warehouse(name).folder == tmp_path / name
    assert not (tmp_path / "new").exists()


def test_a_uri_names_the_folder_that_it_is_decoded_to(tmp_path: Path):
    (tmp_path / "my lake" / "klaviyo_ops.db").mkdir(parents=True)
    (tmp_path / "my lake" / "notes.txt").touch()

    found = check_warehouse(f"file://{tmp_path}/my%20lake")

    assert found.folder == tmp_path / "my lake"
    assert [path.name for path in tmp_path.iterdir()] == ["my lake"]


@pytest.mark.parametrize(
    "uri",
    ["abfss://c@a.example/lake", "gs://b", "dbfs:/lake", "/Volumes/a/b", "/dbfs/a"],
)
def test_a_warehouse_elsewhere_is_left_to_spark(uri: str):
    found = check_warehouse(uri)

    assert (found.text, found.folder, found.uri) == (uri, None, uri)


def test_a_file_is_no_warehouse(tmp_path: Path):
    (tmp_path / "file").touch()

    with pytest.raises(ConfigError, match="warehouse file: is a file. Name a folder."):
        check_warehouse("file")
    with pytest.raises(ConfigError, match="warehouse file/lake: cannot be written"):
        check_warehouse("file/lake")


def test_a_folder_of_other_things_is_no_warehouse(tmp_path: Path):
    (tmp_path / "photo.jpg").touch()

    with pytest.raises(ConfigError, match="holds other files and no lake"):
        check_warehouse(str(tmp_path))


def test_a_place_that_cannot_be_written_is_no_warehouse():
    with pytest.raises(ConfigError, match="warehouse /proc/lake: cannot be written"):
        check_warehouse("/proc/lake")


def test_a_platform_s_paths_are_not_looked_for_on_this_machine(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "17.3")
    (tmp_path / "photo.jpg").touch()

    assert check_warehouse(str(tmp_path)).folder is None
