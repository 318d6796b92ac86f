"""Every row of the table, through a real client."""

from __future__ import annotations

import json
import re

import pytest
import requests
import urllib3

from klaviyo_spark.client import error_table
from klaviyo_spark.client.error_rule import ErrorDetail, ErrorRule
from klaviyo_spark.client.error_table import ERROR_RULES, of_answer
from klaviyo_spark.errors import ApiError, RetryableError, Unauthorized
from tests.helpers.fakes import (
    BASE,
    EVENTS,
    NEWER_EVENTS,
    OLDER_EVENTS,
    Answer,
    FakeClock,
    a_body,
    a_client,
)

URL = f"{BASE}/api/events"
HTML = "<html><h1>We'll be right back</h1></html>"


def named(name: str) -> ErrorRule:
    return next(row for row in ERROR_RULES if row.name == name)


def an_error(code: str = "", detail: str = "No.", **source: str) -> str:
    return json.dumps({"errors": [{"code": code, "detail": detail, "source": source}]})


def asked(klaviyo, row: ErrorRule) -> tuple[ApiError, int, float]:
    """How it ends when each answer is the one that ``klaviyo`` has: error, tries, seconds."""
    clock = FakeClock()
    of_revision = {
        error_table.OLDER_RETIRED.name: OLDER_EVENTS,
        error_table.NEWER_RETIRED.name: NEWER_EVENTS,
    }
    endpoint = of_revision.get(row.name, EVENTS)
    with a_client(clock=clock) as client, pytest.raises(ApiError) as raised:
        client.get(endpoint, URL)
    assert type(raised.value) is row.error
    return raised.value, len(klaviyo.calls), clock.seconds


RETRIED = [
    ("rate limit spent", {"status": 429, "body": an_error("throttled")}),
    *[("Klaviyo is in trouble", {"status": s}) for s in (500, 502, 503, 504, *range(520, 525))],
    ("Klaviyo is in trouble", {"status": 503, "body": HTML}),
    ("intercepted", {"status": 403, "body": HTML}),
    ("intercepted", {"status": 501, "body": ""}),
    ("200 and an error", {"body": an_error()}),
    ("200 and no page", {"body": HTML}),
    ("200 and no page", {"body": b""}),
    ("200 and no page", {"body": a_body("1")[:-9]}),
    ("200 and no page", {"body": b'{"data":[\xff],"links":{}}'}),
    ("no whole answer", {"body": ConnectionResetError(104, "reset")}),
    ("no whole answer", {"body": requests.ConnectionError("reset")}),
    ("no whole answer", {"body": requests.exceptions.ChunkedEncodingError("short")}),
    ("no whole answer", {"body": requests.ReadTimeout("slow")}),
    ("no whole answer", {"body": requests.exceptions.SSLError("EOF")}),
    ("no connection", {"body": requests.ConnectTimeout("lost")}),
    ("no connection", {"body": requests.exceptions.ProxyError("403")}),
]
NOT_RETRIED = [
    ("certificate", {"body": requests.exceptions.SSLError("CERTIFICATE_VERIFY_FAILED")}),
    ("setting", {"body": requests.exceptions.InvalidURL("no host")}),
    (
        "cursor expired",
        {"status": 400, "body": an_error("invalid", "Invalid cursor provided")},
    ),
    (
        "cursor expired",
        {"status": 400, "body": an_error("invalid", parameter="page[cursor]")},
    ),
    (
        "page size",
        {"status": 400, "body": an_error("invalid", parameter="page[size]")},
    ),
    (
        "unknown id",
        {"status": 400, "body": an_error("", "IDs ['X'] do not exist.", parameter="filter")},
    ),
    (
        "no values",
        {
            "status": 400,
            "body": an_error(
                "invalid",
                "Passed in conversion metric does not support querying for values data",
                pointer="/data/attributes/conversion_metric_id",
            ),
        },
    ),
    (
        "filter",
        {"status": 400, "body": an_error("invalid", "No such operator.", parameter="filter")},
    ),
    ("include", {"status": 400, "body": an_error("invalid", parameter="include")}),
    ("include", {"status": 400, "body": an_error("invalid", "'x' is not an allowed include.")}),
    (
        "invalid",
        {"status": 400, "body": an_error("invalid", "Invalid Event ID", pointer="/data/id")},
    ),
    ("key lost", {"status": 401, "body": an_error("not_authenticated")}),
    ("key refused", {"status": 401, "body": an_error("authentication_failed")}),
    ("not Klaviyo's 401", {"status": 401}),
    ("not Klaviyo's 401", {"status": 401, "body": HTML}),
    ("scope missing", {"status": 403, "body": an_error("permission_denied")}),
    ("gone", {"status": 404, "body": an_error("not_found")}),
    ("not Klaviyo's 404", {"status": 404, "body": HTML}),
    *[
        ("not Klaviyo's refusal", {"status": s, "body": body})
        for s in (400, 405, 406, 407, 410, 413, 414, 451)
        for body in (HTML, "", json.dumps({"message": "Blocked."}))
    ],
    ("retired", {"status": 410, "body": an_error("gone")}),
    ("older revision retired", {"status": 410, "body": an_error("gone")}),
    ("newer revision retired", {"status": 410, "body": an_error("gone")}),
    ("redirect", {"status": 302, "headers": {"Location": "https://evil.example/x"}}),
    ("redirect", {"status": 202}),
    *[("refused", {"status": s, "body": an_error()}) for s in (400, 405, 409, 415, 501)],
]


