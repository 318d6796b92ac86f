"""Campaigns as revision 2026-10-15 shows them: those of before it in its shape.

A campaign of before it has one audience and one message, which has a content (a variation) per
arm of an A/B test. Ids of a test's arms are those that its messages have at the revision before;
a message without a test keeps its own. Klaviyo does not say either.
"""

from __future__ import annotations

from collections.abc import Iterator

from klaviyo_spark.sandbox.ids import hex_id
from klaviyo_spark.sandbox.model import Json, Record, Ref, World

_STATUSES = {
    "Draft": "draft",
    "Scheduled": "scheduled",
    "Queued without Recipients": "scheduled",
    "Preparing to schedule": "scheduled",
    "Preparing to send": "sending",
    "Adding Recipients": "sending",
    "Sending": "sending",
    "Sending Segments": "sending",
    "Variations Sent": "sending",
    "Sent": "sent",
    "Unknown": None,
}
_STRATEGIES = {
    "static": "static",
    "throttled": "throttled",
    "smart_send_time": "send_time_optimization",
    "immediate": "static",
    "ab_test_campaign": "content_variation",
}
_EMAIL = ("subject", "preview_text", "from_email", "from_label", "reply_to_email", "cc_email",
          "bcc_email")  # fmt: skip
_SMS = ("shorten_links", "add_org_prefix", "add_info_link", "add_opt_out_language")
_CHANNELS = {"mobile_push": "push"}
_SHOWN = ("tag", "template")


def as_newer(world: World) -> World:
    """The account's campaigns at the newer revision, with tags and templates."""
    shown = World(world.seed, world.today)
    shown.records = {type: dict(world.records.get(type, {})) for type in _SHOWN}
    for record in _of_before(world):
        shown.add(record)
    for records in world.newer.values():
        for record in records.values():
            shown.add(record)
    return shown


def _of_before(world: World) -> Iterator[Record]:
    for campaign in world.all("campaign"):
        found = map(world.find, campaign.to_many["campaign-messages"])
        arms = [arm for arm in found if arm is not None]
        audience = _audience(campaign)
        messages = [_message(campaign, audience, arms)] if arms else []
        shown = Record("campaign", campaign.id, _campaign_attributes(campaign))
        shown.to_many = {
            "campaign-audiences": [audience.ref],
            "campaign-messages": [message.ref for message in messages],
            "tags": campaign.to_many["tags"],
        }
        audience.to_many["campaign-messages"] = shown.to_many["campaign-messages"]
        yield from (shown, audience, *messages)
        for message in messages:
            yield from (_variation(campaign, message, arm, arms) for arm in arms)


def _campaign_attributes(campaign: Record) -> Json:
    a = campaign.attributes
    options: Json = (a["send_strategy"] or {}).get("options") or {}
    return {
        "created_at": a["created_at"],
        "updated_at": a["updated_at"],
        "definition": {
            "name": a["name"],
            "builder": "wizard",
            "archived": a["archived"],
            "color": None,
            "description": None,
            "send_settings": {
                "send_timezone": None,
                "send_strategy": "STATIC",
                "send_passed_rltz_immediately": options.get("send_past_recipients_immediately"),
                "exit_condition_enabled": False,
                "exit_condition_conversion_metric_id": None,
            },
        },
    }


def _audience(campaign: Record) -> Record:
    a = campaign.attributes
    attributes: Json = {
        "created": a["created_at"],
        "updated": a["updated_at"],
        "definition": {"name": None, **a["audiences"], "priority": 1},
    }
    to_one: dict[str, Ref | None] = {"campaign": campaign.ref}
    return Record("campaign-audience", hex_id(campaign.id, 1), attributes, to_one)


def _message(campaign: Record, audience: Record, arms: list[Record]) -> Record:
    a, first = campaign.attributes, arms[0]
    strategy: Json = a["send_strategy"] or {}
    local = bool((strategy.get("options") or {}).get("is_local"))
    smart = (a["send_options"] or {}).get("use_smart_sending")
    tracking: Json = a["tracking_options"] or {}
    status = a["status"].partition(":")[0]
    definition: Json = {
        "name": a["name"],
        "status": "cancelled" if status == "Cancelled" else _STATUSES[status],
        "tracking_options": {
            "is_add_utm": tracking.get("add_tracking_params"),
            "is_tracking_clicks": tracking.get("is_tracking_clicks"),
            "is_tracking_opens": tracking.get("is_tracking_opens"),
            "tracking_params": tracking.get("custom_tracking_params"),
        },
        "send_options": {
            "send_time": a["send_time"] or strategy.get("datetime"),
            "send_times": None,
            "send_strategy": "local_timezone" if local else _STRATEGIES.get(strategy["method"]),
            "recipient_percentage": strategy.get("throttle_percentage"),
            "throttling_type": "throttle-for-campaigns" if smart else "none",
            "throttle_unit": "hour" if strategy["method"] == "throttled" else None,
            "is_ignoring_unsubscribes": False,
        },
        "ab_test": None,
    }
    if len(arms) > 1:
        definition["ab_test"] = {
            "winner_metric": "opens_unique",
            "winner_percentage": 20,
            "winner_wait_hours": 4,
        }
    attributes: Json = {
        "created": first.attributes["created_at"],
        "updated": first.attributes["updated_at"],
        "definition": definition,
    }
    id = first.id if len(arms) == 1 else hex_id(campaign.id, 2)
    variations: list[Ref] = [("campaign-variation", _variation_id(arm, arms)) for arm in arms]
    to_one: dict[str, Ref | None] = {
        "campaign": campaign.ref,
        "campaign-audience": audience.ref,
        "template": first.to_one["template"],
    }
    to_many = {"campaign-variations": variations}
    return Record("campaign-message", id, attributes, to_one, to_many)


def _variation_id(arm: Record, arms: list[Record]) -> str:
    return arm.id if len(arms) > 1 else hex_id(arm.id, 3)


def _variation(campaign: Record, message: Record, arm: Record, arms: list[Record]) -> Record:
    a = arm.attributes
    is_draft = campaign.attributes["status"] == "Draft"
    attributes: Json = {
        "created": a["created_at"],
        "updated": a["updated_at"],
        "definition": {
            "name": a["definition"].get("label"),
            "details": None if is_draft else _details(arm),
        },
    }
    to_one = {"campaign-message": message.ref, "translation": None, "image": None}
    return Record("campaign-variation", _variation_id(arm, arms), attributes, to_one)


def _details(arm: Record) -> Json:
    """What a content says; texts that nobody has set are empty."""
    definition: Json = arm.attributes["definition"]
    content: Json = definition["content"]
    template = arm.to_one["template"]
    channel = _CHANNELS.get(definition["channel"], definition["channel"])
    match channel:
        case "email":
            texts = {key: content.get(key) or "" for key in _EMAIL}
            return {
                "channel": channel,
                "template_id": template[1] if template else None,
                **texts,
            }
        case "sms":
            render: Json = definition["render_options"] or {}
            return {
                "channel": channel,
                "template_id": None,
                "body": content["body"],
                **{key: render.get(key) for key in _SMS},
                "cost": 0.0075,
                "text_message_type": "SMS",
            }
        case _:
            return {
                "channel": channel,
                "title": content["title"],
                "body": content["body"],
                "badge": False,
                "sound": True,
                "open_action": "OPEN_APP",
                "kv_pairs": None,
                "push_type": "standard",
            }
