from __future__ import annotations

import gzip
import logging
import socket
import threading
import traceback
from datetime import timedelta
from pathlib import Path

import pytest
import requests
import responses
import urllib3

from klaviyo_spark.client.client import Client
from klaviyo_spark.client.json_bodies import decode
from klaviyo_spark.client.rate_limiter import Limiter
from klaviyo_spark.client.retry import RetryPolicy
from klaviyo_spark.errors import (
    ApiError,
    BadAnswer,
    ConfigError,
    FatalError,
    Intercepted,
    MissingScope,
    NotFound,
    OlderRevisionRetired,
    RateLimitTooLong,
    RetryableError,
    RevisionRetired,
    Stopped,
    Unauthorized,
    Unreachable,
)
from klaviyo_spark.version import __version__
from tests.helpers.fakes import (
    BASE,
    EVENTS,
    NEWER_EVENTS,
    NOON,
    OLDER_EVENTS,
    SECRET,
    Answer,
    FakeClock,
    a_body,
    a_client,
    an_error_body,
)

URL = f"{BASE}/api/events?filter=equals%28profile_id%2C%22P0ANN%22%29"


# Pages


def test_a_page_holds_the_body_as_received_and_what_the_request_knew(klaviyo):
    body = a_body("1", "2", next_url=f"{BASE}/api/events?page%5Bcursor%5D=x")
    klaviyo.get(URL, body=body, headers={"Date": "Sun, 01 Nov 2026 12:00:00 GMT"})

    with a_client() as client:
        page = client.get(EVENTS, URL)

    assert (page.url, page.path, page.query) == (URL, "/api/events", URL.partition("?")[2])
    assert (page.status, page.body, page.record_count) == (200, body, 2)
    assert page.next_url == f"{BASE}/api/events?page%5Bcursor%5D=x"
    assert (page.http_date, page.fetched_at, page.revision) == (NOON, NOON, "2026-07-15")


def test_sends_key_revision_and_who_asks(klaviyo):
    klaviyo.get(URL, body=a_body())
    with a_client(revision="2025-07-15") as client:
        client.get(EVENTS, URL)
    sent = klaviyo.calls[0].request.headers
    assert sent["Authorization"] == f"Klaviyo-API-Key {SECRET}"
    assert sent["revision"] == "2025-07-15"
    assert sent["X-Klaviyo-Revision-Fall-Forward-Opt-Out"] == "1"
    assert sent["Accept"] == "application/vnd.api+json"
    assert sent["User-Agent"] == f"klaviyo-spark/{__version__}"


def test_a_question_is_posted_and_asked_again_as_a_page_is(klaviyo):
    answer = b'{"data":{"type":"metric-aggregate","attributes":{}},"links":{"next":null}}'
    klaviyo.post(URL, status=503)
    klaviyo.post(URL, body=answer)
    with a_client() as client:
        page = client.get(EVENTS, URL, question=b'{"data":{}}')
    assert (page.body, page.record_count, page.next_url) == (answer, 1, None)
    assert [call.request.body for call in klaviyo.calls] == [b'{"data":{}}'] * 2
    assert klaviyo.calls[0].request.headers["Content-Type"] == "application/vnd.api+json"


def test_a_question_that_is_refused_says_how_it_was_asked(klaviyo):
    klaviyo.post(URL, status=403, body=an_error_body("You do not have permission."))
    with a_client() as client, pytest.raises(MissingScope, match="^POST /api/events -> 403"):
        client.get(EVENTS, URL, question=b"{}")


def test_an_endpoint_is_asked_at_its_own_revision_and_the_next_at_the_clients(klaviyo):
    klaviyo.get(URL, body=a_body())
    with a_client() as client:
        pages = [client.get(endpoint, URL) for endpoint in (OLDER_EVENTS, EVENTS, NEWER_EVENTS)]
    revisions = ["2025-07-15", "2026-07-15", "2026-10-15"]
    assert [call.request.headers["revision"] for call in klaviyo.calls] == revisions
    assert [page.revision for page in pages] == revisions