@pytest.mark.parametrize(("name", "answer"), RETRIED)
def test_is_sent_again_and_given_up_with_a_way_out(klaviyo, name: str, answer: dict):
    klaviyo.get(URL, **answer)
    row = named(name)
    error, tries, seconds = asked(klaviyo, row)
    early = {"no connection": (3, 3.0), "intercepted": (3, 3.0), "200 and an error": (2, 1.0)}
    assert (tries, seconds) == early.get(name, (8, 123.0))
    assert str(error).startswith("GET /api/events")
    assert str(error).endswith(f"; gave up after {tries} tries in {seconds:.0f} s. {row.way_out}")


def test_a_lost_host_is_given_as_many_tries_as_other_troubles(klaviyo):
    klaviyo.get(URL, status=503)
    klaviyo.get(URL, body=requests.ConnectTimeout("lost"))
    assert asked(klaviyo, error_table.UNREACHABLE)[1] == 8


def test_a_body_cut_short_is_sent_for_again_and_given_up(serve):
    server = serve(lambda _: Answer(a_body("1"), cut=True))
    with a_client(server.url) as client, pytest.raises(RetryableError, match="8 tries") as raised:
        client.get(EVENTS, f"{server.url}/api/events")
    assert str(raised.value).endswith(error_table.BROKEN_OFF.way_out)
    assert len(server.targets) == 8


@pytest.mark.parametrize("row", [r for r in ERROR_RULES if r.tries > 2], ids=lambda row: row.name)
def test_waits_of_minutes_end_within_a_quarter_of_an_hour(row: ErrorRule):
    clock = FakeClock()
    status = next(iter(row.statuses), None)
    error = row.error("x")
    error.status, error.retry_after_s = status, 290.0

    def send(attempt: int, left_s: float) -> None:
        raise error

    with pytest.raises(row.error, match="gave up after 4 tries in 870 s"):
        a_client(clock=clock)._policy.call(send, now=clock.now)


@pytest.mark.parametrize(("name", "answer"), NOT_RETRIED)
def test_is_not_sent_again(klaviyo, name: str, answer: dict):
    klaviyo.get(URL, **answer)
    row = named(name)
    error, tries, seconds = asked(klaviyo, row)
    assert (tries, seconds) == (1, 0.0)
    assert all(words in str(error) for words in re.split(r"\{\w+\}|;", row.words))
    if "status" in answer:
        assert error.status == answer["status"]


