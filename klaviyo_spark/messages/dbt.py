"""dbt: views and sources that are printed or made for it."""

from klaviyo_spark.messages.message import refusal, warning

SEVERAL_ACCOUNTS = refusal(
    "--for dbt-klaviyo: the views are of one account, and conf lists several",
    "Add --account and one of: {accounts}. Each has views in a schema of its own.",
    cause="The package dbt_klaviyo joins by ids alone, which two accounts may share.",
)
NO_REVENUE = warning(
    "dbt views of {account}: events of orders are not read, so dbt_klaviyo's revenue is 0",
    "Set `metrics: [documented, commerce]` in conf, or `all`.",
    cause="By default the 11 documented metrics are read, and none of them holds money.",
)
UNMAPPED_REVENUE = warning(
    "dbt views of {account}: of several metrics with one name, such as Placed Order, that counts "
    "which has the latest events",
    "Add the group account to `plus` in conf, so that the one counts that Klaviyo takes for "
    "revenue.",
    cause="Shops often have a metric of the same name per integration. Without the group account "
    "nothing says which one is theirs.",
)
OPTION_OF_VIEWS = refusal(
    "--dialect: goes with --for alone",
    "Leave it out, or add --for dbt-klaviyo or --for dbt-sources.",
    cause="Views of what is there now and tags on personal data are for Spark and Databricks.",
)
SAME_SCHEMA = refusal(
    "accounts {one} and {other} would both have their views for dbt in the schema {schema}",
    "Leave `schemas.dbt` out, and print the views of one of them with `klaviyo-spark catalog-sql`.",
    cause="Of an account's name a schema's takes letters, digits and _ alone.",
)
