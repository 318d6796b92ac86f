"""What can go wrong, named for what the caller should do next.

    KlaviyoSparkError
      ConfigError               exit 2
        UsageError              exit 2
      RunIncomplete             exit 1, 3 or 4, from Python
      SpecError                 exit 1
      LakeError                 exit 1
        CheckFailed             exit 3, other tables go on
        TableDiffers            exit 3, other tables go on
        TableUnreadable         exit 3, or 1 without it
        OtherFormat             exit 1
        OtherAccount            exit 1
        LakeBusy                exit 1
      Interrupted               exit 130
      Stopped                   exit 130
      ApiError
        RetryableError          tried again, then exit 1 or 3
          Unreachable           tried again, then exit 1
          Intercepted           tried again, then exit 1
          ErrorPage             tried again, then exit 1
        RateLimitTooLong        exit 4
        FatalError              exit 1 or 3
          Unauthorized          exit 1, at once
          MissingScope          exit 3, the rest goes on
          NotFound              landed as a fact, no failure
          RevisionRetired       exit 3, the rest goes on
          OlderRevisionRetired  a warning, the rest goes on
          CursorExpired         the walk goes on without it
          UnknownId             asked again without it
          ValuesRefused         asked again without statistics of money
          IncludeRefused        asked again without it where that may be, else exit 1 or 3
          BadAnswer             exit 1 or 3

A class's docstring says what has happened, its ``way_out`` what to do;
``docs/reference/messages.md`` has both. Messages say what, where and what next; never the key, a
profile or a whole body. It is long, since a tree is read as a whole.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from datetime import datetime

from klaviyo_spark import messages
from klaviyo_spark.java_words import is_of_java, lost_file, of_java, of_lost_file

# What became of a run, by its exit code.
ENDED = {
    0: "done",
    1: "failed",
    2: "not started",
    3: "partly done",
    4: "stopped",
    130: "interrupted",
}


class KlaviyoSparkError(Exception):
    """Anything that klaviyo-spark reports as one line; ``exit_code`` is the process's."""

    way_out: str = "As the message says; `-v` adds the stack trace."
    exit_code = 1


class ConfigError(KlaviyoSparkError):
    """Conf, a secret or the machine is not as it must be. Nothing has been started."""

    way_out = "Correct conf, the secret or the machine."
    exit_code = 2


class UsageError(ConfigError):
    """The command line asks for something that is not possible."""

    way_out = "Correct the command line."


class RunIncomplete(KlaviyoSparkError):
    """A command called from Python did not do all; ``result`` says what it did.

    Args:
        message: how it ended, and what failed.
        result: what the command would have given back.
        exit_code: what the same command line ends with; see ``ENDED``.
    """

    way_out = "See its `result.errors`; what has landed stays, and the same call resumes."

    def __init__(self, message: str, result: object, exit_code: int) -> None:
        super().__init__(message)
        self.result, self.exit_code = result, exit_code


class SpecError(KlaviyoSparkError):
    """A table's spec contradicts itself. The message names every slip at once."""

    way_out = "Correct the spec, or report it where it is not yours."


class LakeError(KlaviyoSparkError):
    """The lake is not as the specs say, or could not be written."""

    way_out = "Look at the lake, as the message says."


class CheckFailed(LakeError):
    """Too many rows of a load break a check that holds the table back."""

    way_out = "Look at the pages, or let the check pass by conf `checks`."


class OtherFormat(LakeError):
    """A table has another format number than the one that this version reads and writes."""

    way_out = "Run the version that made the lake, or start a new lake."


class TableDiffers(LakeError):
    """Another release made a table, and its columns do not fit those of this one.

    Args:
        how: its columns differ, in words.
    """

    way_out = "Rebuild the table from bronze."

    def __init__(self, message: str, how: str) -> None:
        super().__init__(message)
        self.how = how


class TableUnreadable(LakeError):
    """A table's log is damaged, or something else stands in the table's place.

    Args:
        message: names it, and the way out.
        table: with its schema.
    """

    way_out = "Restore the table, or move it away."

    def __init__(self, message: str, table: str) -> None:
        super().__init__(message)
        self.table = table


class OtherAccount(LakeError):
    """Klaviyo answers for another account than the one whose rows the lake holds."""

    way_out = "Use the right key, or another lake."


class LakeBusy(LakeError):
    """Another run holds the lake.

    Args:
        holder: that run, which says in a text who it is; None where it has not said so.
        note: what else is known of it.
        may_be_dead: it looks so, and whoever goes on looking will know.
    """

    way_out = "Wait for the other run, or run again later."

    def __init__(self, holder: object | None, note: str = "", may_be_dead: bool = False) -> None:
        self.holder, self.may_be_dead = holder, may_be_dead
        self.held = f"the lake is held by {holder or 'another run'}{note}"
        super().__init__(messages.lake.BUSY(held=self.held))


class Interrupted(KlaviyoSparkError):
    """Ctrl-C or SIGTERM ended the run. What it was landing has landed."""

    way_out = "Run the same command again; it resumes."
    exit_code = 130


class Stopped(KlaviyoSparkError):
    """The same, in a thread that sends requests: it sends no more."""

    way_out = "Run the same command again; it resumes."
    exit_code = 130


