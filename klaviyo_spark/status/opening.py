"""Which reader looks into a lake: delta-rs into a folder where it can, else Spark."""

from __future__ import annotations

import importlib.util

from klaviyo_spark.settings import Settings
from klaviyo_spark.status.facts import Reader
from klaviyo_spark.warehouse import check_warehouse


def reader(settings: Settings) -> Reader:
    """The reader of the lake that ``settings`` name; it may have to start Spark.

    Raises:
        ConfigError: the folder is no lake, or Spark cannot start.
    """
    schemas = settings.schemas
    warehouse = settings.warehouse
    folder = None
    if not settings.catalog:
        found = check_warehouse(warehouse, schemas, writable=False)
        warehouse, folder = found.text, found.folder

    def by_spark() -> Reader:
        from klaviyo_spark.lake import Lake, Place
        from klaviyo_spark.session import Work, spark_session
        from klaviyo_spark.status.tables import Tables

        place = Place(warehouse, settings.catalog, schemas.bronze, schemas.silver, schemas.ops)
        return Tables(Lake(spark_session(place.uri, work=Work.SHORT), place))

    if folder is None or not without_spark():
        return by_spark()
    from klaviyo_spark.status.fallback import Fallback
    from klaviyo_spark.status.files import Files

    return Fallback(Files(folder, schemas), by_spark)


def without_spark() -> bool:
    """Whether delta-rs is there."""
    return importlib.util.find_spec("deltalake") is not None


def lake_name(settings: Settings) -> str:
    """What a person calls the lake."""
    if settings.catalog:
        return f"{settings.catalog}.{settings.schemas.silver}"
    return settings.warehouse
