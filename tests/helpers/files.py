"""Words looked for in every file of a lake, whatever it is packed in."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import pyarrow.parquet as pq


def holding(folder: Path, *words: str) -> dict[str, list[str]]:
    """Per word the files under a folder that hold it, as it is or in cells, whatever its case.

    Parquet is read column by column with the statistics of its row groups; what is packed by gzip
    or zlib is unpacked; of any other file the bytes are looked at, and of all of them their names.
    """
    found: dict[str, list[str]] = {word: [] for word in words}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        text = _text(path).lower()
        for word in words:
            if word.lower().encode() in text:
                found[word].append(str(path.relative_to(folder)))
    return found


def _text(path: Path) -> bytes:
    raw = path.read_bytes()
    if raw[:4] == b"PAR1":
        raw += _cells(path)
    elif raw[:2] == b"\x1f\x8b":
        raw += gzip.decompress(raw)
    elif raw[:1] == b"\x78":
        raw += zlib.decompress(raw)
    return str(path).encode() + raw


def _cells(path: Path) -> bytes:
    file = pq.ParquetFile(path)
    parts = [str(file.metadata.metadata), str(file.schema_arrow)]
    for group in range(file.num_row_groups):
        for column in range(file.metadata.num_columns):
            found = file.metadata.row_group(group).column(column).statistics
            parts.append(f"{found.min} {found.max}" if found and found.has_min_max else "")
        parts += [
            str(value)
            for name, values in file.read_row_group(group).to_pydict().items()
            for value in (name, *values)
        ]
    return "\n".join(parts).encode(errors="replace")
