"""The Klaviyo key: where it comes from, and how it stays out of logs, tables and errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from importlib import import_module

from klaviyo_spark.errors import ConfigError

VARIABLE = "KLAVIYO_API_KEY"
# What a private key of Klaviyo looks like, wherever it may have got to.
KEY_LIKE = re.compile(r"\bpk_\w+")


class ApiKey:
    """A private key that shows itself only to whoever calls ``reveal``."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The key itself, for the ``Authorization`` header and nothing else."""
        return self._value

    def __repr__(self) -> str:
        return "ApiKey(***)"

    def __reduce__(self) -> str:
        raise TypeError("a key is not to be pickled: it would travel to executors")


def from_databricks(scope: str, key: str) -> str:
    """The secret ``key`` of ``scope``.

    Raises:
        ConfigError: this is not Databricks, it does not give the secret, or the secret is empty.
    """
    try:
        runtime = import_module("databricks.sdk.runtime")
    except Exception as error:  # the SDK raises errors of its own when there is no workspace
        raise ConfigError(
            f"secret {scope}/{key}: only Databricks has secret scopes; set {VARIABLE} elsewhere"
        ) from error
    try:
        value = str(runtime.dbutils.secrets.get(scope, key)).strip()
    except Exception as error:
        raise ConfigError(
            f"secret {scope}/{key}: Databricks does not give it ({type(error).__name__}); make it "
            f"with `databricks secrets create-scope {scope}` and `databricks secrets put-secret "
            f"{scope} {key}`, and let whoever runs the job read it"
        ) from error
    if not value:
        raise ConfigError(
            f"secret {scope}/{key}: is empty; `databricks secrets put-secret {scope} {key}` asks "
            "for the key"
        )
    return value


def find_key(
    scope: str | None,
    key: str | None,
    environ: Mapping[str, str],
    secret: Callable[[str, str], str] = from_databricks,
) -> ApiKey:
    """The key: on Databricks from the secret scope where one is named, else from KLAVIYO_API_KEY.

    So a conf with a ``secret_scope`` runs in other places too.

    Raises:
        ConfigError: there is none.
    """
    if (scope is None) != (key is None):
        missing = "--secret-key" if key is None else "--secret-scope"
        raise ConfigError(f"{missing} is missing: a secret has a scope and a key")
    value = environ.get(VARIABLE, "").strip()
    if scope and key and ("DATABRICKS_RUNTIME_VERSION" in environ or not value):
        return ApiKey(secret(scope, key))
    if not value:
        raise ConfigError(
            f"no Klaviyo key: set {VARIABLE}, or on Databricks --secret-scope and --secret-key"
        )
    return ApiKey(value)