@pytest.mark.parametrize(
    "target",
    [
        "/api/events?page%5Bcursor%5D=a%2Bb%2Fc%3D%3D&page[size]=5",
        '/api/events?page[cursor]=WyIyMDI2Il0=&filter=any(id,["A"])&x={y}|z^`\'<>',
        "/api/events?cursor=%2b%3d%zz%",
        "/api/events/?a=b+c&&d=%252B",
        "/api/a/../events?x=1",
        "//api//events",
        "/api/events?",
    ],
)
def test_a_link_is_sent_to_the_letter(serve, target: str):
    server = serve(lambda _: Answer())
    with a_client(server.url) as client:
        client.get(EVENTS, server.url + target)
    assert server.targets == [target]
    assert "x-request-target" not in server.headers[0]


def test_only_what_cannot_be_sent_is_encoded(serve):
    server = serve(lambda _: Answer())
    with a_client(server.url) as client:
        client.get(EVENTS, f"{server.url}/api/events?a=b c%20ü#part")
    assert server.targets == ["/api/events?a=b%20c%20%C3%BC"]


def test_a_link_is_sent_to_the_letter_through_a_proxy(serve, monkeypatch):
    proxy = serve(lambda _: Answer())
    monkeypatch.setenv("http_proxy", proxy.url)
    link = "http://klaviyo.example/api/events?page[cursor]=a%2bb"
    with a_client("http://klaviyo.example") as client:
        client.get(EVENTS, link)
    assert proxy.targets == [link]


def test_a_netrc_file_does_not_replace_the_key(serve, monkeypatch, tmp_path: Path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server = serve(lambda _: Answer())
    with a_client(server.url) as client:
        client.get(EVENTS, f"{server.url}/api/events")
    assert server.headers[0]["authorization"] == f"Klaviyo-API-Key {SECRET}"


def test_a_packed_body_is_unpacked(serve):
    body = a_body(*"abc" * 100)
    server = serve(lambda _: Answer(gzip.compress(body), headers={"Content-Encoding": "gzip"}))
    with a_client(server.url) as client:
        assert client.get(EVENTS, f"{server.url}/api/events").body == body


def test_connections_are_used_again(serve):
    ports = set()
    server = serve(lambda _: Answer())
    server._server.verify_request = lambda request, address: ports.add(address) or True
    with a_client(server.url) as client:
        for _ in range(3):
            client.get(EVENTS, f"{server.url}/api/events")
    assert len(ports) == 1


# Where the key goes


@pytest.mark.parametrize(
    "url",
    ["http://a.klaviyo.com/api", "https://a.klaviyo.com:444/api", "https://evil.example/", "/api"],
)
def test_the_key_is_sent_to_the_base_urls_host_only(klaviyo, url: str):
    with a_client() as client, pytest.raises(BadAnswer, match="the key was not sent there"):
        client.get(EVENTS, url)
    assert len(klaviyo.calls) == 0


def test_a_redirect_is_not_followed(klaviyo):
    headers = {"Location": "https://evil.example/path?token=1"}
    klaviyo.get(URL, status=302, headers=headers)
    with (
        a_client() as client,
        pytest.raises(BadAnswer, match=r"302, pointing to https://evil\.example: not an answer"),
    ):
        client.get(EVENTS, URL)
    assert len(klaviyo.calls) == 1


@pytest.mark.parametrize("key", ["", "pk_a b", "pk_a\n", "pk_ä", "pk_\x00"])
def test_a_key_that_fits_no_header_is_refused_without_showing_it(key: str):
    class BadKey:
        name = "KLAVIYO_API_KEY"

        def reveal(self) -> str:
            return key

    with pytest.raises(ConfigError, match="KLAVIYO_API_KEY is empty, or contains") as raised:
        Client(BASE, BadKey(), limiter=Limiter())
    assert "pk_" not in str(raised.value)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 418, 429, 500])
