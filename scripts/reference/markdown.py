"""What all pages of the reference are written with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

MADE = "`make docs` writes this page from {source}; a test fails where it is stale."


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """The lines of a table; a cell's bars are escaped."""
    names = list(head)
    yield row(*names)
    yield "|" + "---|" * len(names)
    yield from (row(*cells) for cells in rows)


def row(*cells: str) -> str:
    """One line of a table."""
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def code(text: str) -> str:
    """``text`` as code, also where it holds backticks."""
    quote = "``" if "`" in text else "`"
    return f"{quote}{text}{quote}"


def prose(text: str) -> str:
    """A sentence of a docstring or spec in a page: no tag begins in it."""
    return text.replace("``", "`").replace("<", "&lt;")


def page(lines: Iterable[str]) -> str:
    """The whole file."""
    return "\n".join(lines).rstrip() + "\n"
