"""What a catalog is told beyond the tables themselves, as SQL made from the specs. No I/O here.

Views ``<table>_current`` show what is there now; tags ``pii`` name the class of personal data that
a column holds. ``commands/catalog.py`` asks a catalog what it has of it; ``pending_statements`` is
what it lacks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from klaviyo_spark.resources import tables_with
from klaviyo_spark.schema.bookkeeping import BOOKKEEPING, columns_of
from klaviyo_spark.schema.sql_text import text
from klaviyo_spark.schema.table import TableSpec

if TYPE_CHECKING:
    from klaviyo_spark.lake.lake import Place

TAG = "pii"
SUFFIX = "_current"
_MARK = "_deleted_at"


@dataclass(frozen=True)
class View:
    """A view of a table's rows that are there now; ``sql`` makes it, or makes it anew.

    Args:
        about: how its comment begins, by which it is known for ours.
    """

    name: str
    about: str
    columns: tuple[str, ...]
    sql: str


@dataclass(frozen=True)
class Tag:
    """A column with personal data; ``sql`` tags it."""

    schema: str
    table: str
    column: str
    sql: str


def views(place: Place, resources: Collection[str] = ()) -> Iterator[View]:
    """One per silver table, in their order; of ``klaviyo_plus`` those of ``resources``."""
    return (_view(place, table) for table in tables_with(resources).values())


def tags(place: Place, resources: Collection[str] = ()) -> Iterator[Tag]:
    """One per column of any table of the lake that holds personal data."""
    yield _tag(place, place.bronze, "pages", "body", "free_form")
    for table in tables_with(resources).values():
        for column in columns_of(table):
            if column.pii:
                schema = place.schema_of(table.name)
                yield _tag(place, schema, table.name, column.name, column.pii)
    yield _tag(place, place.ops, "quarantine", "record", "free_form")


def pending_statements(
    place: Place,
    has_views: Mapping[str, tuple[str, ...]],
    has_tags: Collection[tuple[str, str, str]],
    foreign: Collection[str] = (),
    resources: Collection[str] = (),
) -> tuple[list[str], list[str]]:
    """SQL of the views and of the tags that the catalog lacks.

    Args:
        has_views: columns of the views there are, by name; one with other columns is made anew.
        has_tags: schema, table and column of those that have the tag, in lower case; one that
            somebody has set to something else stays.
        foreign: names of views that are not ours; they stay.
        resources: whose tables of ``klaviyo_plus`` are there too.
    """
    return (
        [
            view.sql
            for view in views(place, resources)
            if view.name not in foreign and has_views.get(view.name) != view.columns
        ],
        [
            tag.sql
            for tag in tags(place, resources)
            if (tag.schema.lower(), tag.table, tag.column) not in has_tags
        ],
    )


def script(place: Place, resources: Collection[str] = ()) -> Iterator[str]:
    """All of it, as lines that any SQL shell takes."""
    for view in views(place, resources):
        yield f"{view.sql};"
    if not place.catalog:
        yield "-- a folder has no tags; with `catalog` in conf they follow here"
        return
    yield "-- tags need Unity Catalog"
    for tag in tags(place, resources):
        yield f"{tag.sql};"


def _view(place: Place, table: TableSpec) -> View:
    described = [(c.name, c.doc) for c in columns_of(table)]
    described += [(name, doc) for name, _, doc in BOOKKEEPING if name != _MARK]
    present = [c.name for c in table.columns if c.role == "present"]
    about = f"Rows of {table.name} that are there now."
    name, kept = f"{table.name}{SUFFIX}", present[0] if table.history else f"{_MARK} IS NULL"
    schema = place.schema_of(table.name)
    target = f"`{place.catalog}`.`{schema}`.`{name}`" if place.catalog else f"`{name}`"
    return View(
        name,
        about,
        tuple(column for column, _ in described),
        f"CREATE OR REPLACE VIEW {target} "
        f"({', '.join(f'`{c}` COMMENT {text(doc)}' for c, doc in described)}) "
        f"COMMENT {text(f'{about} {table.doc}')} "
        f"AS SELECT {', '.join(f'`{c}`' for c, _ in described)} "
        f"FROM {place.silver_table(table.name)} WHERE {kept}",
    )


def _tag(place: Place, schema: str, table: str, column: str, value: str) -> Tag:
    return Tag(
        schema,
        table,
        column,
        f"ALTER TABLE {place.table(schema, table)} "
        f"ALTER COLUMN `{column}` SET TAGS ({text(TAG)} = {text(value)})",
    )
