"""How a command ended: the rows of ``klaviyo_ops.runs``."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from klaviyo_spark import messages
from klaviyo_spark.clock import utc_now
from klaviyo_spark.errors import in_a_line
from klaviyo_spark.lake.lake import Lake

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """One run that has ended. Times are UTC.

    Args:
        account_id: None where the run was of the whole lake.
        finished_at: now, by this machine's clock, where nothing else is said.
        errors: what did not succeed, a line each.
        warnings: what should be known besides, a line each.
        requests, retries: sent to Klaviyo.
        pages, bytes: landed in bronze.
        resumed_walk_ids: interrupted walks of earlier runs that this one completed.
    """

    run_id: str
    account_id: str | None
    command: str
    started_at: datetime
    exit_code: int
    finished_at: datetime | None = field(default_factory=utc_now)
    errors: Sequence[str] = ()
    warnings: Sequence[str] = ()
    requests: int = 0
    retries: int = 0
    pages: int = 0
    bytes: int = 0
    resumed_walk_ids: Sequence[str] = ()

    def as_row(self) -> dict[str, Any]:
        """The row, by column."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: list(v) if isinstance(v, list | tuple) else v for name, v in values.items()}


def record_run(lake: Lake, run: RunRecord) -> None:
    """Append the run's row."""
    lake.append_ops("runs", [run.as_row()])


def record_failed_run(lake: Lake, run: RunRecord) -> None:
    """Append the row of a run that an error has ended.

    Where that fails too it is logged: the first error is the one to raise.
    """
    try:
        record_run(lake, run)
    except Exception as error:
        why = in_a_line(error)
        if why not in run.errors:  # else it is said already
            logger.error(messages.lake.RUN_NOT_RECORDED(reason=why))
