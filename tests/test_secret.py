"""Where the key comes from, and that it does not show."""

from __future__ import annotations

import logging
import pickle

import pytest

from klaviyo_spark.errors import ConfigError
from klaviyo_spark.secret import ApiKey, find_key

DATABRICKS = {"DATABRICKS_RUNTIME_VERSION": "17.3"}


def a_vault(scope: str, key: str) -> str:
    return f"from-{scope}-{key}"


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
        (None, None, "no Klaviyo key: set KLAVIYO_API_KEY, or on Databricks --secret-scope and"),
        ("s", None, "--secret-key is missing"),
        (None, "k", "--secret-scope is missing"),
        ("s", "k", "secret s/k: only Databricks has secret scopes; set KLAVIYO_API_KEY elsewhere"),
    ],
)
def test_without_a_key_the_run_ends_and_says_what_to_set(
    scope: str | None, key: str | None, message: str
):
    with pytest.raises(ConfigError, match=message) as refused:
        find_key(scope, key, {"KLAVIYO_API_KEY": " "})

    assert refused.value.exit_code == 2


def test_a_key_does_not_show(caplog: pytest.LogCaptureFixture):
    key = ApiKey("pk_x")

    with caplog.at_level(logging.INFO):
        logging.getLogger("test").info("%s %r", key, {"key": key})

    assert "pk_x" not in f"{key} {key!r} {[key]} {caplog.text}"
    with pytest.raises(TypeError, match="not to be pickled"):
        pickle.dumps(key)
