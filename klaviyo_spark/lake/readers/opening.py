"""Which reader looks into a lake: delta-rs into a folder or a store where it can, else Spark."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from klaviyo_spark.config.models import Schemas, Settings
from klaviyo_spark.errors import TableUnreadable
from klaviyo_spark.java_words import lost_file
from klaviyo_spark.lake.file_lock import root_of
from klaviyo_spark.lake.local.store import Folder
from klaviyo_spark.lake.readers.fallback import Fallback
from klaviyo_spark.lake.readers.reader import Reader, Row
from klaviyo_spark.lake.table_format import check_folder
from klaviyo_spark.lake.warehouse import check_warehouse
from klaviyo_spark.resources import TABLES
from klaviyo_spark.schema import ops_tables

if TYPE_CHECKING:
    from klaviyo_spark.lake.lake import Lake, Place
    from klaviyo_spark.lake.readers.catalog import Tables


def reader(settings: Settings) -> Reader:
    """The reader of the lake that ``settings`` name; it may have to start Spark.

    Raises:
        ConfigError: the folder is no lake, or Spark cannot start.
    """
    folder, place_of = lake_to_read(settings)

    def by_spark() -> Reader:
        # Spark may not be there, and takes half a second to import.
        from klaviyo_spark.lake.lake import Lake
        from klaviyo_spark.lake.spark.session import spark_session
        from klaviyo_spark.lake.spark.session_conf import SparkPreset

        place = place_of()
        return _spark_reader(Lake(spark_session(place.uri, work=SparkPreset.SHORT), place))

    return _reader(folder, settings.schemas, by_spark)


def reader_of(lake: Lake) -> Reader:
    """The reader of an open lake: of its operators' tables that stand aside, where it has such."""
    folder = root_of(lake) if without_spark() else None
    return _reader(folder, lake.schemas, lambda: _spark_reader(lake))


def _reader(folder: Folder | None, schemas: Schemas, by_spark: Callable[[], Reader]) -> Reader:
    """The reader of a folder, by delta-rs first; where there is none, Spark's."""
    if folder is None:
        return by_spark()
    # delta-rs may not be there.
    from klaviyo_spark.lake.readers.folder import Files

    return Fallback(Files(folder, schemas), by_spark)


def _spark_reader(lake: Lake) -> Tables:
    # As above.
    from klaviyo_spark.lake.readers.catalog import Tables

    return Tables(lake)


def ask(lake: Lake, table: str, sql: str) -> Sequence[Row]:
    """The rows of a query on one table of an open lake, which is made if it is not there.

    Args:
        table: ``pages``, a silver or an operators' table.
        sql: in words that Spark and delta-rs both know; ``{t}`` is the table.

    Raises:
        TableDiffers, TableUnreadable: the table cannot be read.
        Exception: Spark's, where a data file of bronze is missing.
    """
    lake.open(table)
    other = "ops" if table in ops_tables.TABLES else "bronze"
    schema = TABLES[table].schema if table in TABLES else other
    try:
        return reader_of(lake).ask(schema, table, sql) or ()
    except TableUnreadable as error:
        if schema != "bronze" or not (error.__cause__ and lost_file(error.__cause__)):
            raise
        # The other pages are whole: Spark's error names the file, and leads to a way out that
        # keeps them.
        return _spark_reader(lake).query(schema, table, sql)


def lake_to_read(settings: Settings) -> tuple[Folder | None, Callable[[], Place]]:
    """The folder of a lake that delta-rs can read, else None; and what gives its place to Spark.

    The place only when it is asked for: it brings Spark's library, which takes a second.

    Raises:
        ConfigError: the folder is no lake.
        OtherFormat: its tables have another format.
    """
    warehouse, folder = settings.warehouse, None
    if not settings.catalog:
        found = check_warehouse(warehouse, settings.schemas, writable=False)
        warehouse, folder = found.text, found.root
        if folder:
            check_folder(folder, settings.schemas)

    def place() -> Place:
        # Spark: as above.
        from klaviyo_spark.lake.tables import place_in

        return place_in(warehouse, settings)

    return folder if without_spark() else None, place


def without_spark() -> bool:
    """Whether delta-rs is there."""
    return importlib.util.find_spec("deltalake") is not None


def lake_name(settings: Settings) -> str:
    """What a person calls the lake."""
    if settings.catalog:
        return f"{settings.catalog}.{settings.schemas.silver}"
    return settings.warehouse
