"""Plain rows out of a lake, by SQL: with delta-rs from a local folder, else with Spark.

SQL names tables as ``silver.events``, ``ops.runs``, ``bronze.pages``, whatever the schemas are
called, and keeps to what both engines understand. Both group and count in the engine: what comes
back is as small as the question makes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from klaviyo_spark.config.models import Schemas
from klaviyo_spark.lake.local.features import is_read
from klaviyo_spark.lake.spark.sql_settings import pin_settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from klaviyo_spark.lake.lake import Place

Row = dict[str, Any]
_NAMED = re.compile(r"\b(bronze|silver|ops)\.([a-z_]+)\b")


class Reader(Protocol):
    """What the report needs to know of a lake."""

    def has(self, table: str) -> bool:
        """Whether the lake has a table, named as in SQL."""
        ...

    def rows(self, sql: str) -> list[Row]:
        """The rows of a query; times are in UTC and say so."""
        ...


def named(sql: str) -> set[str]:
    """The tables that a query reads, as it names them."""
    return {found.group(0) for found in _NAMED.finditer(sql)}


class FolderReader:
    """Reads a lake in a folder of this machine; no Spark, so it answers in a second or two."""

    def __init__(self, folder: Path, schemas: Schemas) -> None:
        self._folder, self._schemas = folder, schemas

    def has(self, table: str) -> bool:
        """Whether the table's folder has a Delta log, and a commit in it."""
        from deltalake import DeltaTable

        path = self._path(table)
        return path.is_dir() and DeltaTable.is_deltatable(str(path))

    def reads(self, sql: str) -> bool:
        """Whether the answer to a query is right; see ``local.features``."""
        return all(is_read(self._path(table)) for table in named(sql))

    def rows(self, sql: str) -> list[Row]:
        """The rows of a query, worked out by delta-rs' own engine."""
        from deltalake import DeltaTable, QueryBuilder

        engine = QueryBuilder()
        for table in named(sql):
            engine = engine.register(table.replace(".", "_"), DeltaTable(self._path(table)))
        answer = engine.execute(_renamed(sql, lambda table: table.replace(".", "_")))
        return _plain(pa.table(answer))

    def _path(self, table: str) -> Path:
        schema, _, name = table.partition(".")
        return self._folder / f"{getattr(self._schemas, schema)}.db" / name


class Fallback:
    """Asks delta-rs, and Spark where delta-rs does not read a table of the query to the letter.

    Args:
        start: gives the reader that asks Spark; called once, if at all.
    """

    def __init__(self, files: FolderReader, start: Callable[[], Reader]) -> None:
        self._files, self._start = files, start
        self._spark: Reader | None = None

    def has(self, table: str) -> bool:
        """Whether the lake has a table."""
        return self._files.has(table)

    def rows(self, sql: str) -> list[Row]:
        """The rows of a query."""
        if self._files.reads(sql):
            return self._files.rows(sql)
        self._spark = self._spark or self._start()
        return self._spark.rows(sql)


class SparkReader:
    """Reads any lake that Spark can reach."""

    def __init__(self, spark: SparkSession, place: Place) -> None:
        self._spark, self._place = spark, place

    def has(self, table: str) -> bool:
        """Whether Spark finds the table."""
        from pyspark.errors import AnalysisException

        try:
            return bool(self._spark.table(self._name(table)).columns)
        except AnalysisException:
            return False

    def rows(self, sql: str) -> list[Row]:
        """The rows of a query."""
        with pin_settings(self._spark):
            return _plain(self._spark.sql(_renamed(sql, self._name)).toArrow())

    def _name(self, table: str) -> str:
        schema, _, name = table.partition(".")
        return self._place.table(getattr(self._place, schema), name)


def _renamed(sql: str, name: Callable[[str], str]) -> str:
    return _NAMED.sub(lambda found: name(found.group(0)), sql)


def _plain(table: pa.Table) -> list[Row]:
    rows: list[Row] = table.to_pylist()
    return rows
