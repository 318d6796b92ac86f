"""Products of catalogs that are made by API. Of ``klaviyo_plus``.

https://developers.klaviyo.com/en/reference/catalogs_api_overview

What a shop's integration syncs is not listed here, so that these tables are empty for many shops.
"""

from klaviyo_spark.schema.columns import Column, col
from klaviyo_spark.schema.deletion_rules import DeletionRule
from klaviyo_spark.schema.endpoint import XL, Endpoint, Part
from klaviyo_spark.schema.sources import Source
from klaviyo_spark.schema.table import Resource, TableSpec

_A = "$.attributes"


# Klaviyo takes no filter by time here, so each is read whole.
def _listing(name: str, *relations: str, asks: tuple[Part, ...] = ()) -> Endpoint:
    return Endpoint(
        name=name,
        resource="catalogs",
        path=f"/api/{name.replace('_', '-')}",
        rate=XL,
        scopes=("catalogs:read",),
        params={"page[size]": "100"},
        sort="created",
        asks=asks,
        ignores=tuple(f"$.relationships.{relation}" for relation in relations),
    )


ITEMS_ENDPOINT = _listing("catalog_items", "variants")
# Nothing asks for the item by name; a run says where it does not come.
VARIANTS_ENDPOINT = _listing("catalog_variants", asks=(Part("$.relationships.item has data"),))
CATEGORIES_ENDPOINT = _listing("catalog_categories", "items")


def _product(thing: str) -> tuple[Column, ...]:
    """What items and variants say alike."""
    return (
        col("external_id", "string", f"{_A}.external_id", f"The shop's own id of the {thing}."),
        col("title", "string", f"{_A}.title", "What it is called."),
        col("description", "string", f"{_A}.description", "What it is."),
        col("url", "string", f"{_A}.url", "Its page in the shop."),
        col("image_full_url", "string", f"{_A}.image_full_url", "Its picture, in full size."),
        col("image_thumbnail_url", "string", f"{_A}.image_thumbnail_url", "The same, small."),
        col("images", "string", f"{_A}.images", "URLs of all pictures, as a JSON array."),
        col("custom_metadata", "string", f"{_A}.custom_metadata", "The shop's own, as JSON."),
        col("price", "double", f"{_A}.price", "As the shop says it; no currency is said."),
        col("published", "boolean", f"{_A}.published", "It may be shown."),
        col("created", "timestamp", f"{_A}.created", "When it was created (UTC)."),
        col("updated", "timestamp", f"{_A}.updated", "Last change (UTC)."),
    )


CATALOG_ITEMS = TableSpec(
    name="catalog_items",
    schema="plus",
    resource="catalogs",
    doc="One row per product of a catalog made by API.",
    key=("catalog_item_id",),
    version_by="updated",
    sources=(Source("catalog_items", version=f"{_A}.updated"),),
    judges=(DeletionRule("catalog_items", whole=True),),
    columns=(
        col("catalog_item_id", "string", "$.id", "Klaviyo's id: $custom:::$default:::external_id."),
        *_product("product"),
    ),
)

CATALOG_VARIANTS = TableSpec(
    name="catalog_variants",
    schema="plus",
    resource="catalogs",
    doc="One row per variant of a product: a size, a color.",
    key=("catalog_variant_id",),
    version_by="updated",
    sources=(Source("catalog_variants", asks=VARIANTS_ENDPOINT.asks, version=f"{_A}.updated"),),
    judges=(DeletionRule("catalog_variants", whole=True),),
    columns=(
        col(
            "catalog_variant_id",
            "string",
            "$.id",
            "Klaviyo's id: $custom:::$default:::external_id.",
        ),
        col(
            "catalog_item_id",
            "string",
            "$.relationships.item.data.id",
            "The product: join catalog_items.catalog_item_id.",
        ),
        col("sku", "string", f"{_A}.sku", "Stock keeping unit."),
        col(
            "inventory_policy",
            "int",
            f"{_A}.inventory_policy",
            "1: not shown in feeds when out of stock; 0 and 2: shown all the same.",
        ),
        col("inventory_quantity", "double", f"{_A}.inventory_quantity", "How many are in stock."),
        *_product("variant"),
    ),
)

CATALOG_CATEGORIES = TableSpec(
    name="catalog_categories",
    schema="plus",
    resource="catalogs",
    doc="One row per category of products.",
    key=("catalog_category_id",),
    version_by="updated",
    sources=(Source("catalog_categories", version=f"{_A}.updated"),),
    judges=(DeletionRule("catalog_categories", whole=True),),
    columns=(
        col(
            "catalog_category_id",
            "string",
            "$.id",
            "Klaviyo's id: $custom:::$default:::external_id.",
        ),
        col("external_id", "string", f"{_A}.external_id", "The shop's own id of the category."),
        col("name", "string", f"{_A}.name", "What it is called."),
        col("updated", "timestamp", f"{_A}.updated", "Last change (UTC)."),
    ),
)

RESOURCE = Resource(
    name="catalogs",
    endpoints=(ITEMS_ENDPOINT, VARIANTS_ENDPOINT, CATEGORIES_ENDPOINT),
    tables=(CATALOG_ITEMS, CATALOG_VARIANTS, CATALOG_CATEGORIES),
)
