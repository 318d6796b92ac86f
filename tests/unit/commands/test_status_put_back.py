"""Status of a lake with tables put back from a copy. No Spark: delta-rs writes and reads it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from deltalake import DeltaTable

from klaviyo_spark.commands.status import Status, facts, summed, words
from klaviyo_spark.config.models import Schemas
from klaviyo_spark.lake.readers.folder import Files
from tests.helpers.status_lakes import DAY, NOON, a_lake, a_load, a_mark, put


def a_status_of(lake: Path) -> Status:
    return summed(facts(Files(lake, Schemas())), "./lake", "default", NOON + DAY)


def test_tables_put_back_from_a_copy_are_told(tmp_path):
    lake, copy = a_lake(tmp_path), tmp_path / "copy"
    places = ("klaviyo_v2.db/tags", "klaviyo_v2.db/lists", "klaviyo_bronze.db/pages")
    for place in places:
        shutil.copytree(lake / place, copy / place)
    put(lake, "klaviyo_v2", "tags", {"tag_id": "T9"})
    put(lake, "klaviyo_bronze", "pages", {"body": "{}"})
    counts = {"inserted": 1, "updated": 0, "soft_deleted": 0}
    version = DeltaTable(lake / places[0]).version()
    noted = {**a_load("tags"), **counts, "table_version": version - 1}
    idle = {**a_load("lists"), **dict.fromkeys(counts, 0), "table_version": 0}
    put(lake, "klaviyo_ops", "table_loads", noted, idle)
    bronze = DeltaTable(lake / places[2]).version()
    mark = {
        **a_mark("tags", None, NOON, run_id=""),
        "bronze_version": bronze - 1,
        "bronze_commits": 1,
    }
    put(lake, "klaviyo_ops", "watermarks", mark)
    assert a_status_of(lake).put_back == ()

    for place in places:
        shutil.rmtree(lake / place)
        shutil.copytree(copy / place, lake / place)
    status = a_status_of(lake)

    assert (status.removed, status.changed) == ((), ())
    assert status.put_back == ("klaviyo_bronze.pages", "tags")
    assert [line for line in words.as_text(status) if line.startswith("put back")] == [
        "put back        klaviyo_bronze.pages, an older copy: the next sync reads again what lacks "
        "pages",
        "put back        tags, older copies: the next run loads what they lack",
    ]
    assert json.loads(words.as_json(status))["put_back"] == list(status.put_back)
