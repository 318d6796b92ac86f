"""Tables that are not what the last load left: made anew, said, or refused. Lakes on disk."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from klaviyo_spark.lake import commit_tag
from klaviyo_spark.lake.delta_log import in_folder
from klaviyo_spark.lake.lake import Lake, Place
from klaviyo_spark.lake.table_states import by_spark
from klaviyo_spark.resources import TABLES
from klaviyo_spark.silver.rebuild import rebuild
from klaviyo_spark.silver.reconcile import reconcile
from klaviyo_spark.silver.refine import refine
from klaviyo_spark.state.models import Outcome
from tests.builders import DAY, NOON, a_member, a_page, a_record, an_attribution, an_event
from tests.helpers.compare import held
from tests.helpers.small_lakes import a_lake, land_on

RESOURCES = ("events", "lists", "tags")
MADE = [name for name, table in TABLES.items() if table.resource in RESOURCES]
EVENTS = ("events", "event_group_ids", "event_attribution_group_ids")
REBUILD = (
    "Run `klaviyo-spark refine --rebuild --resources {}` to rebuild it from bronze, which undoes "
    "the change."
)


def a_day(day: int) -> list[dict[str, Any]]:
    """What an account answers on that day: rows change, members leave, tags and groups go."""
    members = ([a_member("P1"), a_member("P2")], [a_member("P1")], [a_member("P2")])[day]
    groups = (["L1", "L2"], ["L2"], ["L2"])[day]
    sent = an_event("E1", {"$group_ids": groups, "Subject": f"day {day}"})
    clicked = an_event(f"new {day}", {})
    clicked["relationships"]["attributions"]["data"] = [{"type": "attribution", "id": "A1"}]
    return [
        a_page("lists", *[a_record("list", id) for id in (("L1", "L2"), ("L1",), ("L1",))[day]]),
        a_page("list_profiles", *members, parent_id="L1"),
        a_page("tags", *[a_record("tag", id, name=id) for id in (("T1", "T2"), ("T2",), ())[day]]),
        a_page("events", sent, clicked, included=[an_attribution(attributed_event="E1")]),
    ]


@pytest.fixture(scope="module")
def grown(spark, tmp_path_factory) -> Path:
    """A lake of three runs, refined one by one."""
    folder = tmp_path_factory.mktemp("grown") / "lake"
    lake = a_lake(spark, folder)
    for day in range(3):
        land_on(lake, day, *a_day(day))
        said = loads(lake)
        assert said == [], "each run finds the tables as the one before left them"
    return folder


@pytest.fixture(scope="module")
def before(spark, grown) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of that lake."""
    found = held(a_lake(spark, grown), MADE)
    assert [name for name, rows in found.items() if not rows] == ["list_tags"]
    return found


@pytest.fixture
def folder(grown, before, tmp_path) -> Path:
    """A copy of it: Delta's ids are in the files."""
    shutil.copytree(grown, tmp_path / "lake")
    return tmp_path / "lake"


def loads(lake: Lake, *resources: str) -> list[str]:
    """Reconcile, with what is said of it; what has failed is said too."""
    outcome = Outcome()
    reconcile(lake, "default", resources or RESOURCES, outcome=outcome)
    return outcome.warnings + [line for lines in outcome.failed.values() for line in lines]


def versions(folder: Path) -> dict[str, int]:
    found = {name: in_folder(folder / "klaviyo_v2.db" / name, None) for name in MADE}
    return {name: state.version for name, state in found.items() if state}


def remove(folder: Path, *tables: str) -> None:
    for name in tables:
        shutil.rmtree(folder / "klaviyo_v2.db" / name)


# -- gone -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gone", "together"),
    [
        (("tags", *EVENTS), ""),
        (("event_group_ids", "member_lists"), "; rebuilt with them: events, "
         "event_attribution_group_ids, lists"),
    ],
    ids=["whole", "bridges and history"],
)  # fmt: skip
def test_what_is_gone_is_made_anew_and_equals_what_was_there(spark, folder, before, gone, together):
    remove(folder, *gone)

    said = loads(a_lake(spark, folder))
    after = held(a_lake(spark, folder), MADE)
    then = versions(folder)
    again = loads(a_lake(spark, folder))

    names = ", ".join(name for name in TABLES if name in gone)
    assert said == [
        f"rebuilt from bronze: {names} (removed or replaced since the last load){together}"
    ]
    assert after == before
    assert (again, versions(folder)) == ([], then)


def test_loads_that_a_kill_left_unnoted_are_no_ones_but_ours(spark, folder, before, monkeypatch):
    lake = a_lake(spark, folder)
    land_on(lake, 3, a_page("tags", a_record("tag", "T3", name="T3")))
    with monkeypatch.context() as killed:
        killed.setattr("klaviyo_spark.silver.refine._note", lambda *_: None)
        refine(lake, "default", ["tags"])

    assert loads(a_lake(spark, folder), "tags") == []
    assert [row[1] for row in held(lake, ["tags"])["tags"]] == ["T1", "T2", "T3"]


# -- changed --------------------------------------------------------------------------------------


def a_run_of(lake: Lake, day: int, account: str = "default") -> None:
    """What two small resources answer on that day."""
    pages = [
        a_page("tags", a_record("tag", "T1", name=f"{account} {day}")),
        a_page("profiles", a_record("profile", "P1", first_name=f"{day}")),
    ]
    suffix = "" if account == "default" else f" of {account}"
    at = NOON + day * DAY
    facts = {"account_id": account, "fetched_at": at, "read_started_at": at - timedelta(seconds=1)}
    run = {"run_id": f"run {day}{suffix}", "batch_id": f"batch {day}{suffix}"}
    lake.append_pages([{**page, **facts, **run} for page in pages])


