"""What the doctor says of campaigns at the revision they are read at and at the one after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from klaviyo_spark.client.client import Client
from klaviyo_spark.client.rate_limiter import Limiter
from klaviyo_spark.commands.doctor.account import account
from klaviyo_spark.commands.doctor.campaign_revisions import (
    NAME,
    Comparison,
    Sample,
    choose_samples,
    compare_samples,
    report_comparisons,
)
from klaviyo_spark.config.secrets import ApiKey
from klaviyo_spark.sandbox import Account, Sandbox, app
from klaviyo_spark.sandbox.asked import understand
from klaviyo_spark.schema.instants import as_time
from tests.builders import KEY, a_campaign

NINE = "2026-05-01T09:00:00+00:00"


def a_sample(**facts: Any) -> Sample:
    sample = Sample("plain", "C1", frozenset({"M1"}), as_time(NINE))
    return replace(sample, **facts)


def a_message(id: str = "M1", time: str | None = NINE, arms: Any = ("V1",)) -> dict[str, Any]:
    named = [{"type": "campaign-variation", "id": arm} for arm in arms]
    return {
        "type": "campaign-message",
        "id": id,
        "attributes": {"definition": {"send_options": {"send_time": time}}},
        "relationships": {
            "campaign": {"data": {"type": "campaign", "id": "C1"}},
            "campaign-variations": {"data": named[0] if len(named) == 1 else named},
        },
    }


def compared(sample: Sample, *messages: dict[str, Any]) -> Comparison:
    [one] = compare_samples([sample], [{"id": "C1"}], messages)
    return one


def test_one_campaign_of_each_kind_is_chosen_sent_ones_first():
    def strategy(method: str, **options: Any) -> dict[str, Any]:
        return {"send_strategy": {"method": method, "options": options}}

    campaigns = [
        a_campaign("draft", status="Draft"),
        a_campaign("plain", send_time=NINE),
        a_campaign("another"),
        a_campaign("smart", status="Draft", **strategy("smart_send_time")),
        a_campaign("local", **strategy("static", is_local=True)),
        a_campaign("test", **strategy("ab_test_campaign")),
        a_campaign("throttled", **strategy("throttled")),
        {"id": "odd", "attributes": None, "relationships": None},
    ]

    chosen = choose_samples(campaigns)

    assert [(one.kind, one.campaign_id) for one in chosen] == [
        ("plain", "plain"),
        ("A/B test", "test"),
        ("local send", "local"),
        ("smart send", "smart"),
    ]
    assert chosen[0] == a_sample(campaign_id="plain", message_ids=frozenset({"plain-M"}))


@pytest.mark.parametrize(
    ("sample", "messages", "expected"),
    [
        (a_sample(), [a_message()], Comparison("plain")),
        (a_sample(send_time=None), [a_message(time=None)], Comparison("plain")),
        (
            a_sample(message_ids=frozenset({"V1", "V2"})),
            [a_message(arms=("V1", "V2"))],
            Comparison("plain", arms=True),
        ),
        (a_sample(), [a_message("M2")], Comparison("plain", "has messages with other ids")),
        (
            a_sample(),
            [a_message(time="2026-05-01T11:00:00+00:00")],
            Comparison("plain", "is sent at another time"),
        ),
        (
            a_sample(),
            [],
            Comparison("plain", "has messages with other ids and is sent at another time"),
        ),
    ],
)
def test_ids_and_times_are_compared(sample, messages, expected):
    assert compared(sample, *messages) == expected


def test_a_campaign_that_is_not_there_is_told():
    assert [*compare_samples([a_sample()], [], [])] == [Comparison("plain", "is not there")]


def test_what_differs_is_a_warning_that_says_what_to_do():
    found = report_comparisons([Comparison("plain"), Comparison("local send", "is late")], "A")

    assert (found.state, found.said) == (
        "warn",
        "of plain, local send at API revisions A and 2026-10-15: at 2026-10-15 the local send "
        "is late",
    )
    assert "by campaign_id alone" in found.way_out


# -- asked of an account --------------------------------------------------------------------------


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    made = Account(seed=5, events=10, profiles=10, campaigns=42)
    with Sandbox(made, key=KEY, rate_scale=1000) as served:
        yield served


def looked_at(sandbox: Sandbox, *resources: str) -> dict[str, tuple[str, str]]:
    with Client(sandbox.url, ApiKey(KEY), limiter=Limiter()) as client:
        return {one.name: (one.state, one.said) for one in account(client, resources)}


def test_both_revisions_are_compared_by_three_requests_where_variations_are_read(sandbox):
    found = looked_at(sandbox, "account", "campaigns", "campaign_variations")

    assert found[NAME] == (
        "ok",
        "ids and send times are the same at 2026-07-15 and 2026-10-15, by 4 campaigns (plain, "
        "A/B test, local send, smart send); messages of the A/B test are variations at 2026-10-15",
    )
    assert found["campaign_variations"] == ("ok", "campaigns:read, at revision 2026-10-15")
    assert "includes what it would tell" in found["campaign_message_variations"][1]
    asked = sandbox.counts()
    assert (asked["/api/campaigns"], asked["/api/campaign-messages"]) == (1 + 2, 1 + 1)


def test_nothing_is_compared_where_nobody_reads_variations(sandbox):
    assert NAME not in looked_at(sandbox, "campaigns")
    assert sandbox.counts()["/api/campaign-messages"] == 0


def test_an_account_without_campaigns_has_nothing_to_compare(sandbox):
    for type in ("campaign", "campaign-message"):
        sandbox.account.world.records[type].clear()

    found = looked_at(sandbox, "campaign_variations")

    assert found[NAME][0] == "ok"
    assert "not compared" in found[NAME][1]


def test_where_the_include_is_refused_the_doctor_says_so_and_compares_all_the_same(
    sandbox, monkeypatch
):
    def understood(rule: Any, *asked: Any) -> Any:
        listed = rule.template == "/api/campaign-messages"
        return understand(replace(rule, include=("campaign",)) if listed else rule, *asked)

    monkeypatch.setattr(app, "understand", understood)

    found = looked_at(sandbox, "campaign_variations")

    assert found["campaign_variations"][0] == "warn"
    assert "does not include campaign-variations" in found["campaign_variations"][1]
    # Without variations nobody knows whose ids the messages of the test have.
    assert found[NAME][0] == "warn"
    assert found[NAME][1].endswith("the A/B test has messages with other ids")


def test_a_missing_scope_is_named(sandbox):
    sandbox.missing_scopes = {"campaigns:read"}

    found = looked_at(sandbox, "campaign_variations")

    assert found[NAME][0] == "fail"
    assert "campaigns:read" in found[NAME][1]
