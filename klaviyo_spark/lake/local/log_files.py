"""The files of a table's log, in a folder of this machine or of a store. No Spark here."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Protocol

from pyarrow import fs

from klaviyo_spark.lake.local.object_cache import ObjectCache
from klaviyo_spark.lake.local.storage import file_system
from klaviyo_spark.lake.local.store import Folder, StoreFolder

LOG = "_delta_log"


class LogFiles(Protocol):
    """A log, looked at once: what is there, and what stands in it."""

    @property
    def sizes(self) -> Mapping[str, int]:
        """Bytes of each file, by its name; empty where there is no log."""
        ...

    def changed_s(self, name: str) -> float:
        """When a file was made, in seconds since 1970."""
        ...

    def open_text(self, name: str) -> IO[str]:
        """A file's lines."""
        ...

    def open_parquet(self, name: str) -> Any:
        """A file as pyarrow reads it."""
        ...


def log_files(table: Folder) -> LogFiles:
    """The log of the table in a folder."""
    return _OnStore(table / LOG) if isinstance(table, StoreFolder) else _OnDisk(table / LOG)


class _OnDisk:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __str__(self) -> str:
        return str(self._folder)

    @cached_property
    def sizes(self) -> Mapping[str, int]:
        if not self._folder.is_dir():
            return {}
        return {file.name: file.stat().st_size for file in self._folder.iterdir()}

    def changed_s(self, name: str) -> float:
        return (self._folder / name).stat().st_mtime

    def open_text(self, name: str) -> IO[str]:
        return open(self._folder / name, encoding="utf-8")

    def open_parquet(self, name: str) -> IO[bytes]:
        return open(self._folder / name, "rb")


# Commits of stores that have been read, so many, but for long ones: each is a request.
_KEPT, _SHORT = 4096, 100_000
_texts: ObjectCache[tuple[str, int, float], str] = ObjectCache(_KEPT, lambda _text: 1)


class _OnStore:
    def __init__(self, folder: StoreFolder) -> None:
        self._folder = folder
        self._files = file_system(folder)

    def __str__(self) -> str:
        return str(self._folder)

    @cached_property
    def _infos(self) -> Mapping[str, fs.FileInfo]:
        everything = fs.FileSelector("", allow_not_found=True, recursive=False)
        return {one.base_name: one for one in self._files.get_file_info(everything) if one.is_file}

    @cached_property
    def sizes(self) -> Mapping[str, int]:
        return {name: one.size for name, one in self._infos.items()}

    def changed_s(self, name: str) -> float:
        return float(self._infos[name].mtime.timestamp())

    def open_text(self, name: str) -> IO[str]:
        key = (f"{self._folder}/{name}", self.sizes[name], self.changed_s(name))
        text = _texts.get(key)
        if text is None:
            with self._sized_files.open_input_stream(name) as file:
                text = file.read().decode()
            if len(text) <= _SHORT:
                _texts.keep(key, text)
        return io.StringIO(text)

    def open_parquet(self, name: str) -> Any:
        return self._sized_files.open_input_file(name)

    @property
    def _sized_files(self) -> fs.FileSystem:
        return file_system(self._folder, self.sizes)
