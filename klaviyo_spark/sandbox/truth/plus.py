"""Rows of klaviyo_plus, read off the account's objects; credentials as Klaviyo has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from klaviyo_spark.sandbox.model import Json, Record, World
from klaviyo_spark.sandbox.truth.newer_campaigns import campaign_variations
from klaviyo_spark.sandbox.truth.products import (
    catalog_categories,
    catalog_items,
    catalog_variants,
)
from klaviyo_spark.sandbox.truth.rows import Row, SmallTable, at


def _id_of(record: Record, name: str) -> str | None:
    ref = record.to_one[name]
    return ref[1] if ref else None


def accounts(world: World) -> Iterator[Row]:
    """The account."""
    for account in world.all("account"):
        a = account.attributes
        contact: Json = a["contact_information"]
        yield {
            "account_id": account.id,
            "test_account": a["test_account"],
            **{k: v for k, v in contact.items() if k != "street_address"},
            **contact["street_address"],
            **{k: a[k] for k in ("industry", "timezone", "preferred_currency")},
            **{k: a[k] for k in ("public_api_key", "locale")},
        }


def mapped_metrics(world: World) -> Iterator[Row]:
    """One row per kind of number."""
    for record in world.all("mapped-metric"):
        yield {
            "mapped_metric_id": record.id,
            "metric_id": _id_of(record, "metric"),
            "custom_metric_id": _id_of(record, "custom-metric"),
            "updated": at(record.attributes["updated"]),
        }


def custom_metrics(world: World) -> Iterator[Row]:
    """One row per metric made of others; ``definition`` as an object."""
    for record in world.all("custom-metric"):
        a = record.attributes
        yield {
            "custom_metric_id": record.id,
            "name": a["name"],
            "aggregation_method": a["definition"]["aggregation_method"],
            "definition": a["definition"],
            "created": at(a["created"]),
            "updated": at(a["updated"]),
        }


def custom_metric_metrics(world: World) -> Iterator[Row]:
    """One row per metric in one; ``metric_filters`` as they are."""
    for record in world.all("custom-metric"):
        for part in record.attributes["definition"]["metric_groups"]:
            yield {"custom_metric_id": record.id, **part}


def templates(world: World) -> Iterator[Row]:
    """One row per template of the library."""
    for record in world.all("template"):
        if record.id in world.library:
            a = record.attributes
            dates = {name: at(a[name]) for name in ("created", "updated")}
            yield {"template_id": record.id, **a, **dates}


def forms(world: World) -> Iterator[Row]:
    """One row per form."""
    for record in world.all("form"):
        a = record.attributes
        dates = {name: at(a[name]) for name in ("created_at", "updated_at")}
        yield {"form_id": record.id, **a, **dates}


def form_versions(world: World) -> Iterator[Row]:
    """One row per version of a form."""
    for record in world.all("form-version"):
        a = record.attributes
        arm: Json = a["ab_test"] or {}
        yield {
            "form_version_id": record.id,
            "form_id": _id_of(record, "form"),
            **{k: a[k] for k in ("form_type", "variation_name", "status")},
            "ab_test_variation_name": arm.get("variation_name"),
            **{name: at(a[name]) for name in ("created_at", "updated_at")},
        }


def coupons(world: World) -> Iterator[Row]:
    """One row per coupon; ``monitor_configuration`` as an object."""
    for record in world.all("coupon"):
        yield {"coupon_id": record.id, **record.attributes}


def coupon_codes(world: World) -> Iterator[Row]:
    """One row per code."""
    for record in world.all("coupon-code"):
        a = record.attributes
        yield {
            "coupon_code_id": record.id,
            "coupon_id": _id_of(record, "coupon"),
            "profile_id": _id_of(record, "profile"),
            **a,
            "expires_at": at(a["expires_at"]),
        }


def push_tokens(world: World) -> Iterator[Row]:
    """One row per device and app."""
    for record in world.all("push-token"):
        a = record.attributes
        own: dict[str, Any] = {name: value for name, value in a.items() if name != "metadata"}
        dates = {name: at(a[name]) for name in ("created", "recorded_date")}
        whose = {"push_token_id": record.id, "profile_id": _id_of(record, "profile")}
        yield {**whose, **own, **a["metadata"], **dates}


PLUS_TABLES: dict[str, SmallTable] = {
    "accounts": SmallTable(("account_id",), accounts),
    "mapped_metrics": SmallTable(("mapped_metric_id",), mapped_metrics),
    "custom_metrics": SmallTable(("custom_metric_id",), custom_metrics),
    "custom_metric_metrics": SmallTable(("custom_metric_id", "metric_id"), custom_metric_metrics),
    "templates": SmallTable(("template_id",), templates),
    "forms": SmallTable(("form_id",), forms),
    "form_versions": SmallTable(("form_version_id",), form_versions),
    "coupons": SmallTable(("coupon_id",), coupons),
    "coupon_codes": SmallTable(("coupon_code_id",), coupon_codes),
    "campaign_variations": SmallTable(("campaign_variation_id",), campaign_variations),
    "catalog_items": SmallTable(("catalog_item_id",), catalog_items),
    "catalog_variants": SmallTable(("catalog_variant_id",), catalog_variants),
    "catalog_categories": SmallTable(("catalog_category_id",), catalog_categories),
    "push_tokens": SmallTable(("push_token_id",), push_tokens),
}
