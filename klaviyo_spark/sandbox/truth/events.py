"""What silver must hold of events: the documented eleven metrics, and the bridges to groups."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from klaviyo_spark.sandbox.event import Event
from klaviyo_spark.sandbox.ledger import Ledger
from klaviyo_spark.sandbox.model import Json, World
from klaviyo_spark.sandbox.render.events import served_uuid, shown_attributions
from klaviyo_spark.sandbox.render.payloads import payload
from klaviyo_spark.sandbox.times import moment
from klaviyo_spark.sandbox.truth.metrics import documented_metric_ids
from klaviyo_spark.sandbox.truth.rows import Row

_TEXTS = {
    "bounce_type": "Bounce Type",
    "campaign_name": "Campaign Name",
    "carrier_delivery_status": "Carrier Delivery Status",
    "client_canonical": "Client Canonical",
    "client_name": "Client Name",
    "client_os": "Client OS",
    "client_os_family": "Client OS Family",
    "client_type": "Client Type",
    "cohort_message_send_cohort": "$_cohort$message_send_cohort",
    "cohort_variation_send_cohort": "$_cohort$variation_send_cohort",
    "content_type": "Content Type",
    "email_domain": "Email Domain",
    "esp": "$ESP",
    "event_id": "$event_id",
    "failure_source": "Failure Source",
    "failure_type": "Failure Type",
    "flow": "$flow",
    "from_number": "From Number",
    "from_phone_region": "From Phone Region",
    "inbox_provider": "Inbox Provider",
    "klaviyo_bounce_category": "$klaviyo_bounce_category",
    "list": "List",
    "message": "$message",
    "message_body": "Message Body",
    "message_format": "Message Format",
    "message_interaction": "$message_interaction",
    "message_name": "Message Name",
    "message_type": "Message Type",
    "method": "Method",
    "subject": "Subject",
    "to_number": "To Number",
    "to_phone_region": "To Phone Region",
    "url": "URL",
    "variation": "$variation",
    "vendor_error_code": "Vendor Error Code",
}
_EXTRA = {
    "extra_from_city": "From City",
    "extra_from_country": "From Country",
    "extra_from_state": "From State",
    "extra_ip_address": "IP Address",
    "extra_message_body": "Message Body",
}
_IP_KEYS = ("_ip", "$_ip", "$ip", "ip", "IP")


def landed_events(world: World, until_s: int) -> dict[str, Event]:
    """The events that silver holds, by id."""
    ids = sorted(documented_metric_ids(world))
    return {e.id: e for e in world.timeline.between(ids, None, until_s, None, False)}


def event_tables(
    world: World, ledger: Ledger, until_s: int, channels: dict[str, str | None]
) -> dict[str, list[Row]]:
    """``events`` and its two bridges. ``channels``: channel per message that has a row."""
    landed = landed_events(world, until_s)
    events, own, attributed = [], [], []
    for id, event in landed.items():
        said = payload(event)
        legacy: Json = said.get("$attribution") or {}
        related = _attribution(event)
        cause_event = landed.get(related.get("event") or legacy.get("$attributed_event_id") or "")
        cause = payload(cause_event) if cause_event else {}
        attribution = _attribution_columns(related, legacy, cause, channels)
        events.append({**attribution, **_event_row(world, event, said)})
        own += [_bridge(id, group) for group in _groups(said)]
        groups = legacy["$group_ids"] if "$group_ids" in legacy else _groups(cause)
        attributed += [_bridge(id, group) for group in dict.fromkeys(groups)]
    gone = [_bridge(*key, deleted=True) for key in sorted(ledger.event_groups) if key[0] in landed]
    return {
        "events": events,
        "event_group_ids": own + gone,
        "event_attribution_group_ids": attributed,
    }


def orphaned_flow_ids(world: World, ledger: Ledger, until_s: int) -> set[str]:
    """Flows named by events of the documented metrics that no row of ``flows`` is about."""
    named: set[str] = set()
    for event in landed_events(world, until_s).values():
        said = payload(event)
        legacy: Json = said.get("$attribution") or {}
        related = _attribution(event).get("flow")
        named |= {id for id in (said.get("$flow"), related or legacy.get("$flow")) if id}
    known = {row["flow_id"] for row in ledger.rows.get("flows", {}).values()}
    return named - known - set(world.records.get("flow", {}))


def _bridge(event_id: str, group_id: str, deleted: bool = False) -> Row:
    return {"event_id": event_id, "group_id": group_id, "_deleted": deleted}


def _groups(said: Json) -> Iterator[str]:
    """``$group_ids`` each once, whether an array or a single text."""
    groups = said.get("$group_ids") or []
    return iter(dict.fromkeys([groups] if isinstance(groups, str) else groups))


def _attribution(event: Event) -> dict[str, str | None]:
    """The first thing an event is put down to, as its relationships say."""
    first = next(iter(shown_attributions(event)), None)
    if first is None:
        return {}
    return {
        "event": first.event.id if first.event else None,
        "flow": first.message.flow_id,
        "message": first.message.id,
        "variation": first.variation if first.message.flow_id else None,
    }


def _text(value: object) -> str | None:
    """A value in a text column: text as it is, anything else as JSON."""
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _flag(value: object) -> bool | None:
    """A flag, or its name as text."""
    return value if isinstance(value, bool) else {"true": True, "false": False}.get(str(value))


def _whole(value: object) -> int | None:
    """A whole number, or its digits as text."""
    return int(str(value)) if str(value).isdigit() else None


def _number(value: object) -> float | None:
    """A number, or its digits as text; ``1,234.50`` is none."""
    try:
        return float(str(value))
    except ValueError:
        return None


def _event_row(world: World, event: Event, said: Json) -> Row:
    extra: Json = said.get("$extra") or {}
    bounce: Json = extra.get("$bounce_delivery_info") or {}
    internal: Json = said.get("$internal") or {}
    profile = world.profiles.get(event.profile_id)
    ip = next((said[k] for k in _IP_KEYS if said.get(k) is not None), bounce.get("ip"))
    message_id = extra.get("Message ID")
    return {
        **{column: _text(said.get(key)) for column, key in _TEXTS.items()},
        "event_datetime": moment(event.at * 1_000_000),
        **{f"extra_bounce_delivery_info_{k}": _text(bounce.get(k)) for k in _BOUNCE},
        "extra_bounce_delivery_info_add_exclusion": _flag(bounce.get("add_exclusion")),
        "extra_bounce_delivery_info_is_autoresponder": _flag(bounce.get("is_autoresponder")),
        "extra_customer_merge": extra.get("customer_merge"),
        **{column: _text(extra.get(key)) for column, key in _EXTRA.items()},
        "extra_message_id": message_id if message_id is not None else extra.get("Message Id"),
        "extra_metadata_recipient_variation_id": (extra.get("$metadata") or {}).get(
            "recipient_variation_id"
        ),
        "id": event.id,
        "internal_send_timestamp": _text(internal.get("send_timestamp")),
        "internal_vendor": _text(internal.get("vendor")),
        "ip": ip,
        "machine_open": _flag(said.get("machine_open")),
        "metric_data_id": event.metric_id,
        "metric_data_type": "metric",
        "profile_data_id": event.profile_id,
        "profile_data_type": "profile",
        "profile_email": profile.email if profile else None,
        "segment_count": _whole(said.get("Segment Count")),
        "timestamp": event.at,
        "type": "event",
        "uuid": served_uuid(event),
        "_value": _number(said.get("$value")),
        "_value_currency": _text(said.get("$value_currency")),
        "_deleted": False,
    }


_BOUNCE = ("action_id", "code", "ip", "reason", "type")


def _attribution_columns(
    related: dict[str, str | None], legacy: Json, cause: Json, channels: dict[str, str | None]
) -> Row:
    """The relation first, then what old payloads say; empty text and 0 say nothing.

    ``cause``: the properties of the attributed event, empty where silver does not hold it.
    """
    cause_id = related.get("event") or legacy.get("$attributed_event_id") or None
    message_id = related.get("message") or legacy.get("$message") or None
    send_ts: Any = legacy.get("$send_ts") or None
    if send_ts is None:
        sent = cause.get("$_cohort$message_send_cohort")
        send_ts = sent.split(":")[0] if sent else None
    return {
        "attribution_attributed_channel": channels.get(message_id or "")
        or legacy.get("$attributed_channel")
        or None,
        "attribution_attributed_event_id": cause_id,
        "attribution_flow": related.get("flow") or legacy.get("$flow") or None,
        "attribution_message": message_id,
        "attribution_send_ts": None if send_ts is None else float(send_ts),
        "attribution_variation": related.get("variation") or legacy.get("$variation") or None,
    }
