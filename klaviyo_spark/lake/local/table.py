"""One table of a lake, here or on a store, its rows read and written by delta-rs as Arrow.

A query of Spark costs a tenth of a second before it has seen a row, and a MERGE a second. Here a
small table is read in milliseconds, and merged in some tens of them. The commits carry the tag of
ours, and are made by Delta's own protocol.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from klaviyo_spark.errors import in_a_line
from klaviyo_spark.lake.arrow import table_of
from klaviyo_spark.lake.commit_retry import TRIES
from klaviyo_spark.lake.commit_tag import option
from klaviyo_spark.lake.local.data_files import read_rows
from klaviyo_spark.lake.local.features import obstacle_to_merge
from klaviyo_spark.lake.local.storage import query
from klaviyo_spark.lake.local.store import Folder
from klaviyo_spark.lake.local.tables import newest_version
from klaviyo_spark.lake.merge import Merged

try:
    import deltalake
    from deltalake.exceptions import DeltaError
except ModuleNotFoundError:  # not on every cluster; Spark reads and writes all there
    deltalake = None  # type: ignore[assignment]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LocalTable:
    """A table at one version."""

    folder: Folder
    delta: deltalake.DeltaTable

    @property
    def version(self) -> tuple[str, int]:
        """Which table it is, by Delta's id, and its version."""
        return str(self.delta.metadata().id), self.delta.version()

    def size(self) -> tuple[int, int]:
        """Rows and bytes of its files, by its log; a file without statistics has no rows."""
        files = table_of(self.delta.get_add_actions(flatten=True))
        rows = pc.sum(files["num_records"]).as_py() if "num_records" in files.column_names else 0
        return rows or 0, pc.sum(files["size_bytes"]).as_py() or 0

    def rows(self, where: pc.Expression | None = None) -> pa.Table:
        """Its rows, in the columns' order."""
        return read_rows(self.folder, self.delta, where)

    def append(self, rows: pa.Table, tag: str) -> None:
        """Append rows as one commit."""
        deltalake.write_deltalake(
            self.delta, self._whole(rows), mode="append", commit_properties=_commit_of(tag)
        )

    def rows_where(self, where: str) -> pa.Table:
        """Its rows for which ``where``, SQL, holds, in the columns' order."""
        return query({"t": self.delta}, f"SELECT * FROM t WHERE {where}")

    def replace(self, rows: pa.Table, where: str, tag: str) -> None:
        """Put rows in the place of those for which ``where``, SQL, holds, as one commit.

        Args:
            rows: ``where`` holds for all of them.
        """
        deltalake.write_deltalake(
            self.delta,
            self._whole(rows),
            mode="overwrite",
            predicate=where,
            commit_properties=_commit_of(tag),
        )

    def delete(self, where: str, tag: str) -> None:
        """Delete the rows for which ``where``, SQL, holds; where there is none, no commit."""
        self.delta.delete(where, commit_properties=_commit_of(tag))

    def upsert(self, rows: pa.Table, on: str, update: Sequence[str], tag: str) -> Merged:
        """Update rows that match, insert those that do not.

        Args:
            rows: by columns' names; s in ``on``.
            on: when a row of the table, t, and one of the rows are the same.
            update: columns that take the rows' values.
        """
        merge = self.delta.merge(
            rows, on, source_alias="s", target_alias="t", commit_properties=_commit_of(tag)
        )
        if update:
            merge = merge.when_matched_update({name: f"s.{name}" for name in update})
        inserted = {name: f"s.{name}" for name in rows.column_names}
        done = merge.when_not_matched_insert(inserted).execute()
        return Merged(done["num_target_rows_inserted"], done["num_target_rows_updated"])

    def _whole(self, rows: pa.Table) -> pa.Table:
        """``rows`` in the table's columns; those of others are NULL."""
        schema = pa.schema(self.delta.schema().to_arrow())
        columns = [
            rows[field.name].cast(field.type)
            if field.name in rows.column_names
            else pa.nulls(rows.num_rows, field.type)
            for field in schema
        ]
        return pa.Table.from_arrays(columns, schema=schema)


def open_table(folder: Folder) -> LocalTable | None:
    """The newest version of a table; None where Spark has to read and write it.

    It is not there, or asks of its readers or writers what delta-rs does not do to the letter.
    """
    table = newest_version(folder)
    if table is None:
        return None
    try:
        obstacle = obstacle_to_merge(table)
    except DeltaError as error:  # a type of column that it does not know
        obstacle = in_a_line(error)
    if obstacle:
        logger.debug("%s: Spark reads and writes it, as delta-rs does not: %s", folder, obstacle)
        return None
    return LocalTable(folder, table)


def _commit_of(tag: str) -> deltalake.CommitProperties:
    return deltalake.CommitProperties(custom_metadata=option(tag), max_commit_retries=TRIES)
