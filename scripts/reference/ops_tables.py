"""Bronze and the operators' tables: what one row is, and each column."""

from __future__ import annotations

from collections.abc import Iterator

from klaviyo_spark.schema import bronze_table, ops_tables
from scripts.reference.markdown import MADE, code, page, prose, table

_HEAD = ("column", "type", "meaning")


def as_markdown() -> str:
    """The page."""
    return page(_lines())


def _lines() -> Iterator[str]:
    yield from ("# Bronze and operators' tables", "", MADE.format(source="their schemas"), "")
    yield from ("## klaviyo_bronze.pages", "")
    yield "One row per page that Klaviyo sent, exactly as received. Append-only; partitioned by"
    yield f"{' and '.join(map(code, bronze_table.PARTITIONS))}."
    yield ""
    yield from _columns(bronze_table.COLUMNS)
    for name, (doc, columns) in sorted(ops_tables.TABLES.items()):
        yield from ("", f"## klaviyo_ops.{name}", "", prose(doc), "")
        yield from _columns(columns)


def _columns(columns: tuple[tuple[str, str, str], ...]) -> Iterator[str]:
    rows = ((code(name), type, prose(comment)) for name, type, comment in columns)
    return table(_HEAD, rows)
