"""Fetched pages to bronze, in batches; what has landed of each walk is kept in mind."""

from __future__ import annotations

import logging
import uuid
from typing import Any

from klaviyo_spark.client.paginator import Fetched
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.state.bronze_queries import page_row
from klaviyo_spark.state.resume_points import Landed, landed

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
        self.pages = 0
        self.bytes = 0
        self.walks: dict[str, Landed] = {}

    def take(self, got: Fetched) -> None:
        """Take one page; with the last that a batch holds, the batch is appended."""
        self._rows.append(page_row(got, self._account_id, self._run_id))
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
        self.pages += len(rows)
        self.bytes += size
        for row in rows:
            self.walks[row["walk_id"]] = landed(row, self.walks.get(row["walk_id"]))
