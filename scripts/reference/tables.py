"""The tables of both schemas: what one row is, the key, and each column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from klaviyo_spark.resources import ALL, PLUS
from klaviyo_spark.schema.bookkeeping import BOOKKEEPING, columns_of
from klaviyo_spark.schema.endpoint import Endpoint
from klaviyo_spark.schema.table import Resource, TableSpec
from scripts.reference.markdown import MADE, code, page, prose, table

HEAD = f"""\
# Tables

{MADE.format(source="the specs")} `klaviyo-spark tables --plus` prints the same; `--json` is
for programs.

Columns have the documented names, lower case. [Lineage](lineage.md) says where in Klaviyo's
answers each is read. A column marked with a class holds personal data: see [Mask personal
data](../how-to/mask.md).
"""

PLUS_HEAD = """\
Of groups that `plus` in conf or `--resources` names; nobody else has them. See [Read more of the
account](../how-to/plus.md)."""


def as_markdown() -> str:
    """The page."""
    return page(_lines())


def _lines() -> Iterator[str]:
    yield HEAD
    yield from ("## klaviyo_v2", "", "The documented tables.", "", *_overview(ALL), "")
    yield "After its own columns each table has:"
    yield ""
    yield from table(
        ("column", "type", "meaning"),
        ((code(name), type, prose(doc)) for name, type, doc in BOOKKEEPING),
    )
    for resource in ALL:
        yield from _resource(resource)
    yield from ("", "## klaviyo_plus", "", PLUS_HEAD, "", *_overview(PLUS))
    for resource in PLUS:
        yield from _resource(resource)


def _overview(resources: Sequence[Resource]) -> Iterator[str]:
    rows = (
        (
            f"[{r.name}](#{_heading(r)})",
            ", ".join(f"[{t.name}](#{_anchor(r, t.name)})" for t in r.tables),
        )
        for r in resources
    )
    yield from table(("resource", "tables"), rows)


def _resource(resource: Resource) -> Iterator[str]:
    yield from ("", f"## {_title(resource)}", "")
    # One operation may be asked in several ways, one for each table.
    yield from dict.fromkeys(map(_operation, resource.endpoints))
    for spec in resource.tables:
        yield from _table(spec)


def _operation(endpoint: Endpoint) -> str:
    at = f" at revision {endpoint.revision.name}" if endpoint.revision else ""
    verb = "POST" if endpoint.is_question else "GET"
    return f"- `{verb} {endpoint.path}`{at} (scopes {', '.join(endpoint.scopes)})"


def _title(resource: Resource) -> str:
    return resource.name.capitalize().replace("_", " ")


def _heading(resource: Resource) -> str:
    return resource.name.replace("_", "-")


def _anchor(resource: Resource, name: str) -> str:
    """Of a table's heading; that of its resource comes first and may have taken the name."""
    return f"{name}-1" if name == _heading(resource) else name


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
