"""Data files of a store, each fetched once: Parquet's reader asks for its parts one by one.

No object of a table is ever written over, so what was fetched stays true. No Spark here.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from pyarrow import fs

from klaviyo_spark.lake.local.storage import file_system
from klaviyo_spark.lake.local.store import StoreFolder

# Of a larger file only the parts that are asked for are fetched.
_WHOLE_BYTES = 4 * 2**20
_KEPT_BYTES = 64 * 2**20


class _FileCache:
    """Files by their URIs, the ones that were asked for last, up to so many bytes."""

    def __init__(self, most: int) -> None:
        self._most, self._bytes = most, 0
        self._files: OrderedDict[str, pa.Buffer] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, uri: str) -> pa.Buffer | None:
        with self._lock:
            file = self._files.get(uri)
            if file is not None:
                self._files.move_to_end(uri)
            return file

    def keep(self, uri: str, file: pa.Buffer) -> None:
        with self._lock:
            if uri in self._files:
                return
            self._files[uri] = file
            self._bytes += file.size
            while self._bytes > self._most:
                _, oldest = self._files.popitem(last=False)
                self._bytes -= oldest.size


_cache = _FileCache(_KEPT_BYTES)


class _WholeFiles(fs.FileSystemHandler):  # type: ignore[misc] # pyarrow has no types
    """The files of a table, read only, by their paths from its folder."""

    def __init__(self, folder: StoreFolder, sizes: Mapping[str, int]) -> None:
        self._folder, self._sizes = folder, sizes
        self._files = file_system(folder, sizes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _WholeFiles) and other._folder == self._folder

    def __hash__(self) -> int:
        return hash(self._folder)

    def get_type_name(self) -> str:
        return "store"

    def normalize_path(self, path: str) -> str:
        return path

    def get_file_info(self, paths: list[str]) -> list[fs.FileInfo]:
        return list(self._files.get_file_info(paths))

    def get_file_info_selector(self, selector: fs.FileSelector) -> list[fs.FileInfo]:
        return list(self._files.get_file_info(selector))

    def open_input_file(self, path: str) -> Any:
        if self._sizes.get(path, _WHOLE_BYTES) >= _WHOLE_BYTES:
            return self._files.open_input_file(path)
        uri = f"{self._folder}/{path}"
        file = _cache.get(uri)
        if file is None:
            with self._files.open_input_file(path) as stream:
                file = pa.py_buffer(stream.read())
            _cache.keep(uri, file)
        return pa.BufferReader(file)

    def open_input_stream(self, path: str) -> Any:
        return self.open_input_file(path)

    def create_dir(self, path: str, recursive: bool) -> None:
        raise NotImplementedError(path)

    def delete_dir(self, path: str) -> None:
        raise NotImplementedError(path)

    def delete_dir_contents(self, path: str, missing_dir_ok: bool = False) -> None:
        raise NotImplementedError(path)

    def delete_root_dir_contents(self) -> None:
        raise NotImplementedError

    def delete_file(self, path: str) -> None:
        raise NotImplementedError(path)

    def move(self, src: str, dest: str) -> None:
        raise NotImplementedError(src)

    def copy_file(self, src: str, dest: str) -> None:
        raise NotImplementedError(src)

    def open_output_stream(self, path: str, metadata: Any) -> Any:
        raise NotImplementedError(path)

    def open_append_stream(self, path: str, metadata: Any) -> Any:
        raise NotImplementedError(path)


def data_files(folder: StoreFolder, sizes: Mapping[str, int]) -> fs.FileSystem:
    """The data files of a table, for pyarrow.

    Args:
        sizes: of each, as the table's log has them.
    """
    return fs.PyFileSystem(_WholeFiles(folder, sizes))
