"""Commits that lost against another writer, and which of them may be tried again. No Delta here.

One run at a time holds a lake, but upkeep of the platform, or a user's own DELETE, may commit
between a MERGE's read and its commit. Delta then refuses the later one, by name:
https://docs.delta.io/latest/concurrency-control.html
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

import tenacity

from klaviyo_spark import messages

logger = logging.getLogger(__name__)

# The other writer touched rows or files that this one had looked at: looked at anew, it is the
# same work. Where columns or the protocol changed meanwhile it is not.
_SAFE = (
    "DELTA_CONCURRENT_APPEND",
    "DELTA_CONCURRENT_DELETE_READ",
    "DELTA_CONCURRENT_DELETE_DELETE",
    "ConcurrentAppendException",
    "ConcurrentDeleteReadException",
    "ConcurrentDeleteDeleteException",
)
# Of delta-rs, which is not on every cluster.
_REFUSED = "CommitFailedError"
TRIES = 5

T = TypeVar("T")


def is_retriable(error: BaseException) -> bool:
    """Whether Delta refused a commit for what another one did to rows, and nothing else.

    delta-rs says no more than that it refused: where the columns changed, the table, opened anew,
    shows it.
    """
    said = str(error)
    return type(error).__name__ == _REFUSED or any(name in said for name in _SAFE)


def retry_on_conflict(
    work: Callable[[], T], what: str, sleep: Callable[[float], None] = time.sleep
) -> T:
    """Do ``work``, again where another writer was first; its last error where it always was.

    Args:
        work: whole, so that it looks anew at what it is going to change.
        what: the table, for the log.
    """

    def say(state: tenacity.RetryCallState) -> None:
        logger.warning(
            messages.lake.COMMIT_CONFLICT(table=what, tried=state.attempt_number, most=TRIES)
        )

    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(is_retriable),
        stop=tenacity.stop_after_attempt(TRIES),
        wait=tenacity.wait_random_exponential(multiplier=1, max=30),
        before_sleep=say,
        sleep=sleep,
        reraise=True,
    )(work)
