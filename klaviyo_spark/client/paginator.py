"""Walks: listings followed from their first URL to the last page, side by side.

``PageFetcher.pages`` is an iterator in the caller's thread; driver threads fetch, a bounded queue
between them keeps memory constant.
"""

from __future__ import annotations

import logging
import math
import queue
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextvars import copy_context
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import unquote

from klaviyo_spark.client.client import Client, Page
from klaviyo_spark.client.page_order import Times, times_on
from klaviyo_spark.client.responses import lacks_next
from klaviyo_spark.client.scheduler import FairScheduler
from klaviyo_spark.client.urls import check_next, cursor_in_body
from klaviyo_spark.client.walk import Walk
from klaviyo_spark.errors import (
    CursorExpired,
    KlaviyoSparkError,
    RateLimitTooLong,
    RevisionRetired,
    Stopped,
    Unauthorized,
    Unreachable,
)
from klaviyo_spark.schema.endpoint import Endpoint

logger = logging.getLogger(__name__)

QUEUED_PAGES = 16
_POLL_S = 0.2
_JOIN_S = 3.0
_STOP_ALL = (Unauthorized, Unreachable)
# Errors that would meet every walk of the same budget.
_STOP_BUDGET = (RateLimitTooLong, RevisionRetired)


@dataclass(frozen=True)
class Fetched:
    """A page of a walk; ``page_number`` counts from 1.

    ``walk`` is as it stood when the page came in: its bounds nearer where it has been cut, and how
    far it has got.
    """

    walk: Walk
    page_number: int
    page: Page
    is_last: bool

    @property
    def is_open_end(self) -> bool:
        """Whether the walk ends here, though nobody says that there are no more pages.

        Then it counts as a walk that was cut short: it is no complete read, and what it was to read
        has been read up to its last record.
        """
        return self.page.next_url is None and not self.is_last


@dataclass(frozen=True)
class Failed:
    """A walk that ended with an error; the pages before it have been handed out."""

    walk: Walk
    error: KlaviyoSparkError

    @property
    def stops_all(self) -> bool:
        """Whether every other walk would fail alike, so none goes on."""
        return isinstance(self.error, _STOP_ALL)


@dataclass(frozen=True)
class _Ended:
    """All pages of an endpoint have been handed over."""

    endpoint: str


_Result = Fetched | Failed | _Ended | BaseException | None  # None: one thread has ended


def pages(
    walks: Iterable[Walk],
    client: Client,
    *,
    threads: int = 8,
    queued_pages: int = QUEUED_PAGES,
    stop: threading.Event | None = None,
) -> Iterator[Fetched | Failed]:
    """All pages of ``walks`` by a crew that does just that; see ``PageFetcher.pages``."""
    return PageFetcher(walks, client, threads=threads, queued_pages=queued_pages).pages(stop)


