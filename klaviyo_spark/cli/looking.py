"""The verbs that look or write a file, and start no run: ``init``, ``doctor``, ``status`` and more.

Each is no more than its options and what is printed; the work is in the modules they call.
"""

from __future__ import annotations

import json
import logging
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from klaviyo_spark.cli.layout import echo_lines, terminal_width
from klaviyo_spark.cli.options import (
    ACCOUNT,
    COMMON,
    JSON,
    LOGGING,
    RESOURCES,
    WAREHOUSE,
    CommonOptions,
    pass_options,
)
from klaviyo_spark.config import template
from klaviyo_spark.config.loader import BASE
from klaviyo_spark.config.secrets import VARIABLE
from klaviyo_spark.errors import ConfigError


@click.command()
@click.option("--config", metavar="FILE", help="File to write; conf/base.yml if none.")
@WAREHOUSE
@ACCOUNT
@click.option("--start", metavar="T", help="No events before this time; 'all' for all history.")
@RESOURCES
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
@LOGGING
@pass_options
def init(options: CommonOptions, force: bool) -> int:
    """Write a commented conf file; on a terminal, what no option says is asked for."""
    # It imports what tells where a lake may be, which help need not wait for.
    from klaviyo_spark.commands.init import fitting, lines_of_store

    file = Path(options.config) if options.config else BASE
    if file.exists() and not force:
        raise template.there_already(file)
    ask = _prompt if sys.stdin.isatty() else _take
    values = {
        name: ask(name, getattr(options, name), default, fitting)
        for name, default in template.defaults().items()
    }
    template.write(file, values, anew=force)
    click.echo(f"wrote {file}; every setting is explained in it")
    for line in lines_of_store(values["warehouse"]):
        click.echo(line)
    if not os.environ.get(VARIABLE):
        click.echo(
            "make a private key in Klaviyo (Settings, API keys); it belongs into no file:\n"
            f"  read -rs {VARIABLE} && export {VARIABLE}"
        )
    click.echo(f"next: klaviyo-spark doctor{_same(config=options.config)}")
    return 0


def _same(**given: str | None) -> str:
    """The options that the next command has to have too."""
    return "".join(f" --{name} {shlex.quote(value)}" for name, value in given.items() if value)


@click.command()
@JSON
@COMMON
@pass_options
def doctor(options: CommonOptions, as_json: bool) -> int:
    """Check all that a sync needs: machine, lake, key, scopes. Each line says what to do."""
    # It imports the client and its libraries, which no other verb of this module needs.
    from klaviyo_spark.commands import doctor as checking

    if not options.verbose:
        logging.getLogger("klaviyo_spark").setLevel(logging.ERROR)  # the lines say it all
    width, checks = terminal_width(), []
    for check in checking.run_checks(options.settings, os.environ):
        if not as_json:
            echo_lines(checking.lines(check), width)
        checks.append(check)
    same = _same(config=options.config, warehouse=options.warehouse)
    if as_json:
        click.echo(json.dumps(checking.facts_of_checks(checks), indent=1))
    else:
        echo_lines([checking.verdict(checks, f"klaviyo-spark sync{same}")], width)
    return checking.exit_code_of_checks(checks)


@click.command()
@JSON
@COMMON
@pass_options
def status(options: CommonOptions, as_json: bool) -> int:
    """Say how the lake is: rows, freshness, last runs, what waits. Starts no run, takes no lock."""
    # It imports pyarrow, which no other verb of this module needs.
    from klaviyo_spark.commands.status import words
    from klaviyo_spark.commands.status.lake_status import status_per_account

    every = list(status_per_account(options.settings()).values())
    if as_json:
        click.echo(words.as_json(every if len(every) > 1 else every[0]))
        return 0
    width = terminal_width()
    said = words.of_several(every, width) if len(every) > 1 else words.as_text(every[0], width)
    echo_lines(said, width)
    return 0


@click.command()
@JSON
@click.option("--plus", is_flag=True, help="The tables of klaviyo_plus too.")
def tables(as_json: bool, plus: bool) -> int:
    """Print the data dictionary: tables, columns, types, where each value is read."""
    # It imports all tables, which help need not wait for.
    from klaviyo_spark.commands import dictionary

    text = dictionary.as_text(plus=plus)
    click.echo(json.dumps(dictionary.as_json(plus=plus), indent=1) if as_json else "\n".join(text))
    return 0


_Fitting = Callable[[str, str], Any]

_QUESTIONS = {
    "warehouse": "Folder or URI of the lake (./lake, s3://BUCKET/lake, ...)",
    "account": "Name of the account in every row (it can never be changed)",
    "start": "Events from when on (all, or a day such as 2024-01-01)",
    "resources": "What to read",
}


def _take(name: str, option: str | None, default: str, fitting: _Fitting) -> Any:
    """The option, else the default."""
    return fitting(name, option or default)


def _prompt(name: str, option: str | None, default: str, fitting: _Fitting) -> Any:
    """The option, else what somebody types; asked again until it fits."""
    if option:
        return fitting(name, option)

    def typed(text: str) -> Any:
        try:
            return fitting(name, text)
        except ConfigError as error:
            raise click.UsageError(f"{error}") from error

    return click.prompt(_QUESTIONS[name], default=default, value_proc=typed)
