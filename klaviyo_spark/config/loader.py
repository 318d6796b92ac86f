"""Conf files, environment and options become one checked ``Settings``.

It is long, since each setting that needs more than its type has its check here.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import yaml

from klaviyo_spark import messages
from klaviyo_spark.config.accounts import chosen
from klaviyo_spark.config.address import check_base_url
from klaviyo_spark.config.extra_columns import extra_columns
from klaviyo_spark.config.models import (
    ASIDE,
    PLUS_NAMES,
    PLUS_NEEDS,
    RESOURCE_NAMES,
    Entry,
    Name,
    PersonalData,
    Schemas,
    Settings,
    Treatment,
)
from klaviyo_spark.config.secrets import KEY_LIKE, VARIABLE, ApiKey, find_key
from klaviyo_spark.config.times import parse_duration, parse_time
from klaviyo_spark.errors import ConfigError, UsageError
from klaviyo_spark.resources import set_extra_columns

BASE = Path("conf/base.yml")
# By libyaml, where PyYAML was built with it: base.yml in 2 ms instead of 20.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# What is shorter would take files from readers, or pages from runs that go on with others.
_AT_LEAST = {"vacuum_after": timedelta(days=7), "bronze_retention": timedelta(days=14)}
# Klaviyo has no longer one.
_AT_MOST = {"attribution_window": timedelta(days=90)}
_NESTED: Mapping[str, type[msgspec.Struct]] = {"schemas": Schemas, "personal_data": PersonalData}
# How msgspec ends a message: the place of the slip within the value.
_PLACE = re.compile(r" - at (?:`key` in )?`\$(.*)`$")


def load(
    path: str | None = None, *, environ: Mapping[str, str] = os.environ, **overrides: Any
) -> Settings:
    """The settings of a run: defaults, then base.yml, then ``path``, then ``overrides``.

    Where conf lists ``accounts``, those of ``--account``; without it of all (``accounts.each``).

    Args:
        path: a conf file; ``base.yml`` beside it is read first. Without it ``conf/base.yml`` of
            the working directory is read, if it is there.
        environ: KLAVIYO_BASE_URL in it comes after conf and before ``overrides``.
        overrides: settings by name, from options; None, or empty as Databricks gives it, means
            that the option was not given. ``resources`` may be one text with commas.

    Raises:
        ConfigError: says which file or option, which setting, and what is expected.
    """
    merged: dict[str, Any] = {}
    for file in conf_files(path):
        merged = _over(merged, _parse_file(file))
    options = {name: value for name, value in overrides.items() if value not in (None, "")}
    given: dict[str, Any] = {}
    if environ.get("KLAVIYO_BASE_URL") and "base_url" not in options:
        given["base_url"] = _override_of(
            "base_url", environ["KLAVIYO_BASE_URL"], "KLAVIYO_BASE_URL"
        )
    for name, value in options.items():
        try:
            given[name] = _override_of(name, value, f"--{name.replace('_', '-')}")
        except ConfigError as error:
            raise UsageError(f"{error}") from error
    if "resources" in given:  # what a command names is all that it is of
        given["plus"] = ()
    settings = msgspec.convert(chosen(merged, given), Settings)
    _check_schemas(settings.schemas)
    set_extra_columns(extra_columns(settings))
    return settings


def conf_files(path: str | None) -> list[Path]:
    """The conf files of a run, the ones that win last."""
    if path is None:
        return [BASE] if BASE.is_file() else []
    file = Path(path)
    if not file.is_file():
        raise ConfigError(messages.conf.NO_SUCH_FILE(path=path, nearby=_nearby_conf(file)))
    base = file.with_name(BASE.name)
    return [base, file] if base.is_file() and not base.samefile(file) else [file]


def _nearby_conf(file: Path) -> str:
    """What conf there is beside a file that is missing, if that is where conf is kept."""
    there = sorted(f.name for f in file.parent.glob("*.yml") if not f.match("*.job.yml"))
    if BASE.name not in there:
        return ""
    return f"; beside it are {', '.join(there)}: a bundle's target needs one of its own name"


def nearest(name: str, names: Iterable[str]) -> str:
    """``Did you mean 'x'? `` where one of ``names`` is close to ``name``, else nothing."""
    close = difflib.get_close_matches(name, list(names), n=1)
    return f"Did you mean '{close[0]}'? " if close else ""


def check_resources(names: Iterable[str]) -> tuple[str, ...]:
    """The resources asked for with those that they need, in their usual order, each once.

    Raises:
        UsageError: one is unknown, or none was named; lists them all.
    """
    every = (*RESOURCE_NAMES, *PLUS_NAMES)
    asked = _check_names(names, every)
    if not asked:
        raise UsageError(messages.conf.NO_RESOURCE(known=", ".join(every)))
    needed = {needs for name in asked for needs in PLUS_NEEDS.get(name, ())}
    return tuple(name for name in every if name in asked or name in needed)


def check_plus(names: Iterable[str]) -> str | tuple[str, ...]:
    """The groups of ``klaviyo_plus`` that are named, in their usual order; ``all`` stays.

    Raises:
        UsageError: one is unknown; lists them all.
    """
    asked = _check_names(names, (*PLUS_NAMES, "all"))
    return "all" if "all" in asked else tuple(name for name in PLUS_NAMES if name in asked)


def _check_names(names: Iterable[str], known: tuple[str, ...]) -> list[str]:
    asked = [name.strip() for name in names if name.strip()]
    for name in asked:
        if name not in known:
            raise UsageError(
                messages.conf.UNKNOWN_RESOURCE(
                    name=name, nearest=nearest(name, known), known=", ".join(known)
                )
            )
    return asked


def _check_schemas(schemas: Schemas) -> None:
    """Refuse schemas that are one and the same, to a catalog that does not mind capitals."""
    names = [name.lower() for name in msgspec.structs.astuple(schemas) if name]
    aside = (schemas.silver, schemas.ops, schemas.plus)
    beside = [f"{name.lower()}{ASIDE}" for name in aside]
    if len({*names, *beside}) < len(names) + len(beside):
        raise ConfigError(messages.conf.SAME_SCHEMA(schemas=", ".join(names), suffix=ASIDE))


def api_key(settings: Settings, environ: Mapping[str, str] = os.environ) -> ApiKey:
    """The account's key; see ``secrets.find_key``."""
    scope, key, variable = settings.secret_scope, settings.secret_key, settings.key_variable
    return find_key(scope, key, environ, variable=variable)


