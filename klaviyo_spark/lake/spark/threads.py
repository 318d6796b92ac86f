"""Threads that ask Spark side by side, and let go of it when somebody asks the run to end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from klaviyo_spark.errors import in_a_line
from klaviyo_spark.lake.spark.lazy_session import LazySession
from klaviyo_spark.lake.spark.session import interrupt
from klaviyo_spark.log import ACCOUNT

logger = logging.getLogger(__name__)


class Workers(ThreadPoolExecutor):
    """A pool of threads whose log lines name the account that this thread works for.

    Args:
        stop: set by an interrupt that another thread is told of.
    """

    def __init__(
        self, session: LazySession, threads: int, name: str, stop: threading.Event | None = None
    ) -> None:
        super().__init__(threads, name, initializer=ACCOUNT.set, initargs=(ACCOUNT.get(),))
        self._session = session
        self._stop = stop or threading.Event()

    @property
    def is_broken_off(self) -> bool:
        """Whether an interrupt has ended it: what its threads raise from then on is of that."""
        return self._stop.is_set()

    def break_off(self) -> None:
        """Drop what waits, and end what Spark is at."""
        self._stop.set()
        self.shutdown(wait=False, cancel_futures=True)
        try:
            if self._session.started:
                interrupt(self._session.started)
        except Exception as error:  # it is what the interrupt is about that is to be told
            logger.debug("Spark goes on with what it is at: %s", in_a_line(error))


@contextmanager
def workers(
    session: LazySession, threads: int, name: str, stop: threading.Event | None = None
) -> Iterator[Workers]:
    """Workers for the length of a block.

    An error within it waits for all that they were given. An interrupt does not: whoever sends
    one kills some seconds later.
    """
    with Workers(session, threads, name, stop) as pool:
        try:
            yield pool
        except BaseException as error:
            if not isinstance(error, Exception):
                pool.break_off()
            raise
