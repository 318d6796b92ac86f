"""JSON of a body as Python objects, whatever stands in it. Pure; no HTTP here.

A body may begin with a mark, lie deeper than Python goes, hold half an emoji, or numbers beyond
what Python reads.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from klaviyo_spark.schema.paths import RowSource

T = TypeVar("T")
# Of a page that Python cannot read whole, so many levels are looked at; no column lies as deep.
LEVELS = 100
SURROGATE = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)


def without_mark(body: bytes) -> bytes:
    """``body`` without the byte order mark that some proxies put before it."""
    return body.removeprefix(codecs.BOM_UTF8)


def as_far_as_deep(read: Callable[[bytes], T], body: bytes) -> T:
    """What ``read`` makes of a body, ``without_depths`` where it lies deeper than Python goes."""
    try:
        return read(body)
    except RecursionError:
        return read(without_depths(body))


@lru_cache(maxsize=1)  # whoever looks at a page asks for the same one after the other
def without_depths(body: bytes) -> bytes:
    """``body`` with null for what lies deeper than ``LEVELS``; of one cut short, cut short."""
    kept: list[bytes] = []
    begin, depth = 0, 0
    for token in _TOKEN.finditer(body):
        mark = body[token.start() : token.start() + 1]
        if mark in b"[{":
            depth += 1
            if depth == LEVELS + 1:
                kept += body[begin : token.start()], b"null"
                begin = len(body)
        elif mark in b"]}":
            depth -= 1
            if depth == LEVELS:
                begin = token.end()
    return b"".join([*kept, body[begin:]])


def decode(body: bytes) -> Any:
    """A landed page as Python objects.

    Half a surrogate pair in a text becomes U+FFFD, a number beyond double becomes infinite, and so
    does one of more digits than Python reads; null stands for what lies deeper than it goes.
    """
    return as_far_as_deep(_objects, without_mark(body))


def records(body: bytes, array: str = "data") -> list[dict[str, Any]]:
    """The objects in an array of a landed page; one object in its place is one record.

    What is no object is left out: refine tells of it.
    """
    page = decode(body)
    found = page.get(array) if isinstance(page, dict) else None
    return [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, dict)]


def records_by_id(body: bytes, rows: RowSource) -> Iterator[tuple[str, dict[str, Any]]]:
    """Id and record of each object that ``rows`` means on a landed page; those without one not."""
    for record in records(body, rows.array):
        id = as_id(record.get("id"))
        if id is not None and (not rows.type or record.get("type") == rows.type):
            yield id, record


def as_id(value: Any) -> str | None:
    """The text of an id, a number's too; None for what names nothing, as ``checks.unfit`` has it.

    A number with a fraction is not known by its digits any more.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        return None
    bare = value.strip()
    return value if bare and bare[0] not in "[{" else None


def as_object(value: Any) -> dict[str, Any]:
    """``value`` where it is an object; else one without anything in it."""
    return value if isinstance(value, dict) else {}


def related_id(record: Mapping[str, Any], name: str) -> str | None:
    """Id of the one object that a record's relationship of that name points to."""
    return as_id(as_object(_related(record, name)).get("id"))


def related_ids(record: Mapping[str, Any], name: str) -> list[str]:
    """Ids of the objects that a record's relationship of that name points to: several, or one."""
    data = _related(record, name)
    several = data if isinstance(data, list) else [data]
    return [id for one in several if (id := as_id(as_object(one).get("id"))) is not None]


def _related(record: Mapping[str, Any], name: str) -> Any:
    return as_object(as_object(record.get("relationships")).get(name)).get("data")


def _objects(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return json.loads(SURROGATE.sub(rb"\\ufffd", body), parse_int=_integer)


def _integer(digits: str) -> int | float:
    try:
        return int(digits)
    except ValueError:  # Python reads 4,300 digits
        return float(digits)
