"""What time it is for Klaviyo: upper bounds by our own clock are refused or leave gaps."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from klaviyo_spark.clock import utc_now

logger = logging.getLogger(__name__)

WORTH_SAYING_S = 60.0


class ServerClock:
    """Klaviyo's clock as its ``Date`` headers show it; ours until the first one."""

    def __init__(self, local_now: Callable[[], datetime] = utc_now) -> None:
        self.local_now = local_now
        self._skew: timedelta | None = None

    @property
    def skew(self) -> timedelta:
        """How far Klaviyo's clock is ahead of ours; up to a second less, never more."""
        return self._skew or timedelta(0)

    def now(self) -> datetime:
        """Now (UTC) by Klaviyo's clock."""
        return self.local_now() + self.skew

    def note(self, date: datetime | None, answered_at: datetime) -> None:
        """An answer with this ``Date`` came at ``answered_at`` by our clock."""
        if date is None:
            return
        first = self._skew is None
        self._skew = date - answered_at
        seconds = self._skew.total_seconds()
        if first and abs(seconds) > WORTH_SAYING_S:
            side = "behind" if seconds > 0 else "ahead of"
            logger.warning(
                "this machine's clock is %.0f s %s Klaviyo's; Klaviyo's is used for time bounds",
                abs(seconds),
                side,
            )
