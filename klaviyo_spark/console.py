"""What the JVM of a local session writes, and what of it a person gets to see. No Spark here."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO

from klaviyo_spark import java

logger = logging.getLogger(__name__)

# Lines that are kept to say why Java ended; of its own report of a crash the first count.
_KEPT = 200


class Console:
    """Reads both outputs of a JVM line by line.

    Its standard error is held back until Spark has started, then passed on to ours, without noise.
    Its standard output goes to the log alone: Delta prints there what it has deleted, which is ours
    to say.
    """

    def __init__(self) -> None:
        self._held: list[str] = []
        self._last: deque[str] = deque(maxlen=_KEPT)
        self._started = threading.Event()
        self._readers: list[threading.Thread] = []

    @property
    @contextmanager
    def pipes(self) -> Iterator[dict[str, IO[bytes]]]:
        """``stdout`` and ``stderr`` for the process; they are its own after the block."""
        with self._pipe(self._log) as stdout, self._pipe(self._show) as stderr:
            yield {"stdout": stdout, "stderr": stderr}

    def pass_on(self) -> None:
        """Say what was held back, and from now on everything as it comes."""
        self._started.set()
        self._say(self._held)

    def last_words(self) -> str:
        """What a JVM that has ended said, as far as it tells why."""
        for reader in self._readers:
            reader.join(timeout=5)
        return java.last_words(self._last)

    def _pipe(self, take: Callable[[str], None]) -> IO[bytes]:
        read, write = os.pipe()
        reader = threading.Thread(target=self._read, args=(read, take), daemon=True)
        self._readers.append(reader)
        reader.start()
        return open(write, "wb")

    def _read(self, read: int, take: Callable[[str], None]) -> None:
        with open(read, encoding="utf-8", errors="replace") as said:
            for line in said:
                self._last.append(line)
                take(line)

    def _log(self, line: str) -> None:
        logger.debug("java: %s", line.rstrip())

    def _show(self, line: str) -> None:
        if self._started.is_set():
            self._say([line])
        else:
            self._held.append(line)

    def _say(self, lines: list[str]) -> None:
        # Where it cannot be written, Java is to be read on all the same: else it waits for us.
        with suppress(OSError, ValueError):
            sys.stderr.writelines(line for line in lines if not line.startswith(java.NOISE))
