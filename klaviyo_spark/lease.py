"""Holding a lake that no kernel guards: a row of ``klaviyo_ops.lock`` that its holder renews."""

from __future__ import annotations

import logging
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from klaviyo_spark.clock import utc_now
from klaviyo_spark.lake import Lake
from klaviyo_spark.lock import Holder, Holding, LakeBusy, T, until_ours

logger = logging.getLogger(__name__)

# A holder that was not seen for so long is dead; several beats may fail before that.
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
    ("verb", "string", "sync, ingest, refine, ..."),
    ("host", "string", "The machine it runs on."),
    ("pid", "bigint", "Its process there."),
    ("since", "timestamp", "When the run began (UTC)."),
    ("taken_at", "timestamp", "When it got the lake (UTC)."),
)
# The table property that says which token was last seen alive, and when. No column: an UPDATE has
# tasks, and behind a long stage of a backfill they wait for a free core longer than a lease lasts.
# To set a property is work of the driver alone.
SEEN = "klaviyo_spark.seen"
# Each beat is a commit. Every tenth would write a checkpoint, which has tasks too.
_CHECKPOINT_INTERVAL = 100
# How Delta names what it refuses to one of two writers, by class or by code.
_LOST_RACE = re.compile(
    r"Concurrent\w*Exception|MetadataChanged|ProtocolChanged"
    r"|DELTA_(?:CONCURRENT|METADATA_CHANGED|PROTOCOL_CHANGED)"
)


@contextmanager
def lease(
    lake: Lake,
    holder: Holder,
    *,
    wait: bool = False,
    stop: threading.Event | None = None,
    lease_s: float = LEASE_S,
    beat_s: float = BEAT_S,
    look_s: float = LOOK_S,
    clock: Callable[[], datetime] = utc_now,
) -> Iterator[None]:
    """Hold ``lake`` while the block runs; a thread says each ``beat_s`` that we live.

    Two runs that take it at once both try to commit the next version of the table, and Delta lets
    one. So this is as safe as Delta's log store is: on S3 the default one lets both.

    A holder that cannot say so for ``lease_s`` (a suspended machine, storage out of reach) counts
    as dead and is taken over. If it lives on, it notices at its next beat, logs an error, and no
    more: two runs then write to one lake. Of two merges into one table Delta refuses the later, but
    appends pass, so rows of a table's first load may be there twice. Rebuild silver after that
    error. The clocks of two drivers must agree to within ``lease_s - beat_s``.

    Args:
        look_s: seconds between two looks of one who waits.

    Raises:
        LakeBusy, Stopped: as ``lock.held``.
    """
    ours = _Lease(lake, holder, lease_s, clock)
    done = threading.Event()
    beats = threading.Thread(target=_beat, args=(ours, beat_s, done), name="lease", daemon=True)
    try:
        until_ours(ours.take, wait, stop, look_s)
        beats.start()
        yield
    finally:
        done.set()
        if beats.is_alive():
            beats.join(timeout=10)
        ours.free()


def holding(lake: Lake, clock: Callable[[], datetime] = utc_now) -> Holding | None:
    """Who holds the lake by a lease, without taking it or making its table.

    Raises:
        AnalysisException: no run has held this lake by a lease yet.
    """
    _, holder, seen_at = _found(lake.spark, lake.place.table(lake.place.ops, TABLE))
    if holder is None or seen_at is None:
        return None
    return Holding(holder, (clock() - seen_at).total_seconds() < LEASE_S)


