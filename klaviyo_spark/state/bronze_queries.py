"""The bronze table: one row per page, exactly as received, and what the request knew. No I/O here.

It is its own ledger: which walks and reads are complete is read from it, and silver can be made
from it again without asking Klaviyo. Only ``forget`` ever changes a page.
"""

from __future__ import annotations

import hashlib
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from klaviyo_spark.client.paginator import Fetched
from klaviyo_spark.state.resume_points import slice_text

# Name, type, comment; partitioned by the first two.
COLUMNS = (
    ("resource", "string", "Which of the eight resources."),
    ("ingest_date", "date", "UTC day it was fetched."),
    ("account_id", "string", "The account's name in conf."),
    ("endpoint", "string", "Our name of the operation asked."),
    ("path", "string", "Path asked, with the parent's id in it."),
    ("query", "string", "Query as sent; a cursor belongs to it."),
    ("slice", "string", "Facts of the listing asked for, as JSON: channel, archived."),
    ("parent_id", "string", "The list, segment, campaign or action asked about."),
    ("parent_version", "string", "Digest of that parent as it was listed then."),
    ("window_start", "timestamp", "Lower bound asked for (UTC); NULL for none."),
    ("window_end", "timestamp", "End of what the walk was to read by then (UTC); NULL for none."),
    (
        "reached",
        "timestamp",
        "Latest time on the walk's pages so far (UTC), if they come by it.",
    ),
    (
        "in_order",
        "boolean",
        "False once the walk's records came in another order of time than asked for: then reached "
        "is not known.",
    ),
    ("walk_id", "string", "One run through an endpoint's pages by cursor."),
    ("page_no", "int", "Place in the walk, from 1."),
    ("next_url", "string", "links.next as given; NULL on the last page."),
    ("is_last", "boolean", "The walk ends here: with this page landed it is complete."),
    ("read_id", "string", "The walks that together are one read of a listing."),
    ("read_walks", "int", "How many listings that read has, each in one walk or more."),
    ("read_run_id", "string", "The run that began the read; another than run_id went on with it."),
    ("read_started_at", "timestamp", "When the read began (UTC), by Klaviyo's clock."),
    ("complete", "boolean", "The read holds all there is: what it lacks is gone."),
    ("revision", "string", "API revision asked for."),
    ("status", "int", "HTTP status: 200, or 404 for a parent that was not found."),
    ("http_date", "timestamp", "Klaviyo's Date header (UTC)."),
    (
        "fetched_at",
        "timestamp",
        "When it was received (UTC), by Klaviyo's clock, and later than any page before.",
    ),
    ("bytes", "bigint", "Length of the body as received."),
    ("sha256", "string", "Digest of the body as received."),
    ("record_count", "int", "Objects in data."),
    ("run_id", "string", "The run that fetched it."),
    ("batch_id", "string", "The append it came with."),
    (
        "forgotten_at",
        "timestamp",
        "When somebody was last taken out of it (UTC): since then the body is not as received.",
    ),
    ("body", "string", "The body, exactly as received unless forgotten_at says otherwise."),
)
PARTITIONS = ("resource", "ingest_date")
# Statistics for finding accounts, batches and reads; never on bodies.
STATISTICS = ("account_id", "batch_id", "fetched_at", "run_id")


def page_row(got: Fetched, account_id: str, run_id: str) -> dict[str, Any]:
    """The row of one page, by column name; ``batch_id`` is said by who appends it.

    The body stays bytes, which Arrow takes as UTF-8: as text, one emoji makes it four times as big.
    """
    walk, page = got.walk, got.page
    return {
        "resource": walk.endpoint.resource,
        "ingest_date": page.fetched_at.date(),
        "account_id": account_id,
        "endpoint": walk.endpoint.name,
        "path": page.path,
        "query": page.query,
        "slice": slice_text(walk.facts),
        "parent_id": walk.parent_id,
        "parent_version": walk.parent_version,
        "window_start": walk.bounds.start if walk.bounds else None,
        "window_end": walk.bounds.end if walk.bounds else None,
        "reached": walk.reached,
        "in_order": walk.in_order,
        "walk_id": walk.walk_id,
        "page_no": got.page_no,
        "next_url": page.next_url,
        "is_last": got.is_last,
        "read_id": walk.read_id,
        "read_walks": walk.read_walks,
        "read_run_id": walk.read_run_id or run_id,
        "read_started_at": walk.read_started_at,
        "complete": walk.complete,
        "revision": page.revision,
        "status": page.status,
        "http_date": page.http_date,
        "fetched_at": page.fetched_at,
        "bytes": len(page.body),
        "sha256": hashlib.sha256(page.body).hexdigest(),
        "record_count": page.record_count,
        "run_id": run_id,
        "forgotten_at": None,
        "body": page.body,
    }


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
        pages.where("complete")
        .groupBy(*read, "slice", "walk_id")
        .agg(
            F.expr("coalesce(unix_micros(min(window_start)), -4611686018427387904L)").alias(
                "begin"
            ),
            F.expr("""
                CASE WHEN bool_or(is_last AND status = 200)
                    THEN coalesce(unix_micros(max_by(window_end, page_no)), 4611686018427387904L)
                    WHEN NOT bool_and(in_order) THEN -4611686018427387904L
                    ELSE coalesce(unix_micros(max(reached)) - 1, -4611686018427387904L) END
            """).alias("end"),
            F.min("read_started_at").alias("started_at"),
            F.max("fetched_at").alias("judged_at"),
            F.max("read_walks").alias("listings"),
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
    """One row per walk, as far as it has landed: the fields of ``ledger.Landed``.

    Times are microseconds since 1970, UTC: sessions differ in the zone they collect times in.
    """
    last = {
        name: F.max_by(name, "page_no").alias(name) for name in ("next_url", "status", "run_id")
    }
    return pages.groupBy("walk_id").agg(
        *[
            F.first(name).alias(name)
            for name in (
                "endpoint", "slice", "parent_id", "parent_version", "read_id", "read_run_id",
                "complete",
            )
        ],
        F.unix_micros(F.min("read_started_at")).alias("read_started_at"),
        F.unix_micros(F.min("window_start")).alias("window_start"),
        F.unix_micros(F.max_by("window_end", "page_no")).alias("window_end"),
        F.unix_micros(F.when(F.bool_and("in_order"), F.max("reached"))).alias("reached"),
        F.bool_and("in_order").alias("in_order"),
        F.max("page_no").alias("pages"),
        F.bool_or("is_last").alias("ended"),
        F.sum("record_count").alias("records"),
        *last.values(),
    )  # fmt: skip


def last_asked(pages: DataFrame) -> DataFrame:
    """Per endpoint and parent: when it was last asked about to the end, and its version then."""
    whole = pages.where("is_last AND status = 200 AND parent_id IS NOT NULL")
    return whole.groupBy("endpoint", "parent_id").agg(
        F.max_by("parent_version", "read_started_at").alias("version"),
        F.unix_micros(F.max("read_started_at")).alias("at"),
    )
