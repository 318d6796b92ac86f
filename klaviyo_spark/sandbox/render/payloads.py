"""The properties of an event, worked out from its number: every key Klaviyo sends, in all forms."""

from __future__ import annotations

from klaviyo_spark.sandbox.event import Event, Message
from klaviyo_spark.sandbox.ids import mixed
from klaviyo_spark.sandbox.model import Json

_DOMAINS = ("example.com", "gmail.com", "yahoo.fr", "exämple.de")
_INBOXES = ("Gmail", "Yahoo", "Apple", None)
_CLIENTS = (
    ("Apple Mail", "Mobile", "iOS", "iOS"),
    ("Chrome", "Desktop", "Windows 11", "Windows"),
    ("Outlook – Büro", "Desktop", "macOS", "Mac OS X"),
    ("", None, "Unknown", "Unknown"),
)
_BOUNCES = ("Invalid Address", "Content", "Unclassified", "External Error", "Mailbox Unavailable")
_METHODS = ("Inbound Message", "Preference Page", "API")
_LISTS = ("Newsletter", "Y6nRLr", "Ünïcödé 🎉 list", "")
_LONG_TEXT = '<div class="x">Zeile — строка — 行\\n</div>' * 3000
_FLAGS = (True, False, True, False, "true", "false", None, False)
_PARTS = (1, 2, "3", None, "many", 1, 1, 2)
_IP_KEYS = ("_ip", "$_ip", "$ip", "ip", "IP")


def payload(event: Event) -> Json:
    """``event_properties``, keys in no particular order, as Klaviyo keeps none.

    A few events have none at all: theirs are empty here and null when served.
    """
    if event.n % 1511 == 7:
        return {}
    noise = mixed(event.n, 5)
    made = _SHAPES.get(event.kind, _other)(event, noise)
    if event.legacy:
        _add_legacy(made, event)
    if event.n % 997 == 0:
        made["Rendered HTML"] = _LONG_TEXT
    if event.n % 13 == 0:
        made["custom.key"] = {"n": event.n, "N": [True, None, 1.5]}
        made["url"] = "lower case twin"
        made["big"] = 98765432109876543210
    return made


def group_ids(event: Event) -> tuple[str, ...]:
    """The lists and segments the event's message went to, as its properties name them."""
    if event.groups is not None:
        return event.groups
    groups = event.message.groups if event.message else ()
    return groups[:1] if event.n % 9 == 1 else groups


def cohort(event: Event) -> str | None:
    """Send time and message id, as one text."""
    return f"{event.sent}:{event.message.id}" if event.message and event.sent else None


def _message_keys(event: Event, message: Message, noise: int) -> Json:
    number = 10**38 + noise * noise * 0xDEADBEEF % (9 * 10**38)
    made: Json = {"$event_id": f"{message.id}:{number}", "Campaign Name": message.name}
    if message.named:
        made["$message"] = message.id
    if message.flow_id:
        made["$flow"] = message.flow_id
    if event.sent:
        made["$_cohort$message_send_cohort"] = cohort(event)
    if event.variation:
        made["$variation"] = event.variation
        made["$experiment"] = f"exp{message.id[:4]}"
        if event.sent:
            made["$_cohort$variation_send_cohort"] = f"{event.sent}:{event.variation}"
    groups = group_ids(event)
    if event.n % 9 == 1 and groups:
        made["$group_ids"] = groups[0]
    elif groups or event.n % 3 == 0:
        made["$group_ids"] = list(groups)
    return made


def _email(event: Event, noise: int) -> Json:
    message = event.message
    if message is None:
        return _other(event, noise)
    made = _message_keys(event, message, noise)
    made["$ESP"] = "0" if event.n % 17 == 0 else 0
    made["Subject"] = message.subject
    made["Email Domain"] = _DOMAINS[noise & 3]
    made["Inbox Provider"] = _INBOXES[noise >> 2 & 3]
    if event.n % 19 == 0:
        made["Content Type"] = "text/html; charset=utf-8"
    return made


def _opened(event: Event, noise: int) -> Json:
    made = _email(event, noise)
    name, type, system, family = _CLIENTS[noise >> 4 & 3]
    made |= {"Client Name": name, "Client Type": type, "Client OS": system}
    made |= {"Client OS Family": family, "Client Canonical": name}
    made["$message_interaction"] = made.get("$message")
    made["machine_open"] = _FLAGS[noise >> 8 & 7]
    made[_IP_KEYS[event.n % 5]] = f"203.0.113.{noise >> 16 & 255}"
    if event.n % 10 == 0:
        made["ip"] = "198.51.100.1"
        made["IP"] = "198.51.100.2"
    return made


def _clicked(event: Event, noise: int) -> Json:
    made = _opened(event, noise)
    del made["machine_open"], made["Client Canonical"]
    made["URL"] = f"https://shop.example.com/p/{noise % 999}?q=a%20b&x=ü"
    return made


def _bounced(event: Event, noise: int) -> Json:
    made = _email(event, noise)
    made["Bounce Type"] = ("Hard", "Soft")[noise >> 6 & 1]
    made["$klaviyo_bounce_category"] = _BOUNCES[noise % 5]
    info: Json = {
        "action_id": f"{noise % 9999:04d}",
        "add_exclusion": (True, False, "true", None)[noise >> 7 & 3],
        "code": ("550", "5.1.1", "421 4.7.0")[noise % 3],
        "ip": f"192.0.2.{noise >> 9 & 255}",
        "is_autoresponder": "false" if event.n % 2 else False,
        "reason": 'mailbox "full"\r\n',
        "type": "blocked",
        "rigidity": "hard",
    }
    made["$extra"] = {"$bounce_delivery_info": info if event.n % 7 else None}
    if event.n % 6 == 0:
        made["$extra"]["$metadata"] = {"recipient_variation_id": f"rv{noise % 50}"}
    return made


