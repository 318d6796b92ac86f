"""Verification: what could not be counted, and the verdict."""

from klaviyo_spark.messages.message import (
    Message,
    failure,
    interruption,
    refusal,
    request_error,
    warning,
)

PROFILES_UNCOUNTED = refusal(
    "nothing to verify: --profiles none leaves out the only resource",
    "Name other --resources, or use --profiles sample or all.",
    cause="`--profiles` says of which profiles Klaviyo is asked for the ids.",
)
PROFILES_SAMPLED = warning(
    "profiles created in {months:,} of {of:,} months were verified; the other months have their "
    "turn within four weeks",
    "Run `klaviyo-spark verify --profiles all` to verify all of them now.",
    cause="Klaviyo counts no profiles, so their ids are listed, 100 in each request.",
)
CHILDREN_SAMPLED = warning(
    "{name} of {parents:,} of {of:,} parents were verified; the others have their turn within four "
    "weeks",
    "Run `klaviyo-spark verify --all` to verify all of them now.",
    cause="Each parent, such as an action of a flow, lists its own in a request.",
)
PROFILES_NEWER = warning(
    "profiles: {newer:,} were created or changed after the last sync; the next one reads them",
    cause="They are not counted as missing. `klaviyo-spark sync` reads them now.",
)
PROFILES_UNLISTED = warning(
    "profiles: {unlisted:,} are here that Klaviyo no longer lists",
    "Nothing to do: the next full read of profiles marks them as deleted.",
    cause="They were deleted or merged in Klaviyo since the last full read; see "
    "`full_profiles_every`.",
)
INTERRUPTED = interruption(
    "interrupted; nothing was verified",
    "Run the same command again.",
    cause="Ctrl-C or SIGTERM while Klaviyo was being asked.",
)
LAKE_HELD = warning(
    "the lake is held by {holder}; what that run is writing may seem missing",
    "If something differs, verify again once it has ended.",
    cause="Another run is under way, and `verify` waits for it only when it heals.",
)
METRIC_GONE = warning(
    "metric {id} ({name}) is no longer in the account; its events stay, and Klaviyo cannot count "
    "them",
    cause="The metric was deleted in Klaviyo, and another has its name.",
)
SEGMENTS_MOVING = warning(
    "{segments:,} segments were not verified, since Klaviyo is still computing their members",
    "Verify again later.",
    cause="Klaviyo marks them `is_processing`.",
)
MEMBERS_NEWER = warning(
    "{members:,} members joined after the last sync; the next one reads them",
    cause="They are not counted as missing. `klaviyo-spark sync` reads them now.",
)
RECORDS_NEWER = warning(
    "{name}: {newer:,} were created after the last sync; the next one reads them",
    cause="They are not counted as missing. `klaviyo-spark sync` reads them now.",
)
METRICS_UNKNOWN = failure(
    "events were not verified, since the listing of metrics failed",
    "See the reason given for metrics.",
    cause="Events are counted by metric.",
)
METRIC_UNCOUNTED = failure(
    "metric {metric}: Klaviyo gave no count of its events, so they were not verified",
    "Verify again; if this stays, set `metrics` in conf to a list of names without this one.",
    cause="Klaviyo lists the metric, and answers 404 where its events are counted.",
)
MEMBERS_UNCOUNTED = failure(
    "{resource}: Klaviyo does not say how many members there are",
    "Verify again later; report it if it stays.",
    cause="A list or segment came without its `profile_count`.",
)
DAYS_UNCOUNTED = request_error(
    "POST {path} -> 200, but without a count for each day; the days were not verified",
    "Upgrade klaviyo-spark; report it if it stays.",
    cause="Klaviyo's counts have another form than was asked for.",
)
UNCOUNTED = Message(
    "of these tables Klaviyo neither counts nor lists the rows: {tables}. They follow the records "
    "that are counted; that nobody else changed them was checked",
    cause="Their rows come with the pages of other records.",
)
NOT_ALL_VERIFIED = failure(
    "nothing was found missing, but not everything could be verified",
    'The lines "not verified" above say why; then run `klaviyo-spark verify` again.',
    cause="Nothing differs, but some listings or counts failed.",
)
NOT_COMPLETE = failure(
    "not complete: {differ}",
    "Run `klaviyo-spark verify --heal` to read exactly these again.",
    cause="The lake has fewer rows than Klaviyo counts or lists.",
)
ROWS_TWICE = failure(
    "not correct: {differ}; some rows are in a table twice",
    "Run `klaviyo-spark refine --rebuild` to rebuild tables that have rows twice.",
    cause="Some rows stand in a table twice.",
)
STILL_NOT_COMPLETE = failure(
    "the lake is still not complete: {differ}, although what was missing was read again",
    "Run `klaviyo-spark verify` again later; report this if it does not go away.",
    cause="What Klaviyo counts is not among what it lists, or came meanwhile.",
)
