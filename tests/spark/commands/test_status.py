"""Status: what a lake's answers come to, how it is read, and how it is said."""

from __future__ import annotations

from typing import Any

from deltalake import DeltaTable

from klaviyo_spark.commands.status import Facts, facts
from klaviyo_spark.config.models import Schemas
from klaviyo_spark.lake.readers.folder import Files
from tests.helpers.small_lakes import a_place
from tests.helpers.status_lakes import a_lake


def test_both_readers_find_the_same(spark, tmp_path):
    from klaviyo_spark.lake.lake import Lake
    from klaviyo_spark.lake.readers.catalog import Tables

    a_lake(tmp_path)
    DeltaTable(tmp_path / "klaviyo_v2.db" / "lists").delete()
    place = a_place(tmp_path)
    before = sorted(tmp_path.rglob("*"))

    by_spark, by_files = facts(Tables(Lake(spark, place))), facts(Files(tmp_path, Schemas()))

    assert plain(by_spark) == plain(by_files)
    assert sorted(tmp_path.rglob("*")) == before, "to look makes nothing"


def test_spark_finds_no_lake_where_none_is(spark, tmp_path):
    from klaviyo_spark.lake.lake import Lake
    from klaviyo_spark.lake.readers.catalog import Tables

    place = a_place(tmp_path / "none")
    assert facts(Tables(Lake(spark, place))) == Facts()


def plain(found: Facts) -> tuple[Any, ...]:
    """All of it, with the rows of each answer in one order."""
    answers = {name: sorted(map(repr, rows)) for name, rows in found.answers.items()}
    of_accounts = (found.by_account, found.newest_by_account)
    states = {name: (of.table_id, of.version) for name, of in found.states.items()}
    foreign = [(one.operation, one.version) for one in found.states["lists"].foreign]
    assert foreign == [("DELETE", 2)]
    looked_at = (found.rows, found.pages, found.newest_event_at, found.holding)
    return (*looked_at, answers, of_accounts, states, found.bronze)
