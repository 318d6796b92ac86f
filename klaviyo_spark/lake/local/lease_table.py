"""The row that says who holds a lake on a store, read and written by delta-rs. No Spark here.

Each change is a commit, and the store puts the object of a commit only where there is none yet
(``If-None-Match``): of two runs that take the lake at once, one is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pyarrow as pa

from klaviyo_spark.lake.arrow import TYPES
from klaviyo_spark.lake.heartbeat import (
    CHECKPOINT_INTERVAL,
    COLUMNS,
    PROPERTY,
    TABLE,
    Heartbeat,
    Signed,
    heartbeat_of,
    parse_sign,
    sign_text,
)
from klaviyo_spark.lake.local.data_files import read_rows
from klaviyo_spark.lake.local.storage import is_delta, open_alone, open_delta
from klaviyo_spark.lake.local.store import Folder
from klaviyo_spark.lake.readers.rows import plain

try:
    import deltalake
except ModuleNotFoundError:  # not on every cluster; Spark holds the lease there
    deltalake = None  # type: ignore[assignment]

_SCHEMA = pa.schema([(name, TYPES[type]) for name, type, _ in COLUMNS])


class StoreLease:
    """A ``LeaseTable`` in the folder of a lake.

    Args:
        root: of the lake.
        schema: what the schema of the operators' tables is called.
    """

    def __init__(self, root: Folder, schema: str) -> None:
        self._folder = root / f"{schema}.db" / TABLE

    def last_sign(self) -> Heartbeat | None:
        """The last sign of who holds the lake; None where it is free, or no run has held it yet."""
        if not is_delta(self._folder):
            return None
        table = open_delta(self._folder)
        rows = [row for row in plain(read_rows(self._folder, table)) if row["token"] is not None]
        return heartbeat_of(rows[0], _signed(table)) if rows else None

    def signed(self) -> Signed | None:
        """Token, number and time of the last sign that was given."""
        return _signed(open_delta(self._folder))

    def claim(self, row: Mapping[str, Any], expected: str | None) -> None:
        """Write ``row`` over the one whose token is ``expected``, or where there is no row."""
        table = open_alone(self._folder)
        there = read_rows(self._folder, table).to_pylist()
        if there and there[0]["token"] != expected:
            return
        _write(table, row)

    def give_sign(self, token: str, number: int, at: datetime) -> None:
        """Say that the holder of ``token`` lives."""
        open_delta(self._folder).alter.set_table_properties(
            {
                PROPERTY: sign_text(token, number, at),
                "delta.checkpointInterval": f"{CHECKPOINT_INTERVAL}",
            },
            raise_if_not_exists=False,
            commit_properties=_next_version(),
        )

    def release(self, token: str) -> None:
        """Free the lake, if it is the holder of ``token`` that has it."""
        table = open_alone(self._folder)
        for row in read_rows(self._folder, table).to_pylist():
            if row["token"] == token:
                _write(table, {**row, "token": None})


def _signed(table: deltalake.DeltaTable) -> Signed | None:
    return parse_sign(table.metadata().configuration.get(PROPERTY))


def _write(table: deltalake.DeltaTable, row: Mapping[str, Any]) -> None:
    """Put ``row`` in the place of the one that ``table`` has at the version it was read at."""
    deltalake.write_deltalake(
        table,
        pa.Table.from_pylist([dict(row)], schema=_SCHEMA),
        mode="overwrite",
        commit_properties=_next_version(),
    )


def _next_version() -> deltalake.CommitProperties:
    """As the next version or not at all: another commit may be another run's claim."""
    return deltalake.CommitProperties(max_commit_retries=0)
