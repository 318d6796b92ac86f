"""Who is meant by an address, from what pages and rows say; and in which order pages go."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from klaviyo_spark.commands.forget import finding, pages
from klaviyo_spark.commands.forget.finding import PageKey, PersonQuery, find
from klaviyo_spark.commands.forget.readable import ReadableTables
from klaviyo_spark.config.personal_data import digest
from klaviyo_spark.config.secrets import HashKey
from klaviyo_spark.resources import TABLES

KEY = HashKey("a key of thirty-two letters, or so", "KLAVIYO_HASH_KEY")
OLD, NEW, OTHER = "old@x.com", "new@x.com", "bob@x.com"


def a_page(number: int, *, tells: bool) -> PageKey:
    return PageKey("events", date(2026, 6, 1), "run", "batch", "walk", number, 10, tells)


@pytest.fixture
def lake(monkeypatch) -> Any:
    """A lake whose pages have gone by age, and whose tables show digests."""
    monkeypatch.setattr(finding, "_pages", lambda *_: iter(()))
    rows = [("ANN", digest(KEY, OLD)), ("ANN", digest(KEY, NEW)), ("BOB", digest(KEY, OTHER))]

    def told(_lake: Any, person: Any, _readable: Any) -> Any:
        return (row for row in rows if row[0] in person.ids or row[1] in person.digests)

    monkeypatch.setattr(finding, "_told_by_silver", told)
    place = SimpleNamespace(bronze="klaviyo_bronze")
    personal = SimpleNamespace(key=KEY)
    return SimpleNamespace(personal=personal, place=place, plus_there=frozenset())


def test_a_person_is_found_by_the_digest_of_an_address(lake):
    person = find(lake, PersonQuery(email=OLD), ReadableTables(lake)).person
    assert (person.ids, person.emails) == ({"ANN"}, {OLD})
    assert person.digests == {digest(KEY, OLD)}


def test_digests_of_addresses_that_nothing_tells_are_no_addresses(lake):
    found = find(lake, PersonQuery(profile="ANN"), ReadableTables(lake))
    assert found.person.emails == frozenset()


def test_pages_that_tell_the_address_asked_for_go_last():
    body = '{"data":[{"type":"profile","id":"%s","attributes":{"email":"%s"}}]}'
    bodies = [body % ("ANN", OLD), body % ("ANN", NEW), body % ("BOB", OTHER)]
    told = [
        finding.identifies_owner(finding.profiles_on(body), PersonQuery(email=OLD))
        for body in bodies
    ]
    keys = [a_page(number, tells=tells) for number, tells in enumerate(told)]
    assert [page.page_number for page in sorted(keys, key=pages._place)] == [1, 2, 0]


def test_an_account_is_not_its_default_sender_but_may_name_them():
    accounts, tokens = TABLES["accounts"], TABLES["push_tokens"]
    assert finding.owned_by_sql(accounts) is None
    assert "default_sender_email" in finding.texts_of(accounts)
    assert finding.owned_by_sql(tokens) == "coalesce(array_contains(w_ids, `profile_id`), false)"
