"""Where the key comes from, and that it does not show."""

from __future__ import annotations

import logging
import pickle
import sys
from types import SimpleNamespace

import pytest

from klaviyo_spark.config.secrets import ApiKey, find_key, from_databricks
from klaviyo_spark.errors import ConfigError

DATABRICKS = {"DATABRICKS_RUNTIME_VERSION": "17.3"}


def a_vault(scope: str, key: str) -> str:
    return f"from-{scope}-{key}"


def on_databricks(monkeypatch: pytest.MonkeyPatch, secrets: dict[tuple[str, str], str]) -> None:
    """Its SDK, with a ``dbutils`` that knows ``secrets`` and fails for others."""
    get = SimpleNamespace(get=lambda scope, key: secrets[scope, key])
    runtime = SimpleNamespace(dbutils=SimpleNamespace(secrets=get))
    monkeypatch.setitem(sys.modules, "databricks.sdk.runtime", runtime)


def test_the_key_comes_from_the_environment():
    assert find_key(None, None, {"KLAVIYO_API_KEY": " pk_x \n"}).reveal() == "pk_x"


def test_on_databricks_a_named_secret_comes_before_the_environment():
    environ = {**DATABRICKS, "KLAVIYO_API_KEY": "pk_x"}

    assert find_key("s", "k", environ, a_vault).reveal() == "from-s-k"


def test_elsewhere_the_environment_comes_before_a_named_secret():
    assert find_key("s", "k", {"KLAVIYO_API_KEY": "pk_x"}, a_vault).reveal() == "pk_x"


@pytest.mark.parametrize(
    ("scope", "key", "message"),
    [
        (
            None,
            None,
            "no Klaviyo key found. Either set KLAVIYO_API_KEY, or on Databricks give --secret",
        ),
        ("s", None, "--secret-key is missing"),
        (None, "k", "--secret-scope is missing"),
        (
            "s",
            "k",
            ("secret s/k: only Databricks has secret scopes. Elsewhere, set KLAVIYO_API_KEY."),
        ),
    ],
)
def test_without_a_key_the_run_ends_and_says_what_to_set(
    scope: str | None, key: str | None, message: str
):
    with pytest.raises(ConfigError, match=message) as refused:
        find_key(scope, key, {"KLAVIYO_API_KEY": " "})

    assert refused.value.exit_code == 2


def test_databricks_is_asked_for_a_secret_by_scope_and_key(monkeypatch: pytest.MonkeyPatch):
    on_databricks(monkeypatch, {("klaviyo", "private-key"): "pk_x\n"})

    assert find_key("klaviyo", "private-key", DATABRICKS).reveal() == "pk_x"


@pytest.mark.parametrize(
    ("secrets", "message"),
    [
        (
            {},
            "secret klaviyo/private-key: Databricks refuses it (KeyError). Create it by "
            "`databricks secrets create-scope klaviyo` and `databricks secrets "
            "put-secret klaviyo private-key`, and grant READ on the scope to whoever "
            "runs the job.",
        ),
        (
            {("klaviyo", "private-key"): " "},
            "secret klaviyo/private-key: is empty. Run `databricks secrets put-secret "
            "klaviyo private-key`, which asks for the key.",
        ),
    ],
    ids=["no such scope", "an empty secret"],
)
def test_a_secret_that_is_not_there_says_how_it_is_made(
    monkeypatch: pytest.MonkeyPatch, secrets: dict[tuple[str, str], str], message: str
):
    on_databricks(monkeypatch, secrets)

    with pytest.raises(ConfigError) as refused:
        from_databricks("klaviyo", "private-key")

    assert (str(refused.value), refused.value.exit_code) == (message, 2)


def test_a_key_does_not_show(caplog: pytest.LogCaptureFixture):
    key = ApiKey("pk_x")

    with caplog.at_level(logging.INFO):
        logging.getLogger("test").info("%s %r", key, {"key": key})

    assert "pk_x" not in f"{key} {key!r} {[key]} {caplog.text}"
    with pytest.raises(TypeError, match="not to be pickled"):
        pickle.dumps(key)
