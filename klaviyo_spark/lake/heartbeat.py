"""Signs of life that the holder of a lease gives, and how long one has stood still."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from klaviyo_spark.clock import utc
from klaviyo_spark.lake.file_lock import Holder

# The table property that has the last sign: token, number, time. No column: an UPDATE has tasks,
# and behind a long stage of a backfill they wait for a free core longer than a lease lasts. To set
# a property is work of the driver alone.
_PROPERTY = "klaviyo_spark.seen"
# Each sign is a commit. Every tenth would write a checkpoint, which has tasks too.
_CHECKPOINT_INTERVAL = 100


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


def last_sign(spark: SparkSession, table: str) -> Heartbeat | None:
    """The last sign of who holds the lake; None where it is free."""
    times = [F.unix_micros(name).alias(name) for name in ("since", "taken_at")]
    held = spark.table(table).where(F.col("token").isNotNull())
    rows = held.select("token", "run_id", "command", "host", "pid", *times).collect()
    if not rows:
        return None
    token, run_id, command, host, pid, since, taken_at = rows[0]
    holder = Holder(run_id, command, host, pid, utc(since))
    last = signed(spark, table)
    number, at = last[1:] if last and last[0] == token else (0, utc(taken_at))
    return Heartbeat(token, holder, number, at)


def signed(spark: SparkSession, table: str) -> tuple[str, int, datetime] | None:
    """Token, number and time of the last sign that was given."""
    rows = spark.sql(f"SHOW TBLPROPERTIES {table}").collect()
    text = {row["key"]: row["value"] for row in rows}.get(_PROPERTY)
    if text is None:
        return None
    token, number, at = text.split(" ")
    return token, int(number), datetime.fromisoformat(at)


def give_sign(spark: SparkSession, table: str, token: str, number: int, at: datetime) -> None:
    """Say that the holder of ``token`` lives."""
    spark.sql(
        f"ALTER TABLE {table} SET TBLPROPERTIES ('{_PROPERTY}' = '{token} {number} "
        f"{at.isoformat()}', 'delta.checkpointInterval' = '{_CHECKPOINT_INTERVAL}')"
    )
