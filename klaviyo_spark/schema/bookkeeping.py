"""The columns of a silver table: all that its spec gives it, then those of bookkeeping."""

from __future__ import annotations

from klaviyo_spark.schema.columns import Column
from klaviyo_spark.schema.table import TableSpec

# After a table's own columns, in this order.
BOOKKEEPING = (
    ("_account_id", "string", "Which Klaviyo account the row is from, by its name in conf."),
    ("_run_id", "string", "The run that wrote the row last."),
    ("_landed_at", "timestamp", "When the version shown was fetched from Klaviyo (UTC)."),
    ("_row_hash", "bigint", "Hash of all columns but _run_id, _landed_at and _deleted_at."),
    ("_deleted_at", "timestamp", "When a read showed that it is gone (UTC); NULL while it is not."),
)


def columns_of(table: TableSpec) -> tuple[Column, ...]:
    """All columns a record fills: documented, second names, partition, internal, conf's."""
    partition = (table.partition,) if table.partition else ()
    return (*table.visible, *partition, *table.internal, *table.extra)
