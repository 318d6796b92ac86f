"""Settings of a Spark session that change what our SQL means or how its rows are stored.

Sessions of our own are made with them. In a platform's session they hold while a verb runs, and
then it is as it was found.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from klaviyo_spark import messages
from klaviyo_spark.errors import ConfigError, in_a_line

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

_MISFIT = """coalesce(from_json(
    '{"d":{"a":"q","b":"x"}}', 'd struct<a:struct<c:string>,b:string>'
).d.b = 'x', false)"""
# Per setting the value that our SQL is written for, and SQL that is true where it is meant so.
MEANING: Mapping[str, tuple[str, str]] = {
    "spark.sql.session.timeZone": (
        "UTC",
        "CAST(timestamp_seconds(1750000000) AS string) = '2025-06-15 15:06:40'",
    ),
    "spark.sql.timestampType": ("TIMESTAMP_LTZ", "typeof(CAST(NULL AS timestamp)) = 'timestamp'"),
    "spark.sql.ansi.enabled": ("true", "size(CAST(NULL AS array<string>)) IS NULL"),
    "spark.sql.ansi.doubleQuotedIdentifiers": ("false", "\"a\" = 'a'"),
    "spark.sql.ansi.enforceReservedKeywords": (
        "false",
        "(SELECT max(end) FROM (SELECT 1 AS end)) = 1",
    ),
    "spark.sql.parser.escapedStringLiterals": ("false", r"length('\\') = 1"),
    "spark.sql.parser.quotedRegexColumnNames": (
        "false",
        "(SELECT max(`.`) FROM (SELECT 1 AS `.`, 2 AS b)) = 1",
    ),
    "spark.sql.caseSensitive": ("false", "(SELECT max(A) FROM (SELECT 1 AS a)) = 1"),
    "spark.sql.variable.substitute": (
        "false",
        "startswith('${spark.sql.variable.substitute}', '$')",
    ),
    "spark.sql.json.enablePartialResults": ("true", _MISFIT),
}
# How rows are found and stored. No query shows it.
STORAGE: Mapping[str, str] = {
    # INT96, which Spark writes by default, holds fewer years than a column promises, for others.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.writeLegacyFormat": "false",
    # A page that is not read counts as one that is not there, and all on it as gone.
    "spark.sql.files.ignoreCorruptFiles": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
    "spark.databricks.delta.stalenessLimit": "0ms",
    "spark.sql.retainGroupColumns": "true",
    "spark.sql.sources.partitionOverwriteMode": "STATIC",
    "spark.sql.storeAssignmentPolicy": "ANSI",
    "spark.databricks.delta.schema.autoMerge.enabled": "false",
    "spark.databricks.delta.replaceWhere.dataColumns.enabled": "true",
    # A file of thousands of pages cannot be read.
    "spark.databricks.delta.autoCompact.enabled": "false",
    # VACUUM LITE leaves the files of writers that died.
    "spark.databricks.delta.vacuum.lite.enabled": "false",
}
SETTINGS: Mapping[str, str] = {**{key: value for key, (value, _) in MEANING.items()}, **STORAGE}

Conf = Mapping[str, str]


@dataclass
class _SettingHold:
    """Settings that blocks of one session hold: how many, what was before, what it refuses."""

    blocks: int
    before: dict[str, str | None]
    refused: list[str]


# By session and settings.
_held: dict[tuple[object, ...], _SettingHold] = {}
_lock = threading.Lock()


@contextmanager
def pin_settings(spark: SparkSession) -> Iterator[None]:
    """Hold ``SETTINGS`` while the block runs.

    Raises:
        ConfigError: the session refuses a setting, and means something else by our SQL.
    """
    with hold(spark, SETTINGS, _check):
        yield


@contextmanager
def hold(
    spark: SparkSession,
    conf: Conf,
    check: Callable[[SparkSession, list[str]], None] = lambda _spark, _refused: None,
) -> Iterator[list[str]]:
    """Hold settings while the block runs, as far as the session lets them be set.

    Blocks that hold the same may be nested and side by side: the first sets them, and the last
    takes them back.

    Args:
        check: raises where the session cannot do without those that it refuses.

    Gives:
        The settings that the session refuses.
    """
    key = (id(spark), *conf.items())
    with _lock:
        held = _held.get(key)
        if held is None:
            held = _SettingHold(0, *set_settings(spark, conf))
            try:
                check(spark, held.refused)
            except BaseException:
                _restore(spark, held.before)
                raise
            _held[key] = held
        held.blocks += 1
    try:
        yield held.refused
    finally:
        with _lock:
            held.blocks -= 1
            if not held.blocks:
                del _held[key]
                _restore(spark, held.before)


def set_settings(spark: SparkSession, conf: Conf) -> tuple[dict[str, str | None], list[str]]:
    """Set what differs: what was there before, and which settings the session refuses."""
    before: dict[str, str | None] = {}
    refused: list[str] = []
    for key, value in conf.items():
        try:
            was = spark.conf.get(key, None)
            if was != value:
                spark.conf.set(key, value)
                before[key] = was
        except Exception as error:  # serverless has a short list of those that may be
            logger.debug("%s stays as it is: %s", key, in_a_line(error))
            refused.append(key)
    return before, refused


def _restore(spark: SparkSession, before: Mapping[str, str | None]) -> None:
    for key, was in before.items():
        if was is None:
            spark.conf.unset(key)
        else:
            spark.conf.set(key, was)


def _check(spark: SparkSession, refused: list[str]) -> None:
    """See whether the session means the same without the settings that it refuses.

    Raises:
        ConfigError: it does not.
    """
    meaning = [key for key in refused if key in MEANING]
    probes = [MEANING[key][1] for key in meaning]
    if meaning and not _means(spark, probes):
        wrong = [key for key in meaning if not _means(spark, [MEANING[key][1]])]
        if wrong:
            said = ", ".join(f"{key}={MEANING[key][0]}" for key in wrong)
            raise ConfigError(messages.spark.SQL_SETTINGS_REFUSED(settings=said))
    stored = [key for key in refused if key in STORAGE]
    if stored:
        logger.warning(
            messages.spark.STORAGE_SETTINGS_REFUSED(
                settings=", ".join(f"{key}={STORAGE[key]}" for key in stored)
            )
        )


def _means(spark: SparkSession, probes: list[str]) -> bool:
    try:
        row: Any = spark.sql(f"SELECT {' AND '.join(f'({probe})' for probe in probes)}").first()
    except Exception as error:  # where SQL is read otherwise it may be none
        logger.debug("a probe of the session's SQL failed: %s", in_a_line(error))
        return False
    return bool(row[0])
