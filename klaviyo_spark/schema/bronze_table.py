"""The bronze table: one row per page, exactly as received, and what the request knew.

It is its own ledger: which walks and reads are complete is read from it, and silver can be made
from it again without asking Klaviyo. Only ``forget`` ever changes a page.
"""

from __future__ import annotations

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
    ("parent_digest", "string", "Digest of the parent's record at that time."),
    ("window_start", "timestamp", "Lower bound asked for (UTC); NULL for none."),
    ("window_end", "timestamp", "End of what the walk was to read by then (UTC); NULL for none."),
    (
        "max_record_time",
        "timestamp",
        "Latest record time on the walk's pages so far (UTC); NULL where unordered.",
    ),
    (
        "in_order",
        "boolean",
        "False once records came in another order than requested; max_record_time is then NULL.",
    ),
    ("walk_id", "string", "ID of the walk: one pagination from first page to last."),
    ("page_number", "int", "Position in the walk, from 1."),
    (
        "next_url",
        "string",
        "links.next as given; NULL on the last page, and where a page lacks it.",
    ),
    (
        "is_last",
        "boolean",
        "The walk ends here: with this page landed it is complete. False where a page of a paged "
        "listing lacks links.next: there may be more.",
    ),
    ("read_id", "string", "The walks that together are one read of a listing."),
    ("walks_in_read", "int", "Number of listings in the read, each of one walk or more."),
    ("read_run_id", "string", "The run that began the read; another than run_id went on with it."),
    ("read_started_at", "timestamp", "When the read began (UTC), by Klaviyo's clock."),
    (
        "is_full_read",
        "boolean",
        "True where the read lists everything: a record that it lacks is gone.",
    ),
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
    (
        "record_digests",
        "binary",
        "16 bytes per record, in order: 8 of its id, 8 of it and what is included for it. NULL "
        "where the page does not tell, and where somebody was taken out of it.",
    ),
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
