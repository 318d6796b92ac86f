"""Campaigns of a new account: three channels, every status and send strategy, archived ones."""

from __future__ import annotations

from klaviyo_spark.sandbox.content.catalog import add_template
from klaviyo_spark.sandbox.event import Message
from klaviyo_spark.sandbox.ids import Ids, mixed
from klaviyo_spark.sandbox.model import Json, Record, Ref, World
from klaviyo_spark.sandbox.times import DAY_S, moment, stamp_second

STATUSES = (
    "Draft", "Scheduled", "Queued without Recipients", "Preparing to schedule", "Preparing to send",
    "Adding Recipients", "Sending", "Sending Segments", "Variations Sent", "Sent", "Cancelled",
    "Cancelled: Account Disabled", "Cancelled: Billing Limit", "Cancelled: Internal Error",
    "Cancelled: Misconfigured", "Cancelled: No Recipients", "Cancelled: Smart Sending", "Unknown",
)  # fmt: skip
_CHANNELS = ("email", "email", "sms", "email", "email", "mobile_push", "email", "sms", "email")
_STRATEGIES = ("static", "local", "throttled", "smart_send_time", "immediate", "ab_test_campaign",
               "unsupported")  # fmt: skip
GONE_LIST = "Xgone1"


def add_campaigns(
    world: World, ids: Ids, count: int, tags: list[Ref], groups: tuple[str, ...]
) -> None:
    """``count`` campaigns over the last two years; what they sent goes to ``world.messages``.

    Args:
        groups: ids of lists and segments to send to.
    """
    for place in range(count):
        channel = _CHANNELS[place % len(_CHANNELS)]
        status = STATUSES[place % 18] if place < 36 else "Sent"
        created = world.today - (730 - place * 720 // count) * DAY_S + place * 61
        _add_campaign(world, ids, place, channel, status, created, tags, groups)
    for place in range(2):
        _add_deleted(world, ids, place, groups)


def _add_campaign(
    world: World,
    ids: Ids,
    place: int,
    channel: str,
    status: str,
    created: int,
    tags: list[Ref],
    groups: tuple[str, ...],
) -> None:
    sent_at = created + DAY_S + place % 3 * 3600
    was_sent = status in ("Sent", "Sending", "Variations Sent", "Sending Segments")
    included = [groups[(place + k) % len(groups)] for k in range(1 + place % 3)]
    excluded = (None, [], [groups[(place + 5) % len(groups)]], [GONE_LIST])[place % 4]
    strategy = _STRATEGIES[place % len(_STRATEGIES)]
    attributes: Json = {
        "name": None if place == 33 else f"{('Spring', 'Été', '春', 'Sale;')[place % 4]} {place}",
        "status": status,
        "archived": place % 9 == 4 or place == 11,
        "audiences": {"included": included, "excluded": excluded},
        "send_options": _send_options(place),
        "tracking_options": _tracking(place) if channel == "email" else None,
        "send_strategy": send_strategy(strategy, sent_at, place),
        "created_at": stamp_second(created, place),
        "scheduled_at": None if status == "Draft" else stamp_second(created + 3600, place + 1),
        "updated_at": stamp_second(sent_at + 1200, place + 2),
        "send_time": stamp_second(sent_at, place + 3) if was_sent else None,
    }
    own_tags = [tags[(place * 2 + k) % len(tags)] for k in range(place % 4)]
    campaign = Record("campaign", ids.ulid(created * 1_000_000), attributes)
    campaign.to_many = {"campaign-messages": [], "tags": own_tags}
    if place == 7:
        campaign.id = ids.short()
    world.add(campaign)
    world.campaign_channels[campaign.id] = channel
    if place == 18:
        return  # a draft nobody has written yet
    for k in range(2 if strategy == "ab_test_campaign" and channel == "email" else 1):
        times = send_times(place, sent_at, strategy == "local") if was_sent else (None, [])[k % 2]
        message = _add_message(world, ids, campaign, channel, created, times, (place, k))
        if status == "Sent" or was_sent:
            sends = tuple(min(sent_at + batch * 300, world.today - 7200) for batch in range(4))
            world.messages.append(
                Message(
                    id=message.id,
                    channel=channel,
                    name=str(attributes["name"]),
                    subject=f"Hello {place}",
                    campaign_id=campaign.id,
                    groups=tuple(included),
                    variations=(f"{message.id[-6:]}v1",) if strategy == "ab_test_campaign" else (),
                    sends=sends,
                )
            )


def _add_message(
    world: World,
    ids: Ids,
    campaign: Record,
    channel: str,
    created: int,
    times: list[Json] | None,
    place: tuple[int, int],
) -> Record:
    # In old accounts the only message of a campaign has the campaign's own id.
    id = campaign.id if place[0] == 7 else ids.ulid(created * 1_000_000)
    attributes: Json = {
        "definition": _definition(channel, place),
        "send_times": times,
        "created_at": None if place[0] == 15 else stamp_second(created, place[0]),
        "updated_at": stamp_second(created + 600, place[0] + 1),
    }
    has_template = channel == "email" and place[0] % 8 != 6
    template = add_template(world, ids, f"Template {place[0]}", created) if has_template else None
    message = Record("campaign-message", id, attributes)
    message.to_one = {"campaign": campaign.ref, "template": template, "image": None}
    campaign.to_many["campaign-messages"].append(message.ref)
    world.add(message)
    return message


def _add_deleted(world: World, ids: Ids, place: int, groups: tuple[str, ...]) -> None:
    """A campaign deleted before the account was first read: only its events are left."""
    at = world.today - (400 + place) * DAY_S
    message = Message(
        id=ids.ulid(at * 1_000_000),
        channel="email",
        name="Deleted campaign",
        subject="Gone",
        campaign_id=ids.ulid(at * 1_000_000),
        groups=groups[:1],
        sends=(at,),
        named=place == 0,
    )
    world.messages.append(message)


def send_times(place: int, sent_at: int, is_local: bool) -> list[Json]:
    """One or two send times; local ones are wall clocks without an offset."""
    made = []
    for k in range(1 + place % 2):
        at = sent_at + k * 7200
        text = stamp_second(at, place)
        if is_local:
            text = moment(at * 1_000_000).replace(tzinfo=None).isoformat()
        made.append({"datetime": text, "is_local": is_local})
    return made


def send_strategy(kind: str, sent_at: int, place: int) -> Json:
    """One of the seven forms of ``send_strategy``."""
    at = stamp_second(sent_at, place)
    match kind:
        case "static":
            options = {"is_local": False, "send_past_recipients_immediately": None}
            return {"method": "static", "datetime": at, "options": options if place % 2 else None}
        case "local":
            options = {"is_local": True, "send_past_recipients_immediately": place % 2 == 0}
            return {"method": "static", "datetime": at, "options": options}
        case "throttled":
            return {"method": "throttled", "datetime": at, "throttle_percentage": 10 + place % 60}
        case "smart_send_time":
            date = moment(sent_at * 1_000_000).date().isoformat()
            return {"method": "smart_send_time", "date": date}
        case _:
            return {"method": kind}


def _send_options(place: int) -> Json | None:
    if place % 10 == 8:
        return None
    options: Json = {"use_smart_sending": None if place % 10 == 7 else place % 2 == 0}
    if place % 2:
        options["ignore_unsubscribes"] = False
    return options


def _tracking(place: int) -> Json | None:
    if place % 9 == 8:
        return None
    return {
        "add_tracking_params": None if place % 7 == 6 else place % 2 == 0,
        "custom_tracking_params": [
            {"type": "static", "name": "utm_source", "value": "klaviyo"},
            {"type": "dynamic", "name": "utm_id", "value": "campaign_id"},
        ],
        "is_tracking_clicks": place % 3 != 0,
        "is_tracking_opens": None if place % 5 == 4 else True,
    }


def _definition(channel: str, place: tuple[int, int]) -> Json:
    n, k = place
    match channel:
        case "email":
            content = {
                "subject": ("Hello", "Ünsere Angebote 🎁", "", None)[mixed(n) % 4],
                "preview_text": "Look \"inside\",\n'now'" if n % 3 else None,
                "from_email": "shop@example.com",
                "from_label": "Shop & Söhne",
                "reply_to_email": "reply@example.com" if n % 4 == 1 else None,
                "cc_email": "cc@example.com" if n % 6 == 1 else None,
                "bcc_email": "" if n % 5 == 1 else None,
            }
            label = (f"Variation {'AB'[k]}", None)[n % 2]
            return {"channel": "email", "label": label, "content": content}
        case "sms":
            return {
                "channel": "sms",
                "content": {"body": "Hi {{ name }}", "media_url": None, "dynamic_image": None},
                "render_options": {
                    "shorten_links": True,
                    "add_org_prefix": n % 2 == 0,
                    "add_info_link": None if n % 4 == 3 else True,
                    "add_opt_out_language": False,
                }
                if n % 5
                else None,
            }
        case _:
            return {
                "channel": "mobile_push",
                "notification_type": "standard",
                "content": {"title": "Look", "body": "Now"},
                "kv_pairs": None,
                "options": None,
            }
