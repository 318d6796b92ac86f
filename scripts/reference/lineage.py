"""Lineage: for each column the endpoint that Klaviyo answers at, and the path in its answer."""

from __future__ import annotations

from collections.abc import Iterator

from klaviyo_spark.resources import ALL, ENDPOINTS, PLUS, TABLES
from klaviyo_spark.schema.bookkeeping import columns_of
from klaviyo_spark.schema.table import TableSpec
from scripts.reference.markdown import MADE, code, page, table

HEAD = f"""\
# Lineage

{MADE.format(source="the specs")}

Each column with the answers of Klaviyo that it is read from. A path starts at the record (`$`),
at the record around an array's element (`^`), at a related object of the same page (`name>$`), at
the request (`page`), or at a column of the silver row that the record is (`row`). Of several
paths the first that holds something is taken. `if` names a condition.
"""


def as_markdown() -> str:
    """The page."""
    return page(_lines())


def _lines() -> Iterator[str]:
    yield HEAD
    for resource in (*ALL, *PLUS):
        for spec in resource.tables:
            yield from (f"## {spec.name}", "")
            yield from table(("column", "read from", "path"), _rows(spec))
            yield ""


def _rows(spec: TableSpec) -> Iterator[tuple[str, str, str]]:
    sources = {source.name: source for source in spec.sources}
    for column in columns_of(spec):
        for name, reads in column.reads.items():
            of = sources[name].of
            source = f"`{TABLES[of.table].label}`" if of else _endpoint(sources[name].endpoint)
            yield code(column.name), source, ", ".join(map(code, reads))
        if not column.reads:
            yield code(column.name), "", "worked out"


def _endpoint(name: str) -> str:
    endpoint = ENDPOINTS[name]
    at = f" at revision {endpoint.revision.name}" if endpoint.revision else ""
    return f"`{'POST' if endpoint.is_question else 'GET'} {endpoint.path}`{at}"
