"""Campaigns that only revision 2026-10-15 shows: of WhatsApp, and of several channels at once."""

from __future__ import annotations

from klaviyo_spark.sandbox.ids import Ids, hex_id
from klaviyo_spark.sandbox.model import Json, Record, Ref, World
from klaviyo_spark.sandbox.times import DAY_S, stamp_second

_EMAIL = ("subject", "preview_text", "from_email", "from_label", "reply_to_email", "cc_email",
          "bcc_email")  # fmt: skip


def add_newer_campaigns(world: World) -> None:
    """Of WhatsApp, of several channels at once, and one that leaves."""
    ids = Ids(f"newer campaigns:{world.seed}")
    _add_campaign(world, ids, "Hola", 0, ("whatsapp",))
    _add_campaign(world, ids, "Everywhere", 1, ("email", "email", "sms", "whatsapp", "push"))
    _add_campaign(world, ids, "Leaves tomorrow", 2, ("whatsapp", "sms"))


def _add(world: World, record: Record) -> Record:
    world.newer.setdefault(record.type, {})[record.id] = record
    return record


def _add_campaign(world: World, ids: Ids, name: str, place: int, channels: tuple[str, ...]) -> None:
    at = world.today - (40 - place) * DAY_S
    campaign = Record("campaign", ids.ulid(at * 1_000_000), _newer_attributes(name, place, at))
    definition: Json = {"name": "All", "included": [], "excluded": None, "priority": 1}
    audience = Record(
        "campaign-audience",
        hex_id(campaign.id, 1),
        {"created": stamp_second(at), "updated": stamp_second(at + 60), "definition": definition},
        {"campaign": campaign.ref},
    )
    strategy = "content_variation" if len(channels) > 2 else "static"
    definition = {
        "name": f"{name}, first" if place else None,
        "status": ("scheduled", "sent", "sent")[place],
        "tracking_options": None,
        "send_options": {"send_time": stamp_second(at + DAY_S, place), "send_strategy": strategy},
        "ab_test": None,
    }
    times: Json = {"created": stamp_second(at, place), "updated": stamp_second(at + 600, place)}
    message = Record(
        "campaign-message",
        ids.ulid(at * 1_000_000),
        {**times, "definition": definition},
        {"campaign": campaign.ref, "campaign-audience": audience.ref, "template": None},
        {"campaign-variations": []},
    )
    campaign.to_many = {
        "campaign-audiences": [audience.ref],
        "campaign-messages": [message.ref],
        "tags": [],
    }
    audience.to_many = {"campaign-messages": [message.ref]}
    for record in (campaign, audience, message):
        _add(world, record)
    for k, channel in enumerate(channels):
        add_variation(world, message, channel, k, at)


def _newer_attributes(name: str, place: int, at: int) -> Json:
    return {
        "created_at": stamp_second(at, place),
        "updated_at": stamp_second(at + 600, place + 1),
        "definition": {
            "name": name,
            "builder": ("canvas", "wizard")[place % 2],
            "archived": False,
            "color": "blue" if place else None,
            "description": "",
            "send_settings": None,
        },
    }


def add_variation(world: World, message: Record, channel: str, place: int, at: int) -> Record:
    """One more content of a message."""
    details: Json
    match channel:
        case "whatsapp":
            details = {"template_id": f"wa{place}", "shorten_links": True}
        case "email":
            texts = {key: f"{key} {place}" if place % 2 == 0 else "" for key in _EMAIL}
            details = {"template_id": None, **texts}
        case "sms":
            details = {"body": "Hi", "text_message_type": "MMS", "cost": 1, "template_id": None}
        case _:
            details = {"title": "", "body": "Look", "action_buttons": [], "badge_value": "1"}
    attributes: Json = {
        "created": stamp_second(at, place),
        "updated": stamp_second(at + 900, place + 1),
        "definition": {
            "name": f"{channel} {'AB'[place % 2]}" if place < 3 else None,
            "details": {"channel": channel, **details},
        },
    }
    refs: dict[str, Ref | None] = {
        "campaign-message": message.ref,
        "translation": None,
        "image": None,
    }
    record = Record("campaign-variation", hex_id(f"{message.id} {place}", 4), attributes, refs)
    message.to_many["campaign-variations"].append(record.ref)
    return _add(world, record)
