"""A lake in a folder of this machine, read by delta-rs: an answer in a second, without Spark."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from klaviyo_spark.clock import utc_now
from klaviyo_spark.config.models import Schemas
from klaviyo_spark.errors import TableUnreadable, in_a_line
from klaviyo_spark.lake.arrow import table_of
from klaviyo_spark.lake.delta_log import NOT_KNOWN_HERE, TableState, Write, in_folder
from klaviyo_spark.lake.file_lock import LockStatus, holding
from klaviyo_spark.lake.heartbeat import status_of
from klaviyo_spark.lake.local.features import obstacle_to_read
from klaviyo_spark.lake.local.lease_table import StoreLease
from klaviyo_spark.lake.local.storage import ask_each, file_system, is_delta, open_delta, query
from klaviyo_spark.lake.local.store import Folder, StoreFolder
from klaviyo_spark.lake.readers.reader import NotRead, Row
from klaviyo_spark.lake.readers.rows import plain, values
from klaviyo_spark.lake.readers.sql import rename_tables, tables_in
from klaviyo_spark.lake.unreadable import is_damage, unreadable

T = TypeVar("T")


class Files:
    """The reader of a folder; see ``reader.Reader``.

    A question about a table that delta-rs does not open, or does not read to the letter, raises
    ``NotRead``.
    """

    def __init__(self, folder: Folder, schemas: Schemas) -> None:
        self._folder, self._schemas = folder, schemas

    def has(self, table: str) -> bool:
        """Whether the table's folder has a Delta log, and a commit in it."""
        return is_delta(self._folder_of(*table.split(".")))

    def rows(self, sql: str) -> list[Row]:
        """The rows of a query, worked out by delta-rs' own engine."""
        tables = {
            f"{schema}_{name}": self._opened(schema, name).table
            for schema, name in (table.split(".") for table in tables_in(sql))
        }
        named = rename_tables(sql, lambda schema, name: f"{schema}_{name}")
        return plain(query(tables, named))

    def count(self, schema: str, table: str) -> int | None:
        """Rows of a table, from its log; of a file without statistics, from its footer."""
        return self._answer(schema, table, _Opened.rows)

    def newest_event(self) -> datetime | None:
        """The latest ``events.event_datetime``, from the log: it has it to the millisecond."""
        return self._answer("silver", "events", lambda events: events.newest("event_datetime"))

    def ask(self, schema: str, table: str, sql: str) -> list[Row] | None:
        """The rows of a query."""
        return self._answer(schema, table, lambda opened: opened.ask(sql))

    def holding(self) -> LockStatus | None:
        """Whose name stands in the lock's file, or holds the lease of a store."""
        if isinstance(self._folder, StoreFolder):
            return status_of(StoreLease(self._folder, self._schemas.ops).last_sign(), utc_now())
        return holding(self._folder)

    def states(
        self,
        schema: str,
        since: Mapping[str, int | None],
        writes: Mapping[str, Sequence[Write]],
    ) -> dict[str, TableState | TableUnreadable]:
        """Tables as their logs have them."""

        def state(name: str) -> TableState | TableUnreadable | None:
            try:
                return _state(self._folder_of(schema, name), since[name], writes.get(name, ()))
            except TableUnreadable as error:
                return error
            except DeltaError as error:
                return self._unreadable(schema, name, in_a_line(error))

        states = zip(since, ask_each(self._folder, since, state), strict=True)
        return {name: found for name, found in states if found}

    def _answer(self, schema: str, table: str, ask: Callable[[_Opened], T | None]) -> T | None:
        """What a table answers; None where it is not there."""
        try:
            opened = self._open(schema, table)
            return None if opened is None else ask(opened)
        except Exception as error:
            if not is_damage(error):
                raise
            raise self._unreadable(schema, table, in_a_line(error)) from error

    def _unreadable(self, schema: str, table: str, why: str) -> TableUnreadable:
        name = getattr(self._schemas, schema)
        return unreadable(name, table, f"{self._folder_of(schema, table)}", why)

    def _open(self, schema: str, table: str) -> _Opened | None:
        folder = self._folder_of(schema, table)
        if isinstance(folder, Path) and folder.exists() and not folder.is_dir():
            raise self._unreadable(schema, table, "no folder")
        return self._opened(schema, table) if is_delta(folder) else None

    def _opened(self, schema: str, table: str) -> _Opened:
        folder = self._folder_of(schema, table)
        try:
            opened = _Opened(folder)
        except DeltaError as error:
            if not is_delta(folder):
                raise
            raise self._not_read(schema, table, in_a_line(error)) from error
        obstacle = obstacle_to_read(opened.table)
        if obstacle:
            raise self._not_read(schema, table, f"delta-rs does not know {obstacle}")
        return opened

    def _not_read(self, schema: str, table: str, why: str) -> NotRead:
        found = self._unreadable(schema, table, why)
        return NotRead(f"{found}", found.table)

    def _folder_of(self, schema: str, table: str) -> Folder:
        return self._folder / f"{getattr(self._schemas, schema)}.db" / table


class _Opened:
    """One version of one table."""

    def __init__(self, folder: Folder) -> None:
        self._folder, self.table = folder, open_delta(folder)

    @cached_property
    def _files(self) -> pa.Table:
        """One row per file, with what the log says of it."""
        found = table_of(self.table.get_add_actions(flatten=True))
        wanted = [n for n in found.column_names if n in ("path", "num_records") or n[:4] == "max."]
        return found.select(wanted)

    def rows(self) -> int:
        if "deletionVectors" in (self.table.protocol().reader_features or []):
            # The log counts the rows that they delete too.
            counted: int = self.ask("SELECT count(*) AS n FROM {t}")[0]["n"]
            return counted
        files = self._files
        paths = files["path"].to_pylist()
        known = "num_records" in files.column_names
        counts = files["num_records"].to_pylist() if known else [None] * len(paths)
        return sum(
            self._rows_of(path) if count is None else count
            for path, count in zip(paths, counts, strict=True)
        )

    def _rows_of(self, path: str) -> int:
        with file_system(self._folder).open_input_file(path) as file:
            return int(pq.read_metadata(file).num_rows)

    def newest(self, column: str) -> datetime | None:
        name = f"max.{column}"
        if not self._files.num_rows:
            return None
        if name in self._files.column_names and not self._files[name].null_count:
            latest: datetime = max(values(self._files[name]))
            return latest
        asked: datetime | None = self.ask(f"SELECT max({column}) AS at FROM {{t}}")[0]["at"]
        return asked

    def ask(self, sql: str) -> list[Row]:
        question = _Question(str(self.table.metadata().id), self.table.version(), sql, self.table)
        if not isinstance(self._folder, StoreFolder):
            return question.answer()
        return [dict(row) for row in _answered(question)]


@dataclass(frozen=True)
class _Question:
    """A query on a version of a table, which always has one answer."""

    table_id: str
    version: int
    sql: str
    table: DeltaTable = field(compare=False)

    def answer(self) -> list[Row]:
        return plain(query({"t": self.table}, self.sql.replace("{t}", "t")))


@lru_cache(maxsize=32)
def _answered(question: _Question) -> list[Row]:
    """The answer, kept: of a store each query fetches parts of all files once more."""
    return question.answer()


def _state(folder: Folder, since: int | None, writes: Sequence[Write]) -> TableState | None:
    try:
        return in_folder(folder, since, writes)
    except (
        NOT_KNOWN_HERE
    ):  # a log of a form that is only known elsewhere: which table it is will do
        table = open_delta(folder)
        return TableState(str(table.metadata().id), table.version())
