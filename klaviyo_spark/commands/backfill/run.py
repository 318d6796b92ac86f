"""A past window of events and profiles, read in steps that can be stopped and gone on with.

Each step is a bounded run: it lands, refines, and is written down. A step that was cut short goes
on where it was, as any run does. Bounded runs do not stand in the way of the daily ones.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

from msgspec import structs
from pyspark.sql import functions as F

from klaviyo_spark.clock import utc_now
from klaviyo_spark.commands.backfill.estimate import estimate_backfill
from klaviyo_spark.commands.backfill.steps import STEP, Backfill, Window, step_lines
from klaviyo_spark.commands.sync import pipeline
from klaviyo_spark.commands.sync.account_context import AccountContext, for_each_account
from klaviyo_spark.commands.sync.account_run import RunRequest, Summary
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.progress import Reporter, Silent
from klaviyo_spark.state.landings import bronze_state

__all__ = ["STEP", "Backfill", "Window", "backfill", "begun", "run_steps", "step_lines"]


@dataclass(frozen=True)
class BackfillRequest:
    """What a backfill is to do.

    Args:
        start, end: of its window.
        named: resources, on the command line.
        wait: for another run on the lake to end.
        dry_run: only say which steps, and what they will ask of Klaviyo.
    """

    start: datetime | None
    end: datetime | None
    named: Sequence[str] = ()
    wait: bool = False
    dry_run: bool = False


def backfill(
    request: BackfillRequest,
    lake: Lake,
    parts: Sequence[AccountContext],
    out: Callable[[str], object],
    reporter: Callable[[], Reporter] = Silent,
    note: Callable[[Summary], object] = lambda _summary: None,
    note_error: Callable[[str, str], object] = lambda _account, _error: None,
) -> int:
    """The steps that are left of a window, of one account after the other.

    Args:
        out: where lines go.
        reporter: gives what shows how far a step is.
        note: is told what each step did.
        note_error: is told each account of several that an error ended, and the error in a line.

    Returns:
        The exit code: see ``run_steps`` and ``account_context.for_each_account``.

    Raises:
        UsageError: the window is not all in the past, or of what is read whole by every sync.
        LakeBusy: another run holds the lake.
    """
    whole = Window.past(request.start, request.end, _klaviyo_now(parts), request.named)
    # Among several an account may be kept for other things alone.
    of_all = bool(request.named) or len(parts) == 1

    def todo(part: AccountContext) -> Backfill | None:
        own = tuple(name for name in whole.resources if of_all or name in part.settings.resources)
        if not own:
            out(f"{part.account}: {' and '.join(whole.resources)} are not among its resources")
            return None
        return begun(lake, part.account, replace(whole, resources=own))

    def tell(part: AccountContext) -> int:
        left = todo(part)
        if left:
            ahead = estimate_backfill(lake, part.settings, left, reporter())
            for line in (*step_lines(left), *ahead):
                out(line)
        return 0

    def work(part: AccountContext) -> int:
        left = todo(part)
        if left is None:
            return 0
        settings = structs.replace(part.settings, resources=left.window.resources)
        account = replace(part, settings=settings)

        def sync(start: datetime, end: datetime) -> Summary:
            step = RunRequest("sync", start, end)
            [summary] = pipeline.run_on_held_lake(step, lake, [account], reporter())
            note(summary)
            return summary

        bronze_id = bronze_state(lake).table_id
        return run_steps(left, lake, part.account, bronze_id, sync, out)

    if request.dry_run:
        return for_each_account(parts, tell, out, note_error)
    with pipeline.exclusive("backfill", lake, uuid.uuid4().hex, request.wait):
        return for_each_account(parts, work, out, note_error)


def begun(lake: Lake, account_id: str, window: Window) -> Backfill:
    """The backfill of ``window`` that has not come to its end, else a new one.

    Steps that were read into another bronze table have to be read again.
    """
    rows = (
        lake.ops("backfills")
        .where(F.col("account_id") == account_id)
        .where(F.col("bronze_id") == bronze_state(lake).table_id)
        .where(F.unix_micros("range_start") == _micros(window.start))
        .where(F.unix_micros("range_end") == _micros(window.end))
        .where(F.col("resources") == F.array(*map(F.lit, window.resources)))
        .groupBy("backfill_id")
        .agg(F.collect_set(F.unix_micros("step_start")).alias("done"))
        .collect()
    )
    steps = tuple(window.steps())
    for row in rows:
        left = tuple(step for step in steps if _micros(step[0]) not in row["done"])
        if left:
            return Backfill(row["backfill_id"], window, left)
    return Backfill(uuid.uuid4().hex, window, steps)


def run_steps(
    backfill: Backfill,
    lake: Lake,
    account_id: str,
    bronze_id: str,
    sync: Callable[[datetime, datetime], Summary],
    out: Callable[[str], object],
) -> int:
    """All steps that are left, one after the other.

    Args:
        bronze_id: Delta's id of the bronze table that is read into.
        sync: reads and refines from a start to an end.
        out: where a line per step goes.

    Returns:
        0, or the exit code of the first step that was not all done; the same backfill, asked for
        again, goes on with that step. 3 where all steps are done but for single metrics, which
        nothing but Klaviyo can mend: such steps are told and passed.
    """
    done = backfill.total - len(backfill.left)
    lost: set[str] = set()
    for start, end in backfill.left:
        done += 1
        summary = sync(start, end)
        new = sum(load.inserted for load in summary.loads)
        out(
            f"step {done} of {backfill.total}: {start:%Y-%m-%d} to {end:%Y-%m-%d}, "
            f"{summary.outcome.pages} pages, {new:,} new rows"
        )
        if summary.exit_code == 3 and summary.outcome.lost_members_alone:
            for line in sorted(summary.outcome.lost - lost):
                out(f"failed: {line}")
            lost |= summary.outcome.lost
        elif summary.exit_code:
            out("the backfill stops here; the same command goes on with this step")
            return summary.exit_code
        lake.append_ops(
            "backfills",
            [
                {
                    "account_id": account_id,
                    "backfill_id": backfill.backfill_id,
                    "resources": list(backfill.window.resources),
                    "range_start": backfill.window.start,
                    "range_end": backfill.window.end,
                    "step_start": start,
                    "step_end": end,
                    "bronze_id": bronze_id,
                    "run_id": summary.run_id,
                    "finished_at": summary.finished_at,
                }
            ],
        )
    if lost:
        out(
            "all steps are done but for what is named above; the same command reads that once "
            "Klaviyo gives it"
        )
    return 3 if lost else 0


def _klaviyo_now(parts: Sequence[AccountContext]) -> datetime:
    """Now by Klaviyo's clock, where it can be asked."""
    client = next((part.client for part in parts if part.client), None)
    if client is None:
        return utc_now()
    client.learn_time()
    return client.now()


def _micros(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(microseconds=1)
