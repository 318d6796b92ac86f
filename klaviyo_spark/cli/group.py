"""How verbs read a command line that a job scheduler may have put together. No verbs here."""

from __future__ import annotations

import re
from collections.abc import Set

import click

from klaviyo_spark import messages
from klaviyo_spark.cli.examples import epilog

# What Databricks fills in: of a bundle when it is deployed, of a job when it runs.
_UNFILLED = re.compile(r"\$\{[\w. -]+\}|\{\{[\w. -]+\}\}")


class Verbs(click.Group):
    """Verbs that take an option with empty text as one that was not given.

    A job parameter that nobody filled in arrives as ``""``. Help of each verb ends with examples.
    """

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a verb, and its examples to its help."""
        super().add_command(cmd, name)
        cmd.epilog = cmd.epilog or epilog(name or cmd.name or "")

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb, and its arguments without the options that hold no value."""
        name, verb, rest = super().resolve_command(ctx, args)
        options = verb.params if verb else []
        valued = (p for p in options if isinstance(p, click.Option) and not p.is_flag)
        names = {name for option in valued for name in option.opts}
        return name, verb, drop_empty_options(rest, names)


def drop_empty_options(args: list[str], names: Set[str]) -> list[str]:
    """``args`` without the options among ``names`` whose value is empty.

    Raises:
        click.UsageError: an argument still holds the name of a variable in its place.
    """
    kept: list[str] = []
    for arg in args:
        if unfilled := _UNFILLED.search(arg):
            raise click.UsageError(messages.command_line.OPTION_NOT_FILLED_IN(option=unfilled[0]))
        if not arg and kept and kept[-1] in names:
            kept.pop()
        elif not (arg.endswith("=") and arg[:-1] in names):
            kept.append(arg)
    return kept
