"""Tags. Which things carry a tag is read from the things' own listings.

https://developers.klaviyo.com/en/reference/get_tags
"""

from klaviyo_spark.schema.columns import col
from klaviyo_spark.schema.deletion_rules import DeletionRule
from klaviyo_spark.schema.endpoint import Endpoint, S
from klaviyo_spark.schema.sources import Source
from klaviyo_spark.schema.table import Resource, TableSpec

TAGS_ENDPOINT = Endpoint(
    name="tags",
    resource="tags",
    path="/api/tags",
    rate=S,
    scopes=("tags:read",),
    params={"page[size]": "50"},
    sort="id",
    # Which things carry a tag, the things' own listings say.
    ignores=tuple(
        f"$.relationships.{name}"
        for name in ("campaigns", "flows", "lists", "segments", "tag-group")
    ),
)

TAGS = TableSpec(
    name="tags",
    resource="tags",
    doc="One row per tag.",
    key=("tag_id",),
    sources=(Source("tags"),),
    judges=(DeletionRule("tags", whole=True),),
    columns=(
        col("tag_id", "string", "$.id", "Klaviyo's id of the tag."),
        col("name", "string", "$.attributes.name", "What the tag says."),
    ),
)

RESOURCE = Resource(name="tags", endpoints=(TAGS_ENDPOINT,), tables=(TAGS,))
