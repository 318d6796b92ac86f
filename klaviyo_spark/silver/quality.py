"""What becomes of rows that break a check (``checks``). DataFrame -> DataFrame, no I/O here."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from klaviyo_spark import messages
from klaviyo_spark.errors import CheckFailed
from klaviyo_spark.schema import sql_text
from klaviyo_spark.schema.checks import Check, Severity, graded
from klaviyo_spark.schema.table import TableSpec
from klaviyo_spark.silver.parse.json_spelling import decoded


def without_key(table: TableSpec) -> str:
    """True for a row that nothing can be matched by: an id part of its key names nothing."""
    return next(check.breaks for check in table.checks if check.name == "key")


def with_broken(rows: DataFrame, table: TableSpec) -> DataFrame:
    """``rows`` with ``broken``: of a row for quarantine all that it takes there; else NULL.

    The record itself goes no further for the other rows, which are nearly all of them.
    """
    checks = [check for check in table.checks if check.severity == "quarantine"]
    # An element that holds nothing is left out and counted; there is nothing to keep of it.
    bad = f"empties = 0 AND ({' OR '.join(f'({check.breaks})' for check in checks)})"
    rules = ", ".join(f"CASE WHEN {check.breaks} THEN {check.words} END" for check in checks)
    facts = {
        "violation": f"concat_ws('; ', {rules})",
        "record": decoded("json", "is_coded"),
        "walk_id": "walk_id",
        "page_number": "page_number",
        "record_index": "at",
        "element_index": "`order`.element_index",
        "fetched_at": "seen_at",
    }
    # Each fact by itself may be NULL: a struct of facts that may not travels badly by Arrow.
    broken = [f"CASE WHEN {bad} THEN {fact} END AS {name}" for name, fact in facts.items()]
    whole = f"CASE WHEN {bad} THEN struct({', '.join(broken)}) END AS broken"
    return rows.selectExpr("*", whole).drop("json", "is_coded", "odd")


def with_checks(changed: DataFrame, table: TableSpec) -> DataFrame:
    """``changed`` with ``checks``: names of the checks that count rows which a row breaks."""
    named = ", ".join(
        f"CASE WHEN change <> 'none' AND ({check.breaks}) THEN {sql_text.text(check.name)} END"
        for check in count_checks(table)
        if not check.counts
    )
    return changed.selectExpr("*", f"array_compact(array({named})) AS checks")


def count_checks(table: TableSpec) -> list[Check]:
    """Checks that speak by a number of rows."""
    return [check for check in table.checks if check.severity != "quarantine"]


def notes(
    table: TableSpec,
    broken: Mapping[str, int],
    changed: int,
    read: int,
    severities: Mapping[str, Severity],
) -> list[str]:
    """What checks have to say of a load, a line each.

    Args:
        broken: per check, its number of rows.
        changed: all rows that the load changes, those for quarantine too.
        read: all records that it has read, as far as it is known.
        severities: what conf says of checks, by name.

    Raises:
        CheckFailed: of those with severity fail.
    """
    of = {check: max(changed, read) if check.of_read else changed for check in count_checks(table)}
    speaking = {c: n for c, n in of.items() if c.speaks(broken[c.name], n)}
    failed = [check for check in speaking if graded(check, severities) == "fail"]
    if failed:
        what = "; ".join(_words(table, c, broken[c.name], speaking[c]) for c in failed)
        raise CheckFailed(messages.lake.CHECK_FAILED(check=failed[0].name, what=what))
    return [check_line(table, check, broken[check.name], n) for check, n in speaking.items()]


def check_line(table: TableSpec, check: Check, broken: int, of: int = 0) -> str:
    """The line of ``check``, that so many break it."""
    return messages.silver.CHECK_SPEAKS(what=_words(table, check, broken, of), check=check.name)


def _words(table: TableSpec, check: Check, broken: int, of: int) -> str:
    some = f"{broken:,}" if check.counts else f"{broken:,} of {of:,}"
    return f"{table.label}: {some} {check.says}"


def quarantined(changed: DataFrame, table: TableSpec, run_id: str) -> DataFrame:
    """Rows of ``klaviyo_ops.quarantine`` from the broken ones among ``changes.changes``.

    The record stays whole, as JSON, with the rule it breaks and the page it stands on.
    """
    return changed.where("broken is not null").select(
        "_account_id",
        F.lit(table.name).alias("table_name"),
        "broken.*",
        F.lit(run_id).alias("run_id"),
    )
