"""Rows of metrics per day, counted from the account's events; days that are not over have none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from klaviyo_spark.sandbox.event import Event
from klaviyo_spark.sandbox.model import World
from klaviyo_spark.sandbox.render.payloads import payload
from klaviyo_spark.sandbox.times import DAY_S, SECOND_US, moment
from klaviyo_spark.sandbox.truth.metrics import commerce_metric_ids, documented_metric_ids
from klaviyo_spark.sandbox.truth.rows import Row

_MOVES_S = 10 * DAY_S
"""What events are put down to may change for less long."""
# What has a value at all: of all others nobody need look at the properties.
_WORTH = ("placed_order", "placed_order_alike", "refunded_order", "api_received_email",
          "api_subscribed_list", "null_clicked_sms", "viewed_product", "active_on_site",
          "sent_text", "unsubscribed_list", "relayed_text", "unresolvable")  # fmt: skip
_LIST_METRICS = ("subscribed to list", "unsubscribed from list")
Groups = dict[tuple[Any, ...], list[Event]]


def metric_tables(world: World, *, moving: bool = False) -> dict[str, list[Row]]:
    """The four tables, of the documented metrics and those of commerce.

    Args:
        moving: only days for which what events are put down to may still change.
    """
    today = moment(world.today * SECOND_US).date()
    first = moment((world.today - _MOVES_S) * SECOND_US).date() if moving else date.min
    ids = documented_metric_ids(world) | commerce_metric_ids(world)
    lists = _list_metrics(world)
    happened = _events(world, ids | lists, first, today)
    wanted = [one for one in happened if one[1].metric_id in ids]
    return {
        "metric_days": [*_metric_days(_grouped(wanted, lambda _: ()))],
        "metric_value_days": [*_value_days(_grouped(wanted, _currency))],
        "attributed_days": [*_attributed_days(_grouped(wanted, _cause))],
        "list_days": [
            *_list_days(
                _grouped((one for one in happened if one[1].metric_id in lists), _list), world
            )
        ],
    }


METRIC_DAY_KEYS: dict[str, tuple[str, ...]] = {
    "metric_days": ("metric_id", "utc_date"),
    "metric_value_days": ("metric_id", "utc_date", "value_currency"),
    "attributed_days": (
        "metric_id", "utc_date", "attributed_message", "attributed_flow", "attributed_channel",
    ),
    "list_days": ("list", "metric_id", "utc_date"),
}  # fmt: skip


def _events(world: World, ids: set[str], first: date, today: date) -> list[tuple[date, Event]]:
    found = world.timeline.between(
        sorted(ids),
        None if first == date.min else world.today - _MOVES_S - DAY_S,
        None,
        None,
        False,
    )
    days = ((moment(event.at * SECOND_US).date(), event) for event in found)
    return [(day, event) for day, event in days if first <= day < today]


def _grouped(
    happened: Iterable[tuple[date, Event]], name: Callable[[Event], tuple[str, ...]]
) -> Groups:
    groups: Groups = {}
    for day, event in happened:
        groups.setdefault((event.metric_id, day, *name(event)), []).append(event)
    return groups


def _metric_days(groups: Groups) -> Iterator[Row]:
    for (metric_id, day), events in groups.items():
        yield {
            "metric_id": metric_id,
            "utc_date": day,
            "count": len(events),
            "unique": len({event.profile_id for event in events}),
        }


def _value_days(groups: Groups) -> Iterator[Row]:
    for (metric_id, day, currency), events in groups.items():
        yield {
            "metric_id": metric_id,
            "utc_date": day,
            "value_currency": currency,
            "count": len(events),
            "sum_value": _sum(events),
        }


def _attributed_days(groups: Groups) -> Iterator[Row]:
    for (metric_id, day, message, flow, channel), events in groups.items():
        yield {
            "metric_id": metric_id,
            "utc_date": day,
            "attributed_message": message,
            "attributed_flow": flow,
            "attributed_channel": channel,
            "count": len(events),
            "sum_value": _sum(events),
            "unique": len({event.profile_id for event in events}),
        }


def _list_days(groups: Groups, world: World) -> Iterator[Row]:
    """``list_id`` as the lists are called now: one that was found by a name since gone stays."""
    names = [(record.attributes["name"], record.id) for record in world.all("list")]
    lists = {record.ref for record in world.all("list")}
    for (metric_id, day, said), events in groups.items():
        named = [id for name, id in names if name == said]
        yield {
            "list": said,
            "list_id": said if ("list", said) in lists else _only(named),
            "metric_id": metric_id,
            "utc_date": day,
            "count": len(events),
        }


def _only(ids: list[str]) -> str | None:
    return ids[0] if len(ids) == 1 else None


def _currency(event: Event) -> tuple[str, ...]:
    has = event.kind in _WORTH and payload(event).get("$value_currency")
    return (str(has) if has else "",)


def _list(event: Event) -> tuple[str, ...]:
    return (payload(event).get("List") or "",)


def _cause(event: Event) -> tuple[str, ...]:
    """What it is put down to, once Klaviyo has worked that out."""
    if not event.settled or not event.attributions:
        return ("", "", "")
    message = event.attributions[0].message
    return (message.id, message.flow_id or "", message.channel)


def _sum(events: Iterable[Event]) -> float:
    """In cents, so that the order of adding does not show; ``1,234.50`` is no number."""
    total = Decimal(0)
    for event in events:
        value = payload(event).get("$value") if event.kind in _WORTH else None
        if isinstance(value, (int, float)):
            total += Decimal(str(value))
    return float(total)


def _list_metrics(world: World) -> set[str]:
    """Klaviyo's own where it has one of the name, as with the documented ones."""
    named = [m for m in world.all("metric") if m.attributes["name"].lower() in _LIST_METRICS]
    return {m.id for m in named if (m.attributes["integration"] or {}).get("name") == "Klaviyo"}
