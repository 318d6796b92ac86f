"""SQL over several tables of a lake, which both engines understand. Pure; no I/O here.

It names tables as ``silver.events``, ``ops.runs``, ``bronze.pages``, whatever the schemas are
called. It groups and counts in the engine: what comes back is as small as the question makes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_NAMED = re.compile(r"\b(bronze|silver|plus|ops)\.([a-z_]+)\b")


def tables_in(sql: str) -> set[str]:
    """The tables that a query reads, as it names them."""
    return {found.group(0) for found in _NAMED.finditer(sql)}


def rename_tables(sql: str, name: Callable[[str, str], str]) -> str:
    """``sql`` with each table called what ``name`` gives for its schema and name."""
    return _NAMED.sub(lambda found: name(found.group(1), found.group(2)), sql)
