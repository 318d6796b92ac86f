"""What a day changes in lists, segments and tags: who leaves, joins and returns."""

from __future__ import annotations

import random

from klaviyo_spark.sandbox.content.groups import add_list
from klaviyo_spark.sandbox.ids import Ids
from klaviyo_spark.sandbox.ledger import Ledger
from klaviyo_spark.sandbox.model import Group, Record, World
from klaviyo_spark.sandbox.times import SECOND_US, stamp_second


class GroupChanges:
    """A day's changes to lists, segments and tags."""

    def __init__(
        self, world: World, ledger: Ledger, ids: Ids, chance: random.Random, number: int
    ) -> None:
        self._world = world
        self._ledger = ledger
        self._ids = ids
        self._random = chance
        self._number = number

    def happen(self) -> None:
        """All but the processing of segments, which comes before."""
        self._delete_one()
        lists = sorted(self._world.groups("list"), key=lambda g: str(g.attributes["created"]))
        segments = list(self._world.groups("segment"))
        judged = [s for s in segments if not s.attributes["is_processing"]]
        for group in [*lists, *judged]:
            if len(group.members) > 3:
                self._leave(group, max(1, len(group.members) // 100))
            self._return(group)
            if group.members:
                self._join(group, max(2, len(group.members) // 200))
        self._rename(lists)
        fresh = add_list(self._world, self._ids, f"New on day {self._number}", self._world.today)
        self._join(fresh, 5)
        self._change_tags()

    def _leave(self, group: Group, count: int) -> None:
        for id in self._random.sample(sorted(group.members), count):
            self._ledger.note_departure(self._world, group, id, group.members.pop(id))
        group.version += 1

    def _return(self, group: Group) -> None:
        """One of those who left on a day before joins again, with a new date."""
        left = sorted(
            id
            for type, group_id, id in self._ledger.members
            if (type, group_id) == group.ref and id in self._world.profiles
        )
        if self._number > 1 and left:
            self._admit(group, left[0])

    def _join(self, group: Group, count: int) -> None:
        outside = [id for id in self._world.profiles if id not in group.members]
        for id in self._random.sample(outside, min(count, len(outside))):
            self._admit(group, id)

    def _admit(self, group: Group, id: str) -> None:
        joined = self._world.today - self._random.randint(600, 80_000)
        group.members[id] = joined * SECOND_US
        self._ledger.members.pop((group.type, group.id, id), None)
        group.version += 1

    def _rename(self, lists: list[Group]) -> None:
        group = self._random.choice(lists[:5])
        group.attributes["name"] = f"{group.attributes['name']} (day {self._number})"
        group.attributes["updated"] = stamp_second(self._world.today - 900, self._number)

    def _delete_one(self) -> None:
        """A list goes, with all its members."""
        group = self._random.choice(list(self._world.groups("list"))[5:])
        for id, joined in group.members.items():
            self._ledger.note_departure(self._world, group, id, joined)
        del self._world.records["list"][group.id]

    def process(self) -> None:
        """On odd days a segment starts to be worked out anew and shows half its members; the day
        after it is done, and but for three all are back."""
        segment = list(self._world.groups("segment"))[-2]
        starting = not segment.attributes["is_processing"]
        segment.attributes["is_processing"] = starting
        segment.version += 1
        if starting:
            hidden = sorted(segment.members)[::2]
            segment.unjudged = {id: segment.members.pop(id) for id in hidden}
            return
        for place, (id, joined) in enumerate(sorted(segment.unjudged.items())):
            if place < 3 or id not in self._world.profiles:
                self._ledger.note_departure(self._world, segment, id, joined)
            else:
                segment.members[id] = joined
        segment.unjudged = {}

    def _change_tags(self) -> None:
        """One tag is deleted, one renamed, one new; a campaign and a list lose one each."""
        world = self._world
        tags = world.all("tag")
        tags[1].attributes["name"] = f"Renamed on day {self._number}"
        if len(tags) > 4:
            gone = tags[-2]
            del world.records["tag"][gone.id]
            for type in ("campaign", "flow", "list", "segment"):
                for record in world.all(type):
                    record.to_many["tags"] = [t for t in record.to_many["tags"] if t != gone.ref]
        fresh = Record("tag", self._ids.uuid(), {"name": f"Day {self._number}"})
        fresh.to_one = dict(tags[0].to_one)
        world.add(fresh)
        for type in ("campaign", "list"):
            tagged = [r for r in world.all(type) if r.to_many["tags"]]
            if tagged:
                self._random.choice(tagged).to_many["tags"].pop(0)
        self._random.choice(world.all("segment")).to_many["tags"].append(fresh.ref)
