"""One run at a time: a lake in a folder is held by a lock on a file, any other by a lease."""

from __future__ import annotations

import errno
import logging
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from klaviyo_spark import messages
from klaviyo_spark.errors import LakeError
from klaviyo_spark.lake import lease as leases
from klaviyo_spark.lake.file_lock import FILE, Holder, folder_of, locked
from klaviyo_spark.lake.lake import Lake

logger = logging.getLogger(__name__)

# A file system that cannot lock says one of these.
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}


@contextmanager
def lock_lake(
    lake: Lake, holder: Holder, *, wait: bool = False, stop: threading.Event | None = None
) -> Iterator[None]:
    """Hold ``lake`` while the block runs: no other process can, nor a thread with its own Lake.

    A folder is held by a lock on its file ``.klaviyo-spark.lock``; a holder that dies, in whatever
    way, is rid of it at once. A catalog or a URI, and any lake on Databricks or Spark Connect, is
    held by a lease; a holder that dies loses it to whoever has seen no sign of it for five minutes.

    What this cannot do:

    - On S3 a session that somebody else has set up (spark-submit, a platform) writes the lease
      itself, and Delta's default log store lets two writers commit the same version: two runs that
      start in the same seconds may both get it. There one writer at a time is your duty. A session
      of our own leaves the lease to delta-rs, of which the store takes one commit of a version.
    - A folder on a file system that cannot lock (a warning says so) is held by a lease too, and
      Delta's log in such a folder is no better guarded.
    - A run that lost its lease while it was suspended goes on when it wakes: see ``lease.lease``.

    Args:
        wait: wait for whoever holds it, as long as it takes.
        stop: set to end that wait.

    Raises:
        LakeBusy: another run holds it, and ``wait`` is false; says who, and since when.
        Stopped: ``stop`` was set during the wait.
        LakeError: the lock file cannot be written.
    """
    folder = folder_of(lake)
    with ExitStack() as stack:
        if folder is not None:
            try:
                stack.enter_context(locked(folder, holder, wait=wait, stop=stop))
            except OSError as error:
                file = folder / FILE
                if error.errno not in _NO_LOCKS:
                    raise LakeError(
                        messages.lake.CANNOT_LOCK(file=file, reason=error.strerror)
                    ) from error
                logger.warning(
                    messages.lake.UNLOCKED_FILE(file=file, reason=error.strerror),
                )
                folder = None
        if folder is None:
            stack.enter_context(leases.lease(lake, holder, wait=wait, stop=stop))
        yield
