"""Rows of Klaviyo's own numbers, read off what was sent, day by day."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from klaviyo_spark.sandbox.model import World
from klaviyo_spark.sandbox.reports.sends import (
    Send,
    campaign_sends,
    flow_sends,
    headcounts,
    last_day,
    showings,
)
from klaviyo_spark.sandbox.reports.statistics import form_numbers, message_numbers
from klaviyo_spark.sandbox.truth.rows import Row, SmallTable


def _grouped(pieces: Iterable[Any], key: Callable[[Any], tuple[Any, ...]]) -> dict[Any, list[Any]]:
    found: dict[tuple[Any, ...], list[Any]] = {}
    for piece in pieces:
        found.setdefault(key(piece), []).append(piece)
    return found


def _revenue_id(world: World) -> str:
    mapped = world.records["mapped-metric"]["revenue"].to_one
    ref = mapped["metric"] or mapped["custom-metric"]
    return ref[1] if ref else ""


def _channel(send_channel: str) -> str:
    return "mobile_push" if send_channel == "push-notification" else send_channel


def _message_row(world: World, sends: Sequence[Send]) -> Row:
    metric_id = _revenue_id(world)
    channel = sends[0].channel
    return {
        "send_channel": channel,
        "conversion_metric_id": metric_id,
        "channel": _channel(channel),
        "is_primary_conversion": True,
        **message_numbers(sends, metric_id, last_day(world)),
    }


def _campaigns(world: World) -> Iterator[Send]:
    """What campaigns have sent that anybody could read."""
    # Those that were deleted before have no channel.
    known = world.campaign_channels.keys()
    return (send for send in campaign_sends(world) if send.owner_id in known)


def _of_campaigns(world: World, sends: Iterable[Send], **also: str) -> Iterator[Row]:
    for (campaign_id, message_id), some in _grouped(
        sends, lambda one: (one.owner_id, one.message_id)
    ).items():
        yield {
            "campaign_id": campaign_id,
            "campaign_message_id": message_id,
            **also,
            **_message_row(world, some),
        }


def campaign_values(world: World) -> Iterator[Row]:
    """One row per message of a campaign."""
    return _of_campaigns(world, _campaigns(world))


def campaign_variation_values(world: World) -> Iterator[Row]:
    """One row per message: none has been sent in two variations."""
    for send in dict.fromkeys((s.message_id, s.variation) for s in _campaigns(world)):
        message_id, variation = send
        sends = [one for one in _campaigns(world) if one.message_id == message_id]
        name = f"Variation {variation}" if variation else ""
        yield from _of_campaigns(
            world, sends, variation=variation or message_id, variation_name=name
        )


def campaign_group_values(world: World) -> Iterator[Row]:
    """One row per message and audience."""
    for group in dict.fromkeys(id for send in _campaigns(world) for id in send.groups):
        sends = [send for send in _campaigns(world) if group in send.groups]
        yield from _of_campaigns(world, sends, group=group, group_name=f"Group {group}")


def flow_message_days(world: World) -> Iterator[Row]:
    """One row per message and day."""
    for send in flow_sends(world):
        yield {**_of_flow(send), "account_date": send.day, **_message_row(world, [send])}


def flow_values(world: World) -> Iterator[Row]:
    """One row per message and month."""
    months = _grouped(flow_sends(world), lambda one: (one.message_id, *_month(one.day)))
    for (_, first, last), sends in months.items():
        period = {"period_start": first, "period_end": last}
        yield {**_of_flow(sends[0]), **period, **_message_row(world, sends)}


def form_days(world: World) -> Iterator[Row]:
    """One row per form and day."""
    for one in showings(world):
        numbers = form_numbers([one], last_day(world))
        yield {"form_id": one.form_id, "account_date": one.day, **numbers}


def form_values(world: World) -> Iterator[Row]:
    """One row per form and month."""
    months = _grouped(showings(world), lambda one: (one.form_id, *_month(one.day)))
    for (form_id, first, last), some in months.items():
        period = {"period_start": first, "period_end": last}
        yield {"form_id": form_id, **period, **form_numbers(some, last_day(world))}


def segment_days(world: World) -> Iterator[Row]:
    """One row per segment and day."""
    for one in headcounts(world):
        yield {
            "segment_id": one.segment_id,
            "account_date": one.day,
            "total_members": one.total,
            "members_added": one.added,
            "members_removed": one.removed,
            "net_members_changed": one.added - one.removed,
        }


def _of_flow(send: Send) -> Row:
    return {"flow_id": send.owner_id, "flow_message_id": send.message_id}


def _month(day: date) -> tuple[date, date]:
    """First and last day of a day's month."""
    length = calendar.monthrange(day.year, day.month)[1]
    return day.replace(day=1), day.replace(day=length)


_CAMPAIGN = ("campaign_id", "campaign_message_id", "send_channel", "conversion_metric_id")
_FLOW = ("flow_id", "flow_message_id", "send_channel", "conversion_metric_id")
_PERIOD = ("period_start", "period_end")
REPORT_TABLES: dict[str, SmallTable] = {
    "campaign_values": SmallTable(_CAMPAIGN, campaign_values),
    "campaign_variation_values": SmallTable((*_CAMPAIGN, "variation"), campaign_variation_values),
    "campaign_group_values": SmallTable((*_CAMPAIGN, "group"), campaign_group_values),
    "flow_message_days": SmallTable((*_FLOW, "account_date"), flow_message_days),
    "flow_values": SmallTable((*_FLOW, *_PERIOD), flow_values),
    "form_days": SmallTable(("form_id", "account_date"), form_days),
    "form_values": SmallTable(("form_id", *_PERIOD), form_values),
    "segment_days": SmallTable(("segment_id", "account_date"), segment_days),
}
"""Their rows are never marked as gone: what an answer no longer has stays as it was."""
