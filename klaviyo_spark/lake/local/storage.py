"""How delta-rs opens a folder of this machine or of a store, and the files of it. No Spark here."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
from pyarrow import fs

from klaviyo_spark.lake.arrow import table_of
from klaviyo_spark.lake.local.store import Folder, StoreFolder

try:
    import deltalake
    from deltalake.fs import DeltaStorageHandler
except ModuleNotFoundError:  # not on every cluster; Spark reads and writes all there
    deltalake = None  # type: ignore[assignment]

T = TypeVar("T")

# delta-rs takes bytes, and pyarrow hands on what is larger than its buffer in a form of its own.
_PART, _BUFFER = 2**20, 2**22
# Requests that are under way at once: each waits for the store more than it works.
_SIDE_BY_SIDE = 16
# Tables of stores as they were last seen: to look for what is new takes one request, and to open
# one takes four and one for each commit.
_seen: dict[StoreFolder, deltalake.DeltaTable] = {}
_seeing = threading.Lock()


def storage_options(folder: Folder) -> dict[str, str] | None:
    """What delta-rs is told to reach a folder."""
    return dict(folder.options) if isinstance(folder, StoreFolder) else None


def open_delta(folder: Folder) -> deltalake.DeltaTable:
    """The newest version of the table in a folder.

    Raises:
        DeltaError, OSError: there is none, or it cannot be opened.
    """
    if not isinstance(folder, StoreFolder):
        return deltalake.DeltaTable(folder)
    with _seeing:
        table = _seen.pop(folder, None)
    if table is None:
        table = open_alone(folder)
    else:
        table.update_incremental()
    remember(folder, table)
    return table


def query(tables: Mapping[str, deltalake.DeltaTable], sql: str) -> pa.Table:
    """The rows of a query, worked out by delta-rs' own engine; it names ``tables`` as they do."""
    engine = deltalake.QueryBuilder()
    for name, table in tables.items():
        engine = engine.register(name, table)
    return table_of(engine.execute(sql))


def remember(folder: Folder, table: deltalake.DeltaTable) -> None:
    """Keep a table of a store as it is now: the next look at it asks only for what is new."""
    if isinstance(folder, StoreFolder):
        with _seeing:
            _seen.setdefault(folder, table)


def open_alone(folder: Folder) -> deltalake.DeltaTable:
    """The same, as an object that nobody else moves on to another version."""
    return deltalake.DeltaTable(str(folder), storage_options=storage_options(folder))


def is_delta(folder: Folder) -> bool:
    """Whether there is a table in a folder."""
    if isinstance(folder, StoreFolder) and folder in _seen:
        return True
    if isinstance(folder, Path) and not folder.is_dir():
        return False
    options = storage_options(folder)
    return bool(deltalake.DeltaTable.is_deltatable(str(folder), storage_options=options))


def ask_each(folder: Folder, names: Iterable[str], ask: Callable[[str], T]) -> list[T]:
    """What ``ask`` gives for each name, in their order; of a store, asked side by side."""
    if not isinstance(folder, StoreFolder):
        return [ask(name) for name in names]
    with ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="store") as pool:
        return list(pool.map(ask, names))


def file_system(folder: Folder, sizes: Mapping[str, int] | None = None) -> fs.FileSystem:
    """The files of a folder, by their paths in it.

    Args:
        sizes: bytes of files, as far as they are known: a store is not asked for those.
    """
    if isinstance(folder, StoreFolder):
        known = {**sizes} if sizes else None
        return fs.PyFileSystem(DeltaStorageHandler(str(folder), storage_options(folder), known))
    return fs.SubTreeFileSystem(str(folder), fs.LocalFileSystem())


def put(folder: StoreFolder, path: str, data: memoryview) -> None:
    """Make an object of ``data``; it is there, whole, or not at all."""
    with file_system(folder).open_output_stream(path, buffer_size=_BUFFER) as stream:
        for begin in range(0, len(data), _PART):
            stream.write(data[begin : begin + _PART])
