"""What tells of each record on a page whether it has changed: 16 bytes, kept beside the page.

Eight are of the record's id, eight of all that Klaviyo says of it: the record itself, and the
objects that the page includes for it, and for those. Pure; no I/O here.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

import msgspec

from klaviyo_spark.client.json_bodies import as_id, without_mark

# Half of it is of the id.
SIZE = 16
# A text of so many characters no load can read, and its page is left out whole: see
# ``silver.parse.unreadable_pages``. What stands on it is not known by it.
_UNREADABLE_FROM = 20_000_000
_Key = tuple[str, str]


class _Link(msgspec.Struct, gc=False):
    data: Any = None


class _Page(msgspec.Struct, gc=False):
    data: list[msgspec.Raw]
    included: list[msgspec.Raw] | None = None


class _Record(msgspec.Struct, gc=False):
    id: Any = None
    type: Any = None
    relationships: dict[str, _Link | None] | None = None


_PAGE, _RECORD = msgspec.json.Decoder(_Page), msgspec.json.Decoder(_Record)


def record_digests(body: bytes) -> bytes | None:
    """The digests of a page's records, one behind the other in the order of ``data``.

    Returns:
        None where the page does not tell: it is no listing, a record has no id, an object is
        included that belongs to none of them, or Spark may not be able to read it.
    """
    if len(body) >= _UNREADABLE_FROM:
        return None
    try:
        page = _PAGE.decode(without_mark(body))
        records = [(_RECORD.decode(raw), raw) for raw in page.data]
        included = {
            key: (one, raw)
            for raw in page.included or ()
            if (key := _key(one := _RECORD.decode(raw))) is not None
        }
    except (msgspec.DecodeError, RecursionError):
        return None
    if len(included) != len(page.included or ()):  # one without an id, or one that is there twice
        return None
    found: list[bytes] = []
    met: set[_Key] = set()
    for record, raw in records:
        id = as_id(record.id)
        if id is None:
            return None
        near = _near(record, included)
        met |= near
        content = blake2b(raw, digest_size=SIZE // 2)
        for key in sorted(near):
            content.update(included[key][1])
        found.append(blake2b(id.encode(), digest_size=SIZE // 2).digest() + content.digest())
    return b"".join(found) if len(met) == len(included) else None


def each_record(digests: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Of each record, in order, the digest of its id and that of all that Klaviyo says of it.

    Args:
        digests: of a page, as ``record_digests`` gives them.
    """
    for at in range(0, len(digests), SIZE):
        yield digests[at : at + SIZE // 2], digests[at + SIZE // 2 : at + SIZE]


def _near(record: _Record, included: dict[_Key, tuple[_Record, msgspec.Raw]]) -> set[_Key]:
    """What is included for a record: what it points to, and what that points to."""
    near: set[_Key] = set()
    left = list(_pointed_to(record))
    while left:
        key = left.pop()
        if key in included and key not in near:
            near.add(key)
            left += _pointed_to(included[key][0])
    return near


def _pointed_to(record: _Record) -> Iterator[_Key]:
    for link in (record.relationships or {}).values():
        data = link.data if link else None
        for one in data if isinstance(data, list) else [data]:
            if isinstance(one, dict) and (key := _key(_Record(one.get("id"), one.get("type")))):
                yield key


def _key(record: _Record) -> _Key | None:
    id = as_id(record.id)
    return None if id is None or not isinstance(record.type, str) else (record.type, id)
