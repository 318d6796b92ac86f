"""Ten days of an account that moves on, with kills in some of them, and the lake made anew."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from klaviyo_spark.sandbox import Account, Sandbox
from tests import contract
from tests.builders import KEY
from tests.helpers.compare import differences, held
from tests.helpers.runs import (
    ALL_READ_ANEW,
    Home,
    Kill,
    a_pause,
    after_commits,
    after_requests,
    killed,
)

DAYS = range(1, 11)
# On these days a sync is killed so many requests, or commits of silver, after its start.
IN_INGEST, IN_REFINE = {2: 3, 6: 12, 9: 40}, {4: 1, 6: 3, 8: 6}
# The account is behind Klaviyo's clock by as many days as it is to move on, and one: its new
# events are as late as that.
BEHIND = len(DAYS) + 1
CONF = f"max_concurrent_requests: 16\n{ALL_READ_ANEW}lookback: {2 * BEHIND}d\n"


@dataclass
class Story:
    """What each day left, by its number, and the rows before and after the lake was made anew."""

    codes: dict[int, int] = field(default_factory=dict)
    differences: dict[int, list[str]] = field(default_factory=dict)
    kills: list[Kill | None] = field(default_factory=list)
    rebuilt: int = -1
    grown: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    made_anew: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def story(spark, tmp_path_factory) -> Iterator[Story]:
    """Ten syncs that end, and six that do not."""
    chance, told = random.Random(10), Story()
    account = Account(seed=10, events=3_000, profiles=300, quiet_days=9, lag_days=BEHIND)
    with Sandbox(account, key=KEY, rate_scale=200) as sandbox:
        home = Home(sandbox, tmp_path_factory.mktemp("ten-days"), conf=CONF)
        for day in DAYS:
            if day > 1:
                account.advance(1)
                late = account.today - timedelta(days=chance.randint(1, 6))
                account.arrive([late, late])
            if day in IN_INGEST:
                reached = after_requests(home, IN_INGEST[day])
                told.kills.append(killed(home, "sync", "requests", reached, a_pause(chance)))
            if day in IN_REFINE:
                reached = after_commits(home, IN_REFINE[day])
                told.kills.append(killed(home, "sync", "commits", reached, a_pause(chance)))
            told.codes[day] = home.here("sync")
            told.differences[day] = differences(home.lake(spark), account.truth())
            print(day, told.codes[day], told.kills, told.differences[day][:3])
        told.grown = held(home.lake(spark), contract.COLUMNS)
        told.rebuilt = home.here("refine", "--rebuild")
        told.made_anew = held(home.lake(spark), contract.COLUMNS)
        yield told


def test_every_sync_that_was_not_killed_is_all_done(story):
    assert story.codes == dict.fromkeys(DAYS, 0)


def test_each_kill_struck_a_run_under_way(story):
    assert len(story.kills) == len(IN_INGEST) + len(IN_REFINE)
    assert None not in story.kills


def test_every_cell_of_each_day_is_what_the_account_says(story):
    assert story.differences == {day: [] for day in DAYS}


@pytest.mark.parametrize("name", contract.COLUMNS)
def test_the_lake_made_anew_is_the_one_that_grew(story, name):
    assert story.rebuilt == 0
    assert story.grown[name]
    assert story.made_anew[name] == story.grown[name]
