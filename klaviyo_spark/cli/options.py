"""Options that verbs share: how they are declared, and what becomes of them. No verbs here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import click

from klaviyo_spark import log
from klaviyo_spark.config.loader import check_resources, load
from klaviyo_spark.config.models import Settings

Decorator = Callable[[Any], Any]
# Options that are settings too; they win over conf.
_SETTINGS = ("warehouse", "base_url", "account", "secret_scope", "secret_key", "resources")


def together(*options: Decorator) -> Decorator:
    """Several options as one decorator, in the order that ``--help`` is to show."""

    def add(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return add


CONFIG = click.option("--config", metavar="FILE", help="Conf to read; base.yml beside it first.")
WAREHOUSE = click.option(
    "--warehouse", metavar="DIR", help="Folder or URI of the lake; ./lake if none."
)
ACCOUNT = click.option("--account", metavar="NAME", help="Name the rows carry; never change it.")
RESOURCES = click.option("--resources", metavar="A,B", help="Some of the eight resources.")
WAIT = click.option("--wait", is_flag=True, help="Wait for another run on the lake to end.")
# With or without a value: a job parameter can be handed on to it.
DRY_RUN = click.option(
    "--dry-run",
    is_flag=False,
    flag_value=True,
    type=bool,
    default=False,
    metavar="[BOOLEAN]",
    help="Say which steps it would take and what they would cost; read nothing.",
)
PERSON = together(
    click.option("--profile", metavar="ID", help="Klaviyo's id of the profile."),
    click.option("--email", metavar="E", help="The address; - reads it from standard input."),
)
TIMES = together(
    click.option("--start", metavar="T", help="From this time on (ISO 8601, UTC if no offset)."),
    click.option("--end", metavar="T", help="Up to this time, itself left out."),
)
LOGGING = together(
    click.option("--log-format", type=click.Choice(["text", "json"]), default="text"),
    click.option("-v", "--verbose", is_flag=True, help="Say more; show stack traces."),
)
COMMON = together(
    CONFIG,
    WAREHOUSE,
    click.option("--base-url", metavar="URL", help="Klaviyo, or something that speaks like it."),
    ACCOUNT,
    click.option("--secret-scope", metavar="SCOPE", help="Databricks secret scope of the key."),
    click.option("--secret-key", metavar="KEY", help="Name of the key in that scope."),
    LOGGING,
)


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Settings that stand on the command line, resources checked.

    Raises:
        UsageError: a resource is unknown.
    """
    named = {name: options[name] for name in _SETTINGS if options.get(name)}
    if "resources" in named:
        named["resources"] = check_resources(named["resources"].split(","))
    return named


def settings_of(options: Mapping[str, Any]) -> Settings:
    """Conf with the command line over it; see ``loader.load``."""
    return load(options["config"], **given(options))


def set_up_logging(options: Mapping[str, Any]) -> None:
    """Log in the form and as much as ``options`` say; see ``log``."""
    level = logging.DEBUG if options["verbose"] else logging.INFO
    log.set_up_logging(options["log_format"], level)
