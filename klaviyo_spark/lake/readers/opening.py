"""Which reader looks into a lake: delta-rs into a folder where it can, else Spark."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from klaviyo_spark.config.models import Settings
from klaviyo_spark.lake.file_lock import folder_of
from klaviyo_spark.lake.readers.fallback import Fallback
from klaviyo_spark.lake.readers.reader import Reader, Row
from klaviyo_spark.lake.table_format import check_folder
from klaviyo_spark.lake.warehouse import check_warehouse
from klaviyo_spark.resources import TABLES
from klaviyo_spark.schema import ops_tables

if TYPE_CHECKING:
    from klaviyo_spark.lake.lake import Lake, Place


def reader(settings: Settings) -> Reader:
    """The reader of the lake that ``settings`` name; it may have to start Spark.

    Raises:
        ConfigError: the folder is no lake, or Spark cannot start.
    """
    folder, place_of = lake_to_read(settings)

    def by_spark() -> Reader:
        # Spark may not be there, and takes half a second to import.
        from klaviyo_spark.lake.lake import Lake
        from klaviyo_spark.lake.readers.catalog import Tables
        from klaviyo_spark.lake.spark.session import SparkPreset, spark_session

        place = place_of()
        return Tables(Lake(spark_session(place.uri, work=SparkPreset.SHORT), place))

    if folder is None:
        return by_spark()
    # delta-rs may not be there.
    from klaviyo_spark.lake.readers.folder import Files

    return Fallback(Files(folder, settings.schemas), by_spark)


def reader_of(lake: Lake) -> Reader:
    """The reader of an open lake: of its operators' tables that stand aside, where it has such."""
    # As above.
    from klaviyo_spark.lake.readers.catalog import Tables

    folder = folder_of(lake)
    if folder is None or not without_spark():
        return Tables(lake)
    # delta-rs may not be there.
    from klaviyo_spark.lake.readers.folder import Files

    return Fallback(Files(folder, lake.schemas), lambda: Tables(lake))


def ask(lake: Lake, table: str, sql: str) -> Sequence[Row]:
    """The rows of a query on one table of an open lake, which is made if it is not there.

    Args:
        table: ``pages``, a silver or an operators' table.
        sql: in words that Spark and delta-rs both know; ``{t}`` is the table.

    Raises:
        TableDiffers, TableUnreadable: the table cannot be read.
    """
    lake.open(table)
    schema = "silver" if table in TABLES else "ops" if table in ops_tables.TABLES else "bronze"
    return reader_of(lake).ask(schema, table, sql) or ()


def lake_to_read(settings: Settings) -> tuple[Path | None, Callable[[], Place]]:
    """The folder of a lake that delta-rs can read, else None; and what gives its place to Spark.

    The place only when it is asked for: it brings Spark's library, which takes a second.

    Raises:
        ConfigError: the folder is no lake.
        OtherFormat: its tables have another format.
    """
    schemas, warehouse, folder = settings.schemas, settings.warehouse, None
    if not settings.catalog:
        found = check_warehouse(warehouse, schemas, writable=False)
        warehouse, folder = found.text, found.folder
        if folder:
            check_folder(folder, schemas)

    def place() -> Place:
        # Spark: as above.
        from klaviyo_spark.lake.lake import Place

        return Place(warehouse, settings.catalog, schemas.bronze, schemas.silver, schemas.ops)

    return folder if without_spark() else None, place


def without_spark() -> bool:
    """Whether delta-rs is there."""
    return importlib.util.find_spec("deltalake") is not None


def lake_name(settings: Settings) -> str:
    """What a person calls the lake."""
    if settings.catalog:
        return f"{settings.catalog}.{settings.schemas.silver}"
    return settings.warehouse
