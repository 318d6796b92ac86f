"""A reader that asks delta-rs, and Spark about tables that delta-rs does not read to the letter."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from klaviyo_spark.errors import TableUnreadable, in_a_line
from klaviyo_spark.lake.delta_log import TableState, Write
from klaviyo_spark.lake.file_lock import LockStatus
from klaviyo_spark.lake.readers.reader import NotRead, Reader, Row

if TYPE_CHECKING:
    from klaviyo_spark.lake.readers.folder import Files

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Fallback:
    """The reader of a folder; see ``reader.Reader``.

    Args:
        start: gives the reader that asks Spark; called once, if at all.
    """

    def __init__(self, files: Files, start: Callable[[], Reader]) -> None:
        self._files, self._start = files, start
        self._spark: Reader | None = None
        self._starting = Lock()

    def has(self, table: str) -> bool:
        """Whether the lake has a table."""
        return self._files.has(table)

    def rows(self, sql: str) -> list[Row]:
        """The rows of a query."""
        return self._answer(lambda reader: reader.rows(sql))

    def count(self, schema: str, table: str) -> int | None:
        """Rows of a table."""
        return self._answer(lambda reader: reader.count(schema, table))

    def newest_event(self) -> datetime | None:
        """The latest ``events.event_datetime``."""
        return self._answer(lambda reader: reader.newest_event())

    def ask(self, schema: str, table: str, sql: str) -> list[Row] | None:
        """The rows of a query."""
        return self._answer(lambda reader: reader.ask(schema, table, sql))

    def holding(self) -> LockStatus | None:
        """Whose name stands in the lock's file."""
        return self._files.holding()

    def states(
        self,
        schema: str,
        since: Mapping[str, int | None],
        writes: Mapping[str, Sequence[Write]],
    ) -> dict[str, TableState | TableUnreadable]:
        """Tables as their logs have them: files of a log are read whatever its table asks for."""
        return self._files.states(schema, since, writes)

    def _answer(self, ask: Callable[[Reader], T]) -> T:
        try:
            return ask(self._files)
        except NotRead as error:
            logger.debug("Spark is asked: %s", in_a_line(error))
            return ask(self._by_spark())

    def _by_spark(self) -> Reader:
        with self._starting:
            self._spark = self._spark or self._start()
        return self._spark
