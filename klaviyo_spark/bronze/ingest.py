"""Klaviyo to bronze: ask, land, remember what has been read.

In rounds, since what is asked depends on what was answered: the listings; who joined lists and
segments; then all that is long, side by side, with counts of members among it; last, groups that
somebody has left. What an earlier run that was cut short has landed is not asked again. It is long,
since what is done with an answer, whatever it is, is decided in one place.
"""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from klaviyo_spark import messages
from klaviyo_spark.bronze import request_plan, revisions, unknown_fields
from klaviyo_spark.bronze.account_identity import METRICS, check_account, ids_on
from klaviyo_spark.bronze.lander import Lander
from klaviyo_spark.bronze.lost_pages import check_bronze
from klaviyo_spark.bronze.plan import Plan, Preloads
from klaviyo_spark.bronze.planner import IngestPlanner, IngestScope
from klaviyo_spark.bronze.refusals import Refusals
from klaviyo_spark.bronze.report_pages import unequal_arrays
from klaviyo_spark.bronze.report_windows import without_money
from klaviyo_spark.bronze.response_audit import Audit
from klaviyo_spark.client.client import Client
from klaviyo_spark.client.paginator import Failed, Fetched, PageFetcher
from klaviyo_spark.client.walk import Walk
from klaviyo_spark.errors import (
    IncludeRefused,
    Interrupted,
    KlaviyoSparkError,
    MissingScope,
    OlderRevisionRetired,
    RateLimitTooLong,
    Stopped,
    TableUnreadable,
    UnknownId,
    ValuesRefused,
)
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.progress import Shows, Stage, sum_of_left
from klaviyo_spark.resources import ENDPOINTS, RESOURCES
from klaviyo_spark.schema.endpoint import Endpoint
from klaviyo_spark.state import daily_requests
from klaviyo_spark.state.models import TABLES_HELD, Outcome
from klaviyo_spark.state.resume_points import ResumePoint
from klaviyo_spark.state.watermarks import as_row, ends, repeated_differences, watermarks


def ingest(
    lake: Lake,
    client: Client,
    wanted: IngestScope,
    progress: Shows,
    stop: threading.Event | None = None,
    plan: Plan | None = None,
    preload: Preloads | None = None,
) -> Outcome:
    """Read what is due and land it.

    Args:
        preload: told of endpoints that are not asked again.
        stop: once set, what is in hand is landed and no more is asked.
        plan: what to read instead of what is due.

    Returns:
        The outcome; a resource that failed is in it, the others have landed.

    Raises:
        OtherAccount: Klaviyo answers for another account than the lake's, or for one that the lake
            has under another name; nothing has landed.
        Unauthorized, Unreachable: every request would fail alike.
        Interrupted: ``stop`` was set.
    """
    stop = stop or threading.Event()
    return _Ingest(lake, client, wanted, progress, stop, preload).run(plan)


