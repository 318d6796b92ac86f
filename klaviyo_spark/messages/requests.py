"""What is said of requests to Klaviyo; ``client.error_table`` has the rules for their errors."""

from klaviyo_spark.messages.message import (
    NOTHING,
    Message,
    error,
    interruption,
    request_error,
    warning,
)

NO_CONNECTION = error(
    "{where}: no connection to {host}",
    cause="No such name, refused, or no answer.",
    way_out="It is asked again; see below for what is said when it is given up.",
)
PROXY_REFUSES = error(
    "{where}: the proxy on the way to {host} does not let it through",
    cause="HTTPS_PROXY points to a proxy that refuses or is not there.",
    way_out="Mend HTTPS_PROXY, or name the host in NO_PROXY.",
)
TLS_BROKE_OFF = request_error(
    "{where}: TLS with {host} broke off",
    cause="The encrypted connection ended before it was made.",
    way_out="It is asked again; if it stays, look for a firewall or proxy.",
)
NO_ANSWER = request_error(
    "{where}: {host} did not answer in time",
    cause="No answer for 75 s.",
    way_out="It is asked again.",
)
CONNECTION_BROKE_OFF = request_error(
    "{where}: the connection to {host} broke off ({kind})",
    cause="The connection was reset.",
    way_out="It is asked again.",
)
TRICKLING_ANSWER = request_error(
    "{where}: the answer takes too long to come in",
    cause="An answer trickled for more than five minutes.",
    way_out="It is asked again; look at the network if it stays.",
)
BODY_CUT_SHORT = request_error(
    "{where}: the body was cut short, {got} of {length} bytes",
    cause="The connection ended before the answer did.",
    way_out="It is asked again.",
)
KEY_TO_OTHER_HOST = request_error(
    "{endpoint}: asked to send the key to {host} instead of {expected}; refused, nothing was sent",
    cause="A next page on another host.",
    way_out="Check the base URL; if it is Klaviyo's, report it.",
)
RATE_LIMIT_TOO_LONG = Message(
    "Klaviyo asks to wait {wait_s:.0f} s, more than the {most_s:.0f} s that a run sits through; "
    "run again after {resume_at:%Y-%m-%dT%H:%M:%SZ}, what has landed is kept",
    cause="The account's rate limit is spent for longer than a run waits (exit code 4).",
    way_out="Run it again after that time.",
    exit="4",
)
STOPPED = interruption(
    "stopped before the next request to Klaviyo",
    cause="Ctrl-C or SIGTERM.",
    way_out="Run it again; it goes on where it was.",
)
TRIED_AGAIN = warning(
    "{error}; try {tried} of {most}, next in {wait_s:.1f} s",
    cause="A request is asked again.",
    way_out=NOTHING,
)
MACHINE_CLOCK = warning(
    "this machine's clock is {seconds:,.0f} s {side} Klaviyo's; Klaviyo's is what pages and rows "
    "are dated by",
    cause="The clock is more than a minute off, or was for a part of the run.",
    way_out="Let the system keep time. The tables are as they would be with a clock that is right.",
)
KLAVIYO_CLOCK = warning(
    "Klaviyo's clock is {seconds:,.0f} s behind the newest page in bronze; what is read is dated "
    "right after that page",
    cause="Klaviyo's `Date` went back, or its answers came without one to an earlier run, whose "
    "machine's clock was ahead.",
    way_out="None needed; the order of pages is kept. `_landed_at` and `_deleted_at` are ahead "
    "until that time has come.",
)
