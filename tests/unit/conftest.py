"""Fixtures of tests without Spark: no Java, no proxies, servers on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NoReturn

import pytest
import responses

from tests.helpers.fakes import Answer, LoopbackServer


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "netrc"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(autouse=True)
def _no_java(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> NoReturn:
        pytest.fail("a test in tests/unit starts Java: move it to tests/spark")

    monkeypatch.setattr("pyspark.java_gateway.launch_gateway", refuse)


@pytest.fixture
def klaviyo() -> Iterator[responses.RequestsMock]:
    """Klaviyo as a fake with routes; what is not routed is refused."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as fake:
        yield fake


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[str], Answer]], LoopbackServer]]:
    """Start loopback servers that end with the test."""
    servers: list[LoopbackServer] = []

    def start(respond: Callable[[str], Answer]) -> LoopbackServer:
        servers.append(LoopbackServer(respond))
        return servers[-1]

    yield start
    for server in servers:
        server.close()
