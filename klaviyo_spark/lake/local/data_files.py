"""Rows of a table's data files, as Arrow. No Spark here.

Arrow reads files in threads of its own, which may still be at work when the command ends. None of
them may then come upon Python: a thread that asks for an interpreter which is ending aborts the
process. So files of a folder are read by Arrow's own code, and those of a store, which only
delta-rs's handler in Python reaches, are fetched whole before Arrow sees them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pyarrow as pa
from pyarrow import fs

from klaviyo_spark.lake.arrow import table_of
from klaviyo_spark.lake.local.object_cache import ObjectCache
from klaviyo_spark.lake.local.storage import ask_each, file_system
from klaviyo_spark.lake.local.store import Folder, StoreFolder

if TYPE_CHECKING:
    import pyarrow.compute as pc
    from pyarrow.dataset import Dataset, Fragment

try:
    import deltalake
except ModuleNotFoundError:  # not on every cluster; Spark reads all there
    deltalake = None  # type: ignore[assignment]

# Larger files are not kept.
_KEPT_FILE_BYTES = 4 * 2**20
_KEPT_BYTES = 64 * 2**20
# Of rows that were read of files in a folder.
_KEPT_ROWS_BYTES = 128 * 2**20

_cache: ObjectCache[str, pa.Buffer] = ObjectCache(_KEPT_BYTES, lambda file: file.size)
_rows: ObjectCache[str, pa.Table] = ObjectCache(_KEPT_ROWS_BYTES, lambda rows: rows.nbytes)


def read_rows(
    folder: Folder, delta: deltalake.DeltaTable, where: pc.Expression | None = None
) -> pa.Table:
    """Rows of the table in ``folder``, in the columns' order, at the version of ``delta``.

    Raises:
        FileNotFoundError: a file that the log names is not there.
    """
    if isinstance(folder, StoreFolder):
        return _fetch_files(folder, delta, where).to_table(filter=where)
    if where is None:
        return _read_whole(folder, delta)
    return delta.to_pyarrow_dataset(filesystem=file_system(folder)).to_table(filter=where)


def _read_whole(folder: Path, delta: deltalake.DeltaTable) -> pa.Table:
    """All rows of a table in a folder; of files that were read before, what was read then.

    A version shares nearly all files with the one before it, and a year of days has hundreds.
    """
    dataset = delta.to_pyarrow_dataset(filesystem=file_system(folder))
    files = [_file_rows(folder, file, dataset.schema) for file in dataset.get_fragments()]
    return pa.concat_tables([dataset.schema.empty_table(), *files])


def _file_rows(folder: Path, file: Fragment, schema: pa.Schema) -> pa.Table:
    """Rows of one of the files of a table in a folder."""
    path = f"{folder}/{file.path}"
    rows = _rows.get(path)
    if rows is None:
        rows = file.to_table(schema=schema)
        _rows.keep(path, rows)
    return rows


def _file_sizes(delta: deltalake.DeltaTable) -> dict[str, int]:
    """Bytes of each file of a table, by its path in the table's folder."""
    found = table_of(delta.get_add_actions(flatten=True))
    paths = map(unquote, found["path"].to_pylist())
    return dict(zip(paths, found["size_bytes"].to_pylist(), strict=True))


def _fetch_files(
    folder: StoreFolder, delta: deltalake.DeltaTable, where: pc.Expression | None
) -> Dataset:
    """What the table's files hold, but for files in which no row is like ``where``."""
    from pyarrow.dataset import FileSystemDataset  # which brings pandas along

    dataset = delta.to_pyarrow_dataset(filesystem=fs.LocalFileSystem())  # which is never read
    found = {one.path: one.partition_expression for one in dataset.get_fragments(filter=where)}
    files = file_system(folder, _file_sizes(delta))
    held = ask_each(folder, found, lambda path: _fetch(folder, files, path))
    fragments = [
        dataset.format.make_fragment(file, partition_expression=partition)
        for file, partition in zip(held, found.values(), strict=True)
    ]
    return FileSystemDataset(fragments, dataset.schema, dataset.format)


def _fetch(folder: StoreFolder, files: fs.FileSystem, path: str) -> pa.Buffer:
    """A file, in memory of Arrow's own: to free Python's takes an interpreter."""
    uri = f"{folder}/{path}"
    file = _cache.get(uri)
    if file is None:
        memory = pa.BufferOutputStream()
        with files.open_input_file(path) as stream:
            memory.write(stream.read())
        file = memory.getvalue()
        if file.size <= _KEPT_FILE_BYTES:
            _cache.keep(uri, file)
    return file
