"""One run of a verb for several accounts of one lake: each by itself, so that none stops another.

Klaviyo limits each account by itself, so some are read side by side, each with its own limiter,
threads, ledger and watermarks. Silver is written for one account after the other.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent import futures
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from klaviyo_spark.commands.catalog import publish
from klaviyo_spark.commands.interrupts import until_interrupted
from klaviyo_spark.commands.sync import pipeline
from klaviyo_spark.commands.sync.account_context import AccountContext
from klaviyo_spark.commands.sync.pipeline import Summary, Verb
from klaviyo_spark.errors import Interrupted, words_of
from klaviyo_spark.lake.counts import row_counts
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.log import account_context
from klaviyo_spark.progress import Reporter, Silent, Stage, sum_of_left
from klaviyo_spark.silver.rebuild import Rebuild
from klaviyo_spark.silver.reconcile import reconcile

logger = logging.getLogger(__name__)

# Each holds a bounded number of pages, so memory is bounded too.
SIDE_BY_SIDE = 4
_LOOK_S = 0.5


def run(
    verb: Verb,
    lake: Lake,
    parts: Sequence[AccountContext],
    start: datetime | None = None,
    end: datetime | None = None,
    *,
    wait: bool = False,
    show: Reporter | None = None,
    anew: bool = False,
) -> list[Summary]:
    """One run of a verb for each account, the lake held for all of them; see ``pipeline.run``.

    Returns:
        A summary per account; of one that failed, ``outcome.failed`` says why.

    Raises:
        LakeBusy: another run holds the lake.
        Interrupted: Ctrl-C or SIGTERM came while Klaviyo was being asked.
        TableUnreadable: a table cannot be opened that says what was loaded.
    """
    with pipeline.exclusive(verb, lake, uuid.uuid4().hex, wait):
        runs = _Runs(verb, lake, parts)
        try:
            if verb != "refine":
                runs.ask(start, end, show or Silent())
            if verb != "ingest":
                runs.load_account(anew)
            runs.end()
        except BaseException as error:
            runs.break_off(error)
            raise
    return [one.summary for one in runs.all]


@dataclass
class _Run:
    """One account's run; ``stages`` is how far its reading is."""

    part: AccountContext
    summary: Summary
    ended: bool = False
    stages: Sequence[Stage] = ()

    def show(self, stages: Sequence[Stage]) -> None:
        """Take note of how far it is, as ``Reporter`` does."""
        self.stages = stages

    def as_one_stage(self) -> Stage:
        """All that is being read of the account as one stage."""
        return Stage(
            self.part.account,
            sum(stage.done for stage in self.stages),
            sum_of_left(stage.left for stage in self.stages),
            records=sum(stage.records for stage in self.stages),
            share=max((stage.share or 0.0 for stage in self.stages), default=None),
        )


class _Runs:
    """The runs of all accounts, phase by phase."""

    def __init__(self, verb: Verb, lake: Lake, parts: Sequence[AccountContext]) -> None:
        self.lake = lake
        self._published = False
        self.all = [_Run(part, pipeline.begin(verb, part.settings)) for part in parts]

    def ask(self, start: datetime | None, end: datetime | None, show: Reporter) -> None:
        """Read what is due of each account; what has landed stays, whatever becomes of others."""
        with show as shown, until_interrupted() as stop, ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            pending = {pool.submit(self._ask, one, start, end, stop) for one in self.all}
            while pending:
                # Shown from here, not from where it is read: notebooks draw in one thread alone.
                _, pending = futures.wait(pending, _LOOK_S, futures.FIRST_COMPLETED)
                shown.show([one.as_one_stage() for one in self.all if one.stages])
        if stop.is_set():
            interrupted = Interrupted(
                "interrupted; what was fetched has landed, the same command goes on from there"
            )
            for one in self._left():
                self._failed(one, interrupted)
            raise interrupted

    def load_account(self, anew: bool) -> None:
        """Refine what has landed, one account after the other."""
        if not self._left():
            return
        resources = {name for one in self._left() for name in one.part.settings.resources}
        again = Rebuild(self.lake, resources) if anew else None
        unreadable = [] if again else pipeline.make_tables(self.lake, sorted(resources))
        for one in self._left():
            pipeline.note_unreadable(one.summary.outcome, unreadable)
        for one in self._left():
            with self._by_itself(one):
                self._refine(one, again)
                if again is None:
                    self._end(one)
        if again is not None:
            again.publish()
            for one in self._left():
                with self._by_itself(one):
                    self._end(one)

    def end(self) -> None:
        """Write down what has not been yet."""
        for one in self._left():
            with self._by_itself(one):
                self._note_end(one)

    def _left(self) -> list[_Run]:
        return [one for one in self.all if not one.ended]

    def _ask(
        self, one: _Run, start: datetime | None, end: datetime | None, stop: threading.Event
    ) -> None:
        part = one.part
        with self._by_itself(one):
            if part.error:
                raise part.error
            if part.client and not stop.is_set():
                pipeline.ask(
                    one.summary, self.lake, part.settings, part.client, start, end, one, stop
                )
        one.stages = ()

    def _refine(self, one: _Run, again: Rebuild | None) -> None:
        began = time.monotonic()

        settings = one.part.settings
        policy = pipeline.policy_of(settings, one.summary.run_id)
        whose = (settings.account, settings.resources, policy)
        if again is not None:
            loads = again.make(*whose)
        else:
            loads = reconcile(self.lake, *whose, outcome=one.summary.outcome)
        one.summary.add_loads(loads)
        one.summary.refine_s = time.monotonic() - began

    def _end(self, one: _Run) -> None:
        """What follows once an account's rows are there."""
        pipeline.list_orphans(self.lake, one.part.account, one.summary.loads)
        pipeline.note_personal_data_policy(one.summary, self.lake, one.part.settings)
        one.summary.rows = row_counts(self.lake.for_account(one.part.account))
        if not self._published:  # the catalog is everybody's
            one.summary.outcome.warnings += publish(self.lake)
            self._published = True
        self._note_end(one)

    def _note_end(self, one: _Run) -> None:
        pipeline.note_end(one.summary, self.lake, one.part.settings, one.part.client)
        one.ended = True

    @contextmanager
    def _by_itself(self, one: _Run) -> Iterator[None]:
        """What goes wrong in the block ends the account's run, and no other."""
        with account_context(one.part.account):
            try:
                yield
            except Exception as error:
                logger.error("%s", words_of(error))
                logger.debug("its trace:", exc_info=True)
                self._failed(one, error)

    def _failed(self, one: _Run, error: BaseException) -> None:
        one.ended = True
        pipeline.note_failure(one.summary, self.lake, error, one.part.client)

    def break_off(self, error: BaseException) -> None:
        """Write down the runs that have not ended, which ``error`` ends."""
        for one in self._left():
            self._failed(one, error)
