"""What Klaviyo predicts of each profile. Of ``klaviyo_plus``.

https://developers.klaviyo.com/en/reference/get_profiles
"""

from klaviyo_spark.schema.columns import col
from klaviyo_spark.schema.deletion_rules import DeletionRule
from klaviyo_spark.schema.endpoint import Endpoint, M, Part
from klaviyo_spark.schema.sources import Source
from klaviyo_spark.schema.table import Resource, TableSpec

_P = "$.attributes.predictive_analytics"

# Klaviyo reckons them anew without a profile's time of change moving, so nothing finds those that
# changed: all are read, now and then. With this field the operation has a budget of its own.
PREDICTIONS_ENDPOINT = Endpoint(
    name="profile_predictions",
    resource="predictions",
    path="/api/profiles",
    rate=M,
    scopes=("profiles:read",),
    params={
        "additional-fields[profile]": "predictive_analytics",
        "fields[profile]": "predictive_analytics",
        "page[size]": "100",
    },
    sort="created",
    full_every="full_predictions_every",
    asks=(Part("$.attributes has predictive_analytics", is_object=True),),
    # What is asked for alone is read; profiles have a listing of their own.
    ignores=("$.attributes['*']", "$.relationships['*']"),
)

PROFILE_PREDICTIONS = TableSpec(
    name="profile_predictions",
    schema="plus",
    resource="predictions",
    doc="One row per profile: what Klaviyo predicts of it, as of the last complete read; all NULL "
    "where there is no history of orders.",
    key=("profile_id",),
    sources=(Source("profile_predictions", asks=PREDICTIONS_ENDPOINT.asks),),
    judges=(DeletionRule("profile_predictions", whole=True),),
    columns=(
        col("profile_id", "string", "$.id", "Who: join profiles.profile_id.", pii="id"),
        col("historic_clv", "double", f"{_P}.historic_clv", "Value of all orders so far."),
        col("predicted_clv", "double", f"{_P}.predicted_clv", "Predicted value of the next year."),
        col("total_clv", "double", f"{_P}.total_clv", "Both together."),
        col(
            "historic_number_of_orders",
            "double",
            f"{_P}.historic_number_of_orders",
            "Orders so far.",
        ),
        col(
            "predicted_number_of_orders",
            "double",
            f"{_P}.predicted_number_of_orders",
            "Predicted orders of the next year.",
        ),
        col(
            "average_days_between_orders",
            "double",
            f"{_P}.average_days_between_orders",
            "Days from one order to the next.",
        ),
        col(
            "average_order_value",
            "double",
            f"{_P}.average_order_value",
            "Value per order.",
        ),
        col(
            "churn_probability",
            "double",
            f"{_P}.churn_probability",
            "How likely no order comes any more, 0 to 1.",
        ),
        col(
            "expected_date_of_next_order",
            "timestamp",
            f"{_P}.expected_date_of_next_order",
            "When the next order is expected (UTC).",
        ),
        col(
            "ranked_channel_affinity",
            "string",
            f"{_P}.ranked_channel_affinity",
            "Channels by how well they work, the best first, as JSON.",
        ),
    ),
)

RESOURCE = Resource(
    name="predictions", endpoints=(PREDICTIONS_ENDPOINT,), tables=(PROFILE_PREDICTIONS,)
)