def said_of(lake: Lake, account: str = "default") -> dict[str, str]:
    """The first words of what is said, and how it ends."""
    outcome = Outcome()
    reconcile(lake, account, ["profiles", "tags"], outcome=outcome)
    found = {}
    for line in outcome.warnings:
        name, _, rest = line.partition(": something other than klaviyo-spark changed rows (")
        commits, _, way_out = rest.partition("). ")
        resource = TABLES[name].resource
        assert way_out == REBUILD.format(resource)
        found[name] = commits
    assert outcome.failed == {}
    return found


def test_what_others_change_is_said_until_a_rebuild_and_upkeep_is_not(spark, tmp_path):
    lake = a_lake(spark, tmp_path / "lake")
    for day in range(2):
        a_run_of(lake, day)
        a_run_of(lake, day, "eu")
        assert [said_of(lake, account) for account in ("default", "eu")] == [{}, {}]
    profiles, tags = (lake._silver(TABLES[name]) for name in ("profiles", "tags"))
    for upkeep in ("OPTIMIZE {}", "VACUUM {}", "ALTER TABLE {} SET TBLPROPERTIES ('a.b' = 'c')"):
        for name in (profiles, tags):
            spark.sql(upkeep.format(name)).collect()
    assert [said_of(lake, account) for account in ("default", "eu")] == [{}, {}]

    spark.sql(f"DELETE FROM {profiles}")
    spark.sql(f"RESTORE TABLE {tags} TO VERSION AS OF 1")
    said = said_of(lake)
    assert [(name, of.split(" UTC ")[1].split()[0]) for name, of in said.items()] == [
        ("profiles", "DELETE"),
        ("tags", "RESTORE"),
    ]
    assert said_of(lake, "eu") == said, "others' rows went too"
    assert said_of(lake) == said, "nothing was loaded: the log says it again"

    a_run_of(lake, 2)
    assert [said_of(lake), said_of(lake)] == [said, said], "a load has written it down"
    spark.sql(f"INSERT INTO {tags} SELECT * FROM {tags}")
    spark.sql(f"UPDATE {tags} SET name = 'theirs'")
    spark.sql(f"MERGE INTO {tags} t USING {tags} s ON t.tag_id = s.tag_id AND false "
              "WHEN NOT MATCHED THEN INSERT *")  # fmt: skip
    more = said_of(lake)["tags"]
    assert more.startswith("4 commits, the last "), more
    assert [one.split()[0] for one in more.split(" UTC ")[1:]] == ["WRITE", "UPDATE", "MERGE"]

    folder = Path(lake.place.warehouse) / "klaviyo_v2.db"
    for name, table in (("tags", tags), ("profiles", profiles)):
        by_file, by_sql = in_folder(folder / name, 1), by_spark(spark, table, 1, by_shape=False)
        assert by_file
        assert by_sql
        of_file, of_sql = ((s.table_id, s.version, dict(s.properties)) for s in (by_file, by_sql))
        assert of_file == of_sql
        assert [(one.version, one.operation) for one in by_file.foreign] == [
            (one.version, one.operation) for one in by_sql.foreign
        ]
    assert by_spark(spark, lake.place.table("klaviyo_v2", "nothing"), 1, False) is None

    rebuild(lake, "default", ["profiles", "tags"])
    assert said_of(lake) == {}
    assert {*said_of(lake, "eu")} == {"profiles", "tags"}, "whose rows were not made anew"
    assert [row["name"] for row in lake.silver(TABLES["tags"]).collect()] == ["default 2"]


# -- behind a catalog -----------------------------------------------------------------------------


def tags(lake: Lake) -> list[str]:
    return sorted(row["name"] for row in lake.silver(TABLES["tags"]).collect())


def test_a_catalogs_tables_are_known_too_where_sql_can_carry_no_tag(spark, monkeypatch):
    monkeypatch.setattr(commit_tag, "_SETTING", "spark.sql.warehouse.dir")  # which none may set
    schemas = ("drift_bronze", "drift_silver", "drift_ops")
    place = Place("", "spark_catalog", *schemas)
    table = TABLES["tags"]
    try:
        lake = Lake(spark, place)
        for day in range(3):
            land_on(lake, day, a_page("tags", a_record("tag", "T1", name=f"day {day}")))
            assert loads(lake, "tags") == []
        name = lake._silver(table)
        lake.append(table, spark.table(name).limit(1))
        lake.undo(table)
        history = spark.sql(f"DESCRIBE HISTORY {name}").select("operation", "userMetadata")
        assert [tuple(row) for row in history.collect()] == [
            ("RESTORE", None),
            ("WRITE", "klaviyo-spark"),
            ("MERGE", None),
            ("MERGE", None),
            ("WRITE", "klaviyo-spark"),
            ("CREATE TABLE", None),
        ]
        assert loads(lake, "tags") == []

        spark.sql(f"OPTIMIZE {name}").collect()
        spark.sql(f"DELETE FROM {name} WHERE tag_id = 'nobody'").collect()
        assert loads(lake, "tags") == []
        spark.sql(f"TRUNCATE TABLE {name}")
        [said] = loads(lake, "tags")
        assert " UTC TRUNCATE (version " in said
        spark.sql(f"DROP TABLE {name}")
        assert loads(Lake(spark, place), "tags") == [
            "rebuilt from bronze: tags (removed or replaced since the last load)"
        ]
        assert tags(Lake(spark, place)) == ["day 2"]
        assert loads(Lake(spark, place), "tags") == []
    finally:
        for schema in schemas:
            spark.sql(f"DROP SCHEMA IF EXISTS spark_catalog.{schema} CASCADE")
