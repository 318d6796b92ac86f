"""SIGKILL at twenty random moments of one long sync, most of ingest, some of refine."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from klaviyo_spark.sandbox import Account, Sandbox
from tests.builders import KEY
from tests.helpers.compare import differences
from tests.helpers.runs import (
    ASKED_TWICE,
    Ended,
    Home,
    Kill,
    a_pause,
    after_commits,
    after_requests,
    asked_again,
    killed,
)

IN_INGEST, IN_REFINE = 15, 5


@dataclass
class Story:
    """What the kills cost, and what the lake held in the end."""

    kills: list[Kill | None] = field(default_factory=list)
    finish: Ended | None = None
    asked: int = 0
    asked_again: int = 0
    landed: int = 0
    differences: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def story(spark, tmp_path_factory) -> Iterator[Story]:
    """Runs that die, and one that is left alone."""
    chance = random.Random(4)
    told = Story()
    account = Account(seed=4, events=16_000, profiles=800, quiet_days=9)
    with Sandbox(account, key=KEY, rate_scale=200, page_most=7) as sandbox:
        home = Home(sandbox, tmp_path_factory.mktemp("kills"))
        for _ in range(IN_INGEST):
            more = chance.randint(20, 300)
            verb = chance.choice(["ingest", "ingest", "sync"])
            reached = after_requests(home, more)
            told.kills.append(killed(home, verb, f"{more} requests", reached, a_pause(chance)))
        for _ in range(IN_REFINE):
            more = chance.randint(1, 12)
            reached = after_commits(home, more)
            told.kills.append(killed(home, "sync", f"{more} commits", reached, a_pause(chance)))
        told.finish = home.finish("sync")
        told.asked, told.landed = len(sandbox.requests), home.landed()
        told.asked_again = asked_again(sandbox).total()
        told.differences = differences(home.lake(spark), account.truth())
        print(f"asked {told.asked}, landed {told.landed}, URLs again {told.asked_again}")
        for kill in told.kills:
            print(kill, kill and f"lost {kill.lost}")
        yield told


def test_every_run_but_the_last_was_killed(story):
    assert None not in story.kills
    assert len(story.kills) == 20


def test_the_run_after_the_kills_is_all_done(story):
    assert (story.finish.code, story.finish.said) == (0, [])


def test_a_kill_costs_a_batch_and_what_was_in_flight(story):
    assert [kill for kill in story.kills if kill.lost > ASKED_TWICE] == []


def test_what_had_landed_is_not_asked_again(story):
    assert story.asked - story.landed == sum(kill.lost for kill in story.kills)
    assert story.asked_again <= len(story.kills) * ASKED_TWICE


def test_silver_is_what_the_account_says(story):
    assert story.differences == []
