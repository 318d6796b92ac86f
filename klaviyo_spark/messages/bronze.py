"""Reading: metrics, refusals, what Klaviyo did not apply."""

from klaviyo_spark.messages.message import error, failure, warning

OTHER_ACCOUNT = error(
    "{url} lists {listed} and none of the {known:,} that the lake has of account {account!r}, so "
    "the key or the base URL is another account's; nothing has landed",
    "Use the right key. For a second account, use another --account name or --warehouse.",
    cause="The key is another brand's, or `base_url` leads to a sandbox. Klaviyo never gives an "
    "id twice, so metrics, or else tags, lists, segments and flows, tell accounts apart.",
)
ACCOUNT_RENAMED = error(
    "{url} lists {listed:,} metrics, and the lake has {shared:,} of them as those of account "
    "{name!r} and none as those of {account!r}: it is the same account, and its rows would be in "
    "the lake twice; nothing has landed",
    "Keep the name {name!r} (`account` in conf, --account), or take another --warehouse for the "
    "new one.",
    cause="`account`, or a name in `accounts`, was changed, or two of `accounts` have keys of one "
    "Klaviyo account. Rows are found by that name.",
)
ACCOUNT_NOT_CHECKED = warning(
    "the metrics could not be read, so nothing shows whether the key is of account {account!r}; "
    "if it is not, the tables now mix rows of two accounts",
    "Give the key the scope metrics:read.",
    cause="The key lacks the scope, or Klaviyo gave no metrics in this run, and no other listing "
    "of the account could be compared.",
)
KNOWN_METRIC_REFUSED = failure(
    "Klaviyo lists metric {id} ({name}) but now refuses requests for its events, which earlier "
    "runs could read; they were not read",
    "Check in Klaviyo whether it was deleted; if so, set `metrics` in conf to a list of names "
    "without it.",
    cause="Klaviyo refuses in a filter a metric whose events earlier runs have read.",
)
WINDOW_WITHOUT_LAST_PAGE = failure(
    "{name}: a page came without links.next, so the range may not have been read to its end",
    "Run the same command again.",
    cause="On the last page of a listing Klaviyo says `null`; here it said nothing. A backfill "
    "resumes with that step.",
)
UNNAMEABLE_METRIC = failure(
    "metric {id} ({name}): its id has characters that Klaviyo's ids never have, so its events "
    "were not read",
    "Something other than Klaviyo may have answered: check the base URL and proxies.",
    cause="The id holds a quote, a backslash or a comma, as none of Klaviyo's does. All other "
    "metrics are read.",
)
METRIC_REFUSED = warning(
    "Klaviyo lists metric {id} ({name}) but refuses requests for its events, so they were not read",
    "To stop this warning, set `metrics` in conf to a list of names without it.",
    cause="Klaviyo refuses in a filter a metric that it lists.",
)
NOW_REFUSED = failure(
    "{where}. Earlier runs read {before:,} pages of {name}: either the key has lost a scope "
    "({scopes} needed), or Klaviyo refuses {part} to any key. Rows of {part} stay as they were",
    "Run `klaviyo-spark doctor`, which checks the scope.",
    cause="All requests of this kind were refused in this run. If the key has the scope, look at "
    "that list, segment, campaign or action in Klaviyo.",
)
PART_REFUSED = failure(
    "{where}. The key has the scope: {others:,} other pages of {name} were read. Rows of {part} "
    "stay as they were",
    "Look at it in Klaviyo.",
    cause="Klaviyo refuses one list, segment or action of many, or one part of a listing, such as "
    "a channel that the account does not have.",
)
TABLES_NOT_KEPT_UP = failure(
    "{error} Until then, these tables are not updated: {tables}",
    cause="The key lacks a scope: make a new one. Everything else was read.",
)
PLUS_WITHOUT_SCOPE = warning(
    "{resource}: not read, since the key lacks a scope ({scopes})",
    "Make a key with that scope; or, to stop this warning, replace `all` in conf `plus` by the "
    "groups that you want.",
    cause="`plus: all` reads what the key may read. Of a group that is named it is a failure.",
)
REPORTS_WITHOUT_ACCOUNT = failure(
    "the account's time zone is not known, since GET /api/accounts gave none; reports are of days "
    "in that zone, so none were read",
    "See the reason given for account.",
    cause="The key lacks accounts:read, or that request failed.",
)
NO_METRIC_TO_ASK_BY = failure(
    "the account's metrics could not be read, and Klaviyo answers no report without one",
    "See the reason given for metrics.",
    cause="The listing of metrics failed, or is empty.",
)
NO_REVENUE_METRIC = warning(
    "the account has no revenue metric, so reports were read without conversions; "
    "conversion_metric_id is 'none' in their rows",
    "Map a metric to revenue in Klaviyo, or set `conversion_metrics` in conf.",
    cause="No metric is mapped to revenue, and none is called Placed Order.",
)
REVENUE_METRIC_CHOSEN = warning(
    "several metrics are called {name!r} ({ids}) and none is mapped to revenue; reports were "
    "read with {id}, which has the newest event",
    "Map one of them to revenue in Klaviyo.",
    cause="Each commerce integration has a metric of that name.",
)
NO_VALUES = warning(
    "Klaviyo gives no statistics of money for metric {metric}, so those columns of reports are "
    "NULL",
    "Map another metric to revenue in Klaviyo, or take this one out of `conversion_metrics`.",
    cause="Events of that metric have no value. All other statistics were read.",
)
INCLUDE_REFUSED = warning(
    "Klaviyo does not include {included} in {name}, so each record that has changed is asked "
    "about by itself, and no row is marked as deleted",
    "Upgrade klaviyo-spark.",
    cause="Klaviyo refuses the parameter `include` of that listing.",
)
UNEQUAL_ARRAYS = failure(
    "{name}: page {page_number} of the answer for {first} to {last} has arrays of unequal length "
    "({places}), so it was left out",
    "Run again; tell Klaviyo if it stays.",
    cause="Numbers and days of a report stand in arrays side by side. Of unequal ones nobody "
    "knows which number is of which day.",
)
MEMBER_COUNT_DIFFERS = warning(
    "{resource}: in two complete reads, Klaviyo's member count of {scope} differed by "
    "{difference:+,} from the members that it lists; later counts allow for that difference",
    "Nothing to do: every listed member was read.",
    cause="Klaviyo's number of members never equals those that it lists. Nothing listed is "
    "missing; a complete read with another difference ends this.",
)
METRICS_UNKNOWN = failure(
    "events were not read, since the listing of metrics failed",
    "See the reason given for metrics.",
    cause="Events are requested by the ids of metrics.",
)
NO_METRIC_IN_ACCOUNT = failure(
    "the account has none of the metrics to read",
    "Correct `metrics` in conf; `SELECT name FROM klaviyo_v2.metrics` lists their names.",
    cause="Conf names metrics that the account does not have.",
)
METRIC_GONE = failure(
    "metric {name!r} is no longer in the account",
    "Set its new name or its id in `metrics` in conf.",
    cause="A metric that was read before was deleted, or renamed to an unknown name. What was "
    "read stays.",
)
PARTS_MISSING = warning(
    "{name}: some of {records:,} records lack parts that were requested: {listed}; their columns "
    "keep the values that they had",
    "Nothing to do: later syncs fill them. If it stays, tell Klaviyo.",
    cause="Klaviyo left out what `include`, `additional-fields` or `fields` asked for, or the "
    "`attributes` that every record has, in so many records each. "
    "Some profiles have no subscriptions at all.",
)
FILTER_IGNORED = warning(
    "{name}: {count:,} of {records:,} records have another {fact} than was requested ({some}); "
    "they are kept",
    "If this stays, tell Klaviyo.",
    cause="Klaviyo did not apply a filter. Such rows are real.",
)
START_IGNORED = warning(
    "{name}: {count:,} of {records:,} records have a time ({field}) before the start of the "
    "filter; they are kept",
    "If this stays, tell Klaviyo.",
    cause="Klaviyo did not apply a filter by time, and more was read than needed.",
)
ORDER_IGNORED = warning(
    "{name}: Klaviyo did not sort the records by {field} as requested; they are kept, and the "
    "next run reads that range again",
    "If this stays, tell Klaviyo.",
    cause="Klaviyo did not apply `sort`, and without order nobody knows how far a read has got.",
)
NO_LAST_PAGE = warning(
    "listings that ended on a page without links.next: {listings}; there may be more pages, so "
    "nothing is marked as deleted, and the next run reads on",
    "If this stays, tell Klaviyo.",
    cause="On the last page of a listing Klaviyo says `null`; here Klaviyo, or something on the "
    "way, left it out.",
)
LISTED_AND_NOT_FOUND = warning(
    "GET {path} -> 404 for {ids:,} of the listed ids; this marks nothing as deleted",
    "Nothing to do: the next complete read shows what is gone.",
    cause="Klaviyo listed a thing and then did not find it, often since it was deleted in between.",
)
METRIC_RENAMED = warning(
    "metric {id} ({name}) is now called {own!r}; its events are still read",
    cause="Klaviyo or somebody renamed a metric. It is known by its id.",
)
METRIC_OF_OTHERS = warning(
    "metric {id} ({name!r}) has {integration}, so it may not be Klaviyo's own {documented!r}; "
    "its events are read as if it were",
    "If it is a different metric, list the ids to read in conf: `metrics: [ID, ...]`.",
    cause="A metric has the documented name, and Klaviyo does not say that it is its own.",
)
NO_SUCH_METRIC = warning(
    "no metric is called {names}, so none of its events are read",
    "Correct the name if it stands in conf `metrics`; else it is read as soon as there is one.",
    cause="The account never had such an event.",
)
NO_MAPPED_METRIC = warning(
    "the account has mapped no metric to revenue or anything else of a shop, so `commerce` reads "
    "none",
    "Map them in Klaviyo (Analytics, Metrics), or list your shop's metrics by name in conf.",
    cause="`metrics` has `commerce`, which stands for the account's mapped metrics.",
)
REVISION_ENDS = warning(
    "Klaviyo's API revision {revision} ends on {ends}, {left}; from then on {loss}",
    "Upgrade klaviyo-spark before that day.",
    cause="Some columns are read at an older revision of the API.",
)
REVISION_ENDED = warning(
    "Klaviyo's API revision {revision} ended on {ends}; {loss}",
    "Upgrade klaviyo-spark.",
    cause="Some columns are read at an older revision of the API.",
)
PAGES_REMOVED = warning(
    "klaviyo_bronze.pages was removed or replaced since the last run; everything is read from "
    "Klaviyo again, and rows that Klaviyo no longer has stay in the tables",
    cause="The table was dropped, or another stands in its place. Rebuilds are refused from now "
    "on: they would lose those rows.",
)
PAGES_PUT_BACK = warning(
    "klaviyo_bronze.pages: an older copy was restored; {lacks}",
    cause="The table's log lacks commits that `watermarks` names. Rows that stand on lost pages "
    "alone stay in the tables; a rebuild of these is refused.",
)
PAGES_CHANGED = warning(
    "klaviyo_bronze.pages: something other than klaviyo-spark changed rows ({commits}); {lacks}",
    "Leave deletes to `bronze_retention` and `klaviyo-spark forget`.",
    cause="A DELETE, RESTORE, UPDATE or write; `DESCRIBE HISTORY` says whose.",
)
UNKNOWN_FIELDS = warning(
    "Klaviyo sends fields that no table has: {fields}",
    "See klaviyo_ops.unknown_fields.",
    cause="Klaviyo has added fields. Pages in bronze keep them; a later release may add columns.",
)
