"""Rows taken out of every table by another hand: which verify names, and what heals them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from deltalake import DeltaTable

from klaviyo_spark.client.client import Client
from klaviyo_spark.client.rate_limiter import Limiter
from klaviyo_spark.commands.verify import Verified, VerifyRequest, verify
from klaviyo_spark.commands.verify.comparing import WHOLE_TABLES
from klaviyo_spark.config.models import Settings
from klaviyo_spark.config.secrets import ApiKey
from klaviyo_spark.resources import DOCUMENTED
from klaviyo_spark.sandbox import Account, Sandbox
from tests.builders import KEY
from tests.helpers.small_lakes import a_lake, run_account

Rows = dict[str, set[tuple[object, ...]]]


@dataclass
class Story:
    """One row is gone from each table; ``looked`` names it, ``healed`` brings it back."""

    before: Rows
    taken: Rows
    looked: Verified
    healed: Verified
    after: Rows
    asked: int


@pytest.fixture(scope="module")
def story(spark, tmp_path_factory) -> Story:
    warehouse = tmp_path_factory.mktemp("changed")
    lake = a_lake(spark, warehouse)
    account = Account(seed=3, events=600, profiles=150, campaigns=24)
    with Sandbox(account, key=KEY, rate_scale=1000) as sandbox:
        settings = Settings(base_url=sandbox.url, warehouse=str(warehouse))
        with Client(sandbox.url, ApiKey(KEY), limiter=Limiter()) as client:
            run_account("sync", lake, settings, client)
            before = rows_of(warehouse)
            for name in DOCUMENTED:
                take_one_row(warehouse, name)
            taken = rows_of(warehouse)
            looked = verify(a_lake(spark, warehouse), client, settings)
            counted = sandbox.counts()
            healed = verify(a_lake(spark, warehouse), client, settings, VerifyRequest(heal=True))
            asked = (sandbox.counts() - counted)["/api/events"]
    return Story(before, taken, looked, healed, rows_of(warehouse), asked)


def at(warehouse: Path, name: str) -> DeltaTable:
    return DeltaTable(warehouse / "klaviyo_v2.db" / name)


def rows_of(warehouse: Path) -> Rows:
    """Key and hash of every row."""
    found: Rows = {}
    for name, table in DOCUMENTED.items():
        rows = at(warehouse, name).to_pyarrow_table(columns=[*table.key, "_row_hash"])
        found[name] = {tuple(row.values()) for row in rows.to_pylist()}
    return found


def take_one_row(warehouse: Path, name: str) -> None:
    """As somebody would who clears up by delta-rs."""
    table = at(warehouse, name)
    digest = min(table.to_pyarrow_table(columns=["_row_hash"])["_row_hash"].to_pylist())
    table.delete(f"_row_hash = '{digest}'")


def test_every_table_lacks_a_row(story):
    assert [
        name for name in DOCUMENTED if len(story.taken[name]) != len(story.before[name]) - 1
    ] == []


def test_verify_names_each_of_the_25_tables(story):
    named = {check.scope for check in story.looked.found if check.count_type == WHOLE_TABLES}
    faults = {check.scope for check in story.looked.faults if check.count_type == WHOLE_TABLES}
    assert (len(faults), faults, named) == (25, {*DOCUMENTED}, {*DOCUMENTED})
    assert story.looked.exit_code == 3


def test_healing_brings_back_every_row_from_bronze_and_reads_no_event(story):
    assert story.after == story.before
    assert (story.healed.exit_code, story.asked) == (0, 0)
    assert story.healed.faults == []
