"""What a day changes in campaigns that only the newer revision shows."""

from __future__ import annotations

from klaviyo_spark.sandbox.content.newer_campaigns import add_variation
from klaviyo_spark.sandbox.model import Record, World
from klaviyo_spark.sandbox.times import stamp_second


def change_newer_campaigns(world: World, number: int) -> None:
    """One leaves; of another a text is cleared, an arm goes, an arm comes and it is renamed."""
    campaigns = world.newer["campaign"]
    by_name = {one.attributes["definition"]["name"]: one for one in campaigns.values()}
    if leaving := by_name.get("Leaves tomorrow"):
        _remove(world, leaving)
    at = world.today - 5_000
    message = _message_of(world, by_name["Everywhere"])
    message.attributes["definition"]["name"] = f"Renamed on day {number}"
    message.attributes["updated"] = stamp_second(at, number)
    variations = world.newer["campaign-variation"]
    arms = message.to_many["campaign-variations"]
    cleared = variations[arms[0][1]]
    cleared.attributes["definition"]["details"]["subject"] = ""
    cleared.attributes["updated"] = stamp_second(at, number)
    del variations[arms.pop(1)[1]]
    add_variation(world, message, "sms", 10 + number, at)
    scheduled = _message_of(world, by_name["Hola"])
    scheduled.attributes["definition"]["status"] = "sent"


def _message_of(world: World, campaign: Record) -> Record:
    [ref] = campaign.to_many["campaign-messages"]
    return world.newer[ref[0]][ref[1]]


def _remove(world: World, campaign: Record) -> None:
    message = _message_of(world, campaign)
    below = (
        *message.to_many["campaign-variations"],
        *campaign.to_many["campaign-audiences"],
        message.ref,
        campaign.ref,
    )
    for type, id in below:
        del world.newer[type][id]
