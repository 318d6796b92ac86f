"""Conf `change_data_feed`: what a row was before, of new and old tables; none of the forgotten."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from klaviyo_spark.commands.forget.run import asked_for, forget
from klaviyo_spark.config.models import Settings
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.silver.refine import refine
from tests.builders import a_page, a_record
from tests.helpers.small_lakes import a_place, land_on


def a_lake_with_feed(spark: Any, folder: Path) -> Lake:
    return Lake(spark, replace(a_place(folder), change_data_feed=True))


def a_profile(id: str, day: int, consent: str) -> dict[str, Any]:
    email = {"marketing": {"consent": consent}}
    return a_record(
        "profile",
        id,
        email=f"{id.lower()}@example.com",
        updated=f"2026-06-0{day + 1}T09:00:00+00:00",
        subscriptions={"email": email, "sms": None},
    )


def changes(lake: Lake, since: int) -> list[tuple[Any, ...]]:
    folder = lake.place.table("klaviyo_v2", "profiles").removeprefix("delta.`").removesuffix("`")
    feed = lake.spark.read.format("delta").option("readChangeFeed", "true")
    rows = feed.option("startingVersion", since).load(folder)
    found = rows.select("profile_id", "email_marketing_consent", "_change_type").collect()
    return sorted(map(tuple, found))


def test_a_new_table_keeps_what_a_row_was_before(spark, tmp_path):
    lake = a_lake_with_feed(spark, tmp_path)
    for day, consent in enumerate(["SUBSCRIBED", "SUBSCRIBED", "UNSUBSCRIBED"]):
        people = [a_profile("P1", day, consent), a_profile("P2", 0, "SUBSCRIBED")]
        land_on(lake, day, a_page("profiles", *people))
        refine(lake, "default", ["profiles"])

    last = [row for row in changes(lake, 0) if row[0] == "P1"][-3:]
    assert [row[1:] for row in changes(lake, 0) if row[0] == "P2"] == [("SUBSCRIBED", "insert")]
    assert ("P1", "UNSUBSCRIBED", "update_postimage") in last
    assert ("P1", "SUBSCRIBED", "update_preimage") in last


def test_unless_conf_asks_for_it_no_table_keeps_it(spark, tmp_path):
    """Every table of a lake that was opened again kept it, which delta-rs does not write."""
    Lake(spark, a_place(tmp_path)).open("tags")
    again = Lake(spark, a_place(tmp_path))
    again.open("tags")

    history = spark.sql(f"DESCRIBE HISTORY {again.place.table('klaviyo_v2', 'tags')}").collect()
    assert [row["operation"] for row in history] == ["CREATE TABLE"]


def test_an_old_table_keeps_it_from_then_on(spark, tmp_path):
    lake = Lake(spark, a_place(tmp_path))
    land_on(lake, 0, a_page("profiles", a_profile("P1", 0, "SUBSCRIBED")))
    refine(lake, "default", ["profiles"])

    lake = a_lake_with_feed(spark, tmp_path)
    land_on(lake, 1, a_page("profiles", a_profile("P1", 1, "UNSUBSCRIBED")))
    refine(lake, "default", ["profiles"])

    name = lake.place.table("klaviyo_v2", "profiles")
    history = spark.sql(f"DESCRIBE HISTORY {name}").where("operation = 'SET TBLPROPERTIES'")
    since = max(row["version"] for row in history.collect())
    assert changes(lake, since) == [
        ("P1", "SUBSCRIBED", "update_preimage"),
        ("P1", "UNSUBSCRIBED", "update_postimage"),
    ]


def test_a_person_is_forgotten_by_the_feed_too(spark, tmp_path):
    lake = a_lake_with_feed(spark, tmp_path)
    for day in (0, 1):
        people = [a_profile("P1", day, "SUBSCRIBED"), a_profile("P2", day, "SUBSCRIBED")]
        land_on(lake, day, a_page("profiles", *people))
        refine(lake, "default", ["profiles"])
    fed = [*(tmp_path / "klaviyo_v2.db" / "profiles" / "_change_data").rglob("*.parquet")]
    assert "P1" in {id for file in fed for id in pq.read_table(file)["profile_id"].to_pylist()}

    done = forget(lake.for_account("default"), Settings(), asked_for("P1", None))

    assert done.exit_code == 0
    for file in tmp_path.rglob("*.parquet"):
        # As Arrow reads it, or pages of the other would hide in what is packed.
        assert "p1@example.com" not in str(pq.read_table(file).to_pylist()), file