def _spam(event: Event, noise: int) -> Json:
    made = _bounced(event, noise)
    del made["Bounce Type"], made["$klaviyo_bounce_category"]
    return made


def _unsubscribed(event: Event, noise: int) -> Json:
    made = _email(event, noise)
    for name in ("Inbox Provider", "$ESP"):
        made.pop(name, None)
    return made


def _sms(event: Event, noise: int) -> Json:
    message = event.message
    if message is None:
        return _other(event, noise)
    made = _message_keys(event, message, noise)
    made |= {
        "Message Name": message.name,
        "Message Type": "flow" if message.flow_id else "campaign",
        "Message Format": "SMS",
        "Segment Count": _PARTS[noise >> 5 & 7],
        "From Number": "+15005550006" if noise & 1 else "12345",
        "From Phone Region": "US",
        "To Number": f"+1500555{noise % 10_000:04d}",
        "To Phone Region": "US",
        "$internal": {"send_timestamp": event.sent, "vendor": "vendor-a" if noise & 2 else None},
        "$extra": {"Message Body": "Hi! 🎈\nReply STOP"},
    }
    made["$extra"]["Message Id" if event.n % 4 == 0 else "Message ID"] = f"SM{noise:016x}"
    if event.n % 40 == 0:
        made["$extra"]["customer_merge"] = {"from": ["a", "b"], "When ": {"$at": noise}}
    return made


def _received_sms(event: Event, noise: int) -> Json:
    made = _sms(event, noise)
    made["Carrier Delivery Status"] = ("delivered", "sent", None)[noise % 3]
    return made


def _failed_sms(event: Event, noise: int) -> Json:
    made = _sms(event, noise)
    made |= {"Failure Source": "Carrier", "Failure Type": "Device Unreachable"}
    made["Vendor Error Code"] = "30003" if noise & 8 else 30003
    return made


def _clicked_sms(event: Event, noise: int) -> Json:
    made = _sms(event, noise)
    name, type, system, family = _CLIENTS[noise >> 4 & 3]
    made |= {"Client Name": name, "Client Type": type, "Client OS": system}
    made |= {"Client OS Family": family, "URL": "https://kl.example.com/x"}
    made["$message_interaction"] = made.get("$message")
    made["$internal"] = {"send_timestamp": str(event.sent)}
    made["$extra"] = {"IP Address": f"203.0.113.{noise & 255}"}
    return made


def _unsubscribed_sms(event: Event, noise: int) -> Json:
    return {
        "$event_id": str(event.at),
        "Method": _METHODS[noise % 3],
        "From Number": f"+1500555{noise % 10_000:04d}",
        "To Number": "+15005550006",
        "From Phone Region": "US",
        "To Phone Region": "US",
        "Message Body": "STOP",
        "$extra": {"From City": "BOSTON", "From State": "MA", "From Country": "US"}
        if event.n % 8
        else None,
    }


def _subscribed_list(event: Event, noise: int) -> Json:
    return {"$event_id": str(event.at), "List": _LISTS[noise & 3], "Campaign Name": None, "": {}}


def _other(event: Event, noise: int) -> Json:
    return {
        "$event_id": str(event.at),
        "$value": noise % 10_000 / 100,
        "Items": ["Tea", "Ünique mug"],
        "": "a key without a name",
    }


def _order(event: Event, noise: int) -> Json:
    """An order in one of two currencies; some shops' events name none."""
    value: object
    if event.worth:
        value, currency = event.worth
    elif noise >> 4 & 3:
        value, currency = noise % 10_000 / 100, "USD"
    else:
        value, currency = noise % 10_000 * 10, "JPY"
    said = {"$event_id": str(event.at), "$value": value, "Items": ["Tea"], "": "no name"}
    return said if event.n % 17 == 0 and not event.worth else {**said, "$value_currency": currency}


def _add_legacy(made: Json, event: Event) -> None:
    """``$attribution`` inside the properties, as revisions before 2024-02-15 had it."""
    first = event.attributions[0] if event.attributions else None
    if event.legacy == "empty" or first is None or first.event is None:
        made["$attribution"] = {"$send_ts": 0, "$attributed_event_id": ""}
        return
    message = first.message
    said: Json = {
        "$attributed_event_id": first.event.id,
        "$send_ts": first.event.sent if event.n % 4 else first.event.sent + 0.5,
        "$message": message.id,
        "$attributed_channel": message.channel,
    }
    if message.flow_id:
        said["$flow"] = message.flow_id
        said["$variation"] = first.variation or ""
    if event.n % 2:
        said["$group_ids"] = ["Legacy", *message.groups]
    if event.n % 5 == 0:
        del said["$send_ts"]
    made["$attribution"] = said


_SHAPES = {
    "received_email": _email,
    "api_received_email": _other,
    "dropped_email": _bounced,
    "opened_email": _opened,
    "clicked_email": _clicked,
    "clicked_to_unsubscribe": _clicked,
    "bounced_email": _bounced,
    "spam": _spam,
    "unsubscribed": _unsubscribed,
    "unsubscribed_old": _unsubscribed,
    "received_sms": _received_sms,
    "received_text": _received_sms,
    "failed_sms": _failed_sms,
    "failed_text": _failed_sms,
    "clicked_sms": _clicked_sms,
    "clicked_text": _clicked_sms,
    "opened_text": _clicked_sms,
    "unsubscribed_sms": _unsubscribed_sms,
    "unsubscribed_text": _unsubscribed_sms,
    "unsubscribed_sms_oldest": _unsubscribed_sms,
    "subscribed_list": _subscribed_list,
    "placed_order": _order,
    "placed_order_alike": _order,
    "refunded_order": _order,
}
