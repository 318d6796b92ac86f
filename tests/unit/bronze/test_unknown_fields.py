"""What Klaviyo says that no table has: found on pages, written down once, never with a value."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from klaviyo_spark.bronze import unknown_fields
from klaviyo_spark.bronze.known_fields import KNOWN, fields_by_record, unknown_on
from klaviyo_spark.bronze.unknown_fields import COUNTED, UnknownFieldDetector, note, reader, warning
from klaviyo_spark.resources import ENDPOINTS, TABLES
from klaviyo_spark.schema.endpoint import Endpoint
from klaviyo_spark.schema.paths import path_text
from tests.builders import NOON, a_page, a_record, all_samples, an_event
from tests.places import DATA

SAMPLES = {
    f"{page['endpoint']} {page['revision']} {number}": page
    for number, page in enumerate(all_samples())
}


def found_on(*pages: dict[str, Any]) -> dict[tuple[str, str, str], tuple[int, str]]:
    """What a run that fetched ``pages`` finds: how often, as which JSON type."""
    watch = UnknownFieldDetector()
    for page in pages:
        watch.look(page["endpoint"], page["body"].encode(), page["fetched_at"])
    return {
        (endpoint, type, path_text(keys)): (one.records, ", ".join(sorted(one.json_types)))
        for (endpoint, type, keys), one in watch.found.items()
    }


@pytest.mark.parametrize("sample", SAMPLES)
def test_samples_hold_nothing_that_is_not_known(sample):
    assert found_on(SAMPLES[sample]) == {}


# Every field that Klaviyo's reference documents at our revision, per path and type of record: what
# stands below an array as well. https://developers.klaviyo.com/en/reference/api_overview
DOCUMENTED = json.loads((DATA / "documented_fields.json").read_text("utf-8"))


def a_documented_page(endpoint: Endpoint) -> dict[str, Any]:
    """A page of records that have all fields of their type, those beside them in ``included``."""
    records = [
        {"type": type, "id": "X", **fields} for type, fields in DOCUMENTED[endpoint.path].items()
    ]
    return a_page(endpoint.name, *records[:1], included=tuple(records[1:]))


# Of `klaviyo_plus` the reference is not at hand.
REFERENCED = [e.name for e in ENDPOINTS.values() if not e.revision and e.path in DOCUMENTED]


@pytest.mark.parametrize("name", REFERENCED)
def test_every_documented_field_is_read_or_left_out_on_purpose(name):
    assert found_on(a_documented_page(ENDPOINTS[name])) == {}


@pytest.mark.parametrize("key", ['a"b', "a\\b", "a\nb", "\x00", ""])
def test_a_key_of_any_letters_becomes_known(key):
    """Once it was taken for known, the next page of its endpoint ended the run."""
    pages = [a_page("tags", a_record("tag", f"T{n}", **{key: n})) for n in range(COUNTED + 1)]
    assert found_on(*pages) == {
        ("tags", "data", path_text(("attributes", key))): (COUNTED, "number")
    }


def objects_of(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a JSON value."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, (dict, list)):
            yield from objects_of(inner)


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_quick_look_and_the_close_one_agree_wherever_something_is_added(sample):
    page = json.loads(SAMPLES[sample]["body"])
    nodes = KNOWN[SAMPLES[sample]["endpoint"]]
    quick = reader(nodes)
    refused = []
    for place in objects_of(page):
        place["brand_new"] = 1
        try:
            quick.decode(json.dumps(page))
            refused.append(False)
        except msgspec.ValidationError:
            refused.append(True)
        assert refused[-1] == bool(list(unknown_on(page, nodes))), place
        del place["brand_new"]
    assert any(refused)


def test_a_new_attribute_is_found_once_per_record_with_its_type():
    page = a_page(
        "profiles",
        a_record("profile", "P1", email="a@example.com", tier=3),
        a_record("profile", "P2", tier=None),
        a_record("profile", "P3", location={"city": "Bonn", "quarter": {"name": "Beuel"}}),
    )

    assert found_on(page) == {
        ("profiles", "data", "$.attributes.tier"): (2, "null, number"),
        ("profiles", "data", "$.attributes.location.quarter"): (1, "object"),
    }


def test_free_forms_are_known_whatever_they_hold():
    event = an_event(properties={"anything": {"at": ["all"]}, "$extra": {"more": 1}})
    person = a_record("profile", "P1", properties={"favourite": "blue"})
    segment = a_record("segment", "S1", definition={"condition_groups": [{"any": 1}]})
    step = a_record("flow-action", "1", definition={"type": "code", "data": {"what": {"ever": 1}}})

    pages = [
        a_page("events", event),
        a_page("profiles", person),
        a_page("segments", segment),
        a_page("flows", included=[step]),
    ]
    assert found_on(*pages) == {}


def test_messages_are_looked_into_wherever_they_stand():
    sent = {"type": "send-email", "data": {"message": {"id": "M1", "preheader": "x"}}}
    test = {"data": {"current_experiment": {"variations": [sent, sent]}}}
    actions = [
        a_record("flow-action", "1", definition=sent),
        a_record("flow-action", "2", definition=test),
    ]

    within = "data.current_experiment.variations.data.message.preheader"
    assert found_on(a_page("flows", included=actions)) == {
        ("flows", "flow-action", "$.attributes.definition.data.message.preheader"): (1, "string"),
        ("flows", "flow-action", f"$.attributes.definition.{within}"): (1, "string"),
    }


def test_a_new_relationship_a_new_type_and_a_new_part_of_the_page_are_found():
    tag = {**a_record("tag", "T1"), "relationships": {"owner": {"data": None}}, "etag": "x"}
    page = a_page("tags", tag, included=[a_record("tag-owner", "O1")])
    page["body"] = page["body"].replace('"links"', '"warnings":[],"links"')

    assert found_on(page) == {
        ("tags", "data", "$.relationships.owner"): (1, "object"),
        ("tags", "data", "$.etag"): (1, "string"),
        ("tags", "tag-owner", "$"): (1, "object"),
        ("tags", "page", "$.warnings"): (1, "array"),
    }


def test_broken_records_are_passed_over_and_their_neighbours_looked_at():
    deep = '{"id":"T2","attributes":' + '{"a":' * 100 + "1" + "}" * 101
    broken = ["[1]", '"text"', "null", "7", '{"attributes":"none"}', '{"id":{"a":1}}', deep]
    page = a_page("tags", *broken, '{"attributes":{"name":"\\ud83d"}}', a_record("tag", hue=1))

    assert found_on(page) == {
        ("tags", "data", "$.attributes.a"): (1, "object"),
        ("tags", "data", "$.attributes.hue"): (1, "number"),
    }


def test_a_page_that_cannot_be_read_is_passed_over():
    nested = '{"attributes":' + "[" * 100_000
    assert found_on(a_page("tags", body=nested), a_page("tags", body="<html>")) == {}


def test_of_many_pages_some_are_counted_and_what_comes_later_is_found_all_the_same():
    many = [a_page("tags", a_record("tag", hue=1)) for _ in range(COUNTED + 10)]
    odd = [a_page("tags", "7") for _ in range(5)]

    assert found_on(*many, *odd, a_page("tags", a_record("tag", hue=1, shade=2))) == {
        ("tags", "data", "$.attributes.hue"): (COUNTED, "number"),
        ("tags", "data", "$.attributes.shade"): (1, "number"),
    }


def test_pages_that_only_look_unknown_are_not_taken_apart_for_ever(monkeypatch):
    taken = []
    monkeypatch.setattr(unknown_fields, "decode", lambda body: taken.append(body))
    watch = UnknownFieldDetector()
    for _ in range(10 * COUNTED):
        watch.look("tags", b'{"data":[7]}', NOON)

    assert len(taken) == 3 * COUNTED


def test_what_is_read_left_out_or_gone_by_is_known():
    made = fields_by_record(TABLES.values(), ENDPOINTS)
    segment = made["segments"]["data"].children["attributes"].children

    assert set(segment) == {
        *("name", "created", "updated"),  # columns
        *("definition", "is_active", "is_starred"),  # left out
        "is_processing",  # what the fan-out goes by
    }
    assert made["list_count"]["data"].children["attributes"].children["profile_count"].whole
    joined = made["segment_profiles"]["data"].children["attributes"].children
    assert set(joined) == {"joined_group_at"}


def test_a_person_in_a_key_is_not_kept():
    watch = UnknownFieldDetector()
    page = a_page("tags", a_record("tag", **{"ann@example.com": 1}))
    watch.look("tags", page["body"].encode(), NOON)
    rows = list(unknown_fields._rows(watch.found, "default", "run"))

    assert [row["path"] for row in rows] == ["$.attributes['<e-mail>']"]


def test_the_summary_names_a_few():
    assert warning([f"tags $.attributes.a{n}" for n in range(7)]).endswith(
        "$.attributes.a4 and 2 more. See klaviyo_ops.unknown_fields."
    )


def test_nothing_found_asks_nothing_of_the_lake():
    assert note(None, "default", "run", UnknownFieldDetector()) == []  # type: ignore[arg-type]
