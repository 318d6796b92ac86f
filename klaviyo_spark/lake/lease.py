"""Holding a lake that no kernel guards: a row of ``klaviyo_ops.lock`` that its holder renews."""

from __future__ import annotations

import logging
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import functions as F

from klaviyo_spark import messages
from klaviyo_spark.clock import utc_now
from klaviyo_spark.errors import LakeBusy, in_a_line
from klaviyo_spark.java_words import is_of_java
from klaviyo_spark.lake.file_lock import Holder, LockStatus, T, poll_until_acquired
from klaviyo_spark.lake.heartbeat import Heartbeat, HeartbeatMonitor, give_sign, last_sign, signed
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.lake.merge import insert_columns, merge_into, set_columns

logger = logging.getLogger(__name__)

# A holder that gives no sign for so long is dead; several beats may fail before that.
LEASE_S = 300.0
BEAT_S = 60.0
# Whoever waits looks again so often; each look is a query.
LOOK_S = 5.0
_TRIES = 20

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
# How Delta names what it refuses to one of two writers, by class or by code.
_LOST_RACE = re.compile(
    r"Concurrent\w*Exception|MetadataChanged|ProtocolChanged"
    r"|DELTA_(?:CONCURRENT|METADATA_CHANGED|PROTOCOL_CHANGED)"
)


@dataclass(frozen=True)
class LeaseTiming:
    """How a lease is kept, in seconds.

    Args:
        lease_s: a holder that gives no sign for so long is dead.
        beat_s: between two signs of the holder.
        look_s: between two looks of one who waits.
    """

    lease_s: float = LEASE_S
    beat_s: float = BEAT_S
    look_s: float = LOOK_S


@contextmanager
def lease(
    lake: Lake,
    holder: Holder,
    *,
    wait: bool = False,
    stop: threading.Event | None = None,
    timing: LeaseTiming = LeaseTiming(),
    clock: Callable[[], datetime] = utc_now,
    elapsed: Callable[[], float] = time.monotonic,
) -> Iterator[None]:
    """Hold ``lake`` while the block runs; a thread says each ``timing.beat_s`` that we live.

    Two runs that take it at once both try to commit the next version of the table, and Delta lets
    one. So this is as safe as Delta's log store is: on S3 the default one lets both.

    A holder that cannot say so for ``lease_s`` (a suspended machine, storage out of reach) counts
    as dead and is taken over. If it lives on, it notices at its next beat, logs an error, and no
    more: two runs then write to one lake. Of two merges into one table Delta refuses the later, but
    appends pass, so rows of a table's first load may be there twice. Rebuild silver after that
    error.

    How long a holder has been silent is what whoever wants the lake has seen of it, by the time
    that has passed on its own machine: no clock is compared with another machine's. When a sign
    was given, by the holder's clock, decides only whether it is worth looking on: where that was
    just now, the lake is busy at once; where not, the sign has to stand still for ``lease_s``.

    Args:
        clock: this machine's, in UTC; others are told it.
        elapsed: seconds that have passed on this machine.

    Raises:
        LakeBusy, Stopped: as ``lock.held``.
    """
    ours = _Lease(lake, holder, timing.lease_s, clock, elapsed)
    done = threading.Event()
    beat = (ours, timing.beat_s, done)
    beats = threading.Thread(target=_beat, args=beat, name="lease", daemon=True)
    try:
        poll_until_acquired(ours.take, wait, stop, timing.look_s)
        beats.start()
        yield
    finally:
        done.set()
        if beats.is_alive():
            beats.join(timeout=10)
        ours.free()


def holding(lake: Lake, clock: Callable[[], datetime] = utc_now) -> LockStatus | None:
    """Who holds the lake by a lease, without taking it or making its table.

    One look shows that it lives where its last sign was given just now, by a clock that agrees with
    ours. It never shows that it is dead.

    Raises:
        AnalysisException: no run has held this lake by a lease yet.
    """
    found = last_sign(lake.spark, lake.place.table(lake.place.ops, TABLE))
    if found is None:
        return None
    return LockStatus(found.holder, True if found.is_fresh(clock(), LEASE_S) else None)


