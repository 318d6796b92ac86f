from __future__ import annotations

import json
import math

import pytest

from klaviyo_spark.client.error_rule import ErrorDetail
from klaviyo_spark.client.json_bodies import LEVELS, decode, records, without_depths
from klaviyo_spark.client.page_order import Times, times_on
from klaviyo_spark.client.responses import (
    Page,
    error_text,
    http_date,
    is_error_body,
    read_page,
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


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("data", ["null", "[]", " [ ] "])
@pytest.mark.parametrize("links", ["", ',"links":{"next":null}'])
def test_an_error_beside_no_records_is_no_page_without_records(data: str, links: str, mark: bytes):
    """It was a complete read of nothing: all rows of the table were to be marked as deleted."""
    errors = json.loads(an_error_body())["errors"]
    body = mark + f'{{"data":{data},"errors":{json.dumps(errors)}{links}}}'.encode()
    with pytest.raises(ErrorPage, match="GET /x -> 200, but an error: A list with id NOPE01"):
        read_page(body, "GET /x")


@pytest.mark.parametrize("errors", ["null", "[]", "[{}]", '[{"message":"blocked"}]'])
def test_what_is_no_error_of_klaviyos_leaves_a_page_without_records(errors: str):
    body = f'{{"data":[],"errors":{errors},"links":{{"next":null}}}}'.encode()
    assert read_page(body, "GET /x") == (None, 0, ())


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


def deep(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


def a_deep_body(levels: int, next_url: bytes = b"null") -> bytes:
    """A page whose second record holds arrays within arrays."""
    second = b'{"id":"P2","attributes":{"a":"]}\\"[{","deep":%s,"b":2}}' % deep(levels)
    return b'{"data":[{"id":"P1"},%s],"links":{"next":%s}}' % (second, next_url)


# About where Python gives up: what is read at one place fails one call further down.
DEPTHS = [90, *range(900, 1000), 1100, 100_000]


@pytest.mark.parametrize("levels", DEPTHS)
def test_a_page_nested_deeper_than_python_reads_is_one_all_the_same(levels):
    """One profile's property ended the whole run, and the next one."""
    next_url, count, (first, last) = read_page(a_deep_body(levels, b'"x"'), "GET /x")
    assert (next_url, count, first) == ("x", 2, b'{"id":"P1"}')
    assert last.startswith(b'{"id":"P2",')


def test_what_lies_too_deep_is_null_and_all_else_as_it_is():
    attributes = {"a": ']}"[{', "deep": None, "b": 2}
    cut = without_depths(a_deep_body(100_000))
    within = cut.replace(deep(LEVELS - 4)[: LEVELS - 4] + b"null" + b"]" * (LEVELS - 4), b"null")
    assert json.loads(within)["data"][1]["attributes"] == attributes
    assert [one["id"] for one in records(a_deep_body(100_000))] == ["P1", "P2"]
    whole = a_deep_body(LEVELS - 4)
    assert without_depths(whole) == whole


def test_a_deep_page_that_was_cut_short_may_be_asked_for_again():
    body = a_deep_body(100_000)
    for end in (50_000, 150_000, len(body) - 1):
        with pytest.raises(RetryableError, match="cut short or malformed"):
            read_page(body[:end], "GET /x")


def test_times_of_a_deep_record_are_read():
    record = b'{"attributes":{"updated":"2026-11-01T12:00:00Z","deep":%s}}' % deep(1100)
    page = b'{"data":[%s],"links":{}}' % record
    edges = read_page(page, "GET /x")[2]
    found = Page("u", "/x", "", 200, page, None, 1, None, NOON, "r", edges)
    assert found.times("updated") == (NOON, NOON)
    assert times_on(found, "updated") == Times(NOON, NOON)


def test_an_error_nested_deep_has_no_text_or_its_own():
    body = b'{"errors":[{"detail":"No.","source":%s}]}' % deep(1100)
    assert error_text(body, SECRET) == ErrorDetail("No.", "", "")
    assert is_error_body(body)


def test_error_texts_are_short_and_hold_nothing_personal():
    detail = f"Bad key {SECRET} for a.b@example.com, a%40b.org and +15005550006. " + "x" * 400
    text = error_text(an_error_body(detail), SECRET).text
    assert text.startswith("Bad key <key> for <e-mail>, <e-mail> and <phone>. xxx")
    assert len(text) == 300


def test_several_details_become_one_text():
    body = b'{"errors":[{"detail":"one"},{"title":"two"},{"detail":null}]}'
    assert error_text(body, SECRET) == ErrorDetail("one; two", code="")


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
    assert error_text(body, SECRET) == ErrorDetail("", code=None)
    assert not is_error_body(body)


@pytest.mark.parametrize("name", ["code", "title", "detail"])
def test_an_error_of_klaviyos_has_a_code_a_title_or_a_detail(name: str):
    assert is_error_body(f'{{"errors":[{{"{name}":"x"}}]}}'.encode())


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            '"code":"invalid","source":{"parameter":"filter"}',
            ErrorDetail("no", "invalid", "filter"),
        ),
        (
            '"code":"invalid","source":{"pointer":"/data/id"}',
            ErrorDetail("no", "invalid", "/data/id"),
        ),
        ('"code":7,"source":"filter"', ErrorDetail("no", "", "filter")),
        ('"code":null,"source":[]', ErrorDetail("no", "")),
    ],
)
def test_an_error_says_its_code_and_what_it_is_about(more: str, expected: ErrorDetail):
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
    assert http_date("Fri, 31 Dec 9999 23:59:59 -0100") is None
    assert http_date(None) is None
