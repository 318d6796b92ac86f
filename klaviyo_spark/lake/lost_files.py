"""Whose data file it is that is missing: a table's log is there, and what it names is not."""

from __future__ import annotations

import re
from urllib.parse import unquote

from pyspark.errors import AnalysisException

from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.lake.tables import is_not_there
from klaviyo_spark.resources import TABLES


def table_with(lake: Lake, file: str) -> str | None:
    """The silver table that a file is of; None where it is of no table that readers see.

    Args:
        file: as an error names it.
    """
    path = unquote(file)
    if not lake.place.catalog:
        schemas = "|".join(map(re.escape, (lake.place.silver, lake.place.plus)))
        found = re.search(rf"/({schemas})\.db/([^/]+)/", path)
        known = found and found[2] in TABLES and lake.place.schema_of(found[2]) == found[1]
        return found[2] if found and known else None
    for name in TABLES:  # two statements a table at most, and only after an error
        where = _location(lake, lake.place.silver_table(name))
        if where and f"{unquote(where).rstrip('/')}/" in path:
            return name
    return None


def _location(lake: Lake, name: str) -> str | None:
    try:
        row = lake.spark.sql(f"DESCRIBE DETAIL {name}").select("location").first()
    except AnalysisException as error:
        if is_not_there(error):
            return None
        raise
    return row["location"] if row else None
