"""A run from end to end: ingest, refine, and what is said of it at the end. Read this first.

sync = ingest (Klaviyo -> bronze), then refine (bronze -> silver)

In a folder some tables are loaded while Klaviyo is still being asked for others (``preload``).

A run is of one or more accounts of one lake. Klaviyo limits each account by itself, so some are
read side by side, each with its own limiter, threads, ledger and watermarks. Silver is written for
one account after the other. ``account_run`` holds the steps of each.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Collection, Iterator, Sequence
from concurrent import futures
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager

from klaviyo_spark import messages
from klaviyo_spark.clock import utc_now
from klaviyo_spark.commands.catalog import publish, publish_dbt
from klaviyo_spark.commands.interrupts import until_interrupted
from klaviyo_spark.commands.sync.account_context import AccountContext
from klaviyo_spark.commands.sync.account_run import (
    AccountRun,
    RunRequest,
    Summary,
    list_orphans,
    timed_refining,
)
from klaviyo_spark.errors import Interrupted, words_of
from klaviyo_spark.lake.counts import row_counts
from klaviyo_spark.lake.file_lock import Holder
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.lake.lock import lock_lake
from klaviyo_spark.lake.unreadable import is_needed
from klaviyo_spark.log import account_context
from klaviyo_spark.progress import Reporter, Shows, Silent
from klaviyo_spark.resources import TABLES
from klaviyo_spark.schema import ops_tables
from klaviyo_spark.silver.held_back import unopened
from klaviyo_spark.silver.models import Load
from klaviyo_spark.silver.rebuild import Rebuild
from klaviyo_spark.state.models import TABLES_HELD, Outcome

logger = logging.getLogger(__name__)

# Accounts that are read at once. Each holds a bounded number of pages, so memory is bounded too.
SIDE_BY_SIDE = 4
_LOOK_S = 0.5


def run(
    request: RunRequest,
    lake: Lake,
    accounts: Sequence[AccountContext],
    show: Reporter | None = None,
) -> list[Summary]:
    """One run for each account, the lake held for all of them.

    Args:
        show: where progress is shown: a stage per resource of a sole account, else per account.

    Returns:
        A summary per account; of one among several that failed, ``outcome.failed`` says why.

    Raises:
        LakeBusy: another run holds the lake.
        Interrupted: Ctrl-C or SIGTERM came while Klaviyo was being asked.
        TableUnreadable: a table cannot be opened that says what was loaded.
        KlaviyoSparkError: the run of a sole account could not be made at all.
    """
    with exclusive(request.verb, lake, request.run_id, request.wait):
        return run_on_held_lake(request, lake, accounts, show)


def exclusive(verb: str, lake: Lake, run_id: str, wait: bool) -> AbstractContextManager[None]:
    """Hold the lake while the block runs; see ``lock.lock_lake``."""
    return lock_lake(lake, Holder.me(run_id, verb), wait=wait)


def run_on_held_lake(
    request: RunRequest,
    lake: Lake,
    accounts: Sequence[AccountContext],
    show: Reporter | None = None,
) -> list[Summary]:
    """A run on a lake that is held already; see ``run``."""
    runs = _Runs(request, lake, accounts)
    try:
        if request.verb != "refine":
            runs.ask(show or Silent())
        if request.verb != "ingest":
            runs.refine()
        runs.end()
    except BaseException as error:
        runs.fail(error)
        raise
    return [one.summary for one in runs.all]


def repair(
    request: RunRequest, lake: Lake, account: AccountContext, outcome: Outcome, shown: Shows
) -> list[Load]:
    """Read what the request plans, if anything, and refine it; its caller holds the lake.

    Args:
        outcome: takes note of what was read, and of what did not go well.
    """
    one = begin(request, lake, account, request.run_id)
    one.summary.outcome = outcome
    if request.plan is not None:
        with until_interrupted() as stop:
            one.ask(shown, stop)
    one.load()
    list_orphans(lake, account.account, one.summary.loads)
    return one.summary.loads


def begin(request: RunRequest, lake: Lake, account: AccountContext, run_id: str) -> AccountRun:
    """The run of an account that begins now."""
    summary = Summary(run_id, request.verb, utc_now(), account=account.account)
    return AccountRun(request, lake, account, summary)


class _Runs:
    """The runs of all accounts, step by step.

    What goes wrong with a sole account is raised, and its log lines need no name. Of several, each
    is by itself, so that none stops another.
    """

    def __init__(self, request: RunRequest, lake: Lake, accounts: Sequence[AccountContext]) -> None:
        self.request, self.lake = request, lake
        self.is_sole = len(accounts) == 1
        ids = [request.run_id] if self.is_sole else [uuid.uuid4().hex for _ in accounts]
        self.all = [begin(request, lake, *one) for one in zip(accounts, ids, strict=True)]
        # Silver is written for one account after the other.
        self.all[0].preloads = self.is_sole and request.verb == "sync" and not request.anew
        self._published = False
        self._resources: list[str] = []

    def ask(self, show: Reporter) -> None:
        """Read what is due of each account; what has landed stays, whatever becomes of others."""
        if self.request.verb == "sync" and not self.lake.has_pages:
            self.lake.session.prepare()  # the first pages are news for certain
        with show as shown, until_interrupted() as stop:
            if self.is_sole:
                self._ask(self.all[0], shown, stop)
            else:
                self._ask_side_by_side(shown, stop)
        if stop.is_set() and self.is_sole:  # when all had been asked
            raise Interrupted(messages.command_line.INTERRUPTED_REFINE())
        if stop.is_set():
            raise Interrupted(messages.command_line.INTERRUPTED_INGEST())

    def refine(self) -> None:
        """Refine what has landed, one account after the other."""
        left = self._left()
        if not left:
            return
        self._resources = resources = sorted(
            {name for one in left for name in one.context.settings.resources}
        )
        rebuild = Rebuild(self.lake, resources) if self.request.anew else None
        if rebuild is None:  # whose tables may be those of another release
            with timed_refining(left):
                unreadable = make_tables(self.lake, resources)
            for one in left:
                for line in unreadable:
                    one.summary.outcome.fail(TABLES_HELD, line)
        for one in left:
            with self._by_itself(one):
                with timed_refining([one]):
                    one.load(rebuild)
                if rebuild is None:
                    self._finish(one)
        if rebuild is not None:
            with timed_refining(self._left()):
                rebuild.publish()
            for one in self._left():
                with self._by_itself(one):
                    self._finish(one)

    def end(self) -> None:
        """Write down what has not been yet."""
        for one in self._left():
            with self._by_itself(one):
                one.end()

    def fail(self, error: BaseException) -> None:
        """Write down the runs that have not ended, which ``error`` ends."""
        for one in self._left():
            one.fail(error)

    def _left(self) -> list[AccountRun]:
        return [one for one in self.all if not one.ended]

    def _ask_side_by_side(self, shown: Shows, stop: threading.Event) -> None:
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            pending = {pool.submit(self._ask, one, one, stop) for one in self.all}
            while pending:
                # Shown from here, not from where it is read: notebooks draw in one thread alone.
                _, pending = futures.wait(pending, _LOOK_S, futures.FIRST_COMPLETED)
                shown.show([one.as_one_stage() for one in self.all if one.stages])

    def _ask(self, one: AccountRun, shown: Shows, stop: threading.Event) -> None:
        context = one.context
        with self._by_itself(one):
            if context.error:
                raise context.error
            if context.client and not stop.is_set():
                one.ask(shown, stop)
                one.summary.outcome.warnings += context.client.clock_notes()
        one.stages = ()

    def _finish(self, one: AccountRun) -> None:
        """What follows once an account's rows are there."""
        with timed_refining([one]):
            list_orphans(self.lake, one.context.account, one.summary.loads)
            one.note_personal_data_policy()
            # A sole account's lake is handed in as that account is to see it.
            lake = self.lake if self.is_sole else self.lake.for_account(one.context.account)
            one.summary.rows = row_counts(lake, one.context.settings.resources)
            if not self._published:  # the catalog is everybody's
                one.summary.outcome.warnings += publish(self.lake, self._resources)
                every = [each.context.settings for each in self.all]
                one.summary.outcome.warnings += publish_dbt(self.lake, every)
                self._published = True
        one.end()

    @contextmanager
    def _by_itself(self, one: AccountRun) -> Iterator[None]:
        """What goes wrong in the block ends the account's run, and no other of several."""
        if self.is_sole:
            yield
            return
        with account_context(one.context.account):
            try:
                yield
            except Exception as error:
                logger.error("%s", words_of(error))
                logger.debug("its trace:", exc_info=True)
                one.fail(error)


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
    lake.open(*filter(is_needed, ops_tables.TABLES))
    others = [name for name in ops_tables.TABLES if not is_needed(name)]
    errors = unopened(lake, others)
    return [f"{errors[name]}" for name in others if name in errors]
