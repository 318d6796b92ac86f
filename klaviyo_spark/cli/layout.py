"""How lines fit the terminal that they are printed on."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Iterable

import click

from klaviyo_spark.commands.text_table import WIDTH

_LEAST = 40
# A label, or two of them, before what a line says.
_LABELS = re.compile(r"^(?=.{0,30}?\S)(?:\S+(?: \S+)*)? {2,}(?:\S+(?: \S+)* {2,})?")


def terminal_width() -> int:
    """Columns of the terminal; of a pipe or a file 100, or what COLUMNS says."""
    return max(_LEAST, shutil.get_terminal_size((WIDTH, 24)).columns)


def echo_lines(lines: Iterable[str], width: int) -> None:
    """Print lines, each folded to ``width``."""
    for line in lines:
        click.echo("\n".join(fold(line, width)))


def echo_line(line: str) -> None:
    """Print a line, folded to the terminal."""
    echo_lines([line], terminal_width())


def fold(line: str, width: int) -> list[str]:
    """A line in as many as it needs; those below begin where its text does, behind its label.

    A word that is longer, such as a path, stays whole.
    """
    if len(line) <= width:
        return [line]
    label = _LABELS.match(line)
    indent = label.end() if label and label.end() <= width // 2 else 2
    return textwrap.wrap(
        line,
        width,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )
