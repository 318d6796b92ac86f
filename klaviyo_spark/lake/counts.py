"""How many rows silver has."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from klaviyo_spark.config.models import Schemas
from klaviyo_spark.lake.file_lock import folder_of
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.lake.readers.catalog import Tables
from klaviyo_spark.lake.readers.fallback import Fallback
from klaviyo_spark.lake.readers.opening import without_spark
from klaviyo_spark.lake.readers.reader import ROWS_OF
from klaviyo_spark.resources import TABLES


def row_counts(lake: Lake) -> dict[str, int]:
    """Rows of every silver table, from Delta's own statistics: without Spark where that will do.

    Of a lake as one account sees it, its rows alone: those have to be read, in one narrow column.
    """
    folder = folder_of(lake)
    if folder and without_spark():
        # delta-rs may not be there.
        from klaviyo_spark.lake.readers.folder import Files

        place = lake.place
        files = Files(folder, Schemas(place.bronze, place.silver, place.ops))
        reader = Fallback(files, lambda: Tables(lake))
        if lake.account_id is None:
            return {name: reader.count("silver", name) or 0 for name in TABLES}
        counts_of = {name: reader.ask("silver", name, ROWS_OF) or () for name in TABLES}
        return {
            name: sum(row["n"] for row in rows if row["account_id"] == lake.account_id)
            for name, rows in counts_of.items()
        }
    counts = [
        lake.silver(table).agg(F.count(F.lit(1)).alias("rows")).withColumn("name", F.lit(name))
        for name, table in TABLES.items()
    ]
    return {row["name"]: row["rows"] for row in reduce(DataFrame.unionByName, counts).collect()}
