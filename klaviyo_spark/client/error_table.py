"""What can go wrong with a request, whether it is sent again, and the way out: one table.

An answer is known by its status and by Klaviyo's ``errors[]``; first row that fits. Where none came
whole, ``failures`` and the reading of a body say which row it is. Data; no HTTP here.
https://developers.klaviyo.com/en/docs/rate_limits_and_error_handling
"""

from __future__ import annotations

from functools import partial

from klaviyo_spark.client.error_rule import Contact, ErrorDetail, ErrorRule
from klaviyo_spark.errors import (
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
from klaviyo_spark.messages.message import AS_SAID

TRIES = 8
TOTAL_S = 900.0
# Before Klaviyo has answered once, a block on the way is likelier than an outage.
EARLY_TRIES = 3

_retried = partial(ErrorRule, error=RetryableError, tries=TRIES, total_s=TOTAL_S, early_tries=TRIES)
THROTTLED = _retried(
    name="rate limit spent", statuses=(429,),
    words="Other tools draw on the account's rate limits too: pause them, or set rate_limit_share "
    "in conf to what they leave",
    cause="429 in eight tries or 15 minutes.",
    way_out=AS_SAID,
)  # fmt: skip
SERVER = _retried(
    name="Klaviyo is in trouble",
    # The last five are those of the network in front of Klaviyo, for outages behind it.
    statuses=(500, 502, 503, 504, 520, 521, 522, 523, 524),
    words="Klaviyo is in trouble, see https://status.klaviyo.com; run again later",
    cause="A status from 500 on, in eight tries or 15 minutes.",
    way_out="Run it again later; it goes on where it was.",
)
INTERCEPTED = _retried(  # a challenge page, a firewall's refusal, a proxy's time-out
    name="intercepted", statuses=(403, 408, 425, *range(500, 600)),
    words="This is not Klaviyo's answer and says nothing about the key: ask whoever runs that "
    "proxy or firewall to let klaviyo-spark's requests through, or run again later",
    error=Intercepted,
    codes=(None,),
    early_tries=EARLY_TRIES,
    contact=Contact.ANSWERED,
    cause="A proxy, a firewall or the network in front of Klaviyo answers in its place (403, 408, "
    "425 or 5xx without an error of Klaviyo's); the message names it.",
    way_out=AS_SAID,
)  # fmt: skip
ERROR_PAGE = _retried(
    name="200 and an error", statuses=(200,),
    words="Klaviyo answers status 200 with an error; run again later, and report this line if it "
    "stays",
    error=ErrorPage,
    tries=2,
    early_tries=2,
    cause="An error of Klaviyo's with status 200, twice.",
    way_out=AS_SAID,
)  # fmt: skip
NO_PAGE = _retried(  # HTML, nothing, malformed or cut JSON
    name="200 and no page", statuses=(200,),
    words="Something on the way answers for Klaviyo or cuts its answers: check the base URL and "
    "proxies",
    cause="No page came in eight tries or 15 minutes, though the status was 200.",
    way_out=AS_SAID,
)  # fmt: skip
BROKEN_OFF = _retried(  # resets, time-outs, TLS that ends, bodies cut short or trickling
    name="no whole answer",
    words="Check the network, firewall and proxies on the way, or run again later",
    cause="No whole answer came in eight tries or 15 minutes.",
    way_out="Run it again; it goes on where it was.",
)  # fmt: skip
UNREACHABLE = _retried(
    name="no connection",
    words="Ad-block and DNS lists block Klaviyo's host on some networks: look it up from this "
    "machine, check firewall, HTTPS_PROXY and NO_PROXY",
    error=Unreachable,
    early_tries=EARLY_TRIES,
    cause="The host was not reached, three times in a row at the start or eight times later.",
    way_out=AS_SAID,
)  # fmt: skip
UNTRUSTED = ErrorRule(
    "certificate", FatalError,
    "the certificate of {host} is not trusted here; behind a proxy that opens TLS, set "
    "REQUESTS_CA_BUNDLE to its CA",
    cause="Somebody between opens TLS, or this machine's CAs are out of date.",
    way_out=AS_SAID,
)  # fmt: skip
UNASKABLE = ErrorRule(
    "setting", FatalError, "{host} cannot be asked ({kind}); check base URL and proxies",
    cause="The address or a proxy's is malformed.",
    way_out="Mend `base_url`, HTTPS_PROXY.",
)  # fmt: skip

# Taken in the place of the other rows of Klaviyo's 401 once a page has come.
REVOKED = ErrorRule(
    "key no longer accepted", Unauthorized,
    ": {key} was accepted earlier in this run and is refused now ({said}): look in Klaviyo under "
    "Settings, API keys, whether it still stands, and run again to go on from what has landed",
    (401,),
    cause="The key was deleted, or lost its rights, while the run was under way.",
    way_out="As it says; a new key goes where the old one stands.",
)  # fmt: skip
RETIRED = ErrorRule(
    "retired", RevisionRetired,
    ": Klaviyo has retired API revision {revision} or this endpoint; upgrade klaviyo-spark "
    "({said})",
    (410,),
    cause="Revisions live two years; `doctor` says how long this one still does.",
    way_out="Upgrade.",
)  # fmt: skip
OLDER_RETIRED = ErrorRule(
    "older revision retired", OlderRevisionRetired,
    ": Klaviyo has retired API revision {revision}, the only one that {name} can be asked at: "
    "{said}",
    (410,),
    cause="Two columns of `flow_actions` are read at an older revision.",
    way_out="Upgrade; the rest is read all the same.",
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
        cause="A proxy or a sign-in page on the way wants to know who asks; Klaviyo refuses a key "
        "with an error of its own.",
        way_out=AS_SAID,
    ),
    ErrorRule(
        "not Klaviyo's 404", BadAnswer,
        " by something other than Klaviyo's API ({answerer}); check the base URL and proxies",
        (404,), (None,),
        cause="The page that says 404 is not Klaviyo's.",
        way_out=AS_SAID,
    ),
    ErrorRule(
        "not Klaviyo's refusal", BadAnswer,
        ", answered by {answerer}, which is not Klaviyo's API; check the base URL and proxies",
        range(400, 1000), (None,),
        cause="A proxy or firewall refuses the request with a page of its own, or with none.",
        way_out=AS_SAID,
    ),
    ErrorRule(
        "cursor expired", CursorExpired,
        ": {said}. The cursor of this page is no longer good: run again to go on without it",
        (400,), about=r"invalid[\w ]* cursor|cursor[\w ]* (invalid|expired)|^page\[cursor\]",
        cause="Klaviyo's cursors end some time.",
        way_out="The walk goes on without it by itself; if a run fails for it, run it again.",
    ),
    ErrorRule(
        "page size", FatalError,
        ": {said}. Klaviyo has lowered the largest page: upgrade klaviyo-spark",
        (400,), about=r"^page\[size\]|page size",
        cause="The page size is more than is allowed now.",
        way_out="Upgrade.",
    ),
    ErrorRule(
        "unknown id", UnknownId,
        ": {said}. Klaviyo does not know an id that it has listed",
        (400,), about="^filter .*(not exist|not found|unknown id|invalid id)",
        cause="A filter names an id that Klaviyo refuses.",
        way_out="The others are asked for without it by themselves.",
    ),
    ErrorRule(
        "filter", FatalError,
        ": {said}. The filter is klaviyo-spark's: upgrade it, and report this line if it stays",
        (400,), about="^filter",
        cause="Klaviyo refuses how a listing is filtered.",
        way_out=AS_SAID,
    ),
    ErrorRule(
        "invalid", FatalError,
        ": {said}. The request is klaviyo-spark's: upgrade it, and report this line if it stays",
        (400,), ("invalid",),
        cause="Klaviyo refuses the request.",
        way_out=AS_SAID,
    ),
    ErrorRule(
        "key lost", Unauthorized,
        ": Klaviyo got no key; a proxy on the way must let the Authorization header through",
        (401,), ("not_authenticated",),
        cause="Something between takes the header away.",
        way_out=AS_SAID,
    ),
    ErrorRule(
        "key refused", Unauthorized,
        ": {key} was refused; make a private key in Klaviyo under Settings, API keys, and set it "
        "anew",
        (401,),
        cause="The key is wrong, revoked, or a public one.",
        way_out=AS_SAID,
    ),
    REVOKED,
    ErrorRule(
        "scope missing", MissingScope,
        ": the key lacks a scope, {scopes} needed. A key's scopes cannot be changed: make a new "
        "one with all of them",
        (403,),
        cause="The key was made without that scope; the tables that go without are named.",
        way_out="Make a new key with the scopes of the README; the rest has been read all the "
        "same.",
    ),
    ErrorRule("gone", NotFound, ": {said}", (404,),
        cause="A campaign, flow, list or segment was deleted meanwhile.",
        way_out="None needed; the next listing marks its rows.",
    ),
    RETIRED,
    OLDER_RETIRED,
    ErrorRule(
        "redirect", BadAnswer,
        "{to}: not an answer of Klaviyo's API, and redirects are not followed; check the base URL "
        "and proxies",
        range(201, 400),
        cause="A redirect, or a status that Klaviyo does not send.",
        way_out="As it says; a portal of the network may want a login.",
    ),
    ErrorRule("refused", FatalError, ": {said}", range(400, 1000),
        cause="Another refusal of Klaviyo's, in its own words.",
        way_out="Upgrade; report the line if it stays.",
    ),
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
