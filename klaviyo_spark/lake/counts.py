"""How many rows silver has."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable
from functools import reduce
from typing import TypeVar

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from klaviyo_spark.errors import TableDiffers, TableUnreadable, in_a_line
from klaviyo_spark.lake.file_lock import root_of
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.lake.readers.opening import reader_of, without_spark
from klaviyo_spark.lake.readers.reader import ROWS_OF
from klaviyo_spark.lake.unreadable import is_damage
from klaviyo_spark.resources import TABLES, tables_with

logger = logging.getLogger(__name__)

T = TypeVar("T")


def row_counts(lake: Lake, resources: Collection[str] = ()) -> dict[str, int]:
    """Rows of every silver table, from Delta's own statistics: without Spark where that will do.

    Args:
        resources: whose tables of ``klaviyo_plus`` are counted too.

    Of a lake as one account sees it, its rows alone: those have to be read, in one narrow column.
    A table that cannot be read is left out.
    """
    names = tables_with(resources)
    if root_of(lake) and without_spark():
        reader = reader_of(lake)
        if lake.account_id is None:
            return _readable(names, lambda name: reader.count(TABLES[name].schema, name) or 0)
        counts_of = _readable(
            names, lambda name: reader.ask(TABLES[name].schema, name, ROWS_OF) or ()
        )
        return {
            name: sum(row["n"] for row in rows if row["account_id"] == lake.account_id)
            for name, rows in counts_of.items()
        }
    rows_of = _readable(names, lambda name: lake.silver(TABLES[name]))
    counts = [
        rows.agg(F.count(F.lit(1)).alias("rows")).withColumn("name", F.lit(name))
        for name, rows in rows_of.items()
    ]
    if not counts:
        return {}
    return {row["name"]: row["rows"] for row in reduce(DataFrame.unionByName, counts).collect()}


def _readable(names: Iterable[str], answer: Callable[[str], T]) -> dict[str, T]:
    """What is answered of each table that can be read."""
    found: dict[str, T] = {}
    for name in names:
        try:
            found[name] = answer(name)
        except Exception as error:
            if not isinstance(error, TableDiffers | TableUnreadable) and not is_damage(error):
                raise
            logger.debug("%s is not counted: %s", name, in_a_line(error))
    return found
