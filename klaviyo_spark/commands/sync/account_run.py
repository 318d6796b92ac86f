"""One account's run, step by step: ask, load, end. ``pipeline`` puts the steps together."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from klaviyo_spark import messages
from klaviyo_spark.bronze.ingest import ingest
from klaviyo_spark.bronze.plan import Plan
from klaviyo_spark.bronze.planner import IngestScope
from klaviyo_spark.bronze.reports import ReportScope
from klaviyo_spark.client.client import Client
from klaviyo_spark.clock import utc_now
from klaviyo_spark.commands.sync.account_context import AccountContext
from klaviyo_spark.commands.sync.preload import Preload
from klaviyo_spark.errors import TableDiffers, TableUnreadable, exit_code_of, words_of
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.progress import Shows, Stage, sum_of_left
from klaviyo_spark.resources import TABLES
from klaviyo_spark.schema.sql_text import portable
from klaviyo_spark.silver import orphans
from klaviyo_spark.silver.models import Load, RefinePolicy
from klaviyo_spark.silver.rebuild import Rebuild
from klaviyo_spark.silver.reconcile import reconcile
from klaviyo_spark.state.models import TABLES_HELD, Outcome
from klaviyo_spark.state.runs import RunRecord, record_failed_run, record_run
from klaviyo_spark.state.store import tables_of_other_policy

logger = logging.getLogger(__name__)

# What has failed where a run could not go on at all.
EVERYTHING = "all"
Verb = Literal["sync", "ingest", "refine", "verify"]


@dataclass(frozen=True)
class RunRequest:
    """What a run is to do, whichever accounts it is of.

    Args:
        verb: ``verify`` is its repair.
        start, end: times named on the command line; conf's ``start`` is the default.
        wait: for another run on the lake to end.
        anew: make the tables of the resources again, from all that has landed.
        run_id: holds the lake, and is that of a sole account's run; several have one each.
        plan: what to read instead of what is due. Silver may have held it before.
        mend: make tables whose rows somebody else has changed again.
    """

    verb: Verb
    start: datetime | None = None
    end: datetime | None = None
    wait: bool = False
    anew: bool = False
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    plan: Plan | None = None
    mend: bool = False


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
        self.loads += loads
        self.outcome.warnings += [note for load in loads for note in load.check_warnings]
        for line in (line for load in loads for line in load.errors):
            self.outcome.fail(TABLES_HELD, line)


@dataclass
class AccountRun:
    """The run of one account.

    ``ended``: it is over. ``stages``: how far its reading is. ``preloads``: tables may be loaded
    while it reads, where the lake is a folder of this machine; see ``preload``.
    """

    request: RunRequest
    lake: Lake
    context: AccountContext
    summary: Summary
    ended: bool = False
    stages: Sequence[Stage] = ()
    preloads: bool = False

    def ask(self, shown: Shows, stop: threading.Event) -> None:
        """Klaviyo to bronze; see ``ingest``."""
        assert self.context.client
        began, request, settings = time.monotonic(), self.request, self.context.settings
        scope = IngestScope(
            account_id=settings.account,
            run_id=self.summary.run_id,
            resources=settings.resources,
            start=request.start or settings.start_time,
            end=request.end,
            lookback=settings.lookback,
            indexing_lag=settings.indexing_lag,
            full_profiles_every=settings.full_profiles_every,
            full_members_every=settings.full_members_every,
            metrics=settings.metrics,
            threads=settings.max_concurrent_requests,
            full_coupon_codes_every=settings.full_coupon_codes_every,
            full_predictions_every=settings.full_predictions_every,
            optional=settings.optional_resources,
            reports=ReportScope(
                settings.attribution_window,
                settings.full_reports_every,
                settings.conversion_metrics,
                named=frozenset(settings.resources) - {*settings.plus_groups},
            ),
        )
        preload = None
        if self.preloads and self.lake.for_small_tables():
            preload = Preload(self.lake, settings.account, settings.resources, self._policy, stop)
        client = self.context.client
        try:
            read = ingest(self.lake, client, scope, shown, stop, request.plan, preload)
        finally:  # nobody else may hold the lake before it has ended
            self.summary.ingest_s = time.monotonic() - began
            self.summary.add_loads(preload.end() if preload else [])
        self.summary.outcome.add(read)

    def load(self, rebuild: Rebuild | None = None) -> None:
        """Bronze to silver; with ``rebuild``, into tables that are made anew for all accounts."""
        settings, policy = self.context.settings, self._policy
        if rebuild is not None:
            loads = rebuild.make(settings.account, settings.resources, policy)
        else:
            loads = reconcile(
                self.lake,
                settings.account,
                settings.resources,
                policy,
                outcome=self.summary.outcome,
                mend=self.request.mend,
            )
        self.summary.add_loads(loads)

    @property
    def _policy(self) -> RefinePolicy:
        settings, run_id = self.context.settings, self.summary.run_id
        return RefinePolicy(
            keep_event_properties=settings.event_properties,
            severities=dict(settings.checks.items()),
            max_deleted_share=settings.max_deleted_share,
            loads_by=settings.loads_by,
            run_id=run_id,
            reread=run_id if self.request.plan is not None else "",
        )

    def note_personal_data_policy(self) -> None:
        """Say which tables still show personal data as conf said before."""
        settings = self.context.settings
        otherwise = tables_of_other_policy(self.lake, settings.account, settings.resources)
        if otherwise:
            self.summary.outcome.warnings.append(
                messages.silver.OTHER_POLICY(tables=", ".join(otherwise))
            )

    def end(self) -> None:
        """Write down a run that has come to its end."""
        self.ended = True  # whatever becomes of its row
        summary, resources = self.summary, self.context.settings.resources
        summary.outcome.warnings += self.lake.name_foreign_columns()
        summary.exit_code = _exit_code(summary.outcome, resources)
        summary.end(self._end_time())
        try:
            record_run(self.lake, _run_record(summary, self.context.client))
        except TableUnreadable as error:  # what was done is done, and is said on the terminal
            summary.outcome.fail(TABLES_HELD, str(error))
            summary.exit_code = _exit_code(summary.outcome, resources)

    def fail(self, error: BaseException) -> None:
        """Write down a run that could not be made, or not go on, whatever ended it."""
        self.ended = True
        summary = self.summary
        summary.outcome.fail(EVERYTHING, words_of(error))
        summary.exit_code = exit_code_of(error)
        summary.end(self._end_time())
        record_failed_run(self.lake, _run_record(summary, self.context.client))

    def _end_time(self) -> datetime:
        client = self.context.client
        return client.now() if client else utc_now()

    def show(self, stages: Sequence[Stage]) -> None:
        """Take note of how far it is, as ``Reporter`` does."""
        self.stages = stages

    def as_one_stage(self) -> Stage:
        """All that is being read of the account as one stage."""
        return Stage(
            self.context.account,
            sum(stage.done for stage in self.stages),
            sum_of_left(stage.left for stage in self.stages),
            records=sum(stage.records for stage in self.stages),
            share=max((stage.share or 0.0 for stage in self.stages), default=None),
        )


@contextmanager
def timed_refining(runs: Sequence[AccountRun]) -> Iterator[None]:
    """Count the time of the block as refining of each of these accounts."""
    began = time.monotonic()
    yield
    for one in runs:
        one.summary.refine_s += time.monotonic() - began


def list_orphans(lake: Lake, account_id: str, loads: Sequence[Load]) -> None:
    """List orphaned flows anew, where what they are found in has changed.

    Where a table that is needed for it cannot be opened, which is said, the list stays as it was.
    """
    touched = {load.table for load in loads if load.inserted or load.updated}
    if touched & set(orphans.NEEDS):
        mine = f"_account_id = {portable(account_id)}"
        small = lake.for_small_tables()
        try:
            if small and small.holds(*(TABLES[name] for name in orphans.NEEDS)):
                lake = small
            silver = {name: lake.silver(TABLES[name]).where(mine) for name in orphans.NEEDS}
            lake.replace_ops("orphaned_flows", orphans.orphaned_flows(silver), mine)
        except (TableDiffers, TableUnreadable) as error:
            logger.debug("orphaned flows stay as they were: %s", error)


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
