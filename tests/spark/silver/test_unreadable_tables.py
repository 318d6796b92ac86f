"""A table whose log is damaged, or that somebody has made otherwise: named, and alone in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from klaviyo_spark.commands.sync.account_run import list_orphans
from klaviyo_spark.commands.sync.pipeline import make_tables
from klaviyo_spark.errors import TableUnreadable
from klaviyo_spark.lake.counts import row_counts
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.resources import TABLES
from klaviyo_spark.silver.models import Load, RefinePolicy
from klaviyo_spark.silver.rebuild import rebuild
from klaviyo_spark.silver.reconcile import reconcile
from klaviyo_spark.state.models import TABLES_HELD, Outcome
from tests.builders import a_page, a_record, an_event
from tests.helpers.small_lakes import a_lake, land_on, rows

RESOURCES = ("events", "tags", "metrics")
SMALL = ("tags", "metrics")  # events, with what is made of them, take ten times as long to load
MADE_OF_EVENTS = "event_attribution_group_ids, event_group_ids"


def commit(folder: Path, version: int) -> Path:
    return folder / "_delta_log" / f"{version:020}.json"


def lacks_a_version(folder: Path) -> None:
    commit(folder, 0).rename(folder / "0.json")


def is_cut_short(folder: Path) -> None:
    last = commit(folder, 1)
    last.write_bytes(last.read_bytes()[:-40])


def ends_in_an_empty_commit(folder: Path) -> None:
    commit(folder, 1).write_bytes(b"")


def is_a_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("no table")


def land(lake: Lake, day: int) -> None:
    land_on(
        lake,
        day,
        a_page("tags", a_record("tag", "T1", name=f"of day {day}"), sha256=f"tags {day}"),
        a_page("metrics", a_record("metric", f"M{day}"), sha256=f"metrics {day}"),
        a_page("events", an_event(f"E{day}"), sha256=f"events {day}"),
    )


def load(lake: Lake, resources: tuple[str, ...] = RESOURCES) -> tuple[list[Load], Outcome]:
    outcome = Outcome()
    for line in make_tables(lake, resources):
        outcome.fail(TABLES_HELD, line)
    loads = reconcile(lake, "default", resources, RefinePolicy(run_id="by"), outcome=outcome)
    list_orphans(lake, "default", loads)
    return loads, outcome


def errors(loads: list[Load]) -> list[str]:
    return [line for one in loads for line in one.errors]


@pytest.fixture(scope="module")
def grown(spark, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("grown") / "lake"
    lake = a_lake(spark, folder)
    land(lake, 0)
    loads, outcome = load(lake)
    assert (errors(loads), outcome.failed) == ([], {})
    return folder


@pytest.fixture
def folder(grown, tmp_path) -> Path:
    shutil.copytree(grown, tmp_path / "lake")
    return tmp_path / "lake"


def damage(folder: Path, by: Callable[[Path], None]) -> None:
    """Damage a table whose log has no checksums, as no store but a local folder has any."""
    for check in [one for one in (folder / "_delta_log").iterdir() if one.suffix == ".crc"]:
        check.unlink()
    by(folder)


@pytest.mark.parametrize(
    "by", [lacks_a_version, is_cut_short, ends_in_an_empty_commit, is_a_file]
)  # fmt: skip
def test_a_damaged_table_is_held_back_by_name_and_made_again_once_it_is_moved_away(
    spark, folder, by
):
    tags = folder / "klaviyo_v2.db" / "tags"
    damage(tags, by)
    lake = a_lake(spark, folder)
    land(lake, 1)

    loads, outcome = load(lake, SMALL)

    (line,) = errors(loads)
    assert line.startswith(
        "klaviyo_v2.tags held back, all other tables were loaded: klaviyo_v2.tags is unreadable ("
    )
    assert line.endswith(
        f"). Restore it from a backup, or move {tags} away; `klaviyo-spark refine` "
        "rebuilds it from bronze."
    )
    assert {one.table for one in loads if not one.is_loaded} == {"tags"}
    assert rows(lake, "metrics", "metric_id") == [("M0",), ("M1",)]
    assert (
        "tags" not in row_counts(lake) or by is ends_in_an_empty_commit
    )  # read by all as one that changed nothing
    assert outcome.failed == {}

    tags.rename(folder / "away")
    lake = a_lake(spark, folder)
    loads, outcome = load(lake, SMALL)

    assert errors(loads) == []
    assert outcome.warnings == [
        "rebuilt from bronze: tags (removed or replaced since the last load)"
    ]
    assert rows(lake, "tags", "tag_id", "name") == [("T1", "of day 1")]


def test_a_table_of_somebody_else_is_held_back_with_what_is_made_of_it(spark, folder):
    events = folder / "klaviyo_v2.db" / "events"
    shutil.rmtree(events)
    spark.sql(f"CREATE TABLE delta.`{events}` USING delta AS SELECT 'mine' AS id")
    lake = a_lake(spark, folder)
    land(lake, 1)

    loads, _ = load(lake)
    anew = rebuild(lake, "default", RESOURCES)

    why = (
        f"klaviyo_v2.events, and so {MADE_OF_EVENTS}, held back, all other tables were loaded: "
        "klaviyo_v2.events is unreadable (it carries no klaviyo_spark.format: no release of "
        f"klaviyo-spark made it). Restore it from a backup, or move {events} away; "
        "`klaviyo-spark refine` rebuilds it from bronze."
    )
    assert errors(loads) == errors(anew) == [why]
    assert [tuple(row) for row in spark.table(f"delta.`{events}`").collect()] == [("mine",)]
    assert rows(lake, "tags", "tag_id", "name") == [("T1", "of day 1")]


@pytest.mark.parametrize("table", ["table_loads", "watermarks"])
def test_without_what_says_what_was_loaded_nothing_is_guessed(spark, folder, table):
    at = folder / "klaviyo_ops.db" / table
    shutil.rmtree(at)
    at.write_text("no table")
    with pytest.raises(TableUnreadable) as refused:
        load(a_lake(spark, folder))
    assert str(refused.value).startswith(f"klaviyo_ops.{table} is unreadable (")
    assert f"move {at} away; " in str(refused.value)


def test_a_list_beside_the_tables_that_is_damaged_stops_no_load(spark, folder):
    for table in ("late_arrivals", "orphaned_flows", "quarantine", "unknown_fields", "runs"):
        at = folder / "klaviyo_ops.db" / table
        shutil.rmtree(at)
        at.write_text("no table")
    lake = a_lake(spark, folder)
    land(lake, 1)

    loads, outcome = load(lake)

    assert [one.is_loaded for one in loads] == [True] * len(loads)
    assert rows(lake, "events", "id") == [("E0",), ("E1",)]
    named = sorted(line.partition(" is unreadable")[0] for line in outcome.failed[TABLES_HELD])
    assert named == [
        "klaviyo_ops.late_arrivals",
        "klaviyo_ops.orphaned_flows",
        "klaviyo_ops.quarantine",
        "klaviyo_ops.runs",
        "klaviyo_ops.unknown_fields",
    ]


def test_a_column_of_another_release_holds_back_that_table_alone(spark, folder):
    name = f"delta.`{folder / 'klaviyo_v2.db' / 'tags'}`"
    ours = ",".join([*a_lake(spark, folder).silver(TABLES["tags"]).columns, "old"])
    spark.sql(f"ALTER TABLE {name} ADD COLUMNS (old int)")
    spark.sql(f"ALTER TABLE {name} SET TBLPROPERTIES ('klaviyo_spark.columns' = '{ours}')")
    lake = a_lake(spark, folder)
    land(lake, 1)

    loads, _ = load(lake, SMALL)
    (line,) = errors(loads)
    assert "has old, which this release does not know. Run `klaviyo-spark refine --rebuild`" in line
    assert rows(lake, "metrics", "metric_id") == [("M0",), ("M1",)]

    assert errors(rebuild(lake, "default", ["tags"])) == []
    assert rows(a_lake(spark, folder), "tags", "tag_id", "name") == [("T1", "of day 1")]
