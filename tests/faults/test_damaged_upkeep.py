"""`maintain` and `forget` where one table is damaged: all others are done, and it is named."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from klaviyo_spark.cli import main
from klaviyo_spark.lake import maintenance
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.resources import TABLES
from klaviyo_spark.silver.dependencies import needed_by
from klaviyo_spark.silver.models import RefinePolicy
from klaviyo_spark.silver.reconcile import reconcile
from klaviyo_spark.silver.refine import refine
from klaviyo_spark.state.models import Outcome
from tests.builders import a_page, a_record, an_event
from tests.helpers.files import holding
from tests.helpers.small_lakes import a_lake, land_on, rows
from tests.helpers.upkeep import columns_of

ANN, EMAIL = "01GDDKASAP8TKDDA2GRZDSVP4H", "ann.lee@example.com"
BOB = "01GDDKASAP8TKDDA2GRZDSVP4J"
RESOURCES = ("events", "profiles", "tags")


@pytest.fixture(scope="module", autouse=True)
def few_tables() -> Iterator[None]:
    """The tables of these resources, as if there were no others: those cost seconds each."""
    every = dict(TABLES)
    needed = needed_by([name for name in every if every[name].resource in RESOURCES])
    for name in every:
        if name not in needed:
            del TABLES[name]
    yield
    TABLES.clear()  # or those put back would come last, and their order says something
    TABLES.update(every)


def an_event_of(profile: str, id: str) -> dict:
    event = an_event(id, {"$group_ids": ["L1"]})
    event["relationships"]["profile"]["data"]["id"] = profile
    return event


@pytest.fixture(scope="module")
def grown(spark, few_tables, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("grown") / "lake"
    lake = a_lake(spark, folder)
    land_on(
        lake,
        0,
        a_page("tags", a_record("tag", "T1", name="one")),
        a_page(
            "profiles",
            *[
                a_record("profile", id, email=email, updated="2026-05-01T00:00:00Z")
                for id, email in ((ANN, EMAIL), (BOB, "bob@example.com"))
            ],
        ),
        a_page("events", an_event_of(ANN, "E1"), an_event_of(BOB, "E2")),
    )
    assert all(load.is_loaded for load in refine(lake, "default", RESOURCES))
    return folder


@pytest.fixture
def folder(grown, tmp_path) -> Path:
    shutil.copytree(grown, tmp_path / "lake")
    return tmp_path / "lake"


def has_a_damaged_log(table: Path) -> None:
    for check in (table / "_delta_log").glob(".*.crc"):
        check.unlink()
    last = max((table / "_delta_log").glob("*.json"))
    last.write_bytes(last.read_bytes()[:-40])


def ends_in_an_empty_commit(table: Path) -> None:
    for check in (table / "_delta_log").glob(".*.crc"):
        check.unlink()
    max((table / "_delta_log").glob("*.json")).write_bytes(b"")


def is_a_file(table: Path) -> None:
    shutil.rmtree(table)
    table.write_text("no table")


def lacks_a_file(table: Path) -> None:
    for file in [*table.rglob("*.parquet"), *table.rglob(".*.parquet.crc")]:
        if "_delta_log" not in file.parts:
            file.unlink()


def run(capsys, *words: str) -> tuple[int, list[str]]:
    with pytest.raises(SystemExit) as left:
        main([*words])
    return int(left.value.code or 0), capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("table", "by"),
    [
        ("klaviyo_v2/tags", has_a_damaged_log),
        ("klaviyo_v2/tags", ends_in_an_empty_commit),
        ("klaviyo_ops/runs", is_a_file),
    ],
)
def test_maintain_does_all_tables_but_the_one_that_is_damaged(
    folder, spark, capsys, monkeypatch, table, by
):
    schema, name = table.split("/")
    at, lake = folder / f"{schema}.db" / name, a_lake(spark, folder)
    lake.ops("runs")
    by(at)
    held = {file: file.read_bytes() for file in at.rglob("*") if file.is_file()}
    for _ in range(3):
        lake.append_ops("backfills", [dict.fromkeys(columns_of("backfills"))])
    monkeypatch.setattr(maintenance, "FILES_A_TABLE", 2)

    code, said = run(capsys, "maintain", "--warehouse", str(folder))

    failed = [line for line in said if line.startswith("failed: ")]
    assert code == 3, said
    assert len(failed) == 1, said
    assert failed[0].startswith(f"failed: {schema}.{name} is unreadable (")
    assert f"Restore it from a backup, or move {at} away; " in failed[0]
    assert failed[0].endswith(". Nothing was done to this table.") or name == "runs"
    assert [line.split()[:3] for line in said if line.startswith("klaviyo_ops.backfills")] == [
        ["klaviyo_ops.backfills", "3", "1"]
    ]
    assert {file: file.read_bytes() for file in at.rglob("*") if file.is_file()} == held


@pytest.mark.parametrize("by", [ends_in_an_empty_commit, is_a_file, lacks_a_file])
def test_who_is_forgotten_is_out_of_all_tables_but_the_one_that_is_damaged(
    folder, spark, capsys, by
):
    events = folder / "klaviyo_v2.db" / "events"
    by(events)

    code, said = run(capsys, "forget", "--email", EMAIL, "--warehouse", str(folder))

    lake = a_lake(spark, folder)
    failed = [line for line in said if line.startswith("failed: ")]
    assert code == 3, said
    assert len(failed) == 1, said
    named = "the data file " if by is lacks_a_file else f"move {events} away; "
    assert failed[0].startswith("failed: klaviyo_v2.events")
    assert named in failed[0]
    assert [line for line in said if line.startswith("NOT yet forgotten in ")] == [
        "NOT yet forgotten in klaviyo_v2.events, klaviyo_v2.event_group_ids, "
        "klaviyo_v2.event_attribution_group_ids: rows of the person may still be there. Repair "
        "that as said above and delete what you moved away. Then run forget again, with "
        "--profile ID where you restored a backup; note the profile's ID in Klaviyo before you "
        "delete it there."
    ]
    assert rows(lake, "profiles", "profile_id") == [(BOB,)]
    left = holding(folder, ANN, EMAIL)
    assert left[EMAIL] == []
    assert all((folder / file).is_relative_to(events) for file in left[ANN]), left
    [receipt] = lake.ops("forgotten").collect()
    assert receipt["finished_at"] is None, "it is no receipt yet"
    [ran] = lake.ops("runs").where("command = 'forget'").collect()
    assert (ran["exit_code"], len(ran["errors"])) == (3, 1)

    mend(lake, events)
    code, said = run(capsys, "forget", "--email", EMAIL, "--warehouse", str(folder))

    assert code == 0, said
    assert holding(folder, ANN, EMAIL) == {ANN: [], EMAIL: []}
    lake = a_lake(spark, folder)
    assert rows(lake, "events", "id") == [("E2",)]
    assert [row["finished_at"] is None for row in lake.ops("forgotten").collect()] == [False] * 2


def mend(lake: Lake, table: Path) -> None:
    """As it is said: moved away, rebuilt, and then what was moved away deleted."""
    if table.is_dir():
        shutil.rmtree(table)
    else:
        table.unlink()
    lake = a_lake(lake.spark, lake.place.warehouse)
    outcome = Outcome()
    reconcile(lake, "default", RESOURCES, RefinePolicy(run_id="by"), outcome=outcome)
    assert outcome.failed == {}


def test_who_is_only_in_a_damaged_table_is_not_said_to_be_nowhere(folder, capsys):
    is_a_file(folder / "klaviyo_v2.db" / "events")

    code, said = run(capsys, "forget", "--profile", "nobody", "--warehouse", str(folder))

    assert code == 3, said
    assert [line.partition(":")[0] for line in said] == [
        "failed",
        "nothing to forget",
        "NOT yet forgotten in klaviyo_v2.events, klaviyo_v2.event_group_ids, "
        "klaviyo_v2.event_attribution_group_ids",
    ]
    assert said[1] == "nothing to forget: the readable part of the lake has nobody by that id"


@pytest.mark.parametrize("by", [is_a_file, lacks_a_file])
def test_without_bronze_the_person_is_taken_out_of_silver(folder, spark, capsys, by):
    pages = folder / "klaviyo_bronze.db" / "pages"
    by(pages)

    code, said = run(capsys, "forget", "--profile", ANN, "--warehouse", str(folder))

    assert code == 3, said
    assert [line for line in said if line.startswith("NOT yet forgotten in ")] == [
        "NOT yet forgotten in klaviyo_bronze.pages: rows of the person may still be there. Repair "
        "that as said above, delete what you moved away, then run forget again."
    ]
    left = holding(folder, ANN, EMAIL)
    assert all(
        (folder / file).is_relative_to(pages) for files in left.values() for file in files
    ), left
    assert rows(a_lake(spark, folder), "events", "id") == [("E2",)]
