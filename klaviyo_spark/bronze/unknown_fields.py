"""What Klaviyo says that no table has: found on pages as they land, kept in ``klaviyo_ops``.

Every page is looked at: it is read into types made of what is known, which refuse anything else.
That builds few objects and costs little. Only a page that is refused is taken apart, and of each
endpoint at most ``COUNTED`` of them before what was found counts as known for the run.
"""

from __future__ import annotations

import copy
import logging
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

import msgspec

from klaviyo_spark import messages
from klaviyo_spark.bronze.known_fields import DATA, KNOWN, PAGE, Known, Node, unknown_on
from klaviyo_spark.client.json_bodies import as_far_as_deep, decode, without_mark
from klaviyo_spark.client.responses import scrub
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.lake.readers.opening import ask
from klaviyo_spark.lake.readers.reader import Row
from klaviyo_spark.resources import ENDPOINTS
from klaviyo_spark.schema.paths import path_text
from klaviyo_spark.schema.sql_text import portable

logger = logging.getLogger(__name__)

COUNTED = 20
# An endpoint whose pages are refused again and again, though nothing is unknown on them, is left.
_ROUNDS = 3
_NAMED = 5
# What a key of msgspec's must not contain: pages with such a key are taken apart each time.
_UNNAMED = re.compile(r'[\\"\x00-\x1f]')
_SCALARS = (str, bool, int, float)
_KEY = ("account_id", "endpoint", "record_type", "path")
_AGAIN = ("json_types", "first_seen_at", "last_seen_at", "record_count", "run_id")


@dataclass
class UnknownField:
    """One place that no spec knows, over the pages of a run; never a value."""

    first_seen_at: datetime
    last_seen_at: datetime
    json_types: set[str] = field(default_factory=set)
    records: int = 0


class UnknownFieldDetector:
    """Looks at the pages of a run."""

    def __init__(self, known: Known = KNOWN) -> None:
        self._known = {name: dict(nodes) for name, nodes in known.items()}
        self._readers: dict[str, msgspec.json.Decoder[Any]] = {}
        self._counted: Counter[str] = Counter()
        self._rounds: Counter[str] = Counter()
        # By endpoint, record type and keys.
        self.found: dict[tuple[str, str, tuple[str, ...]], UnknownField] = {}

    def look(self, endpoint: str, body: bytes, at: datetime) -> None:
        """Look at a page with status 200 that was fetched ``at``."""
        if self._rounds[endpoint] >= _ROUNDS or self._knows(endpoint, body):
            return
        nodes = self._known[endpoint]
        try:
            unknown = as_far_as_deep(lambda page: [*unknown_on(decode(page), nodes)], body)
        except ValueError:  # such a page is refine's to complain of
            return
        for type, keys, json_type in unknown:
            found = self.found.setdefault((endpoint, type, keys), UnknownField(at, at))
            found.first_seen_at = min(found.first_seen_at, at)
            found.last_seen_at = max(found.last_seen_at, at)
            found.json_types.add(json_type)
            found.records += 1
        self._counted[endpoint] += 1
        if self._counted[endpoint] >= COUNTED:
            self._learn(endpoint)

    def _knows(self, endpoint: str, body: bytes) -> bool:
        """Whether all that stands on the page is known; at times False where it is."""
        if endpoint not in self._readers:
            self._readers[endpoint] = reader(self._known[endpoint])
        try:
            self._readers[endpoint].decode(without_mark(body))
        except (msgspec.DecodeError, RecursionError):
            return False
        return True

    def _learn(self, endpoint: str) -> None:
        """Take what was found on the endpoint's pages for known, so that the next is news again."""
        nodes = copy.deepcopy(self._known[endpoint])
        for of, type, keys in self.found:
            if of == endpoint:
                nodes.setdefault(type, Node()).add(keys, whole=True)
        self._known[endpoint] = nodes
        self._readers.pop(endpoint, None)
        self._counted[endpoint] = 0
        self._rounds[endpoint] += 1


