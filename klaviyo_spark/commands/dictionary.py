"""The data dictionary, made from the specs: as JSON, as text, as the README of ``resources``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from klaviyo_spark.resources import ALL, TABLES
from klaviyo_spark.schema.bookkeeping import BOOKKEEPING, columns_of
from klaviyo_spark.schema.table import Column, TableSpec

README = Path(__file__).parents[1] / "resources" / "README.md"


def as_json() -> list[dict[str, object]]:
    """``[{"table", "key", "columns": [{"column", "type", "comment", "path"}]}]``, in order."""
    return [
        {
            "table": f"klaviyo_v2.{table.name}",
            "key": list(table.key),
            "columns": [
                {"column": name, "type": type, "comment": comment, "path": path}
                for name, type, comment, path in _rows(table)
            ],
        }
        for table in TABLES.values()
    ]


def as_text() -> Iterator[str]:
    """Tables and columns for a terminal, a line each."""
    for table in TABLES.values():
        yield f"klaviyo_v2.{table.name}  (key: {', '.join(table.key)})"
        yield f"  {table.doc}"
        for name, type, comment, _ in _rows(table):
            yield f"    {name:<62} {type:<9} {comment}"
        yield ""


def as_markdown() -> str:
    """The README of ``resources``: one section per resource, one table per silver table."""
    lines = [
        "# The tables of `klaviyo_v2`",
        "",
        "Made from the specs beside this file by `make docs`; a test fails when it is stale.",
        "A path starts at the record (`$`), at the record around an array's element (`^`), at a",
        "related object of the same page (`name>$`) or at the request (`page`). Of several paths",
        "the first that holds something is taken.",
        "",
    ]
    for resource in ALL:
        lines += [f"## {resource.name.capitalize()}", ""]
        for endpoint in resource.endpoints:
            at = f" at revision {endpoint.revision.name}" if endpoint.revision else ""
            lines.append(f"- `GET {endpoint.path}`{at} (scopes {', '.join(endpoint.scopes)})")
        lines.append("")
        for table in resource.tables:
            lines += [f"### {table.name}", "", table.doc, ""]
            if table.note:
                lines += [table.note, ""]
            lines += [f"Key: {', '.join(f'`{k}`' for k in table.key)}, with `_account_id`.", ""]
            lines += ["| column | type | meaning | path |", "|---|---|---|---|"]
            lines += [
                f"| `{name}` | {type} | {_cell(comment)} | {_code(path)} |"
                for name, type, comment, path in _rows(table)
            ]
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _rows(table: TableSpec) -> Iterator[tuple[str, str, str, str]]:
    for column in columns_of(table):
        yield column.name, column.type, column.doc, _path(column, table)
    for name, type, comment in BOOKKEEPING:
        yield name, type, comment, ""


def _path(column: Column, table: TableSpec) -> str:
    paths = [p for reads in column.reads.values() for p in reads]
    if table.made_of:  # where the column of that row is read, which is the record around this one
        of = {f"row.{c.name}": c for c in TABLES[table.made_of.table].columns}
        paths = [f"^{_path(of[p], table)[1:]}" if p in of else p for p in paths]
    return " | ".join(dict.fromkeys(paths))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def _code(path: str) -> str:
    return ", ".join(f"`{p}`" for p in path.split(" | ")) if path else ""


if __name__ == "__main__":
    README.write_text(as_markdown(), encoding="utf-8")
