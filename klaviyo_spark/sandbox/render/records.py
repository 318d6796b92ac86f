"""Objects as JSON:API resources: attributes, relationships, links. No events here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from klaviyo_spark.sandbox.asked import Asked
from klaviyo_spark.sandbox.content.actions import in_older_shape
from klaviyo_spark.sandbox.content.profiles import attributes as profile_attributes
from klaviyo_spark.sandbox.content.profiles import predictions
from klaviyo_spark.sandbox.model import Group, Json, Profile, Record, Ref, World
from klaviyo_spark.sandbox.revisions import NEWER, OLDER

Item = Record | Profile

# The relationships of each type; ``!``: their data is given even when they are not included.
_RELATIONS: dict[str, tuple[str, ...]] = {
    "campaign": ("campaign-messages!", "tags"),
    "campaign-message": ("campaign!", "template", "image"),
    "flow": ("flow-actions", "tags"),
    "flow-action": ("flow", "flow-messages"),
    "flow-message": ("flow-action!", "template!"),
    "list": ("profiles", "tags", "flow-triggers"),
    "segment": ("profiles", "tags", "flow-triggers"),
    "metric": ("flow-triggers",),
    "profile": ("lists", "segments", "push-tokens", "conversations"),
    "tag": ("tag-group", "lists", "segments", "campaigns", "flows"),
    "tag-group": ("tags",),
    "mapped-metric": ("metric", "custom-metric"),
    "custom-metric": ("metrics",),
    "form": ("form-versions",),
    "form-version": ("form",),
    "coupon": ("coupon-codes",),
    "coupon-code": ("coupon!", "profile!"),
    "push-token": ("profile!",),
    "catalog-item": ("variants",),
    "catalog-variant": ("item!",),
    "catalog-category": ("items",),
}
# Of campaigns at the newer revision.
_NEWER_RELATIONS: dict[str, tuple[str, ...]] = {
    "campaign": ("campaign-audiences", "campaign-messages", "tags"),
    "campaign-audience": ("campaign!", "campaign-messages"),
    "campaign-message": ("campaign!", "campaign-audience!", "campaign-variations"),
    "campaign-variation": ("campaign-message!", "translation!", "image!"),
}
# Seen in recorded answers: a flow's included actions say what they belong to.
_SAID_WHEN_INCLUDED = {"flow-action"}
_PLURALS = {"tag-group": "tag-groups", "catalog-category": "catalog-categories"}


def type_of(collection: str) -> str:
    """The type of the objects under a path."""
    singulars = {plural: type for type, plural in _PLURALS.items()}
    return singulars.get(collection, collection.removesuffix("s"))


def path_of(ref: Ref) -> str:
    """The path of an object."""
    return f"/api/{_PLURALS.get(ref[0], ref[0] + 's')}/{ref[1]}"


def resource(world: World, item: Item, asked: Asked, base: str, included: bool = False) -> Json:
    """An object as a resource. A sparse fieldset cuts its relationships too.

    Args:
        base: scheme and host that links begin with.
        included: it stands in ``included``, not in ``data``.
    """
    fields = asked.fields_of(item.type)
    attributes = _attributes(world, item, asked)
    link = base + path_of((item.type, item.id))
    made: Json = {"type": item.type, "id": item.id}
    made["attributes"] = attributes if fields is None else sparse(attributes, fields)
    names = _RELATIONS.get(item.type, ())
    if asked.revision == NEWER:
        names = _NEWER_RELATIONS.get(item.type, names)
    if names and fields is None:
        made["relationships"] = {
            name.rstrip("!"): _relationship(world, item, name, asked, link, included)
            for name in names
        }
    made["links"] = {"self": link}
    return made


def _relationship(
    world: World, item: Item, name: str, asked: Asked, link: str, included: bool
) -> Json:
    plain = name.rstrip("!")
    made: Json = {}
    said = name.endswith("!") or (included and item.type in _SAID_WHEN_INCLUDED)
    if said or (plain in asked.include and not included):
        made["data"] = identifiers(related(world, item, plain))
    made["links"] = {"self": f"{link}/relationships/{plain}", "related": f"{link}/{plain}"}
    return made


def identifiers(refs: list[Ref] | Ref | None) -> list[Json] | Json | None:
    """Types and ids only."""
    if refs is None:
        return None
    if isinstance(refs, tuple):
        return {"type": refs[0], "id": refs[1]}
    return [{"type": type, "id": id} for type, id in refs]


def related(world: World, item: Item, name: str) -> list[Ref] | Ref | None:
    """What an object's relationship points to: a list, one, or nothing."""
    if isinstance(item, Profile) and name == "push-tokens":
        whose = ("profile", item.id)
        return [one.ref for one in world.all("push-token") if one.to_one["profile"] == whose]
    if isinstance(item, Profile):
        type = name.removesuffix("s")
        return [g.ref for g in world.groups(type) if item.id in g.members]
    if name in item.to_one:
        return item.to_one[name]
    if item.type == "tag" and name != "tag-group":
        others = world.all(name.removesuffix("s"))
        return [other.ref for other in others if item.ref in other.to_many["tags"]]
    return item.to_many.get(name, [])


def included_with(world: World, items: Iterable[Item], asked: Asked, base: str) -> list[Json]:
    """Everything the items' included relationships point to, each once."""
    found: dict[Ref, Json] = {}
    for item in items:
        for name in asked.include:
            refs = related(world, item, name)
            for ref in [refs] if isinstance(refs, tuple) else refs or ():
                other = world.profiles.get(ref[1]) if ref[0] == "profile" else world.find(ref)
                if other is not None and ref not in found:
                    found[ref] = resource(world, other, asked, base, included=True)
    return list(found.values())


def _attributes(world: World, item: Item, asked: Asked) -> Json:
    if isinstance(item, Profile):
        return profile_as_asked(item, asked)
    if item.type == "flow-action" and asked.revision == OLDER:
        return in_older_shape(item, world.old_tracking.get(item.id))
    if isinstance(item, Group) and "profile_count" in asked.additional:
        return {**item.attributes, "profile_count": len(item.members)}
    if item.type == "flow" and "definition" in asked.additional:
        actions = (world.find(ref) for ref in item.to_many["flow-actions"])
        definitions = [a.attributes["definition"] for a in actions if a is not None]
        definition = {"triggers": [], "entry_action_id": None, "actions": definitions}
        return {**item.attributes, "definition": definition}
    return item.attributes


def profile_as_asked(profile: Profile, asked: Asked) -> Json:
    """A profile's attributes, only as many worked out as were asked for."""
    fields = asked.fields_of("profile")
    if fields is not None and fields <= {"email", "id"}:
        return {"email": profile.email}
    wanted = "subscriptions" in asked.additional or any(
        name.startswith("subscriptions") for name in fields or ()
    )
    predicted: Json = {}
    if "predictive_analytics" in asked.additional:
        predicted = {"predictive_analytics": predictions(profile)}
    if fields is not None and fields <= predicted.keys():
        return predicted
    return {**profile_attributes(profile, wanted), **predicted}


def sparse(attributes: Json, fields: frozenset[str]) -> Json:
    """Only the attributes asked for; ``location.city`` asks for a part of one."""
    made: Json = {}
    for name, value in attributes.items():
        if name in fields:
            made[name] = value
            continue
        inner = frozenset(_inner(fields, name))
        if inner:
            made[name] = sparse(value, inner) if isinstance(value, dict) else value
    return made


def _inner(fields: frozenset[str], name: str) -> Iterator[str]:
    return (f.removeprefix(f"{name}.") for f in fields if f.startswith(f"{name}."))
