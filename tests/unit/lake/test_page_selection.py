"""The pages that a load reads: Spark and Arrow are told the same."""

from __future__ import annotations

import pyarrow as pa

from klaviyo_spark.lake.local.page_selection import PageSelection

PAGES = [
    {"account_id": account, "resource": "lists", "endpoint": endpoint, "batch_id": batch,
     "read_id": f"read of {batch}", "run_id": f"run of {batch}"}
    for account in ("a", "b")
    for endpoint in ("lists", "list_profiles")
    for batch in ("1", "2", "3")
]  # fmt: skip
SELECTION = PageSelection(
    frozenset({"lists"}), frozenset({"lists"}), frozenset({"1"}), frozenset({"read of 3"})
)


def test_arrow_finds_pages_of_a_batch_or_a_read_of_one_account():
    found = pa.Table.from_pylist(PAGES).filter(SELECTION.arrow("b"))

    kept = [(page["account_id"], page["endpoint"], page["batch_id"]) for page in found.to_pylist()]
    assert kept == [("b", "lists", "1"), ("b", "lists", "3")]


def test_arrow_finds_pages_of_all_accounts_where_none_is_named():
    found = pa.Table.from_pylist(PAGES).filter(SELECTION.arrow(None))

    assert set(found["account_id"].to_pylist()) == {"a", "b"}


def test_sql_says_the_same_to_spark():
    assert SELECTION.sql == (
        "resource IN ('lists') AND endpoint IN ('lists') "
        "AND (batch_id IN ('1') OR read_id IN ('read of 3') OR false)"
    )
