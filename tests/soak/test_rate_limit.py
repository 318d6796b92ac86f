"""A 429 that asks for a longer wait than a run sits through."""

from __future__ import annotations

import json
import re

from pyspark.sql import functions as F

from klaviyo_spark.resources import TABLES
from klaviyo_spark.sandbox import Account, Sandbox
from tests.builders import KEY
from tests.helpers.compare import differences
from tests.helpers.runs import Home


def test_too_long_a_wait_ends_the_run_refines_what_landed_and_is_gone_on_from(
    spark, tmp_path, capsys
):
    account = Account(seed=6, events=3_000, profiles=200, quiet_days=9)
    with Sandbox(account, key=KEY, rate_scale=100, page_most=20) as sandbox:
        sandbox.faults.add("429_long", path="/api/events", after=12)
        home = Home(sandbox, tmp_path)

        assert home.here("sync") == 4

        said = capsys.readouterr().out
        assert re.search(r"Run again after 20\d\d-\d\d-\d\d \d\d:\d\d UTC", said), said
        lake = home.lake(spark)
        landed = ids_on_pages(lake.pages().where("endpoint = 'events'"))
        assert landed
        assert {row["id"] for row in lake.silver(TABLES["events"]).collect()} == landed
        wrong = differences(lake, account.truth())
        assert [line for line in wrong if "too many" in line or "doubled" in line] == []

        sandbox.faults.clear()
        assert home.here("sync") == 0
        assert differences(lake, account.truth()) == []


def ids_on_pages(pages) -> set[str]:
    """Ids of all records on pages."""
    bodies = pages.select(F.col("body")).collect()
    return {record["id"] for row in bodies for record in json.loads(row["body"])["data"]}
