"""What an answer lacks of what was asked for by name, and what it holds that was not asked for.

Every page is looked at as it lands. It is read into types made of what its endpoint ``asks`` and
``echoes``, and of the ``attributes`` that each record has, so that little of it becomes objects.
What is found is told at the end of the run; it stops nothing, and nothing is left out for it. No
I/O here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import msgspec

from klaviyo_spark import messages
from klaviyo_spark.client import json_bodies
from klaviyo_spark.client.json_bodies import as_far_as_deep, as_id, without_mark
from klaviyo_spark.client.page_order import SLACK
from klaviyo_spark.client.paginator import Fetched
from klaviyo_spark.client.walk import Walk
from klaviyo_spark.resources import TABLES
from klaviyo_spark.schema.endpoint import Endpoint, Part
from klaviyo_spark.schema.instants import as_time
from klaviyo_spark.schema.parts import ATTRIBUTES, included_parts

_NAMED = 5
_UNSET = msgspec.UnsetType
# What a text of JSON is, by its first byte; anything else is a scalar.
_BY_START: Mapping[bytes, Any] = {b"n": None, b"[": [], b"{": {}}


class _Ref(msgspec.Struct):
    id: Any = None
    type: Any = None


_Named = list[_Ref] | _Ref | None


class Audit:
    """Looks at the pages of a run; ``warnings`` are what is to be known of them."""

    def __init__(self) -> None:
        self._readers: dict[str, _Reader] = {}
        self._records: Counter[str] = Counter()
        # Records per endpoint that lack a part, or name what is not included.
        self._without: dict[str, Counter[str]] = {}
        # Records per endpoint and fact that have another value; some of these values.
        self._strays: Counter[tuple[str, str]] = Counter()
        self._values: dict[tuple[str, str], dict[str, None]] = {}
        self._early: Counter[tuple[str, str]] = Counter()
        self._unordered: set[tuple[str, str]] = set()
        self._open_ends: Counter[str] = Counter()  # walks per endpoint

    def look(self, got: Fetched) -> None:
        """Look at a page with status 200."""
        walk, endpoint = got.walk, got.walk.endpoint
        if not walk.in_order:
            self._unordered.add((endpoint.name, walk.time_field))
        self._open_ends[endpoint.name] += got.is_open_end
        reader = self._readers.setdefault(endpoint.name, _Reader(endpoint))
        page = reader.read(got.page.body)
        self._records[endpoint.name] += len(page.records)
        for part in reader.asks:
            self._part(endpoint.name, part, page)
        for (type, _), one in page.included.items() if reader.asks_included else ():
            for part in reader.asks_included.get(type, ()):
                if not _is_there(_value_at(one, part.keys), part):
                    self._note(endpoint.name, f"included {type} {'.'.join(part.keys)}")
        for fact, wanted in walk.facts.items():
            if fact in endpoint.echoes:
                self._echo(endpoint, fact, {*wanted.split(",")}, page)
        if walk.bounds is not None and walk.bounds.start is not None:
            self._window(walk, walk.bounds.start, page)

    def warnings(self) -> list[str]:
        """What is to be known, a line each."""
        warnings: list[str] = []
        for name, parts in sorted(self._without.items()):
            listed = ", ".join(f"{part} ({count:,})" for part, count in sorted(parts.items()))
            warnings.append(
                messages.bronze.PARTS_MISSING(name=name, records=self._records[name], listed=listed)
            )
        for (name, fact), count in sorted(self._strays.items()):
            some = ", ".join([*self._values[name, fact]][:_NAMED])
            warnings.append(
                messages.bronze.FILTER_IGNORED(
                    name=name,
                    count=count,
                    records=self._records[name],
                    fact=fact.removesuffix("_ids"),
                    some=some,
                )
            )
        for (name, of), count in sorted(self._early.items()):
            warnings.append(
                messages.bronze.START_IGNORED(
                    name=name, count=count, records=self._records[name], field=of
                )
            )
        for name, of in sorted(self._unordered):
            warnings.append(messages.bronze.ORDER_IGNORED(name=name, field=of))
        open_ends = {name: count for name, count in sorted(self._open_ends.items()) if count}
        if open_ends:
            listed = ", ".join(f"{name} ({count:,})" for name, count in open_ends.items())
            warnings.append(messages.bronze.NO_LAST_PAGE(listings=listed))
        return warnings

    def _part(self, name: str, part: Part, page: _Page) -> None:
        for record in page.records:
            value = _value_at(record, part.keys)
            if not _is_there(value, part):
                self._note(name, ".".join(part.keys))
            elif part.included and any(ref not in page.included for ref in _refs(value)):
                self._note(name, f"included {part.keys[1]}")

    def _note(self, name: str, part: str) -> None:
        self._without.setdefault(name, Counter())[part] += 1

    def _echo(self, endpoint: Endpoint, fact: str, wanted: set[str], page: _Page) -> None:
        echo = endpoint.echo_reads[fact]
        type, keys = echo.scope, echo.path.keys
        for record in page.records:
            objects = [record]
            if type != "$":
                named = (
                    r for p in endpoint.asks if p.included for r in _refs(_value_at(record, p.keys))
                )
                objects = [page.included[r] for r in named if r[0] == type and r in page.included]
            values = {v for v in map(_as_text, (_value_at(one, keys) for one in objects)) if v}
            if values and values.isdisjoint(wanted):
                self._strays[endpoint.name, fact] += 1
                some = self._values.setdefault((endpoint.name, fact), {})
                if len(some) < _NAMED:
                    some.update(dict.fromkeys(sorted(values)))

    def _window(self, walk: Walk, start: datetime, page: _Page) -> None:
        assert walk.bounds
        keys = ("attributes", walk.bounds.field)
        times = (as_time(_value_at(record, keys)) for record in page.records)
        early = 0
        for time in filter(None, times):
            if time >= start - SLACK:
                if walk.in_order:
                    break
                continue
            early += 1
        if early:
            self._early[walk.endpoint.name, walk.bounds.field] += early


@dataclass(frozen=True)
class _Page:
    """Records of ``data``; included objects by type and id, but for those that lack either."""

    records: list[Any]
    included: Mapping[tuple[str, str], Any]


class _Reader:
    """Reads of an endpoint's pages no more than is looked at.

    A page with a record of another form is read whole, into objects and arrays of Python.

    ``asks`` are the parts that each record in ``data`` should have, ``asks_included`` those of
    included objects, by type.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.asks = (*endpoint.asks, ATTRIBUTES)
        self.asks_included = included_parts(endpoint.name, TABLES.values())
        tree: dict[str, Any] = {}
        inside: dict[str, Any] = {}
        for part in (p for p in endpoint.asks if p.included):
            _want(tree, part.keys, _Named)
        for read in endpoint.echo_reads.values():
            _want(tree if read.scope == "$" else inside, read.path.keys, Any)
        for part in endpoint.asks:
            _want(tree, part.keys, msgspec.Raw)
        for window in endpoint.windows:
            _want(tree, window.path.keys, Any)
        _want(tree, ATTRIBUTES.keys, msgspec.Raw)  # last: what is read in it says that it is there
        # The longest first, for the same reason.
        every = {part.keys for parts in self.asks_included.values() for part in parts}
        for keys in sorted(every, key=len, reverse=True):
            _want(inside, keys, msgspec.Raw)
        self._includes = bool(self.asks_included) or any(part.included for part in endpoint.asks)
        record = _struct("Record", tree)
        fields: list[Any] = [("data", list[record] | record | None, None)]  # type: ignore[valid-type]
        if self._includes:
            _want(inside, ("id",), Any)
            _want(inside, ("type",), Any)
            fields.append(("included", list[_struct("Included", inside)] | None, None))  # type: ignore[misc]
        page: Any = msgspec.defstruct("Page", fields)
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(page)

    def read(self, body: bytes) -> _Page:
        """The page; what is no record is not on it, refine tells of that."""
        try:
            page = as_far_as_deep(self._decoder.decode, without_mark(body))
        except msgspec.DecodeError:
            records = json_bodies.records(body)
            included = json_bodies.records(body, "included") if self._includes else []
        else:
            records = page.data if isinstance(page.data, list) else [page.data] if page.data else []
            included = (page.included or []) if self._includes else []
        return _Page(records, {name: one for one in included if (name := _name(one))})


