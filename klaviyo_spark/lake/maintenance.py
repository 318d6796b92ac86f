"""Delta's own upkeep: small files made few, old files removed, old pages deleted.

What is worth doing is decided from Delta's log alone: which files a table has, what its commits
did. No data is read for it.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any
from urllib.parse import unquote

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from klaviyo_spark import messages
from klaviyo_spark.errors import LakeError
from klaviyo_spark.lake.commit_tag import tagged
from klaviyo_spark.lake.foreign_files import foreign_file
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.lake.merge import merge_into, partition_filter, set_columns
from klaviyo_spark.lake.spark.host import SparkHost, spark_host
from klaviyo_spark.lake.spark.sql_settings import hold
from klaviyo_spark.schema.sql_text import text

logger = logging.getLogger(__name__)

# A day of events may have so many files before it pays to write them anew; so many any other table.
FILES_A_DAY, FILES_A_TABLE = 2, 8
# So many days are one commit: a reader's or a killed run's loss is small.
_DAYS_AT_ONCE = 100
# Delta lists a table's folders in as many tasks as this setting says, 10,000 by default: on a small
# machine ten seconds a table, however few files it has.
_LISTING = {"spark.sql.sources.parallelPartitionDiscovery.parallelism": "32"}
# What one page is told from others by, its partition first.
PAGE_KEY = ("resource", "ingest_date", "run_id", "batch_id", "walk_id", "page_number")
_SAME = " AND ".join(f"t.{column} = s.{column}" for column in PAGE_KEY)
# Pages may be megabytes, so files of them are to have few.
_PAGES = {"spark.sql.files.maxRecordsPerFile": "64"}
_KEEPS, _BY_DEFAULT = "delta.deletedFileRetentionDuration", "interval 168 hours"
_UNCHECKED = {"spark.databricks.delta.retentionDurationCheck.enabled": "false"}
# Commits that leave all files as they are.
_KEEPS_FILES = re.compile(
    r"CREATE|ADD|SET|UNSET|CHANGE|RENAME|UPGRADE|COMMENT|VACUUM|STREAMING UPDATE"
)
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Commit:
    """One commit of a table, as its history says; ``removed``: it may have put files aside."""

    at: datetime
    operation: str
    removed: bool


def files_of(rows: DataFrame) -> list[str]:
    """The files of a table or of a part of it, from Delta's log."""
    return rows.inputFiles()


def days_to_compact(files: Sequence[str], column: str) -> list[date | None]:
    """Days with more files than pay, oldest first; None stands for rows without a day."""
    # Of the table's own folders: the lake's may be called so too.
    at = re.compile(rf".*/{re.escape(column)}=([^/]+)/", re.DOTALL)
    found = (at.match(file) for file in files)
    counts = Counter(unquote(match.group(1)) for match in found if match)
    many = sorted(value for value, count in counts.items() if count > FILES_A_DAY)
    return [None if value == _NO_VALUE else date.fromisoformat(value) for value in many]


def optimize(lake: Lake, name: str) -> None:
    """Write the small files of a table, as SQL names it, together."""
    lake.spark.sql(f"OPTIMIZE {name}").collect()


def optimize_days(lake: Lake, name: str, column: str, days: Sequence[date | None]) -> None:
    """The same for some days of a table that is partitioned by ``column``; the others stay."""
    for at in range(0, len(days), _DAYS_AT_ONCE):
        some = partition_filter(f"`{column}`", list(days[at : at + _DAYS_AT_ONCE]))
        lake.spark.sql(f"OPTIMIZE {name} WHERE {some}").collect()


def history(lake: Lake, name: str) -> list[Commit]:
    """A table's commits as far as its log goes back, newest first."""
    rows = lake.spark.sql(f"DESCRIBE HISTORY {name}").select(
        F.unix_micros("timestamp").alias("at"),
        "operation",
        F.col("operationParameters")["mode"].alias("mode"),
        F.coalesce(
            *[F.col("operationMetrics")[n] for n in ("numRemovedFiles", "numTargetFilesRemoved")]
        ).alias("removed"),
    )
    return [
        Commit(
            _EPOCH + timedelta(microseconds=row["at"]),
            row["operation"],
            row["removed"] != "0"
            and row["mode"] != "Append"
            and not _KEEPS_FILES.match(row["operation"]),
        )
        for row in rows.collect()
    ]


def worth_vacuuming(commits: Sequence[Commit], now: datetime, retention: timedelta) -> bool:
    """Whether files that were put aside have come of age since the last time.

    Files of writers that died are found then too. Where the log no longer reaches back to the last
    time, what it does not tell counts as a yes.
    """
    last = max((c.at for c in commits if c.operation == "VACUUM START"), default=None)
    if last is None and not any(c.operation.startswith("CREATE") for c in commits):
        return True
    since = last - retention if last else datetime.min.replace(tzinfo=timezone.utc)
    return any(c.removed and since < c.at <= now - retention for c in commits)


