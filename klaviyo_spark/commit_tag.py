"""The mark on our own commits: Delta's log says by it who changed a table.

Delta keeps it as ``userMetadata`` of a commit. A DataFrame's writer takes it as an option, SQL
takes it from the session, where it stands for the length of a statement only: what the user's own
code commits in the same session is not ours.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from klaviyo_spark.errors import in_a_line

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

TAG = "klaviyo-spark"
# Of a DataFrame's writer, and of the commits that delta-rs makes.
OPTION = {"userMetadata": TAG}
_SETTING = "spark.databricks.delta.commitInfo.userMetadata"


@dataclass
class _Session:
    """How many statements of a session are under way, and what its setting was before them.

    ``refused``: the session does not let the setting be set.
    """

    statements: int = 0
    before: str | None = None
    refused: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)


_sessions: WeakKeyDictionary[SparkSession, _Session] = WeakKeyDictionary()
_making = threading.Lock()


@contextmanager
def tagged(spark: SparkSession) -> Iterator[None]:
    """What SQL commits within the block carries the tag, as far as the session lets it.

    Tables are written side by side in one session, so the last to end takes the setting back.
    """
    with _making:
        session = _sessions.setdefault(spark, _Session())
    with session.lock:
        if not session.statements:
            _begin(spark, session)
        session.statements += 1
    try:
        yield
    finally:
        with session.lock:
            session.statements -= 1
            if not session.statements and not session.refused:
                if session.before is None:
                    spark.conf.unset(_SETTING)
                else:
                    spark.conf.set(_SETTING, session.before)


def _begin(spark: SparkSession, session: _Session) -> None:
    try:
        session.before = spark.conf.get(_SETTING, None)
        spark.conf.set(_SETTING, TAG)
        session.refused = False
    except Exception as error:  # serverless has a short list of what may be set
        session.refused = True
        logger.debug("commits of SQL carry no tag: %s", in_a_line(error))


def can_tag(spark: SparkSession) -> bool:
    """Whether the session lets SQL's commits carry the tag."""
    with tagged(spark):
        return not _sessions[spark].refused