class _Lease:
    """One holding of a lake, before, while and after it is ours."""

    def __init__(
        self,
        lake: Lake,
        holder: Holder,
        lease_s: float,
        clock: Callable[[], datetime],
        elapsed: Callable[[], float],
    ) -> None:
        self.spark, self.holder = lake.spark, holder
        self.lease_s, self.clock = lease_s, clock
        self.watch = HeartbeatMonitor(elapsed)
        self.signs = 0
        self.token = uuid.uuid4().hex
        self.claimed = False
        self.table = _retry_on_conflict(lambda: lake.ensure(TABLE, COLUMNS, DOC))

    def take(self) -> None:
        """Make it ours.

        Raises:
            LakeBusy: it is another's, whose signs have not stood still for long enough.
        """
        for _ in range(_TRIES):
            other = self._read_heartbeat()
            silent_s = self.watch.still_s(other) if other else 0.0
            if other and silent_s < self.lease_s:
                raise self._busy(other)
            self.claimed = True
            try:
                self._claim(other.token if other else None)
            except Exception as error:
                if not _lost_race(error):
                    raise
            if self._is_ours():
                if other:
                    logger.warning(messages.lake.TAKEN_OVER(holder=other.holder, silent_s=silent_s))
                _retry_on_conflict(self._sign)
                return
        raise LakeBusy(None)

    def _busy(self, other: Heartbeat) -> LakeBusy:
        now = self.clock()
        if self.watch.moves:
            return LakeBusy(other.holder, ", which gives signs of life")
        if other.is_fresh(now, self.lease_s):
            ago_s = max(0.0, (now - other.at).total_seconds())
            return LakeBusy(other.holder, f", last seen {ago_s:.0f} s ago")
        return LakeBusy(
            other.holder,
            f", last seen at {other.at:%Y-%m-%d %H:%M:%S} UTC by its own clock: it is taken over "
            f"if it gives no sign for {self.lease_s:.0f} s from now",
            may_be_dead=True,
        )

    def renew(self) -> bool:
        """Say that we live; False where the lake is another's by now."""
        last = signed(self.spark, self.table)
        if (last is None or last[0] != self.token) and not self._is_ours():
            return False
        self._sign()
        return True

    def free(self) -> None:
        """Give it back, if it is ours; a failure is logged, as the lease ends by itself."""
        if not self.claimed:
            return
        update = f"UPDATE {self.table} SET token = NULL WHERE token = '{self.token}'"
        try:
            _retry_on_conflict(lambda: self.spark.sql(update))
        except Exception as error:
            logger.warning(
                messages.lake.NOT_FREED(held_s=self.lease_s, reason=_brief(error)),
            )

    def _read_heartbeat(self) -> Heartbeat | None:
        return last_sign(self.spark, self.table)

    def _is_ours(self) -> bool:
        found = self._read_heartbeat()
        return found is not None and found.token == self.token

    def _claim(self, expected: str | None) -> None:
        """Write our row over the one whose token is ``expected``, or where there is no row."""
        me = self.holder
        values = (
            "lake",
            self.token,
            me.run_id,
            me.command,
            me.host,
            me.pid,
            me.since,
            self.clock(),
        )
        ours = [
            F.lit(value).cast(type).alias(name)
            for (name, type, _), value in zip(COLUMNS, values, strict=True)
        ]
        names = [name for name, _, _ in COLUMNS]
        row = self.spark.range(1).select(*ours, F.lit(expected).cast("string").alias("expected"))
        self.spark.sql(
            merge_into(
                self.table,
                "ON t.name = s.name WHEN MATCHED AND t.token <=> s.expected THEN UPDATE SET "
                f"{set_columns(names)} WHEN NOT MATCHED THEN {insert_columns(names)}",
            ),
            rows=row,
        )

    def _sign(self) -> None:
        self.signs += 1
        give_sign(self.spark, self.table, self.token, self.signs, self.clock())


def _beat(ours: _Lease, beat_s: float, done: threading.Event) -> None:
    while not done.wait(beat_s):
        try:
            if not ours.renew():
                logger.error(
                    messages.lake.LOST_TO_OTHER(silent_s=ours.lease_s),
                )
                return
        except Exception as error:
            logger.warning(
                messages.lake.LEASE_NOT_RENEWED(next_s=beat_s, reason=_brief(error)),
            )


def _retry_on_conflict(write: Callable[[], T]) -> T:
    """What ``write`` gives, tried again where Delta let another writer go first."""
    for _ in range(_TRIES - 1):
        try:
            return write()
        except Exception as error:
            if not _lost_race(error):
                raise
    return write()


def _lost_race(error: Exception) -> bool:
    return _LOST_RACE.search(f"{type(error).__name__} {error}") is not None


def _brief(error: Exception) -> str:
    text = str(error)
    if is_of_java(text):
        return in_a_line(error)
    return f"{type(error).__name__}: {' '.join(text.split()):.300}"
