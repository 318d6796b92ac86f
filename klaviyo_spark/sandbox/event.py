"""Events of an account, and the messages that they come from. No HTTP, no generation here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """What events come from: a message of a campaign or of a flow, deleted ones too.

    ``named`` is false for messages of deleted campaigns, whose events lack ``$message``. ``made``:
    second since 1970 from which a flow's message is sent.
    """

    id: str
    channel: str
    name: str
    subject: str
    campaign_id: str | None = None
    flow_id: str | None = None
    groups: tuple[str, ...] = ()
    variations: tuple[str, ...] = ()
    sends: tuple[int, ...] = ()
    made: int = 0
    named: bool = True


@dataclass(slots=True)
class Attribution:
    """What an event is put down to; the event itself may be unknown (``None``)."""

    event: Event | None
    message: Message
    variation: str | None = None


class Event:
    """One event. Its properties are worked out when asked for (``render/payloads.py``).

    ``sent`` is the epoch second of the send it goes back to; ``legacy`` says how ``$attribution``
    stands in its properties; ``settled`` turns true when its attributions become visible.
    ``worth`` is value and currency of an order that has an odd one, else None.
    """

    __slots__ = (
        "at",
        "attributions",
        "groups",
        "id",
        "kind",
        "legacy",
        "message",
        "metric_id",
        "n",
        "profile_id",
        "sent",
        "settled",
        "variation",
        "worth",
    )

    def __init__(
        self, n: int, id: str, at: int, kind: str, metric_id: str, profile_id: str, sent: int
    ) -> None:
        self.n = n
        self.id = id
        self.at = at
        self.kind = kind
        self.metric_id = metric_id
        self.profile_id = profile_id
        self.sent = sent
        self.message: Message | None = None
        self.variation: str | None = None
        self.attributions: tuple[Attribution, ...] = ()
        self.legacy = ""
        self.settled = True
        self.groups: tuple[str, ...] | None = None
        self.worth: tuple[object, str] | None = None
