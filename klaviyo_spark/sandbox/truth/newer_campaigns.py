"""Rows about campaigns at the newer revision, read off their objects."""

from __future__ import annotations

from collections.abc import Iterator

from klaviyo_spark.sandbox.content.newer_shape import as_newer
from klaviyo_spark.sandbox.model import Json, World
from klaviyo_spark.sandbox.truth.rows import Row, at

_TEXTS = ("subject", "preview_text", "from_email", "from_label", "reply_to_email", "body",
          "title", "template_id", "text_message_type")  # fmt: skip


def campaign_variations(world: World) -> Iterator[Row]:
    """One row per content of a message."""
    shown = as_newer(world)
    for message in shown.all("campaign-message"):
        definition: Json = message.attributes["definition"]
        campaign, audience = message.to_one["campaign"], message.to_one["campaign-audience"]
        assert campaign
        assert audience
        for ref in message.to_many["campaign-variations"]:
            variation = shown.records[ref[0]][ref[1]]
            content: Json = variation.attributes["definition"]
            details: Json = content["details"] or {}
            channel = details.get("channel")
            yield {
                "campaign_variation_id": variation.id,
                "campaign_message_id": message.id,
                "campaign_id": campaign[1],
                "campaign_audience_id": audience[1],
                "message_name": definition["name"],
                "status": definition["status"],
                "send_strategy": definition["send_options"]["send_strategy"],
                "send_time": at(definition["send_options"]["send_time"]),
                "name": content["name"],
                "channel": "mobile_push" if channel == "push" else channel,
                **{name: details.get(name) or None for name in _TEXTS},
                "cost": details.get("cost"),
                "created": at(variation.attributes["created"]),
                "updated": at(variation.attributes["updated"]),
            }