def test_an_echoed_key_is_nowhere_to_be_seen(klaviyo, caplog, status: int):
    body = an_error_body(f"You sent Klaviyo-API-Key {SECRET}")
    klaviyo.get(URL, status=status, body=body)
    with a_client() as client, caplog.at_level(logging.DEBUG, "klaviyo_spark"):
        with pytest.raises(ApiError) as raised:
            client.get(EVENTS, URL)
        told = "".join(traceback.format_exception(raised.value)) + caplog.text + repr(client)
    assert SECRET not in told
    assert "P0ANN" not in told


# Errors, each named


@pytest.mark.parametrize(
    ("status", "kind", "message"),
    [
        (
            400,
            FatalError,
            r"GET /api/events -> 400: 'equals' is not allowed for <e-mail>\. Upgrade",
        ),
        (401, Unauthorized, "401: KLAVIYO_API_KEY was refused"),
        (403, MissingScope, "403: the key lacks a scope, events:read needed"),
        (404, NotFound, "404: 'equals'"),
        (410, RevisionRetired, "410: Klaviyo has retired API revision 2026-07-15.*Upgrade"),
        (415, FatalError, "415: 'equals'"),
        (202, BadAnswer, "202: not an answer"),
    ],
)
def test_asking_again_cannot_help(klaviyo, status: int, kind: type[ApiError], message: str):
    body = an_error_body("'equals' is not allowed for a@example.com")
    klaviyo.get(URL, status=status, body=body)
    with a_client() as client, pytest.raises(kind, match=message) as raised:
        client.get(EVENTS, URL)
    assert type(raised.value) is kind
    assert raised.value.status == status
    assert len(klaviyo.calls) == 1


def test_the_end_of_an_older_revision_is_no_end_of_the_clients(klaviyo):
    klaviyo.get(URL, status=410, body=an_error_body("Gone."))
    message = (
        "GET /api/events -> 410: Klaviyo has retired API revision 2025-07-15, the only one that "
        "has older_events (Gone). Upgrade klaviyo-spark."
    )
    with a_client() as client, pytest.raises(OlderRevisionRetired) as raised:
        client.get(OLDER_EVENTS, URL)
    assert str(raised.value) == message
    assert not isinstance(raised.value, RevisionRetired)


def test_a_missing_scope_says_which(klaviyo):
    klaviyo.get(URL, status=403, body=an_error_body())
    with a_client() as client, pytest.raises(MissingScope) as raised:
        client.get(EVENTS, URL)
    assert raised.value.scopes == ("events:read",)


def test_a_404_can_be_a_page(klaviyo):
    klaviyo.get(URL, status=404, body=an_error_body())
    with a_client() as client:
        page = client.get(EVENTS, URL, gone_ok=True)
    assert (page.status, page.body, page.record_count) == (404, an_error_body(), 0)
    assert page.next_url is None


@pytest.mark.parametrize("gone_ok", [True, False])
def test_a_404_of_something_else_proves_nothing_gone(klaviyo, gone_ok: bool):
    klaviyo.get(URL, status=404, body="<html>no route</html>")
    with a_client() as client, pytest.raises(BadAnswer, match="404 by something other"):
        client.get(EVENTS, URL, gone_ok=gone_ok)


CHALLENGE = "<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>"


@pytest.mark.parametrize("status", [403, 408, 425, 501, 505, 599])
def test_a_page_of_a_network_in_between_is_asked_for_again(klaviyo, status: int):
    klaviyo.get(URL, body=a_body("1"))
    klaviyo.get(URL, status=status, body=CHALLENGE, headers={"cf-mitigated": "challenge"})
    klaviyo.get(URL, body=a_body("2"))
    with a_client() as client:
        assert [client.get(EVENTS, URL).record_count for _ in range(2)] == [1, 1]
        assert client.stats().retries == 1


