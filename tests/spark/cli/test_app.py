"""The command line: what bad input gets, and what a key without a scope does."""

from __future__ import annotations

import pytest

from klaviyo_spark.cli import main
from klaviyo_spark.sandbox import Account, Sandbox
from tests.builders import KEY
from tests.helpers.command_line import run

pytestmark = pytest.mark.usefixtures("_with_key")


@pytest.fixture
def account():
    """A small account behind a socket."""
    with Sandbox(
        Account(seed=3, events=100, profiles=20, quiet_days=29), key=KEY, rate_scale=50
    ) as sandbox:
        yield sandbox


def test_a_wrong_key_is_one_line_without_the_key(spark, capsys, monkeypatch, account):
    monkeypatch.setenv("KLAVIYO_API_KEY", "pk_wrong_0123456789")
    code, err = run(capsys, "sync", "--base-url", account.url)
    said = [line for line in err.splitlines() if line.startswith("klaviyo-spark:")]
    assert (code, len(said)) == (1, 1), err
    assert "401" in said[0]
    assert "pk_wrong" not in err


def test_a_host_out_of_reach_is_one_line(spark, capsys):
    code, err = run(capsys, "ingest", "--base-url", "http://127.0.0.1:9", "--resources", "tags")
    said = [line for line in err.splitlines() if line.startswith("klaviyo-spark:")]
    assert (code, len(said)) == (1, 1), err


def test_a_missing_scope_is_named_with_its_tables_and_the_rest_goes_on(spark, capsys, account):
    account.missing_scopes = {"lists:read"}
    with pytest.raises(SystemExit) as left:
        main(["ingest", "--base-url", account.url, "--resources", "lists,tags,metrics"])
    out = capsys.readouterr().out
    assert left.value.code == 3
    said = next(line for line in out.splitlines() if line.startswith("failed: lists"))
    assert "lists:read" in said
    assert "list_tags" in said
    assert "tags" not in [
        line.split()[2].rstrip(":") for line in out.splitlines() if line.startswith("failed: ")
    ]
