"""A lake in a catalog or behind a URI, read by Spark, which may be there or has to start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import pyarrow as pa
from pyspark.errors import AnalysisException

from klaviyo_spark.errors import TableUnreadable, in_a_line
from klaviyo_spark.lake import lease
from klaviyo_spark.lake.delta_log import TableState, Write
from klaviyo_spark.lake.file_lock import LockStatus
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.lake.readers.reader import Row
from klaviyo_spark.lake.readers.rows import plain
from klaviyo_spark.lake.readers.sql import rename_tables
from klaviyo_spark.lake.spark.sql_settings import pin_settings
from klaviyo_spark.lake.table_states import states_or_errors
from klaviyo_spark.lake.tables import folder_in, is_not_there
from klaviyo_spark.lake.unreadable import is_damage, unreadable


class Tables:
    """The reader of any lake; see ``reader.Reader``. It makes no table."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    def has(self, table: str) -> bool:
        """Whether Spark finds the table."""
        try:
            return bool(self._lake.spark.table(self._name(*table.split("."))).columns)
        except AnalysisException:
            return False

    def rows(self, sql: str) -> list[Row]:
        """The rows of a query."""
        return self._query(rename_tables(sql, self._name))

    def count(self, schema: str, table: str) -> int | None:
        """Rows of a table; Delta answers from its log where it can."""
        found = self.ask(schema, table, "SELECT count(*) AS n FROM {t}")
        return None if found is None else int(found[0]["n"])

    def newest_event(self) -> datetime | None:
        """The latest ``events.event_datetime``, looked for in the last day that has events."""
        found = self.ask(
            "silver",
            "events",
            "SELECT max(event_datetime) AS newest FROM {t} "
            "WHERE event_date = (SELECT max(event_date) FROM {t})",
        )
        return found[0]["newest"] if found else None

    def query(self, schema: str, table: str, sql: str) -> list[Row]:
        """As ``ask``; whatever goes wrong is Spark's own error."""
        return self._query(sql.replace("{t}", self._name(schema, table)))

    def ask(self, schema: str, table: str, sql: str) -> list[Row] | None:
        """The rows of a query."""
        try:
            return self.query(schema, table, sql)
        except Exception as error:
            if isinstance(error, AnalysisException) and is_not_there(error):
                return None
            if not is_damage(error):
                raise
            why = in_a_line(error)
            where = folder_in(self._name(schema, table))
            schema = getattr(self._lake.place, schema)
            raise unreadable(schema, table, where, why) from error

    def _query(self, sql: str) -> list[Row]:
        with pin_settings(self._lake.spark):
            return plain(pa.table(self._lake.spark.sql(sql).toArrow()))

    def _name(self, schema: str, table: str) -> str:
        return self._lake.place.table(getattr(self._lake.schemas, schema), table)

    def states(
        self,
        schema: str,
        since: Mapping[str, int | None],
        writes: Mapping[str, Sequence[Write]],
    ) -> dict[str, TableState | TableUnreadable]:
        """Tables as their logs have them, in two statements each."""
        return states_or_errors(self._lake, getattr(self._lake.place, schema), since, writes)

    def holding(self) -> LockStatus | None:
        """Who holds the lake by a lease."""
        try:
            return lease.holding(self._lake)
        except AnalysisException as error:
            if is_not_there(error):
                return None
            raise