@pytest.mark.parametrize(("answered", "tries", "seconds"), [(True, 8, 123), (False, 3, 3)])
def test_a_network_that_stays_in_between_is_named(klaviyo, answered: bool, tries: int, seconds):
    if answered:
        klaviyo.get(URL, body=a_body("1"))
    klaviyo.get(URL, status=403, body=CHALLENGE, headers={"cf-mitigated": "challenge"})
    with a_client() as client:
        if answered:
            client.get(EVENTS, URL)
        with pytest.raises(Intercepted) as raised:
            client.get(EVENTS, URL)
    assert str(raised.value) == (
        'GET /api/events -> 403, answered by cf-mitigated: challenge, page "Just a moment..."; '
        f"gave up after {tries} tries in {seconds} s. Something other than Klaviyo "
        "answers, so this says nothing about the key: ask whoever runs that proxy or firewall to "
        "let klaviyo-spark's requests through, or run again later."
    )
    assert raised.value.exit_code == 1


OTHERS_ERROR = b'{"success":false,"errors":[{"code":1020,"message":"Access denied"}]}'


def test_an_error_of_another_api_is_not_of_a_scope(klaviyo):
    klaviyo.get(URL, status=403, body=OTHERS_ERROR, headers={"Server": "cloudflare"})
    with (
        a_client() as client,
        pytest.raises(Intercepted, match="403, answered by Server: cloudflare;"),
    ):
        client.get(EVENTS, URL)
    assert len(klaviyo.calls) == 3


@pytest.mark.parametrize("status", [403, 503])
def test_a_long_wait_that_a_network_in_between_asks_for_is_none(klaviyo, status: int):
    klaviyo.get(URL, status=status, body=CHALLENGE, headers={"Retry-After": "3600"})
    klaviyo.get(URL, body=a_body("1"))
    clock = FakeClock()
    with a_client(clock=clock) as client:
        assert client.get(EVENTS, URL).record_count == 1
    assert clock.seconds == 1.0


def test_a_long_wait_that_klaviyo_asks_for_is_one_whatever_its_status(klaviyo):
    klaviyo.get(URL, status=503, body=an_error_body(), headers={"Retry-After": "3600"})
    with a_client() as client, pytest.raises(RateLimitTooLong) as raised:
        client.get(EVENTS, URL)
    assert raised.value.resume_at == NOON + timedelta(hours=1)


@pytest.mark.parametrize("status", [302, 400, 401, 404, 405, 406, 407, 410, 413, 414, 451])
def test_other_pages_of_a_network_in_between_fail_at_once(klaviyo, status: int):
    klaviyo.get(URL, status=status, body="<html>no</html>", headers={"Server": "squid/6.1"})
    with a_client() as client, pytest.raises(BadAnswer):
        client.get(EVENTS, URL)
    assert len(klaviyo.calls) == 1


def test_an_error_with_status_200_is_asked_for_once_more(klaviyo):
    klaviyo.get(URL, body=an_error_body())
    klaviyo.get(URL, body=a_body("1"))
    with a_client() as client:
        assert client.get(EVENTS, URL).record_count == 1
    assert len(klaviyo.calls) == 2


def test_an_error_with_status_200_that_stays_is_told(klaviyo):
    klaviyo.get(URL, body=an_error_body("No such thing for a@example.com."))
    message = "200, but an error: No such thing for <e-mail>; gave up after 2 tries in 1 s"
    with a_client() as client, pytest.raises(RetryableError, match=message):
        client.get(EVENTS, URL)
    assert len(klaviyo.calls) == 2


