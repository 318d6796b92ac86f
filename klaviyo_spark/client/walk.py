"""One run through an endpoint's pages by cursor: what is asked, and what is known before asking."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from klaviyo_spark.client.urls import Bounds
from klaviyo_spark.schema.endpoint import Endpoint


@dataclass(frozen=True)
class Walk:
    """One listing to follow.

    Args:
        walk_id: uuid as hex.
        first_url: where to begin; of a walk taken up again, the ``links.next`` of its last page.
        read_id: the read that this walk is a part of.
        walks_in_read: how many listings that read consists of; a listing may be cut by time.
        is_full_read: the read is a complete one, so departures may be judged by it.
        facts: of the slice: what the request knows and the answer does not say.
        parent_id: of the list, campaign, ... whose children these are; its 404 is a page.
        parent_digest: digest of the parent's record as listed, so that it is known when it moves.
        bounds: the span of time to read; its end comes nearer when another walk takes a half.
        max_record_time: the latest time on the pages so far; those of a walk taken up again count.
        in_order: the pages so far came in the order asked for; else ``reached`` is None.
        read_started_at: when that read began (UTC), before its first request.
        read_run_id: the run that began that read; empty: the run that makes this walk.
        first_page: number of the page at ``first_url``; above 1 for a walk taken up again.
        question: of an endpoint that is asked by a body, which is posted for each page.
        ask: the first URL of the same listing within other bounds; None: the walk is not cut, and
            begins anew where its cursor has expired.
    """

    walk_id: str
    endpoint: Endpoint = field(hash=False)
    first_url: str
    read_id: str
    walks_in_read: int = 1
    is_full_read: bool = False
    facts: Mapping[str, str] = field(default_factory=dict, hash=False)
    parent_id: str | None = None
    parent_digest: str | None = None
    bounds: Bounds | None = None
    max_record_time: datetime | None = None
    in_order: bool = True
    read_started_at: datetime | None = None
    read_run_id: str = ""
    first_page: int = 1
    question: bytes | None = None
    ask: Callable[[Bounds | None], str] | None = field(default=None, hash=False, compare=False)

    @property
    def time_field(self) -> str:
        """The field whose order the pages come in; empty where that is no time."""
        if self.bounds is not None:
            return self.bounds.field
        return self.endpoint.windows[0].field if self.endpoint.windows else ""
