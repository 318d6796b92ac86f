"""Tables with rows of a listed record: tag links, audiences, send times, messages. Pure.

What stands on a listing's page costs no request (``Children``); what has a listing of its own per
record is a request each (``AskedChildren``). The rows of one record are compared by what keys them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from klaviyo_spark.bronze.request_plan import read_field
from klaviyo_spark.client.json_bodies import as_id, records_by_id
from klaviyo_spark.commands.verify.comparing import Comparison, Listed, is_newer
from klaviyo_spark.commands.verify.listings import Listing, is_verified, listings
from klaviyo_spark.resources import ENDPOINTS, TABLES, WINDOWED
from klaviyo_spark.schema.deletion_rules import Parent
from klaviyo_spark.schema.endpoint import Endpoint
from klaviyo_spark.schema.instants import as_time
from klaviyo_spark.schema.paths import ID, FieldPath
from klaviyo_spark.schema.sources import Source
from klaviyo_spark.schema.table import TableSpec

Key = str | datetime | None
PerParent = Mapping[str, frozenset[Key]]


@dataclass(frozen=True)
class Children:
    """A table with a row per element of one array of a listing's records."""

    table: TableSpec
    endpoint: Endpoint
    source: Source

    @property
    def columns(self) -> tuple[str, str]:
        """Columns of the record's id, and of what is a row's own."""
        parent, own = self.table.key
        return parent, own

    def keys_on(self, page: bytes) -> Iterator[tuple[str, frozenset[Key]]]:
        """Id of each record on a page that says which elements it has, and their keys."""
        [array] = self.source.arrays
        column = next(c for c in self.table.columns if c.name == self.table.key[1])
        [read] = column.field_reads[self.source.name]
        for id, record in records_by_id(page, self.source.row_source):
            elements = read_field(record, array)
            if isinstance(elements, list):
                yield id, frozenset(self._keys(elements, read.path, column.type))

    def _keys(self, elements: list[Any], path: FieldPath, type: str) -> Iterator[Key]:
        for element in elements:
            value = read_field(element, path)
            key = as_time(value) if type == "timestamp" else as_id(value)
            if key is not None:  # a row without one is in quarantine
                yield key


@dataclass(frozen=True)
class AskedChildren:
    """A table with a row per record of a listing that each parent has for itself."""

    listing: Listing
    parent: Parent

    @property
    def table(self) -> TableSpec:
        """The table."""
        return self.listing.table

    @property
    def columns(self) -> tuple[str, str]:
        """Columns of the parent's id, and of what is a row's own."""
        return self.parent.column, self.listing.key


def children(resources: Sequence[str]) -> list[Children]:
    """Those of the listings of ``resources`` that are read whole."""
    return [
        Children(table, endpoint, source)
        for table in TABLES.values()
        if table.resource in resources and table.resource not in WINDOWED and len(table.key) == 2
        for source in table.sources
        for endpoint in [ENDPOINTS[source.endpoint]]
        if is_verified(endpoint)
        if len(source.arrays) == 1 and not source.of and not source.borrow
        if _is_keyed_by_record(table, source)
    ]


def asked_children(resources: Sequence[str]) -> list[AskedChildren]:
    """Those whose parents are in the listings of ``resources``; members are counted instead."""
    listed = {one.table.name for one in listings(resources)}
    return [
        AskedChildren(Listing(table, endpoint, source.row_source), table.parent)
        for table in TABLES.values()
        if table.resource in resources and table.name not in listed
        if table.parent and table.parent.table in listed and len(table.key) == 1
        for source in table.sources
        for endpoint in [ENDPOINTS[source.endpoint]]
        if endpoint.fanout and not endpoint.fanout.filter and not endpoint.members
    ]


def drop_newer(
    listed: Mapping[str, Mapping[str, Listed]], held: PerParent, read_at: datetime | None
) -> dict[str, frozenset[Key]]:
    """Ids per parent, without those of records that were created after the last read.

    Args:
        listed: the records of each parent.
        held: what is here nevertheless is not left out.
    """
    return {
        parent: frozenset(
            id
            for id, record in records.items()
            if id in held.get(parent, ()) or not is_newer(record, read_at)
        )
        for parent, records in listed.items()
    }


def child_checks(
    one: Children | AskedChildren,
    listed: PerParent,
    held: PerParent,
    parents: Mapping[str, str | None],
) -> Iterator[Comparison]:
    """A check per record that is here too: how many of its rows are, of those that it lists.

    Args:
        listed: keys of the elements, per id of the record.
        held: keys of the rows that are here, likewise.
        parents: name per id of the records that are here; of others something else is said.
    """
    for id in sorted(listed.keys() & parents.keys()):
        wanted, here = listed[id], held.get(id, frozenset())
        # A row that should not be here makes as much of a difference as one that is not.
        actual = len(here) if here >= wanted else len(here & wanted)
        yield Comparison(
            one.table.resource, one.table.name, id, parents[id], None, actual, len(wanted)
        )


def _is_keyed_by_record(table: TableSpec, source: Source) -> bool:
    parent, own = (next(c for c in table.columns if c.name == name) for name in table.key)
    of_record = parent.field_reads.get(source.name, ())
    of_element = own.field_reads.get(source.name, ())
    return (
        [(read.scope, read.path) for read in of_record] == [("^", ID)]
        and len(of_element) == 1
        and of_element[0].scope == "$"
        and of_element[0].only_if is None
    )
