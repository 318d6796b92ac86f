"""A session that starts when it is first asked for: many runs of a folder lake need none."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class LazySession:
    """A session that is there, or one that may have to start.

    Args:
        start: gives the session; called once, by whichever thread asks first. What it raises, all
            that ask are told.
        is_remote: it is Spark Connect's.
    """

    def __init__(self, start: Callable[[], SparkSession], *, is_remote: bool = False) -> None:
        self._start, self.is_remote = start, is_remote
        self._starting = threading.Lock()
        self._session: SparkSession | None = None
        self._error: Exception | None = None

    @classmethod
    def wrap(cls, spark: SparkSession | LazySession) -> LazySession:
        """``spark``, or the session that is there as one that need not start."""
        if isinstance(spark, LazySession):
            return spark
        lazy = cls(lambda: spark, is_remote=".connect." in type(spark).__module__)
        lazy._session = spark
        return lazy

    def get(self) -> SparkSession:
        """The session.

        Raises:
            ConfigError: it cannot start; see ``session.spark_session``.
        """
        with self._starting:
            if self._error is not None:
                raise self._error
            if self._session is None:
                try:
                    self._session = self._start()
                except Exception as error:
                    self._error = error
                    raise
            return self._session

    def prepare(self) -> None:
        """Start it beside what this thread goes on with; an error is for ``get`` to raise again."""

        def start() -> None:
            with suppress(Exception):
                self.get()

        # A daemon: a run that ends meanwhile does not wait for it.
        threading.Thread(target=start, name="spark-start", daemon=True).start()

    @property
    def started(self) -> SparkSession | None:
        """The session if it has started."""
        return self._session
