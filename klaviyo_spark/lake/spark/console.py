"""What the JVM of a local session writes, what of it a person gets to see, and how it ended.

No Spark here.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO

from klaviyo_spark.lake.spark import java

logger = logging.getLogger(__name__)

# Lines that are kept to say why Java ended; of its own report of a crash the first count.
_KEPT = 200
_ENDS_WITHIN_S = 2.0
# What Spark answers while it shuts down.
_LAST_ANSWERS = ("SparkContext was shut down", "stopped SparkContext")


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
        self._process: subprocess.Popen[bytes] | None = None

    @property
    @contextmanager
    def pipes(self) -> Iterator[dict[str, IO[bytes]]]:
        """``stdout`` and ``stderr`` for the process; they are its own after the block."""
        with self._pipe(self._log) as stdout, self._pipe(self._show) as stderr:
            yield {"stdout": stdout, "stderr": stderr}

    def pass_on(self, process: subprocess.Popen[bytes]) -> None:
        """Say what was held back, and from now on everything as ``process`` says it."""
        self._process = process
        self._started.set()
        self._say(self._held)

    def end(self, error: BaseException) -> str | None:
        """How the JVM ended that ``error`` is about; None where it lives.

        What py4j makes of a JVM that has gone comes before the system says that it has.
        """
        if self._process is None or not _may_be_of_end(error):
            return None
        try:
            code = self._process.wait(_ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            return None
        return java.end(code, self.last_words())

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


def _may_be_of_end(error: BaseException) -> bool:
    """Whether an error is one that a JVM leaves behind which has ended, or is about to."""
    if any(words in str(error) for words in _LAST_ANSWERS):
        return True
    no_answer = isinstance(error, (ConnectionError, EOFError))
    of_py4j = type(error).__module__.partition(".")[0] == "py4j"
    return no_answer or (of_py4j and not hasattr(error, "java_exception"))