def _parse_file(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(messages.conf.CANNOT_READ(file=file, reason=error)) from error
    if KEY_LIKE.search(text):
        raise ConfigError(messages.conf.HOLDS_A_KEY(file=file, variable=VARIABLE))
    try:
        raw = yaml.load(text, Loader=_LOADER)  # noqa: S506 - both are safe ones
    except yaml.YAMLError as error:
        line = f", line {mark.line + 1}" if (mark := getattr(error, "problem_mark", None)) else ""
        raise ConfigError(messages.conf.NOT_YAML(file=file, line=line)) from error
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise ConfigError(messages.conf.NO_MAPPING(file=file))
    return _checked(raw, str(file))


def _checked(raw: Mapping[Any, Any], where: str) -> dict[str, Any]:
    """``raw`` in the types of ``Settings``.

    Raises:
        ConfigError: names every setting of ``where`` that is unknown or does not fit.
    """
    slips: list[str] = []
    fitting: dict[str, Any] = _fitting(raw, Settings, "", slips)
    if slips:
        raise ConfigError(f"{where}: {'; '.join(slips).replace('.; ', '; ')}")
    return fitting


def _override_of(name: str, value: Any, where: str) -> Any:
    """The value of a setting that a caller or a variable of the environment gives.

    Raises:
        ConfigError: there is no such setting, or the value does not fit it.
    """
    slips: list[str] = []
    try:
        kind = _type_of(name, Settings)
    except ValueError as error:  # from Python: an option is one that there is
        raise ConfigError(f"{error}") from error
    fitting = _fitting(value, kind, name, slips)
    if slips:
        raise ConfigError(f"{where}: {slips[0].removeprefix(f'{name}: ')}")
    return fitting


def _type_of(name: Any, struct: Any) -> Any:
    """The type of a setting.

    Raises:
        ValueError: there is no such setting; names the nearest.
    """
    types = _types_of(struct)
    if name not in types:
        raise ValueError(
            messages.conf.UNKNOWN_SETTING(name=name, nearest=nearest(str(name), types))
        )
    return types[name]


@cache
def _types_of(struct: Any) -> dict[str, Any]:
    """The types of a class's settings; read once, since each is an expression to evaluate."""
    return get_type_hints(struct, include_extras=True)


def _fitting(value: Any, kind: Any, place: str, slips: list[str]) -> Any:
    """``value`` in the type ``kind``; each part that does not fit goes into ``slips``.

    What is nested stays a dict, for another file to go over.
    """
    if kind in (Settings, *_NESTED.values(), Entry) and isinstance(value, dict):
        fitting = {}
        for name, one in value.items():
            try:
                field = _type_of(name, kind)
            except ValueError as error:
                slips.append(f"{place}: {error}" if place else f"{error}")
            else:
                fitting[name] = _fitting(one, field, f"{place}.{name}" if place else name, slips)
        return fitting
    if place == "accounts" and not value:
        return []
    if place == "accounts" and isinstance(value, list):
        every = [_fitting(one, Entry, f"accounts[{n}]", slips) for n, one in enumerate(value)]
        missing = [n for n, one in enumerate(every) if isinstance(one, dict) and "name" not in one]
        slips += [f"accounts[{n}]: has no name" for n in missing]
        return every
    try:
        return _value(place.rpartition(".")[2], value, kind)
    except msgspec.ValidationError as error:
        what = _PLACE.sub("", str(error))
        part = found[1] if (found := _PLACE.search(str(error))) else ""
        slips.append(f"{place}{part}: {what[0].lower()}{what[1:]}")
    except (ValueError, UsageError) as error:
        slips.append(f"{place}: {error}")
    return None


def _value(name: str, value: Any, kind: Any) -> Any:
    """The value of one setting in its type.

    Raises:
        ValueError, UsageError, msgspec.ValidationError: it does not fit; says what is expected.
    """
    kinds = (kind, *get_args(kind))
    if value is None and type(None) in kinds:
        return None
    if timedelta in kinds:
        length = value if isinstance(value, timedelta) else parse_duration(str(value))
        if length < (least := _AT_LEAST.get(name, length)):
            raise ValueError(messages.conf.TOO_SHORT(value=value, least=least.days))
        if length > (most := _AT_MOST.get(name, length)):
            raise ValueError(messages.conf.TOO_LONG(value=value, most=most.days))
        return length
    if name == "base_url":
        return check_base_url(str(value))
    if name == "start":
        text = value.isoformat() if isinstance(value, date) else str(value)
        parse_time(text)
        return text
    if name == "resources" and isinstance(value, (str, list, tuple)):
        names = value.split(",") if isinstance(value, str) else value
        return check_resources(str(one) for one in names)
    if name == "plus" and kind != Name and isinstance(value, (str, list, tuple)):
        names = value.split(",") if isinstance(value, str) else value
        return check_plus(str(one) for one in names)
    if name == "metrics" and isinstance(value, str) and value not in ("documented", "all"):
        raise ValueError(messages.conf.BAD_METRICS())
    if name == "id" and value != "keep":
        raise ValueError(messages.conf.IDS_MUST_BE_KEPT())
    if kind == Treatment and value not in get_args(Treatment):
        raise ValueError(messages.conf.BAD_TREATMENT(value=value))
    return msgspec.convert(value, kind)


def _over(lower: dict[str, Any], upper: dict[str, Any]) -> dict[str, Any]:
    """``upper`` over ``lower``; what is nested one by one, everything else whole."""
    merged = {**lower, **upper}
    for name in _NESTED:
        if name in lower and name in upper:
            merged[name] = {**lower[name], **upper[name]}
    return merged
