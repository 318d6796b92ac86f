"""The strings that specs are written in: what each is taken apart into, and what is refused."""

from __future__ import annotations

import pytest

from klaviyo_spark.errors import SpecError
from klaviyo_spark.schema.paths import (
    FieldPath,
    FieldRead,
    Proof,
    RowSource,
    parse_array,
    parse_each,
    parse_path,
    parse_proof,
    parse_read,
    parse_rows,
)


@pytest.mark.parametrize(
    "text",
    ["$.a b", "$a", "$.a[]b", "$.a[].b", "$['open", "$.a..b", "$.a[", "$.a[]", "$[0][1]", ".a", ""],
)
def test_what_is_no_path_is_refused(text):
    with pytest.raises(SpecError, match="not a path"):
        parse_path(text)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("$", FieldPath()),
        ("$.id", FieldPath(("id",))),
        ("$.a['b c'].$d-e", FieldPath(("a", "b c", "$d-e"))),
        ("$.data[0].id", FieldPath(("data",), 0, ("id",))),
        ("$['*']", FieldPath(("*",))),
    ],
)
def test_a_path_is_taken_apart_and_written_again(text, path):
    assert parse_path(text) == path
    assert f"${path}" == text


def test_a_path_below_others_is_the_same_place_of_an_inner_object():
    assert parse_path("$.a[1].b").below("data") == parse_path("$.data.a[1].b")


@pytest.mark.parametrize(
    ("text", "path"), [("$.a[]", "$.a"), ("$[]", "$"), ("$.a", "$.a"), ("$.a[0]", "$.a[0]")]
)
def test_an_array_is_the_path_before_its_brackets(text, path):
    assert parse_array(text) == parse_path(path)


@pytest.mark.parametrize(
    ("text", "scope", "path"),
    [
        ("$.id", "$", "$.id"),
        ("^.id", "^", "$.id"),
        ("$", "$", "$"),
        ("campaign-message>$.type", "campaign-message", "$.type"),
        ("tag>$", "tag", "$"),
        ("page.parent_id", "page", "$.parent_id"),
        ("page.slice.channel", "page", "$.slice.channel"),
        ("row.id", "row", "$.id"),
    ],
)
def test_a_read_has_a_scope_and_a_path(text, scope, path):
    read = parse_read(text)

    assert read == FieldRead(scope, parse_path(path))
    assert str(read) == text


def test_a_read_is_taken_apart():
    text = "attribution>$.relationships.flow['a b.c'].data[0].$id if $.type=event"
    read = parse_read(text)

    assert read.scope == "attribution"
    assert read.path == FieldPath(("relationships", "flow", "a b.c", "data"), 0, ("$id",))
    assert read.only_if == (FieldPath(("type",)), "event")
    assert str(read) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a field read: ''"),
        ("id", "not a field read: 'id'"),
        ("page", "not a field read: 'page'"),
        ("page.fetched", "not a field read: 'page.fetched'"),
        ("row.a.b", "not a field read: 'row.a.b'"),
        ("a b>$.id", "not a field read: 'a b>\\$.id'"),
        ("tag>id", "not a path: 'id', expected \\$ at its start"),
        ("$.a if $.b", "expected <path> if <path>=<value>"),
        ("$.a if $.b=", "expected <path> if <path>=<value>"),
        ("$.a if ^.b=c", "not a path: '\\^.b', expected \\$ at its start"),
        ("^.a if $.b=c", "not a path: '\\$.b', expected \\^ at its start"),
        ("row.id if $.b=c", "expected no condition on what does not stand in JSON"),
    ],
)
def test_what_is_no_read_is_refused(text, message):
    with pytest.raises(SpecError, match=message):
        parse_read(text)


def test_rows_are_those_in_data_or_included_ones_of_a_type():
    assert parse_rows("data") == RowSource("data")
    assert parse_rows("included:flow-action") == RowSource("included", "flow-action")


@pytest.mark.parametrize("text", ["", "included", "included:", "data:tag", "tags", "included:a b"])
def test_what_is_no_row_source_is_refused(text):
    with pytest.raises(SpecError, match="not a row source"):
        parse_rows(text)


def test_a_proof_is_a_path_or_a_key_at_a_path():
    assert parse_proof("$.a.b") == Proof(parse_path("$.a.b"))
    assert parse_proof("$.a has b") == Proof(parse_path("$.a"), "b")
    assert parse_proof("$.a has b").keys == parse_proof("$.a.b").keys == ("a", "b")


@pytest.mark.parametrize("text", ["$.a has ", "$.a has b c", "$.a has .b", "a has b", "$.a hsa b"])
def test_what_is_no_proof_is_refused(text):
    with pytest.raises(SpecError, match="not a (proof|path)"):
        parse_proof(text)


def test_of_several_texts_all_slips_are_named():
    with pytest.raises(SpecError) as caught:
        parse_each(["a", "$.b", "$.c["], parse_path)
    assert str(caught.value) == (
        "not a path: 'a', expected $ at its start; not a path: '$.c[', from character 4"
    )
