"""Events as JSON:API resources: the hot path, a thousand to a page."""

from __future__ import annotations

from collections.abc import Iterable

from klaviyo_spark.sandbox.asked import Asked
from klaviyo_spark.sandbox.event import Attribution, Event
from klaviyo_spark.sandbox.ids import mixed
from klaviyo_spark.sandbox.model import Json, Ref, World
from klaviyo_spark.sandbox.render.payloads import payload
from klaviyo_spark.sandbox.render.records import resource
from klaviyo_spark.sandbox.times import stamp_second

_FORMS = (0, 0, 4, 3, 2)


def served_uuid(event: Event) -> str | None:
    """The event's UUID; a few have none."""
    if event.n % 101 == 0:
        return None
    noise = mixed(event.n, 3)
    return f"{noise >> 32:08x}-{noise >> 16 & 0xFFFF:04x}-11f1-8001-{noise & 0xFFFFFFFFFFFF:012x}"


def shown_attributions(event: Event) -> tuple[Attribution, ...]:
    """The attributions that the relationships show: none yet while unsettled, none in old events
    that say it in their properties."""
    if not event.settled or event.legacy in ("only", "empty"):
        return ()
    return event.attributions


def event_resource(event: Event, asked: Asked, base: str) -> Json:
    """One event as a resource."""
    link = f"{base}/api/events/{event.id}"
    attributes: Json = {
        "timestamp": event.at,
        "event_properties": payload(event) or None,
        "datetime": stamp_second(event.at, _FORMS[event.n % 5]),
        "uuid": served_uuid(event),
    }
    fields = asked.fields_of("event")
    if fields is not None:
        attributes = {k: v for k, v in attributes.items() if k in fields}
    made: Json = {"type": "event", "id": event.id, "attributes": attributes}
    if fields is None:
        attributions: Json = {
            "links": {"self": f"{link}/relationships/attributions"},
        }
        if "attributions" in asked.include:
            attributions["data"] = [
                {"type": "attribution", "id": attribution_id(event, k)}
                for k in range(len(shown_attributions(event)))
            ]
        made["relationships"] = {
            "profile": {
                "data": {"type": "profile", "id": event.profile_id},
                "links": {
                    "self": f"{link}/relationships/profile",
                    "related": f"{link}/profile",
                },
            },
            "metric": {
                "data": {"type": "metric", "id": event.metric_id},
                "links": {"self": f"{link}/relationships/metric", "related": f"{link}/metric"},
            },
            "attributions": attributions,
        }
    made["links"] = {"self": link}
    return made


def attribution_id(event: Event, place: int) -> str:
    """The id of an event's attribution number ``place``."""
    return f"{mixed(event.n, 77 + place):016x}"


def included_with_events(
    world: World, events: Iterable[Event], asked: Asked, base: str
) -> list[Json]:
    """Profiles, metrics and attributions of a page of events, each once."""
    found: dict[Ref, Json] = {}
    with_profile, with_metric = "profile" in asked.include, "metric" in asked.include
    with_attributions = "attributions" in asked.include
    for event in events:
        if with_profile:
            ref = ("profile", event.profile_id)
            profile = world.profiles.get(event.profile_id)
            if profile is not None and ref not in found:
                found[ref] = resource(world, profile, asked, base, included=True)
        if with_metric:
            ref = ("metric", event.metric_id)
            metric = world.find(ref)
            if metric is not None and ref not in found:
                found[ref] = resource(world, metric, asked, base, included=True)
        if with_attributions:
            for place, attribution in enumerate(shown_attributions(event)):
                id = attribution_id(event, place)
                found[("attribution", id)] = _attribution(event, attribution, id)
    return list(found.values())


def _attribution(event: Event, attribution: Attribution, id: str) -> Json:
    message, cause = attribution.message, attribution.event
    of_flow = message.flow_id is not None
    said: dict[str, tuple[str, str | None]] = {
        "event": ("event", event.id),
        "attributed-event": ("event", cause.id if cause else None),
        "flow": ("flow", message.flow_id),
        "flow-message": ("flow-message", message.id if of_flow else None),
        "flow-message-variation": (
            "flow-message-variation",
            attribution.variation if of_flow else None,
        ),
        "campaign": ("campaign", message.campaign_id),
        "campaign-message": ("campaign-message", None if of_flow else message.id),
    }
    return {
        "type": "attribution",
        "id": id,
        "relationships": {
            name: {"data": None if other is None else {"type": type, "id": other}}
            for name, (type, other) in said.items()
        },
    }
