"""Checks of the rows a load reads: a name, what breaks it, and what comes of that. No I/O here.

quarantine  the row is kept out of the table, whole, with the check's words
note        said at the end of the run, and in ``klaviyo_ops.table_loads``
fail        the table is held back, with what is made of it; the run ends with exit 3
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from klaviyo_spark import sql

Severity = Literal["note", "quarantine", "fail"]


@dataclass(frozen=True)
class Check:
    """A rule for rows of a table.

    Args:
        name: what conf (`checks`) and messages call it.
        breaks: SQL, true for a row that breaks it: over the table's columns; for ``note`` and
            ``fail`` also ``nulled`` (cells that did not fit), ``broken`` (not NULL for a row that
            goes to quarantine) and ``_landed_at``.
        says: what such rows are, in words.
        rows, share: the allowance. ``note`` and ``fail`` speak where more than so many rows of a
            load break it, and more than this share of all that it changes.
        rule: SQL, the words that a row takes to quarantine; ``says`` if empty.
    """

    name: str
    breaks: str
    says: str
    severity: Severity
    rows: int = 0
    share: float = 0.0
    rule: str = ""

    @property
    def words(self) -> str:
        """What a row takes to quarantine, in SQL."""
        return self.rule or sql.text(self.says)

    def speaks(self, broken: int, changed: int) -> bool:
        """Whether ``broken`` of the rows that a load changes are more than allowed."""
        return broken > self.rows and broken > self.share * changed


# Beyond a few odd records it is Klaviyo's answers that have changed, and what they would do to
# silver is worse than silver that stands still.
EVERY_TABLE = (
    Check("no_key", "broken IS NOT NULL", "records without a key", "fail", rows=100, share=0.5),
    Check("misfits", "nulled > 0", "rows with cells that do not fit", "fail", rows=100, share=0.5),
)


def key_check(id_parts: tuple[str, ...]) -> Check:
    """A row that nothing can be matched by: an id part of its key is NULL."""
    missing = [f"CASE WHEN {sql.name(p)} IS NULL THEN {sql.text(p)} END" for p in id_parts]
    return Check(
        "key",
        " OR ".join(f"{sql.name(part)} IS NULL" for part in id_parts),
        "key is NULL",
        "quarantine",
        rule=f"concat('key is NULL: ', concat_ws(', ', {', '.join(missing)}))",
    )


def graded(check: Check, severities: Mapping[str, Severity]) -> Severity:
    """The severity that conf gives a check, or its own."""
    return severities.get(check.name, check.severity)
