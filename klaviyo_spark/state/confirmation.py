"""Complete reads that lack so much that the next read has to say so too. Pure; no I/O here.

A listing that comes back empty once would mark a whole table. Such a read marks nothing; its run is
kept in ``klaviyo_ops.table_loads.unconfirmed_run_id`` until the next complete read: what that one
lacks is gone, be it the same or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from klaviyo_spark import messages
from klaviyo_spark.schema.table import TableSpec

MAX_DELETED_SHARE = 0.5
# Of fewer rows half is soon deleted by hand.
LEAST_ROWS = 20


@dataclass(frozen=True)
class LoadNote:
    """What ``table_loads`` says of one load; ``loaded_at`` in UTC."""

    table: str
    run_id: str
    loaded_at: datetime
    unconfirmed_run_id: str | None


def may_need_it(lacked: int, share: float) -> bool:
    """Whether so many rows are too much of the smallest table that this is about."""
    return lacked > share * LEAST_ROWS


def needs_it(lacked: int, live: int, share: float) -> bool:
    """Whether a read that lacks ``lacked`` of ``live`` rows is to be confirmed by the next."""
    return live >= LEAST_ROWS and lacked > share * live


def unconfirmed_note(table: TableSpec, lacked: int, live: int, share: float) -> str:
    """What is said of a read that marks nothing."""
    return messages.silver.DELETIONS_UNCONFIRMED(
        table=table.label, lacked=lacked, live=live, share=share
    )


def keyless_note(table: TableSpec, keyless: int) -> str:
    """What is said of reads that hold records without a key."""
    return messages.silver.DELETIONS_WITHOUT_IDS(table=table.label, keyless=keyless)


def unconfirmed(notes: Iterable[LoadNote]) -> dict[str, str]:
    """Per table whose last load left a read to be confirmed: the run of that read."""
    last = {note.table: note for note in sorted(notes, key=lambda note: note.loaded_at)}
    return {name: note.unconfirmed_run_id for name, note in last.items() if note.unconfirmed_run_id}


def unconfirmed_before(
    notes: Iterable[LoadNote], order: Sequence[str], first: Mapping[str, str]
) -> dict[str, str]:
    """The same as it stood before the first run that each table is to take in.

    Args:
        order: all runs, in the order of fetching.
        first: per table, that run.
    """
    places = {run_id: place for place, run_id in enumerate(order)}
    earlier = [
        note
        for note in notes
        if note.table in first and places.get(note.run_id, -1) < places[first[note.table]]
    ]
    # The last in the order of runs; of several loads of a run, the last one.
    last = sorted(earlier, key=lambda note: (places.get(note.run_id, -1), note.loaded_at))
    found = {note.table: note.unconfirmed_run_id for note in last}
    return {name: run_id for name, run_id in found.items() if run_id}
