"""What ``verify`` says."""

from klaviyo_spark.messages.message import (
    NOTHING,
    failure,
    interruption,
    refusal,
    request_error,
    warning,
)

PROFILES_UNCOUNTED = refusal(
    "profiles: Klaviyo says no number of them; a sync compares them whole each full_profiles_every",
    cause="`verify` was asked about profiles alone; there is nothing it could count them by.",
    way_out="Name other resources, or none. Each complete read of profiles marks those that are "
    "gone.",
)
INTERRUPTED = interruption(
    "interrupted; nothing has been verified, run it again",
    cause="Ctrl-C or SIGTERM came while Klaviyo was being asked.",
    way_out="Give the same command again.",
)
LAKE_HELD = warning(
    "the lake is held by {holder}: what it is writing may seem missing",
    cause="Another run is under way; verification waits for nobody, unless there is something to "
    "heal.",
    way_out="If something differs, verify again when that run has ended.",
)
METRIC_GONE = warning(
    "metric {id} ({name}) is no longer in the account: its events stay, and Klaviyo cannot count "
    "them",
    cause="A metric that was read before has been deleted in Klaviyo; another one goes by its "
    "name.",
    way_out=NOTHING,
)
SEGMENTS_MOVING = warning(
    "{segments:,} segments are being worked out by Klaviyo; their members were not verified",
    cause="Their number is still moving (`is_processing`).",
    way_out="Verify again later.",
)
MEMBERS_NEWER = warning(
    "{members:,} members are newer than the last sync; the next one reads them",
    cause="They joined lists or segments after these were last read; they are not counted as "
    "missing.",
    way_out="Nothing is to be done; run `klaviyo-spark sync` to have them now.",
)
RECORDS_NEWER = warning(
    "{name}: {newer:,} are newer than the last sync; the next one reads them",
    cause="They were created after their listing was last read; they are not counted as missing.",
    way_out="Nothing is to be done; run `klaviyo-spark sync` to have them now.",
)
METRICS_UNKNOWN = failure(
    "which metrics to count could not be found out",
    cause="The listing of metrics did not answer; the line before says why.",
    way_out="Mend that, and verify again.",
)
METRIC_UNCOUNTED = failure(
    "Klaviyo counts no metric {metric}",
    cause="A metric that is listed is not known where events are counted.",
    way_out="Verify again; if it stays, leave the metric out of conf `metrics`.",
)
MEMBERS_UNCOUNTED = failure(
    "{resource}: Klaviyo says no number of members",
    cause="A list or segment was answered without its `profile_count`.",
    way_out="Verify again later; if it stays, report it.",
)
DAYS_UNCOUNTED = request_error(
    "POST {path} -> 200, but without a count for each day asked for; the days are not verified",
    cause="Klaviyo's counts are not in the form that was asked for.",
    way_out="Upgrade klaviyo-spark; report it if it stays.",
)
