"""Which of an account's metrics a client reads: the documented ones, and those of its commerce."""

from __future__ import annotations

from klaviyo_spark.sandbox.model import World

# The documented metrics by every name they have had; matched without regard to case.
DOCUMENTED = (
    "received email", "received sms", "received text message", "bounced email",
    "failed to deliver sms", "failed to deliver text message", "clicked email", "clicked sms",
    "clicked text message", "opened email", "marked email as spam", "unsubscribed",
    "unsubscribed from email marketing", "unsubscribed from sms marketing",
    "unsubscribed from sms", "unsubscribed from text messaging marketing", "subscribed to list",
)  # fmt: skip


def documented_metric_ids(world: World) -> set[str]:
    """Ids of the documented metrics: Klaviyo's own where there are any of that name, else all."""
    chosen: set[str] = set()
    for name in DOCUMENTED:
        named = [m for m in world.all("metric") if m.attributes["name"].lower() == name]
        own = [m for m in named if (m.attributes["integration"] or {}).get("name") == "Klaviyo"]
        chosen |= {metric.id for metric in own or named}
    return chosen


def commerce_metric_ids(world: World) -> set[str]:
    """Ids of the metrics that the account says its commerce is; of none that is made of others."""
    mapped = (record.to_one["metric"] for record in world.all("mapped-metric"))
    return {ref[1] for ref in mapped if ref}
