"""Values as Klaviyo spelt them: through pages that are alike once read, and through others."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from klaviyo_spark.resources import TABLES
from klaviyo_spark.silver.parse.json_spelling import MARK, scalar
from klaviyo_spark.silver.parse.project import project
from klaviyo_spark.silver.quality import with_broken
from tests.builders import a_page, an_event, pages_df

PARTY = "\U0001f389"
PAIR = "\\ud83c\\udf89"
NUMBERS = [
    *("1.10", "1621295008.50", "1782173700.123", "0.00", "-0", "-0.0", "0", "7", "-12", "32.7"),
    *("1e5", "1E5", "12e2", "1E400", "-1e-400", "1.0E+2", "0.0001", "5e-324", "0.1e1"),
    *("12345678901234567890123", "12345678901234567890.10", "0." + "1" * 40, "9007199254740993.0"),
]


@dataclass(frozen=True)
class Value:
    """One value of JSON: as a page has it, as a JSON cell and as a text cell should have it."""

    page: str
    json: str
    text: str


def string(*parts: tuple[str, str, str]) -> Value:
    """A string of parts, each as a page, JSON and text have it."""
    page, json, text = ("".join(part) for part in zip(*parts, strict=True))
    return Value(f'"{page}"', f'"{json}"', text)


def plain(text: str) -> tuple[str, str, str]:
    return (text, text, text)


UNKNOWN = "\ufffd"
PARTS = [
    *map(plain, ("a", "ü", "1.10", "{", "[", "]", ", ", ":", "1.5,", "d83d", "fdd0", "/", " ")),
    (PARTY, PARTY, PARTY),
    (PAIR, PARTY, PARTY),
    (PAIR.upper().replace("U", "u"), PARTY, PARTY),
    ("\\ud83c", "\\ud83c", UNKNOWN),
    ("\\uDF89", "\\uDF89", UNKNOWN),
    ("\\u00fc", "ü", "ü"),
    ("\\/", "/", "/"),
    ("\\\\", "\\\\", "\\"),
    ("\\\\uD83C", "\\\\uD83C", "\\uD83C"),
    ("\\\\ud83c\\\\udf89", "\\\\ud83c\\\\udf89", "\\ud83c\\udf89"),
    ('\\"', '\\"', '"'),
    ("\\n", "\\n", "\n"),
    (MARK, MARK, MARK),
    ("\\uFDD0", MARK, MARK),
    (f"{MARK}d83c", f"{MARK}d83c", f"{MARK}d83c"),
    (f"{MARK}/", f"{MARK}/", f"{MARK}/"),
]

# What Spark reads without a change.
TAME = [plain("a"), plain("ü"), (PARTY, PARTY, PARTY), plain("[x"), ("\\n", "\\n", "\n")]
TAMED = ["1", "32.7", "0.5", "1234567"]


def number(token: str) -> Value:
    return Value(token, token, token)


def an_array(*values: Value, blank: str = "") -> Value:
    page = f"{blank},{blank}".join(value.page for value in values)
    json = "[" + ",".join(value.json for value in values) + "]"
    return Value(f"[{blank}{page}{blank}]", json, json)


def an_object(values: dict[Value, Value], blank: str = "") -> Value:
    page = f"{blank},{blank}".join(f"{k.page}{blank}:{blank}{v.page}" for k, v in values.items())
    json = "{" + ",".join(f"{k.json}:{v.json}" for k, v in values.items()) + "}"
    return Value(f"{{{blank}{page}{blank}}}", json, json)


def drawn(draw: random.Random, parts: list[Any], numbers: list[str], depth: int = 2) -> Value:
    """A value of these parts and numbers."""

    def a_string() -> Value:
        some = [draw.choice(parts) for _ in range(draw.randrange(5))]
        # Two halves that meet would be a pair.
        apart = [one for part in some for one in (part, plain("."))]
        return string(*(apart or [plain("")]))

    kind = draw.randrange(5 if depth else 3)
    if kind == 0:
        return number(draw.choice(numbers))
    if kind < 3:
        return a_string()
    many = range(draw.randrange(4))
    blank = draw.choice(["", "", "", " "]) if parts is PARTS else ""
    if kind == 3:
        return an_array(*(drawn(draw, parts, numbers, depth - 1) for _ in many), blank=blank)
    of = {a_string(): drawn(draw, parts, numbers, depth - 1) for _ in many}
    return an_object(of, blank=blank)


def pages(values: list[Value], size: int) -> Iterator[dict[str, Any]]:
    """Pages of so many events, each with a value as its subject."""
    texts = []
    for at, value in enumerate(values):
        event = json.dumps(an_event(str(at), {"hole": 1}), separators=(",", ":"))
        texts.append(event.replace('{"hole":1}', f'{{"Subject":{value.page}}}'))
    for at in range(0, len(texts), size):
        yield a_page("events", *texts[at : at + size])


def cells(spark: SparkSession, *landed: dict[str, Any]) -> dict[int, tuple[str, str]]:
    """By id, an event's subject and all of its properties."""
    read = project(pages_df(spark, *landed), TABLES["events"])
    rows = read.select("id", "subject", "_event_properties").collect()
    return {int(row["id"]): (row["subject"], row["_event_properties"]) for row in rows}


