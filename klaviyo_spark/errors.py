"""What can go wrong, named for what the caller should do next.

    KlaviyoSparkError
      ConfigError          fix conf, secrets or the machine         exit 2
        UsageError         fix the command line                     exit 2
      SpecError            fix a table's spec                       exit 1
      LakeError            look at the lake                         exit 1
        CheckFailed        look at the pages, or let it pass        exit 3, other tables go on
        TableDiffers       make the table anew from bronze          exit 3, other tables go on
        TableUnreadable    restore the table, or move it away       exit 3, or 1 without it
        OtherFormat        use the version that made the lake       exit 1
        OtherAccount       take the right key, or another lake      exit 1
        LakeBusy           wait for the other run, or come again    exit 1
      Interrupted          Ctrl-C or SIGTERM; run again to go on    exit 130
      Stopped              the same, of a thread that asks Klaviyo  exit 130
      ApiError             a request to Klaviyo that did not succeed
        RetryableError     429, 5xx, lost or short answers          tried again, then exit 1 or 3
          Unreachable      no connection to the host                tried again, then exit 1
          Intercepted      not Klaviyo answered                     tried again, then exit 1
          ErrorPage        an error in the body of an answer 200    tried again, then exit 1
        RateLimitTooLong   Klaviyo asks to wait too long            exit 4
        FatalError         asking again cannot help                 exit 1 or 3
          Unauthorized     the key is wrong                         exit 1, at once
          MissingScope     the key lacks a scope                    exit 3, the rest goes on
          NotFound         the thing is gone                        landed as a fact, no failure
          RevisionRetired  the endpoint or revision has ended       exit 3, the rest goes on
          OlderRevisionRetired  one asked for single fields has     a warning, the rest goes on
          CursorExpired    a links.next is no longer good           the walk goes on without it
          UnknownId        an id in a filter does not exist         asked again without it
          BadAnswer        not what Klaviyo sends                   exit 1 or 3

Messages say what, where and what next; never the key, a profile or a whole body.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from datetime import datetime

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
    """Anything this product reports as one line; ``exit_code`` is the process's answer."""

    exit_code = 1


class ConfigError(KlaviyoSparkError):
    """Conf, a secret or the machine is not as it must be; nothing has been started."""

    exit_code = 2


class UsageError(ConfigError):
    """The command line asks for something that cannot be."""


class SpecError(KlaviyoSparkError):
    """A table's spec contradicts itself; the message names every slip at once."""


class LakeError(KlaviyoSparkError):
    """The lake is not as the specs say, or could not be written."""


class CheckFailed(LakeError):
    """More rows of a load break a check than may, and it is one that holds the table back."""


class OtherFormat(LakeError):
    """A table carries another format number than the one that this version reads and writes."""


class TableDiffers(LakeError):
    """A table was made by a release whose columns do not fit those of this one.

    Args:
        how: its columns differ, in words.
    """

    def __init__(self, message: str, how: str) -> None:
        super().__init__(message)
        self.how = how


class TableUnreadable(LakeError):
    """A table's log is damaged, or what stands in the table's place is not ours.

    Args:
        message: names it, and the way out.
        table: with its schema.
    """

    def __init__(self, message: str, table: str) -> None:
        super().__init__(message)
        self.table = table


class OtherAccount(LakeError):
    """Klaviyo answers for another account than the one whose rows the lake holds."""


class LakeBusy(LakeError):
    """Another run holds the lake: wait for it, or come again.

    Args:
        holder: that run, which says in a text who it is; None where it has not said so.
        note: what else is known of it.
        may_be_dead: it looks so, and whoever goes on looking will know.
    """

    def __init__(self, holder: object | None, note: str = "", may_be_dead: bool = False) -> None:
        self.holder, self.may_be_dead = holder, may_be_dead
        self.held = f"the lake is held by {holder or 'another run'}{note}"
        super().__init__(f"{self.held}; wait for it with --wait, or run again when it has ended")


class Interrupted(KlaviyoSparkError):
    """Somebody asked the run to end; what was in hand has landed."""

    exit_code = 130


class Stopped(KlaviyoSparkError):
    """The run is being stopped: nothing more is sent."""

    exit_code = 130


class ApiError(KlaviyoSparkError):
    """A request to Klaviyo that did not succeed.

    Args:
        message: what was asked, what came back, what to do next.
        status: HTTP status, where there was an answer.
    """

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class RetryableError(ApiError):
    """May succeed when asked again; ``retry_after_s`` is Klaviyo's own wish, where it said one."""

    def __init__(
        self, message: str, *, status: int | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message, status=status)
        self.retry_after_s = retry_after_s


class Unreachable(RetryableError):
    """No connection to the host: no such name, refused, or no answer to a call."""


class Intercepted(RetryableError):
    """Something between this machine and Klaviyo answered in its place."""


class ErrorPage(RetryableError):
    """Status 200 with an error of Klaviyo's in the body."""


class RateLimitTooLong(ApiError):
    """Klaviyo asks for a longer wait than a run should sit through."""

    exit_code = 4

    def __init__(self, message: str, *, resume_at: datetime) -> None:
        super().__init__(message, status=429)
        self.resume_at = resume_at


class FatalError(ApiError):
    """Asking again cannot help."""


class Unauthorized(FatalError):
    """401: the key is wrong or revoked; every request would fail alike."""


class MissingScope(FatalError):
    """403: the key lacks a scope this endpoint needs.

    Args:
        where: method and path that were refused.
        said: Klaviyo's words, scrubbed.
    """

    def __init__(
        self, message: str, *, scopes: tuple[str, ...], where: str = "", said: str = ""
    ) -> None:
        super().__init__(message, status=403)
        self.scopes, self.where, self.said = scopes, where, said


class NotFound(FatalError):
    """404: the id does not exist (any more)."""


class RevisionRetired(FatalError):
    """410: the pinned revision or endpoint has been retired."""


class OlderRevisionRetired(FatalError):
    """410: the older revision that an endpoint of its own is asked at has been retired."""


class CursorExpired(FatalError):
    """400: the ``page[cursor]`` of a ``links.next`` is no longer good; the time reached is."""


class UnknownId(FatalError):
    """400: the filter names an id that Klaviyo does not know; its words may say which."""


class BadAnswer(FatalError):
    """A body that Klaviyo's API would not send: no ``data``, no ``links``, a looping cursor."""


def meets_all(error: BaseException) -> bool:
    """Whether an error would meet every table alike: no room, no storage, no Java any more."""
    lost = type(error).__module__.startswith(("py4j", "grpc")) and not hasattr(
        error, "java_exception"
    )
    full = os.strerror(errno.ENOSPC) in str(error)
    return isinstance(error, OSError) or lost or full or _explained(error) is not None


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
        return f"{full}: what has landed stays; make room and give the same command again"
    file = lost_file(error)
    if file:
        return of_lost_file(file)
    if is_of_java(text):
        return of_java(text)
    return f"{type(error).__name__}: {(text.splitlines() or [''])[0]:.300}"
