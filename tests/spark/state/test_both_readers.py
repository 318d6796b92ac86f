"""What a run asks of earlier ones: Spark answers as delta-rs does, where it is the only one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.lake.readers import opening
from klaviyo_spark.resources import ENDPOINTS, TABLES
from klaviyo_spark.silver.pending import begins
from klaviyo_spark.silver.refine import refine
from klaviyo_spark.silver.run_facts import run_facts
from klaviyo_spark.state import landings, store
from klaviyo_spark.state.watermarks import Watermark, as_row, ends
from tests.builders import DAY, HOUR, NOON, a_page, a_record
from tests.helpers.small_lakes import a_lake, land

ACCOUNT = "it's a.b $1"
LISTS = ENDPOINTS["list_profiles"]
MEMBERS = LISTS.members


def a_member(id: str) -> dict[str, Any]:
    return a_record("profile", id, joined_group_at="2026-05-01T00:00:00Z")


@pytest.fixture(scope="module")
def lake(spark, tmp_path_factory) -> Lake:
    """A lake with two runs of an account: the second was cut short, and read parts again."""
    lake = a_lake(spark, tmp_path_factory.mktemp("lake"))
    ours = {"account_id": ACCOUNT}
    tags = [a_record("tag", f"T{n}", name="vip") for n in range(3)]
    listing = a_page("lists", a_record("list", "L1"), a_record("list", "L2"), **ours)
    members = a_page("list_profiles", a_member("P1"), a_member("P2"), parent_id="L1", **ours)
    land(lake, "one", a_page("tags", *tags, **ours), listing, members)
    bronze = landings.bronze_state(lake)
    of = (ACCOUNT, bronze.table_id, bronze.version, 1)
    read = Watermark("events", "M1", "opened email", "window", NOON - DAY, NOON, NOON, None, "one")
    marks = [read, *ends([ENDPOINTS["tags"], ENDPOINTS["lists"], LISTS], [], "one", NOON)]
    lake.append_ops("watermarks", [as_row(mark, *of) for mark in marks])
    refine(lake, ACCOUNT, ["tags", "lists"])
    later = {**ours, "fetched_at": NOON + DAY, "read_started_at": NOON + DAY - HOUR}
    window = {"is_full_read": False, "window_start": NOON - HOUR, "max_record_time": NOON}
    again = a_page("list_profiles", a_member("P2"), parent_id="L1", **later, **window)
    first = a_page("tags", tags[0], **{**later, "is_last": False, "next_url": "…"})
    land(lake, "two", again, first, a_page("lists", a_record("list", "L1"), **later))
    return lake.for_account(ACCOUNT)


def facts(lake: Lake) -> Any:
    batches = landings.landed_batches(lake)
    return run_facts(lake, batches, "two", begins(batches))


QUESTIONS: dict[str, Callable[[Lake], Any]] = {
    "watermarks": lambda lake: store.read_watermarks(lake, ACCOUNT),
    "landed lately": lambda lake: landings.landed_lately(lake, ACCOUNT, NOON + DAY),
    "newest page": lambda lake: landings.newest_page(lake, ACCOUNT, NOON + DAY),
    "last asked": lambda lake: landings.last_asked(lake, ACCOUNT, [LISTS.name]),
    "pages read": lambda lake: landings.pages_read(lake, ACCOUNT, ENDPOINTS["tags"]),
    "batches": lambda lake: sorted(landings.landed_batches(lake), key=str),
    "members": lambda lake: store.members_held(lake, ACCOUNT, MEMBERS, {"L1": ["P1", "P9"]}),
    "loads": lambda lake: replace(store.read_drift(lake, ACCOUNT, TABLES), states={}),
    "load notes": lambda lake: store.load_notes(lake, ACCOUNT),
    "accounts": lambda lake: store.accounts_of(lake, ["tags"]),
    "facts of a run": facts,
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_spark_answers_as_delta_rs_does(lake, monkeypatch, question):
    by_delta_rs = QUESTIONS[question](lake)
    monkeypatch.setattr(opening, "without_spark", lambda: False)

    assert QUESTIONS[question](lake) == by_delta_rs


def test_the_questions_have_answers(lake):
    """Else the same would be nothing, twice."""
    answers = {name: ask(lake) for name, ask in QUESTIONS.items()}

    assert answers["watermarks"].events.keys() == {"M1"}
    assert {walk.endpoint for walk in answers["landed lately"].cut_short} == {
        "tags",
        "lists",
        LISTS.name,
    }
    assert answers["newest page"] == NOON + DAY
    assert answers["last asked"][LISTS.name].keys() == {"L1"}
    assert answers["pages read"] == 2
    assert len(answers["batches"]) == 6
    assert answers["members"] == ({"L1": 2}, {"L1": 1})
    assert answers["loads"].batch_ids["tags"] == {"batch of one"}
    assert answers["accounts"] == {ACCOUNT}
    assert answers["facts of a run"].unchanged == {LISTS.name}