def as_cells(values: list[Value]) -> dict[int, tuple[str, str]]:
    return {at: (one.text, f'{{"Subject":{one.json}}}') for at, one in enumerate(values)}


def test_each_number_is_kept_digit_for_digit_in_text_and_in_json(spark):
    values = [number(token) for token in NUMBERS]
    values += [an_array(value, blank=" ") for value in values]
    values += [string(plain(token)) for token in NUMBERS]

    assert cells(spark, *pages(values, 1)) == as_cells(values)


def test_each_string_is_kept_to_the_letter_in_text_and_in_json(spark):
    values = [string(part) for part in PARTS]
    values += [string(first, plain("."), second) for first in PARTS for second in PARTS]
    values += [an_object({value: value}) for value in values]

    assert cells(spark, *pages(values, 1)) == as_cells(values)


@pytest.mark.parametrize(
    ("parts", "numbers"), [(PARTS, NUMBERS), (TAME, TAMED)], ids=["odd", "as Spark spells them"]
)
def test_whatever_stands_on_a_page_together_is_kept(spark, parts, numbers):
    draw = random.Random(19)
    values = [drawn(draw, parts, numbers) for _ in range(600)]

    assert cells(spark, *pages(values, 7)) == as_cells(values)


def test_pages_that_are_alike_but_for_emoji_are_read_once(spark):
    draw = random.Random(19)
    values = [drawn(draw, TAME, TAMED) for _ in range(50)]
    odd = an_array(number("1.10"))
    landed = pages_df(spark, *pages(values, 50), *pages([odd], 1))

    read = project(landed, TABLES["events"]).groupBy("walk_id").agg(F.max("is_coded"))
    assert sorted(coded for _, coded in read.collect()) == [False, True]


def test_a_page_is_not_taken_for_alike_by_what_stands_elsewhere_on_it(spark):
    given = {"type": "event", "id": "0", "attributes": {"event_properties": {"Subject": 1.1}}}
    text = json.dumps(given, separators=(",", ":"))
    page = a_page("events", text.replace("1.1", "1.10"), included=[text])

    assert cells(spark, page) == {0: ("1.10", '{"Subject":1.10}')}


def test_ten_megabytes_of_strings_and_numbers_need_no_stack(spark):
    value = an_array(*[string(("\\n", "\\n", "\n"), plain("x"))] * 500_000, *[number("1.10")] * 9)

    assert cells(spark, *pages([value], 1)) == as_cells([value])


def test_quarantine_holds_a_record_as_it_was_written(spark):
    record = f'{{"type": "event", "v": [1.10, "{PAIR}", "\\ud83c", "{MARK}"]}}'
    read = project(pages_df(spark, a_page("events", record, "1.10")), TABLES["events"])

    rows = (
        with_broken(read, TABLES["events"]).orderBy("broken.record_index").select("broken.record")
    )
    assert [row["record"] for row in rows.collect()] == [
        f'{{"type":"event","v":[1.10,"{PARTY}","\\ud83c","{MARK}"]}}',
        "1.10",
    ]


def test_elements_of_arrays_are_kept_digit_for_digit_from_pages_and_from_silver(spark):
    groups = '{"$group_ids": [1.50, "1.50x", "\\ud83c", "[1.5"]}'
    event = json.dumps(an_event("E1", {"hole": 1})).replace('{"hole": 1}', groups)
    single = json.dumps(an_event("E2", {"hole": 1})).replace('{"hole": 1}', '{"$group_ids": 1.50}')
    landed = pages_df(spark, a_page("events", event, single))
    made_of = project(landed, TABLES["events"]).withColumn("_landed_at", F.col("seen_at"))
    profile = '{"type":"profile","id":"P1","attributes":{"subscriptions":{"email":{"marketing":'
    profile += '{"list_suppressions":[{"list_id":2.50,"reason":"a","timestamp":1782173723.50}]}}}}}'
    suppressed = pages_df(spark, a_page("profiles", profile))

    found = project(landed, TABLES["event_group_ids"], {"events": made_of})
    assert sorted(row["group_id"] for row in found.select("group_id").collect()) == [
        "1.50",
        "1.50",
        "1.50x",
        "[1.5",
        UNKNOWN,
    ]
    rows = project(suppressed, TABLES["profile_email_list_suppressions"])
    assert [
        tuple(row) for row in rows.selectExpr("list_id", "CAST(timestamp AS string)").collect()
    ] == [("2.50", "2026-06-23 00:15:23.5")]


def test_a_scalar_within_json_is_the_text_that_a_cell_of_it_would_be(spark):
    values = [number(token) for token in NUMBERS] + [string(part) for part in PARTS]
    rows = spark.createDataFrame(
        [(one.page, one.text) for one in values], "json string, text string"
    )

    wrong = rows.selectExpr("*", f"{scalar('json')} AS found").where("NOT found <=> text")
    assert wrong.collect() == []
