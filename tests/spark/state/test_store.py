"""Which runs count as cut short, and what the run after one reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import NoReturn

import pytest

from klaviyo_spark.bronze.ingest import _Ingest
from klaviyo_spark.client.client import Client
from klaviyo_spark.client.rate_limiter import Limiter
from klaviyo_spark.client.retry import RetryPolicy
from klaviyo_spark.commands.sync.pipeline import _Runs
from klaviyo_spark.config.models import Settings
from klaviyo_spark.config.secrets import ApiKey
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.resources import ENDPOINTS
from klaviyo_spark.sandbox import Account, Sandbox
from klaviyo_spark.state import landings, store, watermarks
from klaviyo_spark.state.landings import RecentLandings
from klaviyo_spark.state.resume_points import ResumePoint, advance
from klaviyo_spark.state.watermarks import KnownWatermarks
from tests.builders import HOUR, NOW, a_page
from tests.helpers.fakes import BASE
from tests.helpers.small_lakes import run_account


def end(lake: Lake, run_id: str, endpoint: str, *resumed: ResumePoint) -> None:
    marks = watermarks.ends([ENDPOINTS[endpoint]], resumed, run_id, NOW)
    bronze = landings.bronze_state(lake)
    facts = ("default", bronze.table_id, bronze.version)
    lake.append_ops("watermarks", [watermarks.as_row(mark, *facts) for mark in marks])


def test_a_run_that_was_killed_is_gone_on_with_until_another_has_ended(lake):
    first = a_page(
        "tags",
        fetched_at=NOW - 2 * HOUR,
        run_id="one",
        is_last=False,
        next_url=f"{BASE}/api/tags?2",
    )
    second = {**first, "page_number": 2, "is_last": True, "next_url": None, "run_id": "two"}
    second["fetched_at"] = NOW - HOUR
    elsewhere = a_page("tags", fetched_at=NOW, run_id="three", account_id="other")

    assert landings.landed_lately(lake, "default", NOW) == RecentLandings()
    lake.append_pages([first, elsewhere])
    killed = landings.landed_lately(lake, "default", NOW).cut_short
    lake.append_pages([second])
    end(lake, "two", "tags")
    ended = landings.landed_lately(lake, "default", NOW).cut_short
    third = a_page("lists", fetched_at=NOW, run_id="four")
    lake.append_pages([third])
    killed_since = landings.landed_lately(lake, "default", NOW).cut_short

    assert killed == [advance(first, None)]
    assert ended == []
    assert killed_since == [advance(third, None)]
    assert landings.landed_lately(lake, "default", NOW).newest == NOW
    assert landings.newest_page(lake, "default", NOW) == NOW


def test_what_had_landed_whole_is_gone_on_with_once(lake):
    """The run that goes on has no page of its own to show for it."""
    whole = a_page("tags", fetched_at=NOW - 2 * HOUR, run_id="one")
    lake.append_pages([whole])
    killed = landings.landed_lately(lake, "default", NOW).cut_short
    end(lake, "two", "lists")
    failed = landings.landed_lately(lake, "default", NOW).cut_short
    end(lake, "three", "tags", advance(whole, None))

    assert killed == failed == [advance(whole, None)]
    assert landings.landed_lately(lake, "default", NOW).cut_short == []


def test_an_endpoint_whose_ingest_has_ended_is_not_gone_on_with_another_is(lake):
    tags, lists = (a_page(name, fetched_at=NOW, run_id="one") for name in ("tags", "lists"))
    lake.append_pages([tags, lists])
    end(lake, "one", "tags")

    assert landings.landed_lately(lake, "default", NOW).cut_short == [advance(lists, None)]


def test_how_far_runs_got_is_no_news_of_groups_or_times(lake):
    end(lake, "one", "lists", advance(a_page("profiles"), None))

    assert store.read_watermarks(lake, "default") == KnownWatermarks()


@pytest.fixture
def asked(lake, monkeypatch) -> Iterator[tuple[Sandbox, Callable[..., int]]]:
    """An account of several pages of tags, and how many of them one more run asks for."""
    patient = RetryPolicy(sleep=lambda _seconds, _stop=None: None)
    account = Account(events=50, profiles=10)
    with Sandbox(account, key="pk_x", rate_scale=1_000, page_most=5) as sandbox:
        settings = Settings(base_url=sandbox.url, resources=("tags", "lists"))

        def by_a_run(killed: str = "") -> int:
            before = sandbox.counts()["/api/tags"]
            limiter = Limiter()
            with (
                Client(sandbox.url, ApiKey("pk_x"), limiter=limiter, policy=patient) as client,
                monkeypatch.context() as cut_short,
            ):
                if killed == "ingest":
                    cut_short.setattr(_Ingest, "_remember", die)
                elif killed == "refine":
                    cut_short.setattr(_Runs, "refine", die)
                with suppress(Killed):
                    run_account("sync" if killed == "refine" else "ingest", lake, settings, client)
            return sandbox.counts()["/api/tags"] - before

        yield sandbox, by_a_run


class Killed(BaseException):
    """Ends a run without a word to anybody."""


def die(*_of: object, **_how: object) -> NoReturn:
    raise Killed


def test_after_a_run_was_killed_in_ingest_listings_are_read_by_every_run_but_the_next(asked):
    _, by_a_run = asked

    first = by_a_run(killed="ingest")

    assert first > 0
    assert [by_a_run() for _ in range(3)] == [0, first, first]


def test_after_a_run_was_killed_in_refine_listings_are_read_by_every_run(asked):
    _, by_a_run = asked

    first = by_a_run(killed="refine")

    assert first > 0
    assert [by_a_run() for _ in range(2)] == [first, first]


def test_what_could_not_be_gone_on_with_is_gone_on_with_by_the_run_after(asked):
    sandbox, by_a_run = asked
    whole = by_a_run()
    sandbox.faults.add("500", "/api/tags", after=1)
    by_a_run(killed="ingest")
    by_a_run()  # the rest of its resources is all done
    sandbox.faults.clear()

    assert [by_a_run() for _ in range(2)] == [whole - 1, whole]
