"""The command line as far as its parser goes: no verb is run."""

from __future__ import annotations

from typing import Any

from klaviyo_spark.cli.app import cli


def parsed(*args: str) -> dict[str, Any]:
    """The options that a verb ends up with; raises what the parser raises."""
    group = cli.make_context("klaviyo-spark", list(args))
    name, verb, rest = cli.resolve_command(group, list(args))
    assert verb is not None
    return verb.make_context(name, rest, parent=group).params
