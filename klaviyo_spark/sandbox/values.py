"""The values that objects are filtered and sorted by."""

from __future__ import annotations

from typing import Any

from klaviyo_spark.sandbox.content.actions import older_type
from klaviyo_spark.sandbox.content.profiles import attributes, phone_number
from klaviyo_spark.sandbox.event import Event
from klaviyo_spark.sandbox.filters import Condition, bounds, is_date, matches
from klaviyo_spark.sandbox.model import Json, Profile, Record, World
from klaviyo_spark.sandbox.times import SECOND_US, parsed_us


def record_value(world: World, record: Record, field: str) -> Any:
    """A field of a record, dates as instants."""
    match field:
        case "id":
            return record.id
        case "messages.channel":
            return world.campaign_channels[record.id]
        case "action_type" | "status" if record.type == "flow-action":
            definition: Json = record.attributes["definition"] or {}
            if field == "action_type":
                return older_type(definition["type"]) if definition else None
            return (definition.get("data") or {}).get("status")
        case "ids":
            return record.id
        case "category.id" | "item.id" if record.type in ("catalog-item", "catalog-category"):
            several = "categories" if field == "category.id" else "items"
            return [id for _, id in record.to_many[several]]
        case "coupon.id" | "profile.id" | "item.id":
            ref = record.to_one[field.removesuffix(".id")]
            return ref[1] if ref else None
        case "campaign_id":
            ref = record.to_one["campaign"]
            return ref[1] if ref else None
        case "name" | "archived" | "builder" | "status" if field not in record.attributes:
            return record.attributes["definition"][field]
        case _:
            value: Any = record.attributes
            for part in field.split("."):
                value = (value or {}).get(part)
            return parsed_us(value) if value is not None and is_date(field) else value


def profile_value(profile: Profile, field: str) -> Any:
    """A field of a profile; of its suppressions, a list of the values of all."""
    match field:
        case "id" | "profile_id":
            return profile.id
        case "email":
            return profile.email
        case "created":
            return profile.created
        case "updated":
            return profile.updated
        case "phone_number":
            return profile.changes.get("phone_number", phone_number(profile))
        case "external_id":
            return attributes(profile, False)["external_id"]
        case "_kx" | "push_token":
            return None
        case _:
            _, _, _, kind, part = field.split(".")
            subscriptions: Json = attributes(profile, True)["subscriptions"] or {}
            marketing: Json = (subscriptions.get("email") or {}).get("marketing") or {}
            found = [one.get(part) for one in marketing.get(kind) or ()]
            if part == "timestamp":
                return [parsed_us(text) for text in found if text]
            return found


def record_meets(world: World, record: Record, conditions: tuple[Condition, ...]) -> bool:
    """Whether a record meets every condition."""
    return all(matches(c, record_value(world, record, c.field)) for c in conditions)


def profile_meets(profile: Profile, conditions: tuple[Condition, ...]) -> bool:
    """Whether a profile meets every condition, but those on joining."""
    return all(
        matches(c, profile_value(profile, c.field))
        for c in conditions
        if c.field != "joined_group_at"
    )


def event_meets(world: World, event: Event, conditions: tuple[Condition, ...]) -> bool:
    """Whether an event is of a profile, or of a metric that is there."""
    have = {
        "profile_id": event.profile_id,
        "metric": world.find(("metric", event.metric_id)),
    }
    return all(matches(c, have[c.field]) for c in conditions)


def seconds_between(conditions: tuple[Condition, ...]) -> tuple[int | None, int | None]:
    """The first and the last second that the bounds on events leave."""
    low: int | None = None
    high: int | None = None
    for field, unit in (("datetime", SECOND_US), ("timestamp", 1)):
        lower, upper = bounds(conditions, field)
        if lower:
            second = int(-(-lower.value // unit))
            second += lower.op == "greater-than" and second * unit == lower.value
            low = second if low is None else max(low, second)
        if upper:
            second = int(upper.value // unit)
            second -= upper.op == "less-than" and second * unit == upper.value
            high = second if high is None else min(high, second)
    return low, high
