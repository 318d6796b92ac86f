"""Tables: rebuilds, deletions, loads."""

from klaviyo_spark.messages.message import error, failure, warning

REBUILD_WITHOUT_OLD_PAGES = error(
    "{resources}: cannot be rebuilt, since retention deleted pages from bronze",
    "Name other --resources.",
    cause="`bronze_retention` is set, and a rebuild would lose the rows of those pages. What "
    "Klaviyo still has can be read into a new lake.",
)
REBUILD_WOULD_LOSE_ROWS = error(
    "{tables}: not rebuilt, since some of their rows came from pages that were deleted from "
    "bronze and would be lost",
    "Leave these tables as they are (a sync keeps them up to date) and name other --resources. "
    "Or, if you can do without those rows, drop these tables: they are then rebuilt from the "
    "pages that are left.",
    cause="Somebody deleted pages from bronze, or all of it. A sync keeps the tables up to date; "
    "tables that were removed are rebuilt from the pages that are left.",
)
DELETIONS_UNCONFIRMED = warning(
    "{table}: a complete read lacks {lacked:,} of {live:,} rows, more than "
    "max_deleted_share ({share:g}); none was marked as deleted",
    "The next run reads again and marks those still missing.",
    cause="Klaviyo listed much less than before, or so much was deleted. If that happens often, "
    "raise `max_deleted_share`; 1 believes each read at once.",
)
DELETIONS_WITHOUT_IDS = warning(
    "{table}: {keyless:,} records of complete reads have no usable id, so nothing was "
    "marked as deleted",
    "Look at them in klaviyo_ops.quarantine.",
    cause="Such a record may be any row that the read seems to lack. The next complete read "
    "without one marks what is gone.",
)
OTHER_POLICY = warning(
    "{tables} contain rows written under a different `personal_data` policy or hash key",
    "Run `klaviyo-spark refine --rebuild` to mask them again.",
    cause="The setting or `KLAVIYO_HASH_KEY` has changed since. `klaviyo-spark maintain` removes "
    "files with the old rows once they are older than `vacuum_after`.",
)
REBUILT_REMOVED = warning(
    "rebuilt from bronze: {tables} (removed or replaced since the last load){together}{short}",
    cause="A table was dropped, or another stands in its place. Tables made from it were rebuilt "
    "too. Rows whose pages bronze lacks are gone.",
)
REBUILT_PUT_BACK = warning(
    "rebuilt from bronze: {tables} (an older copy was restored, without later loads){together}",
    cause="The table's log lacks commits that `table_loads` names. Tables made from it were "
    "rebuilt too.",
)
REBUILT_CHANGED = warning(
    "rebuilt from bronze: {tables} (something other than klaviyo-spark changed rows){together}",
    cause="`verify --heal` found commits of others. Tables made from these were rebuilt too.",
)
PUT_BACK_AND_RELOADED = warning(
    "{table}: somebody restored an older copy of this table; all pages in bronze were loaded "
    "into it again, but rows may be missing, since {lacks}",
    "Run `klaviyo-spark verify --heal` to read again what Klaviyo still has.",
    cause="Bronze lacks pages of the table, so a rebuild would lose rows. Rows from between the "
    "copy and the oldest pages may be missing.",
)
REBUILT_LOST_FILES = warning(
    "rebuilt from bronze: {tables} (data files were missing){together}",
    cause="Somebody, or the store's rule for old files, removed files that the table's log names. "
    "Let such a rule leave the lake out.",
)
FOREIGN_CHANGE = warning(
    "{table}: something other than klaviyo-spark changed rows ({commits})",
    "Run `klaviyo-spark refine --rebuild --resources {resource}` to rebuild it from bronze, which "
    "undoes the change.",
    cause="A DELETE, UPDATE, RESTORE, MERGE or write; `DESCRIBE HISTORY` says whose. To keep the "
    "change and end this line: `UPDATE klaviyo_ops.table_loads SET foreign_commits = NULL WHERE "
    "table_name = '…'`.",
)
FOREIGN_CHANGE_WITHOUT_PAGES = warning(
    "{table}: something other than klaviyo-spark changed rows ({commits}); retention deleted "
    "pages, so a rebuild would be incomplete",
    "Run `klaviyo-spark verify --heal` to read again what Klaviyo still has.",
    cause="A DELETE, UPDATE, RESTORE, MERGE or write; `DESCRIBE HISTORY` says whose. RESTORE of "
    "the version before undoes it too.",
)
REMOVED_AND_OLD_PAGES_GONE = failure(
    "{tables}: removed since the last load, or made from a table that was; a rebuild would be "
    "incomplete, since retention deleted pages of {resource} fetched before {since:%Y-%m-%d}",
    "Restore the tables from a backup, or sync the account into a new lake.",
    cause="These tables are not loaded; all others are. In a catalog, `UNDROP TABLE` restores one.",
)
REMOVED_AND_PAGES_GONE = failure(
    "{tables}: removed since the last load, or made from a table that was removed; they are not "
    "rebuilt, since somebody deleted pages that they need from bronze",
    "Restore the tables from a backup. Or remove the tables that they are made from too: all "
    "are then rebuilt from the pages that are left, and rows of the deleted pages are lost.",
    cause="Somebody deleted pages from bronze. Tables that were removed are rebuilt from the pages "
    "that are left.",
)
REMOVED_WITH_UNREADABLE = warning(
    "{tables}: removed since the last load; rebuilt as soon as {unreadable} can be read",
    "See to the tables that cannot be read.",
    cause="The removed tables would be rebuilt together with those.",
)
LOADED_FROM_PART = warning(
    "{table}: loaded for the first time, and older rows may be missing: bronze_retention has "
    "deleted the pages of {resource} fetched before {since:%Y-%m-%d}",
    "Nothing to do: later runs add what is new.",
    cause="The table is new in this release, or was removed together with `klaviyo_ops`. It lacks "
    "what stood on those pages alone.",
)
LOADS_NOT_NOTED = warning(
    "loads that were done could not be recorded in klaviyo_ops.table_loads: {reason}",
    "The next run loads these tables again, to the same rows.",
    cause="A refine broke off, and the lake could not be written to either. The last line of the "
    "run says why.",
)
HELD_BACK = failure(
    "{tables} held back, all other tables were loaded: {reason}",
    cause="A check failed, or the table cannot be read. Correct it as the reason says. Tables made "
    "from it, or that look rows up in it, wait too.",
)
PAGE_LEFT_OUT = failure(
    "{table}: bronze page {page} {unreadable}; all other pages were loaded",
    "Look at it in klaviyo_ops.quarantine.",
    cause="The body of a page is damaged, or nested too deeply.",
)
CHECK_SPEAKS = warning(
    "{what} (check {check})",
    cause="Rows of a load break a check. `klaviyo_ops.quarantine` has those that were left out; "
    "`checks` in conf sets how severe a check is.",
)
