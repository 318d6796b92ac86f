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
        found = re.search(rf"/{re.escape(lake.place.silver)}\.db/([^/]+)/", path)
        return found[1] if found and found[1] in TABLES else None
    for name in TABLES:  # two statements a table at most, and only after an error
        where = _location(lake, lake.place.table(lake.place.silver, name))
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
