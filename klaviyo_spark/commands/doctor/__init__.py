"""Is everything there that a sync needs? One line per check; Spark is started only where the lake
cannot be looked into without it.

``machine``, ``account`` and ``lake`` hold the checks, ``check`` what they give.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress

from klaviyo_spark import messages
from klaviyo_spark.clock import utc_now
from klaviyo_spark.commands.doctor import account, machine
from klaviyo_spark.commands.doctor import lake as lakes
from klaviyo_spark.commands.doctor.check import (
    Diagnosis,
    exit_code_of_checks,
    guarded,
    lines,
    of_account,
    ok,
    verdict,
    warn,
)
from klaviyo_spark.commands.doctor.check import (
    facts as facts_of_checks,
)
from klaviyo_spark.commands.status import facts, summed
from klaviyo_spark.commands.sync.account_context import check_apart
from klaviyo_spark.config.accounts import settings_per_account
from klaviyo_spark.config.loader import api_key
from klaviyo_spark.config.models import Settings
from klaviyo_spark.config.personal_data import personal
from klaviyo_spark.config.secrets import ApiKey
from klaviyo_spark.errors import ConfigError
from klaviyo_spark.lake.readers.opening import lake_name, reader
from klaviyo_spark.lake.warehouse import check_warehouse

__all__ = ["Diagnosis", "exit_code_of_checks", "facts_of_checks", "lines", "run_checks", "verdict"]


def run_checks(load: Callable[[], Settings], environ: Mapping[str, str]) -> Iterator[Diagnosis]:
    """All checks, each given as soon as it is made.

    Args:
        load: gives the settings, or raises what is wrong with them.
    """
    settings: Settings | None = None

    def conf() -> Iterable[Diagnosis]:
        nonlocal settings
        settings = load()
        of = settings_per_account(settings)
        names = ", ".join(one.account for one in of)
        whose = f"account {names}" if len(of) == 1 else f"{len(of)} accounts ({names})"
        yield ok("conf", f"{whose}, lake {lake_name(settings)}")

    def diagnoses() -> Iterable[Diagnosis]:
        assert settings
        treated = personal(settings, environ).treated
        if treated:
            said = ", ".join(f"{name}={treatment}" for name, treatment in treated.items())
            yield ok("personal data", f"{said}; the key of digests is there where one is needed")

    yield from guarded("conf", conf)
    yield from guarded("user", lambda: machine.user(environ))
    yield from guarded("folders", lambda: machine.folders(environ))
    yield from guarded("java", lambda: machine.spark(environ))
    yield from guarded("spark and delta", lambda: machine.pair(environ))
    yield from guarded("delta-rs", machine.delta_rs)
    if settings is None:
        yield warn("the rest", messages.doctor.NO_CONF)
        return
    yield from _lake(settings)
    yield from guarded("personal data", diagnoses)
    every = settings_per_account(settings)
    yield from guarded("key", lambda: _check_distinct_keys(every, environ))
    for one in every:
        found = _klaviyo(one, environ)
        yield from found if len(every) == 1 else of_account(one.account, found)


def _check_distinct_keys(
    every: Iterable[Settings], environ: Mapping[str, str]
) -> Iterable[Diagnosis]:
    """Nothing, where no two accounts have the same key; what a key lacks is each one's own."""
    keys = []
    for one in every:
        with suppress(ConfigError):
            keys.append((one, api_key(one, environ)))
    check_apart(keys)
    return ()


def _klaviyo(settings: Settings, environ: Mapping[str, str]) -> Iterator[Diagnosis]:
    """An account's key, and what Klaviyo answers to it."""
    key: ApiKey | None = None

    def secret() -> Iterable[Diagnosis]:
        nonlocal key
        key = api_key(settings, environ)
        if key.reveal().startswith("pk_"):
            yield ok("key", "there is a private key")
        else:
            yield warn("key", messages.doctor.NOT_PRIVATE_KEY)

    yield from guarded("key", secret)
    if key is None:
        yield warn("klaviyo", messages.doctor.NO_KEY)
        return
    yield from guarded("klaviyo", lambda: _account(settings, key))


def _lake(settings: Settings) -> Iterator[Diagnosis]:
    """The lake's place, what is in it, who holds it."""
    usable = True

    def place() -> Iterable[Diagnosis]:
        nonlocal usable
        try:
            found = check_warehouse(settings.warehouse, settings.schemas)
        except ConfigError:
            usable = False
            raise
        yield from machine.room(found.folder)
        if found.store:
            yield from machine.store(found.store, settings.warehouse, os.environ)

    def inside() -> Iterable[Diagnosis]:
        found = facts(reader(settings))
        now = utc_now()
        every = [
            summed(found, lake_name(settings), one.account, now)
            for one in settings_per_account(settings)
        ]
        if len(every) == 1 or not every[0].is_there:
            yield from lakes.lake(every[0])
        else:
            rows = sum(found.rows.values())
            yield ok("lake", f"{rows:,} rows in {len(found.rows)} tables, {every[0].lake}")
            for status in every:
                yield from of_account(status.account, lakes.runs(status))
        yield lakes.lock(every[0].holder)

    if settings.catalog:
        yield from guarded("disk", lambda: machine.room(None))
    else:
        yield from guarded("warehouse", place)
    if usable:
        yield from guarded("lake", inside)


def _account(settings: Settings, key: ApiKey) -> Iterator[Diagnosis]:
    with account.client(settings, key) as client:
        yield from account.account(client, settings.resources)
