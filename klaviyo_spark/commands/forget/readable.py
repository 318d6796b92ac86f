"""The tables that a person can be taken out of, and those that are damaged: named, and left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import reduce

from pyspark.sql import DataFrame, Row

from klaviyo_spark.commands.opening import open_tables
from klaviyo_spark.errors import meets_all
from klaviyo_spark.java_words import lost_file, of_lost_file
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.lake.tables import folder_in
from klaviyo_spark.lake.unreadable import is_damage, unreadable
from klaviyo_spark.resources import DOCUMENTED, TABLES
from klaviyo_spark.schema.table import TableSpec


@dataclass
class ReadableTables:
    """The lake's tables that may hold a person.

    Args:
        left_out: those that are damaged, as operators call them, and what is to be said of each.
        there: silver tables, damaged ones too.
    """

    lake: Lake
    left_out: dict[str, str] = field(default_factory=dict)
    there: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """All that the lake has, unless told."""
        plus = self.lake.plus_there
        self.there = self.there or tuple(
            name for name in TABLES if name in DOCUMENTED or name in plus
        )

    @property
    def silver(self) -> Mapping[str, TableSpec]:
        """Silver tables that can be read, by name."""
        place = self.lake.place
        return {
            n: TABLES[n] for n in self.there if f"{place.schema_of(n)}.{n}" not in self.left_out
        }

    @property
    def has_pages(self) -> bool:
        """Whether bronze can be read."""
        return f"{self.lake.place.bronze}.pages" not in self.left_out

    def has_ops(self, name: str) -> bool:
        """Whether one of the operators' tables can be read."""
        return f"{self.lake.place.ops}.{name}" not in self.left_out

    @contextmanager
    def reading(self, schema: str, table: str) -> Iterator[None]:
        """A table is left out from now on where the block fails because it is damaged."""
        try:
            yield
        except Exception as error:
            if meets_all(error) or not (lost_file(error) or is_damage(error)):
                raise
            self._leave_out(schema, table, error)

    def collect(self, parts: Mapping[str, Callable[[], DataFrame]]) -> list[Row]:
        """The rows of all parts, a silver table each: in one query, or if that fails in several."""
        try:
            each = [part() for part in parts.values()]
            return reduce(DataFrame.union, each).collect() if each else []
        except Exception as error:
            if meets_all(error):
                raise
        rows: list[Row] = []
        for name, part in parts.items():
            with self.reading(self.lake.place.schema_of(name), name):
                rows += part().collect()
        return rows

    def _leave_out(self, schema: str, table: str, error: Exception) -> None:
        file = lost_file(error)
        if file:
            why = of_lost_file(file)
        else:  # its words may quote a row, and this run is about one person's
            where = folder_in(self.lake.place.table(schema, table))
            why = str(unreadable(schema, table, where, type(error).__name__))
        self.left_out[f"{schema}.{table}"] = why


def readable_tables(lake: Lake) -> ReadableTables:
    """Open all that may hold a person; what cannot be opened is left out."""
    place, errors = lake.place, open_tables(lake).errors
    of_ops = {f"{place.ops}.{name}" for name in ("quarantine", "forgotten")}
    held = {table for table in errors if not table.startswith(f"{place.ops}.") or table in of_ops}
    return ReadableTables(lake, {table: str(errors[table]) for table in errors if table in held})
