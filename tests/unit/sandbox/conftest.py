"""One account served for the whole folder; tests that change one make their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import Any

import pytest
import requests

from klaviyo_spark.sandbox import Account, Sandbox

HEADERS = {
    "Authorization": "Klaviyo-API-Key pk_sandbox",
    "revision": "2026-07-15",
    "X-Klaviyo-Revision-Fall-Forward-Opt-Out": "1",
}
Get = Callable[..., requests.Response]


@pytest.fixture(scope="session")
def account() -> Account:
    return Account(seed=7, events=3_000, profiles=400)


@pytest.fixture(scope="session")
def served(account: Account) -> Iterator[Sandbox]:
    with Sandbox(account, rate_scale=1000) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(served: Sandbox) -> Iterator[Sandbox]:
    yield served
    served.faults.clear()
    served.missing_scopes = set()


@pytest.fixture(scope="session")
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.headers.update(HEADERS)
        session.trust_env = False
        yield session


@pytest.fixture
def get(sandbox: Sandbox, session: requests.Session) -> Get:
    """GET a path of the sandbox; keyword arguments as in requests."""

    def get(path: str, **options: Any) -> requests.Response:
        options = {"timeout": 10, "allow_redirects": False, **options}
        url = path if path.startswith("http") else sandbox.url + path
        return session.get(url, **options)

    return get


@pytest.fixture
def walk(get: Get) -> Callable[[str], list[dict[str, Any]]]:
    """Every object of a listing, page after page."""

    def walk(path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        following: str | None = path
        while following:
            answer = get(following)
            assert answer.status_code == 200, answer.text
            document = answer.json()
            found += document["data"]
            following = document["links"].get("next")
        return found

    return walk


@pytest.fixture
def own_account() -> Account:
    """An account of the test's own, to be moved on."""
    return Account(seed=3, events=3_000, profiles=400, now=datetime.now(timezone.utc))
