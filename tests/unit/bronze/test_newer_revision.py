"""What only a newer revision has, asked of the sandbox and landed in a lake without Spark."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from klaviyo_spark.bronze.ingest import ingest
from klaviyo_spark.bronze.planner import IngestScope
from klaviyo_spark.client.client import Client
from klaviyo_spark.client.rate_limiter import Limiter
from klaviyo_spark.config.secrets import ApiKey
from klaviyo_spark.lake.lake import AccountLake
from klaviyo_spark.lake.readers.opening import ask
from klaviyo_spark.progress import Silent
from klaviyo_spark.sandbox import Sandbox, app
from klaviyo_spark.sandbox.answers import Refusal
from klaviyo_spark.sandbox.asked import understand
from klaviyo_spark.state.models import Outcome
from tests.builders import DAY, KEY

MESSAGES = "/api/campaign-messages"


def ingested(sandbox: Sandbox, lake: AccountLake, run: str = "one") -> Outcome:
    resources = ("account", "campaign_variations", "campaigns")
    limiter = Limiter(sleep=lambda _seconds, _stop: None)
    wanted = IngestScope(
        "default", run, resources, None, None, DAY, DAY, DAY, DAY, "documented", threads=4
    )
    with Client(sandbox.url, ApiKey(KEY), limiter=limiter) as client:
        return ingest(lake, client, wanted, Silent())


def pages(lake: AccountLake, endpoint: str) -> list[dict[str, Any]]:
    columns = "revision, is_full_read, slice, parent_id, body"
    return ask(lake, "pages", f"SELECT {columns} FROM {{t}} WHERE endpoint = '{endpoint}'")


def refuse_include(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the listing of messages be as Klaviyo's own client of that revision knows it."""

    def understood(rule: Any, *asked: Any) -> Any:
        listed = rule.template == MESSAGES
        return understand(replace(rule, include=("campaign",)) if listed else rule, *asked)

    monkeypatch.setattr(app, "understand", understood)


def test_variations_are_asked_at_their_revision_in_one_request_and_campaigns_at_theirs(
    sandbox, lake
):
    outcome = ingested(sandbox, lake)

    assert (outcome.failed, outcome.warnings) == ({}, [])
    assert sandbox.counts()[MESSAGES] == 1
    assert sandbox.counts()[f"{MESSAGES}/{{id}}"] == 0
    [page] = pages(lake, "campaign_variations")
    assert (page["revision"], page["is_full_read"]) == ("2026-10-15", True)
    assert {one["revision"] for one in pages(lake, "campaigns")} == {"2026-07-15"}


def test_a_refused_include_is_left_out_and_each_message_asked_about(sandbox, lake, monkeypatch):
    refuse_include(monkeypatch)

    outcome = ingested(sandbox, lake)

    assert outcome.failed == {}
    [line] = outcome.warnings
    assert "does not include campaign-variations in campaign_variations" in line
    [listing] = pages(lake, "campaign_variations")
    # What a listing without its variations lacks has not gone.
    assert (listing["is_full_read"], json.loads(listing["slice"])) == (
        False,
        {"left_out": "include"},
    )
    listed = {one["id"] for one in json.loads(listing["body"])["data"]}
    alone = pages(lake, "campaign_message_variations")
    assert {page["parent_id"] for page in alone} == listed
    assert {page["revision"] for page in alone} == {"2026-10-15"}
    assert all(json.loads(page["body"])["included"] for page in alone)


def test_the_day_after_only_messages_that_may_have_changed_are_asked_about(
    sandbox, lake, monkeypatch
):
    refuse_include(monkeypatch)
    ingested(sandbox, lake)
    before = sandbox.counts()[f"{MESSAGES}/{{id}}"]

    ingested(sandbox, lake, "two")

    listing = pages(lake, "campaign_variations")[-1]
    states = [
        one["attributes"]["definition"]["status"] for one in json.loads(listing["body"])["data"]
    ]
    unsettled = [status for status in states if status not in ("sent", "cancelled")]
    assert 0 < len(unsettled) < len(states)
    assert sandbox.counts()[f"{MESSAGES}/{{id}}"] - before == len(unsettled)


def test_a_newer_revision_that_is_gone_fails_its_group_and_no_other(sandbox, lake, monkeypatch):
    served = app.check_revision

    def retired(environ: dict[str, Any]) -> str:
        if environ["HTTP_REVISION"] == "2026-10-15":
            raise Refusal(410, "gone", "Gone.", "This API revision has been retired.")
        return served(environ)

    monkeypatch.setattr(app, "check_revision", retired)

    outcome = ingested(sandbox, lake)

    assert outcome.failed.keys() == {"campaign_variations"}
    assert pages(lake, "campaigns")
