"""Which places of Klaviyo's answers the specs know, and what else stands on a page. No I/O here.

Known is what a table reads or goes by, what an endpoint's ``ignores`` names, and what every answer
has: types, ids, links, ``meta``. What is read whole, as JSON text, is known with all it holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from klaviyo_spark.resources import ENDPOINTS, TABLES
from klaviyo_spark.schema.bookkeeping import columns_of
from klaviyo_spark.schema.endpoint import Endpoint
from klaviyo_spark.schema.paths import FieldPath, FieldRead
from klaviyo_spark.schema.sources import Source
from klaviyo_spark.schema.table import TableSpec

# Record types of a page, besides those of ``included``: what stands in ``data``, the page itself.
DATA, PAGE = "data", "page"
ANY = "*"
_PAGE_KEYS = ("data", "included", "links", "meta", "jsonapi")
_RECORD_KEYS = ("type", "id", "links", "meta")
_TYPES = {str: "string", bool: "boolean", int: "number", float: "number", type(None): "null"}


@dataclass
class Node:
    """A place in a record. Arrays are passed through: a node stands for each of their elements.

    ``whole``: known with all it holds. ``open``: keys that are not among ``children`` are known
    with all they hold; the children are looked into.
    """

    children: dict[str, Node] = field(default_factory=dict)
    whole: bool = False
    open: bool = False

    def add(self, keys: Iterable[str], *, whole: bool) -> None:
        """Know the place at ``keys``."""
        node = self
        for key in keys:
            if key == ANY:
                node.open = True
                return
            node = node.children.setdefault(key, Node())
        node.whole = node.whole or whole


Known = Mapping[str, Mapping[str, Node]]
# Record type, keys from the record's top, type of the JSON value.
Unknown = tuple[str, tuple[str, ...], str]


def fields_by_record(tables: Iterable[TableSpec], endpoints: Mapping[str, Endpoint]) -> Known:
    """Per endpoint and record type what is known: ``page`` for the page itself, ``data`` for the
    records there, else the type of included ones."""
    made = _RecordFields({name: {PAGE: _all_of(_PAGE_KEYS), DATA: _record()} for name in endpoints})
    for table in tables:
        for source in table.sources:
            made.source(table, source)
        for judge in table.judges:
            record = made.node(judge.endpoint, judge.row_source.type)
            required = judge.required.path if judge.required else None
            made.paths(record, [judge.parent_path], whole=True)
            made.paths(record, [required, *judge.childless_paths], whole=False)
    for endpoint in endpoints.values():
        made.endpoint(endpoint)
    for nodes in made.nodes.values():
        for type, node in nodes.items():
            relations = node.children["relationships"] if type != PAGE else Node()
            for relation in relations.children.values():
                relation.whole = True
    return made.nodes


@dataclass
class _RecordFields:
    nodes: dict[str, dict[str, Node]]

    def node(self, endpoint: str, type: str = "") -> Node:
        """An included record of that type, or a record in ``data``."""
        return self.nodes[endpoint].setdefault(type or DATA, _record())

    def paths(self, record: Node, paths: Iterable[FieldPath | None], *, whole: bool) -> None:
        for path in filter(None, paths):
            record.add(path.all_keys, whole=whole)

    def source(self, table: TableSpec, source: Source) -> None:
        """What one source of a table reads."""
        if source.of:  # silver rows, whose own table reads what they are made of
            return
        record = self.node(source.endpoint, source.row_source.type)
        roots: dict[str, list[tuple[Node, tuple[str, ...]]]] = {"$": [(record, ())]}
        if source.explode:
            roots = {"^": [(record, ())], "$": [(record, path.keys) for path in source.arrays]}
        for related in source.related:
            there = self.node(source.endpoint, "" if related.link_path else related.type)
            roots[related.name] = [(there, ())]
            if related.link_path:
                self.paths(there, [related.link_path], whole=True)
        refs = [related.ref_path for related in source.related]
        self.paths(record, [source.version_path, *refs], whole=True)
        reads: list[FieldRead] = []
        for column in columns_of(table):
            reads += column.field_reads.get(source.name, ())
            reads += [FieldRead("$", flag) for flag in column.wall_clock_flags]
        for read in reads:
            conditions = [read.only_if[0]] if read.only_if else []
            for node, keys in roots.get(read.scope, ()):
                for path in (read.path, *conditions):
                    node.add((*keys, *path.all_keys), whole=True)
        if source.needed_path:
            for node, keys in roots["$"]:
                node.add((*keys, *source.needed_path.all_keys), whole=False)

    def endpoint(self, endpoint: Endpoint) -> None:
        """What fan-outs and windows go by, and what is left out on purpose."""
        data = self.node(endpoint.name)
        for window in endpoint.windows:
            data.add(window.path.keys, whole=True)
        fanout = endpoint.fanout
        if fanout:
            parent = self.node(fanout.of, fanout.row_source.type)
            settled = fanout.settled_where[0] if fanout.settled_where else None
            self.paths(parent, fanout.any_paths, whole=False)
            self.paths(parent, [fanout.partial_path, settled, fanout.sent_at_path], whole=True)
            if fanout.members:
                self.paths(self.node(fanout.members.count), [fanout.members.count_path], whole=True)
        for read in endpoint.ignored_reads:
            type = "" if read.scope == "$" else read.scope
            self.node(endpoint.name, type).add(read.path.all_keys, whole=True)


def unknown_on(page: Any, nodes: Mapping[str, Node]) -> Iterator[Unknown]:
    """What stands on a page, taken apart, that ``nodes`` do not know; once per record.

    Of an unknown object only the object itself is named, not what it holds.
    """
    if not isinstance(page, dict):
        return
    for keys, type in _unknown(page, nodes[PAGE], ()):
        yield PAGE, keys, type
    data = page.get("data")
    for record in data if isinstance(data, list) else [data]:
        for keys, type in {*_unknown(record, nodes[DATA], ())}:
            yield DATA, keys, type
    included = page.get("included")
    for record in included if isinstance(included, list) else []:
        name = record.get("type") if isinstance(record, dict) else None
        if not isinstance(name, str):
            continue
        if name not in nodes or name in (PAGE, DATA):
            yield name, (), "object"
            continue
        for keys, type in {*_unknown(record, nodes[name], ())}:
            yield name, keys, type


def json_type(value: Any) -> str:
    """What JSON calls a value."""
    if isinstance(value, dict):
        return "object"
    return "array" if isinstance(value, list) else _TYPES[type(value)]


def _unknown(
    value: Any, node: Node, keys: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], str]]:
    if node.whole:
        return
    if isinstance(value, list):
        for element in value:
            yield from _unknown(element, node, keys)
    elif isinstance(value, dict):
        for key, inner in value.items():
            child = node.children.get(key)
            if child:
                yield from _unknown(inner, child, (*keys, key))
            elif not node.open:
                yield (*keys, key), json_type(inner)


def _record() -> Node:
    """What every record has."""
    every = _all_of(_RECORD_KEYS).children
    return Node({**every, "attributes": Node(), "relationships": Node()})


def _all_of(keys: Iterable[str]) -> Node:
    return Node({key: Node(whole=True) for key in keys})


KNOWN = fields_by_record(TABLES.values(), ENDPOINTS)
