"""What fresh rows change in a table as it is: of a table with a source that only fills columns,
of records that came without a part."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from klaviyo_spark.resources import TABLES
from klaviyo_spark.schema.bookkeeping import BOOKKEEPING, columns_of
from klaviyo_spark.schema.checks import LEFT_OUT
from klaviyo_spark.schema.table import TableSpec
from klaviyo_spark.silver.changes import Evidence, changes
from klaviyo_spark.silver.deletions import present_parents
from klaviyo_spark.silver.newest_rows import keep_newest
from klaviyo_spark.silver.parse.project import project
from klaviyo_spark.silver.quality import with_broken
from tests.builders import (
    DAY,
    NOON,
    a_flow,
    a_flow_action,
    a_page,
    a_record,
    an_event,
    pages_df,
)

ACTIONS = TABLES["flow_actions"]
Page = dict[str, Any]


def a_listing(day: int, **statuses: str) -> Page:
    """The actions of flow F1 at the current revision: their status by id."""
    actions = [
        a_flow_action(id, {"type": "send-email", "data": {"status": status}})
        for id, status in statuses.items()
    ]
    flow = a_flow("F1", *statuses)
    return a_page("flows", flow, included=actions, fetched_at=NOON + day * DAY)


def an_older_listing(day: int, **opens: bool | None) -> Page:
    """Whether actions track opens, by id, at the older revision."""
    told = [
        a_record("flow-action", id, tracking_options={"is_tracking_opens": on})
        for id, on in opens.items()
    ]
    return a_page("flow_actions_2025", included=told, fetched_at=NOON + day * DAY)


class Table:
    """A table as it stands after the reads taken in so far."""

    def __init__(self, spark: SparkSession, table: TableSpec = ACTIONS) -> None:
        self._spark, self._table = spark, table
        columns = [f"{c.name} {c.type}" for c in columns_of(table)]
        self._schema = ", ".join([*columns, *(f"{n} {t}" for n, t, _ in BOOKKEEPING)])
        self._rows: dict[Any, Any] = {}

    def take(self, *pages: Page) -> list[tuple[str, str]]:
        """Take a read in; the ids of the rows that change, and how."""
        table, (id,) = self._table, self._table.key
        landed = pages_df(self._spark, *pages)
        rows = keep_newest(with_broken(project(landed, table), table), table)
        current = self._spark.createDataFrame(list(self._rows.values()), self._schema)
        evidence = Evidence(judged=_judged(landed)) if table == ACTIONS else Evidence()
        found = changes(rows, current, table, evidence, "run")
        changed = found.drop(
            "nulled", "broken", "lacked", "keyless", *LEFT_OUT, "stored_day"
        ).collect()
        self._rows |= {row[id]: row[:-1] for row in changed}
        return sorted((row[id], row["change"]) for row in changed)

    def rows(self, *columns: str) -> list[tuple[Any, ...]]:
        """Some columns of all rows, in order of their ids; times as days since the first read."""
        frame = self._spark.createDataFrame(list(self._rows.values()), self._schema)
        noon = F.lit(NOON.replace(tzinfo=None)).cast("timestamp")
        days = {n: F.datediff(n, noon).alias(n) for n in columns if n.endswith("_at")}
        chosen = frame.orderBy(*self._table.key).select(*[days.get(n, F.col(n)) for n in columns])
        return [tuple(row) for row in chosen.collect()]


def _judged(pages: DataFrame) -> DataFrame:
    (judge,) = ACTIONS.judges
    return present_parents(pages, judge).withColumn("started_at", F.col("judged_at"))


ID, OPENS = "flow_action_id", "tracking_options_is_tracking_opens"


def test_a_source_that_was_not_read_keeps_what_it_filled_in(spark):
    table = Table(spark)
    table.take(a_listing(0, A1="draft", A2="draft"), an_older_listing(0, A1=True, A2=False))

    assert table.take(a_listing(1, A1="live", A2="draft", A3="live")) == [
        ("A1", "changed"),
        ("A3", "new"),
    ]
    assert table.rows(ID, "status", OPENS, "_landed_at") == [
        ("A1", "live", True, 1),
        ("A2", "draft", False, 0),
        ("A3", "live", None, 1),
    ]


def test_a_null_that_was_read_takes_the_place_of_a_value(spark):
    table = Table(spark)
    table.take(a_listing(0, A1="live"), an_older_listing(0, A1=True))
    table.take(a_listing(1, A1="live"), an_older_listing(1, A1=None))

    assert table.rows(ID, OPENS, "_landed_at") == [("A1", None, 1)]


def test_a_row_that_is_there_is_filled_and_none_is_made(spark):
    table = Table(spark)
    table.take(a_listing(0, A1="live"))

    assert table.take(an_older_listing(1, A1=True, A2=True)) == [("A1", "changed")]
    assert table.rows(ID, "flow_id", "status", OPENS, "_landed_at", "_deleted_at") == [
        ("A1", "F1", "live", True, 0, None)
    ]


def test_what_only_fills_lifts_no_mark_and_keeps_none_away(spark):
    table = Table(spark)
    table.take(a_listing(0, A1="live", A2="live"), an_older_listing(0, A1=True, A2=True))

    both = {"A1": True, "A2": False}
    assert table.take(a_listing(1, A1="live"), an_older_listing(2, **both)) == [("A2", "marked")]
    assert table.take(a_listing(3, A1="live"), an_older_listing(3, **both)) == []
    assert table.take(an_older_listing(4, **both)) == []
    assert table.rows(ID, "status", OPENS, "_deleted_at") == [
        ("A1", "live", True, None),
        ("A2", "live", False, 1),
    ]


def test_an_older_version_of_the_row_does_not_keep_it_from_being_filled(spark):
    stale = a_listing(1, A1="draft")
    stale["body"] = stale["body"].replace("2026-02-03", "2026-02-02")
    table = Table(spark)
    table.take(a_listing(0, A1="live"))
    table.take(stale, an_older_listing(1, A1=True))

    assert table.rows(ID, "status", OPENS) == [("A1", "live", True)]


# -- records without a part -----------------------------------------------------------------------


def test_a_record_without_attributes_leaves_its_row_as_it_was(spark):
    """Klaviyo left out ``attributes``, and all columns became NULL, in silence."""
    table = Table(spark, TABLES["segments"])
    table.take(a_page("segments", *[a_record("segment", f"S{n}", name="VIP") for n in range(5)]))
    others = [{}, {"attributes": None}, {"attributes": []}, {"attributes": "N/A"}]
    bare = [{"type": "segment", "id": f"S{n}", **other} for n, other in enumerate(others)]
    nameless = a_record("segment", "S4", name=None)
    changed = table.take(a_page("segments", *bare, nameless, fetched_at=NOON + DAY))

    assert changed == [("S4", "changed")]
    names = ["VIP", "VIP", "VIP", "VIP", None]
    assert table.rows("segment_id", "name") == [(f"S{n}", name) for n, name in enumerate(names)]


def test_an_action_without_attributes_or_definition_leaves_its_row_as_it_was(spark):
    table = Table(spark)
    table.take(a_listing(0, A1="live", A2="live"), an_older_listing(0, A1=True, A2=True))
    bare = [{"type": "flow-action", "id": "A1"}, a_flow_action("A2", None)]
    listing = a_page("flows", a_flow("F1", "A1", "A2"), included=bare, fetched_at=NOON + DAY)

    assert table.take(listing, an_older_listing(1, A1=True, A2=True)) == []


@pytest.mark.parametrize("attributes", [None, {"email": None}])
def test_a_profile_beside_an_event_without_attributes_leaves_the_address(spark, attributes):
    def a_read(day: int, profile: dict[str, Any] | None) -> Page:
        included = [{"type": "profile", "id": "P1", "attributes": profile}]
        return a_page("events", an_event(), included=included, fetched_at=NOON + day * DAY)

    table = Table(spark, TABLES["events"])
    table.take(a_read(0, {"email": "a@example.com"}))
    table.take(a_read(1, attributes))
    assert table.rows("profile_email") == [(None if attributes else "a@example.com",)]


# -- versions -------------------------------------------------------------------------------------


def a_segment(day: int, name: str, updated: str) -> Page:
    segment = a_record("segment", "S1", name=name, updated=updated)
    return a_page("segments", segment, fetched_at=NOON + day * DAY)


def test_a_record_from_the_far_future_does_not_freeze_its_row(spark):
    """Each later reading looked older than it, for ever."""
    table = Table(spark, TABLES["segments"])
    table.take(a_segment(0, "odd", "2099-01-01T00:00:00Z"))
    assert table.rows("name", "updated") == [("odd", datetime(2099, 1, 1))]  # noqa: DTZ001  naive, in UTC

    assert table.take(a_segment(1, "honest", "2026-06-02T00:00:00Z")) == [("S1", "changed")]
    assert table.take(a_segment(2, "older", "2026-06-01T00:00:00Z")) == []
    table.take(a_segment(3, "odd", "2099-01-01T00:00:00Z"), a_segment(4, "new", "2026-06-03"))
    assert table.rows("name", "updated") == [("new", datetime(2026, 6, 3))]  # noqa: DTZ001  naive, in UTC


def test_a_version_less_than_a_day_ahead_is_one(spark):
    table = Table(spark, TABLES["segments"])
    table.take(a_segment(0, "ahead", "2026-06-02T11:00:00Z"))
    assert table.take(a_segment(1, "older", "2026-06-02T10:00:00Z")) == []
