"""What happened with each metric day by day, counted by Klaviyo. Of ``klaviyo_plus``.

https://developers.klaviyo.com/en/reference/query_metric_aggregates
"""

from klaviyo_spark.schema.columns import col
from klaviyo_spark.schema.endpoint import Endpoint, S
from klaviyo_spark.schema.report import Aggregate
from klaviyo_spark.schema.sources import Source, Zip
from klaviyo_spark.schema.table import Resource, TableSpec

_M = "$.measurements"

# People do not add up over currencies, so it is asked without any dimension: one row a day.
METRIC_DAYS_ENDPOINT = Endpoint(
    name="metric_days",
    resource="metric_days",
    path="/api/metric-aggregates",
    rate=S,
    scopes=("metrics:read",),
    ignores=("$.relationships['*']", "$.attributes.data.dimensions"),
    aggregate=Aggregate(("count", "unique")),
)

METRIC_DAYS = TableSpec(
    name="metric_days",
    schema="plus",
    resource="metric_days",
    doc="One row per metric and day that has events, by when they happened, without reading them; "
    "of the metrics that conf metrics names.",
    key=("metric_id", "utc_date"),
    sources=(
        Source(
            "metric_days",
            rows="answer",
            explode=("$.attributes.data[]",),
            zip=Zip("$.attributes.dates", _M, skips_zeros=True),
        ),
    ),
    columns=(
        col("metric_id", "string", "page.slice.metric_id", "The metric: join metrics.metric_id."),
        col("utc_date", "date", "^.attributes.dates", "Day of the events (UTC)."),
        col("count", "bigint", f"{_M}.count", "How many there were."),
        col(
            "unique",
            "bigint",
            f"{_M}.unique",
            "Of how many people: not to be added up over rows.",
        ),
    ),
)

RESOURCE = Resource(name="metric_days", endpoints=(METRIC_DAYS_ENDPOINT,), tables=(METRIC_DAYS,))
