"""The tables of ``klaviyo_v2``: what one row is, the key, and each column."""

from __future__ import annotations

from collections.abc import Iterator

from klaviyo_spark.resources import ALL
from klaviyo_spark.schema.bookkeeping import BOOKKEEPING, columns_of
from klaviyo_spark.schema.table import TableSpec
from scripts.reference.markdown import MADE, code, page, prose, table

HEAD = f"""\
# Tables of klaviyo_v2

{MADE.format(source="the specs")} `klaviyo-spark tables` prints the same; `--json` is for
programs.

Columns have the documented names, lower case. [Lineage](lineage.md) says where in Klaviyo's
answers each is read. A column marked with a class holds personal data: see [Mask personal
data](../how-to/mask.md).
"""


def as_markdown() -> str:
    """The page."""
    return page(_lines())


def _lines() -> Iterator[str]:
    yield HEAD
    rows = (
        (
            f"[{r.name}](#{r.name})",
            ", ".join(f"[{t.name}](#{_anchor(r.name, t.name)})" for t in r.tables),
        )
        for r in ALL
    )
    yield from table(("resource", "tables"), rows)
    yield ""
    yield "After its own columns each table has:"
    yield ""
    yield from table(
        ("column", "type", "meaning"),
        ((code(name), type, prose(doc)) for name, type, doc in BOOKKEEPING),
    )
    for resource in ALL:
        yield from ("", f"## {resource.name.capitalize()}", "")
        for endpoint in resource.endpoints:
            at = f" at revision {endpoint.revision.name}" if endpoint.revision else ""
            yield f"- `GET {endpoint.path}`{at} (scopes {', '.join(endpoint.scopes)})"
        for spec in resource.tables:
            yield from _table(spec)


def _anchor(resource: str, name: str) -> str:
    """Of a table's heading; that of its resource comes first and may have taken the name."""
    return f"{name}-1" if name == resource else name


def _table(spec: TableSpec) -> Iterator[str]:
    yield from ("", f"### {spec.name}", "", prose(spec.doc), "")
    if spec.note:
        yield from (prose(spec.note), "")
    yield f"Key: {', '.join(map(code, spec.key))}, with `_account_id`."
    yield ""
    rows = (
        (code(column.name), column.type, prose(column.doc), column.pii)
        for column in columns_of(spec)
    )
    yield from table(("column", "type", "meaning", "class"), rows)
