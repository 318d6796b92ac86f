"""Rows of the tables whose objects are few, read off those objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from klaviyo_spark.sandbox.content.actions import older_type, sent_message
from klaviyo_spark.sandbox.model import Json, World
from klaviyo_spark.sandbox.times import parsed

Row = dict[str, Any]


@dataclass(frozen=True)
class SmallTable:
    """A table whose rows all come from records that are small in number."""

    key: tuple[str, ...]
    rows: Callable[[World], Iterator[Row]]


def at(text: object) -> datetime | None:
    """The moment a value of the API says; ``None`` stays."""
    return parsed(text) if isinstance(text, str) else None


def campaigns(world: World) -> Iterator[Row]:
    """One row per campaign."""
    for campaign in world.all("campaign"):
        a = campaign.attributes
        tracking: Json = a["tracking_options"] or {}
        strategy: Json = a["send_strategy"] or {}
        options: Json = a["send_options"] or {}
        method = strategy.get("method")
        static: Json = strategy if method == "static" else {}
        choices: Json = static.get("options") or {}
        throttled: Json = strategy if method == "throttled" else {}
        sto: Json = strategy if method == "smart_send_time" else {}
        yield {
            "campaign_id": campaign.id,
            "name": a["name"],
            "status": a["status"],
            "archived": a["archived"],
            "channel": world.campaign_channels[campaign.id],
            "send_options_use_smart_sending": options.get("use_smart_sending"),
            "send_options_ignore_unsubscribes": options.get("ignore_unsubscribes"),
            "tracking_options_is_tracking_opens": tracking.get("is_tracking_opens"),
            "tracking_options_is_tracking_clicks": tracking.get("is_tracking_clicks"),
            "tracking_options_is_add_utm": tracking.get("add_tracking_params"),
            "send_strategy_method": method,
            "send_strategy_options_static_datetime": at(static.get("datetime")),
            "send_strategy_options_static_is_local": choices.get("is_local"),
            "send_strategy_options_static_send_past_recipients_immediately": choices.get(
                "send_past_recipients_immediately"
            ),
            "send_strategy_options_throttled_datetime": at(throttled.get("datetime")),
            "send_strategy_options_throttled_throttle_percentage": throttled.get(
                "throttle_percentage"
            ),
            "send_strategy_options_sto_date": date.fromisoformat(sto["date"]) if sto else None,
            "created_at": at(a["created_at"]),
            "scheduled_at": at(a["scheduled_at"]),
            "updated_at": at(a["updated_at"]),
            "send_time": at(a["send_time"]),
            "_tracking_params": tracking.get("custom_tracking_params"),
        }


def _audiences(kind: str) -> Callable[[World], Iterator[Row]]:
    def rows(world: World) -> Iterator[Row]:
        for campaign in world.all("campaign"):
            for id in campaign.attributes["audiences"][kind] or ():
                yield {"campaign_id": campaign.id, "audience_id": id}

    return rows


def campaign_messages(world: World) -> Iterator[Row]:
    """One row per message of a campaign."""
    for message in world.all("campaign-message"):
        definition: Json = message.attributes["definition"]
        email = definition["channel"] == "email"
        content: Json = definition["content"] if email else {}
        render: Json = definition.get("render_options") or {}
        campaign, template = message.to_one["campaign"], message.to_one["template"]
        yield {
            "campaign_message_type": "campaign-message",
            "campaign_message_id": message.id,
            "label": definition.get("label"),
            "channel": definition["channel"],
            **{f"content_{k}": content.get(k) for k in _CONTENT},
            **{f"render_options_{k}": render.get(k) for k in _RENDER},
            "created_at": at(message.attributes["created_at"]),
            "updated_at": at(message.attributes["updated_at"]),
            "campaign_data_type": campaign[0] if campaign else None,
            "campaign_data_id": campaign[1] if campaign else None,
            "template_data_type": template[0] if template else None,
            "template_data_id": template[1] if template else None,
        }


_CONTENT = ("subject", "preview_text", "from_email", "from_label", "reply_to_email", "cc_email",
            "bcc_email")  # fmt: skip
_RENDER = ("shorten_links", "add_org_prefix", "add_info_link", "add_opt_out_language")


def send_times(world: World) -> Iterator[Row]:
    """One row per time a campaign's message goes out; local ones are wall clocks as if UTC."""
    for message in world.all("campaign-message"):
        campaign = message.to_one["campaign"]
        for time in message.attributes["send_times"] or ():
            yield {
                "campaign_message_id": message.id,
                "campaign_id": campaign[1] if campaign else None,
                "send_time_datetime": at(time["datetime"]),
                "send_time_is_local": time["is_local"],
            }


def _tags_of(type: str, column: str) -> Callable[[World], Iterator[Row]]:
    def rows(world: World) -> Iterator[Row]:
        for record in world.all(type):
            for _, id in record.to_many["tags"]:
                row = {column: record.id, "tag_id": id}
                yield {**row, "tag_type": "tag"} if type == "campaign" else row

    return rows


