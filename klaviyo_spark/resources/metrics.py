"""Metrics: the kinds of events an account has.

https://developers.klaviyo.com/en/reference/get_metrics
"""

from klaviyo_spark.schema.columns import col
from klaviyo_spark.schema.deletion_rules import DeletionRule
from klaviyo_spark.schema.endpoint import Endpoint, M
from klaviyo_spark.schema.sources import Source
from klaviyo_spark.schema.table import Resource, TableSpec

# No sort, no page size and no time filter: 200 a page, read whole each time.
METRICS_ENDPOINT = Endpoint(
    name="metrics",
    resource="metrics",
    path="/api/metrics",
    rate=M,
    scopes=("metrics:read",),
    cursor_only=True,
    ignores=(
        "$.attributes.integration.key",
        "$.attributes.integration.object",
        "$.relationships.flow-triggers",
    ),
)

_A = "$.attributes"

METRICS = TableSpec(
    name="metrics",
    resource="metrics",
    doc="One row per metric of the account, those of other integrations too.",
    key=("list_id",),
    sources=(Source("metrics", version=f"{_A}.updated"),),
    version_by="updated",
    judges=(DeletionRule("metrics", whole=True),),
    note="list_id and tag_id are slips of the documented table, kept for the queries that use "
    "them; metric_id and name hold the same.",
    columns=(
        col(
            "list_id",
            "string",
            "$.id",
            "Id of the metric (not of a list): join events.metric_data_id.",
            also_named="metric_id",
        ),
        col(
            "tag_id",
            "string",
            f"{_A}.name",
            "Name of the metric (not a tag).",
            also_named="name",
        ),
        col("created", "timestamp", f"{_A}.created", "When it was created (UTC)."),
        col("updated", "timestamp", f"{_A}.updated", "Last change (UTC)."),
        col(
            "integration_id",
            "string",
            f"{_A}.integration.id",
            "Id of the integration that writes it.",
        ),
        col(
            "integration_name",
            "string",
            f"{_A}.integration.name",
            "Klaviyo for its own metrics; API, Shopify, ... for others.",
        ),
        col(
            "integration_category",
            "string",
            f"{_A}.integration.category",
            "Kind of integration, as Klaviyo sorts it.",
        ),
    ),
    internal=(
        # Kept once known, so that a metric renamed once more still counts as what it was.
        col(
            "_documented_name",
            "string",
            f"{_A}.name",
            "Which of the 11 documented metrics it counts as, whatever Klaviyo calls it now; "
            "NULL for others.",
            shape="documented_metric",
            role="sticky",
            lookup="klaviyo_first",
        ),
    ),
)

RESOURCE = Resource(name="metrics", endpoints=(METRICS_ENDPOINT,), tables=(METRICS,))
