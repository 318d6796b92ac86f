"""Lists and segments of a new account, and who is in them."""

from __future__ import annotations

from klaviyo_spark.sandbox.ids import Ids, mixed
from klaviyo_spark.sandbox.model import Group, Json, Profile, Ref, World
from klaviyo_spark.sandbox.times import DAY_S, SECOND_US, stamp_second

# Name, and out of a thousand profiles how many are members.
_LISTS: tuple[tuple[str | None, int], ...] = (
    ("Newsletter", 800), ("VIP", 60), ("SMS", 250), ("Empty", 0), ("Also empty", 0),
    ("Ünïcödé 🎉 list", 30), ("Welcome series", 90), ("welcome series", 20), (None, 10),
    ("Old import", 120), ("Leaving soon", 15), ("Back in stock", 40), ("Summer", 5), ("Test", 1),
)  # fmt: skip
_SEGMENTS = (
    ("Engaged 30 days", 300), ("Engaged 90 days", 450), ("Never bought", 70), ("Nobody", 0),
    ("Being worked out", 100), ("Retired", 35), ("Champions", 12), ("At risk", 80),
    ("No e-mail address", 60), ("Big spenders", 25), ("Recomputed at night", 150), ("Leaving", 10),
)  # fmt: skip


def add_lists(world: World, ids: Ids, tags: list[Ref]) -> list[Group]:
    """More lists than fit on a page, two of them alike but for the case of their ids."""
    made: list[Group] = []
    for place, (name, share) in enumerate(_LISTS):
        id = ids.twin(made[0].id) if place == 1 else ids.short()
        attributes: Json = {
            "name": name,
            **_dates(world, place),
            "opt_in_process": None if place == 8 else ("single_opt_in", "double_opt_in")[place % 2],
        }
        group = _group(world, "list", id, attributes, _some(tags, place))
        _fill(world, group, share, place)
        made.append(group)
    return made


def add_segments(world: World, ids: Ids, tags: list[Ref]) -> list[Group]:
    """Segments: one is being processed, one is inactive."""
    made = []
    for place, (name, share) in enumerate(_SEGMENTS):
        attributes: Json = {
            "name": name,
            "definition": None if place == 3 else {"condition_groups": []},
            **_dates(world, place + 40),
            "is_active": place != 5,
            "is_processing": place == 4,
            "is_starred": place == 0,
        }
        group = _group(world, "segment", ids.short(), attributes, _some(tags, place + 1))
        _fill(world, group, share, place + 100)
        made.append(group)
    return made


def add_list(world: World, ids: Ids, name: str, at: int) -> Group:
    """One more list, new at ``at`` (epoch seconds), without members."""
    attributes: Json = {
        "name": name,
        "created": stamp_second(at),
        "updated": stamp_second(at),
        "opt_in_process": "single_opt_in",
    }
    return _group(world, "list", ids.short(), attributes, [])


def joins(profile: Profile, share: int, salt: int) -> bool:
    """Whether a profile is among the ``share`` of a thousand that are members."""
    return mixed(profile.n, salt) % 1000 < share


def _group(world: World, type: str, id: str, attributes: Json, tags: list[Ref]) -> Group:
    group = Group(type, id, attributes, to_many={"tags": tags, "flow-triggers": []})
    world.add(group)
    return group


def _fill(world: World, group: Group, share: int, salt: int) -> None:
    imported = (world.today - 200 * DAY_S) * SECOND_US
    for profile in world.profiles.values() if share else ():
        if joins(profile, share, salt):
            if profile.created < imported and profile.n % 5 < 3:
                group.members[profile.id] = imported  # an import: thousands on one second
            else:
                span = world.today * SECOND_US - profile.created
                group.members[profile.id] = profile.created + span * (profile.n % 97) // 100


def _dates(world: World, place: int) -> Json:
    created = world.today - (700 - place * 7) * DAY_S
    return {
        "created": stamp_second(created, place),
        "updated": stamp_second(created + place * DAY_S, place + 1),
    }


def _some(tags: list[Ref], place: int) -> list[Ref]:
    """None, one, two or three of the tags."""
    return [tags[(place + k) % len(tags)] for k in range(place % 4)]
