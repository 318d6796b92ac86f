"""Conf and options made into what a verb on the lake works with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import click

from klaviyo_spark.cli.options import CommonOptions
from klaviyo_spark.clock import utc_now
from klaviyo_spark.config.models import Settings
from klaviyo_spark.config.personal_data import Personal, personal
from klaviyo_spark.config.times import bounds

if TYPE_CHECKING:
    from klaviyo_spark.commands.sync.account_context import AccountContext
    from klaviyo_spark.lake.lake import Lake, Place


@dataclass(frozen=True)
class CommandContext:
    """What a command that works on the lake works with; ``named``: the resources of its options."""

    settings: Settings
    parts: tuple[AccountContext, ...]
    lake: Lake
    start: datetime | None
    end: datetime | None
    named: tuple[str, ...]


def open_context(options: CommonOptions, asks: bool, refines: bool = False) -> CommandContext:
    """Conf and options checked, and Spark's session; its settings are ours till the verb ends.

    ``asks``: Klaviyo is going to be asked. ``refines``: the key of digests may be needed.
    """
    # Spark takes half a second to import, which a wrong option need not wait for.
    from klaviyo_spark.commands.sync.account_context import parts
    from klaviyo_spark.lake.lake import Lake
    from klaviyo_spark.lake.spark.lake_session import lake_session
    from klaviyo_spark.lake.spark.sql_settings import pin_settings

    settings = options.settings()
    start, end = bounds(options.start, options.end, utc_now())
    named = settings.resources if options.resources else ()
    every = parts(settings, asks=asks)
    shown = personal(settings) if refines else Personal()
    place = place_of(settings)
    session = lake_session(place)
    if session.started:  # one that is yet to start has them from the start
        click.get_current_context().with_resource(pin_settings(session.started))
    lake = Lake(session, place, personal=shown)
    lake.check_extra_columns()
    return CommandContext(settings, every, lake, start, end, named)


def place_of(settings: Settings) -> Place:
    """Where the lake of ``settings`` is, checked as far as that goes without Spark."""
    # As above.
    from klaviyo_spark.lake.tables import place_in
    from klaviyo_spark.lake.warehouse import check_warehouse

    warehouse = settings.warehouse
    if not settings.catalog:
        warehouse = check_warehouse(warehouse, settings.schemas).text
    return place_in(warehouse, settings)