class ApiError(KlaviyoSparkError):
    """A request to Klaviyo did not succeed.

    Args:
        message: what was asked, what came back, what to do next.
        status: HTTP status, where there was an answer.
    """

    way_out = "As the message says."

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class RetryableError(ApiError):
    """Klaviyo answered 429 or 5xx, or the answer was lost or cut short.

    Args:
        retry_after_s: the wait that Klaviyo asks for, where it does.
    """

    way_out = "Run again later; the run has tried several times."

    def __init__(
        self, message: str, *, status: int | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message, status=status)
        self.retry_after_s = retry_after_s


class Unreachable(RetryableError):
    """No connection to the host: no such name, refused, or no answer to the call."""

    way_out = "Check the network, the firewall and proxies."


class Intercepted(RetryableError):
    """Something between this machine and Klaviyo answered in its place."""

    way_out = "Ask whoever runs that proxy or firewall to let the requests through."


class ErrorPage(RetryableError):
    """Klaviyo answered status 200 with an error in the body."""

    way_out = "Run again later."


class RateLimitTooLong(ApiError):
    """Klaviyo asks for a longer wait than a run should sit through."""

    way_out = "Run again after the time that the message names."
    exit_code = 4

    def __init__(self, message: str, *, resume_at: datetime) -> None:
        super().__init__(message, status=429)
        self.resume_at = resume_at


class FatalError(ApiError):
    """Klaviyo refuses a request, and sending it again cannot help."""

    way_out = "As the message says."


class Unauthorized(FatalError):
    """401: the key is wrong or revoked; every request would fail alike."""

    way_out = "Set a valid private key."


class MissingScope(FatalError):
    """403: the key lacks a scope that this endpoint needs.

    Args:
        where: method and path that were refused.
        said: Klaviyo's words, scrubbed.
    """

    way_out = "Make a new key with all scopes of the README."

    def __init__(
        self, message: str, *, scopes: tuple[str, ...], where: str = "", said: str = ""
    ) -> None:
        super().__init__(message, status=403)
        self.scopes, self.where, self.said = scopes, where, said


class NotFound(FatalError):
    """404: the id does not exist (any more)."""

    way_out = "Nothing to do; the next listing marks its rows."


class RevisionRetired(FatalError):
    """410: the pinned revision or endpoint has been retired."""

    way_out = "Upgrade klaviyo-spark."


class OlderRevisionRetired(FatalError):
    """410: the older revision that some columns are read at has been retired."""

    way_out = "Upgrade klaviyo-spark."


class CursorExpired(FatalError):
    """400: the ``page[cursor]`` of a ``links.next`` is no longer good; the time reached is."""

    way_out = "Nothing to do; the walk goes on without it."


class UnknownId(FatalError):
    """400: a filter names an id that Klaviyo does not know; its words may say which."""

    way_out = "Nothing to do; the others are asked for without it."


class ValuesRefused(FatalError):
    """400: a report's metric has no values, so Klaviyo gives no statistics of money for it."""

    way_out = "Nothing to do; the other statistics are asked for without them."


class IncludeRefused(FatalError):
    """400: Klaviyo refuses the parameter ``include``, or one of the objects that it names."""

    way_out = "Upgrade klaviyo-spark; report this line if it stays."


class BadAnswer(FatalError):
    """The body is not one that Klaviyo's API sends: no ``data``, no ``links``, a looping cursor."""

    way_out = "Check the base URL and proxies; upgrade, and report it if it stays."


def meets_all(error: BaseException) -> bool:
    """Whether an error would meet every table alike: no room, no storage, no Java at all."""
    lost = type(error).__module__.startswith(("py4j", "grpc")) and not hasattr(
        error, "java_exception"
    )
    full = os.strerror(errno.ENOSPC) in str(error)
    known = isinstance(error, (OSError, ConfigError))
    return known or lost or full or _explained(error) is not None


def exit_code_of(error: BaseException) -> int:
    """What a process that ends by ``error`` answers."""
    if isinstance(error, KlaviyoSparkError):
        return error.exit_code
    return 1 if isinstance(error, Exception) else Interrupted.exit_code


def words_of(error: BaseException) -> str:
    """An error in a line, for the summary of a run."""
    if isinstance(error, KlaviyoSparkError):
        return str(error)
    return in_a_line(error) if isinstance(error, Exception) else "interrupted"


# Each says what an error is about that it knows more of; None for others.
_explain: list[Callable[[BaseException], str | None]] = []


def explain_by(explain: Callable[[BaseException], str | None]) -> None:
    """Let ``in_a_line`` ask ``explain`` first: who starts Java knows how it ended."""
    _explain.append(explain)


def _explained(error: BaseException) -> str | None:
    return next(filter(None, (explain(error) for explain in _explain)), None)


def in_a_line(error: Exception) -> str:
    """What an error of Spark, Java or the system is about."""
    known = _explained(error)
    if known:
        return known
    text = str(error).strip()
    full = os.strerror(errno.ENOSPC)
    if full in text:  # in Java's stack, below whatever was being done
        return messages.lake.DISK_FULL(reason=full)
    file = lost_file(error)
    if file:
        return of_lost_file(file)
    if is_of_java(text):
        return of_java(text)
    return f"{type(error).__name__}: {(text.splitlines() or [''])[0]:.300}"
