"""Flow actions and their messages, of every type; today's shape, and the one before it."""

from __future__ import annotations

from klaviyo_spark.sandbox.content.catalog import add_template
from klaviyo_spark.sandbox.event import Message
from klaviyo_spark.sandbox.ids import Ids
from klaviyo_spark.sandbox.model import Json, Record, World
from klaviyo_spark.sandbox.times import DAY_S, stamp_second

Step = tuple[str, str]
"""Type and status of an action. Status ``empty``: a draft whose message is null."""

_SEND_CHANNELS = {
    "send-email": ("email", "Email"),
    "send-sms": ("sms", "SMS"),
    "send-mobile-push": ("mobile_push", "mobile_push"),
    "send-whatsapp": ("whatsapp", "WhatsApp"),
    "send-webhook": ("", None),
    "send-internal-alert": ("", None),
}
_EXPERIMENTS = ("ab-test", "content-experiment")
_OLDER_TYPES = {
    "conditional-split": "BOOLEAN_BRANCH",
    "trigger-split": "TRIGGER_BRANCH",
}


def older_type(type: str) -> str:
    """An action's type in the words of revisions before 2025-10-15."""
    return _OLDER_TYPES.get(type, type.replace("-", "_").upper())


def add_action(
    world: World, ids: Ids, flow: Record, step: Step, at: int, place: int, groups: tuple[str, ...]
) -> Record:
    """An action at the end of a flow, with the messages it sends, however deep they stand."""
    type, status = step
    action = Record("flow-action", ids.action(), {})
    action.to_one = {"flow": flow.ref}
    action.to_many = {"flow-messages": []}
    world.add(action)
    flow.to_many["flow-actions"].append(action.ref)
    definition: Json | None = None
    mails = type == "send-email"
    if type in _SEND_CHANNELS:
        data = _send(world, ids, action, step, at, place, groups)
        definition = {"id": action.id, "type": type, "links": {"next": None}, "data": data}
    elif type in _EXPERIMENTS:
        inner = ("send-sms" if place % 7 == 3 else "send-email", status)
        mails = inner[0] == "send-email"
        sends = [
            {
                "id": ids.action(),
                "type": inner[0],
                "links": {"next": None},
                "data": _send(world, ids, action, inner, at, place + k * 7, groups, nested=True),
            }
            for k in range(3)
        ]
        data = {
            "main_action": sends[0],
            "current_experiment": {"id": ids.short(), "name": "Test", "variations": sends[1:]},
            "experiment_status": "live",
            "status": status,
        }
        definition = {"id": action.id, "type": type, "links": {"next": None}, "data": data}
    elif type != "undefined":
        rest: Json = {"status": status} if status else {"unit": "days", "value": 1}
        definition = {"id": action.id, "type": type, "links": {"next": None}, "data": rest}
    action.attributes = {
        "created": stamp_second(at, place),
        "updated": None if place == 12 else stamp_second(at + DAY_S, place + 1),
        "definition": definition,
    }
    if mails:
        world.old_tracking[action.id] = (place % 2 == 0, place % 3 == 0)
    return action


def _send(
    world: World,
    ids: Ids,
    action: Record,
    step: Step,
    at: int,
    place: int,
    groups: tuple[str, ...],
    nested: bool = False,
) -> Json:
    """The ``data`` of an action that sends; its message becomes a record of its own too."""
    type, status = step
    if status == "empty":
        return {"status": "draft", "message": None}
    channel, label = _SEND_CHANNELS[type]
    template = None
    if channel == "email":
        template = add_template(world, ids, f"Flow template {place}", at)
    definition = _message(type, ids.short(), place, template[1] if template else None)
    attributes: Json = {
        # Live it is nullable: then the type of the action says it.
        "channel": None if place == 4 and not nested else label,
        "created": stamp_second(at, place + 2),
        "updated": stamp_second(at + 3600, place + 3),
        "definition": definition,
    }
    message = Record("flow-message", definition["id"], attributes)
    message.to_one = {"flow-action": action.ref, "template": template}
    world.add(message)
    action.to_many["flow-messages"].append(message.ref)
    if channel in ("email", "sms", "mobile_push") and status in ("live", "manual"):
        flow = action.to_one["flow"]
        world.messages.append(
            Message(
                id=message.id,
                channel=channel,
                name=definition["name"],
                subject=str(definition.get("subject_line")),
                flow_id=flow[1] if flow else None,
                groups=groups[place % 3 : place % 3 + place % 2],
                variations=(f"{message.id}v",) if nested else (),
                made=at,
            )
        )
    return {"status": status, "message": definition}


