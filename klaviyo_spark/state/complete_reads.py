"""Reads that hold all there is: what they lack has gone. Pure; no I/O here.

``schema.bronze_table`` says what the columns of pages mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

# What is asked of pages of full reads.
COLUMNS = (
    "account_id", "endpoint", "parent_id", "read_id", "slice", "walk_id", "page_number",
    "window_start", "window_end", "max_record_time", "in_order", "is_last", "status",
    "read_started_at", "fetched_at", "walks_in_read",
)  # fmt: skip
_EVER = datetime.max.replace(tzinfo=timezone.utc)
_NEVER = datetime.min.replace(tzinfo=timezone.utc)
_Page = Mapping[str, Any]


@dataclass(frozen=True)
class CompleteRead:
    """A read all of whose listings have landed to the end; times are UTC.

    Args:
        parent_id: None for a whole listing.
        started_at: what landed before and is not in the read has gone by ``judged_at``.
    """

    account_id: str
    endpoint: str
    parent_id: str | None
    read_id: str
    started_at: datetime
    judged_at: datetime


def complete_reads(pages: Iterable[_Page]) -> list[CompleteRead]:
    """The complete reads among pages.

    A listing cut by time is there when its walks, put one after another, leave no time out.

    Args:
        pages: of full reads, by ``COLUMNS``, in any order.
    """
    by_read: dict[tuple[str, str, str | None, str], list[_Page]] = {}
    for page in pages:
        key = (page["account_id"], page["endpoint"], page["parent_id"], page["read_id"])
        by_read.setdefault(key, []).append(page)
    return [
        CompleteRead(
            *key,
            started_at=min(page["read_started_at"] for page in held),
            judged_at=max(page["fetched_at"] for page in held),
        )
        for key, held in by_read.items()
        if _listings_held(held) == max(page["walks_in_read"] for page in held)
    ]


def _listings_held(pages: Iterable[_Page]) -> int:
    """How many listings of one read have landed to the end."""
    walks: dict[tuple[str, str], list[_Page]] = {}
    for page in pages:
        walks.setdefault((page["slice"], page["walk_id"]), []).append(page)
    spans: dict[str, list[tuple[datetime, datetime]]] = {}
    for (listing, _), held in walks.items():
        spans.setdefault(listing, []).append(_span(held))
    return sum(map(_leaves_nothing_out, spans.values()))


def _span(pages: Sequence[_Page]) -> tuple[datetime, datetime]:
    """The time that a walk has been through, from its beginning on."""
    begin = min((p["window_start"] for p in pages if p["window_start"]), default=_NEVER)
    if any(page["is_last"] and page["status"] == 200 for page in pages):
        last = max(pages, key=lambda page: page["page_number"])
        return begin, last["window_end"] or _EVER
    times = [page["max_record_time"] for page in pages if page["max_record_time"]]
    if not times or not all(page["in_order"] for page in pages):
        return begin, _NEVER
    return begin, max(times) - timedelta(microseconds=1)


def _leaves_nothing_out(spans: Iterable[tuple[datetime, datetime]]) -> bool:
    held = _NEVER
    for begin, end in sorted(spans):
        if begin <= held:
            held = max(held, end)
    return held == _EVER
