"""Text of MERGE statements: their conditions on keys and days, updates and inserts. No Spark here.

In each, t is the table that changes, and s the rows that ``spark.sql`` is given as ``rows``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from klaviyo_spark.schema.sql_text import name

# Beyond this many single days a condition names a range instead.
_MAX_DAYS_LISTED = 200


class Merged(NamedTuple):
    """How many rows a merge has written, by Delta's own count."""

    inserted: int
    updated: int


def merge_into(table: str, then: str) -> str:
    """A MERGE of a frame, which ``spark.sql`` is given as ``rows``, into a table.

    In the text of a query that is given frames a brace begins the name of one. Those in the names
    of tables and in values are doubled here, and nowhere else.

    Args:
        table: as SQL names it; t in ``then``.
        then: from ON to the end; the rows are s.
    """
    return f"MERGE INTO {_to_the_letter(table)} t USING {{rows}} s {_to_the_letter(then)}"


def set_columns(columns: Iterable[str]) -> str:
    """What UPDATE SET takes in a MERGE: the columns, as the rows have them."""
    return ", ".join(f"t.{name(c)} = s.{name(c)}" for c in columns)


def insert_columns(columns: Sequence[str]) -> str:
    """The INSERT of a MERGE, by name: a table may have other columns that are not ours."""
    names, values = (", ".join(f"{side}{name(c)}" for c in columns) for side in ("", "s."))
    return f"INSERT ({names}) VALUES ({values})"


def upsert(table: str, on: str, columns: Sequence[str], update: Sequence[str] = ()) -> str:
    """A MERGE that updates rows which match and inserts those that do not.

    Args:
        on: when a row of the table and one of the rows are the same.
        columns: named, as a table may have others that are not ours.
        update: columns that a row which is there takes; none named: all.
    """
    return merge_into(
        table,
        f"ON {on} WHEN MATCHED THEN UPDATE SET {set_columns(update or columns)} "
        f"WHEN NOT MATCHED THEN {insert_columns(columns)}",
    )


def same_key(key: Sequence[str]) -> str:
    """Rows s and t have the same key; NULL is a value like any other."""
    return " AND ".join(f"t.`{k}` <=> s.`{k}`" for k in key)


def same_key_local(key: Sequence[str]) -> str:
    """As ``same_key``, for delta-rs: by this form alone it joins by hash where keys may be NULL.

    The brackets are needed: without them it takes AND for a part of the comparison.
    """
    return " AND ".join(f"(t.{k} IS NOT DISTINCT FROM s.{k})" for k in key)


def partition_filter(column: str, days: Sequence[date | None], literal: str = "DATE") -> str:
    """A condition on a column of days, in literals: Delta prunes by nothing else.

    Args:
        literal: what stands before the text of a day: delta-rs compares days with mere texts.
    """
    known = sorted(d for d in days if d is not None)
    parts = []
    if len(known) > _MAX_DAYS_LISTED:
        parts.append(f"{column} BETWEEN {literal}'{known[0]}' AND {literal}'{known[-1]}'")
    elif known:
        listed = ", ".join(f"{literal}'{day}'" for day in known)
        parts.append(f"{column} IN ({listed})")
    if None in days:
        parts.append(f"{column} IS NULL")
    return f"({' OR '.join(parts)})" if parts else "true"


def _to_the_letter(part: str) -> str:
    return part.replace("{", "{{").replace("}", "}}")
