"""What is said of tables of silver: rebuilds, deletions, loads."""

from klaviyo_spark.messages.message import NOTHING, Message, error, failure, warning

REBUILD_WITHOUT_OLD_PAGES = error(
    "{resources}: pages have gone from bronze by age, so tables made anew would lack what stood "
    "on them; name other --resources",
    cause="`bronze_retention` is set, and `maintain` has deleted pages of that resource.",
    way_out="Rebuild the other resources; these can only be read from Klaviyo again, into a new "
    "lake.",
)
REBUILD_WOULD_LOSE_ROWS = error(
    "{tables}: bronze no longer has all pages that these hold rows of, so a rebuild would lose "
    "rows; name other --resources, or remove these tables",
    cause="Somebody deleted pages of bronze, or bronze itself; the tables still hold what stood "
    "on them.",
    way_out="Leave the tables as they are, a sync keeps them up. To rebuild them all the same, "
    "remove their folders or DROP them, and sync.",
)
DELETIONS_UNCONFIRMED = Message(
    "klaviyo_v2.{table}: a complete read lacks {lacked:,} of {live:,} rows, more than "
    "max_deleted_share ({share:g}) of them: nothing is marked as deleted; the next run reads them "
    "again, and marks what is still missing",
    cause="Klaviyo's listing came back empty or much shorter than before, or so much was really "
    "deleted.",
    way_out="None needed; the next run decides. Where so much is deleted often, raise "
    "`max_deleted_share` (1 believes each read at once).",
)
DELETIONS_WITHOUT_IDS = Message(
    "klaviyo_v2.{table}: {keyless:,} records of complete reads came without an id that can be "
    "used: which rows they are nobody knows, so those reads mark nothing as deleted",
    cause="A listing that was read whole holds a record whose id is missing or no text; it may be "
    "any row that the listing seems to lack.",
    way_out="Look at the record in `klaviyo_ops.quarantine`; the next whole read without such a "
    "record marks what is gone.",
)
OTHER_POLICY = warning(
    "{tables} contain rows written under a different `personal_data` policy or hash key; run "
    "`klaviyo-spark refine --rebuild` to mask them again",
    cause="The setting, or `KLAVIYO_HASH_KEY`, was another one when those rows were written.",
    way_out="As it says. Files with the old rows are removed by `klaviyo-spark maintain` once "
    "they are older than `vacuum_after`.",
)
REBUILT_REMOVED = warning(
    "rebuilt from bronze: {tables} (removed or replaced since the last load){together}{short}",
    cause="A table was dropped, its folder was removed, or another table stands by its name. What "
    "it is made from was rebuilt with it.",
    way_out="None needed. Where bronze lacks batches, what stood on those alone is not in the "
    "tables.",
)
REBUILT_PUT_BACK = warning(
    "rebuilt from bronze: {tables} (an older copy was put back: it lacked what later loads "
    "wrote){together}",
    cause="The table's folder was put back from a copy. Its log does not have the commits of the "
    "loads that `table_loads` speaks of. What it is made from was rebuilt with it.",
    way_out=NOTHING,
)
PUT_BACK_AND_RELOADED = warning(
    "{table}: an older copy was put back, which lacks what later loads wrote: all pages in bronze "
    "are loaded into it again; {lacks}: `klaviyo-spark verify --heal` reads again what Klaviyo "
    "still has",
    cause="As above, and bronze no longer has all pages of the table, so a rebuild would lose "
    "rows that the copy has.",
    way_out="As it says, where rows of the time between the copy and the oldest pages in bronze "
    "may be missing.",
)
REBUILT_LOST_FILES = warning(
    "rebuilt from bronze: {tables} (data files were missing){together}",
    cause="Files that the table's log names were removed, by hand or by a rule of the store for "
    "old files. What it is made from was rebuilt with it.",
    way_out="None needed, but that such a rule leaves the lake out.",
)
FOREIGN_CHANGE = warning(
    "{table}: something other than klaviyo-spark changed rows ({commits}); `klaviyo-spark refine "
    "--rebuild --resources {resource}` rebuilds it from bronze",
    cause="A DELETE, UPDATE, RESTORE, MERGE or write by somebody else; `DESCRIBE HISTORY` says "
    "who.",
    way_out="As it says. The line comes back until then; `UPDATE klaviyo_ops.table_loads SET "
    "foreign_commits = NULL WHERE table_name = '…'` ends it where the change is meant to stay.",
)
FOREIGN_CHANGE_WITHOUT_PAGES = warning(
    "{table}: something other than klaviyo-spark changed rows ({commits}); retention has deleted "
    "pages, so a rebuild would be incomplete: `klaviyo-spark verify --heal` reads again what "
    "Klaviyo still has",
    cause="As above, and `maintain` has deleted pages of that resource by conf `bronze_retention`.",
    way_out="As it says, or RESTORE the table to the version before. The line comes back until "
    "`foreign_commits` in `klaviyo_ops.table_loads` is set to NULL for the table.",
)
REMOVED_AND_OLD_PAGES_GONE = failure(
    "{tables}: removed since the last load, or made from a table that was; a rebuild would be "
    "incomplete: retention deleted pages of {resource} fetched before {since:%Y-%m-%d}; restore "
    "the tables from a backup, or sync the account into a new lake",
    cause="A table is gone, and `maintain` has deleted pages that it was made from. These tables "
    "are not loaded; all others are.",
    way_out="As it says; in a catalog `UNDROP TABLE` brings the table back.",
)
REMOVED_AND_PAGES_GONE = failure(
    "{tables}: removed since the last load, or made from a table that was; a rebuild would be "
    "incomplete: bronze no longer has all pages of the tables that they are made from; restore "
    "them from a backup, or remove those tables too",
    cause="A table is gone, and a table that it is made from holds rows whose pages somebody "
    "deleted from bronze.",
    way_out="As it says; what is removed is rebuilt from the pages that there are.",
)
REMOVED_WITH_UNREADABLE = warning(
    "{tables}: removed since the last load; rebuilt once {unreadable} can be read",
    cause="A table is gone, and would be rebuilt together with one that cannot be read.",
    way_out="See to the table that cannot be read; the next run rebuilds both.",
)
LOADED_FROM_PART = warning(
    "{table}: loaded for the first time, from incomplete pages: retention deleted pages of "
    "{resource} fetched before {since:%Y-%m-%d}",
    cause="A release has a new table, or `klaviyo_ops` was removed and the table too, and "
    "`maintain` has deleted pages by conf `bronze_retention`.",
    way_out="None needed where what Klaviyo has now is enough; what stood on older pages alone is "
    "not in the table.",
)
LOADS_NOT_NOTED = warning(
    "what has been refined could not be noted: {reason}",
    cause="A refine was broken off, by what the last line says, and the lake could not be written "
    "to any more.",
    way_out="Mend what the last line says. The next run takes those tables in once more, to the "
    "same rows.",
)