class _Lease:
    """One holding of a lake, before, while and after it is ours."""

    def __init__(
        self, lake: Lake, holder: Holder, lease_s: float, clock: Callable[[], datetime]
    ) -> None:
        self.spark, self.holder = lake.spark, holder
        self.lease_s, self.clock = lease_s, clock
        self.token = uuid.uuid4().hex
        self.claimed = False
        self.table = _again(lambda: lake.ensure(TABLE, COLUMNS, DOC))

    def take(self) -> None:
        """Make it ours.

        Raises:
            LakeBusy: it is another's, who was seen alive.
        """
        for _ in range(_TRIES):
            token, other, seen_at = self._found()
            silent_s = (self.clock() - seen_at).total_seconds() if seen_at else 0.0
            if token and silent_s < self.lease_s:
                raise LakeBusy(other, f", last seen {max(0.0, silent_s):.0f} s ago")
            self.claimed = True
            try:
                self._claim(token)
            except Exception as error:
                if not _lost_race(error):
                    raise
            if self._found()[0] == self.token:
                if token:
                    logger.warning("took the lake over from %s, silent for %.0f s", other, silent_s)
                _again(self._sign)
                return
        raise LakeBusy(None)

    def renew(self) -> bool:
        """Say that we live; False where the lake is another's by now."""
        if _seen(self.spark, self.table)[0] != self.token and self._found()[0] != self.token:
            return False
        self._sign()
        return True

    def free(self) -> None:
        """Give it back, if it is ours; a failure is logged, as the lease ends by itself."""
        if not self.claimed:
            return
        update = f"UPDATE {self.table} SET token = NULL WHERE token = '{self.token}'"
        try:
            _again(lambda: self.spark.sql(update))
        except Exception as error:
            logger.warning(
                "the lake was not freed and counts as held for %.0f s: %s",
                self.lease_s,
                _brief(error),
            )

    def _found(self) -> tuple[str | None, Holder | None, datetime | None]:
        return _found(self.spark, self.table)

    def _claim(self, expected: str | None) -> None:
        """Write our row over the one whose token is ``expected``, or where there is no row."""
        me = self.holder
        values = ("lake", self.token, me.run_id, me.verb, me.host, me.pid, me.since, self.clock())
        ours = [
            F.lit(value).cast(type).alias(name)
            for (name, type, _), value in zip(COLUMNS, values, strict=True)
        ]
        row = self.spark.range(1).select(*ours, F.lit(expected).cast("string").alias("expected"))
        self.spark.sql(
            f"MERGE INTO {self.table} t USING {{row}} s ON t.name = s.name "
            "WHEN MATCHED AND t.token <=> s.expected THEN UPDATE SET * "
            "WHEN NOT MATCHED THEN INSERT *",
            row=row,
        )

    def _sign(self) -> None:
        self.spark.sql(
            f"ALTER TABLE {self.table} SET TBLPROPERTIES "
            f"('{SEEN}' = '{self.token} {self.clock().isoformat()}', "
            f"'delta.checkpointInterval' = '{_CHECKPOINT_INTERVAL}')"
        )


def _found(spark: SparkSession, table: str) -> tuple[str | None, Holder | None, datetime | None]:
    """Token, holder, and when it was last seen alive; all None where the lake is free."""
    times = [F.unix_micros(name).alias(name) for name in ("since", "taken_at")]
    held = spark.table(table).where(F.col("token").isNotNull())
    rows = held.select("token", "run_id", "verb", "host", "pid", *times).collect()
    if not rows:
        return None, None, None
    token, run_id, verb, host, pid, since, taken_at = rows[0]
    seen, seen_at = _seen(spark, table)
    return (
        token,
        Holder(run_id, verb, host, pid, _from_micros(since)),
        seen_at if seen == token else _from_micros(taken_at),
    )


def _seen(spark: SparkSession, table: str) -> tuple[str | None, datetime | None]:
    rows = spark.sql(f"SHOW TBLPROPERTIES {table}").collect()
    text = {row["key"]: row["value"] for row in rows}.get(SEEN)
    if text is None:
        return None, None
    token, _, seen_at = text.partition(" ")
    return token, datetime.fromisoformat(seen_at)


def _beat(ours: _Lease, beat_s: float, done: threading.Event) -> None:
    while not done.wait(beat_s):
        try:
            if not ours.renew():
                logger.error(
                    "another run took the lake over, as this one gave no sign for %.0f s; two runs "
                    "write to it now: stop one, then rebuild silver",
                    ours.lease_s,
                )
                return
        except Exception as error:
            logger.warning(
                "the lease on the lake was not renewed, next try in %.0f s: %s",
                beat_s,
                _brief(error),
            )


def _again(write: Callable[[], T]) -> T:
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
    return f"{type(error).__name__}: {' '.join(str(error).split()):.300}"


def _from_micros(micros: int) -> datetime:
    return datetime.fromtimestamp(0, tz=timezone.utc) + timedelta(microseconds=micros)
