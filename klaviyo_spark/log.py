"""Log lines: their text and JSON formats, and the account that each belongs to.

Modules log by ``logging.getLogger(__name__)``; handlers are set up by the command line alone.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Literal, TextIO

Format = Literal["text", "json"]

# Which account this thread works for; None where the lake has only one.
ACCOUNT: ContextVar[str | None] = ContextVar("ACCOUNT", default=None)

_PACKAGE = logging.getLogger("klaviyo_spark")


@contextmanager
def account_context(name: str) -> Iterator[None]:
    """Let log lines of this thread name the account ``name`` until the block ends."""
    token = ACCOUNT.set(name)
    try:
        yield
    finally:
        ACCOUNT.reset(token)


if TYPE_CHECKING:  # Python can index it from 3.11 on
    _StreamHandler = logging.StreamHandler[TextIO]
else:
    _StreamHandler = logging.StreamHandler


class StderrHandler(_StreamHandler):
    """Writes to ``sys.stderr`` as it is at the time: progress bars put themselves in its place."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        """Standard error."""
        return sys.stderr


class JsonFormatter(logging.Formatter):
    """One JSON object per line, for log collectors; ``at`` is in UTC."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, tz=timezone.utc).isoformat()
        line = {"at": at, "level": record.levelname, "logger": record.name}
        if account := ACCOUNT.get():
            line["account"] = account
        return json.dumps({**line, "message": record.getMessage()})


class TextFormatter(logging.Formatter):
    """One line for people, in local time; it begins with the account where there are several."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own
        if account := ACCOUNT.get():
            record.message = f"{account}: {record.message}"
        return super().formatMessage(record)


def set_up_logging(format: Format = "text", level: int = logging.INFO) -> None:
    """Log this package's lines of ``level`` and above to standard error."""
    handler = StderrHandler()
    handler.setFormatter(JsonFormatter() if format == "json" else TextFormatter())
    _PACKAGE.handlers[:] = [handler]
    _PACKAGE.setLevel(level)
    _PACKAGE.propagate = False


def silence_libraries() -> None:
    """Drop what libraries log, unless the root logger has a handler already.

    Python prints a record that no handler takes, and py4j logs the stack trace of an error that we
    report in one line.
    """
    if not logging.getLogger().handlers:
        logging.getLogger().addHandler(logging.NullHandler())
