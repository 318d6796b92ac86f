"""The lake's tables as dbt's sources: what each holds, tests of its key, how fresh it must be.

Text for a ``sources.yml`` of dbt 1.10.5 or newer, made from the specs. No I/O here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import yaml

from klaviyo_spark.config.models import Schemas
from klaviyo_spark.resources import tables_with
from klaviyo_spark.schema import ops_tables
from klaviyo_spark.schema.bookkeeping import BOOKKEEPING, columns_of
from klaviyo_spark.schema.columns import Column
from klaviyo_spark.schema.table import TableSpec

# Tables whose rows change on any day; one of the others may stay as it is for weeks.
_BUSY = ("events", "profiles")
_LATE = {"warn_after": (36, "hour"), "error_after": (72, "hour")}
_DOCS = {
    "silver": "The Klaviyo account, as klaviyo-spark keeps it. A row whose `_deleted_at` is not "
    "NULL is gone from Klaviyo.",
    "plus": "What klaviyo-spark reads beside the documented tables.",
    "ops": "What klaviyo-spark says of its own runs.",
}


class _Dumper(yaml.SafeDumper):
    """Writes lists as people do: indented."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - PyYAML's own name
        super().increase_indent(flow, False)


def as_yaml(
    schemas: Schemas, resources: Collection[str], catalog: str | None = None, folder: str = ""
) -> str:
    """The file.

    Args:
        resources: whose tables of ``klaviyo_plus`` are there too.
        catalog: where the schemas are; None: dbt's target says it.
        folder: the lake's, which DuckDB reads by dbt-duckdb's plugin; empty for other engines.
    """
    tables = tables_with(resources).values()
    silver = [_table(one, schemas.silver, folder) for one in tables if one.schema == "silver"]
    plus = [_table(one, schemas.plus, folder) for one in tables if one.schema == "plus"]
    sources = [
        _source("klaviyo_v2", schemas.silver, _DOCS["silver"], catalog, silver),
        *([_source("klaviyo_plus", schemas.plus, _DOCS["plus"], catalog, plus)] if plus else []),
        _source("klaviyo_ops", schemas.ops, _DOCS["ops"], catalog, [_runs(schemas.ops, folder)]),
    ]
    text: str = yaml.dump(
        {"version": 2, "sources": sources},
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=100,
    )
    return text


def _source(
    name: str, schema: str, doc: str, catalog: str | None, tables: list[dict[str, Any]]
) -> dict[str, Any]:
    place = {"database": catalog} if catalog else {}
    return {"name": name, "description": doc, **place, "schema": schema, "tables": tables}


def _table(table: TableSpec, schema: str, folder: str) -> dict[str, Any]:
    config = _place(schema, table.name, folder)
    if table.name in _BUSY:
        config |= _freshness("_landed_at")
    needed = {"_account_id", *table.id_parts}
    return {
        "name": table.name,
        "description": " ".join(filter(None, (table.doc, table.note))),
        **({"config": config} if config else {}),
        "data_tests": [
            {
                "unique": {
                    "name": f"{schema}_{table.name}_key",
                    "arguments": {"column_name": _key(table)},
                }
            }
        ],
        "columns": [*_columns(table, needed)],
    }


def _columns(table: TableSpec, needed: Collection[str]) -> Iterator[dict[str, Any]]:
    bookkeeping = [Column(name, type, {}, doc) for name, type, doc in BOOKKEEPING]  # type: ignore[arg-type] # they are typed as text
    for column in (*columns_of(table), *bookkeeping):
        yield {
            "name": column.name,
            "description": column.doc,
            "data_type": column.type,
            **({"config": {"meta": {"pii": column.pii}}} if column.pii else {}),
            **({"data_tests": ["not_null"]} if column.name in needed else {}),
        }


def _key(table: TableSpec) -> str:
    """What no two rows share, as an expression that every engine knows."""
    parts = ("_account_id", *table.key)
    return " || '|' || ".join(f"coalesce(cast({part} as string), '')" for part in parts)


def _runs(schema: str, folder: str) -> dict[str, Any]:
    """Operators' runs: the tables are as fresh as the last one that did all."""
    doc, columns = ops_tables.TABLES["runs"]
    done = {"filter": "exit_code = 0 and command in ('sync', 'ingest')"}
    return {
        "name": "runs",
        "description": doc,
        "config": {**_place(schema, "runs", folder), **_freshness("finished_at", done)},
        "columns": [
            {"name": name, "description": said, "data_type": type} for name, type, said in columns
        ],
    }


def _freshness(column: str, more: dict[str, Any] | None = None) -> dict[str, Any]:
    late = {name: {"count": count, "period": period} for name, (count, period) in _LATE.items()}
    return {"loaded_at_field": column, "freshness": {**late, **(more or {})}}


def _place(schema: str, table: str, folder: str) -> dict[str, Any]:
    """Where dbt-duckdb's plugin finds a table."""
    if not folder:
        return {}
    path = f"{folder.rstrip('/')}/{schema}.db/{table}"
    return {"meta": {"plugin": "delta", "delta_table_path": path}}
