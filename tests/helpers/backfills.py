"""A window of a backfill, and syncs that stand in for its steps."""

from __future__ import annotations

from datetime import datetime, timezone

from klaviyo_spark.commands.backfill.run import Window
from klaviyo_spark.commands.sync.account_run import Summary
from klaviyo_spark.silver.models import Load
from klaviyo_spark.state.models import Outcome
from tests.builders import DAY, NOON

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
Step = tuple[datetime, datetime]


def a_window(days: int = 200) -> Window:
    return Window(START, START + days * DAY, ("events", "profiles"))


class Sync:
    """Stands in for ``sync``: notes what it is asked for, and answers with the codes given.

    Args:
        lost: what each run says of members that it lost; those are all that fails then.
    """

    def __init__(self, *codes: int | Exception, lost: str = "") -> None:
        self._codes, self._lost = list(codes), lost
        self.asked: list[Step] = []

    def __call__(self, start: datetime, end: datetime) -> Summary:
        self.asked.append((start, end))
        code = self._codes.pop(0) if self._codes else 0
        if isinstance(code, Exception):
            raise code
        loads = [Load("events", "r", (), inserted=1500), Load("profiles", "r", (), inserted=2)]
        summary = Summary(f"run {len(self.asked)}", "sync", NOON, Outcome(pages=7), loads)
        if self._lost:
            summary.outcome.fail("events", self._lost, of_member=True)
        summary.exit_code, summary.finished_at = code, NOON
        return summary