class PageFetcher:
    """The threads that follow ``walks``, and what they hand over.

    Args:
        walks: taken up to ``scheduler.AHEAD`` ahead, in a driver thread.
        threads: requests under way at once, at most.
        queued_pages: pages held for whoever takes them; beyond, the threads wait.
        on_end: told the name of an endpoint when the last page of its walks has been taken, by the
            thread that takes them.
    """

    def __init__(
        self,
        walks: Iterable[Walk],
        client: Client,
        *,
        threads: int = 8,
        queued_pages: int = QUEUED_PAGES,
        on_end: Callable[[str], object] | None = None,
    ) -> None:
        self._client, self._on_end = client, on_end
        self._halt = threading.Event()  # nothing new is sent
        self._gone = threading.Event()  # nobody takes results any more
        self._turns = FairScheduler(walks, max(1, threads), self._halt)
        self._out: queue.Queue[_Result] = queue.Queue(queued_pages)
        self._threads = [
            # Daemons: a download under way does not hold up the end of the process.
            threading.Thread(
                target=copy_context().run, args=(self._work,), name=f"klaviyo-{n}", daemon=True
            )
            for n in range(1, max(1, threads) + 1)
        ]

    def pages(self, stop: threading.Event | None = None) -> Iterator[Fetched | Failed]:
        """All pages as they come in: in order within a walk, mixed between walks.

        A failed walk does not end the others, unless the error would meet them all: a refused key,
        a host that is out of reach. A rate limit too long to wait for, and an endpoint or revision
        that is retired, end the walks that count in the same budget: those not begun are left out.
        When an error meets all,
        and when ``stop`` is set, no more is sent, and what is in hand is still handed out; an
        answer that Klaviyo is yet to give is waited for 3 s after a stop. Leaving the iterator
        early (Ctrl-C, ``close``) ends the threads.
        """
        try:
            yield from self._results(stop)
        finally:
            self._end()

    def standings(self) -> dict[str, tuple[int, int, float | None]]:
        """Pages and records so far, and pages left, per endpoint that has been asked."""
        return self._turns.standings()

    def _results(self, stop: threading.Event | None) -> Iterator[Fetched | Failed]:
        for thread in self._threads:
            thread.start()
        working, deadline = len(self._threads), math.inf
        while working:
            if stop is not None and stop.is_set() and deadline == math.inf:
                self._halt.set()
                deadline = time.monotonic() + _JOIN_S
            try:
                result = self._out.get(timeout=_POLL_S)
            except queue.Empty:
                if time.monotonic() > deadline:
                    return
                continue
            if result is None:
                working -= 1
            elif isinstance(result, _Ended):
                if self._on_end:
                    self._on_end(result.endpoint)
            elif isinstance(result, BaseException):
                raise result
            else:
                yield result

    def _end(self) -> None:
        """Let the threads go; those in a download end with it."""
        self._halt.set()
        self._gone.set()
        deadline = time.monotonic() + _JOIN_S
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, deadline - time.monotonic()))

    def _work(self) -> None:
        """One thread: walk after walk, until there are no more or all is halted."""
        try:
            for walk in self._turns:
                try:
                    self._follow(walk)
                except Stopped:
                    return
                except KlaviyoSparkError as error:
                    failed = Failed(walk, error)
                    if failed.stops_all:
                        self._halt.set()
                    elif isinstance(error, _STOP_BUDGET):
                        self._turns.drop(walk.endpoint.budget)
                    self._put(failed)
                finally:
                    none_left = self._turns.done(walk)
                if none_left:
                    self._put(_Ended(walk.endpoint.name))
        except BaseException as error:  # a slip of ours, or of the iterable: the caller's to see
            self._halt.set()
            self._put(error)
        finally:
            self._put(None)

    def _follow(self, walk: Walk) -> None:
        url, page_number = walk.first_url, walk.first_page
        seen: set[str] = set()
        begun_anew: set[str] = set()
        until = _asked_until(walk)
        while not self._halt.is_set():
            seen.add(url)
            gone_ok = walk.parent_id is not None
            asked, question = url, walk.question
            if question is not None and _has_cursor_in_body(walk.endpoint):
                asked, question = cursor_in_body(url, question)
            try:
                page = self._client.get(
                    walk.endpoint, asked, question=question, gone_ok=gone_ok, stop=self._halt
                )
            except CursorExpired:
                if page_number == 1 or walk.ask is None:
                    raise
                walk, url, page_number = self._without_cursor(walk, page_number)
                if url in begun_anew:  # no page further than the last time
                    raise
                begun_anew.add(url)
                seen = set()
                continue
            times = times_on(page, walk.time_field, until) if walk.time_field else Times()
            ended = _is_answer(walk, page) or (
                page.next_url is None and not _has_open_end(walk, page)
            )
            walk, is_last = self._turns.advance(walk, page.record_count, times, ended)
            # The page stands even where its next link does not.
            self._put(Fetched(walk, page_number, page, is_last))
            if is_last or page.next_url is None:
                return
            check_next(page.next_url, self._client.base_url, seen)
            url, page_number = page.next_url, page_number + 1

    def _without_cursor(self, walk: Walk, page_number: int) -> tuple[Walk, str, int]:
        """Where ``walk`` goes on without its cursor: at the time it reached, else at its start."""
        assert walk.ask
        logger.info("%s: the cursor has expired, the walk goes on without", walk.endpoint.name)
        if walk.bounds is not None and walk.max_record_time is not None:
            return walk, walk.ask(replace(walk.bounds, start=walk.max_record_time)), page_number
        return replace(walk, walk_id=uuid.uuid4().hex), walk.ask(walk.bounds), 1

    def _put(self, result: _Result) -> None:
        """Hand over ``result``, waiting for room as long as someone takes."""
        while not self._gone.is_set():
            try:
                self._out.put(result, timeout=_POLL_S)
            except queue.Full:
                continue
            return


def _is_answer(walk: Walk, page: Page) -> bool:
    """Whether a question is answered with this page; where it has more, Klaviyo says so."""
    has_pages = walk.endpoint.report is not None or _has_cursor_in_body(walk.endpoint)
    return walk.question is not None and (page.next_url is None or not has_pages)


def _has_cursor_in_body(endpoint: Endpoint) -> bool:
    """Whether a question says itself from where its answer, a row per group, is to go on."""
    return endpoint.aggregate is not None and endpoint.aggregate.by != ()


def _has_open_end(walk: Walk, page: Page) -> bool:
    """Whether a page without a next link is of a paged listing and does not say it is the last."""
    is_paged = walk.endpoint.is_paged or "page[cursor]=" in unquote(page.query)
    return page.status == 200 and is_paged and lacks_next(page.body)


def _asked_until(walk: Walk) -> datetime | None:
    """The latest time that records of ``walk`` had when it was asked for; None if times stay.

    A cursor knows the end that it was first asked with; the walk may have been cut since.
    """
    if not any(w.moves and w.field == walk.time_field for w in walk.endpoint.windows):
        return None
    ends = [walk.read_started_at]
    if walk.first_page == 1 and walk.bounds is not None:
        ends.append(walk.bounds.end)
    return min((end for end in ends if end is not None), default=None)
