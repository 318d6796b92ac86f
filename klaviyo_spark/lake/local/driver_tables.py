"""Small tables of a lake in a folder, here or on a store, as the driver holds them.

delta-rs reads and writes their rows, and Spark gets them as Arrow: it works out what changes, by
the same SQL as anywhere, and needs neither Delta's log nor files for it. What is large, or asks
what delta-rs does not do, is Spark's: each question here is answered by None then.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame

from klaviyo_spark.lake.arrow import frame_of
from klaviyo_spark.lake.commit_retry import retry_on_conflict
from klaviyo_spark.lake.local.store import Folder
from klaviyo_spark.lake.local.table import LocalTable, open_table
from klaviyo_spark.lake.merge import Merged, partition_filter, same_key_local
from klaviyo_spark.lake.spark.lazy_session import LazySession
from klaviyo_spark.schema.sql_text import portable

# A table beyond either is large. Rows in memory take several times what their files do.
MAX_ROWS = 60_000
MAX_BYTES = 32 * 2**20


class _KnownRows(NamedTuple):
    version: tuple[str, int]
    frame: DataFrame
    num_rows: int


class DriverTables:
    """Tables by their folders. What is read of a version is kept until there is another one."""

    def __init__(self, session: LazySession) -> None:
        self._session = session
        self._frames: dict[Folder, _KnownRows] = {}
        self._reading = threading.Lock()

    def holds(self, folder: Folder) -> bool:
        """Whether the table is small enough, and delta-rs reads and writes it."""
        return _open_small(folder) is not None

    def rows(self, folder: Folder) -> DataFrame | None:
        """The table's rows, in the columns' order."""
        with self._reading:
            table, held = _open_small(folder), self._frames.pop(folder, None)
            if table and (held is None or held.version != table.version):
                held = self._hold(table)
            if table is None or held is None:
                return None
            self._frames[folder] = held
            return held.frame

    def is_held_empty(self, folder: Folder) -> bool:
        """Whether ``rows`` gave none when it was last asked for them."""
        with self._reading:
            held = self._frames.get(folder)
            return held is not None and held.num_rows == 0

    def selected_rows(self, folder: Folder, where: pc.Expression) -> DataFrame | None:
        """Some rows of a table that may be large, in the columns' order."""
        table = open_table(folder)
        held = None if table is None else self._hold(table, where)
        return None if held is None else held.frame

    def _hold(self, table: LocalTable, where: pc.Expression | None = None) -> _KnownRows | None:
        try:
            rows = table.rows(where)
            # Spark does not see that it is one partition unless it is told so.
            frame = frame_of(self._session.get(), rows).coalesce(1)
        except (pa.ArrowInvalid, FileNotFoundError):
            # Times in a form that holds fewer years, or a file that is gone, which Spark can name.
            return None
        return _KnownRows(table.version, frame, rows.num_rows)

    def append(self, folder: Folder, rows: pa.Table, tag: str) -> bool:
        """Append rows as one commit; False where Spark has to."""
        table = open_table(folder)
        if table is None:
            return False
        table.append(rows, tag)
        return True

    def replace(self, folder: Folder, rows: pa.Table, where: str, tag: str) -> bool:
        """Put rows in the place of those for which ``where`` holds; False where Spark has to.

        One commit, or none where they are the same.
        """

        new = _sorted(rows)

        def replace() -> bool:
            table = open_table(folder)
            if table and _sorted(table.rows_where(where).select(rows.column_names)) != new:
                table.replace(rows, where, tag)
            return table is not None

        return retry_on_conflict(replace, f"{folder}")

    def delete(self, folder: Folder, where: str, tag: str) -> bool:
        """Delete rows as one commit; False where Spark has to."""

        def delete() -> bool:
            table = open_table(folder)
            if table:
                table.delete(where, tag)
            return table is not None

        return retry_on_conflict(delete, f"{folder}")

    def upsert(
        self,
        folder: Folder,
        rows: pa.Table,
        key: Sequence[str],
        tag: str,
        *,
        update: Sequence[str] | None = None,
        partition: tuple[str, Sequence[date | None]] | None = None,
    ) -> Merged | None:
        """Update rows by their key, insert those that are not there.

        Args:
            update: columns that rows which are there take; None: all.
            partition: the column that the table is partitioned by, and the days that rows of these
                keys are in.
        """
        on = same_key_local(key)
        if partition:
            column, days = partition
            on += f" AND {partition_filter(f't.{column}', days, literal='')}"
        if "_account_id" in key:  # files are pruned by literals alone
            accounts = rows["_account_id"].unique().to_pylist()
            on += f" AND t._account_id IN ({', '.join(map(portable, accounts))})"

        def merge() -> Merged | None:
            table = open_table(folder)
            columns = rows.column_names if update is None else update
            return table.upsert(rows, on, columns, tag) if table else None

        return retry_on_conflict(merge, f"{folder}")


def _sorted(rows: pa.Table) -> list[str]:
    """Rows as texts, in an order of their own."""
    return sorted(map(str, rows.to_pylist()))


def _open_small(folder: Folder) -> LocalTable | None:
    table = open_table(folder)
    if table is None:
        return None
    rows, size = table.size()
    return table if rows <= MAX_ROWS and size <= MAX_BYTES else None
