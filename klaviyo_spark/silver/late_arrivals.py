"""Rows that appeared after their day had been read. DataFrame -> DataFrame, no I/O here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from klaviyo_spark.lake.arrow import frame
from klaviyo_spark.schema.table import TableSpec
from klaviyo_spark.state.intervals import CoveredInterval, Range, merge

_ONE_DAY = timedelta(days=1)
_FIRST_DAY = date(1, 1, 1)
Days = Sequence[tuple[str, date, date]]
"""Scope, first day and last day that was read whole."""


def whole_days(reads: Mapping[str, Sequence[CoveredInterval]]) -> Days:
    """The days that were read from midnight to midnight (UTC), per scope."""
    days = []
    for scope, done in reads.items():
        for r in merge(read.range for read in done):
            first = _FIRST_DAY if r.start is None else _first_whole_day(r)
            last = r.end.date() - _ONE_DAY
            if first <= last:
                days.append((scope, first, last))
    return days


def late_arrivals(new: DataFrame, table: TableSpec, days: Days) -> DataFrame:
    """How many rows of ``new`` came late: ``_account_id``, ``event_date``, ``late_row_count``.

    Args:
        new: rows that the table did not have.
        days: what had been read before, per value of the table's ``late_by``.
    """
    assert table.partition
    day = table.partition.name
    read = frame(new.sparkSession, days, scope="string", first="date", last="date")
    within = (F.col("scope") == F.col(table.late_by)) & F.col(day).between(
        F.col("first"), F.col("last")
    )
    late = new.join(F.broadcast(read), within, "left_semi")
    return late.groupBy("_account_id", F.col(day).alias("event_date")).agg(
        F.count(F.lit(1)).alias("late_row_count")
    )


def _first_whole_day(r: Range) -> date:
    assert r.start
    midnight = r.start.replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight if midnight == r.start else midnight + _ONE_DAY).date()
