"""What tests of upkeep on a lake on disk need."""

from __future__ import annotations

from klaviyo_spark.resources import TABLES
from klaviyo_spark.schema import ops_tables


def only_these(monkeypatch, *resources: str) -> None:
    """As if these resources' tables were all there are: the others cost seconds."""
    some = {name: table for name, table in TABLES.items() if table.resource in resources}
    monkeypatch.setattr("klaviyo_spark.commands.maintain.TABLES", some)


def columns_of(name: str) -> list[str]:
    """Of a table of what runs did."""
    return [column for column, _, _ in ops_tables.TABLES[name][1]]
