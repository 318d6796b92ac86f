from __future__ import annotations

import math

import pytest

from klaviyo_spark.client.error_table import Said
from klaviyo_spark.client.responses import (
    decode,
    error_text,
    http_date,
    is_error_body,
    read_page,
    records,
    retry_after_s,
)
from klaviyo_spark.errors import BadAnswer, ErrorPage, RetryableError
from tests.helpers.fakes import NOON, SECRET, a_body, an_error_body

_FIRST_AND_SECOND = (b'{"a":1}', b'{"a":2}')
_ONLY_FIRST = (b'{"a":1}', b'{"a":1}')


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"data":[{"a":1},{"a":2}],"links":{"next":"x%2B"}}', ("x%2B", 2, _FIRST_AND_SECOND)),
        (a_body(), (None, 0, ())),
        (b'{"data":[],"links":{}}', (None, 0, ())),
        (b'{"data":[],"links":{"next":null}}', (None, 0, ())),
        (b'{"data":{"type":"flow"},"links":{"self":"x"}}', (None, 1, ())),
        (b'{"data":{"type":"flow"}}', (None, 1, ())),
        (b'{"data":null,"links":{}}', (None, 0, ())),
        (b'\n{"included":[{}],"meta":{},"data":[ {"a":1} ],"links":{}}', (None, 1, _ONLY_FIRST)),
    ],
)
def test_reads_next_link_count_and_edges(body: bytes, expected: tuple[str | None, int, tuple]):
    assert read_page(body, "GET /x") == expected


def test_half_an_emoji_makes_no_page_malformed():
    body = b'{"data":[{"a":"cut \\ud83d"},{"b":"\\\\ud83d \\ud83d\\ude00"}],"links":{"next":"x"}}'
    assert read_page(body, "GET /x")[:2] == ("x", 2)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body is empty"),
        (b" <!DOCTYPE html><html>", "an HTML page"),
        (a_body("1")[:-1], "cut short or malformed"),
        (b'{"data":[{"a":tru}],"links":{}}', "malformed"),
        (b'{"data":[],"links":{}} {}', "malformed"),
        (b'{"data":[{"a":"\xff"}],"links":{}}', "not UTF-8"),
    ],
)
def test_bodies_that_are_not_whole_json_may_be_asked_for_again(body: bytes, message: str):
    with pytest.raises(RetryableError, match=rf"GET /x -> 200.*{message}"):
        read_page(body, "GET /x")


def test_an_error_in_the_place_of_a_page_may_be_asked_for_again():
    with pytest.raises(ErrorPage, match="GET /x -> 200, but an error: A list with id NOPE01"):
        read_page(an_error_body(), "GET /x")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"links":{"next":null}}', "has no data"),
        (b'{"data":[]}', "data and no links"),
        (b'{"data":[],"links":null}', "data and no links"),
        (b'{"data":[1],"links":{}}', "not an object"),
        (b'{"data":"x","links":{}}', "neither a list nor an object"),
        (b'{"data":[],"links":{"next":5}}', r"links.next"),
        (b"[]", "not a page"),
        (b'{"errors":[{"message":"blocked"}]}', "has no data"),
    ],
)
def test_json_that_klaviyo_would_not_send_is_a_bad_answer(body: bytes, message: str):
    with pytest.raises(BadAnswer, match=rf"GET /x -> 200.*{message}"):
        read_page(body, "GET /x")


@pytest.mark.parametrize(
    ("body", "data", "included"),
    [
        (b'{"data":[{"id":"1"},{}],"included":[{"id":"2"}]}', [{"id": "1"}, {}], [{"id": "2"}]),
        (b'{"data":{"id":"1"},"included":{"id":"2"}}', [{"id": "1"}], [{"id": "2"}]),
        (b'{"data":null,"included":null}', [], []),
        (b'{"data":[null,"P1",7,["x"],{"id":1}],"included":5}', [{"id": 1}], []),
        (b'{"data":"P1","included":"x"}', [], []),
        (b'{"data":true,"included":[[{"id":"2"}]]}', [], []),
        (b'{"links":{}}', [], []),
        (b"[]", [], []),
        (b"7", [], []),
    ],
)
def test_records_are_the_objects_of_an_array_whatever_else_stands_there(body, data, included):
    assert records(body) == data
    assert records(body, "included") == included


def test_a_number_too_long_for_python_is_one_beyond_double():
    """Python reads 4,300 digits; a page with more made every later run fail."""
    body = b'{"data":[{"id":"1","a":%s,"b":-%s}]}' % (b"9" * 5000, b"9" * 5000)
    assert decode(body) == {"data": [{"id": "1", "a": math.inf, "b": -math.inf}]}
    cut = b'{"a":"\\ud83d","b":%s}' % (b"9" * 5000)
    assert decode(cut) == {"a": "\ufffd", "b": math.inf}
    assert decode(b'{"a":%s}' % (b"9" * 4000)) == {"a": int("9" * 4000)}


def test_error_texts_are_short_and_hold_nothing_personal():
    detail = f"Bad key {SECRET} for a.b@example.com, a%40b.org and +15005550006. " + "x" * 400
    text = error_text(an_error_body(detail), SECRET).text
    assert text.startswith("Bad key <key> for <e-mail>, <e-mail> and <phone>. xxx")
    assert len(text) == 300


def test_several_details_become_one_text():
    body = b'{"errors":[{"detail":"one"},{"title":"two"},{"detail":null}]}'
    assert error_text(body, SECRET) == Said("one; two", code="")


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"",
        b'{"message":"Unauthorized"}',
        b'{"errors":[]}',
        b'{"errors":[{}]}',
        b'{"errors":[{"message":"Forbidden by policy"}]}',
        b'{"errors":[{"code":1020,"message":"Access denied"}]}',
        b'{"errors":[{"code":"","title":"","detail":null}]}',
    ],
)
def test_a_body_that_is_no_error_of_klaviyos_has_no_text(body: bytes):
    assert error_text(body, SECRET) == Said("", code=None)
    assert not is_error_body(body)


@pytest.mark.parametrize("name", ["code", "title", "detail"])
def test_an_error_of_klaviyos_has_a_code_a_title_or_a_detail(name: str):
    assert is_error_body(f'{{"errors":[{{"{name}":"x"}}]}}'.encode())


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ('"code":"invalid","source":{"parameter":"filter"}', Said("no", "invalid", "filter")),
        ('"code":"invalid","source":{"pointer":"/data/id"}', Said("no", "invalid", "/data/id")),
        ('"code":7,"source":"filter"', Said("no", "", "filter")),
        ('"code":null,"source":[]', Said("no", "")),
    ],
)
def test_an_error_says_its_code_and_what_it_is_about(more: str, expected: Said):
    assert error_text(f'{{"errors":[{{"detail":"no",{more}}}]}}'.encode(), SECRET) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("7", 7.0),
        (" 1.5 ", 1.5),
        ("Sun, 01 Nov 2026 12:00:30 GMT", 30.0),
        ("Sun, 01 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-3", None),
        ("nan", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, expected: float | None):
    assert retry_after_s(value, NOON) == expected


def test_a_date_header_is_utc():
    assert http_date("Sun, 01 Nov 2026 12:00:00 GMT") == NOON
    assert http_date("yesterday") is None
    assert http_date(None) is None
