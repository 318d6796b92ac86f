"""Options that several commands have, and the typed value that they arrive as. No commands here."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec

import click

from klaviyo_spark import log
from klaviyo_spark.clock import utc_now
from klaviyo_spark.config.loader import load
from klaviyo_spark.config.models import Settings
from klaviyo_spark.config.times import bounds

P = ParamSpec("P")
Decorator = Callable[[Any], Any]


@dataclass(frozen=True)
class CommonOptions:
    """The options that several commands have, as given; None: not given.

    A command declares which of them it has; the others keep their defaults.
    """

    config: str | None = None
    warehouse: str | None = None
    base_url: str | None = None
    account: str | None = None
    secret_scope: str | None = None
    secret_key: str | None = None
    resources: str | None = None  # names with commas between
    start: str | None = None
    end: str | None = None
    wait: bool = False
    log_format: log.Format = "text"
    verbose: bool = False

    def settings(self) -> Settings:
        """Conf, with the options that are settings over it.

        Raises:
            ConfigError: see ``loader.load``.
        """
        return load(
            self.config,
            warehouse=self.warehouse,
            base_url=self.base_url,
            account=self.account,
            secret_scope=self.secret_scope,
            secret_key=self.secret_key,
            resources=self.resources,
        )

    def window(self) -> tuple[datetime | None, datetime | None]:
        """Start and end in UTC; see ``times.bounds``.

        Raises:
            UsageError: one is no time, or they are no range.
        """
        return bounds(self.start, self.end, utc_now())

    def set_up_logging(self) -> None:
        """Log in the format and as much as the options say."""
        log.set_up_logging(self.log_format, logging.DEBUG if self.verbose else logging.INFO)


def combine_options(*options: Decorator) -> Decorator:
    """Several options as one decorator, in the order that ``--help`` shows."""

    def add(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return add


CONFIG = click.option(
    "--config", metavar="FILE", help="Conf file; base.yml in the same folder is read first."
)
WAREHOUSE = click.option(
    "--warehouse", metavar="DIR", help="Folder or URI of the lake; ./lake if none."
)
ACCOUNT = click.option(
    "--account", metavar="NAME", help="Account in conf; rows carry its name as _account_id."
)
RESOURCES = click.option(
    "--resources", metavar="A,B", help="Only these resources, those of klaviyo_plus too."
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
WAIT = click.option("--wait", is_flag=True, help="Wait for another run on the lake to end.")
PROFILES = click.option(
    "--profiles",
    type=click.Choice(["none", "sample", "all"]),
    default="sample",
    show_default=True,
    help="Of which profiles Klaviyo is asked for the ids: a sample has had all within four weeks.",
)
# With or without a value: a job parameter can be handed on to it.
DRY_RUN = click.option(
    "--dry-run",
    is_flag=False,
    flag_value=True,
    type=bool,
    default=False,
    metavar="[BOOLEAN]",
    help="List the steps and their cost in requests and time; read nothing.",
)
PERSON = combine_options(
    click.option("--profile", metavar="ID", help="Klaviyo's id of the profile."),
    click.option("--email", metavar="E", help="E-mail address; - reads it from standard input."),
)
TIMES = combine_options(
    click.option("--start", metavar="T", help="Start of the range, ISO 8601 (UTC if no offset)."),
    click.option("--end", metavar="T", help="End of the range (exclusive), ISO 8601."),
)
LOGGING = combine_options(
    click.option("--log-format", type=click.Choice(["text", "json"]), default="text"),
    click.option("-v", "--verbose", is_flag=True, help="Log more, and show stack traces."),
)
COMMON = combine_options(
    CONFIG,
    WAREHOUSE,
    click.option("--base-url", metavar="URL", help="Klaviyo's API, or a stand-in for it."),
    ACCOUNT,
    click.option("--secret-scope", metavar="SCOPE", help="Databricks secret scope of the key."),
    click.option("--secret-key", metavar="KEY", help="Name of the key in that scope."),
    LOGGING,
)


def pass_options(command: Callable[Concatenate[CommonOptions, P], int]) -> Callable[..., int]:
    """Give ``command`` its shared options as one value, before those of its own.

    The innermost decorator: what stands above declares the options.
    """

    @wraps(command)
    def call(*args: P.args, **given: P.kwargs) -> int:
        shared = {f.name: given.pop(f.name) for f in fields(CommonOptions) if f.name in given}
        options = CommonOptions(**shared)  # type: ignore[arg-type]  # click has checked them
        options.set_up_logging()
        return command(options, *args, **given)

    return call
