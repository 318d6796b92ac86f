"""Answers of Klaviyo: pages that are none."""

from functools import partial

from klaviyo_spark.messages.message import Message, request_error

_no_page = partial(
    request_error,
    way_out="Run again; report this line if it stays.",
    cause="Klaviyo's API does not send such a page.",
)

ERROR_IN_PAGE = request_error(
    "{where} -> 200, but an error: {error}",
    cause="Klaviyo sent an error in the place of a page, or beside a page without records. This "
    "request is sent again.",
)
NO_JSON = request_error(
    "{where} -> 200, but {what} ({error})",
    cause="The answer is not whole, or no JSON. The request is sent again.",
)
HTML = Message(
    "the body is an HTML page, as proxies and outages send them",
    cause="Something on the way answers for Klaviyo. Check the base URL and proxies.",
)
EMPTY = Message("the body is empty", cause="An answer without content.")
MALFORMED = Message("the body is cut short or malformed", cause="The answer ended too early.")
NOT_UTF8 = request_error(
    "{where} -> 200, but the body is not UTF-8",
    cause="The answer was damaged on the way. The request is sent again.",
)
NO_PAGE = request_error(
    "{where} -> 200, but not a page of Klaviyo's: {error}",
    "Check the base URL, or upgrade klaviyo-spark.",
    cause="The answer is JSON of another form.",
)
NO_DATA = _no_page("{where} -> 200, but the body has no data")
NO_LINKS = _no_page("{where} -> 200, but the body has data and no links")
NO_OBJECT = _no_page("{where} -> 200, but data holds something that is not an object")
NO_LIST = _no_page("{where} -> 200, but data is neither a list nor an object")
LOOPING_CURSOR = request_error(
    "links.next of {path} leads back to a page that was read; the pages so far are kept",
    "Run again; tell Klaviyo if it stays.",
    cause="Klaviyo's cursor loops.",
)
NEXT_ON_OTHER_HOST = request_error(
    "links.next points to {host} instead of {expected}; the key was not sent there",
    "Check the base URL and proxies.",
    cause="A next page must be on the same host.",
)