def test_a_byte_order_mark_is_no_part_of_a_page(klaviyo):
    body = b"\xef\xbb\xbf" + a_body("1", next_url=f"{BASE}/api/events?page%5Bcursor%5D=x")
    klaviyo.get(URL, body=body)
    with a_client() as client:
        page = client.get(EVENTS, URL)
    assert (page.body, page.record_count) == (body, 1)
    assert page.next_url == f"{BASE}/api/events?page%5Bcursor%5D=x"
    assert decode(page.body)["data"][0]["id"] == "1"


def test_a_page_without_links_is_a_bad_answer_at_once(klaviyo):
    klaviyo.get(URL, body=b'{"data":[]}')
    with a_client() as client, pytest.raises(BadAnswer, match="data and no links"):
        client.get(EVENTS, URL)
    assert len(klaviyo.calls) == 1


# Asking again


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 522])
def test_asks_again_after(klaviyo, status: int):
    klaviyo.get(URL, status=status)
    klaviyo.get(URL, body=a_body("1"))
    clock = FakeClock()
    with a_client(clock=clock) as client:
        assert client.get(EVENTS, URL).record_count == 1
        assert client.stats().retries == 1
    assert clock.seconds == 1.0


@pytest.mark.parametrize("body", [b"<html>", b"", a_body("1")[:-5], b"\xff"])
def test_asks_again_after_a_200_that_is_no_json(klaviyo, body: bytes):
    klaviyo.get(URL, body=body)
    klaviyo.get(URL, body=a_body("1"))
    with a_client() as client:
        assert client.get(EVENTS, URL).record_count == 1


def test_html_that_stays_is_named(klaviyo):
    klaviyo.get(URL, body="<html>")
    with a_client() as client, pytest.raises(RetryableError, match="HTML page.*after 8 tries"):
        client.get(EVENTS, URL)


@pytest.mark.parametrize(
    "error",
    [
        requests.ReadTimeout("slow"),
        requests.ConnectionError("reset"),
        requests.exceptions.ChunkedEncodingError("short"),
        requests.exceptions.ContentDecodingError("not gzip"),
        requests.exceptions.SSLError("EOF"),
        ConnectionResetError(104, "reset"),
    ],
)
def test_asks_again_after_a_broken_connection(klaviyo, error: Exception):
    klaviyo.get(URL, body=error)
    klaviyo.get(URL, body=a_body("1"))
    with a_client() as client:
        assert client.get(EVENTS, URL).record_count == 1


@pytest.mark.parametrize("packed", [False, True])
def test_asks_again_after_a_body_cut_short(serve, packed: bool):
    body = a_body("1")
    answers = [Answer(body, cut=True), Answer(body)]
    if packed:
        zipped = gzip.compress(body)
        headers = {"Content-Encoding": "gzip"}
        answers = [Answer(zipped[:-8], headers=headers, cut=True), Answer(zipped, headers=headers)]
    server = serve(lambda _: answers.pop(0))
    with a_client(server.url) as client:
        assert client.get(EVENTS, f"{server.url}/api/events").body == body
        assert client.stats().retries == 1


def test_waits_as_long_as_klaviyo_asks_plus_jitter(klaviyo):
    klaviyo.get(URL, status=429, headers={"Retry-After": "17"})
    klaviyo.get(URL, body=a_body())
    clock = FakeClock()
    with a_client(clock=clock, jitter=0.5) as client:
        client.get(EVENTS, URL)
        assert client.stats().throttled == 1
    assert clock.seconds == 17.5


def test_a_429_holds_back_everyone_at_that_endpoint(klaviyo):
    klaviyo.get(URL, status=429, headers={"Retry-After": "17"})
    clock = FakeClock()
    waited = []

    def meanwhile(seconds: float, stop: threading.Event | None = None) -> None:
        waited.append(client.limiter.acquire("events", EVENTS.rate))
        raise Stopped("enough")

    client = a_client(clock=clock, policy=RetryPolicy(sleep=meanwhile, clock=clock))
    with client, pytest.raises(Stopped):
        client.get(EVENTS, URL)
    assert waited == [17.0]


