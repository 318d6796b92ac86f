"""The keys: where they come from, and how they stay out of logs, tables and errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module

from klaviyo_spark import messages
from klaviyo_spark.errors import ConfigError

VARIABLE = "KLAVIYO_API_KEY"
HASH_VARIABLE = "KLAVIYO_HASH_KEY"
# Shorter ones are found by trying.
_SHORTEST = 16
# What a private key of Klaviyo looks like, wherever it may have got to.
KEY_LIKE = re.compile(r"\bpk_\w+")


class ApiKey:
    """A private key that shows itself only to whoever calls ``reveal``.

    Args:
        name: what a person calls it: the variable or the secret it is from.
    """

    __slots__ = ("_value", "name")

    def __init__(self, value: str, name: str = VARIABLE) -> None:
        self._value = value
        self.name = name

    def reveal(self) -> str:
        """The key itself, for the ``Authorization`` header and nothing else."""
        return self._value

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"

    def __reduce__(self) -> str:
        raise TypeError("a key is not to be pickled: it would travel to executors")


class HashKey(ApiKey):
    """The key of the digests that stand in the place of personal data."""

    __slots__ = ()


def from_databricks(scope: str, key: str, *, elsewhere: str = f"set {VARIABLE}") -> str:
    """The secret ``key`` of ``scope``.

    Args:
        elsewhere: what to do where this is not Databricks.

    Raises:
        ConfigError: this is not Databricks, it does not give the secret, or the secret is empty.
    """
    try:
        runtime = import_module("databricks.sdk.runtime")
    except Exception as error:  # the SDK raises errors of its own when there is no workspace
        raise ConfigError(
            messages.keys.ONLY_ON_DATABRICKS(scope=scope, key=key, elsewhere=elsewhere)
        ) from error
    try:
        value = str(runtime.dbutils.secrets.get(scope, key)).strip()
    except Exception as error:
        raise ConfigError(
            messages.keys.SECRET_REFUSED(scope=scope, key=key, error=type(error).__name__)
        ) from error
    if not value:
        raise ConfigError(messages.keys.SECRET_EMPTY(scope=scope, key=key))
    return value


def find_key(
    scope: str | None,
    key: str | None,
    environ: Mapping[str, str],
    secret: Callable[[str, str], str] | None = None,
    variable: str | None = VARIABLE,
) -> ApiKey:
    """The key: on Databricks from the secret scope where one is named, else from a variable.

    So a conf with a ``secret_scope`` runs in other places too.

    Args:
        secret: gives the secret of a scope; Databricks by default.
        variable: of the environment; None where the key is a secret's alone.

    Raises:
        ConfigError: there is none.
    """
    if (scope is None) != (key is None):
        missing = "--secret-key" if key is None else "--secret-scope"
        raise ConfigError(messages.keys.HALF_A_SECRET(missing=missing))
    elsewhere = f"set {variable}" if variable else "name a key_variable"
    secret = secret or partial(from_databricks, elsewhere=elsewhere)
    value, name = _find_key(scope, key, environ, secret, variable)
    if not value:
        raise ConfigError(messages.keys.NO_KEY(elsewhere=elsewhere))
    return ApiKey(value, name)


def find_hash_key(
    scope: str | None,
    key: str | None,
    environ: Mapping[str, str],
    secret: Callable[[str, str], str] | None = None,
) -> HashKey:
    """The key of digests, by the rules of ``find_key``.

    Raises:
        ConfigError: there is none, or it is short enough to be guessed.
    """
    secret = secret or partial(from_databricks, elsewhere=f"set {HASH_VARIABLE}")
    value, name = _find_key(scope, key, environ, secret, HASH_VARIABLE)
    if not value:
        raise ConfigError(messages.keys.NO_HASH_KEY(variable=HASH_VARIABLE))
    if len(value) < _SHORTEST:
        raise ConfigError(messages.keys.HASH_KEY_TOO_SHORT(variable=HASH_VARIABLE, least=_SHORTEST))
    return HashKey(value, name)


def _find_key(
    scope: str | None,
    key: str | None,
    environ: Mapping[str, str],
    secret: Callable[[str, str], str],
    variable: str | None,
) -> tuple[str, str]:
    """A key and what a person calls it; an empty one where there is none."""
    value = environ.get(variable, "").strip() if variable else ""
    if scope and key and ("DATABRICKS_RUNTIME_VERSION" in environ or not value):
        return secret(scope, key), f"secret {scope}/{key}"
    return value, variable or ""
