"""The views for dbt_klaviyo in Spark answer as they do in DuckDB."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests import contract_dbt
from tests.dbt_lake import MONEY, DbtLake, views_sql, write_dbt_lake


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> DbtLake:
    return write_dbt_lake(tmp_path_factory.mktemp("dbt") / "lake")


@pytest.fixture(scope="module")
def views(spark, lake: DbtLake) -> Iterator[Any]:
    """A session with the views that the command prints."""
    for statement in views_sql(lake.folder).removesuffix(";\n").split(";\n"):
        spark.sql(statement)
    yield spark
    spark.sql("DROP DATABASE klaviyo CASCADE")


@pytest.mark.parametrize("view", contract_dbt.COLUMNS)
def test_a_view_has_the_columns_that_the_package_reads_in_their_types(views, view: str):
    found = {f.name: f.dataType.simpleString() for f in views.table(f"klaviyo.{view}").schema}

    assert found == contract_dbt.COLUMNS[view] | contract_dbt.OWN.get(view, {})


def test_ids_are_one_of_a_kind_and_events_count_under_the_names_of_the_package(views, lake):
    rows = views.sql("SELECT type, count(*), count(DISTINCT id) FROM klaviyo.event GROUP BY type")
    found = {type: (rows, ids) for type, rows, ids in rows.collect()}

    assert found == {type: (count, count) for type, count in lake.counts().items()}
    for view in sorted(contract_dbt.COLUMNS):
        [(count, ids)] = views.sql(
            f"SELECT count(*), count(DISTINCT id) FROM klaviyo.{view}"
        ).collect()
        assert count == ids > 0, view


def test_money_adds_up_to_what_the_pages_say(views, lake):
    query = "SELECT type, sum(CAST(property_value AS decimal(28, 6))) FROM klaviyo.event"
    rows = views.sql(f"{query} WHERE property_value IS NOT NULL GROUP BY type").collect()

    assert dict(map(tuple, rows)) == lake.sums()


def test_money_is_handed_on_as_plain_digits_or_not_and_then_why(views):
    query = "SELECT property_value, _value_refusal FROM klaviyo.event WHERE id LIKE 'order%'"
    found = views.sql(f"{query} ORDER BY id").collect()

    assert [(text and Decimal(text), why) for text, why in found] == [m[2:] for m in MONEY]
    texts = views.sql("SELECT DISTINCT property_value FROM klaviyo.event").collect()
    assert [t for (t,) in texts if t and not re.fullmatch(r"[0-9]+([.][0-9]+)?", t)] == []
