"""Pages that Spark's JSON reader gives up on: found, named, left out. No I/O but one query.

Nested a thousand deep, or with a text of twenty million characters. Such a page must not look
empty: all that stands on it would count as gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from klaviyo_spark import messages
from klaviyo_spark.clock import utc
from klaviyo_spark.schema import sql_text
from klaviyo_spark.silver.parse.explode import UNREADABLE, lacks_records, page_texts


@dataclass(frozen=True)
class UnreadablePage:
    """A bronze page by its walk and number; ``fetched_at`` is UTC."""

    walk_id: str
    page_number: int
    read_id: str
    fetched_at: datetime


def unreadable_pages(pages: DataFrame, *, is_answer: bool = False) -> tuple[UnreadablePage, ...]:
    """Those of ``pages`` that Spark cannot read, each parsed once.

    Args:
        is_answer: ``data`` of each is one object.
    """
    micros = F.unix_micros("fetched_at").alias("micros")
    parsed = pages.where("status = 200").selectExpr(
        "*", f"{page_texts(is_answer=is_answer)} AS page"
    )
    found = parsed.where(lacks_records()).select("walk_id", "page_number", "read_id", micros)
    return tuple(
        UnreadablePage(row["walk_id"], row["page_number"], row["read_id"], utc(row["micros"]))
        for row in found.orderBy("walk_id", "page_number").collect()
    )


def readable(unreadable: Sequence[UnreadablePage]) -> str:
    """SQL: whether a page is none of ``unreadable``."""
    if not unreadable:
        return "true"
    named = ", ".join(f"({sql_text.text(page.walk_id)}, {page.page_number})" for page in unreadable)
    return f"(walk_id, page_number) NOT IN ({named})"


def left_out(unreadable: Sequence[UnreadablePage], table: str) -> str:
    """What the summary of a run says of them; ``table`` is its label."""
    first, more = unreadable[0], len(unreadable) - 1
    others = f" and {more:,} more" if more else ""
    page = f"{first.walk_id}/{first.page_number}{others}"
    return messages.silver.PAGE_LEFT_OUT(table=table, page=page, unreadable=UNREADABLE)


def quarantined_pages(
    unreadable: Sequence[UnreadablePage], table: str, account_id: str, run_id: str
) -> list[dict[str, Any]]:
    """Rows of ``klaviyo_ops.quarantine``: the page's place; its text stays in bronze."""
    return [
        {
            "_account_id": account_id,
            "table_name": table,
            "violation": f"page {UNREADABLE}",
            "record": None,
            "walk_id": page.walk_id,
            "page_number": page.page_number,
            "record_index": None,
            "element_index": None,
            "fetched_at": page.fetched_at,
            "run_id": run_id,
        }
        for page in unreadable
    ]