def _message(type: str, id: str, place: int, template_id: str | None) -> Json:
    named: Json = {"id": id, "name": f"{type[5:].title()} #{place}"}
    shared: Json = {
        "smart_sending_enabled": place % 2 == 0,
        "transactional": None if place % 11 == 0 else place % 5 == 0,
        "add_tracking_params": place % 3 != 0,
        "custom_tracking_params": _tracking_params(place),
        "additional_filters": None,
    }
    sender: Json = {
        "from_email": "shop@example.com",
        "from_label": "Shop" if place % 4 else None,
        "subject_line": ("Hi", "Ça va? 🙂", "")[place % 3],
        "template_id": template_id,
    }
    match type:
        case "send-email":
            replies = {
                "reply_to_email": "reply@example.com" if place % 4 == 2 else None,
                "cc_email": "cc@example.com" if place % 5 == 2 else None,
                "bcc_email": None,
                "preview_text": f"Preview {place}" if place % 2 else None,
            }
            return {**named, **sender, **replies, **shared}
        case "send-sms":
            body = {"body": "Hi!", "image_id": None, "shorten_links": True, "add_org_prefix": True}
            return {**named, **body, "sms_quiet_hours_enabled": False, **shared}
        case "send-webhook":
            return {**named, "url": "https://hook.example.com/in", "headers": {}, "body": "{}"}
        case "send-internal-alert":
            return {**named, **sender, "to_emails": ["team@example.com"]}
        case _:
            return {**named, "title": "Look", "body": "Now", "vendor_id": None, **shared}


def _tracking_params(place: int) -> list[Json] | None:
    match place % 4:
        case 0:
            return None
        case 1:
            return []
        case _:
            params = [("utm_source", "klaviyo"), ("utm_campaign", 'q"uote & ünïcode')]
            return [{"param": name, "value": value} for name, value in params[: place % 4 - 1]]


def in_older_shape(action: Record, tracked: tuple[bool, bool] | None) -> Json:
    """An action's attributes as revisions up to 2025-07-15 give them.

    Args:
        tracked: opens and clicks, for an action that sends e-mail: only its options tell.
    """
    definition: Json = action.attributes["definition"] or {}
    data: Json = definition.get("data") or {}
    message = sent_message(definition) or {}
    tracking: Json | None = None
    sending: Json | None = None
    if "add_tracking_params" in message:
        params = message["custom_tracking_params"]
        named = [{"name": p["param"], "value": p["value"]} for p in params or ()]
        tracking = {
            "add_utm": message["add_tracking_params"],
            "utm_params": None if params is None else named,
        }
        if tracked is not None:
            tracking |= {"is_tracking_opens": tracked[0], "is_tracking_clicks": tracked[1]}
        sending = {
            "use_smart_sending": message["smart_sending_enabled"],
            "is_transactional": message["transactional"],
        }
    return {
        "action_type": older_type(definition["type"]) if definition else None,
        "status": data.get("status"),
        "created": action.attributes["created"],
        "updated": action.attributes["updated"],
        "settings": {},
        "tracking_options": tracking,
        "send_options": sending,
        "badge_options": None,
        "render_options": None,
    }


def sent_message(definition: Json) -> Json | None:
    """The message an action sends; of an experiment, the one of its main action."""
    data: Json = definition.get("data") or {}
    main: Json = data.get("main_action") or {}
    message: Json | None = (main.get("data") or data).get("message")
    return message
