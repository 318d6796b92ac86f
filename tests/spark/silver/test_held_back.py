"""One bad table or page among good ones: what is loaded, what is held back, what is on record."""

from __future__ import annotations

from klaviyo_spark.silver import load
from klaviyo_spark.silver.models import Load, RefinePolicy
from klaviyo_spark.silver.rebuild import rebuild
from klaviyo_spark.silver.refine import refine
from tests.builders import DAY, NOON, a_page, a_record, an_event
from tests.helpers.small_lakes import land, rows

NAMELESS = [a_record("tag", name="vip") | {"id": None}] * 101
# Deeper than Spark's JSON reader goes, which Klaviyo's own answers are checked less strictly for.
DEEP = '{"type":"tag","id":"T9","attributes":{"name":' + "[" * 1100 + "]" * 1100 + "}}"


def loaded(loads: list[Load]) -> dict[str, bool]:
    return {one.table: one.is_loaded for one in loads}


def test_a_table_that_fails_a_check_is_held_back_alone_until_it_is_mended(lake):
    land(lake, "one", a_page("tags", *NAMELESS, a_record("tag", "T1")), a_page("metrics"))
    first = refine(lake, "default", ["tags", "metrics"])
    land(lake, "two", a_page("tags", a_record("tag", "T2"), fetched_at=NOON + DAY))
    second = refine(lake, "default", ["tags", "metrics"])

    line = (
        "klaviyo_v2.tags held back, all other tables were loaded: check missing_key "
        "failed: klaviyo_v2.tags: 101 of 102 records without a key. Look at "
        "klaviyo_bronze.pages, or let it pass by `checks: {missing_key: warn}` in conf."
    )
    assert loaded(first) == {"metrics": True, "tags": False}
    assert [one.errors for one in first if not one.is_loaded] == [(line,)]
    assert [(one.run_id, one.errors) for one in second] == [("one", (line,))]
    assert rows(lake, "tags", "tag_id") == []

    mended = refine(lake, "default", ["tags"], RefinePolicy(severities={"missing_key": "warn"}))
    assert loaded(mended) == {"tags": True}
    # The second read no longer has it.
    assert rows(lake, "tags", "tag_id", "_deleted_at") == [
        ("T1", (NOON + DAY).replace(tzinfo=None)),
        ("T2", None),
    ]


def test_a_rebuild_puts_no_table_in_place_that_is_held_back(lake):
    land(lake, "one", a_page("tags", a_record("tag", "T1")), a_page("metrics"))
    refine(lake, "default", ["tags", "metrics"])
    metric = a_page("metrics", a_record("metric", "M1"), fetched_at=NOON + DAY)
    land(lake, "two", a_page("tags", *NAMELESS, fetched_at=NOON + DAY), metric)
    loads = rebuild(lake, "default", ["tags", "metrics"])

    assert loaded(loads) == {"metrics": True, "tags": False}
    assert rows(lake, "tags", "tag_id", "_deleted_at") == [("T1", None)]
    assert rows(lake, "metrics", "metric_id") == [("M1",)]
    noted = lake.ops("table_loads").select("table_name", "run_id").collect()
    assert sorted(map(tuple, noted)) == [("metrics", "one"), ("metrics", "two"), ("tags", "one")]


def test_an_error_in_one_table_holds_back_that_table_and_what_is_made_of_it(lake, monkeypatch):
    whole = load.Loader._load

    def failing(loader, table, batch_ids, writer):
        if table.name == "events":
            raise ValueError("no such thing")
        return whole(loader, table, batch_ids, writer)

    monkeypatch.setattr(load.Loader, "_load", failing)
    land(lake, "one", a_page("events", an_event("E1")), a_page("tags", a_record("tag", "T1")))
    loads = refine(lake, "default", ["events", "tags"])

    assert loaded(loads) == {
        "events": False,
        "event_group_ids": False,
        "event_attribution_group_ids": False,
        "tags": True,
    }
    assert [line for one in loads for line in one.errors] == [
        "klaviyo_v2.events, and so event_attribution_group_ids, event_group_ids, held back, all "
        "other tables were loaded: ValueError: no such thing"
    ]
    assert rows(lake, "tags", "tag_id") == [("T1",)]


def test_a_page_that_cannot_be_read_is_quarantined_by_name_and_proves_nothing_gone(lake):
    good = [a_page("tags", a_record("tag", id), walk_id=id, read_id="first") for id in ("T1", "T2")]
    land(lake, "one", *good)
    refine(lake, "default", ["tags"])
    later = {"read_id": "second", "walks_in_read": 2, "fetched_at": NOON + DAY}
    deep = a_page("tags", DEEP, walk_id="deep", page_number=7, **later)
    land(lake, "two", deep, a_page("tags", a_record("tag", "T1", name="new"), **later))

    (one,) = refine(lake, "default", ["tags"])
    again = refine(lake, "default", ["tags"])

    assert (one.is_loaded, one.updated, one.soft_deleted, one.quarantined) == (True, 1, 0, 1)
    assert one.errors == (
        "klaviyo_v2.tags: bronze page deep/7 cannot be read as JSON; all other pages were loaded. "
        "Look at it in klaviyo_ops.quarantine.",
    )
    assert again == []
    assert rows(lake, "tags", "tag_id", "name", "_deleted_at") == [
        ("T1", "new", None),
        ("T2", None, None),
    ]
    columns = (
        "table_name",
        "violation",
        "record",
        "walk_id",
        "page_number",
        "record_index",
        "run_id",
    )
    assert [tuple(row) for row in lake.ops("quarantine").select(*columns).collect()] == [
        ("tags", "page cannot be read as JSON", None, "deep", 7, None, "two")
    ]


def test_a_byte_order_mark_before_a_page_is_no_part_of_it(lake):
    page = a_page("tags", a_record("tag", "T1", name="vip"))
    land(lake, "one", {**page, "body": "\ufeff" + page["body"]})
    (one,) = refine(lake, "default", ["tags"])
    assert (one.errors, one.quarantined) == ((), 0)
    assert rows(lake, "tags", "tag_id", "name") == [("T1", "vip")]
    assert lake.pages().first()["body"].startswith("\ufeff")
