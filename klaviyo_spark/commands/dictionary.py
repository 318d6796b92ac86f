"""The data dictionary, made from the specs, as JSON and as text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from klaviyo_spark.resources import DOCUMENTED, TABLES
from klaviyo_spark.schema.bookkeeping import BOOKKEEPING, columns_of
from klaviyo_spark.schema.columns import Column
from klaviyo_spark.schema.paths import FieldRead
from klaviyo_spark.schema.table import TableSpec


def as_json(*, plus: bool = False) -> list[dict[str, object]]:
    """``[{"table", "key", "columns": [{"column", "type", "comment", "path"}]}]``, in order.

    Args:
        plus: those of ``klaviyo_plus`` too.
    """
    return [
        {
            "table": table.label,
            "key": list(table.key),
            "columns": [
                {"column": name, "type": type, "comment": comment, "path": " | ".join(paths)}
                for name, type, comment, paths in _rows(table)
            ],
        }
        for table in (TABLES if plus else DOCUMENTED).values()
    ]


def as_text(*, plus: bool = False) -> Iterator[str]:
    """Tables and columns for a terminal, a line each."""
    for table in (TABLES if plus else DOCUMENTED).values():
        yield f"{table.label}  (key: {', '.join(table.key)})"
        yield f"  {table.doc}"
        for name, type, comment, _ in _rows(table):
            yield f"    {name:<62} {type:<9} {comment}"
        yield ""


def _rows(table: TableSpec) -> Iterator[tuple[str, str, str, list[str]]]:
    for column in columns_of(table):
        yield column.name, column.type, column.doc, _paths(column, table)
    for name, type, comment in BOOKKEEPING:
        yield name, type, comment, []


def _paths(column: Column, table: TableSpec) -> list[str]:
    """What a column is read from, each once."""
    if not table.made_of:
        return [*dict.fromkeys(text for texts in column.reads.values() for text in texts)]
    # A column of another table's row: where that is read, which is the record around this one.
    of = {c.name: c for c in TABLES[table.made_of.table].columns}
    reads: list[FieldRead] = []
    for read in (read for several in column.field_reads.values() for read in several):
        if read.scope == "row":
            there = of[read.path.keys[0]].field_reads
            reads += [replace(one, scope="^") for several in there.values() for one in several]
        else:
            reads.append(read)
    return [*dict.fromkeys(map(str, reads))]
