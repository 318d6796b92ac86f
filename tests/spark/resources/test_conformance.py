"""Every table held to the same promises on sample pages, so that a new one is tested at once.

One query serves all tests here: the samples and the pages of empty records are two accounts.
"""

from __future__ import annotations

from functools import reduce
from typing import Any, NamedTuple

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from klaviyo_spark.resources import ENDPOINTS, TABLES
from klaviyo_spark.schema.bookkeeping import columns_of
from klaviyo_spark.schema.table import TableSpec
from klaviyo_spark.silver.newest_rows import keep_newest
from klaviyo_spark.silver.parse.project import project
from klaviyo_spark.silver.quality import with_broken, without_key
from tests import contract, contract_plus
from tests.builders import a_page, all_samples, pages_df

every_table = pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)

# Columns that no sample fills, each with the reason. What the current revision has no more, the
# samples of older ones (flows.2025-07-15, events.2023-10-15) fill.
NEVER_FILLED: dict[str, set[str]] = {
    "list_days": {"list_id"},  # found in rows of lists, not on the page
}

EMPTY = ({}, {"id": None}, {"attributes": None, "relationships": None})


class Row(NamedTuple):
    """A row of some table: the names of its columns that hold something."""

    account: str
    has_key: bool
    nulled: int
    filled: set[str]


# What names nothing.
ODD = [{"id": id} for id in ("", " \u00a0", {"id": "X"}, ["X"], " [X", '{"id":"X"}')]


def pages_of(account: str, *records: dict[str, Any]) -> list[dict[str, Any]]:
    """A page per endpoint with such records, included ones no more than that and their type."""
    types = {s.rows.partition(":")[2] for t in TABLES.values() for s in t.sources} - {""}
    included = [*records, *({"type": type, **one} for type in types for one in records)]
    return [
        a_page(
            name,
            *records,
            included=included,
            parent_id="parent" if endpoint.fanout else None,
            account_id=account,
        )
        for name, endpoint in ENDPOINTS.items()
    ]


@pytest.fixture(scope="module")
def projected(spark) -> dict[str, DataFrame]:
    """The rows of each table, before any is left out."""
    others = [*pages_of("empty", *EMPTY), *pages_of("odd", *ODD)]
    pages = pages_df(spark, *all_samples(), *others)
    there = F.lit(None).cast("timestamp").alias("_deleted_at")
    # As they would be written: events, then what is made of them; and what bounds rows.
    silver: dict[str, DataFrame] = {}
    for name in ("events", "event_group_ids", "campaigns"):
        rows = project(pages, TABLES[name], silver)
        silver[name] = rows.select("*", F.col("seen_at").alias("_landed_at"), there)
    return {name: project(pages, table, silver) for name, table in TABLES.items()}


@pytest.fixture(scope="module")
def rows(projected) -> dict[str, list[Row]]:
    """Per table, what its rows hold."""

    def facts(table: TableSpec) -> DataFrame:
        names = [F.when(F.col(c.name).isNotNull(), F.lit(c.name)) for c in columns_of(table)]
        return projected[table.name].select(
            F.lit(table.name),
            "_account_id",
            F.expr(f"NOT ({without_key(table)})"),
            "nulled",
            F.array_compact(F.array(*names)),
        )

    found: dict[str, list[Row]] = {name: [] for name in TABLES}
    for name, *row, filled in reduce(DataFrame.union, map(facts, TABLES.values())).collect():
        found[name].append(Row(*row, set(filled)))
    return found


@every_table
def test_every_column_is_filled_by_some_sample(rows, table):
    filled = [row.filled for row in rows[table.name] if row.account == "default" and row.has_key]
    names = {c.name for c in columns_of(table)}
    assert names - set().union(*filled) == NEVER_FILLED.get(table.name, set())


@every_table
def test_every_record_of_the_samples_has_a_key_and_fits(rows, table):
    found = {(r.has_key, r.nulled) for r in rows[table.name] if r.account == "default"}
    assert found == {(True, 0)}


@every_table
def test_an_empty_record_is_null_but_for_request_and_type_and_has_no_key(rows, table):
    known = {
        c.name
        for c in columns_of(table)
        if any(p.startswith("page.") or p == "$.type" for ps in c.reads.values() for p in ps)
    }
    empty = [row for row in rows[table.name] if row.account == "empty"]

    assert [row for row in empty if row.has_key or row.nulled] == []
    assert [row.filled - known for row in empty if row.filled - known] == []
    if not all(source.explode for source in table.sources):
        assert empty, "an empty record goes to quarantine, it does not vanish"


@every_table
def test_a_record_whose_id_names_nothing_has_no_key(rows, table):
    odd = [row for row in rows[table.name] if row.account == "odd"]

    assert [row for row in odd if row.has_key] == []
    if not all(source.explode for source in table.sources):
        assert len(odd) >= len(ODD)


@every_table
def test_types_and_order_are_the_documented_ones(projected, table):
    rows = projected[table.name]
    newest = keep_newest(with_broken(rows, table), table)
    expected = [(c.name, c.type) for c in columns_of(table)]
    columns = {**contract.COLUMNS, **contract_plus.COLUMNS}[table.name]
    documented = len(columns)

    assert [t for t in rows.dtypes if t[0] != "_account_id"][: len(expected)] == expected
    assert tuple(expected[:documented]) == columns
    assert set(expected) <= set(newest.dtypes)
