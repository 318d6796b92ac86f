"""What can go wrong with a request, whether it is sent again, and the way out: one table.

An answer is known by its status and by Klaviyo's ``errors[]``; first row that fits. Where none came
whole, ``failures`` and the reading of a body say which row it is. Data; no HTTP here.
https://developers.klaviyo.com/en/docs/rate_limits_and_error_handling
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum
from functools import partial

from klaviyo_spark.errors import (
    ApiError,
    BadAnswer,
    CursorExpired,
    ErrorPage,
    FatalError,
    Intercepted,
    MissingScope,
    NotFound,
    OlderRevisionRetired,
    RetryableError,
    RevisionRetired,
    Unauthorized,
    UnknownId,
    Unreachable,
)

TRIES = 8
TOTAL_S = 900.0
# Before Klaviyo has answered once, a block on the way is likelier than an outage.
EARLY_TRIES = 3


class Contact(IntEnum):
    """How far a run has got with the host."""

    NONE = 0
    REACHED = 1  # something answered
    ANSWERED = 2  # Klaviyo answered, by a page or by an error of its own


@dataclass(frozen=True)
class ErrorDetail:
    """What an error body says; printed, it is its ``text``, which is scrubbed.

    Args:
        text: ``detail``, else ``title``, of its errors.
        code: of the first error, empty where it has none; None: the body is no error of Klaviyo's.
        source: the parameter or pointer that the first error names.
    """

    text: str = ""
    code: str | None = None
    source: str = ""

    def __str__(self) -> str:
        return self.text

    def __bool__(self) -> bool:
        return bool(self.text)


@dataclass(frozen=True)
class ErrorRule:
    """One row.

    Args:
        name: for people.
        error: what is raised.
        words: of an answer, what follows its status; of what is sent again, the way out, told when
            it is given up. ``{said}`` are Klaviyo's words, ``{key}`` what a person calls the key.
        statuses: of the answer; none where none came whole.
        codes: of Klaviyo's error, ``None`` for a body that is not Klaviyo's; none: any.
        about: pattern of its source and text, the source first.
        tries: at most; of 1, it is not sent again.
        total_s: for all tries together.
        early_tries: at most, as long as the run's contact is below ``contact``.
    """

    name: str
    error: type[ApiError]
    words: str
    statuses: Collection[int] = ()
    codes: Collection[str | None] = ()
    about: str = ""
    tries: int = 1
    total_s: float = 0.0
    early_tries: int = 1
    contact: Contact = Contact.REACHED

    def tries_at(self, contact: Contact) -> int:
        """How often it is tried by a run that has got that far with the host."""
        return self.tries if contact >= self.contact else self.early_tries

    def fits(self, status: int, said: ErrorDetail) -> bool:
        """Whether an answer is this row's."""
        return (
            status in self.statuses
            and (not self.codes or said.code in self.codes)
            and bool(re.search(self.about, f"{said.source} {said.text}", re.IGNORECASE))
        )


_retried = partial(ErrorRule, error=RetryableError, tries=TRIES, total_s=TOTAL_S, early_tries=TRIES)
THROTTLED = _retried(
    name="rate limit spent", statuses=(429,),
    words="Other tools draw on the account's rate limits too: pause them, or set rate_limit_share "
    "in conf to what they leave",
)  # fmt: skip
SERVER = _retried(
    name="Klaviyo is in trouble",
    # The last five are those of the network in front of Klaviyo, for outages behind it.
    statuses=(500, 502, 503, 504, 520, 521, 522, 523, 524),
    words="Klaviyo is in trouble, see https://status.klaviyo.com; run again later",
)
INTERCEPTED = _retried(  # a challenge page, a firewall's refusal, a proxy's time-out
    name="intercepted", statuses=(403, 408, 425, *range(500, 600)),
    words="This is not Klaviyo's answer and says nothing about the key: ask whoever runs that "
    "proxy or firewall to let klaviyo-spark's requests through, or run again later",
    error=Intercepted,
    codes=(None,),
    early_tries=EARLY_TRIES,
    contact=Contact.ANSWERED,
)  # fmt: skip
ERROR_PAGE = _retried(
    name="200 and an error", statuses=(200,),
    words="Klaviyo answers status 200 with an error; run again later, and report this line if it "
    "stays",
    error=ErrorPage,
    tries=2,
    early_tries=2,
)  # fmt: skip
NO_PAGE = _retried(  # HTML, nothing, malformed or cut JSON
    name="200 and no page", statuses=(200,),
    words="Something on the way answers for Klaviyo or cuts its answers: check the base URL and "
    "proxies",
)  # fmt: skip
BROKEN_OFF = _retried(  # resets, time-outs, TLS that ends, bodies cut short or trickling
    name="no whole answer",
    words="Check the network, firewall and proxies on the way, or run again later",
)  # fmt: skip
UNREACHABLE = _retried(
    name="no connection",
    words="Ad-block and DNS lists block Klaviyo's host on some networks: look it up from this "
    "machine, check firewall, HTTPS_PROXY and NO_PROXY",
    error=Unreachable,
    early_tries=EARLY_TRIES,
)  # fmt: skip
UNTRUSTED = ErrorRule(
    "certificate", FatalError,
    "the certificate of {host} is not trusted here; behind a proxy that opens TLS, set "
    "REQUESTS_CA_BUNDLE to its CA",
)  # fmt: skip
UNASKABLE = ErrorRule(
    "setting", FatalError, "{host} cannot be asked ({kind}); check base URL and proxies"
)  # fmt: skip