def note(lake: Lake, account_id: str, run_id: str, watch: UnknownFieldDetector) -> list[str]:
    """Write down what was found, beside what earlier runs found; nothing found costs nothing.

    Returns:
        What no run before has found: endpoint, path and type, a text each.
    """
    if not watch.found:
        return []
    rows = list(_rows(watch.found, account_id, run_id))
    seen = ask(
        lake,
        "unknown_fields",
        "SELECT account_id, endpoint, record_type, path, json_types, first_seen_at, last_seen_at, "
        f"record_count FROM {{t}} WHERE account_id = {portable(account_id)}",
    )
    before = {_key(row): row for row in seen}
    again = [_merge(before[_key(row)], row) if _key(row) in before else row for row in rows]
    lake.merge_ops("unknown_fields", again, _KEY, _AGAIN)
    new = [row for row in rows if _key(row) not in before]
    return [
        f"{row['endpoint']} {row['path']} of {row['record_type']} ({', '.join(row['json_types'])})"
        for row in new
    ]


def _key(row: Row) -> tuple[str, ...]:
    return tuple(row[name] for name in _KEY)


def _merge(before: Row, row: Row) -> Row:
    """What was found and what is known of the same place as one row."""
    return {
        **row,
        "json_types": sorted({*before["json_types"], *row["json_types"]}),
        "first_seen_at": min(before["first_seen_at"], row["first_seen_at"]),
        "last_seen_at": max(before["last_seen_at"], row["last_seen_at"]),
        "record_count": before["record_count"] + row["record_count"],
    }


def warning(new: list[str]) -> str:
    """A line for the summary."""
    more = f" and {len(new) - _NAMED} more" if len(new) > _NAMED else ""
    return messages.bronze.UNKNOWN_FIELDS(fields="; ".join(new[:_NAMED]) + more)


def reader(nodes: Mapping[str, Node]) -> msgspec.json.Decoder[Any]:
    """A decoder that refuses pages on which anything but ``nodes`` stands."""
    record = _object(nodes[DATA], "record")
    types = [name for name in nodes if name not in (PAGE, DATA)]
    included = _either(*[_object(nodes[name], name, tag=name) for name in types])
    looked_into = {
        "data": _either(record, _array_of(record)),
        "included": _either(_array_of(included)),
    }
    page = {key: looked_into.get(key, msgspec.Raw) for key in nodes[PAGE].children}
    return msgspec.json.Decoder(_struct("page", page, forbid_unknown_fields=True))


def _object(node: Node, name: str, tag: str | None = None) -> Any:
    """The type of a place; ``tag``: of an included record, whose ``type`` tells it from others."""
    children = {} if node.whole else node.children
    return _struct(
        name,
        {key: _value(child, key) for key, child in children.items() if not (tag and key == "type")},
        forbid_unknown_fields=not (node.whole or node.open),
        tag=tag,
        tag_field="type" if tag else None,
    )


def _value(node: Node, name: str) -> Any:
    """What may stand at a place: whatever, or objects of its type, scalars, arrays of both."""
    if node.whole:
        return msgspec.Raw
    one = _either(_object(node, name), *_SCALARS)
    return _either(one, _array_of(one))


def _struct(name: str, types: Mapping[str, Any], **options: Any) -> Any:
    """A type with any keys that msgspec can look for; all of them may be missing."""
    names = {f"f{n}": key for n, key in enumerate(types) if not _UNNAMED.search(key)}
    fields = [(n, types[key], None) for n, key in names.items()]
    return msgspec.defstruct(name, fields, rename=names, gc=False, **options)


def _either(*types: Any) -> Any:
    """One of ``types``, or null."""
    return reduce(or_, types, None)


def _array_of(type: Any) -> Any:
    return list[type]


def _rows(
    found: Mapping[tuple[str, str, tuple[str, ...]], UnknownField], account_id: str, run_id: str
) -> Iterator[dict[str, Any]]:
    """Rows of ``klaviyo_ops.unknown_fields``."""
    merged: dict[tuple[str, str, str], list[UnknownField]] = defaultdict(list)
    for (endpoint, type, keys), one in found.items():
        # Keys are Klaviyo's words; should one ever be a person's, it is not to be kept.
        merged[endpoint, scrub(type, ""), scrub(path_text(keys), "")].append(one)
    for (endpoint, type, path), ones in merged.items():
        yield {
            "account_id": account_id,
            "resource": ENDPOINTS[endpoint].resource,
            "endpoint": endpoint,
            "record_type": type,
            "path": path,
            "json_types": sorted({name for one in ones for name in one.json_types}),
            "first_seen_at": min(one.first_seen_at for one in ones),
            "last_seen_at": max(one.last_seen_at for one in ones),
            "record_count": sum(one.records for one in ones),
            "run_id": run_id,
        }
