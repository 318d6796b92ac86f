"""Records broken in twenty ways, and what becomes of each."""

from __future__ import annotations

import json
from typing import Any

from tests.builders import an_event


def text(id: str, attributes: str = '{"timestamp":1782173723}', more: str = "") -> str:
    """An event as text, so that it can be what no JSON library would write."""
    return f'{{"type":"event","id":"{id}","attributes":{attributes}{more}}}'


def holding(id: str, **attributes: Any) -> str:
    """An event whose attributes are those of a good one but for some."""
    return json.dumps(an_event(id, **attributes))


DEEP = 100
# What becomes of each: quarantined (no key), or a row with so many cells nulled.
QUARANTINED = {
    "not an object": "[1, 2]",
    "a text": '"a text"',
    "a number": "7",
    "null": "null",
    "no id": '{"type":"event","attributes":{}}',
    "an id of null": '{"type":"event","id":null,"attributes":{}}',
    "empty": "{}",
}
NULLED = {
    "attributes_missing": (json.dumps({"type": "event", "id": "attributes_missing"}), 0),
    "attributes_text": (text("attributes_text", '"none"'), 0),
    "properties_text": (text("properties_text", '{"event_properties":"none"}'), 0),
    "properties_array": (text("properties_array", '{"event_properties":[1,2]}'), 0),
    "relationships_null": (text("relationships_null", more=',"relationships":null'), 0),
    "time_words": (holding("time_words", datetime="yesterday", timestamp="soon"), 3),
    "number_words": (holding("number_words", properties={"Segment Count": "two"}), 1),
    "boolean_number": (holding("boolean_number", properties={"machine_open": 3}), 1),
    "number_too_large": (holding("number_too_large", properties={"Segment Count": 2**40}), 1),
    "ten_megabytes": (holding("ten_megabytes", properties={"Subject": "x" * 10 * 2**20}), 0),
    "doubled_keys": (
        text("doubled_keys", '{"event_properties":{"Subject":"first","Subject":"last"}}'),
        0,
    ),
    "lone_surrogate": (
        text("lone_surrogate", '{"event_properties":{"Subject":"\\ud83d alone"}}'),
        0,
    ),
    "nul_character": (text("nul_character", '{"event_properties":{"Subject":"a\\u0000b"}}'), 0),
    "a_hundred_deep": (
        text("a_hundred_deep", '{"event_properties":{"Subject":' + "[" * DEEP + "]" * DEEP + "}}"),
        0,
    ),
}
