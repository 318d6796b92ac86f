"""A real S3 server for the tests in here, and an environment that knows no other."""

from __future__ import annotations

import os

import pytest

from tests.s3.server import SERVER, S3Server, s3_server


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> S3Server:
    """The server, until the last test has ended."""
    assert SERVER.exists(), "`make test-s3` builds the server"
    with s3_server(tmp_path_factory.mktemp("s3")) as running:
        yield running


@pytest.fixture
def store(server, monkeypatch) -> S3Server:
    """The server, and this process's environment as its client's."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in server.environ.items():
        monkeypatch.setenv(name, value)
    return server
