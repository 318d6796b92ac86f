"""The account itself, and which of its metrics it calls revenue. Of ``klaviyo_plus``.

https://developers.klaviyo.com/en/reference/get_accounts
https://developers.klaviyo.com/en/reference/get_all_mapped_metrics
https://developers.klaviyo.com/en/reference/get_custom_metrics
"""

from klaviyo_spark.schema.columns import col
from klaviyo_spark.schema.deletion_rules import DeletionRule, Parent
from klaviyo_spark.schema.endpoint import XS, Endpoint, Part, S
from klaviyo_spark.schema.sources import Source
from klaviyo_spark.schema.table import Resource, TableSpec

# One record, no pages, and no time of its last change: read in every run.
ACCOUNTS_ENDPOINT = Endpoint(
    name="accounts",
    resource="account",
    path="/api/accounts",
    rate=XS,
    scopes=("accounts:read",),
)

# What a mapped metric is mapped to is told only where it is included.
MAPPED_METRICS_ENDPOINT = Endpoint(
    name="mapped_metrics",
    resource="account",
    path="/api/mapped-metrics",
    rate=S,
    scopes=("metrics:read",),
    params={"include": "metric,custom-metric"},
    asks=(
        Part("$.relationships.metric has data", is_object=True),
        Part("$.relationships.custom-metric has data", is_object=True),
    ),
    # Both have listings of their own.
    ignores=("metric>$", "custom-metric>$"),
)

# The definition names the metrics, so they need not be included.
CUSTOM_METRICS_ENDPOINT = Endpoint(
    name="custom_metrics",
    resource="account",
    path="/api/custom-metrics",
    rate=S,
    scopes=("metrics:read",),
    ignores=("$.relationships.metrics",),
)

_A = "$.attributes"
_CONTACT = f"{_A}.contact_information"
_STREET = f"{_CONTACT}.street_address"

ACCOUNTS = TableSpec(
    name="accounts",
    schema="plus",
    resource="account",
    doc="One row: the account, as Klaviyo shows it now.",
    key=("account_id",),
    sources=(Source("accounts"),),
    judges=(DeletionRule("accounts", whole=True),),
    columns=(
        col("account_id", "string", "$.id", "Klaviyo's id of the account, its public key."),
        col("test_account", "boolean", f"{_A}.test_account", "It is a test account."),
        col(
            "organization_name",
            "string",
            f"{_CONTACT}.organization_name",
            "Name of the company.",
        ),
        col(
            "default_sender_name",
            "string",
            f"{_CONTACT}.default_sender_name",
            "Who e-mail is from unless a message says otherwise.",
            pii="name",
        ),
        col(
            "default_sender_email",
            "string",
            f"{_CONTACT}.default_sender_email",
            "The address that it is from.",
            pii="email",
        ),
        col("website_url", "string", f"{_CONTACT}.website_url", "The company's site."),
        col("address1", "string", f"{_STREET}.address1", "Street of the company."),
        col("address2", "string", f"{_STREET}.address2", "Second line."),
        col("city", "string", f"{_STREET}.city", "City."),
        col("region", "string", f"{_STREET}.region", "State or region."),
        col("country", "string", f"{_STREET}.country", "Country."),
        col("zip", "string", f"{_STREET}.zip", "Postal code."),
        col("industry", "string", f"{_A}.industry", "Kind of business."),
        col(
            "timezone",
            "string",
            f"{_A}.timezone",
            "IANA name of the zone that the days of Klaviyo's reports are of.",
        ),
        col(
            "preferred_currency",
            "string",
            f"{_A}.preferred_currency",
            "ISO 4217 code of the currency that Klaviyo shows money in.",
        ),
        col(
            "public_api_key",
            "string",
            f"{_A}.public_api_key",
            "The public key, which sites show; no credential.",
        ),
        col("locale", "string", f"{_A}.locale", "Language and country, as in en-US."),
    ),
)

MAPPED_METRICS = TableSpec(
    name="mapped_metrics",
    schema="plus",
    resource="account",
    doc="One row per kind of number that Klaviyo knows of every shop, and the metric it is.",
    key=("mapped_metric_id",),
    sources=(Source("mapped_metrics", asks=MAPPED_METRICS_ENDPOINT.asks),),
    judges=(DeletionRule("mapped_metrics", whole=True),),
    columns=(
        col(
            "mapped_metric_id",
            "string",
            "$.id",
            "revenue, ordered_product, refunded_sales, cancelled_sales, started_checkout, "
            "added_to_cart or viewed_product.",
        ),
        col(
            "metric_id",
            "string",
            "$.relationships.metric.data.id",
            "The metric: join metrics.metric_id; NULL for none, or a custom one.",
        ),
        col(
            "custom_metric_id",
            "string",
            "$.relationships.custom-metric.data.id",
            "The custom metric: join custom_metrics.custom_metric_id; NULL for none.",
        ),
        col("updated", "timestamp", f"{_A}.updated", "When it was mapped last (UTC)."),
    ),
)

CUSTOM_METRICS = TableSpec(
    name="custom_metrics",
    schema="plus",
    resource="account",
    doc="One row per metric that the account has made of others.",
    key=("custom_metric_id",),
    version_by="updated",
    sources=(Source("custom_metrics", version=f"{_A}.updated"),),
    judges=(DeletionRule("custom_metrics", whole=True),),
    columns=(
        col("custom_metric_id", "string", "$.id", "Klaviyo's id of the custom metric."),
        col("name", "string", f"{_A}.name", "Name given in Klaviyo."),
        col(
            "aggregation_method",
            "string",
            f"{_A}.definition.aggregation_method",
            "count (of events) or value (the sum of one property).",
        ),
        col("definition", "string", f"{_A}.definition", "All of its definition, as JSON."),
        col("created", "timestamp", f"{_A}.created", "When it was created (UTC)."),
        col("updated", "timestamp", f"{_A}.updated", "Last change (UTC)."),
    ),
)

CUSTOM_METRIC_METRICS = TableSpec(
    name="custom_metric_metrics",
    schema="plus",
    resource="account",
    doc="One row per custom metric and metric that it is made of.",
    key=("custom_metric_id", "metric_id"),
    sources=(
        Source(
            "custom_metrics",
            explode=(f"{_A}.definition.metric_groups[]",),
            version=f"{_A}.updated",
        ),
    ),
    judges=(
        DeletionRule("custom_metrics", parent="$.id", proof=f"{_A}.definition has metric_groups"),
    ),
    judged_per="custom_metric_id",
    parent=Parent("custom_metrics", "custom_metric_id"),
    columns=(
        col("custom_metric_id", "string", "^.id", "The custom metric."),
        col("metric_id", "string", "$.metric_id", "The metric: join metrics.metric_id."),
        col(
            "value_property",
            "string",
            "$.value_property",
            "Property whose values are added up; NULL where events are counted.",
        ),
        col(
            "metric_filters",
            "string",
            "$.metric_filters",
            "Which of its events count, as JSON; NULL for all.",
        ),
    ),
)

RESOURCE = Resource(
    name="account",
    endpoints=(ACCOUNTS_ENDPOINT, MAPPED_METRICS_ENDPOINT, CUSTOM_METRICS_ENDPOINT),
    tables=(ACCOUNTS, MAPPED_METRICS, CUSTOM_METRICS, CUSTOM_METRIC_METRICS),
)
