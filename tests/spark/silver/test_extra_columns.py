"""Columns that conf asks for: typed, masked, gone from conf and back, filled by a rebuild."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from klaviyo_spark.config.extra_columns import extra_columns
from klaviyo_spark.config.models import ExtraColumn, PersonalData, Settings
from klaviyo_spark.config.personal_data import Personal
from klaviyo_spark.errors import ConfigError
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.resources import set_extra_columns
from klaviyo_spark.silver.rebuild import rebuild
from klaviyo_spark.silver.refine import refine
from tests.builders import NOON, a_page, a_record
from tests.helpers.small_lakes import a_lake

ORDER = {"order_id": ExtraColumn("$order", "string", "external_id")}
ITEMS = {"items": ExtraColumn("Item Count", "int", "none")}


@pytest.fixture(autouse=True)
def no_columns_after() -> Iterator[None]:
    yield
    set_extra_columns({})


def conf_asks_for(**events: ExtraColumn) -> None:
    set_extra_columns(extra_columns(Settings(event_columns=events)))


def land(lake: Lake, run: str, day: int, *events: dict[str, Any]) -> None:
    page = a_page("events", *events, fetched_at=NOON + timedelta(days=day))
    lake.append_pages([{**page, "run_id": run, "batch_id": f"batch of {run}"}])


def an_event(id: str, **said: Any) -> dict[str, Any]:
    return a_record("event", id, datetime="2026-05-30T12:00:00+00:00", event_properties=said)


def rows(lake: Lake, *columns: str) -> list[tuple[Any, ...]]:
    table = lake.place.table("klaviyo_v2", "events")
    return sorted(map(tuple, lake.spark.table(table).select("id", *columns).collect()))


def test_a_column_is_filled_as_its_type_is_and_what_does_not_fit_is_counted(spark, tmp_path):
    conf_asks_for(**ORDER, **ITEMS)
    lake = a_lake(spark, tmp_path)
    land(
        lake,
        "one",
        0,
        an_event("E1", **{"$order": "A-1", "Item Count": 3}),
        an_event("E2", **{"$order": 7, "Item Count": "many"}),
        an_event("E3"),
    )

    loads = {load.table: load for load in refine(lake, "default", ["events"])}

    assert loads["events"].cast_failures == 1
    assert rows(lake, "order_id", "items") == [
        ("E1", "A-1", 3),
        ("E2", "7", None),
        ("E3", None, None),
    ]


def test_one_that_goes_from_conf_stays_and_comes_back(spark, tmp_path):
    conf_asks_for(**ORDER)
    lake = a_lake(spark, tmp_path)
    land(lake, "one", 0, an_event("E1", **{"$order": "A-1"}))
    refine(lake, "default", ["events"])

    conf_asks_for()
    lake = a_lake(spark, tmp_path)
    lake.check_extra_columns()
    land(lake, "two", 1, an_event("E2", **{"$order": "A-2"}))
    refine(lake, "default", ["events"])
    assert rows(lake, "order_id") == [("E1", "A-1"), ("E2", None)]
    assert lake.name_foreign_columns() == []

    conf_asks_for(**ORDER, **ITEMS)
    lake = a_lake(spark, tmp_path)
    lake.check_extra_columns()
    land(lake, "three", 2, an_event("E3", **{"$order": "A-3", "Item Count": 1}))
    refine(lake, "default", ["events"])
    expected = [("E1", "A-1", None), ("E2", None, None), ("E3", "A-3", 1)]
    assert rows(lake, "order_id", "items") == expected

    rebuild(lake, "default", ["events"])
    assert rows(lake, "order_id", "items") == [
        ("E1", "A-1", None),
        ("E2", "A-2", None),
        expected[2],
    ]

    conf_asks_for(**ITEMS)
    lake = a_lake(spark, tmp_path)
    rebuild(lake, "default", ["events"])
    columns = lake.spark.table(lake.place.table("klaviyo_v2", "events")).columns
    assert "order_id" not in columns
    assert rows(lake, "items")[2] == ("E3", 1)
    conf_asks_for(items=ExtraColumn("Item Count", "int", "none"), order_id=ExtraColumn("x", "int"))
    a_lake(spark, tmp_path).check_extra_columns()  # it may have any type now


def test_another_type_and_a_column_of_somebody_elses_are_refused(spark, tmp_path):
    conf_asks_for(**ORDER)
    lake = a_lake(spark, tmp_path)
    land(lake, "one", 0, an_event("E1"))
    refine(lake, "default", ["events"])

    conf_asks_for(order_id=ExtraColumn("$order", "double"))
    with pytest.raises(ConfigError, match="order_id as double, and the table has it as string"):
        a_lake(spark, tmp_path).check_extra_columns()

    spark.sql(f"ALTER TABLE {lake.place.table('klaviyo_v2', 'events')} ADD COLUMNS (mine string)")
    conf_asks_for(mine=ExtraColumn("x"))
    with pytest.raises(ConfigError, match="mine as string, and the table has it as string"):
        a_lake(spark, tmp_path).check_extra_columns()


def test_masks_reach_what_conf_asks_for(spark, tmp_path):
    asked = {
        "note": ExtraColumn("Note"),
        "contact": ExtraColumn("Contact", "string", "email"),
        "score": ExtraColumn("Score", "double"),
    }
    conf_asks_for(**asked)
    lake = a_lake(spark, tmp_path)
    lake.personal = Personal(PersonalData(email="drop"))
    said = {"Note": "write to ann@example.com", "Contact": "ann@example.com", "Score": 1.5}
    land(lake, "one", 0, an_event("E1", **said, other={"contact": "Ann at home"}))

    refine(lake, "default", ["events"])

    [(_, note, contact, score, all)] = rows(lake, *asked, "_event_properties")
    assert (note, contact, score) == ("write to [email]", None, 1.5)
    assert "ann@example.com" not in all
    assert "Ann at home" not in all, "the key says what it is"