def test_a_wait_too_long_ends_at_once_and_says_when_to_go_on(klaviyo):
    klaviyo.get(URL, status=429, headers={"Retry-After": "3600"})
    with a_client() as client, pytest.raises(RateLimitTooLong) as raised:
        client.get(EVENTS, URL)
    assert raised.value.resume_at == NOON + timedelta(hours=1)
    assert len(klaviyo.calls) == 1


def test_a_warning_per_retry_names_the_path_only(klaviyo, caplog):
    klaviyo.get(URL, status=503)
    klaviyo.get(URL, body=a_body())
    with a_client() as client, caplog.at_level(logging.WARNING):
        client.get(EVENTS, URL)
    assert caplog.messages == ["GET /api/events -> 503; try 1 of 8, next in 1.0 s"]


def test_the_budget_in_the_headers_is_learned(klaviyo):
    klaviyo.get(URL, body=a_body(), headers={"RateLimit-Limit": "1, 1;w=1, 60;w=60"})
    clock = FakeClock()
    with a_client(clock=clock) as client:
        for _ in range(3):
            client.get(EVENTS, URL)
    assert clock.seconds == pytest.approx(2.5)


def test_a_budget_is_shared_by_all_that_count_in_it(klaviyo):
    klaviyo.get(URL, body=a_body(), headers={"RateLimit-Limit": "1, 1;w=1, 60;w=60"})
    klaviyo.get(URL, status=429, headers={"Retry-After": "17"})
    klaviyo.get(URL, body=a_body())
    clock = FakeClock()
    with a_client(clock=clock) as client:
        client.get(EVENTS, URL)
        client.get(OLDER_EVENTS, URL)
        assert clock.seconds == pytest.approx(18.25)
        client.get(EVENTS, URL)
        assert clock.seconds == pytest.approx(19.5)
        assert client.stats().requests == {"events": 2, "older_events": 2}


# Out of reach


def test_a_refused_connection_is_given_up_within_seconds():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        clock = FakeClock()
        message = rf"no connection to {url}, .* no sandbox .*; gave up after 3 tries"
        with a_client(url, clock) as client, pytest.raises(Unreachable, match=message):
            client.get(EVENTS, f"{url}/api/events")
    assert clock.seconds == 3.0


def test_an_unknown_name_is_given_up_within_seconds(monkeypatch):
    def unknown(*args: object, **more: object):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with (
        a_client() as client,
        pytest.raises(
            Unreachable,
            match=r"connection to https://a\.klaviyo\.com; gave up after 3 tries.* or DNS lists",
        ),
    ):
        client.get(EVENTS, URL)


def test_once_reached_a_lost_host_gets_all_tries(klaviyo):
    klaviyo.get(URL, status=503)
    klaviyo.get(URL, body=requests.ConnectTimeout("lost"))
    with a_client() as client, pytest.raises(Unreachable, match="after 8 tries"):
        client.get(EVENTS, URL)


def test_an_untrusted_certificate_is_not_tried_again(klaviyo):
    klaviyo.get(URL, body=requests.exceptions.SSLError("CERTIFICATE_VERIFY_FAILED"))
    with a_client() as client, pytest.raises(FatalError, match="REQUESTS_CA_BUNDLE"):
        client.get(EVENTS, URL)
    assert len(klaviyo.calls) == 1


def test_a_proxy_that_refuses_is_named(klaviyo):
    klaviyo.get(URL, body=requests.exceptions.ProxyError("403"))
    with a_client() as client, pytest.raises(Unreachable, match="HTTPS_PROXY"):
        client.get(EVENTS, URL)


