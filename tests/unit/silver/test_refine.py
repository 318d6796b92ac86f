"""In which order tables are made, and of which pages. No Spark."""

from __future__ import annotations

from klaviyo_spark.resources import TABLES
from klaviyo_spark.silver.dependencies import depends_on, in_order, made_of
from klaviyo_spark.silver.pending import pending
from klaviyo_spark.state.models import Batch
from tests.builders import (
    DAY,
    NOON,
)


def batch(number: int, endpoint: str = "tags") -> Batch:
    return Batch(f"b{number}", f"r{number}", endpoint, NOON + number * DAY)


def test_only_batches_of_the_tables_endpoints_are_pending():
    groups = pending([batch(1), batch(2, "lists")], set(), frozenset({"tags"}))
    assert [g.batch_ids for g in groups] == [("b1",)]


def test_a_batch_older_than_a_refined_one_makes_the_later_ones_pending_again():
    groups = pending([batch(1), batch(2), batch(3)], {"b1", "b3"}, frozenset({"tags"}))
    assert [g.run_id for g in groups] == ["r2", "r3"]


def test_nothing_new_is_nothing_pending():
    assert pending([batch(1)], {"b1"}, frozenset({"tags"})) == []


def test_tables_come_after_those_they_depend_on():
    order = [t.name for t in in_order(list(TABLES.values()))]
    for name in order:
        for first in depends_on(TABLES[name]):
            assert order.index(first) < order.index(name), (first, name)


def test_what_is_made_of_a_table_is_known_however_far_away():
    assert made_of(["tags"], TABLES) == {"tags"}
    assert made_of(["event_group_ids"], TABLES) == {
        "event_group_ids",
        "event_attribution_group_ids",
    }
    assert made_of(["events"], TABLES) == {
        "events",
        "event_group_ids",
        "event_attribution_group_ids",
    }
