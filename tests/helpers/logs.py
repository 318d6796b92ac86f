"""Delta tables without rows whose log is written by hand: any protocol, any property."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deltalake import DeltaTable

_TYPES = {"int": "integer", "bigint": "long"}


def a_field(name: str, type: str, nullable: bool = True, **metadata: Any) -> dict[str, Any]:
    """A column as Delta's log has it; ``type`` is Spark's name."""
    delta: Any = _TYPES.get(type, type)
    if type == "array<string>":
        delta = {"type": "array", "elementType": "string", "containsNull": True}
    return {"name": name, "type": delta, "nullable": nullable, "metadata": metadata}


def write_log(
    folder: Path,
    fields: Sequence[Mapping[str, Any]],
    *,
    partitions: Sequence[str] = (),
    reader: int = 1,
    writer: int = 2,
    reader_features: Sequence[str] | None = None,
    writer_features: Sequence[str] | None = None,
    version: int = 0,
    **properties: str,
) -> Path:
    """Write the commit ``version`` of a table: its protocol and metadata. Give its folder.

    Args:
        properties: of the table, ``__`` for each dot of their names.
    """
    protocol: dict[str, Any] = {"minReaderVersion": reader, "minWriterVersion": writer}
    if reader_features is not None:
        protocol["readerFeatures"] = list(reader_features)
    if writer_features is not None:
        protocol["writerFeatures"] = list(writer_features)
    metadata = {
        "id": "00000000-0000-0000-0000-000000000001",
        "format": {"provider": "parquet", "options": {}},
        "schemaString": json.dumps({"type": "struct", "fields": list(fields)}),
        "partitionColumns": list(partitions),
        "configuration": {name.replace("__", "."): value for name, value in properties.items()},
        "createdTime": 0,
    }
    _commit(folder, version, {"protocol": protocol}, {"metaData": metadata})
    return folder


def switch_on(folder: Path, feature: str, *, of_readers: bool = False) -> None:
    """Commit a protocol with one feature, as Spark does where a property asks for it."""
    protocol = {"minReaderVersion": 1, "minWriterVersion": 7, "writerFeatures": [feature]}
    if of_readers:
        protocol |= {"minReaderVersion": 3, "readerFeatures": [feature]}
    _commit(folder, DeltaTable(folder).version() + 1, {"protocol": protocol})


def _commit(folder: Path, version: int, *actions: Mapping[str, Any]) -> None:
    log = folder / "_delta_log"
    log.mkdir(parents=True, exist_ok=True)
    text = "\n".join(map(json.dumps, actions))
    (log / f"{version:020}.json").write_text(text, encoding="utf-8")
