"""The session for a lake: when it starts, and whether it is for small tables or for large ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from klaviyo_spark.lake.local import tables as local_tables
from klaviyo_spark.lake.local.storage import is_delta
from klaviyo_spark.lake.local.table import open_table
from klaviyo_spark.lake.shared import check_warehouse_of
from klaviyo_spark.lake.spark import session
from klaviyo_spark.lake.spark.lazy_session import LazySession
from klaviyo_spark.lake.spark.session_conf import SparkPreset
from klaviyo_spark.lake.tables import Place

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Of pages as they lie on the disk: some 500,000 events. Up to there Java's whole compiler takes
# longer than it saves.
_LARGE_BYTES = 64 * 2**20


def lake_session(place: Place) -> LazySession:
    """The session for a lake.

    Where delta-rs lands pages and keeps the ledgers, it starts when somebody first asks for it:
    there a run without news never does. Anywhere else it has started.

    Raises:
        ConfigError: Spark cannot start, as far as that can be known; or it does not reach the lake.
    """

    def start() -> SparkSession:
        spark = session.spark_session(place.uri, work=preset_of(place))
        if not place.catalog:
            check_warehouse_of(spark, place.location)
        return spark

    root = None if place.catalog else place.location.root
    if root is None or not local_tables.available() or not session.starts_here():
        return LazySession.wrap(start())
    session.check_start(place.uri)
    return LazySession(start)


def preset_of(place: Place) -> SparkPreset:
    """The preset for a lake by what has landed in it.

    A lake that is not there yet is small: what an account has is read for longer than it is loaded.
    """
    root = None if place.catalog else place.location.root
    if root is None or not local_tables.available():
        return SparkPreset.LARGE
    pages = root / f"{place.bronze}.db" / "pages"
    if not is_delta(pages):
        return SparkPreset.SHORT
    table = open_table(pages)
    if table is None:
        return SparkPreset.LARGE
    _, size = table.size()
    return SparkPreset.SHORT if size <= _LARGE_BYTES else SparkPreset.LARGE
