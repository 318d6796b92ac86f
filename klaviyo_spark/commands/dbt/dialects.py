"""How SQL is written for an engine: Spark, Databricks or DuckDB. No I/O here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from klaviyo_spark.resources import TABLES
from klaviyo_spark.schema.sql_text import text

if TYPE_CHECKING:
    from klaviyo_spark.config.models import Schemas
    from klaviyo_spark.lake.lake import Place

DialectName = Literal["spark", "databricks", "duckdb"]
DIALECTS: tuple[DialectName, ...] = get_args(DialectName)


@dataclass(frozen=True)
class Dialect:
    """The few words that engines do not share.

    Args:
        table: how SQL names a table of the lake.
        schema: how SQL names the schema that views are made in.
        quote: what stands around a name.
        has_comments: whether ``CREATE VIEW`` takes a comment.
        has_instants: whether a time is an instant that a session shows in its own zone, and a cast
            to ``timestamp`` moves it there.
    """

    table: Callable[[str], str]
    schema: Callable[[str], str]
    quote: str = "`"
    has_comments: bool = True
    has_instants: bool = False

    def name(self, value: str) -> str:
        """A column's or a view's name."""
        return f"{self.quote}{value}{self.quote}"

    def time(self, value: str) -> str:
        """A time of our tables, as its UTC clock."""
        return f"timezone('UTC', {value})" if self.has_instants else value

    def comment(self, value: str) -> str:
        """What stands behind a view's name, to say what it is."""
        return f" COMMENT {text(value)}" if self.has_comments else ""


def spark(place: Place) -> Dialect:
    """Spark's and Databricks', for the tables of ``place``."""

    def schema(name: str) -> str:
        return f"`{place.catalog}`.`{name}`" if place.catalog else f"`{name}`"

    return Dialect(place.silver_table, schema)


def duckdb(schemas: Schemas) -> Dialect:
    """DuckDB's, for a database in which the tables stand under the names of their schemas."""
    names: Mapping[str, str] = {"silver": schemas.silver, "plus": schemas.plus}
    return Dialect(
        lambda table: f'"{names[TABLES[table].schema]}"."{table}"',
        lambda schema: f'"{schema}"',
        quote='"',
        has_comments=False,
        has_instants=True,
    )
