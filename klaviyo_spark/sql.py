"""Texts as SQL writes them."""

from __future__ import annotations

from collections.abc import Iterable


def text(value: str) -> str:
    """A SQL string literal."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def one_of(column: str, values: Iterable[str]) -> str:
    """Whether a column has one of the values; of none it has none."""
    listed = ", ".join(map(text, sorted(values)))
    return f"{column} IN ({listed})" if listed else "false"


def name(value: str) -> str:
    """A name, whatever characters it has."""
    return f"`{value.replace('`', '``')}`"
