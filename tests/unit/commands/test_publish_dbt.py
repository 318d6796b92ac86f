"""The views for dbt in Unity Catalog: made where conf says, renewed where their text changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pyspark.errors import AnalysisException

from klaviyo_spark.commands import dbt
from klaviyo_spark.commands.catalog import publish_dbt
from klaviyo_spark.commands.dbt import dialects
from klaviyo_spark.config.accounts import settings_per_account
from klaviyo_spark.config.loader import load
from klaviyo_spark.config.models import Schemas, Settings
from klaviyo_spark.errors import ConfigError
from klaviyo_spark.lake.lake import Place

PLACE = Place("./lake", "main", "klaviyo_bronze", "klaviyo_v2", "klaviyo_ops")
SETTINGS = Settings(
    catalog="main",
    schemas=Schemas(dbt="Klaviyo"),
    metrics="all",
    resources=(*Settings().resources, "account"),
)
NAMES = ["campaign", "event", "flow", "metric", "person"]


class ACatalog:
    """Stands in for the session of a Unity Catalog, and writes down what it is told."""

    def __init__(self, has: Mapping[str, str | None], error: Exception | None = None) -> None:
        self.has, self.error = has, error
        self.told: list[str] = []

    def sql(self, statement: str) -> Any:
        if "information_schema" not in statement:
            self.told.append(statement)
            return None
        assert "table_schema IN ('klaviyo', 'klaviyo_plus')" in statement
        if self.error:
            raise self.error
        names = ("table_schema", "table_name", "comment")
        rows = [
            dict(zip(names, (*name.split("."), comment), strict=True))
            for name, comment in self.has.items()
        ]
        return SimpleNamespace(collect=lambda: rows)


def a_lake(has: Mapping[str, str | None], error: Exception | None = None) -> Any:
    return SimpleNamespace(spark=ACatalog(has, error), place=PLACE)


def the_views(settings: Settings = SETTINGS) -> dict[str, str | None]:
    made = dbt.views_of(settings, dialects.spark(PLACE))
    return {f"klaviyo.{view.name}": view.comment for view in made}


def test_an_empty_catalog_gets_the_schema_and_the_text_that_is_printed():
    lake = a_lake({})

    assert publish_dbt(lake, [SETTINGS]) == []
    printed = list(dbt.script_of(SETTINGS, dialects.spark(PLACE)))
    assert [f"{statement};" for statement in lake.spark.told] == printed
    assert printed[0] == "CREATE SCHEMA IF NOT EXISTS `main`.`Klaviyo`;"


def test_a_catalog_that_has_them_is_only_asked():
    lake = a_lake(the_views())

    assert (publish_dbt(lake, [SETTINGS]), lake.spark.told) == ([], [])


def test_a_view_of_another_text_is_made_anew_and_one_of_others_stays():
    has = the_views() | {
        "klaviyo.event": "Made by klaviyo-spark for dbt_klaviyo (0).",
        "klaviyo.flow": "",
    }
    lake = a_lake(has)

    assert publish_dbt(lake, [SETTINGS]) == [
        "views: Klaviyo.flow was not made by klaviyo-spark and stays as it is. Rename it to get "
        "klaviyo-spark's."
    ]
    assert [told.splitlines()[0].split()[4] for told in lake.spark.told] == [
        "`main`.`Klaviyo`.`event`"
    ]


def test_the_currency_of_conf_changes_the_view_of_events_alone():
    other = the_views(
        Settings(
            catalog="main",
            schemas=Schemas(dbt="Klaviyo"),
            metrics="all",
            currency="EUR",
            resources=SETTINGS.resources,
        )
    )

    assert {n for n, comment in the_views().items() if other[n] != comment} == {"klaviyo.event"}


def test_the_account_is_asked_where_its_tables_are_whatever_a_run_was_of():
    """Else a run with `--resources` would make other views than the last."""
    limited = Settings(catalog="main", schemas=Schemas(dbt="Klaviyo"), metrics="all")
    lake = a_lake(the_views() | {"klaviyo_plus.mapped_metrics": "A table."})

    assert (publish_dbt(lake, [limited]), lake.spark.told) == ([], [])


@pytest.mark.parametrize("resources", [("events",), ("campaigns", "events", "flows", "metrics")])
def test_a_run_of_some_resources_leaves_them_alone(resources):
    some = Settings(catalog="main", schemas=Schemas(dbt="Klaviyo"), resources=resources)
    lake = SimpleNamespace(spark=None, place=PLACE)

    assert publish_dbt(lake, [some]) == []  # type: ignore[arg-type] # a stand-in


def test_none_are_made_unless_conf_says_where_or_in_a_folder():
    lake = SimpleNamespace(spark=None, place=Place("./lake", None, "b", "s", "o"))

    assert publish_dbt(lake, [Settings(), SETTINGS]) == []  # type: ignore[arg-type] # as above


def test_a_run_says_that_revenue_is_nothing():
    documented = Settings(catalog="main", schemas=Schemas(dbt="Klaviyo"))
    lake = a_lake({})

    [said] = publish_dbt(lake, [documented])

    assert said.startswith("dbt views of default: events of orders are not read")
    assert len(lake.spark.told) == 1 + len(NAMES)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (AnalysisException("not found"), []),
        (
            OSError("away"),
            ["views and tags were not updated, since the catalog could not be read: OSError: away"],
        ),
    ],
)
def test_a_catalog_that_cannot_be_read_fails_no_run(error, said):
    assert publish_dbt(a_lake({}, error), [SETTINGS]) == said


def test_each_of_several_accounts_has_a_schema_of_its_own(tmp_path: Path):
    (tmp_path / "my.yml").write_text(
        "catalog: main\nschemas: {dbt: klaviyo}\naccounts:\n"
        "  - {name: Brand US, key_variable: A}\n  - {name: brand-eu, key_variable: B}\n"
    )
    every = settings_per_account(load(f"{tmp_path / 'my.yml'}", environ={}))
    [chosen] = settings_per_account(load(f"{tmp_path / 'my.yml'}", environ={}, account="brand-eu"))

    assert [one.schemas.dbt for one in every] == ["klaviyo_brand_us", "klaviyo_brand_eu"]
    assert chosen.schemas.dbt == "klaviyo_brand_eu"


def test_two_accounts_may_not_share_a_schema(tmp_path: Path):
    (tmp_path / "my.yml").write_text(
        "schemas: {dbt: klaviyo}\naccounts:\n"
        "  - {name: brand us, key_variable: A}\n  - {name: brand-us, key_variable: B}\n"
    )

    with pytest.raises(ConfigError, match="accounts brand us and brand-us would both have"):
        settings_per_account(load(f"{tmp_path / 'my.yml'}", environ={}))


def test_views_may_not_stand_among_the_tables(tmp_path: Path):
    (tmp_path / "my.yml").write_text("schemas: {dbt: klaviyo_v2}")

    with pytest.raises(ConfigError, match="klaviyo_v2"):
        load(f"{tmp_path / 'my.yml'}", environ={})
