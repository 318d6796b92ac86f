"""Fetched pages to bronze, in batches; what has landed of each walk is kept in mind."""

from __future__ import annotations

import hashlib
import logging
import uuid
from typing import Any

from klaviyo_spark.client.paginator import Fetched
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.state.record_digests import record_digests
from klaviyo_spark.state.resume_points import ResumePoint, advance, slice_text

logger = logging.getLogger(__name__)

# A batch is one Delta commit: large enough to be worth one, small enough to hold in memory.
BATCH_PAGES = 128
BATCH_BYTES = 24 * 2**20


class Lander:
    """Takes pages and appends them to bronze, a batch at a time.

    Args:
        account_id, run_id: what the pages are kept under.
    """

    def __init__(self, lake: Lake, account_id: str, run_id: str) -> None:
        self._lake, self._account_id, self._run_id = lake, account_id, run_id
        self._rows: list[dict[str, Any]] = []
        self._in_hand = 0
        self.commits = 0
        self.pages = 0
        self.bytes = 0
        self.walks: dict[str, ResumePoint] = {}
        # What silver may have lost is read again as news: without digests no page is known.
        self.is_reread = False

    def take(self, got: Fetched) -> None:
        """Take one page; with the last that a batch holds, the batch is appended."""
        row = page_row(got, self._account_id, self._run_id)
        self._rows.append({**row, "record_digests": None} if self.is_reread else row)
        self._in_hand += len(got.page.body)
        if len(self._rows) >= BATCH_PAGES or self._in_hand >= BATCH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Append what is in hand, as one batch."""
        rows, self._rows = self._rows, []
        size, self._in_hand = self._in_hand, 0
        if not rows:
            return
        batch_id = uuid.uuid4().hex
        self._lake.append_pages([{**row, "batch_id": batch_id} for row in rows])
        logger.debug("landed pages=%d bytes=%d", len(rows), size)
        self.commits += 1
        self.pages += len(rows)
        self.bytes += size
        for row in rows:
            self.walks[row["walk_id"]] = advance(row, self.walks.get(row["walk_id"]))


def page_row(got: Fetched, account_id: str, run_id: str) -> dict[str, Any]:
    """The row of one page, by column name; ``batch_id`` is said by who appends it.

    The body stays bytes, which Arrow takes as UTF-8: as text, one emoji makes it four times as big.
    """
    walk, page = got.walk, got.page
    return {
        "resource": walk.endpoint.resource,
        "ingest_date": page.fetched_at.date(),
        "account_id": account_id,
        "endpoint": walk.endpoint.name,
        "path": page.path,
        "query": page.query,
        "slice": slice_text(walk.facts),
        "parent_id": walk.parent_id,
        "parent_digest": walk.parent_digest,
        "window_start": walk.bounds.start if walk.bounds else None,
        "window_end": walk.bounds.end if walk.bounds else None,
        "max_record_time": walk.max_record_time,
        "in_order": walk.in_order,
        "walk_id": walk.walk_id,
        "page_number": got.page_number,
        "next_url": page.next_url,
        "is_last": got.is_last,
        "read_id": walk.read_id,
        "walks_in_read": walk.walks_in_read,
        "read_run_id": walk.read_run_id or run_id,
        "read_started_at": walk.read_started_at,
        "is_full_read": walk.is_full_read,
        "revision": page.revision,
        "status": page.status,
        "http_date": page.http_date,
        "fetched_at": page.fetched_at,
        "bytes": len(page.body),
        "sha256": hashlib.sha256(page.body).hexdigest(),
        "record_count": page.record_count,
        "record_digests": record_digests(page.body) if page.status == 200 else None,
        "run_id": run_id,
        "forgotten_at": None,
        "body": page.body,
    }