def flows(world: World) -> Iterator[Row]:
    """One row per flow."""
    for flow in world.all("flow"):
        a = flow.attributes
        dates = {"created": at(a["created"]), "updated": at(a["updated"])}
        yield {"flow_id": flow.id, **a, **dates}


def flow_actions(world: World) -> Iterator[Row]:
    """One row per action of a flow; the older revision tells what it tracks while it sends."""
    for action in world.all("flow-action"):
        definition: Json = action.attributes["definition"] or {}
        data: Json = definition.get("data") or {}
        message = sent_message(definition) or {}
        flow = action.to_one["flow"]
        smart = message.get("smart_sending_enabled")
        opens, clicks = (world.old_tracking.get(action.id) if message else None) or (None, None)
        yield {
            "flow_action_id": action.id,
            "flow_id": flow[1] if flow else None,
            "action_type": older_type(definition["type"]) if definition else None,
            "status": data.get("status"),
            "created": at(action.attributes["created"]),
            "updated": at(action.attributes["updated"]),
            "tracking_options_add_utm": message.get("add_tracking_params"),
            "tracking_options_utm_params": message.get("custom_tracking_params"),
            "tracking_options_is_tracking_opens": opens,
            "tracking_options_is_tracking_clicks": clicks,
            "send_options_use_smart_tracking": smart,
            "send_options_use_smart_sending": smart,
            "send_options_is_transactional": message.get("transactional"),
        }


_SENDS = {"send-email": "email", "send-sms": "sms", "send-mobile-push": "mobile_push"}


def flow_action_messages(world: World) -> Iterator[Row]:
    """One row per message of a flow, nested ones with the outer action's id."""
    for message in world.all("flow-message"):
        a = message.attributes
        definition: Json = a["definition"]
        ref = message.to_one["flow-action"]
        action = world.find(ref) if ref else None
        type = (action.attributes["definition"] or {}).get("type") if action else None
        yield {
            "flow_action_id": ref[1] if ref else None,
            "flow_action_message_id": message.id,
            "name": definition["name"],
            "channel": a["channel"].lower() if a["channel"] else _SENDS.get(str(type)),
            "created": at(a["created"]),
            "updated": at(a["updated"]),
            "content_subject": definition.get("subject_line"),
            "content_preview_text": definition.get("preview_text"),
            "content_from_email": definition.get("from_email"),
            "content_rom_label": definition.get("from_label"),
            "content_from_label": definition.get("from_label"),
            "content_reply_to_email": definition.get("reply_to_email"),
            "content_cc_email": definition.get("cc_email"),
        }


def _groups(type: str) -> Callable[[World], Iterator[Row]]:
    def rows(world: World) -> Iterator[Row]:
        for group in world.all(type):
            a = group.attributes
            yield {
                f"{type}_id": group.id,
                "name": a["name"],
                "created": at(a["created"]),
                "updated": at(a["updated"]),
            }

    return rows


def metrics(world: World) -> Iterator[Row]:
    """One row per metric, under the documented names and the right ones."""
    for metric in world.all("metric"):
        a = metric.attributes
        integration: Json = a["integration"] or {}
        yield {
            "list_id": metric.id,
            "metric_id": metric.id,
            "tag_id": a["name"],
            "name": a["name"],
            "created": at(a["created"]),
            "updated": at(a["updated"]),
            **{f"integration_{k}": integration.get(k) for k in ("id", "name", "category")},
        }


def tags(world: World) -> Iterator[Row]:
    """One row per tag."""
    for tag in world.all("tag"):
        yield {"tag_id": tag.id, "name": tag.attributes["name"]}


SMALL_TABLES: dict[str, SmallTable] = {
    "campaigns": SmallTable(("campaign_id",), campaigns),
    "campaign_audiences_excluded": SmallTable(
        ("campaign_id", "audience_id"), _audiences("excluded")
    ),
    "campaign_audiences_included": SmallTable(
        ("campaign_id", "audience_id"), _audiences("included")
    ),
    "campaign_messages": SmallTable(("campaign_message_id",), campaign_messages),
    "campaign_message_send_times": SmallTable(
        ("campaign_message_id", "send_time_datetime"), send_times
    ),
    "campaign_tags": SmallTable(("campaign_id", "tag_id"), _tags_of("campaign", "campaign_id")),
    "flows": SmallTable(("flow_id",), flows),
    "flow_actions": SmallTable(("flow_action_id",), flow_actions),
    "flow_action_messages": SmallTable(("flow_action_message_id",), flow_action_messages),
    "lists": SmallTable(("list_id",), _groups("list")),
    "list_tags": SmallTable(("list_id", "tag_id"), _tags_of("list", "list_id")),
    "metrics": SmallTable(("list_id",), metrics),
    "segments": SmallTable(("segment_id",), _groups("segment")),
    "segment_tags": SmallTable(("segment_id", "tag_id"), _tags_of("segment", "segment_id")),
    "tags": SmallTable(("tag_id",), tags),
}
