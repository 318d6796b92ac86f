"""The command line, called as a process would call it."""

from __future__ import annotations

from typing import Any

import pytest

from klaviyo_spark.cli import main
from klaviyo_spark.cli.app import cli


def parsed(*args: str) -> dict[str, Any]:
    """The options that a verb ends up with, which is not run; raises what the parser raises."""
    group = cli.make_context("klaviyo-spark", list(args))
    name, verb, rest = cli.resolve_command(group, list(args))
    assert verb is not None
    return verb.make_context(name, rest, parent=group).params


def run(capsys, *args: str) -> tuple[int, str]:
    """Exit code, and what stood on standard error."""
    with pytest.raises(SystemExit) as left:
        main(args)
    return int(left.value.code or 0), capsys.readouterr().err
