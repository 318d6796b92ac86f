"""What happened with each metric day by day, counted by Klaviyo. Of ``klaviyo_plus``.

https://developers.klaviyo.com/en/reference/query_metric_aggregates

It counts by when events happened, whereas ``reports`` go by when a message was sent: the two differ
on purpose. An answer has a row per group of the dimensions that are asked for, and a number of it
per day. What an event is put down to may change for some days, and is then of another group: rows
that the newest answer about their days has no longer are marked.
"""

from klaviyo_spark.schema.columns import Column, col
from klaviyo_spark.schema.deletion_rules import AnsweredDays, DeletionRule
from klaviyo_spark.schema.endpoint import Endpoint, S
from klaviyo_spark.schema.report import Aggregate
from klaviyo_spark.schema.sources import Source, Zip
from klaviyo_spark.schema.table import Resource, TableSpec

_M = "$.measurements"
_DAYS = AnsweredDays("$.attributes.data", day="utc_date", of="metric_id")


def _endpoint(name: str, aggregate: Aggregate) -> Endpoint:
    """Klaviyo's one operation, asked for one table; all of them count in its one budget."""
    return Endpoint(
        name=name,
        resource="metric_days",
        path="/api/metric-aggregates",
        rate=S,
        scopes=("metrics:read",),
        budget_of="" if name == "metric_days" else "metric_days",
        # Without dimensions it is an empty array.
        ignores=("$.relationships['*']", *(() if aggregate.by else (_DIMENSIONS,))),
        aggregate=aggregate,
    )


def _source(endpoint: str) -> Source:
    zipped = Zip("$.attributes.dates", _M, skips_zeros=True)
    return Source(endpoint, rows="answer", explode=("$.attributes.data[]",), zip=zipped)


def _judge(endpoint: str) -> DeletionRule:
    return DeletionRule(endpoint, rows="answer", days=_DAYS)


_DIMENSIONS = "$.attributes.data.dimensions"

# People do not add up over currencies, so they are asked for without any dimension: one row a day.
METRIC_DAYS_ENDPOINT = _endpoint("metric_days", Aggregate(("count", "unique")))
# Money does not add up across currencies, so it is asked for by currency.
METRIC_VALUE_DAYS_ENDPOINT = _endpoint(
    "metric_value_days", Aggregate(("count", "sum_value"), by=("$value_currency",))
)
ATTRIBUTED_DAYS_ENDPOINT = _endpoint(
    "attributed_days",
    Aggregate(
        ("count", "sum_value", "unique"),
        by=("$attributed_message", "$attributed_flow", "$attributed_channel"),
    ),
)
# Klaviyo has no report of lists. These two are asked about whatever metrics conf names.
LIST_DAYS_ENDPOINT = _endpoint(
    "list_days",
    Aggregate(("count",), by=("List",), metrics=("subscribed to list", "Unsubscribed from List")),
)

_METRIC_ID = col(
    "metric_id", "string", "page.slice.metric_id", "The metric: join metrics.metric_id."
)
_UTC_DATE = col("utc_date", "date", "^.attributes.dates", "Day of the events (UTC).")
_COUNT = col("count", "bigint", f"{_M}.count", "How many there were.")
_UNIQUE = col(
    "unique", "bigint", f"{_M}.unique", "Of how many people: not to be added up over rows."
)


def _dimension(name: str, place: int, doc: str) -> Column:
    """A part of the key: empty where events have none, never NULL."""
    return col(name, "string", f"$.dimensions[{place}]", doc, shape="or_empty")


METRIC_DAYS = TableSpec(
    name="metric_days",
    schema="plus",
    resource="metric_days",
    doc="One row per metric and day that has events, by when they happened, without reading them; "
    "of the metrics that conf metrics names.",
    key=("metric_id", "utc_date"),
    sources=(_source("metric_days"),),
    judges=(_judge("metric_days"),),
    judged_per="metric_id",
    columns=(_METRIC_ID, _UTC_DATE, _COUNT, _UNIQUE),
)

METRIC_VALUE_DAYS = TableSpec(
    name="metric_value_days",
    schema="plus",
    resource="metric_days",
    doc="One row per metric, day and currency that has events, by when they happened; of the "
    "metrics that conf metrics names.",
    key=("metric_id", "utc_date", "value_currency"),
    nullable_key=("value_currency",),
    sources=(_source("metric_value_days"),),
    judges=(_judge("metric_value_days"),),
    judged_per="metric_id",
    columns=(
        _METRIC_ID,
        _UTC_DATE,
        _dimension(
            "value_currency",
            0,
            "Currency of the values (ISO 4217); empty where events name none. Do not add up over "
            "it.",
        ),
        _COUNT,
        col(
            "sum_value",
            "double",
            f"{_M}.sum_value",
            "What the events are worth in value_currency, as Klaviyo reports it: unconverted; of "
            "orders before refunds and cancellations, which are metrics of their own.",
        ),
    ),
)

LIST_DAYS = TableSpec(
    name="list_days",
    schema="plus",
    resource="metric_days",
    doc="One row per list, metric and day that anybody joined or left a list; the metrics are "
    "Subscribed to List and Unsubscribed from List, whatever conf metrics names.",
    key=("list", "metric_id", "utc_date"),
    nullable_key=("list",),
    sources=(_source("list_days"),),
    judges=(_judge("list_days"),),
    judged_per="metric_id",
    columns=(
        _dimension("list", 0, "The list's id or its name, as the events say it; empty for none."),
        col(
            "list_id",
            "string",
            "$.dimensions[0]",
            "The list: join lists.list_id. That of this id, else the only one ever seen of that "
            "name, else NULL.",
            shape="looked_up",
            lookup="list",
        ),
        _METRIC_ID,
        _UTC_DATE,
        col("count", "bigint", f"{_M}.count", "How many joined, or left: the metric says which."),
    ),
)

ATTRIBUTED_DAYS = TableSpec(
    name="attributed_days",
    schema="plus",
    resource="metric_days",
    doc="One row per metric, day, message, flow and channel that events are put down to, by when "
    "they happened; of the metrics that conf metrics names. Rows of the three empty are of events "
    "put down to nothing.",
    key=("metric_id", "utc_date", "attributed_message", "attributed_flow", "attributed_channel"),
    nullable_key=("attributed_message", "attributed_flow", "attributed_channel"),
    sources=(_source("attributed_days"),),
    judges=(_judge("attributed_days"),),
    judged_per="metric_id",
    columns=(
        _METRIC_ID,
        _UTC_DATE,
        _dimension(
            "attributed_message",
            0,
            "The message: join campaign_messages.campaign_message_id or "
            "flow_action_messages.flow_action_message_id; empty for none.",
        ),
        _dimension("attributed_flow", 1, "Its flow: join flows.flow_id; empty for none."),
        _dimension("attributed_channel", 2, "Its channel, as Klaviyo calls it; empty for none."),
        _COUNT,
        col(
            "sum_value",
            "double",
            f"{_M}.sum_value",
            "What the events are worth, as Klaviyo reports it: unconverted, before refunds. Where "
            "metric_value_days has several currencies for the metric it is no money: currencies "
            "are mixed.",
        ),
        _UNIQUE,
    ),
)

RESOURCE = Resource(
    name="metric_days",
    endpoints=(
        METRIC_DAYS_ENDPOINT,
        METRIC_VALUE_DAYS_ENDPOINT,
        LIST_DAYS_ENDPOINT,
        ATTRIBUTED_DAYS_ENDPOINT,
    ),
    tables=(METRIC_DAYS, METRIC_VALUE_DAYS, LIST_DAYS, ATTRIBUTED_DAYS),
)
