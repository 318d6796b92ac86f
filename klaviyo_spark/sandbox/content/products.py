"""Products of an account's own catalog: items, their variants, categories."""

from __future__ import annotations

from klaviyo_spark.sandbox.model import Json, Record, World
from klaviyo_spark.sandbox.times import DAY_S, stamp_second

_ITEMS = ("Shirt", 'Hat, "wide"', "Été ☀️", None, "Leaves tomorrow", "Changes tomorrow")
_CATEGORIES = ("Clothes", "Été", "Leaves tomorrow")
_PREFIX = "$custom:::$default:::"


def add_products(world: World) -> None:
    """All of them; every second item has variants."""
    for place, name in enumerate(_CATEGORIES):
        _add_category(world, name, place)
    for place, title in enumerate(_ITEMS):
        item = add_item(world, title, f"ITEM-{place}", place)
        for k in range(place % 3):
            _add_variant(world, item, f"ITEM-{place}-V{k}", place + k)


def _add_category(world: World, name: str, place: int) -> None:
    attributes: Json = {
        "external_id": f"CAT-{place}",
        "name": name,
        "updated": stamp_second(world.today - (90 - place) * DAY_S, place),
    }
    category = Record("catalog-category", f"{_PREFIX}CAT-{place}", attributes)
    category.to_many = {"items": []}
    world.add(category)


def add_item(world: World, title: str | None, external_id: str, place: int) -> Record:
    """A product, in the first category or in none."""
    item = Record("catalog-item", f"{_PREFIX}{external_id}", _product(world, title, place))
    item.attributes["external_id"] = external_id
    item.to_many = {"variants": [], "categories": []}
    category = world.find(("catalog-category", f"{_PREFIX}CAT-0"))
    if category and place % 2 == 0:
        category.to_many["items"].append(item.ref)
        item.to_many["categories"].append(category.ref)
    return world.add(item)


def _add_variant(world: World, item: Record, external_id: str, place: int) -> None:
    variant = Record(
        "catalog-variant",
        f"{_PREFIX}{external_id}",
        {
            **_product(world, f"{item.attributes['title']} {place}", place),
            "external_id": external_id,
            "sku": f"SKU-{place}" if place % 3 else None,
            "inventory_policy": place % 3,
            "inventory_quantity": (25, 0, 2.5)[place % 3],
        },
        {"item": item.ref},
    )
    item.to_many["variants"].append(variant.ref)
    world.add(variant)


def _product(world: World, title: str | None, place: int) -> Json:
    at = world.today - (100 - place) * DAY_S
    url = f"https://sampleshop.example/{place}"
    return {
        "title": title,
        "description": "" if place % 2 else "A thing\nto wear",
        "price": (42, 10.99, None)[place % 3],
        "url": url,
        "image_full_url": f"{url}.png",
        "image_thumbnail_url": f"{url}-small.png" if place % 2 else None,
        "images": [f"{url}.png"] if place % 3 else [],
        "custom_metadata": {"Top Pick": place % 2 == 0} if place % 4 else {},
        "published": place % 4 != 3,
        "created": stamp_second(at, place),
        "updated": stamp_second(at + 3600, place + 1),
    }


def change_products(world: World, number: int) -> None:
    """What a day changes: one leaves with its variants, one costs something else, one comes."""
    by_title = {one.attributes["title"]: one for one in world.all("catalog-item")}
    if leaving := by_title.get("Leaves tomorrow"):
        for type, id in leaving.to_many["variants"]:
            del world.records[type][id]
        for category in world.all("catalog-category"):
            category.to_many["items"] = [
                ref for ref in category.to_many["items"] if ref != leaving.ref
            ]
        del world.records["catalog-item"][leaving.id]
    for category in world.all("catalog-category"):
        if category.attributes["name"] == "Leaves tomorrow":
            del world.records["catalog-category"][category.id]
    if changed := by_title.get("Changes tomorrow"):
        changed.attributes["price"] = 99.5 + number
        changed.attributes["updated"] = stamp_second(world.today - 5_000, number)
    add_item(world, f"Made on day {number}", f"DAY-{number}", number)