def _want(tree: dict[str, Any], keys: Iterable[str], type: Any) -> None:
    """Read the place at ``keys`` too, as it is wanted first, be it for what is below."""
    *above, last = keys
    for key in above:
        tree = tree.setdefault(key, {})
        if not isinstance(tree, dict):
            return
    tree.setdefault(last, type)


def _struct(name: str, tree: Mapping[str, Any]) -> Any:
    """A type that reads a tree of keys; what is not there is UNSET."""
    fields: list[Any] = []
    for key, type in tree.items():
        inner = _struct(f"{name}_{_word(key)}", type) | None if isinstance(type, dict) else type
        fields.append((_word(key), inner if inner is Any else inner | _UNSET, msgspec.UNSET))
    return msgspec.defstruct(name, fields, rename={_word(key): key for key in tree})


@cache
def _word(key: str) -> str:
    """A key as the name of a field."""
    return re.sub(r"\W", "_", key)


def _value_at(value: Any, keys: Iterable[str]) -> Any:
    """What stands at ``keys`` of what was read; UNSET where nothing does."""
    for key in keys:
        if isinstance(value, _Ref):
            return getattr(value, key, msgspec.UNSET)
        if isinstance(value, dict):
            value = value.get(key, msgspec.UNSET)
        else:
            value = getattr(value, _word(key), msgspec.UNSET)
    return value


def _is_there(value: Any, part: Part) -> bool:
    """Whether a part has come, in the form that it should have."""
    if isinstance(value, msgspec.Raw):
        start = bytes(memoryview(value)[:1])
        value = _BY_START.get(start, "")
    if value is None:
        return part.may_be_null
    if part.is_object:
        return isinstance(value, dict | msgspec.Struct)
    is_nested = isinstance(value, dict | list | msgspec.Struct)
    return value is not msgspec.UNSET and is_nested is not part.scalar


def _refs(named: Any) -> Iterator[tuple[str, str]]:
    """Type and id of the objects that a relationship names."""
    return filter(None, map(_name, named if isinstance(named, list) else [named]))


def _name(one: Any) -> tuple[str, str] | None:
    """Type and id of an object; None where it lacks either."""
    type, id = _value_at(one, ("type",)), as_id(_value_at(one, ("id",)))
    return (type, id) if isinstance(type, str) and id is not None else None


def _as_text(value: Any) -> str | None:
    """A scalar as facts of a slice are written; None where there is none."""
    if not isinstance(value, str | int | float):
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)
