"""Arms of A/B tests and audiences of campaigns, with Klaviyo's own numbers. Of ``klaviyo_plus``.

https://developers.klaviyo.com/en/reference/query_campaign_values

The question of ``reports``, broken down further; all of them count in one budget.
"""

from dataclasses import replace

from klaviyo_spark.resources.reports import (
    CAMPAIGN_COLUMNS,
    CAMPAIGN_VALUES_ENDPOINT,
    CHANNEL_COLUMNS,
    MESSAGE_STATISTICS,
    WHOLE_SENDS,
)
from klaviyo_spark.schema.columns import col
from klaviyo_spark.schema.endpoint import REPORTS, Endpoint
from klaviyo_spark.schema.sources import Source
from klaviyo_spark.schema.table import Resource, TableSpec

_REPORT = CAMPAIGN_VALUES_ENDPOINT.report
assert _REPORT

VARIATION_VALUES_ENDPOINT = Endpoint(
    name="campaign_variation_values",
    resource="campaign_variations",
    path=CAMPAIGN_VALUES_ENDPOINT.path,
    rate=REPORTS,
    scopes=CAMPAIGN_VALUES_ENDPOINT.scopes,
    budget_of="campaign_values",
    ignores=CAMPAIGN_VALUES_ENDPOINT.ignores,
    report=replace(_REPORT, group_by=(*_REPORT.group_by, "variation", "variation_name")),
)

GROUP_VALUES_ENDPOINT = Endpoint(
    name="campaign_group_values",
    resource="campaign_variations",
    path=CAMPAIGN_VALUES_ENDPOINT.path,
    rate=REPORTS,
    scopes=CAMPAIGN_VALUES_ENDPOINT.scopes,
    budget_of="campaign_values",
    ignores=CAMPAIGN_VALUES_ENDPOINT.ignores,
    report=replace(_REPORT, group_by=(*_REPORT.group_by, "group", "group_name")),
)

_RESULTS = ("$.attributes.results[]",)
_G = "$.groupings"

VARIATION_VALUES = TableSpec(
    name="campaign_variation_values",
    schema="plus",
    resource="campaign_variations",
    doc="One row per arm of a campaign message's A/B test, channel and conversion metric. A "
    "message without a test is its own one arm.",
    key=(
        "campaign_id",
        "campaign_message_id",
        "variation",
        "send_channel",
        "conversion_metric_id",
    ),
    sources=(
        Source("campaign_variation_values", rows="answer", explode=_RESULTS, bounds=WHOLE_SENDS),
    ),
    columns=(
        *CAMPAIGN_COLUMNS,
        col(
            "variation",
            "string",
            (f"{_G}.variation", f"{_G}.campaign_message_id"),
            "Id of the arm; of a message without a test its own.",
            shape="filled",
        ),
        col("variation_name", "string", f"{_G}.variation_name", "What it is called."),
        *CHANNEL_COLUMNS,
        *MESSAGE_STATISTICS,
    ),
)

GROUP_VALUES = TableSpec(
    name="campaign_group_values",
    schema="plus",
    resource="campaign_variations",
    doc="One row per campaign message and list or segment that it went to, channel and conversion "
    "metric. Somebody in two of them counts in both.",
    key=("campaign_id", "campaign_message_id", "group", "send_channel", "conversion_metric_id"),
    sources=(Source("campaign_group_values", rows="answer", explode=_RESULTS, bounds=WHOLE_SENDS),),
    columns=(
        *CAMPAIGN_COLUMNS,
        col("group", "string", f"{_G}.group", "Id of the list or segment."),
        col("group_name", "string", f"{_G}.group_name", "What it is called."),
        *CHANNEL_COLUMNS,
        *MESSAGE_STATISTICS,
    ),
)

RESOURCE = Resource(
    name="campaign_variations",
    endpoints=(VARIATION_VALUES_ENDPOINT, GROUP_VALUES_ENDPOINT),
    tables=(VARIATION_VALUES, GROUP_VALUES),
)
