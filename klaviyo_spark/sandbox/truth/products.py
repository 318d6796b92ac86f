"""Rows about products of a catalog, read off its objects."""

from __future__ import annotations

from collections.abc import Iterator

from klaviyo_spark.sandbox.model import Json, World
from klaviyo_spark.sandbox.truth.rows import Row, at


def _with_times(attributes: Json) -> Row:
    times = {k: at(v) for k, v in attributes.items() if k in ("created", "updated")}
    return {**attributes, **times}


def catalog_items(world: World) -> Iterator[Row]:
    """One row per item; ``images`` and ``custom_metadata`` as they are."""
    for item in world.all("catalog-item"):
        yield {"catalog_item_id": item.id, **_with_times(item.attributes)}


def catalog_variants(world: World) -> Iterator[Row]:
    """One row per variant."""
    for variant in world.all("catalog-variant"):
        item = variant.to_one["item"]
        yield {
            "catalog_variant_id": variant.id,
            "catalog_item_id": item[1] if item else None,
            **_with_times(variant.attributes),
        }


def catalog_categories(world: World) -> Iterator[Row]:
    """One row per category."""
    for category in world.all("catalog-category"):
        yield {"catalog_category_id": category.id, **_with_times(category.attributes)}
