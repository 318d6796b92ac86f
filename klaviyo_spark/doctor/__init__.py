"""Is everything there that a sync needs? One line per check; Spark is started only where the lake
cannot be looked into without it.

``machine``, ``account`` and ``lake`` hold the checks, ``check`` what they give.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timezone

from klaviyo_spark.doctor import account, machine
from klaviyo_spark.doctor import lake as lakes
from klaviyo_spark.doctor.check import Check, exit_code, guarded, lines, ok, verdict, warn
from klaviyo_spark.errors import ConfigError
from klaviyo_spark.lock import local_folder
from klaviyo_spark.secret import ApiKey
from klaviyo_spark.settings import Settings, api_key, check_warehouse
from klaviyo_spark.status import facts, summed
from klaviyo_spark.status.opening import lake_name, reader

__all__ = ["Check", "examined", "exit_code", "lines", "verdict"]


def examined(load: Callable[[], Settings], environ: Mapping[str, str]) -> Iterator[Check]:
    """All checks, each given as soon as it is made.

    Args:
        load: gives the settings, or raises what is wrong with them.
    """
    settings: Settings | None = None
    key: ApiKey | None = None

    def conf() -> Iterable[Check]:
        nonlocal settings
        settings = load()
        yield ok("conf", f"account {settings.account}, lake {lake_name(settings)}")

    def secret() -> Iterable[Check]:
        nonlocal key
        assert settings
        key = api_key(settings, environ)
        if key.reveal().startswith("pk_"):
            yield ok("key", "there is a private key")
        else:
            yield warn(
                "key",
                "the key does not begin with pk_, as private keys do",
                "a public key or site id will not do: Klaviyo, Settings, API keys",
            )

    yield from guarded("conf", conf)
    yield from guarded("java", lambda: machine.spark(environ))
    yield from guarded("spark and delta", lambda: machine.pair(environ))
    yield from guarded("delta-rs", machine.delta_rs)
    if settings is None:
        yield warn("the rest", "not looked at without a conf", "mend that first")
        return
    yield from _lake(settings)
    yield from guarded("key", secret)
    if key is None:
        yield warn("klaviyo", "not asked without a key", "mend that first")
        return
    yield from guarded("klaviyo", lambda: _account(settings, key))


def _lake(settings: Settings) -> Iterator[Check]:
    """The lake's place, what is in it, who holds it."""
    folder = local_folder(settings.warehouse, settings.catalog)
    usable = True

    def place() -> Iterable[Check]:
        nonlocal usable
        try:
            check_warehouse(settings.warehouse, settings.schemas)
        except ConfigError:
            usable = False
            raise
        return machine.room(folder)

    def inside() -> Iterable[Check]:
        found = facts(reader(settings))
        now = datetime.now(timezone.utc)
        status = summed(found, lake_name(settings), settings.account, now)
        yield from lakes.lake(status)
        yield lakes.lock(status.holder)

    if settings.catalog:
        yield from guarded("disk", lambda: machine.room(None))
    else:
        yield from guarded("warehouse", place)
    if usable:
        yield from guarded("lake", inside)


def _account(settings: Settings, key: ApiKey) -> Iterator[Check]:
    with account.client(settings, key) as client:
        yield from account.account(client, settings.resources)
