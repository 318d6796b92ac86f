"""Checks of the rows a load reads: a name, what breaks it, and what comes of that. No I/O here.

quarantine  the row is kept out of the table, whole, with the check's words
warn        said at the end of the run, and in ``klaviyo_ops.table_loads``
fail        the table is held back, with what is made of it; the run ends with exit 3
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from klaviyo_spark.schema import sql_text

Severity = Literal["warn", "quarantine", "fail"]


@dataclass(frozen=True)
class Check:
    """A rule for rows of a table.

    Args:
        name: what conf (`checks`) and messages call it.
        breaks: SQL, true for a row that breaks it: over the table's columns; for ``warn`` and
            ``fail`` also ``nulled`` (cells that did not fit), ``broken`` (not NULL for a row that
            goes to quarantine) and ``_landed_at``.
        says: what such rows are, in words.
        rows, share: the allowance. ``warn`` and ``fail`` speak where more than so many rows of a
            load break it, and more than this share of all that it changes, or ``of_read``.
        rule: SQL, the words that a row takes to quarantine; ``says`` if empty.
        of_read: the share is of all records that a load reads: what breaks it is counted whenever
            it is read, and whole rows only where they change.
        counts: instead of ``breaks``, the column of ``LEFT_OUT`` that is summed.
    """

    name: str
    breaks: str
    says: str
    severity: Severity
    rows: int = 0
    share: float = 0.0
    rule: str = ""
    of_read: bool = False
    counts: str = ""

    @property
    def words(self) -> str:
        """What a row takes to quarantine, in SQL."""
        return self.rule or sql_text.text(self.says)

    def speaks(self, broken: int, of: int) -> bool:
        """Whether ``broken`` of so many rows are more than allowed."""
        return broken > self.rows and broken > self.share * of


# Columns that count what was left out beside a row: elements that hold nothing; rows of the same
# answer that have its key and say something else; that other listings have it too.
LEFT_OUT = ("empties", "rivals", "listings")

# Beyond a few odd records it is Klaviyo's answers that have changed, and what they would do to
# silver is worse than silver that stands still.
NO_KEY = Check(
    "missing_key",
    "broken IS NOT NULL",
    "records without a key",
    "fail",
    rows=100,
    share=0.5,
    of_read=True,
)
MISFITS = Check(
    "type_mismatch", "nulled > 0", "rows with cells that do not fit", "fail", rows=100, share=0.5
)
RIVALS = Check(
    "duplicate_keys",
    "",
    "left out: the same answer has another row of that key, which says something else",
    "warn",
    counts="rivals",
)


def unfit(text: str) -> str:
    """True for a text that names nothing, in SQL: NULL, blank, an object or an array."""
    return f"coalesce(substring({sql_text.bare(text)}, 1, 1), '') IN ('', '{{', '[')"


def key_check(id_parts: tuple[str, ...]) -> Check:
    """A row that nothing can be matched by: an id part of its key names nothing."""
    parts = {part: sql_text.name(part) for part in id_parts}
    wrong = {
        "key is NULL": [f"{name} IS NULL" for name in parts.values()],
        "key is blank": [f"{sql_text.bare(name)} = ''" for name in parts.values()],
        "key is an object or an array": [
            f"{unfit(name)} AND {sql_text.bare(name)} <> ''" for name in parts.values()
        ],
    }
    rules = []
    for says, broken in wrong.items():
        named = ", ".join(
            f"CASE WHEN {one} THEN {sql_text.text(part)} END"
            for part, one in zip(parts, broken, strict=True)
        )
        which = f"concat({sql_text.text(f'{says}: ')}, concat_ws(', ', {named}))"
        rules.append(f"CASE WHEN {' OR '.join(broken)} THEN {which} END")
    return Check(
        "key",
        " OR ".join(map(unfit, parts.values())),
        "key names nothing",
        "quarantine",
        rule=f"concat_ws('; ', {', '.join(rules)})",
    )


def element_checks(owner_parts: tuple[str, ...]) -> tuple[Check, ...]:
    """Of a table whose rows are elements of records' arrays.

    An odd element among good ones is not worth holding the table back for; a record without an id
    counts as in any other table.

    Args:
        owner_parts: id parts of the key that name the record.
    """
    names = [sql_text.name(part) for part in owner_parts]
    whole = " OR ".join(["broken.element_index IS NULL", *map(unfit, names)])
    return (
        Check("no_object", "odd", "element is not an object", "quarantine"),
        replace(NO_KEY, breaks=f"broken IS NOT NULL AND ({whole})"),
        Check(
            "invalid_elements",
            f"broken IS NOT NULL AND NOT ({whole})",
            "elements that cannot be read, kept in quarantine",
            "warn",
        ),
        Check("empty_elements", "", "empty elements left out", "warn", counts="empties"),
    )


def listing_check(fact: str, values: tuple[str, ...]) -> Check:
    """Of a table whose records may stand in several listings, of which the first counts."""
    says = f"listed under more than one {fact}: the first of {', '.join(values)} counts"
    return Check("multiple_listings", "", says, "warn", counts="listings")


def graded(check: Check, severities: Mapping[str, Severity]) -> Severity:
    """The severity that conf gives a check, or its own."""
    return severities.get(check.name, check.severity)
