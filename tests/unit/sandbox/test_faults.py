"""Every kind of misbehaviour, over a real socket."""

from __future__ import annotations

import pytest
import requests

from klaviyo_spark.sandbox.faults import KINDS, Faults

STATUSES = {
    "429": 429,
    "429_long": 429,
    "500": 500,
    "502": 502,
    "503": 503,
    "504": 504,
    "401": 401,
    "403": 403,
    "404": 404,
    "410": 410,
    "redirect": 302,
}
BROKEN = {"drop", "short", "stall"}
CHANGED = {"html200", "malformed", "no_data", "no_links", "loop", "foreign_next"}


def test_every_kind_is_tested_here():
    assert set(STATUSES) | BROKEN | CHANGED | {"expired_cursor"} == KINDS


@pytest.mark.parametrize("kind", sorted(STATUSES))
def test_answers_with_a_status(sandbox, get, kind):
    sandbox.faults.add(kind, path=r"/api/tags$", times=1)

    answer = get("/api/tags")

    assert answer.status_code == STATUSES[kind]
    assert get("/api/tags").status_code == 200
    assert answer.headers.get("Retry-After") == {"429": "1", "429_long": "400"}.get(kind)


def test_503_is_a_page_for_people(sandbox, get):
    sandbox.faults.add("503", times=1)

    assert get("/api/tags").text.startswith("<html>")


@pytest.mark.parametrize("kind", sorted(BROKEN))
def test_breaks_the_connection(sandbox, get, kind):
    sandbox.faults.stall_s = 0.1
    sandbox.faults.add(kind, path="/api/events", times=1)

    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        get("/api/events?page[size]=50")

    assert get("/api/events?page[size]=50").status_code == 200


def spoilt(sandbox, get, kind):
    sandbox.faults.add(kind, path="/api/lists", times=1)
    return get("/api/lists?sort=id")


def test_html_with_status_200(sandbox, get):
    answer = spoilt(sandbox, get, "html200")

    assert answer.status_code == 200
    assert "text/html" in answer.headers["Content-Type"]


def test_json_that_is_cut(sandbox, get):
    answer = spoilt(sandbox, get, "malformed")

    assert len(answer.content) == int(answer.headers["Content-Length"])
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


@pytest.mark.parametrize(("kind", "key"), [("no_data", "data"), ("no_links", "links")])
def test_pages_that_lack_a_part(sandbox, get, kind, key):
    assert key not in spoilt(sandbox, get, kind).json()


def test_a_next_link_that_leads_nowhere_new(sandbox, get):
    answer = spoilt(sandbox, get, "loop")

    assert answer.json()["links"]["next"] == f"{sandbox.url}/api/lists?sort=id"


def test_a_next_link_to_another_host(sandbox, get):
    following = spoilt(sandbox, get, "foreign_next").json()["links"]["next"]

    assert following.startswith("https://elsewhere.example/")


def test_a_cursor_that_expires_once_after_some_pages(sandbox, get):
    sandbox.faults.add("expired_cursor", path="/api/events", after=1, times=1)
    first = get("/api/events?page[size]=5&sort=datetime").json()["links"]["next"]
    second = get(first).json()["links"]["next"]

    expired = get(second)

    assert expired.status_code == 400
    assert expired.json()["errors"][0]["detail"] == "Invalid cursor provided"
    assert get(second).status_code == 200


def test_chance_comes_from_the_seed():
    def struck(seed):
        faults = Faults(seed)
        faults.add("503", probability=0.3)
        return [faults.before("/api/events") is not None for _ in range(200)]

    assert struck(1) == struck(1)
    assert struck(1) != struck(2)
    assert 30 < sum(struck(1)) < 90


def test_unknown_kinds_are_refused():
    with pytest.raises(ValueError, match="no fault 'flood'"):
        Faults().add("flood")


def test_the_query_can_be_matched_too(sandbox, get):
    sandbox.faults.add("500", path="messages.channel,'sms'")
    path = "/api/campaigns?filter=equals(messages.channel,'{}')"

    assert get(path.format("email")).status_code == 200
    assert get(path.format("sms")).status_code == 500


def test_several_kinds_strike_in_turn_and_are_counted(sandbox, get):
    before = sandbox.faults.struck.copy()
    sandbox.faults.add(("500", "html200"), path="/api/tags", times=4)

    types = [get("/api/tags").headers["Content-Type"].partition(";")[0] for _ in range(4)]

    assert types == ["application/vnd.api+json", "text/html"] * 2
    assert sandbox.faults.struck - before == {"500": 2, "html200": 2}


def test_a_cursor_of_before_all_expired_is_none(sandbox, get):
    first = get("/api/events?page[size]=5").json()["links"]["next"]

    sandbox.expire_cursors()

    assert get(first).json()["errors"][0]["detail"] == "Invalid cursor provided"
    fresh = get("/api/events?page[size]=5").json()["links"]["next"]
    assert get(fresh).status_code == 200
