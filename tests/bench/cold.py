"""What a refine costs that a user starts by itself, beside DuckDB on the same pages.

    python -m tests.bench.cold [EVENTS]

DuckDB parses the columns of events, types them and writes a Parquet file per day. It does nothing
of what is included beside events, keeps no unknown properties, takes no key for one, and commits
nothing. Both are processes of their own, which start cold.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import duckdb

from klaviyo_spark.resources import TABLES
from klaviyo_spark.schema.bookkeeping import columns_of
from klaviyo_spark.schema.columns import Column
from klaviyo_spark.schema.paths import FieldPath
from tests.bench.fetch import a_page_of_events
from tests.bench.pages import Template, land, pages
from tests.bench.silver import BEGIN, DAYS, EVENTS, timed
from tests.bench.syncs import adopt, cpu_of_children, sync
from tests.helpers.small_lakes import a_lake_without_spark

_NOBODY = "http://127.0.0.1:9"
_DATETIME = FieldPath(("attributes", "datetime"))
_TYPES = {"string": "VARCHAR", "timestamp": "TIMESTAMPTZ"}


def main(events: int = EVENTS) -> None:
    """Measure, and print a line each."""
    adopt()
    with tempfile.TemporaryDirectory() as kept:
        folder = Path(kept)
        warehouse = folder / "lake"
        lake = a_lake_without_spark(warehouse)
        template = Template(a_page_of_events(folder / "page.json"))
        land(lake, pages(template, range(events // 1_000), DAYS, "one", BEGIN))

        ours = sync(_NOBODY, warehouse, folder / "ours", "refine")
        print(f"refine of {events:,} events, cold: {ours}", flush=True)
        floor = [sys.executable, "-m", "tests.bench.cold", warehouse, folder / "floor"]
        used = cpu_of_children()
        wall, _ = timed(lambda: subprocess.run(floor, check=True))
        cpu = cpu_of_children() - used
        print(f"DuckDB types and writes them:  {wall:6.1f} s wall {cpu:6.1f} s CPU")
    print(f"{ours.wall / wall:.1f} times its wall time, {ours.cpu / cpu:.1f} times its CPU")


def by_duckdb(warehouse: Path, to: Path) -> None:
    """All columns of events that stand in the event itself, as Parquet files, one a day."""
    files = sorted(map(str, warehouse.glob("klaviyo_bronze.db/pages/**/*.parquet")))
    columns = [column for column in columns_of(TABLES["events"]) if _paths(column)]
    paths = list(dict.fromkeys(path for column in columns for path in _paths(column)))
    places = {path: f"found[{place}]" for place, path in enumerate(paths, start=1)}
    cells = [
        f"TRY_CAST(coalesce({', '.join(places[path] for path in _paths(column))}) "
        f'AS {_TYPES.get(column.type, column.type)}) AS "{column.name}"'
        for column in columns
    ]
    listed = ", ".join(map(_quoted, paths))
    duckdb.sql("SET TimeZone = 'UTC'")
    duckdb.sql(
        f"COPY (SELECT {', '.join(cells)}, "
        f"TRY_CAST({places[_path(_DATETIME)]} AS TIMESTAMPTZ)::DATE AS day "
        f"FROM (SELECT json_extract_string(record, [{listed}]) AS found FROM "
        f"(SELECT unnest(json_extract(body, '$.data[*]')) AS record "
        f"FROM read_parquet([{', '.join(map(_quoted, files))}])))) "
        f"TO {_quoted(str(to))} (FORMAT parquet, PARTITION_BY (day))"
    )


def _paths(column: Column) -> list[str]:
    """Where a column stands in an event, in DuckDB's words."""
    reads = [read for several in column.field_reads.values() for read in several]
    return [_path(read.path) for read in reads if read.scope == "$"]


def _path(path: FieldPath) -> str:
    index = "" if path.index is None else f"[{path.index}]"
    return f"${_keys(path.keys)}{index}{_keys(path.inner)}"


def _keys(keys: Iterable[str]) -> str:
    return "".join(f'."{key}"' for key in keys)


def _quoted(value: str) -> str:
    doubled = value.replace("'", "''")
    return f"'{doubled}'"


if __name__ == "__main__":
    if sys.argv[1:] and not sys.argv[1].isdigit():
        by_duckdb(*map(Path, sys.argv[1:]))
    else:
        main(*map(int, sys.argv[1:]))
