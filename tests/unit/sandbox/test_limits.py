"""Rate limits: fixed windows, Klaviyo's headers, 429 when spent."""

from __future__ import annotations

import pytest

from klaviyo_spark.sandbox import Account, Sandbox
from klaviyo_spark.sandbox.answers import Refusal
from klaviyo_spark.sandbox.limits import Limits

TAGS = {
    "RateLimit-Limit": "3, 3;w=1, 60;w=60",
    "RateLimit-Remaining": "2",
    "RateLimit-Reset": "0",
}


@pytest.fixture
def limited(session):
    with Sandbox(Account(events=10, profiles=10)) as sandbox:
        yield lambda path: session.get(sandbox.url + path, timeout=10)


def test_success_states_the_limit_and_what_is_left(limited):
    headers = limited("/api/tags").headers

    assert {name: headers[name] for name in TAGS} == TAGS


def test_a_spent_second_is_429_with_the_seconds_to_wait(limited):
    answers = [limited("/api/tags") for _ in range(8)]

    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.headers["Retry-After"] == "1"
    assert "RateLimit-Limit" not in refused.headers
    error = refused.json()["errors"][0]
    assert error["code"] == "throttled"
    assert error["detail"] == "Request was throttled. Expected available in 1 second."


def test_counting_members_is_allowed_once_a_second(limited):
    id = limited("/api/lists").json()["data"][0]["id"]
    path = f"/api/lists/{id}?additional-fields[list]=profile_count"

    answers = [limited(path) for _ in range(4)]

    assert answers[0].headers["RateLimit-Limit"] == "1, 1;w=1, 15;w=60"
    assert 429 in [answer.status_code for answer in answers]
    assert limited(f"/api/lists/{id}").status_code == 200


def test_a_spent_minute_asks_to_wait_for_the_next():
    now = [120.0]
    limits = Limits(clock=lambda: now[0])
    for _ in range(15):
        limits.spend("x", (1, 15))
        now[0] += 1

    with pytest.raises(Refusal) as refused:
        limits.spend("x", (1, 15))

    assert refused.value.headers == {"Retry-After": "45"}
    now[0] = 180.0
    assert limits.spend("x", (1, 15))["RateLimit-Limit"] == "1, 1;w=1, 15;w=60"


def test_a_scale_multiplies_both_windows():
    headers = Limits(scale=10).spend("x", (3, 60))

    assert headers["RateLimit-Limit"] == "30, 30;w=1, 600;w=60"
