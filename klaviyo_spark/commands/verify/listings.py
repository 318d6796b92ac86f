"""Which tables hold the records of a listing, and what is on the listing's pages. Pure; no I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from klaviyo_spark.bronze import request_plan
from klaviyo_spark.client.json_bodies import as_object, records_by_id
from klaviyo_spark.client.walk import Walk
from klaviyo_spark.commands.verify.comparing import Listed
from klaviyo_spark.resources import ENDPOINTS, TABLES, WINDOWED
from klaviyo_spark.schema.endpoint import Endpoint
from klaviyo_spark.schema.instants import as_time
from klaviyo_spark.schema.paths import ID, FieldRead, RowSource
from klaviyo_spark.schema.table import TableSpec


@dataclass(frozen=True)
class Listing:
    """A table with a row per record of a listing, or per record that a listing includes."""

    table: TableSpec
    endpoint: Endpoint
    rows: RowSource

    @property
    def key(self) -> str:
        """Column of the record's id."""
        return self.table.key[0]

    def records(self, page: bytes) -> Iterator[tuple[str, Listed]]:
        """Id and facts of the table's records on a page."""
        for id, record in records_by_id(page, self.rows):
            yield id, _listed(record)


def listings(resources: Sequence[str]) -> list[Listing]:
    """The listings of ``resources`` that are small and read whole, and their tables."""
    return [
        Listing(table, endpoint, source.row_source)
        for table in TABLES.values()
        if table.resource in resources and table.resource not in WINDOWED
        for source in table.sources
        for endpoint in [ENDPOINTS[source.endpoint]]
        if is_verified(endpoint)
        if not source.explode and not source.of
        if len(table.key) == 1 and _key_reads(table).get(source.name) == (FieldRead("$", ID),)
    ]


def is_verified(endpoint: Endpoint) -> bool:
    """Whether its listing says what there is: all of it, at every run, and at today's revision."""
    return endpoint.is_listing and endpoint.revision is None and not endpoint.full_every


def listing_walks(base_url: str, listings: Sequence[Listing], now: datetime) -> list[Walk]:
    """Complete reads of the endpoints of ``listings``, each once."""
    endpoints = {listing.endpoint.name: listing.endpoint for listing in listings}
    return [
        walk
        for one in endpoints.values()
        for walk in request_plan.listing_walks(base_url, one, now)
    ]


def _key_reads(table: TableSpec) -> Mapping[str, tuple[FieldRead, ...]]:
    return next(column.field_reads for column in table.columns if column.name == table.key[0])


def _listed(record: Mapping[str, Any]) -> Listed:
    said = as_object(record.get("attributes"))
    name = said.get("name")
    created = as_time(said.get("created")) or as_time(said.get("created_at"))
    return Listed(name if isinstance(name, str) else None, created)