class _Ingest:
    def __init__(
        self,
        lake: Lake,
        client: Client,
        wanted: IngestScope,
        progress: Shows,
        stop: threading.Event,
        preload: Preloads | None,
    ) -> None:
        self.lake, self.client, self.wanted = lake, client, wanted
        self.progress, self.stop, self.preload = progress, stop, preload
        self.outcome = Outcome()
        self.lander = Lander(lake, wanted.account_id, wanted.run_id)
        self._watch = unknown_fields.UnknownFieldDetector()
        self._done: Counter[tuple[str, str]] = Counter()  # pages and records of earlier rounds
        self._audit = Audit()
        self._asked: set[str] = set()
        self._read_to_end: set[str] = set()  # endpoints that are not asked again
        self._has_listings = False
        self._is_over = False

    def run(self, plan: Plan | None) -> Outcome:
        """All rounds, then the watermarks; what is in hand is landed whatever happens."""
        self.client.learn_time()
        self.bronze = check_bronze(self.lake, self.wanted.account_id, self.outcome)
        self._count_day()
        self.lander.is_reread = plan is not None
        self.plan: Plan = plan or IngestPlanner(self.lake, self.client, self.wanted, self.outcome)
        self.refusals = Refusals(
            self.lake, self.wanted.account_id, self.plan, self.outcome, self.wanted.optional
        )
        try:
            for number, walks in enumerate(self.plan.rounds()):
                left: Sequence[Walk] = walks if number else self._identified(walks)
                while left:
                    left = self._fetch(left)
                self._has_listings = True
                if not number:
                    self._preload()
            self._is_over = True
        finally:
            self.lander.flush()
            self._remember()
            self.refusals.end(self._asked)
            self.outcome.warnings += self._audit.warnings()
            self.outcome.pages, self.outcome.bytes = self.lander.pages, self.lander.bytes
            self.outcome.resumed_walk_ids = tuple(walk.walk_id for walk in self._resumed())
        return self.outcome

    def _count_day(self) -> None:
        """Let what earlier runs have sent count in budgets of a day."""
        limited = {e.budget: e for e in ENDPOINTS.values() if e.rate.daily}
        if any(e.resource in self.wanted.resources for e in limited.values()):
            sent = daily_requests.sent_lately(self.lake, self.wanted.account_id, self.client.now())
            for budget, times in sent.items():
                if budget in limited:
                    self.client.add_sent(limited[budget], times)

    def _preload(self) -> None:
        """Let tables be loaded whose endpoints have all been read to the end.

        Of the listings, which take seconds, all at once.
        """
        if not self.preload or not self._has_listings:
            return
        if self.preload.has_work(self._read_to_end):
            self.lander.flush()
            self.preload.begin(frozenset(self._read_to_end))

    def _identified(self, walks: Sequence[Walk]) -> Sequence[Walk]:
        """The walks that are left once it is known that the answers are this account's.

        The metrics are asked for first, and their pages land when they have been recognised.

        Raises:
            OtherAccount: they are not; nothing has landed.
        """
        identity = self.plan.identity
        if identity is None or not identity.can_be_told:
            return walks
        own = [w for w in walks if w.endpoint == METRICS and w.first_page == 1]
        if not own:  # nobody wants them, or an earlier run has landed them
            with suppress(Stopped):  # the next fetch ends the run
                self.outcome.warn(check_account(identity, self.client, self.stop))
            return walks
        held: list[Fetched] = []
        try:
            self._fetch(own, held.append)
        finally:
            found = ids_on(got.page.body for got in held)
            refusal = identity.refusal(found)
            for got in held if refusal is None else ():
                self._take(got)
        if refusal is not None:
            missing = METRICS.resource in self.outcome.failed or bool(self.outcome.stopped)
            if not (missing and identity.is_known):  # a part proves that they are another name's
                raise refusal
            self.outcome.warn(identity.check_listings(self.client, self.stop))
            for got in held:
                self._take(got)
        return [walk for walk in walks if walk not in own]

    def _fetch(
        self, walks: Sequence[Walk], take: Callable[[Fetched], None] | None = None
    ) -> list[Walk]:
        """Walk side by side; what came before an error that meets all walks has been taken.

        Args:
            take: what becomes of pages, if they do not land at once.

        Returns:
            Walks to make in the place of some that Klaviyo refused for one id of theirs.
        """
        self._asked |= {walk.endpoint.name for walk in walks}
        walks = [walk for walk in walks if walk.endpoint.budget not in self.outcome.stopped]
        again: list[Walk] = []

        def end(endpoint: str) -> None:
            asked_again = {walk.endpoint.name for walk in again}
            # Members may be asked for once more in a later round.
            if not ENDPOINTS[endpoint].members and endpoint not in asked_again:
                self._read_to_end.add(endpoint)
                self._preload()

        crew = PageFetcher(walks, self.client, threads=self.wanted.threads, on_end=end)
        fatal: KlaviyoSparkError | None = None
        refused: list[tuple[Walk, MissingScope]] = []
        for got in crew.pages(self.stop):
            match got:
                case Fetched():
                    (take or self._take)(got)
                case Failed(_, error) if got.stops_all:
                    fatal = fatal or error
                case Failed(walk, RateLimitTooLong() as error):
                    if walk.endpoint.budget not in self.outcome.stopped:  # once, of all in flight
                        self.outcome.warn(f"{walk.endpoint.name}: {error}")
                    self.outcome.stop(walk.endpoint, error.resume_at)
                case Failed(walk, OlderRevisionRetired() as error):
                    self.outcome.warn(f"{error}; {revisions.loss(walk.endpoint)}")
                case Failed(walk, UnknownId() as error) if "metric_ids" in walk.facts:
                    again += self.refusals.without_metrics(walk, error, self.client.base_url)
                case Failed(walk, ValuesRefused()) if less := _without_money(walk):
                    metric = walk.facts.get("conversion_metric_id", "")
                    self.outcome.warn(messages.bronze.NO_VALUES(metric=metric))
                    again.append(less)
                case Failed(walk, IncludeRefused()) if _may_lack_include(walk):
                    included = walk.endpoint.params["include"]
                    self.outcome.warn(
                        messages.bronze.INCLUDE_REFUSED(name=walk.endpoint.name, included=included)
                    )
                    again.append(request_plan.without_include(self.client.base_url, walk))
                case Failed(walk, MissingScope() as error):
                    refused.append((walk, error))
                case Failed(walk, error):
                    self.refusals.fail(walk.endpoint, error)
            self.progress.show(self._stages(crew))
            self._preload()  # what was being loaded may be done
        for walk, error in refused:
            self.refusals.forbid(walk, error)
        for name, (pages, records, _) in crew.standings().items():
            self._done["pages", name] += pages
            self._done["records", name] += records
        if fatal:
            raise fatal
        if self.stop.is_set():
            raise Interrupted(messages.command_line.INTERRUPTED_INGEST())
        return again

    def _take(self, got: Fetched) -> None:
        if got.page.status == 200 and self._is_uneven(got):
            return
        self.lander.take(got)
        self.refusals.note_page(got.walk.endpoint, got.page.status)
        if got.page.status == 200:
            walk = got.walk
            self._watch.look(walk.endpoint.name, got.page.body, got.page.fetched_at)
            self._audit.look(got)
            self._note_open_end(got)
            self.plan.note(walk.endpoint.name, walk.facts, walk.parent_id, got.page.body)

    def _is_uneven(self, got: Fetched) -> bool:
        """Whether nobody can tell what the numbers of a page are of; then it is said."""
        endpoint, facts = got.walk.endpoint, got.walk.facts
        places = unequal_arrays(endpoint.name, got.page.body)
        if places:
            self.outcome.fail(
                endpoint.resource,
                messages.bronze.UNEQUAL_ARRAYS(
                    name=endpoint.name,
                    page_number=got.page_number,
                    first=facts.get("first"),
                    last=facts.get("last"),
                    places=", ".join(places),
                ),
            )
        return bool(places)

    def _note_open_end(self, got: Fetched) -> None:
        """Let a run of a window that was asked for fail where it may lack a part: none reads on."""
        if got.is_open_end and got.walk.bounds is not None and self.wanted.end is not None:
            name, resource = got.walk.endpoint.name, got.walk.endpoint.resource
            self.outcome.fail(
                resource,
                messages.bronze.WINDOW_WITHOUT_LAST_PAGE(name=name),
            )

    def _stages(self, crew: PageFetcher) -> list[Stage]:
        """How far each resource is, earlier rounds counted in."""
        found = crew.standings()
        stages = []
        for resource in RESOURCES.values():
            asked = [e for e in resource.endpoints if e.name in found]
            if not asked:
                continue
            names = [e.name for e in asked]
            stages.append(
                Stage(
                    resource.name,
                    done=sum(found[n][0] + self._done["pages", n] for n in names),
                    left=sum_of_left(found[n][2] for n in names),
                    records=sum(found[n][1] + self._done["records", n] for n in names),
                    share=max(self.client.limiter.usage(e.budget) for e in asked),
                )
            )
        return stages

    def _ended(self) -> list[Endpoint]:
        """Endpoints that have been asked all there was to ask, or that failed."""
        asked = {*self._asked, *(walk.endpoint for walk in self.plan.kept.values())}
        endpoints = [ENDPOINTS[name] for name in sorted(asked)]
        return [one for one in endpoints if one.budget not in self.outcome.stopped]

    def _resumed(self) -> list[ResumePoint]:
        """Walks of earlier runs that this one has gone on with to their end."""
        return [
            walk
            for walk in self.plan.kept.values()
            if ENDPOINTS[walk.endpoint].resource not in self.outcome.failed
            and ENDPOINTS[walk.endpoint].budget not in self.outcome.stopped
        ]

    def _remember(self) -> None:
        """Write down what has been read, as far as it has landed, and what a day's budget paid."""
        of_run = (self.wanted.account_id, self.wanted.run_id)
        if spent := daily_requests.as_rows(self.client.take_sent(), *of_run):
            self.lake.append_ops(daily_requests.TABLE, spent)
        walks = {**self.plan.kept, **self.lander.walks}
        names, now = self.plan.metric_names, self.client.now()
        margin, counts = self.wanted.indexing_lag, self.plan.member_counts
        found = [*watermarks(walks.values(), names, now, margin, counts)]
        for mark in repeated_differences(found, self.plan.group_reads):
            self.outcome.warn(
                messages.bronze.MEMBER_COUNT_DIFFERS(
                    resource=mark.resource, difference=mark.difference, scope=mark.scope
                )
            )
        bronze, account_id, run_id = self.bronze, self.wanted.account_id, self.wanted.run_id
        if self._is_over:
            # In the same commit: what it says holds whatever becomes of the run in refine.
            found += ends(self._ended(), self._resumed(), run_id, self.client.now())
        of = (account_id, bronze.table_id, bronze.version)
        # A walk that another run has landed is none of this run's commits.
        commits = {run_id: self.lander.commits}
        rows = [as_row(mark, *of, commits.get(mark.run_id, 0)) for mark in found]
        if rows:
            self.lake.append_ops("watermarks", rows)
        try:
            new = unknown_fields.note(self.lake, account_id, run_id, self._watch)
        except TableUnreadable as error:
            self.outcome.fail(TABLES_HELD, str(error))
            return
        if new:
            self.outcome.warn(unknown_fields.warning(new))


def _may_lack_include(walk: Walk) -> bool:
    """Whether a walk that asks for an include can go on without it."""
    return walk.endpoint.include_is_optional and "include" in walk.endpoint.params


def _without_money(walk: Walk) -> Walk | None:
    """The same walk with a question that Klaviyo answers for any metric; None if it was that."""
    if walk.endpoint.report is None or walk.question is None:
        return None
    question = without_money(walk.endpoint.report, walk.question)
    return replace(walk, walk_id=uuid.uuid4().hex, question=question) if question else None
