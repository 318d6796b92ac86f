"""Tables of a lake in a folder, here or on a store, made and described by delta-rs.

Spark's CREATE and its look at a table take a quarter of a second each, delta-rs's take some
milliseconds, and a lake has 37 tables. What comes out is the same but for the name of the engine.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from klaviyo_spark.errors import in_a_line
from klaviyo_spark.lake.arrow import TYPES
from klaviyo_spark.lake.local.storage import is_delta, open_delta, remember, storage_options
from klaviyo_spark.lake.local.store import Folder

try:
    import deltalake
    from deltalake.exceptions import DeltaError
except ModuleNotFoundError:  # not on every cluster; Spark makes the tables there
    deltalake = None  # type: ignore[assignment]

logger = logging.getLogger(__name__)

# Spark's names of types that Delta's log calls otherwise.
_SPARK_NAMES = {"long": "bigint", "integer": "int", "short": "smallint", "byte": "tinyint"}
# A CREATE of Spark takes these as settings of the protocol; delta-rs makes the same one anyway,
# and row tracking it refuses to hear of.
_NOT_STATED = ("delta.minReaderVersion", "delta.minWriterVersion", "delta.enableRowTracking")


@dataclass(frozen=True)
class TableShape:
    """A table as its log describes it.

    Args:
        columns: name, Spark's name of the type, comment.
        properties: Delta's and ours.
    """

    columns: tuple[tuple[str, str, str | None], ...]
    properties: Mapping[str, str]


def available() -> bool:
    """Whether the library that commits is installed."""
    return deltalake is not None


def newest_version(folder: Folder) -> deltalake.DeltaTable | None:
    """The table in a folder; None where none is there, or delta-rs cannot open it."""
    if deltalake is None:
        return None
    try:
        return open_delta(folder) if is_delta(folder) else None
    except (DeltaError, OSError) as error:
        logger.debug("%s: delta-rs does not open it: %s", folder, in_a_line(error))
        return None


def shape(folder: Folder) -> TableShape | None:
    """The table in a folder; None where Spark has to look: none is there, or delta-rs cannot."""
    table = newest_version(folder)
    if table is None:
        return None
    fields = json.loads(table.schema().to_json())["fields"]
    columns = ((f["name"], _spark_type(f["type"]), f["metadata"].get("comment")) for f in fields)
    return TableShape(tuple(columns), dict(table.metadata().configuration))


def create(
    folder: Folder,
    columns: Sequence[tuple[str, str, str]],
    doc: str,
    partitions: Sequence[str],
    properties: Mapping[str, str],
) -> bool:
    """Create a table that is not there; False where delta-rs cannot, and nothing was made.

    Args:
        columns: name, type, comment.
    """
    if deltalake is None:
        return False
    schema = pa.schema(
        [pa.field(c, TYPES[type], metadata={"comment": about}) for c, type, about in columns]
    )
    try:
        table = deltalake.DeltaTable.create(
            str(folder),
            schema,
            partition_by=list(partitions),
            description=doc,
            configuration={k: v for k, v in properties.items() if k not in _NOT_STATED},
            storage_options=storage_options(folder),
            raise_if_key_not_exists=False,
        )
        remember(folder, table)
    except (DeltaError, OSError) as error:  # such as a mount without hard links
        logger.debug("%s: delta-rs does not make it: %s", folder, in_a_line(error))
        return False
    return True


def _spark_type(type: str | dict[str, object]) -> str:
    """What Spark's ``simpleString`` says of a type; of one that no table of ours has, its JSON."""
    if isinstance(type, str):
        return _SPARK_NAMES.get(type, type)
    if type.get("type") == "array" and isinstance(type["elementType"], str):
        return f"array<{_spark_type(type['elementType'])}>"
    return json.dumps(type, sort_keys=True)
