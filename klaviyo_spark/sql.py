"""Texts as SQL writes them."""

from __future__ import annotations

import re
from collections.abc import Iterable


def text(value: str) -> str:
    """A SQL string literal."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def text_in_template(value: str) -> str:
    """The same in the text of a query that is given frames, where a brace begins a name."""
    return text(value).replace("{", "{{").replace("}", "}}")


def one_of(column: str, values: Iterable[str]) -> str:
    """Whether a column has one of the values; of none it has none."""
    listed = ", ".join(map(text, sorted(values)))
    return f"{column} IN ({listed})" if listed else "false"


def portable(value: str) -> str:
    """A SQL string literal for Spark and delta-rs.

    They disagree on escapes, so quotes and backslashes go in by number.
    """
    parts = [
        f"chr({ord(part)})" if part in ("'", "\\") else f"'{part}'"
        for part in re.split(r"(['\\])", value)
        if part
    ]
    return parts[0] if len(parts) == 1 else f"concat({', '.join(parts)})"


def name(value: str) -> str:
    """A name, whatever characters it has."""
    return f"`{value.replace('`', '``')}`"
