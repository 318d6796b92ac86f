"""What a day changes in campaigns and flows: drafts sent, edits, archivings, deletions."""

from __future__ import annotations

import random

from klaviyo_spark.sandbox.content.actions import add_action
from klaviyo_spark.sandbox.content.campaigns import send_times
from klaviyo_spark.sandbox.event import Message
from klaviyo_spark.sandbox.ids import Ids
from klaviyo_spark.sandbox.model import Record, World
from klaviyo_spark.sandbox.times import stamp_second


class MessageChanges:
    """A day's changes to campaigns and flows."""

    def __init__(self, world: World, ids: Ids, chance: random.Random, number: int) -> None:
        self._world = world
        self._ids = ids
        self._random = chance
        self._number = number
        self._today = world.today

    def happen(self) -> None:
        """All of them."""
        shown = [c for c in self._world.all("campaign") if not c.attributes["archived"]]
        if len(shown) > 8:
            sent = [c for c in shown if c.attributes["status"] == "Sent"]
            self._send(shown)
            self._edit(shown)
            self._delete_campaign(sent)
        self._change_flows()

    def _touch(self, record: Record, field: str) -> None:
        at = self._today - self._random.randint(300, 80_000)
        record.attributes[field] = stamp_second(at, self._number)

    def _messages(self, campaign: Record) -> list[Record]:
        found = map(self._world.find, campaign.to_many["campaign-messages"])
        return [message for message in found if message is not None]

    def _send(self, shown: list[Record]) -> None:
        """A draft or scheduled campaign goes out."""
        waiting = [c for c in shown if c.attributes["status"] in ("Draft", "Scheduled")]
        if not waiting:
            return
        campaign = waiting[0]
        sent = self._today - 40_000
        campaign.attributes |= {
            "status": "Sent",
            "send_time": stamp_second(sent, self._number),
            "scheduled_at": stamp_second(sent - 3600, self._number),
        }
        self._touch(campaign, "updated_at")
        for message in self._messages(campaign):
            message.attributes["send_times"] = send_times(self._number, sent, False)
            self._world.messages.append(
                Message(
                    id=message.id,
                    channel=self._world.campaign_channels[campaign.id],
                    name=str(campaign.attributes["name"]),
                    subject="Sent at last",
                    campaign_id=campaign.id,
                    groups=tuple(campaign.attributes["audiences"]["included"]),
                    sends=(sent,),
                )
            )

    def _edit(self, shown: list[Record]) -> None:
        """One renamed, one archived, one with another audience, one whose message alone changed."""
        renamed, archived, moved, worded = self._random.sample(shown, 4)
        renamed.attributes["name"] = f"Renamed on day {self._number}"
        self._touch(renamed, "updated_at")
        archived.attributes["archived"] = True
        self._touch(archived, "updated_at")
        lists = [group.id for group in self._world.groups("list")]
        audiences = moved.attributes["audiences"]
        moved.attributes["audiences"] = {
            "included": [*audiences["included"][1:], lists[self._number % len(lists)]],
            "excluded": [lists[-1]],
        }
        self._touch(moved, "updated_at")
        # Nothing says that editing a message bumps its campaign's updated_at, so it does not here.
        for message in self._messages(worded)[:1]:
            content = message.attributes["definition"]["content"]
            key = "subject" if "subject" in content else "body"
            content[key] = f"Reworded on day {self._number}"
            self._touch(message, "updated_at")

    def _delete_campaign(self, sent: list[Record]) -> None:
        if not sent:
            return
        gone = self._random.choice(sent)
        for message in self._messages(gone):
            del self._world.records["campaign-message"][message.id]
        del self._world.records["campaign"][gone.id]

    def _change_flows(self) -> None:
        """One deleted, one archived, one with a message less and an action more."""
        flows = [f for f in self._world.all("flow") if not f.attributes["archived"]]
        named = {f.attributes["name"]: f for f in flows}
        leaving = named.get("Leaves tomorrow") if self._number == 1 else None
        changing = named.get("Changes tomorrow", flows[0])
        others = [f for f in flows[-3:] if f is not changing]
        if leaving or others:  # after many days only the changing one is left
            self._delete_flow(leaving or self._random.choice(others))
        self._lose_message(changing)
        add_action(
            self._world, self._ids, changing, ("send-email", "live"), self._today - 7200, 22,
            tuple(group.id for group in self._world.groups("list")),
        )  # fmt: skip
        changing.attributes["status"] = ("manual", "live")[self._number % 2]
        self._touch(changing, "updated")
        if self._number == 2:
            flows[1].attributes["archived"] = True
            self._touch(flows[1], "updated")

    def _lose_message(self, flow: Record) -> None:
        """The first action that still has a message of its own loses it."""
        for ref in flow.to_many["flow-actions"]:
            action = self._world.find(ref)
            data = (action.attributes["definition"] or {}).get("data") if action else None
            if action is None or not data or not data.get("message"):
                continue
            data["message"] = None
            for message in action.to_many["flow-messages"]:
                del self._world.records["flow-message"][message[1]]
            action.to_many["flow-messages"] = []
            self._touch(action, "updated")
            return

    def _delete_flow(self, flow: Record) -> None:
        for ref in flow.to_many["flow-actions"]:
            action = self._world.records["flow-action"].pop(ref[1])
            for message in action.to_many["flow-messages"]:
                del self._world.records["flow-message"][message[1]]
        del self._world.records["flow"][flow.id]
        for group in self._world.groups("list"):
            triggers = group.to_many["flow-triggers"]
            group.to_many["flow-triggers"] = [t for t in triggers if t != flow.ref]
