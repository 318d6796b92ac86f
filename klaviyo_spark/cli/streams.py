"""Standard input, output and error, whatever has become of them before or during a run.

A scheduler may start us with descriptors closed. The next file that is opened would get their
numbers, and Java, which inherits them, would write into it.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from typing import Any, TextIO

# Whoever would read it has gone, or was never there.
_NO_READER = (errno.EPIPE, errno.EBADF)


def open_missing() -> None:
    """Open the null device in the place of each standard stream that is closed.

    To be called before anything else is opened. What is started later inherits it.
    """
    for number, flags in enumerate((os.O_RDONLY, os.O_WRONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, flags)  # the lowest number that is free
            if opened == number:
                os.set_inheritable(number, True)
            else:
                os.dup2(opened, number)
                os.close(opened)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - to stay


def escape_unspellable() -> None:
    """Let standard output and error write what their encoding lacks by its number.

    A metric's name, an account's or a file's may have letters that a terminal's locale has not.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a notebook's or a job's takes every letter
            stream.reconfigure(errors="backslashreplace")


class Output:
    """Stands in for a stream: what cannot be written is dropped, and the work goes on.

    ``is_broken``: something was dropped. ``error``: why, where there is somebody to read it.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.is_broken = False
        self.error: OSError | None = None

    def write(self, text: str) -> int:
        """Write, or drop, ``text``."""
        with self._dropping():
            self._stream.write(text)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write them one after the other."""
        for text in lines:
            self.write(text)

    def flush(self) -> None:
        """Write what has been kept back."""
        with self._dropping():
            self._stream.flush()

    def close_if_broken(self) -> None:
        """Let go what could not be written, or Python tries once more when it ends."""
        if self.is_broken:
            with suppress(OSError), open(os.devnull, "w", encoding="utf-8") as nothing:
                os.dup2(nothing.fileno(), self._stream.fileno())

    @contextmanager
    def _dropping(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.is_broken = True
            if error.errno not in _NO_READER:
                self.error = self.error or error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def outputs() -> Iterator[Output]:
    """Standard output and error that bear not to be written, for the length of a block.

    Gives the standard output. Nobody is told what standard error could not take.
    """
    before = sys.stdout, sys.stderr
    out, err = Output(sys.stdout), Output(sys.stderr)
    sys.stdout, sys.stderr = out, err
    try:
        yield out
    finally:
        for output in (out, err):
            output.flush()
            output.close_if_broken()
        sys.stdout, sys.stderr = before
