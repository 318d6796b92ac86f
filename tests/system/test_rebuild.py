"""Silver made again from bronze: the same rows to the cell, also where a release has changed."""

from __future__ import annotations

import hmac
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from klaviyo_spark.config.models import PersonalData
from klaviyo_spark.config.personal_data import Personal
from klaviyo_spark.config.secrets import HashKey
from klaviyo_spark.errors import LakeError, TableDiffers
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.resources import TABLES
from klaviyo_spark.schema.columns import col
from klaviyo_spark.silver.rebuild import Rebuild, rebuild
from klaviyo_spark.silver.refine import refine
from klaviyo_spark.state.store import tables_of_other_policy
from tests.builders import DAY, NOON, a_member, a_page, a_record, an_event
from tests.helpers.compare import held
from tests.helpers.small_lakes import a_lake, land

RESOURCES = ("events", "lists", "tags")
MADE = [name for name, table in TABLES.items() if table.resource in RESOURCES]


@pytest.fixture(scope="module")
def grown(spark, tmp_path_factory) -> Lake:
    """Three runs, refined one by one: rows changed, members left, tags gone, groups dropped."""
    lake = a_lake(spark, tmp_path_factory.mktemp("grown") / "lake")
    members = ([a_member("P1"), a_member("P2")], [a_member("P1")], [a_member("P2")])
    tags = (["T1", "T2"], ["T2"], ["T1", "T2"])
    groups = (["L1", "L2"], ["L2"], [])
    for day in range(3):
        at = NOON + day * DAY
        event = an_event("E1", {"$group_ids": groups[day], "Subject": f"day {day}"})
        pages = [
            a_page("list_profiles", *members[day], parent_id="L1", fetched_at=at),
            a_page("tags", *[a_record("tag", id, name=id) for id in tags[day]], fetched_at=at),
            a_page("events", event, an_event(f"new {day}"), "[1]", fetched_at=at),
        ]
        land(lake, f"run {day}", *pages)
        refine(lake, "default", RESOURCES)
    return lake


@pytest.fixture(scope="module")
def before(grown) -> dict[str, list[tuple[Any, ...]]]:
    return held(grown, MADE)


@pytest.fixture(scope="module")
def loads(grown, before):
    return rebuild(grown, "default", RESOURCES)


def test_the_same_rows_come_out_to_the_cell(grown, before, loads):
    after = held(grown, MADE)
    assert after == before
    assert [row[-1] for row in after["event_group_ids"]].count(None) == 0, "all groups are gone"
    assert {len(rows) for rows in (after["events"], after["member_lists"])} == {4, 2}


def test_each_table_takes_in_each_run_and_nothing_is_left_to_refine(grown, loads):
    assert {(load.table, load.run_id) for load in loads if load.table == "tags"} == {
        ("tags", f"run {day}") for day in range(3)
    }
    assert refine(grown, "default", RESOURCES) == []


def test_readers_see_one_commit_per_table(grown, loads):
    history = grown.spark.sql(f"DESCRIBE HISTORY {grown._silver(TABLES['tags'])} LIMIT 1")
    assert history.select("operation").collect()[0][0] == "WRITE"


def test_quarantine_holds_each_record_once(grown, loads):
    rows = grown.ops("quarantine").select("table_name", "run_id").collect()
    assert sorted(tuple(row) for row in rows) == [("events", f"run {day}") for day in range(3)]


def test_nothing_is_left_aside(grown, loads, pytestconfig):
    folder = grown.place.warehouse
    there = {path.name for path in Path(folder).iterdir()}
    if pytestconfig.getoption("--connect"):  # whose folders are the server's: they are emptied
        aside = {name for name in there if name.endswith("_rebuild.db")}
        tables = [path for name in aside for path in Path(folder, name).iterdir()]
        assert [len(grown.spark.table(f"delta.`{path}`").take(1)) for path in tables] == [
            0 for _ in tables
        ]
        there -= aside
    assert there - {".klaviyo-spark.lock"} == {
        "klaviyo_bronze.db",
        "klaviyo_v2.db",
        "klaviyo_ops.db",
    }


def test_another_way_to_show_personal_data_reaches_old_rows_by_a_rebuild(spark, tmp_path):
    old = a_lake(spark, tmp_path / "lake")
    ann = a_record("profile", "P1", email="Ann@x.com", first_name="Ann")
    land(old, "one", a_page("profiles", ann))
    refine(old, "default", ["profiles"])
    hashed = Personal(PersonalData(email="hash", name="drop"), HashKey("a key of somebody's"))
    lake = Lake(spark, old.place, personal=hashed)
    land(lake, "two", a_page("profiles", {**ann, "id": "P2"}, fetched_at=NOON + DAY))
    refine(lake, "default", ["profiles"])

    def profiles() -> list[tuple[Any, ...]]:
        rows = lake.silver(TABLES["profiles"]).select("profile_id", "email", "first_name")
        return sorted(map(tuple, rows.collect()))

    digest = hmac.new(b"a key of somebody's", b"ann@x.com", "sha256").hexdigest()
    assert profiles() == [("P1", "Ann@x.com", "Ann"), ("P2", digest, None)]
    assert tables_of_other_policy(old, "default", ["profiles"]) == ["profiles"]
    assert tables_of_other_policy(lake, "default", ["profiles", "tags"]) == ["profiles"]

    rebuild(lake, "default", ["profiles"])
    assert profiles() == [("P1", digest, None), ("P2", digest, None)]
    assert tables_of_other_policy(lake, "default", ["profiles"]) == []


