"""Flows of a new account, and flows that were deleted before anybody read them."""

from __future__ import annotations

from klaviyo_spark.sandbox.content.actions import Step, add_action
from klaviyo_spark.sandbox.event import Message
from klaviyo_spark.sandbox.ids import Ids
from klaviyo_spark.sandbox.model import Json, Record, Ref, World
from klaviyo_spark.sandbox.times import DAY_S, stamp_second

_DELAY: Step = ("time-delay", "")
_MAIL: Step = ("send-email", "live")

# Name, status, archived, trigger, steps. A step is an action's type and status.
_FLOWS: tuple[tuple[str | None, str | None, bool, str | None, tuple[Step, ...]], ...] = (
    ("Welcome", "live", False, "Added to List",
     (_MAIL, _DELAY, ("send-sms", "live"), ("conditional-split", ""), _MAIL)),
    ("Abandoned cart", "live", False, "Metric",
     (("trigger-split", ""), ("ab-test", "live"), ("content-experiment", "live"), _MAIL)),
    ("Everything there is", "manual", False, "Metric",
     (("send-email", "manual"), ("send-sms", "disabled"), ("send-mobile-push", "live"),
      ("send-whatsapp", "live"), ("send-webhook", "live"), ("send-internal-alert", "live"),
      ("ab-test", "live"), ("content-experiment", "draft"), ("conditional-split", ""),
      ("trigger-split", ""), ("action-output-split", ""), ("multi-branch-split", ""), _DELAY,
      ("countdown-delay", ""), ("target-date", ""), ("back-in-stock-delay", ""),
      ("update-profile", "live"), ("list-update", "live"), ("internal-service", "live"),
      ("code", ""), ("send-carrier-pigeon", "live"))),
    ("No actions yet", "draft", False, "Unconfigured", ()),
    ("Drafts", "draft", False, "Date Based", (("send-email", "draft"), ("send-email", "empty"))),
    ("Archived winback", "draft", True, "Metric", (_MAIL, _DELAY, _MAIL)),
    ("Archived birthday", "manual", True, "Date Based", (("send-sms", "manual"),)),
    (None, None, False, None, (("undefined", ""), _MAIL)),
    ("Push only", "live", False, "Low Inventory", (("send-mobile-push", "live"),)),
    ("Price fell", "live", False, "Price Drop",
     (("send-webhook", "live"), ("send-internal-alert", "live"), _MAIL)),
    ("Leaves tomorrow", "live", False, "Metric", (_MAIL, _DELAY, _MAIL)),
    ("Changes tomorrow", "live", False, "Added to List", (_MAIL, ("send-sms", "live"), _MAIL)),
    ("Post-purchase", "live", False, "Metric", (_DELAY, _MAIL, _MAIL, ("send-sms", "live"))),
    ("Sunset", "live", False, "Metric", (_MAIL,)),
)  # fmt: skip


def add_flows(world: World, ids: Ids, count: int, tags: list[Ref], groups: tuple[str, ...]) -> None:
    """At least ``len(_FLOWS)`` flows, and two deleted ones that events still name."""
    plan = [*_FLOWS]
    while len(plan) < count:
        plan.append((f"Series {len(plan)}", "live", False, "Metric", (_MAIL, _DELAY, _MAIL)))
    for place, (name, status, archived, trigger, steps) in enumerate(plan):
        created = world.today - (720 - place * 700 // len(plan)) * DAY_S
        attributes: Json = {
            "name": name,
            "status": status,
            "archived": archived,
            "created": stamp_second(created, place),
            "updated": stamp_second(created + 5 * DAY_S, place + 1),
            "trigger_type": trigger,
        }
        own_tags = [tags[(place + k * 3) % len(tags)] for k in range(place % 3)]
        flow = Record("flow", ids.short(), attributes)
        flow.to_many = {"flow-actions": [], "tags": own_tags}
        world.add(flow)
        if trigger == "Added to List":
            listed = world.find(("list", groups[0]))
            if listed is not None:
                listed.to_many["flow-triggers"].append(flow.ref)
        for k, step in enumerate(steps):
            add_action(world, ids, flow, step, created + k * 60, place * 10 + k, groups)
    for place in range(2):
        _add_deleted(world, ids, place, groups)


def _add_deleted(world: World, ids: Ids, place: int, groups: tuple[str, ...]) -> None:
    flow_id = ids.short()
    for k in range(2):
        world.messages.append(
            Message(
                id=ids.short(),
                channel=("email", "sms")[k],
                name=f"Deleted flow {place}",
                subject="From a flow that is gone",
                flow_id=flow_id,
                groups=groups[1:2],
            )
        )
