"""What is asked of the bronze table: complete reads, landed walks, parents last asked about.

DataFrame -> DataFrame, no I/O here; ``schema.bronze_table`` says what the columns mean.
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def complete_reads(pages: DataFrame) -> DataFrame:
    """Reads all of whose listings have landed to the end, and that were to hold all there is.

    A listing cut by time is there when its walks, put one after another, leave no time out.

    Returns:
        ``account_id``, ``endpoint``, ``parent_id`` (NULL for a whole listing), ``read_id``,
        ``started_at``, ``judged_at``: what landed before the start and is not in the read has gone
        by ``judged_at``.
    """
    read = ("account_id", "endpoint", "parent_id", "read_id")
    walks = (
        pages.where("is_full_read")
        .groupBy(*read, "slice", "walk_id")
        .agg(
            F.expr("coalesce(unix_micros(min(window_start)), -4611686018427387904L)").alias(
                "begin"
            ),
            F.expr("""
                CASE WHEN bool_or(is_last AND status = 200)
                    THEN coalesce(
                        unix_micros(max_by(window_end, page_number)), 4611686018427387904L)
                    WHEN NOT bool_and(in_order) THEN -4611686018427387904L
                    ELSE coalesce(unix_micros(max(max_record_time)) - 1, -4611686018427387904L) END
            """).alias("end"),
            F.min("read_started_at").alias("started_at"),
            F.max("fetched_at").alias("judged_at"),
            F.max("walks_in_read").alias("listings"),
        )
    )
    return (
        walks.groupBy(*read, "slice")
        .agg(
            F.expr("""
                aggregate(array_sort(collect_list(struct(begin, end))), -4611686018427387904L,
                    (held, walk) -> IF(walk.begin <= held, greatest(held, walk.end), held))
            """).alias("held"),
            F.min("started_at").alias("started_at"),
            F.max("judged_at").alias("judged_at"),
            F.max("listings").alias("listings"),
        )
        .groupBy(*read)
        .agg(
            F.min("started_at").alias("started_at"),
            F.max("judged_at").alias("judged_at"),
            F.count_if(F.expr("held = 4611686018427387904L")).alias("whole"),
            F.max("listings").alias("listings"),
        )
        .where("whole = listings")
        .drop("whole", "listings")
    )


def landed_walks(pages: DataFrame) -> DataFrame:
    """One row per walk, as far as it has landed: the fields of ``resume_points.ResumePoint``.

    A walk that lacks a page before its last one, since somebody deleted it, is left out.
    Times are microseconds since 1970, UTC: sessions differ in the zone they collect times in.
    """
    last = {
        name: F.max_by(name, "page_number").alias(name) for name in ("next_url", "status", "run_id")
    }
    walks = pages.groupBy("walk_id").agg(
        F.count_distinct("page_number").alias("pages_held"),
        *[
            F.first(name).alias(name)
            for name in (
                "endpoint", "slice", "parent_id", "parent_digest", "read_id", "read_run_id",
                "is_full_read",
            )
        ],
        F.unix_micros(F.min("read_started_at")).alias("read_started_at"),
        F.unix_micros(F.min("window_start")).alias("window_start"),
        F.unix_micros(F.max_by("window_end", "page_number")).alias("window_end"),
        F.unix_micros(F.when(F.bool_and("in_order"), F.max("max_record_time"))).alias(
            "max_record_time"
        ),
        F.bool_and("in_order").alias("in_order"),
        F.max("page_number").alias("pages"),
        F.bool_or("is_last").alias("ended"),
        F.sum("record_count").alias("records"),
        *last.values(),
    )  # fmt: skip
    return walks.where("pages_held = pages").drop("pages_held")


def last_asked(pages: DataFrame) -> DataFrame:
    """Per endpoint and parent: when it was last asked about to the end, and its version then."""
    whole = pages.where("is_last AND status = 200 AND parent_id IS NOT NULL")
    return whole.groupBy("endpoint", "parent_id").agg(
        F.max_by("parent_digest", "read_started_at").alias("version"),
        F.unix_micros(F.max("read_started_at")).alias("at"),
    )