# -- another release ------------------------------------------------------------------------------


def with_columns(monkeypatch, *columns) -> None:
    """From now on the release has a table tags of these columns."""
    monkeypatch.setitem(TABLES, "tags", replace(TABLES["tags"], columns=columns))


ID = TABLES["tags"].columns[0]


def test_a_column_that_a_release_adds_appears_and_a_rebuild_fills_old_rows(
    spark, tmp_path, monkeypatch
):
    old = a_lake(spark, tmp_path / "lake")
    land(old, "one", a_page("tags", a_record("tag", "T1", name="vip", colour="red")))
    refine(old, "default", ["tags"])
    colour = col("colour", "string", "$.attributes.colour", "Its colour.")
    with_columns(monkeypatch, ID, colour, *TABLES["tags"].columns[1:])
    lake = a_lake(spark, tmp_path / "lake")

    added = lake.silver(TABLES["tags"])
    assert added.columns[:3] == ["tag_id", "colour", TABLES["tags"].columns[2].name]
    assert added.select("tag_id", "colour").collect() == [("T1", None)]

    rebuild(lake, "default", ["tags"])
    assert lake.silver(TABLES["tags"]).select("tag_id", "colour").collect() == [("T1", "red")]


def test_a_column_that_is_gone_or_of_another_type_stops_until_a_rebuild(
    spark, tmp_path, monkeypatch
):
    old = a_lake(spark, tmp_path / "lake")
    land(old, "one", a_page("tags", a_record("tag", "7", name="vip")))
    refine(old, "default", ["tags"])
    number = col("tag_id", "bigint", "$.id", "Its number.")
    with_columns(monkeypatch, number)
    lake = a_lake(spark, tmp_path / "lake")

    with pytest.raises(TableDiffers, match="refine --rebuild") as error:
        lake.silver(TABLES["tags"])
    assert "has tag_id as string instead of bigint" in str(error.value)
    assert "which this release does not know" in str(error.value)

    rebuild(lake, "default", ["tags"])
    rows = lake.silver(TABLES["tags"])
    assert rows.columns == ["tag_id", "_account_id", "_run_id", "_landed_at", "_row_hash",
                            "_deleted_at"]  # fmt: skip
    assert rows.select("tag_id").collect() == [(7,)]
    described = spark.sql(f"DESCRIBE {lake._silver(TABLES['tags'])}").collect()
    assert {row["col_name"]: row["comment"] for row in described}["tag_id"] == "Its number."


def test_a_table_of_several_accounts_changes_its_columns_for_all_of_them_at_once(
    spark, tmp_path, monkeypatch
):
    old = a_lake(spark, tmp_path / "lake")
    for account in ("us", "eu"):
        page = a_page("tags", a_record("tag", "7", name=f"of {account}"), account_id=account)
        land(old, f"run of {account}", page)
        refine(old, account, ["tags"])
    name = replace(TABLES["tags"].columns[1], name="label")
    with_columns(monkeypatch, ID, name)
    lake = a_lake(spark, tmp_path / "lake")

    with pytest.raises(LakeError, match="it has rows of eu too. Rebuild all accounts at once"):
        rebuild(lake, "us", ["tags"])
    anew = Rebuild(lake, ["tags"])
    loads = [load for account in ("us", "eu") for load in anew.make(account, ["tags"])]
    anew.publish()

    rows = lake.silver(TABLES["tags"]).select("_account_id", "tag_id", "label").collect()
    assert sorted(map(tuple, rows)) == [("eu", "7", "of eu"), ("us", "7", "of us")]
    assert [load.inserted for load in loads] == [1, 1]
    assert [refine(lake, account, ["tags"]) for account in ("us", "eu")] == [[], []]


def test_what_was_made_anew_of_one_account_leaves_the_rows_of_another(spark, tmp_path):
    lake = a_lake(spark, tmp_path / "lake")
    for account in ("us", "eu"):
        page = a_page("tags", a_record("tag", "7", name=f"of {account}"), account_id=account)
        land(lake, f"run of {account}", page)
    refine(lake, "eu", ["tags"])

    rebuild(lake, "us", ["tags"])

    rows = lake.silver(TABLES["tags"]).select("_account_id", TABLES["tags"].columns[1].name)
    assert sorted(map(tuple, rows.collect())) == [("eu", "of eu"), ("us", "of us")]
