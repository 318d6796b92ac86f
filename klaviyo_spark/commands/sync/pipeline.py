"""A run from end to end: ingest, refine, and what is said of it at the end. Read this first.

sync = ingest (Klaviyo -> bronze), then refine (bronze -> silver)
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Literal

from pyspark.sql import functions as F

from klaviyo_spark.bronze.ingest import IngestScope, ingest
from klaviyo_spark.client.client import Client
from klaviyo_spark.clock import utc_now
from klaviyo_spark.commands.catalog import publish
from klaviyo_spark.commands.interrupts import until_interrupted
from klaviyo_spark.config.models import Settings
from klaviyo_spark.errors import (
    Interrupted,
    TableDiffers,
    TableUnreadable,
    exit_code_of,
    words_of,
)
from klaviyo_spark.lake.counts import row_counts
from klaviyo_spark.lake.file_lock import Holder
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.lake.lock import lock_lake
from klaviyo_spark.lake.spark.threads import workers
from klaviyo_spark.lake.unreadable import is_needed
from klaviyo_spark.progress import Reporter, Shows, Silent
from klaviyo_spark.resources import TABLES
from klaviyo_spark.schema import ops_tables
from klaviyo_spark.silver import orphans
from klaviyo_spark.silver.held_back import unopened
from klaviyo_spark.silver.load import Load
from klaviyo_spark.silver.policy import RefinePolicy
from klaviyo_spark.silver.rebuild import rebuild
from klaviyo_spark.silver.reconcile import reconcile
from klaviyo_spark.silver.refine import SIDE_BY_SIDE
from klaviyo_spark.state.models import TABLES_HELD, Outcome
from klaviyo_spark.state.runs import RunRecord, record_failed_run, record_run
from klaviyo_spark.state.store import tables_of_other_policy

logger = logging.getLogger(__name__)

# What has failed where a run could not go on at all.
EVERYTHING = "all"
Verb = Literal["sync", "ingest", "refine"]


@dataclass
class Summary:
    """What a run of one account did; the terminal shows it, ``klaviyo_ops.runs`` keeps it.

    ``exit_code``: 0 all done, 1 every resource failed, 3 partly done, 4 stopped by the rate limit.
    A resource that lost single members is partly done.
    """

    run_id: str
    verb: Verb
    started_at: datetime
    outcome: Outcome = field(default_factory=Outcome)
    loads: list[Load] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    exit_code: int = 0
    finished_at: datetime | None = None
    ingest_s: float = 0.0
    refine_s: float = 0.0
    account: str = "default"
    began_s: float = field(default_factory=time.monotonic)

    def total(self, table: str, count: str) -> int:
        """Sum of a count over the loads of one table."""
        return sum(getattr(load, count) for load in self.loads if load.table == table)

    def end(self, now: datetime) -> None:
        """Its times, by the clock that says ``now``; that may be another than it began by."""
        self.finished_at = now
        self.started_at = now - timedelta(seconds=time.monotonic() - self.began_s)

    def add_loads(self, loads: list[Load]) -> None:
        """Keep what the tables have taken in, and what is to be told of it."""
        self.loads = loads
        note_loads(self.outcome, loads)


def run(
    verb: Verb,
    lake: Lake,
    settings: Settings,
    client: Client | None,
    start: datetime | None = None,
    end: datetime | None = None,
    *,
    wait: bool = False,
    show: Reporter | None = None,
    anew: bool = False,
) -> Summary:
    """One run of a verb, alone on the lake.

    Args:
        client: for verbs that ask Klaviyo.
        start, end: times named on the command line; conf's ``start`` is the default.
        wait: for another run on the lake to end.
        show: where progress is shown.
        anew: make the tables of the resources again, from all that has landed.

    Raises:
        LakeBusy: another run holds the lake.
        Interrupted: Ctrl-C or SIGTERM came while Klaviyo was being asked.
        KlaviyoSparkError: the run could not be made at all.
    """
    run_id = uuid.uuid4().hex
    with exclusive(verb, lake, run_id, wait):
        return one_run(verb, lake, settings, client, start, end, show, run_id, anew)


def exclusive(verb: str, lake: Lake, run_id: str, wait: bool) -> AbstractContextManager[None]:
    """Hold the lake while the block runs; see ``lock.lock_lake``."""
    return lock_lake(lake, Holder.me(run_id, verb), wait=wait)


def one_run(
    verb: Verb,
    lake: Lake,
    settings: Settings,
    client: Client | None,
    start: datetime | None = None,
    end: datetime | None = None,
    show: Reporter | None = None,
    run_id: str = "",
    anew: bool = False,
) -> Summary:
    """One run of a verb on a lake that is held already; see ``run``."""
    summary = begin(verb, settings, run_id)
    try:
        if client is not None:
            with show or Silent() as shown, until_interrupted() as stop:
                ask(summary, lake, settings, client, start, end, shown, stop)
                if stop.is_set():  # when all had been asked
                    raise Interrupted("interrupted; `klaviyo-spark refine` takes in what landed")
        if verb != "ingest":
            refine_landed(summary, lake, settings, anew)
    except BaseException as error:
        note_failure(summary, lake, error, client)
        raise
    note_end(summary, lake, settings, client)
    return summary


def refine_landed(summary: Summary, lake: Lake, settings: Settings, anew: bool) -> None:
    """What follows once pages have landed, up to the end of the run."""
    began = time.monotonic()
    if not anew:  # whose tables may be those of another release
        note_unreadable(summary.outcome, make_tables(lake, settings.resources))
    load = rebuild if anew else partial(reconcile, outcome=summary.outcome)
    policy = policy_of(settings, summary.run_id)
    summary.add_loads(load(lake, settings.account, settings.resources, policy))
    list_orphans(lake, settings.account, summary.loads)
    note_personal_data_policy(summary, lake, settings)
    summary.rows = row_counts(lake)
    summary.outcome.warnings += publish(lake)
    summary.refine_s = time.monotonic() - began


# -- the parts of a run, for one account; ``several`` puts them together for more -----------------


def begin(verb: Verb, settings: Settings, run_id: str = "") -> Summary:
    """The summary of a run that begins now."""
    return Summary(run_id or uuid.uuid4().hex, verb, utc_now(), account=settings.account)


def ask(
    summary: Summary,
    lake: Lake,
    settings: Settings,
    client: Client,
    start: datetime | None,
    end: datetime | None,
    shown: Shows,
    stop: threading.Event,
) -> None:
    """Klaviyo to bronze; see ``ingest``."""
    began = time.monotonic()
    wanted = wanted_of(settings, summary.run_id, start, end)
    summary.outcome = ingest(lake, client, wanted, shown, stop)
    summary.outcome.warnings += client.clock_notes()
    summary.ingest_s = time.monotonic() - began


def policy_of(settings: Settings, run_id: str) -> RefinePolicy:
    """How a run with these settings refines."""
    return RefinePolicy(
        keep_event_properties=settings.event_properties,
        severities=dict(settings.checks.items()),
        max_deleted_share=settings.max_deleted_share,
        loads_by=settings.loads_by,
        run_id=run_id,
    )


def note_loads(outcome: Outcome, loads: Sequence[Load]) -> None:
    """Take note of what loads have to say: checks of their rows, and what was held back."""
    outcome.warnings += [note for load in loads for note in load.check_warnings]
    for line in (line for load in loads for line in load.errors):
        outcome.fail(TABLES_HELD, line)


def list_orphans(lake: Lake, account_id: str, loads: Sequence[Load]) -> None:
    """List orphaned flows anew, where what they are found in has changed.

    Where a table that is needed for it cannot be opened, which is said, the list stays as it was.
    """
    touched = {load.table for load in loads if load.inserted or load.updated}
    if touched & set(orphans.NEEDS):
        mine = F.col("_account_id") == account_id
        small = lake.for_small_tables()
        try:
            if small and all(small.is_held(TABLES[name]) for name in orphans.NEEDS):
                lake = small
            silver = {name: lake.silver(TABLES[name]).where(mine) for name in orphans.NEEDS}
            lake.replace_ops("orphaned_flows", orphans.orphaned_flows(silver), mine)
        except (TableDiffers, TableUnreadable) as error:
            logger.debug("orphaned flows stay as they were: %s", error)


def note_personal_data_policy(summary: Summary, lake: Lake, settings: Settings) -> None:
    """Say which tables still show personal data as conf said before."""
    otherwise = tables_of_other_policy(lake, settings.account, settings.resources)
    if otherwise:
        summary.outcome.warnings.append(
            f"{', '.join(otherwise)} contain rows written under a different `personal_data` policy "
            "or hash key; run `klaviyo-spark refine --rebuild` to mask them again"
        )


def note_failure(summary: Summary, lake: Lake, error: BaseException, client: Client | None) -> None:
    """Write down a run that could not be made, or not go on, whatever ended it."""
    summary.outcome.fail(EVERYTHING, words_of(error))
    summary.exit_code = exit_code_of(error)
    summary.end(client.now() if client else utc_now())
    record_failed_run(lake, _run_record(summary, client))


def note_end(summary: Summary, lake: Lake, settings: Settings, client: Client | None) -> None:
    """Write down a run that has come to its end."""
    summary.outcome.warnings += lake.name_foreign_columns()
    summary.exit_code = _exit_code(summary.outcome, settings.resources)
    summary.end(client.now() if client else utc_now())
    try:
        record_run(lake, _run_record(summary, client))
    except TableUnreadable as error:  # what was done is done, and is said on the terminal
        summary.outcome.fail(TABLES_HELD, str(error))
        summary.exit_code = _exit_code(summary.outcome, settings.resources)


def note_unreadable(outcome: Outcome, lines: Sequence[str]) -> None:
    """Take note of operators' tables that cannot be opened."""
    for line in lines:
        outcome.fail(TABLES_HELD, line)


