"""What is said of listings and pages: metrics, refusals, what Klaviyo did not heed."""

from klaviyo_spark.messages.message import Message, error, failure, warning

OTHER_ACCOUNT = error(
    "{url} lists {listed} and none of the {known:,} that the lake has of account {account!r}: the "
    "key, or the base URL, is of another account. Nothing has landed. If it is meant, give that "
    "account a name of its own (--account) or another lake (--warehouse)",
    cause="The key is another brand's, or `base_url` leads to a sandbox. Klaviyo never gives an "
    "id twice, so the account of before would list at least one of its metrics; where these may "
    "not be read, one of 20 or more tags, lists, segments and flows.",
    way_out="Take the right key or address. Another account goes under a name of its own, or into "
    "another lake.",
)
ACCOUNT_NOT_CHECKED = Message(
    "the metrics could not be read, so it is not known whether the key is of account {account!r}; "
    "if it is not, its rows now stand among those of that account",
    cause="The key has no scope `metrics:read`, or Klaviyo gave no metrics in this run, and no "
    "other listing of the account was known or could be read.",
    way_out="Give the key `metrics:read`. Until then see to it that it is the account's.",
)
KNOWN_METRIC_REFUSED = failure(
    "Klaviyo no longer knows metric {id} ({name}), though it lists it; its events were not read",
    cause="Klaviyo refuses a metric whose events earlier runs have read (exit code 3).",
    way_out="Look whether the metric was deleted in Klaviyo; name the metrics to read in "
    "`metrics` of conf to leave it out.",
)
WINDOW_WITHOUT_LAST_PAGE = failure(
    "{name}: a page came without links.next, so the window may not have been read to its end; the "
    "same command reads it again",
    cause="Klaviyo says `null` on the last page of a listing; here it said nothing (exit code 3).",
    way_out="Run the same command again; a backfill goes on with the step.",
)
UNNAMEABLE_METRIC = failure(
    "no filter of Klaviyo's can name metric {id} ({name}); its events were not read",
    cause="A metric's id holds a quote, a backslash or a comma; no id that Klaviyo makes does.",
    way_out="Look who answers (base URL, proxies); the events of all other metrics are read.",
)
METRIC_REFUSED = warning(
    "Klaviyo does not know metric {id} ({name}), though it lists it; its events were not read",
    cause="Klaviyo lists a metric and refuses it in a filter.",
    way_out="Name the metrics to read in `metrics` of conf to leave it out.",
)
NOW_REFUSED = failure(
    "{where}. Earlier runs read {before:,} pages of {name}: either the key has lost a scope "
    "({scopes} needed), or Klaviyo refuses {part} whatever the key may read. Rows of {part} stay "
    "as they were",
    cause="All that this run asked for of it was refused, though earlier runs were answered.",
    way_out="`klaviyo-spark doctor` says whether the key has the scope; if it has, look at that "
    "list, segment, campaign or action in Klaviyo.",
)
PART_REFUSED = failure(
    "{where}. The key has the scope: {others:,} other pages of {name} were read. Rows of {part} "
    "stay as they were",
    cause="Klaviyo refuses one list, segment or action of many, or one part of a listing, such as "
    "a channel that the account does not have.",
    way_out="Look at it in Klaviyo; ask Klaviyo's support where it looks like the others.",
)
TABLES_NOT_KEPT_UP = failure(
    "{error}; without it these tables are not kept up: {tables}",
    cause="The key lacks a scope; the line before says which.",
    way_out="Make a new key with the scopes of the README; the rest has been read all the same.",
)
MEMBER_COUNT_DIFFERS = warning(
    "{resource}: Klaviyo counts {difference:+,} members of {scope} beside those that it lists, in "
    "two whole reads; that difference is reckoned with from now on",
    cause="Klaviyo's number of members of a list or segment is never that of the members it lists.",
    way_out="Nothing is missing from what Klaviyo lists; later counts and `verify` take the "
    "difference as given, until another whole read shows another one.",
)
METRICS_UNKNOWN = failure(
    "which metrics to read could not be found out",
    cause="Metrics failed, and events need their ids.",
    way_out="Mend what is said of metrics.",
)
NO_METRIC_IN_ACCOUNT = failure(
    "none of the metrics to read is in the account",
    cause="The account has no metric of those that `metrics` in conf names.",
    way_out="Check the names; `SELECT name FROM klaviyo_v2.metrics` lists them.",
)
METRIC_GONE = failure(
    "metric {name!r} is no longer in the account",
    cause="A metric that was read before was deleted or renamed to something unknown.",
    way_out="Name its new name or its id in `metrics` in conf; what was read stays.",
)
PARTS_MISSING = warning(
    "{name}: of {records:,} records some came without what was asked for: {listed}; what it fills "
    "stays as it was",
    cause="Klaviyo left out what `include`, `additional-fields` or `fields` asked for, or the "
    "`attributes` that every record has, of so many records each. Some profiles have no "
    "subscriptions at all.",
    way_out="None needed; the columns are filled once it comes. Of a list or segment without "
    "`profile_count`, the next run counts again.",
)
FILTER_IGNORED = warning(
    "{name}: {count:,} of {records:,} records have another {fact} than was asked for ({some}); "
    "they are kept",
    cause="Klaviyo did not heed a filter: by metric, channel or archived.",
    way_out="None needed; such rows are real. Tell Klaviyo if it stays.",
)
START_IGNORED = warning(
    "{name}: {count:,} of {records:,} records have a time ({field}) before the one asked from; "
    "they are kept",
    cause="Klaviyo did not heed the filter by time, so more was read than is needed.",
    way_out="None needed. Tell Klaviyo if it stays.",
)
ORDER_IGNORED = warning(
    "{name}: records came in another order than by {field}, which was asked for; they are kept, "
    "and what they are of does not count as read: the next run reads it again",
    cause="Klaviyo did not heed `sort`. Without its order it is not known how far a read has got.",
    way_out="None needed for once. If it stays, each run reads that time again; tell Klaviyo.",
)
NO_LAST_PAGE = warning(
    "listings that ended on a page without links.next: {listings}; there may be more pages, so "
    "they mark nothing as deleted, and the next run reads on from the last record or reads them "
    "again",
    cause="Klaviyo says `null` on the last page of a listing. Something on the way may have cut "
    "it out, or Klaviyo left it out.",
    way_out="None needed for once. If it stays, nothing that is gone is marked in those tables; "
    "tell Klaviyo.",
)
LISTED_AND_NOT_FOUND = warning(
    "GET {path} -> 404 for {ids:,} of the ids that were listed; that marks nothing as deleted: "
    "the next complete read says what is gone",
    cause="Klaviyo listed a thing and does not find it by itself, or it was deleted between the "
    "two requests.",
    way_out="None needed. What is gone, the next run's listing no longer has.",
)
METRIC_RENAMED = warning(
    "metric {id} ({name}) is now called {own!r}; read on",
    cause="Klaviyo or somebody renamed a metric.",
    way_out="None needed; it is known by its id.",
)
METRIC_OF_OTHERS = warning(
    "metric {id} ({name!r}) has {integration}; treating it as Klaviyo's {documented!r}",
    cause="A metric has the documented name, and is not said to be Klaviyo's.",
    way_out="If it is another's, name the right ids: `metrics: [ID, …]` in conf.",
)
NO_SUCH_METRIC = warning(
    "no metric is called {names}; none of its events are read",
    cause="The account never had such an event.",
    way_out="None needed; it is read as soon as there is one.",
)
REVISION_ENDS = Message(
    "Klaviyo's API revision {revision} ends on {ends}, {left}; from then on {loss}",
    cause="Single columns are read at an older revision, which ends within 90 days.",
    way_out="Upgrade before that day.",
)
REVISION_ENDED = Message(
    "Klaviyo's API revision {revision} ended on {ends}; {loss}",
    cause="It has ended; the columns are named.",
    way_out="Upgrade; what was read stays.",
)
PAGES_REMOVED = warning(
    "klaviyo_bronze.pages was removed or replaced since the last run: everything is read from "
    "Klaviyo again; rows of what Klaviyo no longer has stay in the tables",
    cause="The bronze table was dropped, its folder was removed, or another table stands by its "
    "name.",
    way_out="None needed. Tables that stand keep their rows; a rebuild of them is refused from "
    "now on, since it would lose some.",
)
PAGES_PUT_BACK = warning(
    "klaviyo_bronze.pages: an older copy was put back: {lacks}",
    cause="The bronze table's folder was put back from a copy. Its log does not have the commits "
    "of the runs that `watermarks` speaks of. Resources are named of which runs lack pages; they "
    "are read from Klaviyo again.",
    way_out="None needed. What Klaviyo no longer has and only those pages had stays in the tables "
    "that stand; a rebuild of them is refused.",
)
PAGES_CHANGED = warning(
    "klaviyo_bronze.pages: something other than klaviyo-spark changed rows ({commits}); {lacks}",
    cause="A DELETE, RESTORE, UPDATE or write by somebody else; `DESCRIBE HISTORY` says who. "
    "Resources are named of which runs lack pages; they are read from Klaviyo again.",
    way_out="None needed, but that pages are deleted by conf `bronze_retention` and "
    "`klaviyo-spark forget`, not by hand.",
)
