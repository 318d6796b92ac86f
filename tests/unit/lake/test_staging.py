"""Where a rebuild makes tables: what is not of our making is refused by name, and stays."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from klaviyo_spark.commands.forget.run import asked_for, forget
from klaviyo_spark.config.loader import Settings
from klaviyo_spark.config.models import Settings
from klaviyo_spark.errors import LakeError
from klaviyo_spark.lake import staging
from klaviyo_spark.lake.lake import Lake, Place
from klaviyo_spark.lake.staging import FILE, check_staging, drop_staging, make_staging
from klaviyo_spark.resources import TABLES
from klaviyo_spark.schema import ops_tables
from klaviyo_spark.silver.rebuild import rebuild
from tests.builders import a_page, a_record
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
        assert str(refused.value).startswith(f"{named}: is not of klaviyo-spark's making")
    assert sorted(tmp_path.rglob("*")) == before


def test_what_cannot_be_removed_is_said(lake, tmp_path, monkeypatch):
    make_staging(lake)

    def rmdir(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rmdir", rmdir)
    with pytest.raises(LakeError, match="klaviyo_v2_rebuild.db: cannot be removed: Permission"):
        drop_staging(lake)


# -- in the verbs ---------------------------------------------------------------------------------


def test_a_rebuild_and_a_forget_stop_before_anything_is_done(spark, tmp_path):
    lake = a_lake(spark, tmp_path)
    lake.append_pages([a_page("tags", a_record("tag", "T1", name="vip"))])
    foreign = tmp_path / "klaviyo_ops_rebuild.db" / "ours.csv"
    foreign.parent.mkdir()
    foreign.write_text("of the data team")

    with pytest.raises(LakeError, match="klaviyo_ops_rebuild.db: is not of klaviyo-spark's making"):
        forget(lake, Settings(), asked_for("P1", None))
    assert [path.name for path in (tmp_path / "klaviyo_ops.db").iterdir()] == ["runs"]
    with pytest.raises(LakeError, match="klaviyo_ops_rebuild.db: is not of klaviyo-spark's making"):
        rebuild(lake, "default", ["tags"])
    assert foreign.read_text() == "of the data team"
    assert not (tmp_path / "klaviyo_v2_rebuild.db").exists()
    assert not (tmp_path / "klaviyo_v2.db").exists()


# -- schemas of a catalog -------------------------------------------------------------------------


@pytest.fixture
def catalog(spark) -> Any:
    place = Place("", "spark_catalog", "staged_bronze", "staged_silver", "staged_ops")
    yield Lake(spark, place, frozenset(["tags"]))
    for schema in ("staged_silver", "staged_ops"):
        for name in (schema, f"{schema}_rebuild"):
            spark.sql(f"DROP SCHEMA IF EXISTS spark_catalog.{name} CASCADE")


def schemas(lake: Lake) -> set[str]:
    rows = lake.spark.sql("SHOW SCHEMAS IN spark_catalog LIKE 'staged_*'").collect()
    return {row[0] for row in rows}


def test_schemas_of_a_catalog_are_marked_and_go_with_our_tables(catalog):
    make_staging(catalog)
    assert schemas(catalog) == {"staged_silver_rebuild", "staged_ops_rebuild"}
    catalog.silver(TABLES["tags"])
    catalog.ops("runs")

    make_staging(catalog)
    assert catalog.spark.sql("SHOW TABLES IN spark_catalog.staged_silver_rebuild").collect() == []

    again = Lake(catalog.spark, catalog.place, catalog.aside)  # one knows what it has made
    again.silver(TABLES["tags"])
    assert drop_staging(again) == []
    assert schemas(catalog) == set()


def test_a_schema_of_others_is_refused_by_name_and_stays(catalog):
    name = "spark_catalog.staged_silver_rebuild"
    catalog.spark.sql(f"CREATE SCHEMA {name} COMMENT 'of the data team'")
    catalog.spark.sql(f"CREATE TABLE {name}.tags (a int) USING delta")

    for work in (check_staging, make_staging, drop_staging):
        with pytest.raises(LakeError, match="^`spark_catalog`.`staged_silver_rebuild`: is not of"):
            work(catalog)
    assert catalog.spark.table(f"{name}.tags").columns == ["a"]
    assert schemas(catalog) == {"staged_silver_rebuild"}


def test_a_table_of_others_in_our_schema_is_refused_by_name_and_stays(catalog):
    make_staging(catalog)
    catalog.silver(TABLES["tags"])
    catalog.spark.sql("CREATE TABLE spark_catalog.staged_ops_rebuild.theirs (a int) USING delta")

    for work in (check_staging, make_staging, drop_staging):
        with pytest.raises(LakeError, match="`staged_ops_rebuild`.`theirs`: is not of klaviyo-sp"):
            work(catalog)
    for table in ("staged_ops_rebuild.theirs", "staged_silver_rebuild.tags"):
        assert catalog.spark.table(f"spark_catalog.{table}").isEmpty()


# -- behind a URI ---------------------------------------------------------------------------------


@pytest.fixture
def remote(spark, tmp_path, monkeypatch) -> Lake:
    """A lake whose folder this process cannot look into."""
    monkeypatch.setattr(staging, "folder_of", lambda _: None)
    return Lake(spark, a_lake(spark, tmp_path).place, frozenset(["tags"]))


def test_tables_behind_a_uri_are_emptied(remote):
    remote.silver(TABLES["tags"])
    name = remote.place.table("klaviyo_v2_rebuild", "tags")
    remote.spark.sql(f"INSERT INTO {name} (tag_id) VALUES ('T1')")

    make_staging(remote)
    assert remote.spark.table(name).isEmpty()
    assert drop_staging(remote) == [name]


def test_a_table_of_others_behind_a_uri_is_refused_by_name_and_stays(remote):
    remote.silver(TABLES["tags"])
    ours, theirs = (
        remote.place.table(schema, table)
        for schema, table in (("klaviyo_v2_rebuild", "tags"), ("klaviyo_ops_rebuild", "runs"))
    )
    remote.spark.sql(f"INSERT INTO {ours} (tag_id) VALUES ('T1')")
    remote.spark.sql(f"CREATE TABLE {theirs} USING delta AS SELECT 1 AS a")

    for work in (check_staging, make_staging, drop_staging):
        with pytest.raises(LakeError) as refused:
            work(remote)
        assert str(refused.value).startswith(f"{theirs}: is not of klaviyo-spark's making")
    assert remote.spark.table(theirs).count() == remote.spark.table(ours).count() == 1


def test_every_table_of_the_schemas_is_known():
    assert staging._schemas(a_lake(None, Path("/lake"))) == {
        "klaviyo_v2_rebuild": TABLES,
        "klaviyo_ops_rebuild": ops_tables.TABLES,
    }
