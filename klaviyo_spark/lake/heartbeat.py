"""Signs of life that the holder of a lease gives, and how long one has stood still."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from klaviyo_spark.lake.file_lock import Holder, LockStatus

# A holder that gives no sign for so long is dead; several beats may fail before that.
LEASE_S = 300.0
TABLE = "lock"
DOC = "One row: the run that holds the lake, or held it last."
COLUMNS = (
    ("name", "string", "What is held: lake."),
    ("token", "string", "Names this one holding; NULL while the lake is free."),
    ("run_id", "string", "The run."),
    ("command", "string", "sync, ingest, refine, ..."),
    ("host", "string", "The machine it runs on."),
    ("pid", "bigint", "Its process there."),
    ("since", "timestamp", "When the run began (UTC)."),
    ("taken_at", "timestamp", "When it got the lake (UTC)."),
)
# The table property that has the last sign: token, number, time. No column: an UPDATE has tasks,
# and behind a long stage of a backfill they wait for a free core longer than a lease lasts. To set
# a property is work of the driver alone.
PROPERTY = "klaviyo_spark.seen"
# Each sign is a commit. Every tenth would write a checkpoint, which has tasks too.
CHECKPOINT_INTERVAL = 100

Signed = tuple[str, int, datetime]


@dataclass(frozen=True)
class Heartbeat:
    """The last sign of life of a lake's holder.

    Args:
        number: of the signs of this holding; 0 where it has got the lake and given none yet.
        at: when, by the holder's clock.
    """

    token: str
    holder: Holder
    number: int
    at: datetime

    def is_fresh(self, now: datetime, lease_s: float) -> bool:
        """Whether it was given just now, if the holder's clock agrees with the one of ``now``."""
        return abs((now - self.at).total_seconds()) < lease_s


class HeartbeatMonitor:
    """How long a sign stands still, by the time that passes on this machine.

    ``moves``: it has been seen to change, so somebody lives.
    """

    def __init__(self, elapsed: Callable[[], float]) -> None:
        self._elapsed = elapsed
        self._last: tuple[str, int] | None = None
        self._since_s = 0.0
        self.moves = False

    def still_s(self, sign: Heartbeat) -> float:
        """Seconds since ``sign`` was first looked at."""
        seen = (sign.token, sign.number)
        if seen != self._last:
            self.moves = self._last is not None
            self._last, self._since_s = seen, self._elapsed()
        return self._elapsed() - self._since_s


class LeaseTable(Protocol):
    """The row that says who holds a lake, and the property with its last sign.

    Of two that change it at once, Delta refuses one: its error is raised.
    """

    def last_sign(self) -> Heartbeat | None:
        """The last sign of who holds the lake; None where it is free."""
        ...

    def signed(self) -> Signed | None:
        """Token, number and time of the last sign that was given."""
        ...

    def claim(self, row: Mapping[str, Any], expected: str | None) -> None:
        """Write ``row`` over the one whose token is ``expected``, or where there is no row."""
        ...

    def give_sign(self, token: str, number: int, at: datetime) -> None:
        """Say that the holder of ``token`` lives."""
        ...

    def release(self, token: str) -> None:
        """Free the lake, if it is the holder of ``token`` that has it."""
        ...


def sign_text(token: str, number: int, at: datetime) -> str:
    """A sign as the property holds it."""
    return f"{token} {number} {at.isoformat()}"


def parse_sign(text: str | None) -> Signed | None:
    """What ``sign_text`` says; None where no sign was given yet."""
    if text is None:
        return None
    token, number, at = text.split(" ")
    return token, int(number), datetime.fromisoformat(at)


def heartbeat_of(row: Mapping[str, Any], last: Signed | None) -> Heartbeat:
    """The last sign of the holder in ``row``, whose times are UTC.

    Args:
        last: sign that was given, by this holder or by one before.
    """
    holder = Holder(row["run_id"], row["command"], row["host"], row["pid"], row["since"])
    number, at = last[1:] if last and last[0] == row["token"] else (0, row["taken_at"])
    return Heartbeat(row["token"], holder, number, at)


def status_of(sign: Heartbeat | None, now: datetime) -> LockStatus | None:
    """Who holds the lake, by one look at the last sign.

    It shows that the holder lives where the sign was given just now, by a clock that agrees with
    ours. It never shows that it is dead.
    """
    if sign is None:
        return None
    return LockStatus(sign.holder, True if sign.is_fresh(now, LEASE_S) else None)