def test_a_broken_proxy_setting_is_not_tried_again(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://")
    with a_client() as client, pytest.raises(FatalError, match="Check the base URL"):
        client.get(EVENTS, URL)


def test_an_answer_that_trickles_in_is_dropped(serve, monkeypatch):
    clock = FakeClock()

    def slow(self: requests.Response, size: int):
        clock.seconds += 301.0
        yield b"{"

    monkeypatch.setattr(requests.Response, "iter_content", slow)
    server = serve(lambda _: Answer())
    message = "takes too long; gave up after 3 tries"
    with a_client(server.url, clock) as client, pytest.raises(RetryableError, match=message):
        client.get(EVENTS, f"{server.url}/api/events")


# Clock and counters


EARLIER = {"Date": "Sun, 01 Nov 2026 11:55:00 GMT"}


def test_now_and_the_time_of_a_page_are_by_klaviyos_clock(klaviyo):
    klaviyo.get(URL, body=a_body(), headers=EARLIER)
    with a_client() as client:
        before = client.now()
        pages = [client.get(EVENTS, URL) for _ in range(2)]
        assert (before, client.now()) == (NOON, NOON - timedelta(minutes=5))
        assert client.skew == timedelta(minutes=-5)
    tick = timedelta(microseconds=1)
    at = NOON - timedelta(minutes=5)
    assert [page.fetched_at for page in pages] == [at, at + tick]
    assert [page.http_date for page in pages] == [at, at]


def test_a_page_comes_after_the_newest_of_an_earlier_run(klaviyo):
    klaviyo.get(URL, body=a_body(), headers=EARLIER)
    with a_client() as client:
        client.start_after(NOON)
        page = client.get(EVENTS, URL)
        notes = client.clock_notes()
    assert page.fetched_at == NOON + timedelta(microseconds=1)
    assert [note[:50] for note in notes] == [
        "this machine's clock is 300 s ahead of Klaviyo's; ",
        "Klaviyo's clock is 300 s behind the newest page in",
    ]


def test_the_time_is_asked_for_once_and_known_before_the_first_page(klaviyo):
    asked = klaviyo.head(f"{BASE}/api/", status=404, headers=EARLIER)
    with a_client() as client:
        for _ in range(2):
            client.learn_time()
        assert client.now() == NOON - timedelta(minutes=5)
        assert client.stats().requests == {}
    assert asked.call_count == 1


def test_where_nobody_says_the_time_ours_counts(klaviyo):
    with a_client() as client:
        client.learn_time()
        assert client.now() == NOON


def test_what_answers_in_klaviyos_place_does_not_say_what_time_it_is(klaviyo):
    klaviyo.get(URL, body=b"<html>Blocked</html>", headers=EARLIER)
    klaviyo.get(URL, body=a_body())
    with a_client() as client:
        page = client.get(EVENTS, URL)
        assert client.skew == timedelta(0)
    assert page.http_date is None


def test_counts_each_try(klaviyo):
    klaviyo.get(URL, status=503, body="no")
    klaviyo.get(URL, body=a_body("1"))
    with a_client() as client:
        client.get(EVENTS, URL)
        stats = client.stats()
    assert stats.requests == {"events": 2}
    assert (stats.retries, stats.throttled, stats.bytes) == (1, 0, 2 + len(a_body("1")))


def test_a_stop_ends_the_wait_between_tries(klaviyo):
    klaviyo.get(URL, status=503, headers={"Retry-After": "200"})
    stop = threading.Event()
    threading.Timer(0.05, stop.set).start()
    client = Client(BASE, a_client()._key, limiter=Limiter())
    with client, pytest.raises(Stopped):
        client.get(EVENTS, URL, stop=stop)


def test_no_library_retries_or_text_slips_in():
    error = requests.ConnectionError(urllib3.exceptions.ProtocolError(f"{SECRET} /x?filter=P0ANN"))
    with responses.RequestsMock() as fake:
        fake.get(URL, body=error)
        with a_client() as client, pytest.raises(RetryableError) as raised:
            client.get(EVENTS, URL)
        assert len(fake.calls) == 8
    told = "".join(traceback.format_exception(raised.value))
    assert SECRET not in told
    assert "P0ANN" not in told
