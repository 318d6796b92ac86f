"""Somebody taken out of a lake on disk: nothing of them in any file, everything else as it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from klaviyo_spark.cli import main
from klaviyo_spark.commands.forget import removing
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.resources import TABLES
from klaviyo_spark.silver.rebuild import rebuild
from klaviyo_spark.silver.refine import refine
from tests.builders import DAY, NOON, a_page, a_record, an_event
from tests.helpers.files import holding
from tests.helpers.small_lakes import a_lake

ANN, BOB = "01GDDKASAP8TKDDA2GRZDSVP4H", "01GDDKASAP8TKDDA2GRZDSVP4J"
EMAIL, OLD = "ann.lee@example.com", "ann@example.org"
RESOURCES = ("events", "profiles")
TABLES_USED = ("events", "event_group_ids", "profiles")


def land(lake: Lake, day: int, *pages: dict[str, Any], account: str = "default") -> None:
    at = NOON + day * DAY
    facts = {"run_id": f"run {day} of {account}", "batch_id": f"{day} of {account}"}
    facts |= {"fetched_at": at}
    facts |= {"ingest_date": at.date(), "read_started_at": at, "account_id": account}
    lake.append_pages([{**page, **facts} for page in pages])


def an_event_of(profile: str, id: str, **properties: Any) -> Any:
    event = an_event(id, {"$group_ids": ["L1"], **properties})
    event["relationships"]["profile"]["data"]["id"] = profile
    return event


def a_profile(id: str, email: str, updated: str = "2026-05-01T00:00:00Z") -> Any:
    return a_record("profile", id, email=email, updated=updated)


def held(lake: Lake) -> dict[str, list[tuple[Any, ...]]]:
    columns = {name: ("_account_id", *TABLES[name].key, "_row_hash") for name in TABLES_USED}
    return {
        name: sorted(map(tuple, lake.silver(TABLES[name]).select(*columns[name]).collect()))
        for name in TABLES_USED
    }


def run(lake: Lake, *options: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(["forget", "--warehouse", lake.place.warehouse, *options])
    return int(left.value.code or 0)


@pytest.fixture
def few_tables() -> Iterator[None]:
    """The tables that are looked at, as if there were no others: those cost seconds each."""
    every = dict(TABLES)
    looked_at = {"campaign_messages", "flow_action_messages"}
    for name in every.keys() - {*TABLES_USED, *looked_at}:
        del TABLES[name]
    yield
    TABLES.clear()  # or those put back would come last, and their order says something
    TABLES.update(every)


@pytest.fixture
def lake(spark, tmp_path, few_tables) -> Lake:
    """An account with Ann and Bob in it, and an account of somebody else's."""
    lake = a_lake(spark, tmp_path / "lake")
    included = [a_record("profile", id, email=e) for id, e in ((ANN, EMAIL), (BOB, "bob@x.com"))]
    land(
        lake,
        0,
        a_page("profiles", a_profile(ANN, OLD, "2025-01-01T00:00:00Z")),
        a_page("profiles", a_profile(ANN, EMAIL.upper()), a_profile(BOB, "bob@x.com")),
        a_page(
            "events",
            an_event_of(ANN, "E1", Subject="Hello Ann"),
            an_event_of(BOB, "E2", Subject="Hello"),
            an_event_of(BOB, "E3", Subject=f"from {EMAIL}", friend=ANN),
            {**an_event_of(ANN, ""), "id": None},  # to quarantine
            {**an_event_of(BOB, "", friend=EMAIL), "id": None},
            included=included,
            query=f"filter=equals(profile_id,'{ANN}')",
            next_url=f"https://a.klaviyo.com/api/events?x={ANN}",
        ),
    )
    land(lake, 0, a_page("profiles", a_profile("P9", "other@x.com")), account="other")
    refine(lake, "default", RESOURCES)
    return lake


def test_nothing_of_them_is_left_in_any_file_and_the_rest_is_as_it_was(lake, capsys, monkeypatch):
    folder, words = Path(lake.place.warehouse), (ANN, EMAIL, OLD)
    before = held(lake)
    landed = {which(page): page for page in lake.pages().collect()}

    with monkeypatch.context() as cut_short:
        cut_short.setattr(removing, "clear", interrupted)
        assert run(lake, "--email", EMAIL) == 130
    assert all(holding(folder, *words).values()), "the old files are there yet"
    code = run(lake, "--email", EMAIL)

    said = capsys.readouterr().out
    assert code == 0, said
    assert "forget done: " in said
    assert not any(word in said for word in words)
    assert holding(folder, *words) == {word: [] for word in words}
    after = held(lake)
    assert after["event_group_ids"] == [r for r in before["event_group_ids"] if "E1" not in r]
    assert [row[1] for row in after["events"]] == ["E2", "E3"]
    assert after["events"][0] == before["events"][1]
    assert after["profiles"] == [row for row in before["profiles"] if ANN not in row]
    events = {row["id"]: row for row in lake.silver(TABLES["events"]).collect()}
    assert events["E3"]["subject"] == "from [forgotten]"
    assert json.loads(events["E3"]["_event_properties"])["friend"] == "[forgotten]"
    [quarantined] = lake.ops("quarantine").collect()
    record = json.loads(quarantined["record"])
    assert record["attributes"]["event_properties"]["friend"] == "[forgotten]"
    pages = {which(page): page for page in lake.pages().collect()}
    assert pages.keys() == landed.keys()
    for key, page in pages.items():
        assert (page["forgotten_at"] is None) == (page["account_id"] == "other")
        for fact in ("sha256", "bytes", "fetched_at", "batch_id", "is_last"):
            assert page[fact] == landed[key][fact], "as received"
        assert page["record_count"] == len(json.loads(page["body"])["data"])
    receipts = lake.ops("forgotten").select("account_id", "finished_at", "digest").collect()
    assert [(row[0], row[1] is not None) for row in receipts] == [("default", True)] * 2
    assert receipts[0]["digest"] == receipts[1]["digest"]

    # What is made anew from those pages is the same.
    rebuild(lake, "default", RESOURCES)
    assert held(lake) == after

    # Klaviyo still has them: the very same page comes again, and they are back.
    again = [page.asDict() for key, page in landed.items() if key[1:] == ("profiles", "default")]
    land(lake, 1, *({**page, "read_id": "again", "read_run_id": "again"} for page in again))
    refine(lake, "default", ["profiles"])
    assert held(lake)["profiles"] == before["profiles"]


def which(page: Any) -> tuple[str, str, str]:
    return page["walk_id"], page["endpoint"], page["account_id"]


def interrupted(*_: Any) -> None:
    raise KeyboardInterrupt
