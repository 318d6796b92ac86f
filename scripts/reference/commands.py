"""The command line: each command with its examples and options, from click's description."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from klaviyo_spark.cli.app import cli
from klaviyo_spark.cli.examples import EXAMPLES
from scripts.reference.markdown import MADE, code, page, prose, table

HEAD = f"""\
# Commands

{MADE.format(source="the command line itself")} `klaviyo-spark COMMAND --help` prints the same.

Times are ISO 8601, UTC where no offset is given; `--end` is exclusive. They bound
`events.datetime` and `profiles.updated`; other resources are read whole. Without `--config`,
`conf/base.yml` is read if it is there. A warehouse's path is taken to the letter, a `file:` URI
is percent-decoded; a name that Spark and delta-rs would read differently (`%20`, a backslash) is
refused. An option with an empty value counts as not given. Every command ends with one of the
[exit codes](exit-codes.md). `jobs/sync.py`, `jobs/ingest.py`, `jobs/refine.py`,
`jobs/backfill.py` and `jobs/maintain.py` take the same options for spark-submit and Databricks.

## Environment

| variable | meaning |
|---|---|
| `KLAVIYO_API_KEY` | The private key; conf `key_variable` names another variable. |
| `KLAVIYO_BASE_URL` | Klaviyo's API, or a stand-in for it; plain http to loopback only. |
| `KLAVIYO_HASH_KEY` | The key of conf `personal_data: hash`. |
| `KLAVIYO_SPARK_JARS` | A folder with Delta's jars, where no registry can be reached. |
| `JAVA_HOME` | Java 17 or 21; otherwise the one on the path. |
| `TMPDIR` | Where temporary files go, Java's too. |

## Shell completion

Bash (4.4 or newer), zsh and fish complete commands and options. Put the line of your shell into
its start file:

| shell | line |
|---|---|
| bash | `eval "$(_KLAVIYO_SPARK_COMPLETE=bash_source klaviyo-spark)"` |
| zsh | `eval "$(_KLAVIYO_SPARK_COMPLETE=zsh_source klaviyo-spark)"` |
| fish | `_KLAVIYO_SPARK_COMPLETE=fish_source klaviyo-spark \\| source` |
"""


def as_markdown() -> str:
    """The page."""
    return page(_lines())


def _lines() -> Iterator[str]:
    yield HEAD
    yield "## All commands"
    yield ""
    names = sorted(cli.commands)
    rows = ((f"[{name}](#{name})", _help(cli.commands[name])) for name in names)
    yield from table(("command", "what it does"), rows)
    for name in names:
        command = cli.commands[name]
        yield from ("", f"## {name}", "", _help(command), "")
        yield "```text"
        yield from EXAMPLES[name]
        yield "```"
        yield ""
        options = [p for p in command.params if isinstance(p, click.Option)]
        yield from table(("option", "default", "meaning"), map(_option, options))


def _help(command: click.Command) -> str:
    return prose(" ".join(inspect.cleandoc(command.help or "").split()))


def _option(option: click.Option) -> tuple[str, str, str]:
    names = ", ".join(option.opts)
    kind = option.type
    if isinstance(kind, click.Choice):
        value = "\\|".join(map(str, kind.choices)).replace("\\|", "|")
    else:
        value = option.metavar or kind.name.upper().replace(" RANGE", "")
    shown = names if option.is_flag else f"{names} {value}"
    default = "" if option.is_flag or option.default in (None, False) else str(option.default)
    default = "" if default.startswith("Sentinel") else default
    return code(shown), code(default) if default else "", prose(option.help or "")
