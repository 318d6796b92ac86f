"""Three kills of one ingest, then a sync that goes on from there. `make soak` has the long form."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from klaviyo_spark.bronze.lander import BATCH_PAGES
from klaviyo_spark.client.client import Client
from klaviyo_spark.client.rate_limiter import Limiter
from klaviyo_spark.commands.sync.account_run import Summary
from klaviyo_spark.config.models import Settings
from klaviyo_spark.config.secrets import ApiKey
from klaviyo_spark.sandbox import Account, Sandbox
from tests.builders import KEY
from tests.helpers.compare import differences
from tests.helpers.runs import (
    ASKED_TWICE,
    Home,
    Kill,
    a_pause,
    after_requests,
    asked_again,
    killed,
)
from tests.helpers.small_lakes import run_account

# Requests after which the runs are killed: the first lands a batch, the others die before theirs.
MOMENTS = ((BATCH_PAGES + 20, 2 * BATCH_PAGES), (20, 110), (20, 110))


@dataclass
class Story:
    """What the kills cost, and what the lake held in the end."""

    kills: list[Kill | None] = field(default_factory=list)
    summary: Summary | None = None
    asked: int = 0
    asked_again: int = 0
    landed: int = 0
    differences: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def story(spark, tmp_path_factory) -> Iterator[Story]:
    """Three runs that die after a random number of requests, and one that is left alone."""
    chance = random.Random(20)
    told = Story()
    account = Account(seed=20, events=4_000, profiles=300, flows=14, quiet_days=9)
    with Sandbox(account, key=KEY, rate_scale=50, page_most=10) as sandbox:
        home = Home(sandbox, tmp_path_factory.mktemp("kills"))
        for moment in MOMENTS:
            more = chance.randint(*moment)
            reached = after_requests(home, more)
            told.kills.append(killed(home, "ingest", f"{more} requests", reached, a_pause(chance)))
        lake = home.lake(spark)
        with Client(sandbox.url, ApiKey(KEY), limiter=Limiter()) as client:
            told.summary = run_account("sync", lake, Settings(base_url=sandbox.url), client)
        told.asked, told.landed = len(sandbox.requests), home.landed()
        told.asked_again = asked_again(sandbox).total()
        told.differences = differences(lake, account.truth())
        yield told


def test_each_run_was_killed_with_pages_in_its_hands(story):
    assert all(kill and kill.lost > 0 for kill in story.kills), story.kills
    assert story.kills[0].landed == BATCH_PAGES


def test_the_run_after_the_kills_is_all_done(story):
    assert (story.summary.exit_code, story.summary.outcome.failed) == (0, {})


def test_a_kill_costs_a_batch_and_what_was_in_flight(story):
    assert [kill for kill in story.kills if kill.lost > ASKED_TWICE] == []


def test_what_had_landed_is_not_asked_again(story):
    assert story.asked - story.landed == sum(kill.lost for kill in story.kills)
    assert story.asked_again <= len(MOMENTS) * ASKED_TWICE


def test_silver_is_what_the_account_says(story):
    assert story.differences == []
