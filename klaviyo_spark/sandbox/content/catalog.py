"""Tags, metrics and templates of a new account."""

from __future__ import annotations

from klaviyo_spark.sandbox.ids import Ids
from klaviyo_spark.sandbox.model import Record, Ref, World
from klaviyo_spark.sandbox.times import DAY_S, stamp_second

# What an event is -> the metric's name and integration. Klaviyo's own metrics first, then their
# look-alikes, then metrics that are none of the eleven.
METRICS: dict[str, tuple[str, str | None]] = {
    "received_email": ("Received Email", "Klaviyo"),
    "opened_email": ("Opened Email", "Klaviyo"),
    "clicked_email": ("Clicked Email", "Klaviyo"),
    "bounced_email": ("Bounced Email", "Klaviyo"),
    "spam": ("Marked Email as Spam", "Klaviyo"),
    "unsubscribed_old": ("Unsubscribed", "Klaviyo"),
    "unsubscribed": ("Unsubscribed from Email Marketing", "Klaviyo"),
    "subscribed_list": ("Subscribed to List", "Klaviyo"),
    "received_sms": ("Received SMS", "Klaviyo"),
    "received_text": ("Received Text Message", "Klaviyo"),
    "clicked_sms": ("Clicked SMS", "Klaviyo"),
    "clicked_text": ("Clicked Text Message", "Klaviyo"),
    "failed_sms": ("Failed to Deliver SMS", "Klaviyo"),
    "failed_text": ("Failed to Deliver Text Message", "Klaviyo"),
    "unsubscribed_sms": ("Unsubscribed from SMS Marketing", "Klaviyo"),
    "unsubscribed_text": ("Unsubscribed from Text Messaging Marketing", "Klaviyo"),
    # No metric of this name is Klaviyo's own, so this one counts.
    "unsubscribed_sms_oldest": ("Unsubscribed from SMS", None),
    "api_received_email": ("Received Email", "API"),
    "api_subscribed_list": ("subscribed to list", "API"),
    "null_clicked_sms": ("Clicked SMS", None),
    "placed_order": ("Placed Order", "Shopify"),
    "viewed_product": ("Viewed Product", "API"),
    "active_on_site": ("Active on Site", "API"),
    "dropped_email": ("Dropped Email", "Klaviyo"),
    "opened_text": ("Opened Text", "Klaviyo"),
    "relayed_text": ("Relayed Text Message", "Klaviyo"),
    "sent_text": ("Sent Text Message", "Klaviyo"),
    "clicked_to_unsubscribe": ("Clicked email to unsubscribe", "Klaviyo"),
    "failed_auto_text": ("Failed to Deliver Automated Response Text Message", "Klaviyo"),
    "unsubscribed_list": ("Unsubscribed from List", "Klaviyo"),
    "received_push": ("Received Push", "Klaviyo"),
    "opened_push": ("Opened Push", "Klaviyo"),
}

# The shop's refunds, and its orders once more from the shop before: it still sends some.
COMMERCE: dict[str, tuple[str, str]] = {
    "refunded_order": ("Refunded Order", "Shopify"),
    "placed_order_alike": ("Placed Order", "Magento Two"),
}

_INTEGRATIONS = {
    "Klaviyo": ("0rG4eQ", "klaviyo", "Internal"),
    "API": ("Sh0pAP", "api", "API"),
    "Shopify": ("Sh0pFy", "shopify", "eCommerce"),
    "Magento Two": ("Mag3nT", "magento_two", "eCommerce"),
}

TAG_NAMES = (
    "vip", "Spring", "été ☀️", "sms", "automation", "A/B", "old", "2026", "NULL", "do not touch",
    "spaced  twice", "holiday",
)  # fmt: skip


def add_tags(world: World, ids: Ids) -> list[Ref]:
    """One tag group and a dozen tags."""
    group = world.add(
        Record("tag-group", ids.uuid(), {"name": "All", "exclusive": False, "default": True})
    )
    tags = []
    for name in TAG_NAMES:
        tag = Record("tag", ids.uuid(), {"name": name}, to_one={"tag-group": group.ref})
        tags.append(world.add(tag).ref)
    return tags


def add_metrics(world: World, ids: Ids, *, second: bool = False) -> dict[str, str]:
    """Every metric; gives the id of each kind of event.

    Args:
        second: with ids that differ from those of the first account made from the same number.
    """
    made = {}
    # Ids of a seed of their own, so that all others are what they would be without.
    others = Ids(f"commerce:{world.seed}")
    for place, (kind, (name, integration)) in enumerate({**METRICS, **COMMERCE}.items()):
        at = world.today - (900 - place) * DAY_S
        attributes = {
            "name": name,
            "created": stamp_second(at, place) if kind != "relayed_text" else None,
            "updated": stamp_second(at + place * 60, place + 1),
            "integration": None if integration is None else _integration(integration),
        }
        id = (others if kind in COMMERCE else ids).short()
        id = id[0].swapcase() + id[1:] if second else id
        record = Record("metric", id, attributes, to_many={"flow-triggers": []})
        made[kind] = world.add(record).id
    return made


def _integration(name: str) -> dict[str, object]:
    id, key, category = _INTEGRATIONS[name]
    return {"object": "integration", "id": id, "key": key, "name": name, "category": category}


def add_template(world: World, ids: Ids, name: str, at: int) -> Ref:
    """A template for one message."""
    attributes = {
        "name": name,
        "editor_type": "CODE",
        "html": f"<html><body>{name}</body></html>",
        "text": name,
        "amp": None,
        "created": stamp_second(at),
        "updated": stamp_second(at + 60),
    }
    return world.add(Record("template", ids.short(), attributes)).ref
