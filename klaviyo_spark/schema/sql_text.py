"""Texts and names as SQL writes them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timezone

_BY_NUMBER = ("'", "\\", "$", ".", "{")


def text(value: str) -> str:
    """A SQL string literal.

    Spark puts a variable's value in the place of ``${name}`` in any text of a query, so the two
    characters are kept apart: literals beside one another are one.
    """
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("${", "$' '{")
    return f"'{escaped}'"


# What Python's ``str.strip`` takes away.
_BLANKS = "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)


def bare(value: str) -> str:
    """``value``, SQL of a text, without the blanks before it: nothing of a blank one."""
    return f"trim(LEADING {text(_BLANKS)} FROM {value})"


def one_of(column: str, values: Iterable[str]) -> str:
    """Whether a column has one of the values, for Spark and delta-rs; of none it has none."""
    listed = sorted(values)
    return f"{column} IN {portable_list(listed)}" if listed else "false"


def portable(value: str) -> str:
    """A SQL string literal for Spark and delta-rs.

    They disagree on escapes, so quotes and backslashes go in by number; dollars too (see ``text``),
    and dots and braces, since what asks for ``ops.runs`` or ``{t}`` is given the table's name
    instead.
    """
    parts = [
        f"chr({ord(part)})" if part in _BY_NUMBER else f"'{part}'"
        for part in re.split(r"(['\\$.{])", value)
        if part
    ] or ["''"]
    return parts[0] if len(parts) == 1 else f"concat({', '.join(parts)})"


def portable_list(values: Iterable[str]) -> str:
    """What stands behind IN, for Spark and delta-rs; of no values, one that nothing equals."""
    return f"({', '.join(map(portable, values)) or 'NULL'})"


def instant(at: datetime) -> str:
    """A moment as a SQL literal for Spark and delta-rs.

    Args:
        at: says its time zone.
    """
    return f"TIMESTAMP '{at.astimezone(timezone.utc).replace(tzinfo=None).isoformat(' ')}Z'"


def name(value: str) -> str:
    """A name, whatever characters it has."""
    return f"`{value.replace('`', '``')}`"
