"""The operators' tables, ``klaviyo_ops.*``: names, columns, what one row is. No I/O here."""

from __future__ import annotations

TABLES: dict[str, tuple[str, tuple[tuple[str, str, str], ...]]] = {
    "runs": (
        "One row per run.",
        (
            ("run_id", "string", "The run."),
            ("account_id", "string", "The account's name in conf."),
            ("verb", "string", "sync, ingest or refine."),
            ("started_at", "timestamp", "UTC."),
            ("finished_at", "timestamp", "UTC."),
            ("exit_code", "int", "What the process answered."),
            ("requests", "bigint", "Requests sent, retries too."),
            ("retries", "bigint", "Requests that had to be repeated."),
            ("pages", "bigint", "Pages landed in bronze."),
            ("bytes", "bigint", "Bytes of those pages."),
            ("problems", "array<string>", "What did not go well, a line each."),
            ("warnings", "array<string>", "What should be known, a line each."),
        ),
    ),
    "table_loads": (
        "One row per silver table and refined run; its batches are refined for that table.",
        (
            ("run_id", "string", "The run whose pages were refined."),
            ("table_name", "string", "The silver table."),
            ("batch_ids", "array<string>", "Bronze batches this load took in."),
            ("loaded_at", "timestamp", "UTC."),
            ("inserted", "bigint", "New rows."),
            ("updated", "bigint", "Rows that changed."),
            ("marked_deleted", "bigint", "Rows found gone."),
            ("nulled_cells", "bigint", "Cells of those rows that did not fit their type."),
            ("quarantined", "bigint", "Records without a key."),
            ("seconds", "double", "Wall time."),
        ),
    ),
    "watermarks": (
        "One row per range of time that has been read whole.",
        (
            ("account_id", "string", "The account's name in conf."),
            ("resource", "string", "events or profiles."),
            ("scope", "string", "Metric id of events; NULL for profiles."),
            ("documented_name", "string", "What the metric counts as."),
            ("kind", "string", "range, or complete for a read of all there is."),
            ("range_start", "timestamp", "UTC; NULL since ever."),
            ("range_end", "timestamp", "UTC."),
            ("run_id", "string", "The run that read it."),
            ("recorded_at", "timestamp", "UTC."),
        ),
    ),
    "quarantine": (
        "One row per record that could not become a row.",
        (
            ("_account_id", "string", "The account's name in conf."),
            ("table_name", "string", "The silver table it was meant for."),
            ("rule", "string", "The rule it breaks."),
            ("record", "string", "The record, as JSON."),
            ("walk_id", "string", "With page_no: the bronze page it stands on."),
            ("page_no", "int", "With walk_id: the bronze page it stands on."),
            ("record_at", "int", "Place on the page, from 0."),
            ("element_at", "int", "Place in the record's array, from 0."),
            ("fetched_at", "timestamp", "When the page was fetched (UTC)."),
            ("run_id", "string", "The run that found it."),
        ),
    ),
    "orphaned_flows": (
        "One row per flow id that events or messages name and no flow has: it was deleted before "
        "it was ever read.",
        (
            ("_account_id", "string", "The account's name in conf."),
            ("flow_id", "string", "The id."),
            ("named_by", "string", "Table and column that name it."),
            ("row_count", "bigint", "How many rows name it."),
            ("first_event_at", "timestamp", "Of events: the first (UTC)."),
            ("last_event_at", "timestamp", "Of events: the last (UTC)."),
        ),
    ),
}
