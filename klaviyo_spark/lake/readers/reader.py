"""What a reader answers of a lake that is only looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from klaviyo_spark.errors import TableUnreadable
from klaviyo_spark.lake.delta_log import TableState, Write
from klaviyo_spark.lake.file_lock import LockStatus

Row = Mapping[str, Any]
# Asked only where the lake has several accounts: Delta's log does not know whose rows they are.
ROWS_OF = "SELECT _account_id AS account_id, count(*) AS n FROM {t} GROUP BY _account_id"


class NotRead(TableUnreadable):
    """This reader does not read the table; another one may."""


class Reader(Protocol):
    """Looks into a lake. A table that is not there is None, times are UTC and say so.

    Calls come from several threads. One that asks a table which cannot be read raises
    ``TableUnreadable``.
    """

    def has(self, table: str) -> bool:
        """Whether the lake has a table, named as in the SQL of ``rows``."""
        ...

    def rows(self, sql: str) -> list[Row]:
        """The rows of a query on any tables, which it names as ``sql`` says.

        A table that is not there, or is damaged, raises the engine's own error.
        """
        ...

    def count(self, schema: str, table: str) -> int | None:
        """Rows of a table, from Delta's log."""
        ...

    def newest_event(self) -> datetime | None:
        """The latest ``events.event_datetime``; None too where there is no event."""
        ...

    def ask(self, schema: str, table: str, sql: str) -> list[Row] | None:
        """The rows of a query; ``{t}`` in it is the table."""
        ...

    def holding(self) -> LockStatus | None:
        """Who holds the lake."""
        ...

    def states(
        self,
        schema: str,
        since: Mapping[str, int | None],
        writes: Mapping[str, Sequence[Write]],
    ) -> dict[str, TableState | TableUnreadable]:
        """Tables as their logs have them; commits of others after the version that is named.

        Of a table whose log is damaged, the error.

        Args:
            writes: per table, those that are looked for.
        """
        ...
