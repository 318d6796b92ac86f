"""Upkeep of a lake on disk: what goes, what stays, and that refine goes on as if nothing had."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date, datetime, timezone
from typing import Any

import pytest

from klaviyo_spark.cli import main
from klaviyo_spark.commands import maintain
from klaviyo_spark.commands.maintain import lines
from klaviyo_spark.config.models import Settings
from klaviyo_spark.errors import LakeError
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.resources import TABLES
from klaviyo_spark.silver.rebuild import rebuild
from klaviyo_spark.silver.reconcile import reconcile
from klaviyo_spark.silver.refine import refine
from klaviyo_spark.state.models import Outcome
from klaviyo_spark.state.store import pages_gone_before, silver_states
from tests.builders import DAY, NOON, a_member, a_page
from tests.helpers.small_lakes import land_on, rows
from tests.helpers.upkeep import columns_of, only_these


def members(group: str, *ids: str) -> dict[str, Any]:
    return a_page("list_profiles", *map(a_member, ids), parent_id=group)


def test_old_pages_go_and_refine_goes_on_as_if_they_were_there(lake, tmp_path, capsys, monkeypatch):
    only_these(monkeypatch, "lists", "tags")
    other = {**a_page("lists"), "account_id": "other"}
    second = {**a_page("tags"), "account_id": "second"}
    land_on(lake, 0, members("L1", "P1", "P2"), members("L2", "P3"), a_page("tags"), other, second)
    land_on(lake, 1, members("L1", "P1", "P2"), a_page("tags"), second)
    # Ages count back from an account's newest page.
    land_on(lake, 20, a_page("metrics"), {**a_page("metrics"), "account_id": "second"})
    refine(lake, "default", ["lists"])
    lake.silver(TABLES["tags"])
    state = silver_states(lake, {"tags": None})["tags"]
    taken_in = {"table_name": "tags", "batch_ids": ["batch 0", "batch 1"]}
    of = {"table_id": state.table_id, "table_version": state.version}
    for account in ("default", "second"):
        load = dict.fromkeys(columns_of("table_loads")) | taken_in | of | {"account_id": account}
        lake.append_ops("table_loads", [load])
    conf = tmp_path / "conf.yml"
    conf.write_text(
        "bronze_retention: 14d\n"
        "accounts: [{name: default, key_variable: A}, {name: second, key_variable: B}]\n"
    )

    with pytest.raises(SystemExit) as left:
        main(["maintain", "--config", str(conf), "--warehouse", lake.place.warehouse])
    said = capsys.readouterr().out.splitlines()

    # Gone is all but the last read of each list, and but the last run of each account in conf;
    # never what is another account's.
    pages = lake.pages().select("account_id", "run_id", "parent_id", "resource").collect()
    assert sorted((tuple(page) for page in pages), key=str) == [
        ("default", "run 0", "L2", "lists"),
        ("default", "run 1", "L1", "lists"),
        ("default", "run 1", None, "tags"),
        ("default", "run 20", None, "metrics"),
        ("other", "run 0", None, "lists"),
        ("second", "run 1", None, "tags"),
        ("second", "run 20", None, "metrics"),
    ]
    assert left.value.code in (0, None), said
    assert said[1].split()[::4] == ["klaviyo_bronze.pages", "3"], said
    taken = lake.ops("retention").select("account_id", "resource", "pages").collect()
    assert sorted(map(tuple, taken)) == [
        ("default", "lists", 1),
        ("default", "tags", 1),
        ("second", "tags", 1),
    ]
    gone = pages_gone_before(lake, "default")
    assert set(gone) == {"lists", "tags"}
    assert datetime.now(timezone.utc) - gone["lists"] > 14 * DAY
    assert pages_gone_before(lake, "other") == {}
    [run] = lake.ops("runs").collect()
    assert (run["command"], run["exit_code"], run["errors"]) == ("maintain", 0, [])
    assert run["account_id"] is None, "it was of both"

    land_on(lake, 2, members("L1", "P1"), members("L2"))
    refine(lake, "default", ["lists"])

    first, second = NOON.replace(tzinfo=None), (NOON + DAY).replace(tzinfo=None)
    assert rows(lake, "member_lists", "profile_id", "is_member", "last_seen_at") == [
        ("P1", True, first),
        ("P2", False, second),
        ("P3", False, first),
    ]

    # Bronze itself says what went: without `klaviyo_ops` a rebuild refuses too.
    bare, lacking = tmp_path / "bare", tmp_path / "lacking"
    for copy, table in ((bare, "klaviyo_ops.db"), (lacking, "klaviyo_v2.db/tags")):
        shutil.copytree(lake.place.warehouse, copy)
        shutil.rmtree(copy / table)
    with pytest.raises(LakeError, match="lists: cannot be rebuilt, since retention"):
        rebuild(Lake(lake.spark, replace(lake.place, warehouse=str(bare))), "default", ["lists"])

    # A table that is gone cannot be made of what is left: it is named, and others go on.
    copied = Lake(lake.spark, replace(lake.place, warehouse=str(lacking)))
    land_on(copied, 3, members("L1"), a_page("tags"))
    outcome = Outcome()
    loads = reconcile(copied, "default", ["lists", "tags"], outcome=outcome)
    assert [line.split(":")[0] for line in outcome.failed["tags"]] == ["tags"]
    assert "retention deleted pages of tags fetched before " in outcome.failed["tags"][0]
    assert ({*outcome.failed}, outcome.warnings) == ({"tags"}, [])
    assert "member_lists" in {load.table for load in loads}
    assert "tags" not in {load.table for load in loads}


def test_an_event_whose_day_klaviyo_has_changed_is_one_row_again(lake, monkeypatch):
    only_these(monkeypatch, "events")
    events = lake.names()["klaviyo_v2.events"]

    def put(id: str, day: str, run: str, landed: datetime) -> None:
        lake.spark.sql(
            f"INSERT INTO {events} (_account_id, id, event_date, _run_id, _landed_at) VALUES "
            f"('default', '{id}', DATE'{day}', '{run}', TIMESTAMP'{landed:%Y-%m-%d %H:%M:%S}')"
        )
        load = dict.fromkeys(columns_of("table_loads")) | {"table_name": "events", "run_id": run}
        lake.append_ops("table_loads", [load | {"loaded_at": datetime.now(timezone.utc)}])

    put("E1", "2026-05-01", "one", NOON)
    put("E1", "2026-05-03", "two", NOON + DAY)
    put("E2", "2026-05-01", "one", NOON)
    done = maintain.maintain(lake, Settings(optimize=False, vacuum_after=None))
    put("E2", "2026-04-30", "three", NOON + 2 * DAY)  # fetched before upkeep, refined after it
    later = maintain.maintain(lake, Settings(optimize=False, vacuum_after=None))

    assert (done.exit_code, later.exit_code) == (0, 0)
    assert rows(lake, "events", "id", "event_date") == [
        ("E1", date(2026, 5, 3)),
        ("E2", date(2026, 4, 30)),
    ]
    said = (
        "klaviyo_v2.events: 1 rows removed; Klaviyo moved these events to another day, "
        "whose rows stay"
    )
    assert (done.warnings, later.warnings) == ([said], [said])
    assert said in lines(done)
    assert [run["warnings"][0] for run in lake.ops("runs").collect()] == [said, said]
