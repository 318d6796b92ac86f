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
    IncludeRefused,
    Intercepted,
    MissingScope,
    NotFound,
    OlderRevisionRetired,
    RetryableError,
    RevisionRetired,
    Unauthorized,
    UnknownId,
    Unreachable,
    ValuesRefused,
)

TRIES = 8
TOTAL_S = 900.0
# Before Klaviyo has answered once, a block on the way is likelier than an outage.
EARLY_TRIES = 3

_retried = partial(ErrorRule, error=RetryableError, tries=TRIES, total_s=TOTAL_S, early_tries=TRIES)
THROTTLED = _retried(
    name="rate limit spent", statuses=(429,),
    way_out="Pause other tools that use the account's API, or set rate_limit_share in conf to what "
    "they leave.",
    cause="The account's rate limits are shared, and others spend them.",
)  # fmt: skip
SERVER = _retried(
    name="Klaviyo is in trouble",
    # The last five are those of the network in front of Klaviyo, for outages behind it.
    statuses=(500, 502, 503, 504, 520, 521, 522, 523, 524),
    way_out="Klaviyo has an outage, see https://status.klaviyo.com; run again later.",
    cause="A status of 500 or above. The next run resumes.",
)
INTERCEPTED = _retried(  # a challenge page, a firewall's refusal, a proxy's time-out
    name="intercepted", statuses=(403, 408, 425, *range(500, 600)),
    error=Intercepted,
    codes=(None,),
    early_tries=EARLY_TRIES,
    contact=Contact.ANSWERED,
    way_out="Something other than Klaviyo answers, so this says nothing about the key: ask whoever "
    "runs that proxy or firewall to let klaviyo-spark's requests through, or run again later.",
    cause="403, 408, 425 or 5xx without an error of Klaviyo's. The message names who answered.",
)  # fmt: skip
ERROR_PAGE = _retried(
    name="200 and an error", statuses=(200,),
    error=ErrorPage,
    tries=2,
    early_tries=2,
    way_out="Klaviyo answers status 200 with an error; run again later, and report this line if "
    "it stays.",
    cause="An error came with status 200, twice.",
)  # fmt: skip
NO_PAGE = _retried(  # HTML, nothing, malformed or cut JSON
    name="200 and no page", statuses=(200,),
    way_out="Something on the way answers for Klaviyo or cuts its answers: check the base URL and "
    "proxies.",
    cause="The status was 200, and no page came.",
)  # fmt: skip
BROKEN_OFF = _retried(  # resets, time-outs, TLS that ends, bodies cut short or trickling
    name="no whole answer",
    way_out="Check the network, firewall and proxies, or run again later.",
    cause="No complete answer came. The next run resumes.",
)  # fmt: skip
UNREACHABLE = _retried(
    name="no connection",
    error=Unreachable,
    early_tries=EARLY_TRIES,
    way_out="Check DNS, firewall, HTTPS_PROXY and NO_PROXY: some networks block Klaviyo's host by "
    "ad-block or DNS lists.",
    cause="The host was not reached.",
)  # fmt: skip
UNTRUSTED = ErrorRule(
    "certificate", FatalError,
    "the certificate of {host} is not trusted here",
    "Behind a proxy that opens TLS, set REQUESTS_CA_BUNDLE to its CA.",
    cause="Something on the way opens TLS, or this machine's CAs are out of date.",
)  # fmt: skip
UNASKABLE = ErrorRule(
    "setting", FatalError,
    "no request can be sent to {host} ({kind})",
    "Check the base URL, HTTPS_PROXY and NO_PROXY.",
    cause="The address, or that of a proxy, is malformed.",
)  # fmt: skip

