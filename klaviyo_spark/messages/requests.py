"""Requests to Klaviyo; ``client.error_table`` has the rules for their errors."""

from klaviyo_spark.messages.message import interruption, request_error, warning

NO_CONNECTION = request_error(
    "{where}: no connection to {host}",
    cause="No such name, refused, or no answer. The request is sent again.",
)
NO_SANDBOX = request_error(
    "{where}: no connection to {host}, an address of this machine on which no sandbox runs now",
    cause="`klaviyo-spark sandbox` was ended, or took another port; KLAVIYO_BASE_URL or conf "
    "base_url says this address. The request is sent again.",
)
PROXY_REFUSES = request_error(
    "{where}: the proxy refuses a connection to {host}",
    cause="HTTPS_PROXY names a proxy that refuses or does not exist; NO_PROXY leaves a host out. "
    "The request is sent again.",
)
TLS_BROKE_OFF = request_error(
    "{where}: the TLS handshake with {host} broke off",
    cause="A firewall or proxy may have ended it. The request is sent again.",
)
NO_ANSWER = request_error(
    "{where}: {host} did not answer in time",
    cause="No answer came for 75 s. The request is sent again.",
)
CONNECTION_BROKE_OFF = request_error(
    "{where}: the connection to {host} broke off ({kind})",
    cause="The connection was reset. The request is sent again.",
)
TRICKLING_ANSWER = request_error(
    "{where}: the answer takes too long",
    cause="It trickled in for more than five minutes. The request is sent again.",
)
BODY_CUT_SHORT = request_error(
    "{where}: the body was cut short, {got} of {length} bytes",
    cause="The connection ended before the answer did. The request is sent again.",
)
KEY_TO_OTHER_HOST = request_error(
    "{endpoint}: the next page is on {host} instead of {expected}; the key was not sent there",
    "Check the base URL; report this line if the host is Klaviyo's.",
    cause="Klaviyo's answer, or what stands in its place, names another host.",
)
RATE_LIMIT_TOO_LONG = request_error(
    "Klaviyo asks to wait {wait_s:.0f} s, longer than the {most_s:.0f} s that a run waits; what "
    "was fetched has landed",
    "Run again after {resume_at:%Y-%m-%dT%H:%M:%SZ}.",
    cause="The account's rate limit is spent.",
    exit="4",
)
DAY_SPENT = request_error(
    "the {requests:,} requests that Klaviyo allows a day are spent, or conf's share of them; "
    "nothing more was sent",
    "Run again after {resume_at:%Y-%m-%dT%H:%M:%SZ}.",
    cause="Klaviyo limits requests for reports per day, too. `klaviyo_ops.daily_requests` has "
    "those of the last days.",
    exit="4",
)
STOPPED = interruption(
    "stopped before the next request to Klaviyo",
    "Run the same command again to resume.",
    cause="Ctrl-C or SIGTERM.",
)
TRIED_AGAIN = warning(
    "{error}; try {tried} of {most}, next in {wait_s:.1f} s",
    cause="A request failed and is sent again.",
)
MACHINE_CLOCK = warning(
    "this machine's clock is {seconds:,.0f} s {side} Klaviyo's; pages and rows are dated by "
    "Klaviyo's",
    "Let the system keep its time by NTP.",
    cause="The two differ by more than a minute, or did during the run. The tables are right.",
)
KLAVIYO_CLOCK = warning(
    "Klaviyo's clock is {seconds:,.0f} s behind the newest page in bronze, so what this run "
    "reads is dated right after that page, to keep pages in order",
    "Nothing to do: `_landed_at` and `_deleted_at` run ahead until Klaviyo's clock has caught up.",
    cause="Klaviyo's `Date` went back, or an earlier run had no `Date` and a clock that was ahead. "
    "The order of pages is kept; `_landed_at` and `_deleted_at` are ahead until then.",
)
STOPPED_BY_RATE_LIMIT = request_error(
    "stopped by Klaviyo's rate limit",
    "Run again after {time}.",
    cause="All that was still to be read waits for the account's rate limit.",
    exit="4",
)