def make_tables(lake: Lake, resources: Collection[str]) -> list[str]:
    """Every table is there from the first run on, also where nothing is in it.

    Silver tables that cannot be opened are for the load to name, which holds them back.

    Returns:
        What is to be said of other operators' tables that cannot be opened.

    Raises:
        TableUnreadable: a table cannot be opened without which it would be a guess what was loaded.
    """
    wanted = [table.name for table in TABLES.values() if table.resource in resources]
    unopened(lake, wanted)
    for name in filter(is_needed, ops_tables.TABLES):
        lake.ops(name)

    def make(name: str) -> str | None:
        try:
            lake.ops(name)
        except TableUnreadable as error:
            return str(error)
        return None

    others = [name for name in ops_tables.TABLES if not is_needed(name)]
    with workers(lake.spark, SIDE_BY_SIDE, "tables") as pool:
        return [*filter(None, pool.map(make, others))]


def wanted_of(
    settings: Settings, run_id: str, start: datetime | None = None, end: datetime | None = None
) -> IngestScope:
    """What a run with these settings reads."""
    return IngestScope(
        account_id=settings.account,
        run_id=run_id,
        resources=settings.resources,
        start=start or settings.start_time,
        end=end,
        lookback=settings.lookback,
        indexing_lag=settings.indexing_lag,
        full_profiles_every=settings.full_profiles_every,
        full_members_every=settings.full_members_every,
        metrics=settings.metrics,
        threads=settings.max_concurrent_requests,
    )


def _exit_code(outcome: Outcome, resources: Sequence[str]) -> int:
    if outcome.resume_at is not None:
        return 4
    if not outcome.failed:
        return 0
    return 1 if set(resources) <= outcome.unread else 3


def _run_record(summary: Summary, client: Client | None) -> RunRecord:
    stats, outcome = client.stats() if client else None, summary.outcome
    return RunRecord(
        run_id=summary.run_id,
        account_id=summary.account,
        command=summary.verb,
        started_at=summary.started_at,
        finished_at=summary.finished_at,
        exit_code=summary.exit_code,
        errors=[line for lines in outcome.failed.values() for line in lines],
        warnings=outcome.warnings,
        requests=sum(stats.requests.values()) if stats else 0,
        retries=stats.retries if stats else 0,
        pages=outcome.pages,
        bytes=outcome.bytes,
        resumed_walk_ids=outcome.resumed_walk_ids,
    )
