"""Settings made into what a command on a lake works with: accounts, a session, the lake."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from klaviyo_spark.commands.sync.account_context import AccountContext, parts
from klaviyo_spark.config.models import Settings
from klaviyo_spark.config.personal_data import Personal, personal
from klaviyo_spark.lake.lake import Lake, Place
from klaviyo_spark.lake.shared import check_warehouse_of
from klaviyo_spark.lake.spark.lake_session import lake_session
from klaviyo_spark.lake.spark.lazy_session import LazySession
from klaviyo_spark.lake.spark.sql_settings import pin_settings
from klaviyo_spark.lake.tables import place_in
from klaviyo_spark.lake.warehouse import check_warehouse

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass(frozen=True)
class LakeContext:
    """What a command that works on a lake works with: a part per account, and the lake."""

    settings: Settings
    parts: tuple[AccountContext, ...]
    lake: Lake

    @property
    def lake_of_run(self) -> Lake:
        """The lake as a run counts its rows: of a sole account of several, its own."""
        if len(self.parts) == 1 and self.settings.accounts:
            return self.lake.for_account(self.parts[0].account)
        return self.lake


@contextmanager
def open_lake(
    settings: Settings, *, asks: bool, refines: bool = False, spark: SparkSession | None = None
) -> Iterator[LakeContext]:
    """Settings checked, and Spark's session; its SQL settings are ours while the block runs.

    Args:
        asks: Klaviyo is going to be asked.
        refines: the key of digests may be needed.
        spark: the session to work in; None: the one that is there, or one that is started.

    Raises:
        ConfigError: a key, the warehouse or Spark is not as it must be.
    """
    every = parts(settings, asks=asks)
    shown = personal(settings) if refines else Personal()
    place = place_of(settings)
    if spark is None:
        session = lake_session(place)
    else:
        session = LazySession.wrap(spark)
        if not place.catalog:
            check_warehouse_of(spark, place.location)
    started = session.started  # one that is yet to start has the settings from the start
    with pin_settings(started) if started else nullcontext():
        lake = Lake(session, place, personal=shown)
        lake.check_extra_columns()
        yield LakeContext(settings, every, lake)


def place_of(settings: Settings) -> Place:
    """Where the lake of ``settings`` is, checked as far as that goes without Spark."""
    warehouse = settings.warehouse
    if not settings.catalog:
        warehouse = check_warehouse(warehouse, settings.schemas).text
    return place_in(warehouse, settings)
