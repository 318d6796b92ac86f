"""The views for dbt_klaviyo in DuckDB: the package's columns, its names, the account's money."""

from __future__ import annotations

import re
import runpy
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from klaviyo_spark.resources.metric_names import DOCUMENTED, PACKAGE_NAMES, PACKAGE_NAMES_OF_OTHERS
from tests import contract_dbt
from tests.dbt_lake import ALIKE, ALIKE_VALUE, MONEY, DbtLake, views_sql, write_dbt_lake
from tests.places import EXAMPLES

TYPES = {"boolean": "BOOLEAN", "timestamp": "TIMESTAMP", "string": "VARCHAR", "double": "DOUBLE"}
every_view = pytest.mark.parametrize("view", contract_dbt.COLUMNS)


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> DbtLake:
    return write_dbt_lake(tmp_path_factory.mktemp("dbt") / "lake")


Open = Callable[..., Any]


@pytest.fixture(scope="module")
def open_views(lake: DbtLake) -> Iterator[Open]:
    """A DuckDB with the views that the command prints for these options."""
    connections = []

    def opened(*options: str) -> Any:
        open_lake = runpy.run_path(str(EXAMPLES / "duckdb_example.py"))["open_lake"]
        connections.append(connection := open_lake(str(lake.folder)))
        connection.execute(views_sql(lake.folder, "--dialect", "duckdb", *options))
        return connection

    yield opened
    for connection in connections:
        connection.close()


@pytest.fixture(scope="module")
def views(open_views: Open) -> Any:
    return open_views()


@pytest.fixture(scope="module")
def views_of_account(open_views: Open, tmp_path_factory) -> Any:
    """Where the lake has the group account too."""
    conf = tmp_path_factory.mktemp("conf") / "my.yml"
    conf.write_text("plus: [account]")
    return open_views("--config", f"{conf}")


@every_view
def test_a_view_has_the_columns_that_the_package_reads_in_their_types(views, view: str):
    found = {row[0]: row[1] for row in views.sql(f"DESCRIBE klaviyo.{view}").fetchall()}

    expected = contract_dbt.COLUMNS[view] | contract_dbt.OWN.get(view, {})
    assert found == {name: TYPES[type] for name, type in expected.items()}


@every_view
def test_no_two_rows_of_a_view_have_one_id_though_two_accounts_do(views, lake, view: str):
    query = f"SELECT count(*), count(id), count(DISTINCT id) FROM klaviyo.{view}"
    [(rows, ids, different)] = views.sql(query).fetchall()

    tables = {"campaign": "campaigns", "flow": "flows", "metric": "metrics", "person": "profiles"}
    beside = {"metric": 1}.get(view, 0)
    expected = len(lake.events) + len(MONEY) + 1
    if view != "event":
        expected = len(lake.account.truth()[tables[view]]) + beside
    assert (rows, ids, different) == (expected, expected, expected)


def test_events_count_under_the_names_that_the_package_knows(views, lake):
    found = views.sql("SELECT type, count(*) FROM klaviyo.event GROUP BY ALL").fetchall()

    assert dict(found) == lake.counts()


def test_money_adds_up_to_what_the_pages_say(views, lake):
    query = "SELECT type, sum(CAST(property_value AS decimal(28, 6))) FROM klaviyo.event"
    found = dict(views.sql(f"{query} WHERE property_value IS NOT NULL GROUP BY ALL").fetchall())

    assert found == lake.sums()
    assert found["Placed Order"] > 12_000_000


def test_money_is_handed_on_as_plain_digits_or_not_and_then_why(views):
    query = "SELECT property_value, _value_refusal FROM klaviyo.event WHERE id LIKE 'order%'"
    found = views.sql(f"{query} ORDER BY id").fetchall()

    assert [(text and Decimal(text), why) for text, why in found] == [m[2:] for m in MONEY]
    texts = [text for (text,) in views.sql("SELECT property_value FROM klaviyo.event").fetchall()]
    assert [t for t in texts if t and not re.fullmatch(r"[0-9]+([.][0-9]+)?", t)] == []


def test_the_metric_that_klaviyo_takes_for_revenue_keeps_the_name(views, views_of_account):
    query = "SELECT name FROM klaviyo.metric WHERE lower(name) LIKE 'placed order%'"
    order = f"ORDER BY id = '{ALIKE}', name"

    assert views.sql(f"{query} {order}").fetchall() == [
        ("Placed Order",),
        ("Placed Order (Magento Two)",),
        ("Placed Order (API)",),
    ]
    mapped = views_of_account.sql(f"{query} {order}").fetchall()
    assert mapped == [
        ("Placed Order (Magento Two)",),
        ("Placed Order (Shopify)",),
        ("Placed Order",),
    ]
    alike = "SELECT type, property_value FROM klaviyo.event WHERE id = 'alike'"
    [(type, value)] = views_of_account.sql(alike).fetchall()
    assert (type, Decimal(value)) == ("Placed Order", Decimal(str(ALIKE_VALUE)))


def test_money_is_of_the_accounts_currency_where_that_is_known(views_of_account):
    query = "SELECT id, property_value FROM klaviyo.event WHERE id LIKE 'order%' ORDER BY id"
    found = views_of_account.sql(query).fetchall()

    assert [(id, Decimal(text)) for id, text in found if text] == [("order3", 0), ("order5", 100)]


def test_conf_may_say_the_currency(open_views: Open, tmp_path: Path):
    (tmp_path / "my.yml").write_text("currency: GBP")
    views = open_views("--config", f"{tmp_path / 'my.yml'}")
    query = "SELECT id FROM klaviyo.event WHERE id LIKE 'order%' AND property_value IS NOT NULL"

    assert views.sql(query).fetchall() == [("order3",)]


def test_events_of_a_campaign_that_is_gone_keep_it(views, lake):
    truth = lake.account.truth()
    there = {row["campaign_message_id"]: row["campaign_data_id"]
             for row in truth["campaign_messages"]}  # fmt: skip
    expected = {
        row["id"]: there.get(row["message"], row["message"])
        for row in truth["events"]
        if row["flow"] is None and row["message"] is not None
    }
    query = "SELECT id, campaign_id FROM klaviyo.event WHERE campaign_id IS NOT NULL"
    found = dict(views.sql(query).fetchall())

    assert {id: found[id] for id in expected} == expected
    assert set(expected.values()) - {row["campaign_id"] for row in truth["campaigns"]}


def test_times_are_utc_whatever_zone_the_session_has(views, lake):
    query = 'SELECT id, "timestamp" FROM klaviyo.event'
    expected = {
        row["id"]: row["event_datetime"].replace(tzinfo=None)
        for row in lake.account.truth()["events"]
    }
    views.sql("SET TimeZone = 'America/New_York'")
    found: dict[str, datetime] = dict(views.sql(query).fetchall())
    views.sql("SET TimeZone = 'UTC'")

    assert {id: found[id] for id in expected} == expected


def test_every_documented_metric_has_a_name_that_the_api_has_called_it_by():
    assert PACKAGE_NAMES.keys() == DOCUMENTED.keys()
    assert [n for n, package in PACKAGE_NAMES.items() if package not in DOCUMENTED[n]] == []
    ours = {name.lower() for name in (*PACKAGE_NAMES.values(), *PACKAGE_NAMES_OF_OTHERS.values())}
    of_klaviyo = {name for name in contract_dbt.COUNTED if not name.endswith(("product", "order"))}
    assert of_klaviyo - ours == {"active on site"}  # the API's, and it has never had another name
