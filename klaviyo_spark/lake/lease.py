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

from klaviyo_spark import messages
from klaviyo_spark.clock import utc_now
from klaviyo_spark.errors import LakeBusy, in_a_line
from klaviyo_spark.java_words import is_of_java
from klaviyo_spark.lake.file_lock import Holder, LockStatus, T, poll_until_acquired, root_of
from klaviyo_spark.lake.heartbeat import (
    COLUMNS,
    DOC,
    LEASE_S,
    TABLE,
    Heartbeat,
    HeartbeatMonitor,
    LeaseTable,
    status_of,
)
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.lake.local.lease_table import StoreLease
from klaviyo_spark.lake.local.store import StoreFolder
from klaviyo_spark.lake.spark.lease_table import SparkLease

logger = logging.getLogger(__name__)

BEAT_S = 60.0
# Whoever waits looks again so often; each look is a query.
LOOK_S = 5.0
_TRIES = 20

# How Delta names what it refuses to one of two writers, by class or by code.
_LOST_RACE = re.compile(
    r"Concurrent\w*Exception|MetadataChanged|ProtocolChanged|CommitFailedError"
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
    one. So this is as safe as what commits: on a store delta-rs does, which puts a version only
    where the store has none (``If-None-Match``). Where Spark commits there, by Delta's default log
    store, both may get it.

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
    """Who holds the lake by a lease, without taking it or making its table: see ``status_of``.

    Raises:
        AnalysisException: no run has held this lake by a lease yet.
    """
    table = SparkLease(lake.spark, lake.place.table(lake.place.ops, TABLE))
    return status_of(table.last_sign(), clock())


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
        self.holder = holder
        self.lease_s, self.clock = lease_s, clock
        self.watch = HeartbeatMonitor(elapsed)
        self.signs = 0
        self.token = uuid.uuid4().hex
        self.claimed = False
        self.table = _lease_table(lake)

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
        last = self.table.signed()
        if (last is None or last[0] != self.token) and not self._is_ours():
            return False
        self._sign()
        return True

    def free(self) -> None:
        """Give it back, if it is ours; a failure is logged, as the lease ends by itself."""
        if not self.claimed:
            return
        try:
            _retry_on_conflict(lambda: self.table.release(self.token))
        except Exception as error:
            logger.warning(
                messages.lake.NOT_FREED(held_s=self.lease_s, reason=_brief(error)),
            )

    def _read_heartbeat(self) -> Heartbeat | None:
        return self.table.last_sign()

    def _is_ours(self) -> bool:
        found = self._read_heartbeat()
        return found is not None and found.token == self.token

    def _claim(self, expected: str | None) -> None:
        """Write our row over the one whose token is ``expected``, or where there is no row."""
        me = self.holder
        values = ("lake", self.token, me.run_id, me.command, me.host, me.pid, me.since)
        names = [name for name, _, _ in COLUMNS]
        self.table.claim(dict(zip(names, (*values, self.clock()), strict=True)), expected)

    def _sign(self) -> None:
        self.signs += 1
        self.table.give_sign(self.token, self.signs, self.clock())


def _lease_table(lake: Lake) -> LeaseTable:
    """The lake's row, made if it is not there: by delta-rs on a store, else by Spark."""
    name = _retry_on_conflict(lambda: lake.ensure(TABLE, COLUMNS, DOC))
    root = root_of(lake)
    if isinstance(root, StoreFolder):
        return StoreLease(root, lake.place.ops)
    return SparkLease(lake.spark, name)


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
