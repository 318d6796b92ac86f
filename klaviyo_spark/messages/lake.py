"""What is said of the lake, its lock and its tables."""

from klaviyo_spark.messages.message import (
    AS_SAID,
    NOTHING,
    Message,
    error,
    failure,
    interruption,
    refusal,
    warning,
)

OTHER_FORMAT = error(
    "{table} has format {found}, made by klaviyo-spark {version}; this version, {ours}, uses "
    "format {format}. Run version {version} on this lake, or name another `warehouse` or other "
    "`schemas`",
    cause="Another version of klaviyo-spark made the lake, and the two versions store tables in "
    "different ways.",
    way_out="Install the version that is named, or start a new lake in another place by "
    "`warehouse` or `schemas`.",
)
CHECK_FAILED = failure(
    "check {check} failed: {what}; look at klaviyo_bronze.pages, or let it pass: conf checks: "
    "{{{check}: warn}}",
    cause="More than half of the records that a run read for a table, and more than 100, lack "
    "their key, or as many of the rows that change have cells of another type; Klaviyo's answers "
    "have changed their form.",
    way_out="Silver is as it was. Look at the pages of that run; take a newer release, or let it "
    "pass by conf `checks`.",
)
NO_LAKE = refusal(
    "{where} holds no lake yet; run klaviyo-spark sync first",
    cause="There is nothing to look at in the warehouse, or it is another folder.",
    way_out="As it says; see to `--warehouse` and `--config`.",
)
STAGING_NOT_OURS = Message(
    "{place}: is not of klaviyo-spark's making, which makes tables anew in that place and would "
    "remove it; rename it, or call `schemas` otherwise in conf",
    cause="A rebuild works in schemas (folders) called like yours with `_rebuild` behind; there "
    "is one without our mark, or something else in it. A `forget` would have to empty it too.",
    way_out="Rename or move what is named, or change `schemas`; nothing has been done.",
)
CANNOT_REMOVE = error(
    "{path}: cannot be removed: {reason}",
    cause="What a rebuild has made beside the tables cannot be deleted from the disk.",
    way_out="See to the permissions of the folder, then give the same command again.",
)
BROKEN_ROWS_STAY = error(
    "{table}: too many rows broke a check, and another writer has changed the table since they "
    "were written, so they stay; delete those of this _run_id",
    cause="The first load of a table broke a check. To take it back would take back the other's "
    "change too.",
    way_out="`DELETE FROM` the table `WHERE _run_id =` the run that `klaviyo_ops.runs` names, "
    "mend what the check found, refine again.",
)
BUSY = error(
    "{held}; wait for it with --wait, or run again when it has ended",
    cause="Another run holds the lake; who, and since when, stands before it.",
    way_out="As it says. A run that died is taken over by the next one, on a catalog or URI after "
    "five minutes.",
)
CANNOT_LOCK = error(
    "{file}: cannot be locked: {reason}",
    cause="The lock's file in the lake cannot be made or opened.",
    way_out="See to the folder's permissions.",
)
DISK_FULL = Message(
    "{reason}: what has landed stays; make room and give the same command again",
    cause="The disk is full, of the lake or of Spark's scratch folder.",
    way_out="Make room; nothing is lost or doubled.",
)
STOPPED_WAITING = interruption(
    "stopped while waiting for the lake",
    cause="Ctrl-C or SIGTERM during `--wait`.",
    way_out="Run it again.",
)
TABLE_DIFFERS = failure(
    "{table} {how}: `klaviyo-spark refine --rebuild` makes tables anew from bronze; or go on with "
    "the release that made it",
    cause="Another release made the table; which columns do not fit is said.",
    way_out="As it says; the rebuild makes no API calls.",
)
PAGES_FILE_MISSING = Message(
    "klaviyo_bronze.pages: the data file {file} is missing, and with it pages of {resource} "
    "fetched on {day}; restore it from a backup, or `DELETE FROM` the table `WHERE resource = "
    "'{resource}' AND ingest_date = '{day}'`: the next sync reads again what lacks pages",
    cause="A file that the log of the bronze table names was removed, by hand or by a rule of the "
    "store for old files.",
    way_out="As it says. The DELETE takes the rest of that day's pages of the resource too, and "
    "reads no file; what Klaviyo no longer has is lost to a rebuild, not to the tables that stand.",
)
TABLE_FILE_MISSING = Message(
    "{table}: the data file {file} is missing; restore it from a backup, or `klaviyo-spark refine "
    "--rebuild` rebuilds the table from bronze",
    cause="A file that the table's log names was removed, by hand or by a rule of the store for "
    "old files. A lake of one account rebuilds the table by itself where bronze has all its pages.",
    way_out="As it says; of several accounts all are rebuilt at once, without --account. Let such "
    "a rule leave the lake out.",
)
SHARED_FILE_MISSING = error(
    "{table}: the data file {file} is missing, and the table has rows of {others} too: make all "
    "accounts anew at once, each in `accounts` of conf and without --account",
    cause="The table cannot be read, so the rows of other accounts in it cannot be kept.",
    way_out="As it says. An account that is read no more is named too, with any key; the rebuild "
    "makes no API calls.",
)
FOREIGN_FILE = error(
    "{file} in the folder of the table is not of klaviyo-spark's making, and VACUUM would delete "
    "it: no old file of the table is removed; move it to another folder",
    cause="Somebody has put a file, or a folder, into a table's folder, and it is as old as "
    "`vacuum_after` says; `forget` goes by no age. VACUUM deletes whatever the table's log does "
    "not name.",
    way_out="As it says, then give the verb again. Until then the table's old files take room, "
    "and `forget` is not done.",
)
SHARED_COLUMNS_CHANGE = error(
    "{table}: its columns change, and it has rows of {others} too: make all accounts anew at "
    "once, each in `accounts` of conf and without --account",
    cause="Another release made the table; its columns can only change for all its rows.",
    way_out="As it says. An account that is read no more is named too, with any key; the rebuild "
    "makes no API calls.",
)
FORGET_UNREADABLE_PAGE = error(
    "bronze page {walk_id}/{page_number} of {endpoint} names them and cannot be taken apart; "
    "delete it by its walk_id and page_number, then forget them again",
    cause="The page is nested deeper than Python's JSON reader goes. Nothing of it was changed; "
    "`forget` is not done.",
    way_out="As it says; refine cannot read such a page either.",
)
MOVED_EVENTS = warning(
    "{table}: {removed:,} rows removed, of events whose datetime Klaviyo has changed; those of "
    "the new day stay",
    cause="Klaviyo has moved events to another day. `maintain` found their rows in two partitions.",
    way_out="Nothing to do. The rows of the new day stay.",
)
FOREIGN_COLUMNS = Message(
    "{table}: has columns that are not ours, left as they are: {columns}",
    cause="Somebody has added columns to a table of the lake. It is said once per table and set "
    "of columns.",
    way_out="Nothing to do. New rows have NULL there; a rebuild makes all of them NULL.",
)
FOREIGN_COLUMNS_EMPTIED = Message(
    "{table}: made anew, so columns that are not ours are NULL: {columns}",
    cause="A rebuild has replaced the rows of a table to which somebody has added columns.",
    way_out="Fill them again from where they came; `RESTORE TABLE` or a version before shows what "
    "was in them.",
)
TABLE_UNREADABLE = Message(
    "{schema}.{table} is unreadable ({reason}): restore it from a backup, or {away} and {after}",
    cause="The log of a table was cut short or damaged, or somebody has made something else in "
    "its place. A table of `klaviyo_v2` is held back with those made of it and those that look "
    "rows up in it, all others are loaded, and the run ends with 3. Without "
    "`klaviyo_bronze.pages`, `watermarks` or `table_loads` a run would have to guess, and ends "
    "with 1. Of the other tables of `klaviyo_ops` nothing is written, and the run ends with 3.",
    way_out="As it says; what was moved away may be deleted once the next run has ended well.",
    exit="3 or 1",
)
COMMIT_CONFLICT = warning(
    "{table}: another writer was first; try {tried} of {most}",
    cause="Somebody else, such as upkeep of the platform, committed to the table at the same "
    "moment.",
    way_out=NOTHING,
)
RUN_NOT_RECORDED = warning(
    "the run was not written down: {reason}",
    cause="One of several accounts failed, and the lake's storage did not take its line of "
    "`klaviyo_ops.runs` either.",
    way_out="Mend what is said; the other accounts go on.",
)
UNLOCKED_FILE = warning(
    "{file}: cannot be locked: {reason}; runs that start in the same seconds are not kept apart",
    cause="The lake's folder is on a file system without locks.",
    way_out="Start one run at a time.",
)
TAKEN_OVER = warning(
    "took the lake over from {holder}, silent for {silent_s:.0f} s",
    cause="A run died while it held the lake.",
    way_out=NOTHING,
)
LEASE_NOT_RENEWED = warning(
    "the lease on the lake was not renewed, next try in {next_s:.0f} s: {reason}",
    cause="The lake's storage did not answer.",
    way_out="None needed, if it does within five minutes.",
)
NOT_FREED = warning(
    "the lake was not freed and counts as held for {held_s:.0f} s: {reason}",
    cause="The lake's storage did not answer at the end of a run.",
    way_out="Start the next run five minutes later, or with `--wait`.",
)
LOST_TO_OTHER = warning(
    "another run took the lake over, as this one gave no sign for {silent_s:.0f} s; two runs "
    "write to it now: stop one, then rebuild silver",
    cause="This run was suspended, or its storage was out of reach for five minutes.",
    way_out=AS_SAID,
)
