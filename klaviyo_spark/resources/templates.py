"""Templates of the account's library. Of ``klaviyo_plus``.

https://developers.klaviyo.com/en/reference/get_templates
"""

from klaviyo_spark.schema.columns import col
from klaviyo_spark.schema.deletion_rules import DeletionRule
from klaviyo_spark.schema.endpoint import Endpoint, L
from klaviyo_spark.schema.sources import Source
from klaviyo_spark.schema.table import Resource, TableSpec

# Ten a page at most: one holds 1 to 2 MB, as HTML of messages is long. The copies that messages
# have of their template are not listed here.
TEMPLATES_ENDPOINT = Endpoint(
    name="templates",
    resource="templates",
    path="/api/templates",
    rate=L,
    scopes=("templates:read",),
    params={"page[size]": "10"},
    sort="id",
)

_A = "$.attributes"

TEMPLATES = TableSpec(
    name="templates",
    schema="plus",
    resource="templates",
    doc="One row per template of the library; copies that messages have are not among them.",
    key=("template_id",),
    version_by="updated",
    sources=(Source("templates", version=f"{_A}.updated"),),
    judges=(DeletionRule("templates", whole=True),),
    columns=(
        col("template_id", "string", "$.id", "Klaviyo's id of the template."),
        col("name", "string", f"{_A}.name", "Name given in Klaviyo."),
        col(
            "editor_type",
            "string",
            f"{_A}.editor_type",
            "CODE, SYSTEM_DRAGGABLE, USER_DRAGGABLE, ...: what it is edited with.",
        ),
        col("html", "string", f"{_A}.html", "The HTML, with its variables."),
        col("text", "string", f"{_A}.text", "The plain text, with its variables."),
        col("amp", "string", f"{_A}.amp", "The AMP for e-mail; NULL for none."),
        col("created", "timestamp", f"{_A}.created", "When it was created (UTC)."),
        col("updated", "timestamp", f"{_A}.updated", "Last change (UTC)."),
    ),
)

RESOURCE = Resource(name="templates", endpoints=(TEMPLATES_ENDPOINT,), tables=(TEMPLATES,))
