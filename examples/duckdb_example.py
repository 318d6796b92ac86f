"""Ask a lake in a folder one of the questions of this folder, with DuckDB and delta-rs.

python examples/duckdb_example.py ./demo-lake examples/flow_performance.sql
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb
from deltalake import DeltaTable
from pyarrow.fs import LocalFileSystem, SubTreeFileSystem


def open_lake(folder: str) -> duckdb.DuckDBPyConnection:
    """Every table of the lake under its name, such as ``klaviyo_v2.events``; nothing is copied."""
    logs = sorted(Path(folder).glob("klaviyo_*.db/*/_delta_log"))
    if not logs:
        sys.exit(f"no table in {folder}; the lake of `make demo` is ./demo-lake")
    connection = duckdb.connect()
    connection.sql("SET TimeZone = 'UTC'")
    for log in logs:
        table, schema = log.parent, log.parent.parent.stem
        rows = f"{schema}_{table.name}"
        # Read by Arrow itself: docs/how-to/query.md says why.
        files = SubTreeFileSystem(str(table), LocalFileSystem())
        connection.register(rows, DeltaTable(table).to_pyarrow_dataset(filesystem=files))
        connection.sql(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        connection.sql(f"CREATE VIEW {schema}.{table.name} AS SELECT * FROM {rows}")
    return connection


if __name__ == "__main__":
    lake, question = sys.argv[1:]
    print(open_lake(lake).sql(Path(question).read_text(encoding="utf-8")))
