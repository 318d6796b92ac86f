"""Which batches in bronze a table still has to take in, run by run. No I/O here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from klaviyo_spark.state.models import Batch


@dataclass(frozen=True)
class Group:
    """The pages of one run that a table takes in together."""

    run_id: str
    batch_ids: tuple[str, ...]


def pending(
    batches: Sequence[Batch], refined: Collection[str], endpoints: frozenset[str]
) -> list[Group]:
    """Runs that a table still has to take in, oldest first.

    A batch older than one already refined makes all later ones pending again: newest wins only
    where the order is kept.
    """
    mine = sorted(
        (b for b in batches if b.endpoint in endpoints), key=lambda b: (b.first_fetched, b.batch_id)
    )
    new = [b for b in mine if b.batch_id not in refined]
    if not new:
        return []
    first = min(b.first_fetched for b in new)
    runs: dict[str, dict[str, None]] = {}
    for batch in mine:
        if batch.batch_id not in refined or batch.first_fetched >= first:
            runs.setdefault(batch.run_id, {})[batch.batch_id] = None
    return [Group(run_id, tuple(ids)) for run_id, ids in runs.items()]


def begins(batches: Sequence[Batch]) -> dict[str, datetime]:
    """When each run began to fetch, in that order."""
    began: dict[str, datetime] = {}
    for batch in batches:
        began[batch.run_id] = min(batch.first_fetched, began.get(batch.run_id, batch.first_fetched))
    return dict(sorted(began.items(), key=lambda one: (one[1], one[0])))
