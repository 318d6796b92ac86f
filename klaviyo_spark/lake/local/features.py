"""What a Delta table asks of its readers and writers, and whether delta-rs does it to the letter.

delta-rs refuses some features only at commit, and of others it takes no notice: its file then holds
columns that Spark reads as NULL, or rows that a constraint forbids. So a table is looked at when it
is opened, and what is not known to work is Spark's. The lists were tried with delta-rs 1.6.6.
No Spark here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from deltalake import DeltaTable

# Version 2 of readers is column mapping, 5 of writers too; 6 is identity columns, which delta-rs
# refuses. From 3 and 7 on a protocol names its features.
_READER_VERSIONS, _WRITER_VERSIONS = (1, 3), (1, 2, 3, 4, 7)
# ``QueryBuilder`` leaves out what deletion vectors delete; ``to_pyarrow_table`` refuses them.
_READ = frozenset({"deletionVectors", "timestampNtz"})
# Files of an append need no change data, and no deletion vector.
_APPENDED = _READ | {"appendOnly", "changeDataFeed", "checkConstraints", "invariants"}
_MAPPING = "delta.columnMapping.mode"
_FEATURE = "delta.feature."  # named by the protocol
# Properties that ask nothing of an append which delta-rs does not do. What others turn on may be
# done by Spark after each commit, such as manifests for readers that know no log.
_PROPERTIES = frozenset(
    f"delta.{name}".lower()
    for name in (
        "appendOnly", "autoOptimize", "autoOptimize.autoCompact", "autoOptimize.optimizeWrite",
        "checkpoint.writeStatsAsJson", "checkpoint.writeStatsAsStruct", "checkpointInterval",
        "checkpointPolicy", "dataSkippingNumIndexedCols", "dataSkippingStatsColumns",
        "deletedFileRetentionDuration", "enableChangeDataFeed", "enableDeletionVectors",
        "enableExpiredLogCleanup", "isolationLevel", "logRetentionDuration",
        "minReaderVersion", "minWriterVersion", "setTransactionRetentionDuration",
        "targetFileSize", "tuneFileSizesForRewrites",
    )
)  # fmt: skip
# Of these, what a merge has to mind that an append has not.
_CHANGED_BY_MERGE = ("delta.appendonly", "delta.enablechangedatafeed")
_CONSTRAINT = "delta.constraints."
_OFF = frozenset({"", "false", "none"})
# What else stands with a column is a default, an expression, an invariant, an identity.
_SAID_OF_A_COLUMN = frozenset({"comment"})


def obstacle_to_read(table: DeltaTable) -> str | None:
    """What keeps delta-rs from reading ``table`` to the letter, if anything does."""
    return next(_obstacles_to_read(table), None)


def obstacle_to_append(
    table: DeltaTable, schema: pa.Schema, partitions: Sequence[str]
) -> str | None:
    """What keeps files of ``schema`` from being committed to ``table`` by delta-rs, if anything.

    It evaluates no constraint of files that are written already.
    """
    return next(_obstacles_to_append(table, schema, partitions), None)


def obstacle_to_merge(table: DeltaTable) -> str | None:
    """What keeps delta-rs from reading ``table`` and merging rows into it to the letter, if any."""
    return next(_obstacles_to_merge(table), None)


def _obstacles_to_merge(table: DeltaTable) -> Iterator[str]:
    """A merge writes rows of before anew: what constraints, vectors, change data ask is Spark's."""
    there = pa.schema(table.schema().to_arrow())
    yield from _obstacles_to_append(table, there, table.metadata().partition_columns)
    protocol = table.protocol()
    features = {*(protocol.reader_features or ()), *(protocol.writer_features or ())}
    yield from sorted(features - {"appendOnly", "timestampNtz"})
    properties = {name.lower(): value.lower() for name, value in _properties(table).items()}
    for name in _CHANGED_BY_MERGE:
        if properties.get(name, "") not in _OFF:
            yield name
    yield from sorted(name for name in properties if name.startswith(_CONSTRAINT))


def _obstacles_to_read(table: DeltaTable) -> Iterator[str]:
    protocol = table.protocol()
    unknown = {*(protocol.reader_features or ())} - _READ
    if unknown:
        yield ", ".join(sorted(unknown))
    if protocol.min_reader_version not in _READER_VERSIONS:
        yield f"reader version {protocol.min_reader_version}"
    mode = _properties(table).get(_MAPPING, "none")
    if mode != "none":
        yield f"{_MAPPING}={mode}"


def _obstacles_to_append(
    table: DeltaTable, schema: pa.Schema, partitions: Sequence[str]
) -> Iterator[str]:
    yield from _obstacles_to_read(table)
    protocol = table.protocol()
    unknown = {*(protocol.writer_features or ())} - _APPENDED
    if unknown:
        yield ", ".join(sorted(unknown))
    if protocol.min_writer_version not in _WRITER_VERSIONS:
        yield f"writer version {protocol.min_writer_version}"
    for name, value in sorted(_properties(table).items()):
        key = name.lower()
        if not key.startswith("delta.") or key.startswith(_FEATURE) or key in _PROPERTIES:
            continue
        if value.lower() not in _OFF:
            yield name
    if list(table.metadata().partition_columns) != list(partitions):
        yield f"partitions other than {', '.join(partitions)}"
    fields = table.schema().fields
    for field in fields:
        if not field.nullable:
            yield f"{field.name} NOT NULL"
        yield from (f"{key} of {field.name}" for key in field.metadata.keys() - _SAID_OF_A_COLUMN)
    there = {field.name: field.type for field in pa.schema(table.schema().to_arrow())}
    for field in schema:
        if field.name not in there:
            yield f"no column {field.name}"
        elif there[field.name] != field.type:
            yield f"{field.name} as {there[field.name]}"


def _properties(table: DeltaTable) -> Mapping[str, str]:
    found: Mapping[str, str] = table.metadata().configuration
    return found
