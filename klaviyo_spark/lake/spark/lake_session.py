"""Which session a lake wants of this machine: for small tables or for large ones. No Spark here."""

from __future__ import annotations

from klaviyo_spark.lake.local import tables as local_tables
from klaviyo_spark.lake.local.table import open_table
from klaviyo_spark.lake.spark.session import SparkPreset
from klaviyo_spark.lake.tables import Place

# Of pages as they lie on the disk: some 500,000 events. Up to there Java's whole compiler takes
# longer than it saves.
_LARGE_BYTES = 64 * 2**20


def preset_of(place: Place) -> SparkPreset:
    """The preset for a lake by what has landed in it.

    A lake that is not there yet is small: what an account has is read for longer than it is loaded.
    """
    folder = None if place.catalog else place.location.folder
    if folder is None or not local_tables.available():
        return SparkPreset.LARGE
    pages = folder / f"{place.bronze}.db" / "pages"
    if not pages.is_dir():
        return SparkPreset.SHORT
    table = open_table(pages)
    if table is None:
        return SparkPreset.LARGE
    _, size = table.size()
    return SparkPreset.SHORT if size <= _LARGE_BYTES else SparkPreset.LARGE
