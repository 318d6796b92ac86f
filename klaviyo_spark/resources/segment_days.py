"""How many people segments have had, day by day, as Klaviyo counts them. Of ``klaviyo_plus``.

https://developers.klaviyo.com/en/reference/query_segment_series
"""

from klaviyo_spark.resources.reports import DAY
from klaviyo_spark.schema.columns import col
from klaviyo_spark.schema.endpoint import REPORTS, Endpoint
from klaviyo_spark.schema.report import Report
from klaviyo_spark.schema.sources import Source, Zip
from klaviyo_spark.schema.table import Resource, TableSpec

_S = "$.statistics"
# Before it was made a segment has no members, and is no row.
_ZIPPED = Zip("$.attributes.date_times", _S, skips_zeros=True)

# Broken down by segment always: nothing else may be named.
SEGMENT_DAYS_ENDPOINT = Endpoint(
    name="segment_days",
    resource="segment_days",
    path="/api/segment-series-reports",
    rate=REPORTS,
    scopes=("segments:read",),
    ignores=("$.relationships['*']",),
    report=Report(
        type="segment-series-report",
        statistics=(
            "total_members",
            "members_added",
            "members_removed",
            "net_members_changed",
        ),
        cut="days",
    ),
)

SEGMENT_DAYS = TableSpec(
    name="segment_days",
    schema="plus",
    resource="segment_days",
    doc="One row per segment and day that it has members; from June 2023 on, without reading them.",
    key=("segment_id", "account_date"),
    sources=(
        Source("segment_days", rows="answer", explode=("$.attributes.results[]",), zip=_ZIPPED),
    ),
    columns=(
        col(
            "segment_id",
            "string",
            "$.groupings.segment_id",
            "The segment: join segments.segment_id.",
        ),
        DAY,
        col("total_members", "bigint", f"{_S}.total_members", "Members at the end of the day."),
        col("members_added", "bigint", f"{_S}.members_added", "Who came on that day."),
        col("members_removed", "bigint", f"{_S}.members_removed", "Who went."),
        col(
            "net_members_changed",
            "bigint",
            f"{_S}.net_members_changed",
            "The difference of the two.",
        ),
    ),
)

RESOURCE = Resource(name="segment_days", endpoints=(SEGMENT_DAYS_ENDPOINT,), tables=(SEGMENT_DAYS,))
