"""Pages without somebody: their records taken out, what others say of them made unreadable. Pure.

What is left of a page is left byte for byte: records are found by where they begin and end in the
text, and of a text within a record that names the person only that text is written anew.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from klaviyo_spark.commands.forget.person import Person

_DECODER = json.JSONDecoder()
# A byte order mark stands before a body as space does.
_SPACE = re.compile(r"[ \t\n\r\ufeff]*")
_TEXT = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
# An escape of a letter that needs none: what is written so is read before it is looked at.
_ESCAPED = re.compile(r"\\u00[2-7]", re.IGNORECASE)
_ARRAYS = ("data", "included")


@dataclass(frozen=True)
class Rewritten:
    """A page without the person.

    Args:
        records: objects in ``data`` now.
        removed: records and included objects that were theirs.
    """

    body: str
    records: int
    removed: int


@dataclass(frozen=True)
class _Record:
    """One object of a page, and where its text stands."""

    begin: int
    end: int
    value: Any


@dataclass(frozen=True)
class _Array:
    """``data`` or ``included``; ``data`` of one object counts as an array of it."""

    key: str
    begin: int
    end: int
    records: tuple[_Record, ...]
    single: bool = False


def without(body: str, person: Person) -> Rewritten:
    """``body`` without the person's records and what only those pointed to.

    Raises:
        ValueError, RecursionError: it is no page that could be read.
    """
    arrays = list(_arrays(body))
    records = [record for array in arrays for record in array.records]
    theirs = {record.begin for record in records if belongs_to(record.value, person)}
    included = {r.begin for array in arrays if array.key == "included" for r in array.records}
    theirs |= _left_alone(records, theirs) & included
    parts, at, count = [], 0, 0
    for array in arrays:
        kept = [record for record in array.records if record.begin not in theirs]
        if array.key == "data":
            count += sum(record.value is not None for record in kept)
        if len(kept) < len(array.records):
            texts = ",".join(body[record.begin : record.end] for record in kept)
            parts += [body[at : array.begin], "null" if array.single else f"[{texts}]"]
            at = array.end
    return Rewritten(_scrubbed("".join([*parts, body[at:]]), person), count, len(theirs))


def profiles_on(body: str) -> Iterator[tuple[str, str]]:
    """Id and address (in lower case) of each profile on a page that says both.

    Raises:
        ValueError, RecursionError: it is no page that could be read.
    """
    for record in (record for array in _arrays(body) for record in array.records):
        found = _profile(record.value)
        if found and all(found):
            yield found


def belongs_to(record: Any, person: Person) -> bool:
    """Whether a record is the person, or is about nobody else."""
    profile = _profile(record)
    if profile:
        return profile[0] in person.ids or profile[1] in person.emails
    whose = _value_at(record, "relationships", "profile", "data")
    return _value_at(whose, "type") == "profile" and _text(_value_at(whose, "id")) in person.ids


def _profile(record: Any) -> tuple[str, str] | None:
    if _value_at(record, "type") != "profile":
        return None
    email = _text(_value_at(record, "attributes", "email"))
    return _text(_value_at(record, "id")), email.strip(" ").lower()


def _left_alone(records: Sequence[_Record], gone: set[int]) -> set[int]:
    """Objects that records which go point to, and none that stays."""
    ids = {
        (_text(_value_at(r.value, "type")), _text(_value_at(r.value, "id"))): r.begin
        for r in records
    }
    pointed: dict[bool, set[int]] = {True: set(), False: set()}
    for record in records:
        for ref in _refs(record.value):
            if ref in ids:
                pointed[record.begin in gone].add(ids[ref])
    return pointed[True] - pointed[False] - gone


def _refs(record: Any) -> Iterator[tuple[str, str]]:
    """What a record's relationships point to."""
    relations = _value_at(record, "relationships")
    for relation in relations.values() if isinstance(relations, dict) else ():
        data = _value_at(relation, "data")
        for one in data if isinstance(data, list) else [data]:
            type, id = _text(_value_at(one, "type")), _text(_value_at(one, "id"))
            if type and id:
                yield type, id


def _scrubbed(body: str, person: Person) -> str:
    """``body``, each text in it that names the person without them."""

    def scrubbed(found: re.Match[str]) -> str:
        text = found[0]
        if "\\" not in text:
            return person.scrubbed(text)
        said = json.loads(text, strict=False)
        new = person.scrubbed(said)
        return text if new == said else json.dumps(new)

    if _ESCAPED.search(body) or person.is_named_in(body):
        return _TEXT.sub(scrubbed, body)
    return body


def _arrays(body: str) -> Iterator[_Array]:
    """The arrays of a page that hold records."""
    at = _after(body, 0, "{")
    while body[at : at + 1] != "}":
        key, at = _DECODER.raw_decode(body, at)
        at = _after(body, at, ":")
        begin = at
        if key in _ARRAYS and body[at : at + 1] == "[":
            records = []
            at = _after(body, at, "[")
            while body[at : at + 1] != "]":
                value, end = _DECODER.raw_decode(body, at)
                records.append(_Record(at, end, value))
                at = _next(body, end, "]")
            at += 1
            yield _Array(key, begin, at, tuple(records))
        else:
            value, at = _DECODER.raw_decode(body, at)
            if key in _ARRAYS:
                yield _Array(key, begin, at, (_Record(begin, at, value),), single=True)
        at = _next(body, at, "}")


def _next(body: str, at: int, end: str) -> int:
    """Where the next member begins, or the end stands."""
    at = _skip(body, at)
    if body[at : at + 1] == ",":
        return _skip(body, at + 1)
    if body[at : at + 1] != end:
        raise ValueError("not JSON")
    return at


def _after(body: str, at: int, sign: str) -> int:
    at = _skip(body, at)
    if body[at : at + 1] != sign:
        raise ValueError("not JSON")
    return _skip(body, at + 1)


def _skip(body: str, at: int) -> int:
    found = _SPACE.match(body, at)
    assert found
    return found.end()


def _value_at(value: Any, *keys: str) -> Any:
    """The value at ``keys``; None where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
