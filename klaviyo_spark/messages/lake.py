"""Lake: its lock, its tables and the catalog."""

from klaviyo_spark.messages.message import Message, error, failure, interruption, refusal, warning

OTHER_FORMAT = error(
    "{table} has format {found}, made by klaviyo-spark {version}; this version, {ours}, uses "
    "format {format}",
    "Run version {version} on this lake, or name another `warehouse` or other `schemas`.",
    cause="The two versions store tables in different ways.",
)
CHECK_FAILED = failure(
    "check {check} failed: {what}",
    "Look at klaviyo_bronze.pages, or let it pass by `checks: {{{check}: warn}}` in conf.",
    cause="More than half of the records that a run read for a table, and more than 100, break "
    "the check: Klaviyo's answers have changed their form. The table is as it was.",
)
NO_LAKE = refusal(
    "{where} holds no lake yet",
    "Run `klaviyo-spark sync` first, or check --warehouse and --config.",
    cause="There is nothing to look at.",
)
STAGING_NOT_OURS = error(
    "{place}: was not made by klaviyo-spark, and a rebuild would remove it",
    "Rename or move it, or choose other `schemas` in conf.",
    cause="A rebuild makes its tables in schemas (folders) called like yours with `_rebuild` "
    "behind, and a `forget` empties them. This one has no mark of ours, or holds something else.",
)
CANNOT_REMOVE = error(
    "{path}: cannot be removed: {reason}",
    "Check the folder's permissions, then run the same command again.",
    cause="A rebuild removes what it made beside the tables.",
)
BROKEN_ROWS_STAY = error(
    "{table}: too many rows broke a check, and they stay, since another writer has changed the "
    "table",
    "Delete the rows of this _run_id, correct what the check found, and refine again.",
    cause="Taking back the first load of the table would take back the other writer's change too. "
    "`klaviyo_ops.runs` names the run.",
)
BUSY = error(
    "{held}",
    "Wait for it with --wait, or run again when it has ended.",
    cause="Only one run writes to a lake at a time. The next run takes over from one that died: "
    "in a folder at once, in a catalog or on a URI after five minutes.",
)
CANNOT_LOCK = error(
    "{file}: cannot be locked: {reason}",
    "Check the folder's permissions.",
    cause="The file of the lake's lock cannot be made or opened.",
)
DISK_FULL = error(
    "{reason}: what was written stays",
    "Make room and run the same command again.",
    cause="The disk of the lake, or of Spark's temporary files, is full. Nothing is lost or "
    "doubled.",
)
STOPPED_WAITING = interruption(
    "stopped while waiting for the lake",
    "Run the same command again.",
    cause="Ctrl-C or SIGTERM during `--wait`.",
)
TABLE_DIFFERS = failure(
    "{table} {how}",
    "Run `klaviyo-spark refine --rebuild` to rebuild tables from bronze, or use the release that "
    "made it.",
    cause="Another release made the table. The rebuild makes no API calls.",
)
PAGES_FILE_MISSING = failure(
    "klaviyo_bronze.pages: the data file {file} is missing, and with it pages of {resource} "
    "fetched on {day}",
    "Restore it from a backup, or `DELETE FROM` the table `WHERE resource = '{resource}' AND "
    "ingest_date = '{day}'`; the next sync then reads that day's pages again.",
    cause="Somebody, or the store's rule for old files, removed a file that the table's log names. "
    "The DELETE removes all of that day's pages of the resource. What Klaviyo no longer has stays "
    "in the tables, but a rebuild would lose it.",
)
TABLE_FILE_MISSING = failure(
    "{table}: the data file {file} is missing",
    "Restore it from a backup, or run `klaviyo-spark refine --rebuild` to rebuild the table from "
    "bronze.",
    cause="Somebody, or the store's rule for old files, removed a file that the table's log names. "
    "A lake of one account rebuilds the table by itself; for several, run it without --account.",
)
SHARED_FILE_MISSING = error(
    "{table}: the data file {file} is missing, and the table has rows of {others} too",
    "Rebuild all accounts at once: list each of them under `accounts` in conf, then run "
    "`klaviyo-spark refine --rebuild` without --account.",
    cause="The rows of other accounts cannot be read and kept. List accounts that are no longer "
    "loaded too, with any key: the rebuild makes no API calls.",
)
FOREIGN_FILE = error(
    "{file} in the table's folder was not made by klaviyo-spark, and VACUUM would delete it; no "
    "old file of the table was removed",
    "Move it to another folder, then run the same command again.",
    cause="VACUUM deletes every old file that the table's log does not name. Until it can run, "
    "old files take room, and `forget` is incomplete.",
)
SHARED_COLUMNS_CHANGE = error(
    "{table}: its columns change, and it has rows of {others} too",
    "Rebuild all accounts at once: list each of them under `accounts` in conf, then run "
    "`klaviyo-spark refine --rebuild` without --account.",
    cause="Another release made the table. List accounts that are no longer loaded too, with any "
    "key: the rebuild makes no API calls.",
)
FORGET_UNREADABLE_PAGE = error(
    "bronze page {walk_id}/{page_number} of {endpoint} names this person and cannot be edited",
    "Delete it by its walk_id and page_number, then run `forget` again.",
    cause="The page is nested too deeply for Python's JSON reader. It is unchanged, and `forget` "
    "is incomplete. `refine` cannot read such a page either.",
)
MOVED_EVENTS = warning(
    "{table}: {removed:,} rows removed; Klaviyo moved these events to another day, whose rows stay",
    cause="An event's datetime had changed, so it had a row in two partitions.",
)
FOREIGN_COLUMNS = warning(
    "{table}: has columns that klaviyo-spark did not make, and leaves as they are: {columns}",
    cause="Somebody added columns. New rows have NULL there; a rebuild makes all of them NULL. "
    "This is said once for each set of columns.",
)
FOREIGN_COLUMNS_EMPTIED = warning(
    "{table}: was rebuilt, so columns that klaviyo-spark did not make are NULL: {columns}",
    "Fill them again; an earlier version of the table has the values.",
    cause="A rebuild replaces all rows. `RESTORE TABLE` or `VERSION AS OF` gives the old ones.",
)
TABLE_UNREADABLE = Message(
    "{schema}.{table} is unreadable ({reason})",
    "Restore it from a backup, or {away}; {after}.",
    cause="The table's log is damaged, or something else stands in its place. Tables that depend "
    "on it wait, all others are loaded, and the run ends with 3. Without `pages`, `watermarks` or "
    "`table_loads` no run can go on: it ends with 1. `maintain` does nothing to the table, and "
    "`forget` removes the person from all others: both end with 3.",
    exit="3 or 1",
)
COMMIT_CONFLICT = warning(
    "{table}: another writer committed first; try {tried} of {most}",
    cause="Somebody else, such as the platform's own maintenance, wrote to the table at the same "
    "moment.",
)
RUN_NOT_RECORDED = warning(
    "the run could not be recorded in klaviyo_ops.runs: {reason}",
    "Check the lake's storage.",
    cause="One of several accounts failed, and so did its row of `runs`. Other accounts go on.",
)
UNLOCKED_FILE = warning(
    "{file}: cannot be locked: {reason}",
    "Start one run at a time.",
    cause="The lake is on a file system without locks, so two runs that start within seconds "
    "would not notice each other.",
)
TAKEN_OVER = warning(
    "took the lake over from {holder}, which gave no sign for {silent_s:.0f} s",
    cause="A run died while it held the lake.",
)
LEASE_NOT_RENEWED = warning(
    "this run could not renew its lock on the lake: {reason}; it tries again in {next_s:.0f} s",
    "If this goes on for five minutes, another run may take the lake over: check the lake's "
    "storage.",
    cause="The lake's storage did not answer. Another run may take over after five minutes.",
)
NOT_FREED = warning(
    "the lake was not freed: {reason}",
    "Start the next run with --wait, or after {held_s:.0f} s.",
    cause="The lake's storage did not answer at the end of the run.",
)
LOST_TO_OTHER = warning(
    "another run took the lake over, since this one gave no sign for {silent_s:.0f} s; both write "
    "to it now",
    "Stop one of them, then run `klaviyo-spark refine --rebuild`.",
    cause="This run was suspended, or could not reach its storage for five minutes.",
)
CATALOG_UNREADABLE = warning(
    "views and tags were not updated, since the catalog could not be read: {reason}",
    cause="It was out of reach, or may not be read. The tables themselves are up to date, and the "
    "next run tries again.",
)
FOREIGN_VIEW = warning(
    "views: {view} was not made by klaviyo-spark and stays as it is",
    "Rename it to get klaviyo-spark's.",
    cause="Another view or table has the name of one of ours.",
)
CATALOG_REFUSES = warning(
    "{what}: {done} of {of} made, then {reason}",
    "Grant {right}, or let somebody run what `klaviyo-spark catalog-sql` prints.",
    cause="The catalog refused a statement. The tables themselves are up to date.",
)
NO_FORMAT = Message(
    "it carries no klaviyo_spark.format: no release of klaviyo-spark made it",
    cause="Something else made a table in that place.",
)
NOBODY_TO_FORGET = warning(
    "nothing to forget: {where} has nobody by that {by}{before}",
    cause="The profile was never read, or was forgotten before.",
)
NOT_FORGOTTEN = failure(
    "NOT yet forgotten in {tables}: rows of the person may still be there",
    "Repair that as said above, delete what you moved away, then run forget again.",
    cause="A table is damaged. The person was removed from all others, and no receipt is signed.",
)
NOT_FORGOTTEN_BY_EMAIL = failure(
    "NOT yet forgotten in {tables}: rows of the person may still be there",
    "Repair that as said above and delete what you moved away. Then run forget again, with "
    "--profile ID where you restored a backup; note the profile's ID in Klaviyo before you delete "
    "it there.",
    cause="As above. No other table has the address any more, so after a restore the ID alone "
    "finds the person.",
)
NOT_MAINTAINED = failure(
    "{error}",
    "Nothing was done to this table.",
    cause="The table is damaged, and VACUUM might delete what restores it. All other tables were "
    "maintained.",
)
STILL_IN_KLAVIYO = warning(
    "Klaviyo may still have the profile",
    "Delete it there too, or the next sync reads it again.",
    cause="`forget` removes a person from the lake alone.",
)