def vacuum(lake: Lake, name: str, retention: timedelta, *, at_once: bool = False) -> int | None:
    """Remove files that no version of the table in the last ``retention`` needs.

    Args:
        at_once: remove all that the newest version does not need, whatever their age, and what
            deletion vectors hide. Readers and writers of that moment fail, so nobody may use the
            table meanwhile.

    Returns:
        Bytes freed; None where Delta does not log it (on S3 by default).

    Raises:
        LakeError: a file of somebody else's would go too; nothing is removed.
    """
    hours = 0 if at_once else -(-retention // timedelta(hours=1))
    detail = lake.spark.sql(f"DESCRIBE DETAIL {name}").first()
    assert detail is not None
    with hold(lake.spark, _UNCHECKED if at_once else {}):
        if at_once:
            _purge(lake, name, detail)
        else:
            _keep_files(lake, name, detail, hours)
        _check_files(lake, name, detail, hours)
        lake.spark.sql(f"VACUUM {name} RETAIN {hours} HOURS").collect()
    last = (
        lake.spark.sql(f"DESCRIBE HISTORY {name} LIMIT 2")
        .where("operation = 'VACUUM START'")
        .select(F.col("operationMetrics")["sizeOfDataToDelete"])
        .first()
    )
    return int(last[0]) if last and last[0] else None


def _check_files(lake: Lake, name: str, detail: Row, hours: int) -> None:
    """See to it that no file of somebody else's would go."""
    old = time.time() - hours * 3600
    file = foreign_file(lake, name, detail.asDict(), old, hours)
    if file:
        raise LakeError(messages.lake.FOREIGN_FILE(file=file))


def _purge(lake: Lake, name: str, detail: Row) -> None:
    """Take out of the newest version's files what deletion vectors hide in them, if any may.

    Somebody may have switched them on since the table was made.
    """
    if "deletionVectors" in (detail["tableFeatures"] or ()):
        bronze = name == lake.place.table(lake.place.bronze, "pages")
        with tagged(lake.spark), hold(lake.spark, _PAGES if bronze else {}):
            lake.spark.sql(f"REORG TABLE {name} APPLY (PURGE)").collect()


def _keep_files(lake: Lake, name: str, detail: Row, hours: int) -> None:
    """Set how long the table keeps files: newer Delta goes by that, and ignores ``RETAIN``."""
    wanted = f"interval {hours} hours"
    if detail["properties"].get(_KEEPS, _BY_DEFAULT) != wanted:
        lake.spark.sql(f"ALTER TABLE {name} SET TBLPROPERTIES ('{_KEEPS}' = '{wanted}')")


def set_property(lake: Lake, name: str, key: str, value: str) -> None:
    """Write a property down with a table, as SQL names it: it goes where the table goes."""
    lake.spark.sql(f"ALTER TABLE {name} SET TBLPROPERTIES ({text(key)} = {text(value)})")


def delete_pages(lake: Lake, name: str, pages: DataFrame) -> None:
    """Delete ``pages`` from the bronze table.

    Partitions that go as a whole cost a commit and no reading; from others the pages are picked.
    """
    by = ["resource", "ingest_date"]
    held = lake.pages().groupBy(*by).agg(F.count(F.lit(1)).alias("held"))
    counts = pages.groupBy(*by).agg(F.count(F.lit(1)).alias("going")).join(held, by).collect()
    whole = [row for row in counts if row["going"] == row["held"]]
    mixed = [row for row in counts if row["going"] < row["held"]]
    if whole:
        with tagged(lake.spark):
            lake.spark.sql(f"DELETE FROM {name} WHERE {partitions(whole)}").collect()
    if mixed:
        with tagged(lake.spark), hold(lake.spark, _PAGES):
            lake.spark.sql(
                merge_into(
                    name, f"ON ({partitions(mixed, 't.')}) AND {_SAME} WHEN MATCHED THEN DELETE"
                ),
                rows=pages.where(partitions(mixed)).select(*PAGE_KEY),
            ).collect()


def rewrite_pages(lake: Lake, name: str, pages: Sequence[Mapping[str, Any]]) -> None:
    """Give pages of the bronze table other values, as one commit.

    Args:
        pages: per page what it is found by, and the columns that change; few enough to be held.
    """
    values = set_columns(c for c in pages[0] if c not in PAGE_KEY)
    with tagged(lake.spark), hold(lake.spark, _PAGES):
        lake.spark.sql(
            merge_into(
                name,
                f"ON ({partitions(pages, 't.')}) AND {_SAME} WHEN MATCHED THEN UPDATE SET {values}",
            ),
            rows=lake.page_rows(pages),
        ).collect()


@contextmanager
def listing_quickly(lake: Lake) -> Iterator[None]:
    """Within, ``vacuum`` lists folders in few tasks; a platform's session is left as it is."""
    ours = spark_host(os.environ) is not SparkHost.GIVEN
    with hold(lake.spark, _LISTING if ours else {}):
        yield


def partitions(rows: Iterable[Row | Mapping[str, Any]], alias: str = "") -> str:
    """A condition on bronze's partitions, in literals. No range: days between may have to stay."""
    days: dict[str, list[str]] = {}
    for row in rows:
        days.setdefault(row["resource"], []).append(f"DATE'{row['ingest_date']}'")
    return " OR ".join(
        f"({alias}resource = '{resource}' AND {alias}ingest_date IN ({', '.join(sorted(some))}))"
        for resource, some in sorted(days.items())
    )
