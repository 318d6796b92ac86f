"""Pages appended to a bronze table in a folder, here or on a store, without a Spark job.

Spark's append of a batch takes several times as long as fetching it. Here pyarrow writes the file,
delta-rs commits it by Delta's own protocol, and Spark reads it like any other. A catalog's tables
are Spark's alone.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from itertools import accumulate, groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from klaviyo_spark.errors import in_a_line
from klaviyo_spark.lake.commit_tag import option_of
from klaviyo_spark.lake.local.features import obstacle_to_append
from klaviyo_spark.lake.local.storage import file_system, open_delta, put
from klaviyo_spark.lake.local.store import Folder

try:
    import deltalake
    from deltalake.exceptions import DeltaError
    from deltalake.transaction import AddAction
except ModuleNotFoundError:  # not on every cluster; Spark appends there
    deltalake = None  # type: ignore[assignment]

Row = Mapping[str, Any]

# A reader holds one row group at a time, and a page may be megabytes.
_GROUP_PAGES = 16
_GROUP_BYTES = 8 * 2**20


class UnsupportedTable(Exception):
    """delta-rs does not append to the table to the letter; nothing of the rows is in it."""


class LocalPages:
    """The writer of one table.

    Args:
        folder: of the table, which is there already.
        schema: its columns.
        partitions: those it is partitioned by.
        statistics: those that readers skip files by.
    """

    def __init__(
        self,
        folder: Folder,
        schema: pa.Schema,
        partitions: Sequence[str],
        statistics: Sequence[str],
    ) -> None:
        self._folder, self._schema = folder, schema
        self._partitions, self._statistics = list(partitions), statistics
        self._table: Any = None

    def append(self, rows: Sequence[Row]) -> None:
        """Append ``rows`` as one commit: all of them or, whatever happens, none.

        Raises:
            Unfit: the table asks of its writers what delta-rs does not do.
            OSError: the disk is full, or out of reach.
        """

        def partition(row: Row) -> tuple[str, ...]:
            return tuple(str(row[name]) for name in self._partitions)

        self._open()
        written: list[str] = []
        try:
            added = [
                self._write(values, list(some), written)
                for values, some in groupby(sorted(rows, key=partition), partition)
            ]
            self._table.create_write_transaction(
                added,
                "append",
                self._schema,
                partition_by=self._partitions,
                commit_properties=deltalake.CommitProperties(custom_metadata=option_of(rows)),
            )
        except BaseException as error:
            if not self._in_log(written):
                self._remove(written)
                if isinstance(error, DeltaError):  # what a table asks may change in between
                    self._table = None
                    raise UnsupportedTable(in_a_line(error)) from error
            raise

    def _open(self) -> None:
        """Look at the newest version: a property may have been set since the last batch.

        Raises:
            Unfit: as of ``append``.
        """
        try:
            if self._table is None:
                self._table = open_delta(self._folder)
            else:
                self._table.update_incremental()
            obstacle = obstacle_to_append(self._table, self._schema, self._partitions)
        except DeltaError as error:
            obstacle = in_a_line(error)
        if obstacle:
            self._table = None
            raise UnsupportedTable(obstacle)

    def _in_log(self, files: Sequence[str]) -> bool:
        """Whether a commit names ``files``; as if it did, where the log cannot be read.

        An interrupt, or a checkpoint that fails, may come right after the commit was made.
        """
        try:
            named = {Path(uri).name for uri in open_delta(self._folder).file_uris()}
        except Exception:
            return True
        return any(Path(file).name in named for file in files)

    def _remove(self, files: Sequence[str]) -> None:
        """Remove files that no commit names, as far as they are there."""
        for file in files:
            if isinstance(self._folder, Path):
                (self._folder / file).unlink(missing_ok=True)
                continue
            with suppress(OSError):  # it may not have got as far; VACUUM finds what stays
                file_system(self._folder).delete_file(file)

    def _write(self, values: tuple[str, ...], rows: Sequence[Row], written: list[str]) -> Any:
        """One partition's file, there for good, and what the commit says of it."""
        named = dict(zip(self._partitions, values, strict=True))
        folder = "/".join(f"{name}={value}" for name, value in named.items())
        path = f"{folder}/part-{uuid.uuid4()}.parquet"
        written.append(path)
        schema = pa.schema([f for f in self._schema if f.name not in named])
        if isinstance(self._folder, Path):
            file = self._folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            with open(file, "wb") as raw:
                self._write_rows(raw, schema, rows)
                raw.flush()
                os.fsync(raw.fileno())
            status = file.stat()
            size, changed_s = status.st_size, status.st_mtime
        else:
            # As Parquet packs pages well, a batch of them is some megabytes here.
            stream = pa.BufferOutputStream()
            self._write_rows(stream, schema, rows)
            data = memoryview(stream.getvalue())
            put(self._folder, path, data)
            size, changed_s = data.nbytes, time.time()
        stats = json.dumps(self._stats(rows))
        return AddAction(path, size, named, int(changed_s * 1000), True, stats)

    def _write_rows(self, file: Any, schema: pa.Schema, rows: Sequence[Row]) -> None:
        with pq.ParquetWriter(
            file,
            schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=False,
            write_statistics=list(self._statistics),
        ) as writer:
            for some in _groups(rows):
                columns = [_column([row[f.name] for row in some], f.type) for f in schema]
                writer.write_table(pa.Table.from_arrays(columns, schema=schema))

    def _stats(self, rows: Sequence[Row]) -> dict[str, Any]:
        found = {name: [row[name] for row in rows] for name in self._statistics}
        return {
            "numRecords": len(rows),
            "minValues": {name: _least(min(values)) for name, values in found.items()},
            "maxValues": {name: _most(max(values)) for name, values in found.items()},
            "nullCount": dict.fromkeys(found, 0),
        }


def _least(value: Any) -> str:
    """A minimum as Delta's log holds it: a time to the millisecond, never above the value."""
    return _instant(value) if isinstance(value, datetime) else str(value)


def _most(value: Any) -> str:
    """A maximum, never below the value."""
    if isinstance(value, datetime):
        return _instant(value + timedelta(microseconds=999))
    return str(value)


def _instant(value: datetime) -> str:
    utc = value.astimezone(timezone.utc)
    return utc.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _groups(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Rows in groups that are neither many nor large; a large page is a group of its own."""
    group: list[Row] = []
    size = 0
    for row in rows:
        if group and (len(group) == _GROUP_PAGES or size + row["bytes"] > _GROUP_BYTES):
            yield group
            group, size = [], 0
        group.append(row)
        size += row["bytes"]
    if group:
        yield group


def _column(values: list[Any], type: pa.DataType) -> pa.Array:
    """Values as Arrow. Bytes for a text are joined once: a builder's growing copies them twice."""
    if type != pa.string() or not values or not isinstance(values[0], bytes):
        return pa.array(values, type)
    ends = pa.array([0, *accumulate(map(len, values))], pa.int32())
    body = pa.py_buffer(b"".join(values))
    return pa.StringArray.from_buffers(len(values), ends.buffers()[1], body)
