"""The bronze table: one row per page, exactly as received, and what the request knew. No I/O here.

It is its own ledger: which walks and reads are complete is read from it, and silver can be made
from it again without asking Klaviyo.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from klaviyo_spark.api.client import Page
from klaviyo_spark.api.walks import Walk

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
    ("window_start", "timestamp", "Lower bound asked for (UTC); NULL for none."),
    ("window_end", "timestamp", "Upper bound asked for (UTC); NULL for none."),
    ("walk_id", "string", "One run through an endpoint's pages by cursor."),
    ("page_no", "int", "Place in the walk, from 1."),
    ("next_url", "string", "links.next as given; NULL on the last page."),
    ("is_last", "boolean", "The walk ends here: with this page landed it is complete."),
    ("read_id", "string", "The walks that together are one read of a listing."),
    ("read_walks", "int", "How many walks that read has."),
    ("read_started_at", "timestamp", "When the read began (UTC), by our clock."),
    ("complete", "boolean", "The read holds all there is: what it lacks is gone."),
    ("revision", "string", "API revision asked for."),
    ("status", "int", "HTTP status: 200, or 404 for a parent that is gone."),
    ("http_date", "timestamp", "Klaviyo's Date header (UTC)."),
    ("fetched_at", "timestamp", "When it was received (UTC), by our clock."),
    ("bytes", "bigint", "Length of the body."),
    ("sha256", "string", "Digest of the body as received."),
    ("record_count", "int", "Objects in data."),
    ("run_id", "string", "The run that fetched it."),
    ("batch_id", "string", "The append it came with."),
    ("body", "string", "The body, exactly as received."),
)
PARTITIONS = ("resource", "ingest_date")
# Statistics for finding batches and reads; never on bodies.
STATISTICS = ("batch_id", "fetched_at", "run_id")


@dataclass(frozen=True)
class Landing:
    """What a page's row takes from the run."""

    account_id: str
    run_id: str
    batch_id: str


def page_row(walk: Walk, page_no: int, page: Page, landing: Landing) -> dict[str, object]:
    """The row of one page, by column name.

    Raises:
        UnicodeDecodeError: never for a page the client gave, which checks it.
    """
    return {
        "resource": walk.endpoint.resource,
        "ingest_date": page.fetched_at.date(),
        "account_id": landing.account_id,
        "endpoint": walk.endpoint.name,
        "path": page.path,
        "query": page.query,
        "slice": json.dumps(dict(walk.facts), sort_keys=True),
        "parent_id": walk.parent_id,
        "window_start": walk.bounds.start if walk.bounds else None,
        "window_end": walk.bounds.end if walk.bounds else None,
        "walk_id": walk.walk_id,
        "page_no": page_no,
        "next_url": page.next_url,
        "is_last": page.next_url is None,
        "read_id": walk.read_id,
        "read_walks": walk.read_walks,
        "read_started_at": walk.read_started_at,
        "complete": walk.complete,
        "revision": page.revision,
        "status": page.status,
        "http_date": page.http_date,
        "fetched_at": page.fetched_at,
        "bytes": len(page.body),
        "sha256": hashlib.sha256(page.body).hexdigest(),
        "record_count": page.record_count,
        "run_id": landing.run_id,
        "batch_id": landing.batch_id,
        "body": page.body.decode("utf-8"),
    }


def complete_reads(pages: DataFrame) -> DataFrame:
    """Reads all of whose walks have landed, and that were to hold all there is.

    Returns:
        ``account_id``, ``endpoint``, ``parent_id`` (NULL for a whole listing), ``read_id``,
        ``started_at``, ``judged_at``: what landed before the start and is not in the read has gone
        by ``judged_at``.
    """
    ended = F.countDistinct(F.when(F.col("is_last") & (F.col("status") == 200), F.col("walk_id")))
    return (
        pages.where("complete")
        .groupBy("account_id", "endpoint", "parent_id", "read_id")
        .agg(
            F.min("read_started_at").alias("started_at"),
            F.max("fetched_at").alias("judged_at"),
            ended.alias("ended"),
            F.max("read_walks").alias("walks"),
        )
        .where("ended = walks")
        .drop("ended", "walks")
    )
