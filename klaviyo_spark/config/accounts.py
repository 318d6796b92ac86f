"""Several Klaviyo accounts in one lake: what conf says of each, and what their runs come to. Pure.

``accounts`` in conf lists them. Without it there is one, which conf ``account`` names. Whatever
works on a lake is given ``Settings`` of one account.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from klaviyo_spark import messages
from klaviyo_spark.config.models import Schemas, Settings
from klaviyo_spark.errors import ConfigError, UsageError

# What stands for a key, never the key itself.
_SECRET = ("secret_scope", "secret_key")
_KEYS = ("key_variable", *_SECRET)


def chosen(conf: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Settings by name, those given over those of conf, for the accounts wanted.

    Args:
        conf: checked; ``accounts`` holds entries by the names of their fields.
        given: by the command line or the environment, for all accounts. ``account`` chooses one;
            its settings then stand in the place of conf's, as they do where conf lists but one.
            It stays the only one of ``accounts``, which says that the lake may have others.

    Raises:
        UsageError: there is no such account, or one key is given for several.
        ConfigError: an account has no key of its own, or two are the same.
    """
    entries = [_with_key(one, conf, given) for one in conf.get("accounts") or ()]
    if not entries:
        return {**conf, **given, "accounts": ()}
    _check_apart(entries)
    names = [entry["name"] for entry in entries]
    name = given.get("account")
    if name is not None and name not in names:
        raise UsageError(
            messages.command_line.UNKNOWN_ACCOUNT(name=name, accounts=", ".join(names))
        )
    wanted = [entry for entry in entries if name in (None, entry["name"])]
    if len(wanted) > 1 and given.keys() & {*_KEYS}:
        raise UsageError(messages.command_line.SECRET_OF_ONE_ACCOUNT(accounts=", ".join(names)))
    left = [{f: v for f, v in entry.items() if f not in given} for entry in wanted]
    own = {"account": wanted[0]["name"], **left[0]} if len(wanted) == 1 else {}
    own.pop("name", None)
    return {**conf, **own, **given, "accounts": left}


def settings_per_account(settings: Settings) -> tuple[Settings, ...]:
    """The settings of each account, in conf's order; ``resources`` are all that it is to read.

    Raises:
        ConfigError: two would have their views for dbt in one schema.
    """
    replace = msgspec.structs.replace
    each = [
        replace(settings, **e.values, schemas=_schemas_of(e.name, settings.schemas), accounts=())
        for e in settings.accounts
    ] or [settings]
    places: dict[str, str] = {}
    for one in each:
        if (schema := one.schemas.dbt) and places.setdefault(schema, one.account) != one.account:
            other = places[schema]
            raise ConfigError(messages.dbt.SAME_SCHEMA(one=other, other=one.account, schema=schema))
    return tuple(
        replace(one, resources=(*dict.fromkeys((*one.resources, *one.plus_groups)),))
        for one in each
    )


def _schemas_of(account: str, schemas: Schemas) -> Schemas:
    """The schemas as one of several accounts has them: its views for dbt in one of its own.

    The package joins by ids alone, and those of two accounts are not told apart by it.
    """
    if schemas.dbt is None:
        return schemas
    own = re.sub(r"\W", "_", account, flags=re.ASCII).lower()
    return msgspec.structs.replace(schemas, dbt=f"{schemas.dbt}_{own}")


def duplicate_account_error(one: str, other: str) -> ConfigError:
    """The refusal of two accounts that are the same one."""
    return ConfigError(messages.keys.SAME_KEY(one=one, other=other))


def combined_exit_code(codes: Iterable[int]) -> int:
    """What several accounts come to, by the exit code of each.

    0 where all are done; 4 where the rate limit stopped one; where all failed, 1, or 2 if none was
    even started; else 3: others have done well.
    """
    found = set(codes)
    if found <= {0}:
        return 0
    if 4 in found:
        return 4
    if found <= {1, 2}:
        return min(found)
    return 3


def _with_key(
    entry: Mapping[str, Any], conf: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    """``entry`` with all that says where its key is: what it does not say itself is None."""
    named = {name: entry.get(name) for name in _KEYS}
    if named["secret_scope"] or named["secret_key"]:  # one of the two may be the same for all
        named |= {name: named[name] or conf.get(name) for name in _SECRET}
    if not all(named[name] for name in _SECRET):
        named |= dict.fromkeys(_SECRET)
        if not named["key_variable"] and not given.keys() & {*_KEYS}:
            raise ConfigError(messages.conf.ACCOUNT_WITHOUT_KEY(account=entry["name"]))
    return {**entry, **named}


def _check_apart(entries: Iterable[Mapping[str, Any]]) -> None:
    names: set[str] = set()
    of: dict[object, str] = {}
    for entry in entries:
        name = entry["name"]
        if name.casefold() in names:
            raise ConfigError(messages.conf.ACCOUNT_TWICE(account=name))
        names.add(name.casefold())
        for key in (entry["key_variable"], tuple(entry[part] for part in _SECRET)):
            if key and key != (None, None) and of.setdefault(key, name) != name:
                raise duplicate_account_error(of[key], name)
