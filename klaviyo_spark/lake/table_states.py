"""The state of any table of a lake: by its log where delta-rs reaches it, else by Spark."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType

from pyspark.errors import AnalysisException
from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

from klaviyo_spark.clock import utc
from klaviyo_spark.errors import TableUnreadable, in_a_line
from klaviyo_spark.lake.commit_tag import can_tag, is_ours
from klaviyo_spark.lake.delta_log import (
    NOT_KNOWN_HERE,
    Commit,
    Signature,
    TableState,
    Write,
    in_folder,
    is_like_ours,
    missing_writes,
)
from klaviyo_spark.lake.file_lock import root_of
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.lake.local.storage import ask_each
from klaviyo_spark.lake.local.store import Folder
from klaviyo_spark.lake.tables import folder_in, is_not_there
from klaviyo_spark.lake.unreadable import is_damage, unreadable

logger = logging.getLogger(__name__)

_SIDE_BY_SIDE = 8
# So many commits are asked for at first: a table has few between two loads.
_NEWEST = 20
# Operations that change rows, as histories name them; all others keep them.
_CHANGES_ROWS = re.compile(
    r"WRITE|DELETE|TRUNCATE|UPDATE|MERGE|RESTORE|CLONE|COPY INTO|CONVERT|FSCK|STREAMING UPDATE"
    r"|(?:CREATE OR )?REPLACE TABLE|.* AS SELECT"
)
# Counts that are all 0 where such an operation has found nothing to do.
_COUNTS = (
    "numOutputRows", "numDeletedRows", "numUpdatedRows", "numRemovedFiles", "numRestoredFiles",
    "numTargetRowsInserted", "numTargetRowsUpdated", "numTargetRowsDeleted",
)  # fmt: skip
# Of these the rows of before are all still there.
_ONLY_ADDS = ("STREAMING UPDATE", "COPY INTO")
# A write that so many others came after is not looked for: a long history costs seconds.
_FAR = 200


def table_states(
    lake: Lake,
    schema: str,
    since: Mapping[str, int | None],
    writes: Mapping[str, Sequence[Write]] = MappingProxyType({}),
) -> dict[str, TableState]:
    """The state of each table of ``schema`` that ``since`` names and that is there.

    Args:
        since: per table, the version after which commits are looked at; None: at none.
        writes: per table, those that are looked for.

    Raises:
        TableUnreadable: a table's log is damaged.
    """
    states: dict[str, TableState] = {}
    for name, state in states_or_errors(lake, schema, since, writes).items():
        if isinstance(state, TableUnreadable):
            raise state
        states[name] = state
    return states


def states_or_errors(
    lake: Lake,
    schema: str,
    since: Mapping[str, int | None],
    writes: Mapping[str, Sequence[Write]] = MappingProxyType({}),
) -> dict[str, TableState | TableUnreadable]:
    """As ``table_states``, with the error of each table whose log is damaged in its place."""
    folder = root_of(lake)
    found: dict[str, TableState | TableUnreadable | None] = {}
    if folder:
        found = _by_log(folder, schema, since, writes)
    left = {name: version for name, version in since.items() if name not in found}
    if left:
        by_shape = not can_tag(lake.spark)

        def read_state(table: str) -> TableState | TableUnreadable | None:
            name = lake.place.table(schema, table)
            try:
                return by_spark(lake.spark, name, left[table], by_shape, writes.get(table, ()))
            except Exception as error:
                if not is_damage(error):
                    raise
                return unreadable(schema, table, folder_in(name), in_a_line(error))

        with ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="delta-log") as pool:
            found |= dict(zip(left, pool.map(read_state, left), strict=True))
    return {name: state for name, state in found.items() if state}


def _by_log(
    root: Folder,
    schema: str,
    since: Mapping[str, int | None],
    writes: Mapping[str, Sequence[Write]],
) -> dict[str, TableState | TableUnreadable | None]:
    """The tables whose logs say it in a form that is known here; None of one that is not there."""
    found: dict[str, TableState | TableUnreadable | None] = {}

    def read_log(name: str) -> None:
        try:
            folder = root / f"{schema}.db" / name
            found[name] = in_folder(folder, since[name], writes.get(name, ()))
        except TableUnreadable as error:
            found[name] = error
        except NOT_KNOWN_HERE as error:
            logger.debug("%s.%s: Spark is asked: %s", schema, name, in_a_line(error))

    ask_each(root, since, read_log)
    return found


def by_spark(
    spark: SparkSession,
    name: str,
    since: int | None,
    by_shape: bool,
    writes: Sequence[Write] = (),
) -> TableState | None:
    """The state of the table that SQL calls ``name``, in two statements; None if it is not there.

    Args:
        by_shape: SQL's commits carry no tag here: ours are known by what they look like.
        writes: those that are looked for.
    """
    try:
        detail = spark.sql(f"DESCRIBE DETAIL {name}").select("id", "properties").first()
    except AnalysisException as error:
        if is_not_there(error):
            return None
        raise
    if detail is None or detail["id"] is None:
        return None
    rows = _history(spark, name, _NEWEST)
    newest = rows[0]["version"]
    wanted = [write.version for write in writes if write.run_id and newest - write.version <= _FAR]
    back = min([*wanted, *([] if since is None else [since])], default=newest)
    if rows[-1]["version"] > back + 1 and len(rows) == _NEWEST:
        rows = _history(spark, name, newest - back)
    later = [row for row in rows if since is not None and row["version"] > since]
    commits = [
        Commit(
            row["version"],
            utc(row["at"]),
            row["operation"],
            row["mode"] != "Append" and row["operation"] not in _ONLY_ADDS,
        )
        for row in later
        if changes_rows(row["operation"], row["metrics"] or {})
        and not _is_ours(row, later, by_shape)
    ]
    signed = [Signature(row["version"], row["tag"], row["predicate"]) for row in rows[::-1]]
    missing = missing_writes(
        writes,
        newest,
        signed[0].version,
        lambda version: (commit for commit in signed if commit.version > version),
    )
    properties = dict(detail["properties"] or {})
    return TableState(detail["id"], newest, properties, tuple(commits[::-1]), missing)


def _history(spark: SparkSession, name: str, count: int) -> list[Row]:
    parameters = F.col("operationParameters")
    history = spark.sql(f"DESCRIBE HISTORY {name} LIMIT {count}").select(
        "version",
        F.unix_micros("timestamp").alias("at"),
        "operation",
        F.col("operationMetrics").alias("metrics"),
        F.col("userMetadata").alias("tag"),
        parameters["mode"].alias("mode"),
        parameters["predicate"].alias("predicate"),
        parameters["version"].alias("restored"),
    )
    return history.orderBy(F.desc("version")).collect()


def changes_rows(operation: str, metrics: Mapping[str, str]) -> bool:
    """Whether a commit of that name has changed rows; ``metrics`` as its history has them."""
    counts = {metrics[name] for name in _COUNTS if name in metrics}
    return bool(_CHANGES_ROWS.fullmatch(operation)) and counts != {"0"}


def _is_ours(row: Row, later: list[Row], by_shape: bool) -> bool:
    if is_ours(row["tag"]):
        return True
    if not by_shape:
        return False
    if row["operation"] == "RESTORE":  # what `Lake.undo` takes back was written with a tag
        undone = f"{row['version'] - 2}"
        before = [one for one in later if one["version"] == row["version"] - 1]
        return row["restored"] == undone and bool(before) and is_ours(before[0]["tag"])
    return is_like_ours(row["predicate"])
