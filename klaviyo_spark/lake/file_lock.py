"""A lake in a folder of this machine, held by a lock on a file, which dies with its holder.

Any other lake is held by a lease: ``lock`` chooses. No Spark here.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Protocol, TypeVar

import msgspec

from klaviyo_spark import messages
from klaviyo_spark.clock import utc_now
from klaviyo_spark.errors import LakeBusy, Stopped
from klaviyo_spark.lake.local.store import Folder
from klaviyo_spark.lake.location import location
from klaviyo_spark.lake.spark.lazy_session import LazySession

try:
    import fcntl
except ImportError:  # Windows, where every lake is held by a lease
    fcntl = None  # type: ignore[assignment]

logger = logging.getLogger(__name__)

FILE = ".klaviyo-spark.lock"
_LOOK_S = 0.2
# Between getting the lock and having written who got it lie microseconds.
_READS, _READ_AGAIN_S = 10, 0.02

T = TypeVar("T")


@dataclass(frozen=True)
class Holder:
    """The run that holds a lake; ``since`` is when it began (UTC)."""

    run_id: str
    command: str
    host: str
    pid: int
    since: datetime

    @classmethod
    def me(cls, run_id: str, command: str) -> Holder:
        """This process, from now on."""
        return cls(run_id, command, socket.gethostname(), os.getpid(), utc_now())

    def lives(self) -> bool | None:
        """Whether its process does; None where it runs on another machine than this one."""
        if self.host != socket.gethostname():
            return None
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:  # another user's
            return True
        return True

    def __str__(self) -> str:
        article = "an" if self.command[:1] in "aeiou" else "a"
        return (
            f"{article} {self.command} that began {self.since:%Y-%m-%d %H:%M:%S} UTC "
            f"(process {self.pid} on host {self.host}, run {self.run_id})"
        )


@dataclass(frozen=True)
class LockStatus:
    """Whose name stands on a lake's lock; ``alive`` is None where that cannot be told from here."""

    holder: Holder
    alive: bool | None


class _Place(Protocol):
    @property
    def warehouse(self) -> str: ...
    @property
    def catalog(self) -> str | None: ...


class Placed(Protocol):
    """A lake, as far as it matters for where it is: its session, and the place of its tables."""

    session: LazySession

    @property
    def place(self) -> _Place:
        """Where its tables are."""
        ...


def folder_of(lake: Placed) -> Path | None:
    """The lake's folder, where this machine's kernel can guard it; None where it takes a lease."""
    if fcntl is None or lake.session.is_remote:
        return None
    return local_folder(lake.place.warehouse, lake.place.catalog)


def root_of(lake: Placed) -> Folder | None:
    """Where delta-rs finds the lake's tables, here or on a store; None where Spark alone does."""
    if lake.session.is_remote or lake.place.catalog:
        return None
    place = location(lake.place.warehouse)
    return place.store or folder_of(lake)


def local_folder(warehouse: str, catalog: str | None) -> Path | None:
    """The folder of this machine that a lake is, if it is one.

    Raises:
        ConfigError: as ``location``.
    """
    return None if catalog else location(warehouse).folder


def holding(folder: Path) -> LockStatus | None:
    """Whose name stands in the folder's lock file; the lock itself is left alone.

    A holder that died leaves its name there. Its process id may be another process's by now, which
    then passes for it.
    """
    try:
        with open(folder / FILE, "rb") as file:
            holder = _who(file)
    except OSError:
        return None
    return LockStatus(holder, holder.lives()) if holder else None


@contextmanager
def locked(
    folder: Path, holder: Holder, *, wait: bool = False, stop: threading.Event | None = None
) -> Iterator[None]:
    """Hold a folder by a lock on a file in it, whose text is ``holder`` as JSON.

    The file stays when the lock is freed, without text: if it were removed, two runs could lock
    two files of that name. Programs started meanwhile, like Spark's JVM, do not inherit the lock.

    Raises:
        LakeBusy, Stopped: as ``held``.
        OSError: the file cannot be made, written or locked.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with poll_until_acquired(lambda: _lock(folder / FILE), wait, stop, _LOOK_S) as file:
        before = _who(file)
        if before is not None:
            logger.info("taking the lake over from %s, which died", before)
        file.truncate(0)
        file.write(msgspec.json.encode(holder))
        try:
            yield
        finally:
            file.truncate(0)
            # To close the file would not do where a fork of this process has it open as well.
            fcntl.flock(file, fcntl.LOCK_UN)


def poll_until_acquired(
    take: Callable[[], T], wait: bool, stop: threading.Event | None, look_s: float
) -> T:
    """What ``take`` gives once it raises no ``LakeBusy``.

    Without ``wait``, now or not at all, unless the holder may be dead: then until that is known.

    Args:
        look_s: seconds between two tries.
    """
    pause = stop or threading.Event()
    said = False
    while True:
        try:
            return take()
        except LakeBusy as busy:
            if not wait and not busy.may_be_dead:
                raise
            if not said:
                logger.info("waiting: %s", busy.held)
            said = True
        if pause.wait(look_s):
            raise Stopped(messages.lake.STOPPED_WAITING())


def _lock(path: Path) -> IO[bytes]:
    """The file, locked; opened anew at each try, as it may have been removed with its lake."""
    file = open(path, "a+b", buffering=0)  # noqa: SIM115 - handed on, open
    try:
        for _ in range(_READS):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                other = _who(file)
                if other is not None:
                    raise LakeBusy(other) from None
                time.sleep(_READ_AGAIN_S)
            else:
                return file
        raise LakeBusy(None)
    except BaseException:
        file.close()
        raise


def _who(file: IO[bytes]) -> Holder | None:
    file.seek(0)
    try:
        return msgspec.json.decode(file.read(), type=Holder)
    except msgspec.DecodeError:
        return None
