"""Backfills that have not come to their end. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from klaviyo_spark.commands.backfill.steps import Window
from klaviyo_spark.commands.status.facts import Facts
from klaviyo_spark.lake.readers.reader import Row


@dataclass(frozen=True)
class Unfinished:
    """A backfill with steps left; ``seconds_left`` by the steps so far, refining included."""

    backfill_id: str
    resources: tuple[str, ...]
    start: datetime
    end: datetime
    steps: int
    done: int
    seconds_left: float | None
    last_step_at: datetime


def unfinished(facts: Facts, account: str, began: Mapping[str, datetime]) -> Iterator[Unfinished]:
    """Backfills with steps left.

    Args:
        began: when each run began.
    """
    steps: dict[str, list[Row]] = {}
    for row in facts.rows_for("backfills", account):
        steps.setdefault(row["backfill_id"], []).append(row)
    for backfill_id, rows in sorted(steps.items()):
        start, end = rows[0]["range_start"], rows[0]["range_end"]
        resources = tuple(rows[0]["resources"])
        total = len(list(Window(start, end, resources).steps()))
        done = len({row["step_start"] for row in rows})
        if done >= total:
            continue
        took = [
            (row["finished_at"] - began[row["run_id"]]).total_seconds()
            for row in rows
            if row["run_id"] in began
        ]
        yield Unfinished(
            backfill_id,
            resources,
            start,
            end,
            total,
            done,
            (total - done) * sum(took) / len(took) if sum(took) > 0 else None,
            max(row["finished_at"] for row in rows),
        )
