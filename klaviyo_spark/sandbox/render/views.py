"""What each endpoint answers: one function per shape of path."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from klaviyo_spark.sandbox.answers import invalid_id, not_found
from klaviyo_spark.sandbox.asked import Asked
from klaviyo_spark.sandbox.event import Event
from klaviyo_spark.sandbox.filters import matches
from klaviyo_spark.sandbox.model import Group, Json, Profile, Record, Ref, World
from klaviyo_spark.sandbox.render.events import event_resource, included_with_events
from klaviyo_spark.sandbox.render.paging import Place, Run, cursor_of, place_of, sortable, take
from klaviyo_spark.sandbox.render.records import (
    identifiers,
    included_with,
    path_of,
    related,
    resource,
    type_of,
)
from klaviyo_spark.sandbox.times import SECOND_US, stamp
from klaviyo_spark.sandbox.values import (
    event_meets,
    profile_meets,
    profile_value,
    record_meets,
    record_value,
    seconds_between,
)

_EVENT_ID = re.compile(r"[0-9A-Za-z]{11}")


class Views:
    """Answers for one account. Sorted runs of profiles and members are kept until they change."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._runs: dict[tuple[str, ...], tuple[int, Run[Any]]] = {}

    def document(self, asked: Asked, base: str) -> Json:
        """The answer to a request.

        Raises:
            Refusal: there is no such object.
        """
        parts = asked.rule.parts
        collection = parts[0]
        type = type_of(collection)
        url = _url(asked, base)
        if len(parts) == 1:
            return self._listing(type, asked, base, url)
        item = self._item(type, asked.id)
        if len(parts) == 2:
            return self._single(item, asked, base, url)
        name, ids_only = parts[-1], parts[2] == "relationships"
        if isinstance(item, Event):
            return self._of_event(item, name, ids_only, asked, base, url)
        if isinstance(item, Group) and name == "profiles":
            return self._members(item, ids_only, asked, base, url)
        if name == "metric-properties":
            return {"data": [], "links": {"self": url}}
        refs = related(self._world, item, name)
        if asked.rule.paged and isinstance(refs, list):
            return self._children(refs, ids_only, asked, base, url)
        return self._related(refs, ids_only, asked, base, url)

    def _item(self, type: str, id: str) -> Record | Profile | Event:
        if type == "event" and not _EVENT_ID.fullmatch(id):
            raise invalid_id("Event")
        if type == "flow-action" and not id.isdigit():
            raise invalid_id("Flow Action")
        found: Record | Profile | Event | None
        if type == "event":
            found = self._world.timeline.by_id.get(id)
        elif type == "profile":
            found = self._world.profiles.get(id)
        else:
            found = self._world.find((type, id))
        if found is None:
            raise not_found(type.replace("-", " "), id)
        return found

    def _single(self, item: Record | Profile | Event, asked: Asked, base: str, url: str) -> Json:
        if isinstance(item, Event):
            made: Json = {"data": event_resource(item, asked, base)}
            if asked.include:
                made["included"] = included_with_events(self._world, [item], asked, base)
        else:
            made = {"data": resource(self._world, item, asked, base)}
            if asked.include:
                made["included"] = included_with(self._world, [item], asked, base)
        return {**made, "links": {"self": url}}

    def _listing(self, type: str, asked: Asked, base: str, url: str) -> Json:
        if type == "event":
            return self._events(asked, base, url)
        if type == "profile":
            field = asked.sort or "id"
            run = self._run(
                ("profile", field),
                self._world.profiles_version,
                lambda: self._world.profiles.values(),
                lambda p: (sortable(_first(profile_value(p, field))), p.id),
            )
            following = run.after(place_of(asked), asked.descending)
            profiles, cursor = take(following, asked, lambda p: profile_meets(p, asked.conditions))
            data = [resource(self._world, p, asked, base) for p in profiles]
            return _page(data, None, asked, base, url, cursor)
        conditions = asked.conditions
        records = self._world.all(type)
        if type in ("campaign", "flow") and all(c.field != "archived" for c in conditions):
            records = [r for r in records if not record_value(self._world, r, "archived")]
        if type == "template":
            records = [r for r in records if r.id in self._world.library]
        return self._records(records, asked, base, url)

    def _records(self, records: list[Record], asked: Asked, base: str, url: str) -> Json:
        world, field = self._world, asked.sort or "id"
        run = Run(records, lambda r: (sortable(record_value(world, r, field)), r.id))
        page, cursor = take(
            run.after(place_of(asked), asked.descending),
            asked,
            lambda r: record_meets(world, r, asked.conditions),
        )
        data = [resource(world, record, asked, base) for record in page]
        included = included_with(world, page, asked, base) if asked.include else None
        return _page(data, included, asked, base, url, cursor)

    def _children(self, refs: list[Ref], ids_only: bool, asked: Asked, base: str, url: str) -> Json:
        records = [r for r in map(self._world.find, refs) if r is not None]
        made = self._records(records, asked, base, url)
        if ids_only:
            made["data"] = [{"type": one["type"], "id": one["id"]} for one in made["data"]]
        return made

    def _related(
        self, refs: list[Ref] | Ref | None, ids_only: bool, asked: Asked, base: str, url: str
    ) -> Json:
        links = {"links": {"self": url}}
        if ids_only:
            return {"data": identifiers(refs), **links}
        world = self._world
        if isinstance(refs, list):
            records = [r for r in map(world.find, refs) if r is not None]
            made: Json = {"data": [resource(world, r, asked, base) for r in records]}
        else:
            one = world.find(refs) if refs else None
            records = [one] if one else []
            made = {"data": resource(world, one, asked, base) if one else None}
        if asked.include:
            made["included"] = included_with(world, records, asked, base)
        return {**made, **links}

    def _of_event(
        self, event: Event, name: str, ids_only: bool, asked: Asked, base: str, url: str
    ) -> Json:
        ref = (name, event.profile_id if name == "profile" else event.metric_id)
        links = {"links": {"self": url}}
        if ids_only:
            return {"data": identifiers(ref), **links}
        item = self._item(*ref)
        if isinstance(item, Event):
            raise not_found(name, event.id)
        return {"data": resource(self._world, item, asked, base), **links}

    def _members(self, group: Group, ids_only: bool, asked: Asked, base: str, url: str) -> Json:
        world = self._world
        run = self._run(
            (group.type, group.id),
            group.version,
            lambda: group.members.items(),
            lambda member: (member[1], member[0]),
        )
        joined = [c for c in asked.conditions if c.field == "joined_group_at"]

        def keep(member: tuple[str, int]) -> bool:
            profile = world.profiles[member[0]]
            return all(matches(c, member[1]) for c in joined) and profile_meets(
                profile, asked.conditions
            )

        following = run.after(place_of(asked), asked.descending)
        members, cursor = take(following, asked, keep)
        data: list[Json] = []
        for id, at in members:
            if ids_only:
                data.append({"type": "profile", "id": id})
                continue
            profile = world.profiles[id]
            extra = {"joined_group_at": stamp(at, 2 if at % SECOND_US else profile.n)}
            fields = asked.fields_of("profile")
            if fields == frozenset({"joined_group_at"}):
                link = {"self": base + path_of(("profile", id))}
                data.append({"type": "profile", "id": id, "attributes": extra, "links": link})
                continue
            made = resource(world, profile, asked, base)
            if fields is None or "joined_group_at" in fields:
                made["attributes"] = {**made["attributes"], **extra}
            data.append(made)
        return _page(data, None, asked, base, url, cursor)

    def _events(self, asked: Asked, base: str, url: str) -> Json:
        metric_ids: list[str] | None = None
        for c in asked.conditions:
            if c.field == "metric_id":
                metric_ids = c.value if isinstance(c.value, list) else [c.value]
        low, high = seconds_between(asked.conditions)
        descending = asked.descending or not asked.sort
        found = self._world.timeline.between(metric_ids, low, high, place_of(asked), descending)
        others = tuple(c for c in asked.conditions if c.field in ("profile_id", "metric"))
        if others:
            found = (e for e in found if event_meets(self._world, e, others))
        more = list(islice(found, asked.size + 1))
        page = more[: asked.size]
        last = page[-1] if len(more) > asked.size else None
        cursor = cursor_of(asked, (last.at, last.id)) if last else None
        data = [event_resource(event, asked, base) for event in page]
        included = None
        if asked.include:
            included = included_with_events(self._world, page, asked, base)
        return _page(data, included, asked, base, url, cursor)

    def _run(
        self,
        name: tuple[str, ...],
        version: int,
        items: Callable[[], Any],
        place: Callable[[Any], Place],
    ) -> Run[Any]:
        kept = self._runs.get(name)
        if kept is None or kept[0] != version:
            kept = (version, Run(items(), place))
            self._runs[name] = kept
        return kept[1]


def _first(value: Any) -> Any:
    """A sortable value: of several, the first."""
    return (value[0] if value else None) if isinstance(value, list) else value


def _url(asked: Asked, base: str) -> str:
    path = asked.rule.template.replace("{id}", asked.id)
    return f"{base}{path}?{urlencode(asked.params)}" if asked.params else base + path


def _page(
    data: list[Json], included: list[Json] | None, asked: Asked, base: str, url: str,
    cursor: str | None,
) -> Json:  # fmt: skip
    following = None
    if cursor is not None:
        rest = [(k, v) for k, v in asked.params if k != "page[cursor]"]
        path = asked.rule.template.replace("{id}", asked.id)
        following = f"{base}{path}?{urlencode([*rest, ('page[cursor]', cursor)])}"
    made: Json = {"data": data}
    if included is not None:
        made["included"] = included
    made["links"] = {"self": url, "next": following, "prev": None}
    made["meta"] = {"agent_hints": {"next_steps": []}}
    return made
