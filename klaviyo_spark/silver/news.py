"""Whether a run says anything new for a table: else its load is over before it begins."""

from __future__ import annotations

from collections.abc import Collection

from klaviyo_spark.resources import TABLES
from klaviyo_spark.schema.sql_text import text
from klaviyo_spark.schema.table import TableSpec
from klaviyo_spark.silver.dependencies import depends_on
from klaviyo_spark.silver.run_facts import RunFacts
from klaviyo_spark.silver.run_rows import RunRows


def has_news(rows: RunRows, table: TableSpec, confirming: Collection[str]) -> bool:
    """Whether pages differ from the run before's, or what ``table`` depends on was written.

    The tables themselves say what was: a refine may have been killed before it could.

    Args:
        confirming: tables with complete reads that an unconfirmed one has waited for: the same
            once more is what counts.
    """

    def new_pages(table: TableSpec) -> bool:
        return table.name in confirming or _new_pages(rows.facts, table)

    def may_be_written(table: TableSpec) -> bool:
        return new_pages(table) or any(map(may_be_written, _needed(table)))

    return new_pages(table) or any(
        may_be_written(other) and _is_written(rows, other) for other in _needed(table)
    )


def _needed(table: TableSpec) -> list[TableSpec]:
    return [TABLES[name] for name in depends_on(table)]


def _new_pages(facts: RunFacts, table: TableSpec) -> bool:
    asked = table.endpoints & facts.records.keys()
    if not asked <= facts.unchanged:
        return True
    # What another endpoint's pages have proved since stands against what these say once more.
    last = max((facts.asked_before.get(e, -1) for e in table.endpoints), default=-1)
    return any(facts.asked_before[endpoint] != last for endpoint in asked)


def _is_written(rows: RunRows, table: TableSpec) -> bool:
    """Whether the run wrote rows of ``table``, or marked some."""
    if table.partition:  # large, and what is marked there concerns no other table
        return not rows.rows_of_run(table.name).isEmpty()
    found = rows.lake.silver(table)
    return not found.where(f"_run_id = {text(rows.facts.run_id)}").isEmpty()
