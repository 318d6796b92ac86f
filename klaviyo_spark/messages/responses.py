"""What is said of Klaviyo's answers."""

from klaviyo_spark.messages.message import AS_SAID, Message, error, request_error

ERROR_IN_PAGE = error(
    "{where} -> 200, but an error: {error}",
    cause="Klaviyo answers status 200 with an error in the place of a page, or beside a page "
    "without records.",
    way_out="It is asked again, once.",
)
NO_JSON = request_error(
    "{where} -> 200, but {what} ({error})",
    cause="The body is not whole or not JSON; what it looks like is said (see the next three).",
    way_out="It is asked again.",
)
HTML = Message(
    "the body is an HTML page, as a proxy or an outage sends them",
    cause="Something between answers for Klaviyo.",
    way_out="Check base URL and proxies.",
)
EMPTY = Message(
    "the body is empty",
    cause="An answer without content.",
    way_out="It is asked again.",
)
MALFORMED = Message(
    "the body is cut short or malformed",
    cause="An answer that ends too early.",
    way_out="It is asked again.",
)
NOT_UTF8 = request_error(
    "{where} -> 200, but the body is not UTF-8",
    cause="The body was damaged on the way.",
    way_out="It is asked again.",
)
NO_PAGE = request_error(
    "{where} -> 200, but not a page of Klaviyo's: {error}",
    cause="JSON of another form.",
    way_out="Check the base URL; upgrade.",
)
NO_DATA = request_error(
    "{where} -> 200, but the body has no data",
    cause="A page without `data`.",
    way_out="Run it again; report it if it stays.",
)
NO_LINKS = request_error(
    "{where} -> 200, but the body has data and no links",
    cause="A page that does not say whether there is a next one.",
    way_out="Run it again; report it if it stays.",
)
NO_OBJECT = request_error(
    "{where} -> 200, but data holds something that is not an object",
    cause="A record of another form.",
    way_out="Run it again; report it if it stays.",
)
NO_LIST = request_error(
    "{where} -> 200, but data is neither a list nor an object",
    cause="A page of another form.",
    way_out="Run it again; report it if it stays.",
)
LOOPING_CURSOR = request_error(
    "links.next of {path} was asked in this walk before: the cursor loops. The pages so far are "
    "kept; run again, and tell Klaviyo if it stays",
    cause="Klaviyo names a next page that was read already.",
    way_out=AS_SAID,
)
NEXT_ON_OTHER_HOST = request_error(
    "links.next points to {host} instead of {expected}; it is not followed, and the key is not "
    "sent there",
    cause="A next page on another host.",
    way_out="Check base URL and proxies.",
)
