"""Columns that conf asks for beside those of the specs: ``event_columns``, ``profile_columns``.

They are columns as any other: typed, masked, counted where a value does not fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from klaviyo_spark import messages
from klaviyo_spark.config.models import ExtraColumn, Settings
from klaviyo_spark.errors import ConfigError
from klaviyo_spark.resources import DOCUMENTED
from klaviyo_spark.schema.bookkeeping import BOOKKEEPING
from klaviyo_spark.schema.columns import Column, col
from klaviyo_spark.schema.table import TableSpec

# Where a record has the properties that fill them.
_EVENT, _PROFILE = "$.attributes.event_properties", "$.attributes.properties"


def extra_columns(settings: Settings) -> dict[str, tuple[Column, ...]]:
    """The columns per table.

    Raises:
        ConfigError: one has the name of a column that the table has.
    """
    return {
        "events": tuple(_columns("events", settings.event_columns, _EVENT)),
        "profiles": tuple(_columns("profiles", settings.profile_columns, _PROFILE)),
    }


def _columns(table: str, asked: Mapping[str, ExtraColumn], path: str) -> Iterator[Column]:
    there = {*_names(DOCUMENTED[table])}
    for name, one in asked.items():
        if name in there:
            raise ConfigError(messages.conf.COLUMN_IS_TAKEN(table=table, name=name))
        yield col(
            name,
            one.type,
            f"{path}['{one.property}']",
            f"The property {one.property}, as conf asks for.",
            pii="" if one.pii == "none" else one.pii,
        )


def _names(table: TableSpec) -> Iterator[str]:
    """What it has without them."""
    partition = (table.partition,) if table.partition else ()
    yield from (column.name for column in (*table.visible, *partition, *table.internal))
    yield from (name for name, _, _ in BOOKKEEPING)
