"""Conf files, environment and options become one checked ``Settings``."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import yaml

from klaviyo_spark.config.accounts import chosen
from klaviyo_spark.config.address import check_base_url
from klaviyo_spark.config.models import ASIDE, RESOURCES, Entry, PersonalData, Schemas, Settings
from klaviyo_spark.config.personal_data import check
from klaviyo_spark.config.secrets import KEY_LIKE, VARIABLE, ApiKey, find_key
from klaviyo_spark.config.times import parse_duration, parse_time
from klaviyo_spark.errors import ConfigError, UsageError

BASE = Path("conf/base.yml")
_DURATIONS = ("lookback", "full_profiles_every", "full_members_every", "indexing_lag")
# What is shorter would take files from readers, or pages from runs that go on with others.
_AT_LEAST = {"vacuum_after": timedelta(days=7), "bronze_retention": timedelta(days=14)}
_NESTED: Mapping[str, type[msgspec.Struct]] = {"schemas": Schemas, "personal_data": PersonalData}


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
        merged = _over(merged, _read(file))
    options = {name: value for name, value in overrides.items() if value not in (None, "")}
    given: dict[str, Any] = {}
    if environ.get("KLAVIYO_BASE_URL") and "base_url" not in options:
        given |= _checked({"base_url": environ["KLAVIYO_BASE_URL"]}, "KLAVIYO_BASE_URL")
    for name, value in options.items():
        try:
            given |= _checked({name: value}, f"--{name.replace('_', '-')}")
        except ConfigError as error:
            raise UsageError(f"{error}") from error
    settings = msgspec.convert(chosen(merged, given), Settings)
    _check_schemas(settings.schemas)
    return settings


def conf_files(path: str | None) -> list[Path]:
    """The conf files of a run, the ones that win last."""
    if path is None:
        return [BASE] if BASE.is_file() else []
    file = Path(path)
    if not file.is_file():
        raise ConfigError(f"--config {path}: no such file{_beside(file)}")
    base = file.with_name(BASE.name)
    return [base, file] if base.is_file() and not base.samefile(file) else [file]


def _beside(file: Path) -> str:
    """What conf there is beside a file that is missing, if that is where conf is kept."""
    there = sorted(f.name for f in file.parent.glob("*.yml") if not f.match("*.job.yml"))
    if BASE.name not in there:
        return ""
    return f"; beside it are {', '.join(there)}: a bundle's target needs one of its own name"


def nearest(name: str, names: Iterable[str]) -> str:
    """``; did you mean 'x'?`` where one of ``names`` is close to ``name``, else nothing."""
    close = difflib.get_close_matches(name, list(names), n=1)
    return f"; did you mean '{close[0]}'?" if close else ""


def check_resources(names: Iterable[str]) -> tuple[str, ...]:
    """The resources asked for, in their usual order, each once.

    Raises:
        UsageError: one is unknown, or none was named; lists them all.
    """
    asked = [name.strip() for name in names if name.strip()]
    known = ", ".join(RESOURCES)
    for name in asked:
        if name not in RESOURCES:
            raise UsageError(
                f"unknown resource '{name}'{nearest(name, RESOURCES)} (known: {known})"
            )
    if not asked:
        raise UsageError(f"no resource named; known: {known}")
    return tuple(name for name in RESOURCES if name in asked)


def _check_schemas(schemas: Schemas) -> None:
    """Refuse schemas that are one and the same, to a catalog that does not mind capitals."""
    names = [name.lower() for name in msgspec.structs.astuple(schemas)]
    beside = [f"{name}{ASIDE}" for name in (schemas.silver.lower(), schemas.ops.lower())]
    if len({*names, *beside}) < len(names) + len(beside):
        raise ConfigError(
            f"schemas: {', '.join(names)}: two are the same, or one is where a rebuild puts tables "
            f"of another (its name and {ASIDE}); name each apart"
        )


def api_key(settings: Settings, environ: Mapping[str, str] = os.environ) -> ApiKey:
    """The account's key; see ``secrets.find_key``."""
    scope, key, variable = settings.secret_scope, settings.secret_key, settings.key_variable
    return find_key(scope, key, environ, variable=variable)


def _read(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read: {error}") from error
    if KEY_LIKE.search(text):
        raise ConfigError(f"{file}: holds what looks like a key; keys belong into {VARIABLE}")
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        line = f", line {mark.line + 1}" if (mark := getattr(error, "problem_mark", None)) else ""
        raise ConfigError(f"{file}{line}: not YAML") from error
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise ConfigError(f"{file}: expected settings as 'name: value'")
    return _checked(raw, str(file))


def _checked(raw: Mapping[Any, Any], where: str) -> dict[str, Any]:
    """``raw`` in the types of ``Settings``; refused if any setting of it is unknown or unfit."""
    _known(raw, Settings, where)
    for name, struct in _NESTED.items():
        if isinstance(raw.get(name), dict):
            _known(raw[name], struct, where)
    fitting = {name: _fitting(name, value, where) for name, value in raw.items()}
    try:
        msgspec.convert(fitting, Settings)
    except msgspec.ValidationError as error:
        what, _, at = str(error).partition(" - at `$.")
        name = "" if where.startswith("--") else f"{at.rstrip('`')}: "
        raise ConfigError(f"{where}: {name}{what[0].lower()}{what[1:]}") from error
    return fitting


def _entry(raw: Any, where: str) -> Any:
    """One of ``accounts``; what is no entry at all is left to be refused by its type."""
    if not isinstance(raw, dict):
        return raw
    _known(raw, Entry, where)
    return {name: _fitting(name, value, where) for name, value in raw.items()}


def _known(raw: Mapping[Any, Any], struct: type[msgspec.Struct], where: str) -> None:
    for name in raw:
        if name not in struct.__struct_fields__:
            close = nearest(str(name), struct.__struct_fields__)
            raise ConfigError(f"{where}: unknown setting '{name}'{close}")


def _fitting(name: str, value: Any, where: str) -> Any:
    if name == "accounts":
        if not isinstance(value, list):
            return value or []
        return [_entry(one, f"{where}: accounts") for one in value]
    try:
        if name in _DURATIONS or (name in _AT_LEAST and value is not None):
            length = value if isinstance(value, timedelta) else parse_duration(str(value))
            least = _AT_LEAST.get(name, length)
            if length < least:
                raise ValueError(f"{value} is too short; expected at least {least.days}d, or null")
            return length
        if name == "base_url":
            return check_base_url(str(value))
        if name == "start" and value is not None:
            text = value.isoformat() if isinstance(value, date) else str(value)
            parse_time(text)
            return text
        if name == "resources" and isinstance(value, (str, list, tuple)):
            names = value.split(",") if isinstance(value, str) else value
            return check_resources(str(one) for one in names)
        if name == "personal_data" and isinstance(value, dict):
            check(value)
        if name == "metrics" and isinstance(value, str) and value not in ("documented", "all"):
            raise ValueError("expected documented, all, or a list of metric names")
    except (ValueError, UsageError) as error:
        option = where.startswith(("--", "KLAVIYO"))
        raise ConfigError(f"{where}: {'' if option else f'{name}: '}{error}") from error
    return value


def _over(lower: dict[str, Any], upper: dict[str, Any]) -> dict[str, Any]:
    """``upper`` over ``lower``; what is nested one by one, everything else whole."""
    merged = {**lower, **upper}
    for name in _NESTED:
        if name in lower and name in upper:
            merged[name] = {**lower[name], **upper[name]}
    return merged