@pytest.mark.parametrize("code", ["not_authenticated", "authentication_failed"])
def test_a_key_that_has_read_a_page_was_not_missing_and_is_not_mistyped(klaviyo, code):
    klaviyo.get(URL, body=a_body("1"))
    klaviyo.get(URL, status=401, body=an_error(code, "Incorrect credentials."))
    with a_client() as client:
        client.get(EVENTS, URL)
        with pytest.raises(Unauthorized) as raised:
            client.get(EVENTS, URL)
    assert str(raised.value) == (
        "GET /api/events -> 401: KLAVIYO_API_KEY was accepted earlier in this run and is refused "
        "now (Incorrect credentials). See in Klaviyo under Settings, API keys, whether it still "
        "exists; run again to resume."
    )


def test_each_row_is_tried_here():
    tried = {name for name, _ in RETRIED + NOT_RETRIED} | {error_table.REVOKED.name}
    assert tried == {row.name for row in ERROR_RULES}


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (
            400,
            an_error("invalid", "Invalid cursor provided", parameter="page[cursor]"),
            "GET /api/events -> 400: Invalid cursor provided. The cursor of this page is no longer "
            "valid. Run again to resume without it.",
        ),
        (
            400,
            an_error("invalid", "'equals' is not an allowed filter operator", parameter="filter"),
            "GET /api/events -> 400: 'equals' is not an allowed filter operator. Klaviyo refuses a "
            "filter that this version of klaviyo-spark sends. Upgrade klaviyo-spark; "
            "report this line if it stays.",
        ),
        (
            401,
            an_error("not_authenticated", "Authentication credentials were not provided."),
            "GET /api/events -> 401: Klaviyo got no key. Let proxies on the way pass the "
            "Authorization header on.",
        ),
        (
            403,
            an_error("permission_denied"),
            "GET /api/events -> 403: the key lacks a scope, events:read needed. Make a new key "
            "with all scopes; those of a key cannot be changed.",
        ),
        (
            410,
            an_error("gone", "See the guide."),
            "GET /api/events -> 410: Klaviyo has retired API revision 2026-07-15 or this endpoint "
            "(See the guide). Upgrade klaviyo-spark.",
        ),
        (
            409,
            an_error("conflict", ""),
            "GET /api/events -> 409: no reason given. Upgrade klaviyo-spark; report this "
            "line if it stays.",
        ),
        (
            409,
            "",
            "GET /api/events -> 409, answered by something on the way, which is not Klaviyo's API. "
            "Check the base URL and proxies.",
        ),
        (
            401,
            "<title>Sign in</title>",
            'GET /api/events -> 401, answered by page "Sign in", without the error that Klaviyo\'s '
            "API sends. Check the base URL and proxies; it says nothing certain of "
            "KLAVIYO_API_KEY.",
        ),
    ],
)
def test_says_what_where_and_what_next(klaviyo, status: int, body: str, message: str):
    klaviyo.get(URL, status=status, body=body)
    with a_client() as client, pytest.raises(ApiError) as raised:
        client.get(EVENTS, URL)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Invalid cursor provided", "cursor expired"),
        ("Invalid page cursor", "cursor expired"),
        ("The cursor has expired", "cursor expired"),
        ("'precursor' is not an allowed field", "invalid"),
        ("Page size must be an integer between 1 and 50", "page size"),
    ],
)
def test_a_400_is_told_by_its_words_where_it_names_no_parameter(text: str, name: str):
    assert of_answer(400, ErrorDetail(text, "invalid")).name == name


def test_a_connection_never_made_is_known_by_its_cause(klaviyo):
    cause = urllib3.exceptions.NewConnectionError(None, "refused")
    klaviyo.get(URL, body=requests.ConnectionError(cause))
    assert asked(klaviyo, error_table.UNREACHABLE)[1] == 3