# Taken in the place of the other rows of Klaviyo's 401 once a page has come.
REVOKED = ErrorRule(
    "key no longer accepted", Unauthorized,
    ": {key} was accepted earlier in this run and is refused now ({said}): look in Klaviyo under "
    "Settings, API keys, whether it still stands, and run again to go on from what has landed",
    (401,),
)  # fmt: skip
RETIRED = ErrorRule(
    "retired", RevisionRetired,
    ": Klaviyo has retired API revision {revision} or this endpoint; upgrade klaviyo-spark "
    "({said})",
    (410,),
)  # fmt: skip
OLDER_RETIRED = ErrorRule(
    "older revision retired", OlderRevisionRetired,
    ": Klaviyo has retired API revision {revision}, the only one that {name} can be asked at: "
    "{said}",
    (410,),
)  # fmt: skip

ERROR_RULES = (
    THROTTLED,
    SERVER,
    INTERCEPTED,
    NO_PAGE,
    ERROR_PAGE,
    BROKEN_OFF,
    UNREACHABLE,
    UNTRUSTED,
    UNASKABLE,
    # Klaviyo refuses with an error of its own; what comes without one is judged before all others.
    ErrorRule(
        "not Klaviyo's 401", BadAnswer,
        ", answered by {answerer}, without the error that Klaviyo's API sends: it says nothing "
        "certain of {key}; check the base URL and proxies, and then the key",
        (401,), (None,),
    ),
    ErrorRule(
        "not Klaviyo's 404", BadAnswer,
        " by something other than Klaviyo's API ({answerer}); check the base URL and proxies",
        (404,), (None,),
    ),
    ErrorRule(
        "not Klaviyo's refusal", BadAnswer,
        ", answered by {answerer}, which is not Klaviyo's API; check the base URL and proxies",
        range(400, 1000), (None,),
    ),
    ErrorRule(
        "cursor expired", CursorExpired,
        ": {said}. The cursor of this page is no longer good: run again to go on without it",
        (400,), about=r"invalid[\w ]* cursor|cursor[\w ]* (invalid|expired)|^page\[cursor\]",
    ),
    ErrorRule(
        "page size", FatalError,
        ": {said}. Klaviyo has lowered the largest page: upgrade klaviyo-spark",
        (400,), about=r"^page\[size\]|page size",
    ),
    ErrorRule(
        "unknown id", UnknownId,
        ": {said}. Klaviyo does not know an id that it has listed",
        (400,), about="^filter .*(not exist|not found|unknown id|invalid id)",
    ),
    ErrorRule(
        "filter", FatalError,
        ": {said}. The filter is klaviyo-spark's: upgrade it, and report this line if it stays",
        (400,), about="^filter",
    ),
    ErrorRule(
        "invalid", FatalError,
        ": {said}. The request is klaviyo-spark's: upgrade it, and report this line if it stays",
        (400,), ("invalid",),
    ),
    ErrorRule(
        "key lost", Unauthorized,
        ": Klaviyo got no key; a proxy on the way must let the Authorization header through",
        (401,), ("not_authenticated",),
    ),
    ErrorRule(
        "key refused", Unauthorized,
        ": {key} was refused; make a private key in Klaviyo under Settings, API keys, and set it "
        "anew",
        (401,),
    ),
    REVOKED,
    ErrorRule(
        "scope missing", MissingScope,
        ": the key lacks a scope, {scopes} needed. A key's scopes cannot be changed: make a new "
        "one with all of them",
        (403,),
    ),
    ErrorRule("gone", NotFound, ": {said}", (404,)),
    RETIRED,
    OLDER_RETIRED,
    ErrorRule(
        "redirect", BadAnswer,
        "{to}: not an answer of Klaviyo's API, and redirects are not followed; check the base URL "
        "and proxies",
        range(201, 400),
    ),
    ErrorRule("refused", FatalError, ": {said}", range(400, 1000)),
)  # fmt: skip


def of_answer(status: int, said: ErrorDetail) -> ErrorRule:
    """The row of an answer that is no page."""
    return next((row for row in ERROR_RULES if row.fits(status, said)), ERROR_RULES[-1])


def of_error(error: RetryableError) -> ErrorRule:
    """The row of what may be sent again: by its kind, else by its status."""
    kinds = {row.error: row for row in (UNREACHABLE, INTERCEPTED, ERROR_PAGE)}
    rows = (THROTTLED, SERVER, NO_PAGE)
    by_status = (row for row in rows if error.status in row.statuses)
    return kinds.get(type(error)) or next(by_status, BROKEN_OFF)