# Taken in the place of the other rows of Klaviyo's 401 once a page has come.
REVOKED = ErrorRule(
    "key no longer accepted", Unauthorized,
    ": {key} was accepted earlier in this run and is refused now ({said})",
    "See in Klaviyo under Settings, API keys, whether it still exists; run again to resume.",
    (401,),
    cause="The key was deleted, or lost its rights, during the run.",
)  # fmt: skip
RETIRED = ErrorRule(
    "retired", RevisionRetired,
    ": Klaviyo has retired API revision {revision} or this endpoint ({said})",
    "Upgrade klaviyo-spark.",
    (410,),
    cause="A revision lives two years; `doctor` says how long this one still does.",
)  # fmt: skip
OLDER_RETIRED = ErrorRule(
    "older revision retired", OlderRevisionRetired,
    ": Klaviyo has retired API revision {revision}, the only one that has {name} ({said})",
    "Upgrade klaviyo-spark.",
    (410,),
    cause="Two columns of `flow_actions` are read at an older revision. The rest is read.",
)  # fmt: skip
NEWER_RETIRED = ErrorRule(
    "newer revision retired", FatalError,
    ": Klaviyo has retired {name} at API revision {revision} ({said})",
    "Upgrade klaviyo-spark, or take the group out of conf `plus`.",
    (410,),
    cause="One group of `klaviyo_plus` is read at a newer revision. The rest is read.",
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
        ", answered by {answerer}, without the error that Klaviyo's API sends",
        "Check the base URL and proxies; it says nothing certain of {key}.",
        (401,), (None,),
        cause="A proxy or a sign-in page on the way wants to know who asks.",
    ),
    ErrorRule(
        "not Klaviyo's 404", BadAnswer,
        " by something other than Klaviyo's API ({answerer})",
        "Check the base URL and proxies.",
        (404,), (None,),
        cause="The body is not the error that Klaviyo sends with this status.",
    ),
    ErrorRule(
        "not Klaviyo's refusal", BadAnswer,
        ", answered by {answerer}, which is not Klaviyo's API",
        "Check the base URL and proxies.",
        range(400, 1000), (None,),
        cause="A proxy or firewall refuses the request with a page of its own, or with none.",
    ),
    ErrorRule(
        "cursor expired", CursorExpired,
        ": {said}. The cursor of this page is no longer valid",
        "Run again to resume without it.",
        (400,), about=r"invalid[\w ]* cursor|cursor[\w ]* (invalid|expired)|^page\[cursor\]",
        cause="Klaviyo's cursors expire. Most walks go on without it by themselves.",
    ),
    ErrorRule(
        "page size", FatalError,
        ": {said}. Klaviyo no longer allows pages as large as klaviyo-spark requests",
        "Upgrade klaviyo-spark.",
        (400,), about=r"^page\[size\]|page size",
        cause="The page size of the request is no longer allowed.",
    ),
    ErrorRule(
        "no values", ValuesRefused,
        ": {said}. The conversion metric has no values",
        "Set another in conf `conversion_metrics`, or map one to revenue in Klaviyo.",
        (400,), about="^/data/attributes/conversion_metric_id .*not support querying for values",
        cause="Klaviyo gives no statistics of money for it. The others are asked for alone.",
    ),
    ErrorRule(
        "unknown id", UnknownId,
        ": {said}. Klaviyo does not know an id that it has listed",
        "Run again; the others are requested without it.",
        (400,), about="^filter .*(not exist|not found|unknown id|invalid id)",
        cause="A filter names an id that Klaviyo refuses.",
    ),
    ErrorRule(
        "filter", FatalError,
        ": {said}. Klaviyo refuses a filter that this version of klaviyo-spark sends",
        "Upgrade klaviyo-spark; report this line if it stays.",
        (400,), about="^filter",
        cause="Klaviyo refuses how a listing is filtered.",
    ),
    ErrorRule(
        "include", IncludeRefused,
        ": {said}. Klaviyo refuses to include what this version of klaviyo-spark asks for",
        "Upgrade klaviyo-spark; report this line if it stays.",
        (400,), about=r"\binclude\b",
        cause="Klaviyo no longer includes these objects. Where they can be asked for one by one, "
        "they are.",
    ),
    ErrorRule(
        "invalid", FatalError,
        ": {said}. Klaviyo refuses a request that this version of klaviyo-spark sends",
        "Upgrade klaviyo-spark; report this line if it stays.",
        (400,), ("invalid",),
        cause="Klaviyo refuses the form of the request.",
    ),
    ErrorRule(
        "key lost", Unauthorized,
        ": Klaviyo got no key",
        "Let proxies on the way pass the Authorization header on.",
        (401,), ("not_authenticated",),
        cause="Something on the way removes the header.",
    ),
    ErrorRule(
        "key refused", Unauthorized,
        ": {key} was refused",
        "Make a private key in Klaviyo under Settings, API keys, and set it.",
        (401,),
        cause="The key is wrong, was revoked, or is a public one.",
    ),
    REVOKED,
    ErrorRule(
        "scope missing", MissingScope,
        ": the key lacks a scope, {scopes} needed",
        "Make a new key with all scopes; those of a key cannot be changed.",
        (403,),
        cause="The key was made without that scope; the README lists all. The rest is read.",
    ),
    ErrorRule(
        "gone", NotFound, ": {said}", "", (404,),
        cause="A campaign, flow, list or segment was deleted meanwhile; the next listing marks its "
        "rows.",
    ),
    RETIRED,
    OLDER_RETIRED,
    NEWER_RETIRED,
    ErrorRule(
        "redirect", BadAnswer,
        "{to}: not an answer of Klaviyo's API, and redirects are not followed",
        "Check the base URL and proxies.",
        range(201, 400),
        cause="A portal of the network may want a login. Klaviyo sends no redirects.",
    ),
    ErrorRule(
        "refused", FatalError, ": {said}", "Upgrade klaviyo-spark; report this line if it stays.",
        range(400, 1000),
        cause="Klaviyo refuses the request for another reason.",
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
