"""The operators' tables, ``klaviyo_ops.*``: names, columns, what one row is. No I/O here."""

from __future__ import annotations

# Columns that Delta's log may hold the least and greatest value of: nothing personal.
STATISTICS = {"quarantine": ("fetched_at",)}
TABLES: dict[str, tuple[str, tuple[tuple[str, str, str], ...]]] = {
    "runs": (
        "One row per run.",
        (
            ("run_id", "string", "The run."),
            ("account_id", "string", "The account's name in conf; NULL where it was of several."),
            ("command", "string", "sync, ingest, refine, maintain, verify or forget."),
            ("started_at", "timestamp", "UTC."),
            ("finished_at", "timestamp", "UTC."),
            ("exit_code", "int", "Exit code of the process."),
            ("requests", "bigint", "Requests sent, retries included."),
            ("retries", "bigint", "Requests that were sent again."),
            ("pages", "bigint", "Pages landed in bronze."),
            ("bytes", "bigint", "Bytes of those pages."),
            ("errors", "array<string>", "Failures, one line each."),
            ("warnings", "array<string>", "Warnings, one line each."),
            (
                "resumed_walk_ids",
                "array<string>",
                "IDs of interrupted walks that this run resumed and completed.",
            ),
        ),
    ),
    "table_loads": (
        "One row per silver table and run whose pages were loaded into it.",
        (
            ("run_id", "string", "The run that fetched the pages."),
            ("account_id", "string", "The account's name in conf."),
            ("table_name", "string", "The silver table."),
            ("batch_ids", "array<string>", "Bronze batches that this load contains."),
            ("refine_run_id", "string", "The run that loaded them: the same one, or a later one."),
            ("loaded_at", "timestamp", "UTC."),
            ("inserted", "bigint", "New rows."),
            ("updated", "bigint", "Rows that changed."),
            (
                "soft_deleted",
                "bigint",
                "Rows that got _deleted_at: the record is gone from Klaviyo.",
            ),
            (
                "cast_failures",
                "bigint",
                "Cells set to NULL because the value did not fit the type.",
            ),
            ("quarantined", "bigint", "Records and array elements without a usable key."),
            ("seconds", "double", "Wall time."),
            (
                "loaded_by",
                "string",
                "driver: it held the rows, and delta-rs wrote them; spark: Spark did.",
            ),
            ("check_warnings", "array<string>", "Warnings of data checks, one line each."),
            (
                "unconfirmed_run_id",
                "string",
                "The run whose complete read lacked more than `max_deleted_share` of the rows and "
                "marked nothing: the next complete read decides. NULL where none waits.",
            ),
            (
                "personal_data_policy",
                "string",
                "Classes of personal data that these rows hash or drop; NULL for none.",
            ),
            (
                "table_id",
                "string",
                "Delta's table ID. A load into another table of that name does not count.",
            ),
            (
                "table_version",
                "bigint",
                "Newest version of the table that the run saw before the load.",
            ),
            (
                "foreign_commits",
                "array<string>",
                "Commits by other writers since the previous load; NULL for none.",
            ),
        ),
    ),
    "watermarks": (
        "One row per range of time that has been read whole, per reading of a group's members, and "
        "per endpoint that a run has asked all it had to.",
        (
            ("account_id", "string", "The account's name in conf."),
            ("resource", "string", "Which of the eight resources."),
            (
                "scope",
                "string",
                "Metric id of events, list or segment id; NULL for profiles; of ingest the "
                "endpoint, of resumed_walk the walk.",
            ),
            ("documented_name", "string", "Documented metric that this one is treated as."),
            (
                "kind",
                "string",
                "window: a range of time; full_read: everything there is; last_joined: the newest "
                "member of a group; member_count: a group's number of members; ingest: the run "
                "completed the endpoint; resumed_walk: the run completed a walk of an earlier run.",
            ),
            (
                "range_start",
                "timestamp",
                "Start of the range, inclusive (UTC); NULL for no lower bound.",
            ),
            ("range_end", "timestamp", "UTC."),
            (
                "read_started_at",
                "timestamp",
                "When the read began (UTC). It misses what arrived later.",
            ),
            ("parent_digest", "string", "Digest of the list's or segment's record at that time."),
            (
                "count_difference",
                "bigint",
                "Of a count whose group was read whole for it: Klaviyo's number of members minus "
                "those it listed.",
            ),
            ("run_id", "string", "The run that read the last of it."),
            (
                "bronze_id",
                "string",
                "Delta's id of the bronze table its pages landed in: of another one it does not "
                "count.",
            ),
            ("bronze_version", "bigint", "Newest version of that table that was looked at before."),
            (
                "bronze_commits",
                "int",
                "How many commits the run had made to that table when it wrote this down.",
            ),
        ),
    ),
    "quarantine": (
        "One row per record that could not become a row.",
        (
            ("_account_id", "string", "The account's name in conf."),
            ("table_name", "string", "The silver table it was meant for."),
            ("violation", "string", "The rule that the record breaks."),
            ("record", "string", "The record, as JSON."),
            ("walk_id", "string", "With page_number: the bronze page it stands on."),
            ("page_number", "int", "With walk_id: the bronze page it stands on."),
            ("record_index", "int", "Position on the page, from 0."),
            (
                "element_index",
                "int",
                "Position in the record's array, from 0; NULL for the whole record.",
            ),
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
            ("referenced_by", "string", "Table and column that reference the flow."),
            ("row_count", "bigint", "Number of rows that reference it."),
            ("first_event_at", "timestamp", "Of events: the first (UTC)."),
            ("last_event_at", "timestamp", "Of events: the last (UTC)."),
        ),
    ),
    "late_arrivals": (
        "One row per run and day of events that appeared after their day had been read.",
        (
            ("_account_id", "string", "The account's name in conf."),
            ("event_date", "date", "UTC day of the events."),
            (
                "late_row_count",
                "bigint",
                "Number of events that this run found and no earlier run had.",
            ),
            ("run_id", "string", "The run that found them."),
        ),
    ),
    "unknown_fields": (
        "One row per place in Klaviyo's answers that no table has, nor leaves out on purpose.",
        (
            ("account_id", "string", "The account's name in conf."),
            ("resource", "string", "Which of the eight resources."),
            ("endpoint", "string", "Whose pages it stands on, as bronze calls it."),
            (
                "record_type",
                "string",
                "data: a record of the page's data; else the type of an included one, or page.",
            ),
            ("path", "string", "Where in the record; $ is an included record of an unknown type."),
            ("json_types", "array<string>", "What it was, as JSON calls it; never a value."),
            ("first_seen_at", "timestamp", "When it was first fetched (UTC)."),
            ("last_seen_at", "timestamp", "When it was last fetched (UTC)."),
            (
                "record_count",
                "bigint",
                "Records that had it, at least: on 20 pages of an endpoint a run; what is read "
                "again counts again.",
            ),
            ("run_id", "string", "The run that saw it last."),
        ),
    ),
    "verifications": (
        "One row per verification and scope: a metric's day, a list or segment, a listed record. "
        "Of a scope the newest row counts.",
        (
            ("run_id", "string", "The verify run; what it healed has two rows."),
            ("account_id", "string", "The account's name in conf."),
            ("resource", "string", "The resource that was asked about."),
            (
                "count_type",
                "string",
                "events; profiles; members of a list or segment; records: whether one that is "
                "listed is here (1) or not (0); tables: whether one is as our loads left it (1) or "
                "not (0); the name of a table with a row per element of a listed record.",
            ),
            (
                "scope",
                "string",
                "Id: of the metric, of the list or segment, of the record; of profiles `created`; "
                "the table's name.",
            ),
            ("scope_name", "string", "What Klaviyo calls it; NULL where it has no name."),
            (
                "day",
                "date",
                "UTC day of the events, or on which the profiles were created; NULL for all else.",
            ),
            (
                "actual_count",
                "bigint",
                "How many are here, without those marked as gone; of events whose ids are here "
                "twice, ids where those are too few.",
            ),
            ("expected_count", "bigint", "How many Klaviyo says there are."),
            ("verified_at", "timestamp", "When the two were compared (UTC)."),
        ),
    ),
    "retention": (
        "One row per resource and maintain run that deleted pages of it from bronze.",
        (
            ("account_id", "string", "The account's name in conf."),
            ("resource", "string", "Which of the eight resources."),
            ("fetched_before", "timestamp", "Pages fetched before this time may be gone (UTC)."),
            ("deleted_at", "timestamp", "When that run began (UTC)."),
            ("pages", "bigint", "How many pages went."),
            ("bytes", "bigint", "Bytes of those pages."),
            ("run_id", "string", "The maintain run."),
        ),
    ),
    "daily_requests": (
        "One row per request that counts in a budget of Klaviyo's of 24 hours.",
        (
            ("account_id", "string", "The account's name in conf."),
            ("endpoint", "string", "The endpoint whose budget it counts in."),
            ("sent_at", "timestamp", "UTC."),
            ("run_id", "string", "The run that sent it."),
        ),
    ),
    "forgotten": (
        "One row per run that took somebody out of the lake: a receipt that does not say who.",
        (
            ("account_id", "string", "The account's name in conf."),
            ("started_at", "timestamp", "UTC."),
            ("finished_at", "timestamp", "UTC; NULL where it is not done: give it once more."),
            ("identifier_type", "string", "What the request named: profile or email."),
            ("digest", "string", "scrypt of who was asked for, to know them again by."),
            ("salt", "string", "Of the digest."),
            ("profiles", "bigint", "Profiles that the person had; NULL of a run cut short."),
            ("pages", "bigint", "Bronze pages that were rewritten."),
            ("records", "bigint", "Records taken out of these."),
            ("table_rows", "bigint", "Rows of silver and quarantine deleted, or freed of them."),
            ("run_id", "string", "The run."),
        ),
    ),
    "backfills": (
        "One row per finished step of a backfill.",
        (
            ("account_id", "string", "The account's name in conf."),
            ("backfill_id", "string", "The backfill; one that is gone on with keeps its id."),
            ("resources", "array<string>", "What it reads."),
            ("range_start", "timestamp", "Where the whole of it begins (UTC)."),
            ("range_end", "timestamp", "End of the range (exclusive, UTC)."),
            ("step_start", "timestamp", "Where this step begins (UTC)."),
            ("step_end", "timestamp", "End of the range (exclusive, UTC)."),
            ("run_id", "string", "The run that read the step."),
            ("finished_at", "timestamp", "UTC."),
            ("bronze_id", "string", "Delta's id of the bronze table that the step was read into."),
        ),
    ),
}
