"""Pages without somebody: their records gone, everything else as it was, to the byte."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klaviyo_spark.commands.forget.bodies import belongs_to, profiles_on, without
from klaviyo_spark.commands.forget.person import MARK, Person

ANN = Person(frozenset({"PANN"}), frozenset({"ann@x.com"}))


def page(*data: str, included: str = "", more: str = "") -> str:
    return f'{{"data":[{",".join(data)}],"included":[{included}],"links":{{"next":null}}{more}}}'


def event(id: str, profile: str, *attributions: str, **properties: Any) -> str:
    refs = [{"type": "attribution", "id": a} for a in attributions]
    return json.dumps(
        {
            "type": "event",
            "id": id,
            "attributes": {"event_properties": properties},
            "relationships": {
                "profile": {"data": {"type": "profile", "id": profile}},
                "attributions": {"data": refs},
            },
        }
    )


# -- other records stay as they are ---------------------------------------------------------------

KEYS = st.sampled_from(["type", "id", "attributes", "data", "included", "é", "a.b", "", 'q"'])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
OTHERS = st.builds(
    lambda value, plain, indent: json.dumps(value, ensure_ascii=plain, indent=indent),
    VALUES,
    st.booleans(),
    st.sampled_from([None, 1]),
)
THEIRS = st.sampled_from(
    [
        '{"type": "profile", "id": "PANN", "attributes": {"first_name": "Ann"}}',
        '{"id":"P7","attributes":{"email":" Ann@X.com"},"type":"profile"}',
        '{"type":"event","id":"E1","relationships":{"profile":{"data":{"type":"profile",'
        '"id":"PANN"}},"metric":{"data":null},"attributions":{"data":[null]},"x":null},'
        '"attributes":{"event_properties":{"City":"Boston"}}}',
    ]
)
RECORDS = st.lists(st.tuples(st.booleans(), OTHERS, THEIRS), max_size=6)
GAPS = st.sampled_from(["", " ", "\n\t"])


def written(records: list[tuple[bool, str, str]], gap: str) -> tuple[str, list[str]]:
    """An array of them as text, and those that are not theirs."""
    texts = [theirs if gone else other for gone, other, theirs in records]
    kept = [other for gone, other, _ in records if not gone]
    return f"[{gap}{f'{gap},{gap}'.join(texts)}{gap}]", kept


@given(data=RECORDS, included=RECORDS, gap=GAPS, meta=OTHERS)
def test_other_records_stay_byte_for_byte_and_in_their_order(data, included, gap, meta):
    (some, kept), (more, also_kept) = written(data, gap), written(included, gap)
    body = f'{{{gap}"meta":{gap}{meta},"data" :{gap}{some}{gap},"included":{more}}}'

    actual = without(body, ANN)

    gone = [len(data) - len(kept), len(included) - len(also_kept)]
    one = f"[{','.join(kept)}]" if gone[0] else some
    two = f"[{','.join(also_kept)}]" if gone[1] else more
    assert actual.body == f'{{{gap}"meta":{gap}{meta},"data" :{gap}{one}{gap},"included":{two}}}'
    assert actual.removed == sum(gone)
    assert actual.records == len([text for text in kept if text.strip() != "null"])
    for word in ("PANN", "Ann", "Boston"):
        assert word not in actual.body


@given(data=RECORDS, gap=GAPS)
def test_a_page_without_them_is_left_as_it_is(data, gap):
    body = f'{{"data":{written([(False, *rest) for _, *rest in data], gap)[0]},"links":{{}}}}'
    assert without(body, ANN).body == body


@given(text=st.text(max_size=12), other=st.text(max_size=12), ascii=st.booleans())
def test_of_a_record_that_names_them_only_the_text_that_does_is_written_anew(text, other, ascii):
    record = {
        "id": "E2",
        "price": 1.10,
        "say": f"{text} ANN@x.com {text}",
        other: "\u00fc",
        "key ann@x.com": 1,
    }
    body = page(json.dumps(record, ensure_ascii=ascii).replace('"price": 1.1', '"price": 1.10'))

    actual = without(body, ANN).body

    assert "ann@x.com" not in actual.lower()
    assert '"price": 1.10' in actual
    record = {key.replace("ann@x.com", MARK): value for key, value in record.items()}
    record["say"] = f"{text} {MARK} {text}"
    assert json.loads(actual)["data"] == [record]


# -- what is theirs -------------------------------------------------------------------------------


def test_their_events_go_with_what_only_those_point_to():
    theirs, others = event("E1", "PANN", "A1", "A2"), event("E2", "PBOB", "A2")
    attributions = [json.dumps({"type": "attribution", "id": id}) for id in ("A1", "A2", "A3")]
    bob = '{"type":"profile","id":"PBOB","attributes":{"email":"bob@x.com"}}'
    ann = '{"type":"profile","id":"PANN","attributes":{"email":"ann@x.com"}}'

    actual = without(page(theirs, others, included=",".join([ann, bob, *attributions])), ANN)

    assert actual.body == page(others, included=",".join([bob, *attributions[1:]]))
    assert (actual.records, actual.removed) == (1, 3)


def test_a_page_of_one_record_loses_it():
    body = '{"data": {"type":"profile","id":"PANN","attributes":{}}, "links":{}}'
    assert without(body, ANN).body == '{"data": null, "links":{}}'
    assert without(body, ANN).records == 0


def test_a_group_that_lists_them_is_not_theirs():
    profiles = {"data": [{"type": "profile", "id": "PANN"}, {"type": "profile", "id": "PBOB"}]}
    group = {"type": "list", "id": "L1", "relationships": {"profiles": profiles}}

    assert not belongs_to(group, ANN)
    actual = json.loads(without(page(json.dumps(group)), ANN).body)["data"][0]
    named = actual["relationships"]["profiles"]["data"]
    assert [one["id"] for one in named] == [MARK, "PBOB"]


def test_the_way_on_forgets_them_too():
    cursor = "WyJtYXJrIixbMSwiMjAyNiJdLCJQQU5OIl0"  # ["mark",[1,"2026"],"PANN"]
    other = "WyJtYXJrIixbMSwiMjAyNiJdLCJQQk9CIl0"
    link = "https://a.klaviyo.com/api/profiles?page%5Bcursor%5D={}&x=1"
    links = json.dumps({"self": link.format(other), "next": link.format(cursor)})

    actual = without(f'{{"data":[],"links":{links}}}', ANN).body

    assert json.loads(actual)["links"] == {
        "self": link.format(other),
        "next": link.format("forgotten"),
    }


def test_numbers_that_look_like_an_id_stay():
    person = Person(frozenset({"1782173723"}))
    body = page('{"id":"E1","attributes":{"timestamp":1782173723,"note":"of 1782173723"}}')
    assert without(body, person).body == body.replace("of 1782173723", f"of {MARK}")


@pytest.mark.parametrize("body", ["", "<html>", "[]", '{"data":[1 2]}', '{"data":[', '{"data":1'])
def test_what_is_no_page_is_refused(body: str):
    with pytest.raises(ValueError):
        without(body, ANN)


def test_profiles_say_whose_an_address_is():
    nameless = '{"type":"profile","id":"P3","attributes":{"email":null}}'
    bob = '{"type":"profile","id":"PBOB","attributes":{"email":"Bob@x.com "}}'
    body = page('{"type":"event","id":"E1"}', nameless, included=bob)
    assert list(profiles_on(body)) == [("PBOB", "bob@x.com")]
