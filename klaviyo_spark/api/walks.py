"""Walks: listings followed from their first URL to the last page, side by side.

``pages`` is an iterator in the caller's thread; driver threads fetch, a bounded queue between them
keeps memory constant.
"""

from __future__ import annotations

import logging
import math
import queue
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from klaviyo_spark.api.client import Client, Page
from klaviyo_spark.api.nap import Stopped
from klaviyo_spark.api.query import Bounds, check_next
from klaviyo_spark.api.retry import Unreachable
from klaviyo_spark.api.turns import Turns
from klaviyo_spark.errors import (
    KlaviyoSparkError,
    RateLimitTooLong,
    RevisionRetired,
    Unauthorized,
)
from klaviyo_spark.spec import Endpoint

logger = logging.getLogger(__name__)

QUEUED_PAGES = 64
_POLL_S = 0.2
_JOIN_S = 3.0
_STOP_ALL = (Unauthorized, RevisionRetired, RateLimitTooLong, Unreachable)


@dataclass(frozen=True)
class Walk:
    """One listing to follow.

    Args:
        walk_id: uuid as hex.
        facts: of the slice: what the request knows and the answer does not say.
        parent_id: of the list, campaign, ... whose children these are; its 404 is a page.
        first_url: where to begin; of a walk taken up again, the ``links.next`` of its last page.
        read_id: the read that this walk is a part of.
        read_walks: how many walks that read consists of.
        complete: the read is a complete one, so departures may be judged by it.
        read_started_at: when that read began (UTC), before its first request.
        first_page: number of the page at ``first_url``; above 1 for a walk taken up again.
    """

    walk_id: str
    endpoint: Endpoint = field(hash=False)
    first_url: str
    read_id: str
    read_walks: int = 1
    complete: bool = False
    facts: Mapping[str, str] = field(default_factory=dict, hash=False)
    parent_id: str | None = None
    bounds: Bounds | None = None
    read_started_at: datetime | None = None
    first_page: int = 1


@dataclass(frozen=True)
class Fetched:
    """A page of a walk; ``page_no`` counts from 1."""

    walk: Walk
    page_no: int
    page: Page
    is_last: bool


@dataclass(frozen=True)
class Failed:
    """A walk that ended with an error; the pages before it have been handed out."""

    walk: Walk
    error: KlaviyoSparkError

    @property
    def stops_all(self) -> bool:
        """Whether every other walk would fail alike, so none goes on."""
        return isinstance(self.error, _STOP_ALL)


_Result = Fetched | Failed | BaseException | None  # None: one thread has ended


def pages(
    walks: Iterable[Walk],
    client: Client,
    *,
    threads: int = 8,
    queued_pages: int = QUEUED_PAGES,
    stop: threading.Event | None = None,
) -> Iterator[Fetched | Failed]:
    """All pages of ``walks`` as they come in: in order within a walk, mixed between walks.

    A failed walk does not end the others, unless the error would meet them all: a refused key, a
    retired revision, a rate limit too long to wait for, a host that is out of reach. Then, and
    when ``stop`` is set, no more is sent, and what is in hand is still handed out; an answer that
    Klaviyo is yet to give is waited for 3 s after a stop. Leaving the iterator early (Ctrl-C,
    ``close``) ends the threads.

    Args:
        walks: taken up to ``turns.AHEAD`` ahead, in a driver thread.
        threads: requests under way at once, at most.
    """
    crew = _Crew(walks, client, max(1, threads), queued_pages)
    try:
        yield from crew.results(stop)
    finally:
        crew.end()


class _Crew:
    """The threads of one ``pages``, and what they hand over."""

    def __init__(
        self, walks: Iterable[Walk], client: Client, threads: int, queued_pages: int
    ) -> None:
        self._client = client
        self._halt = threading.Event()  # nothing new is sent
        self._gone = threading.Event()  # nobody takes results any more
        self._turns = Turns(walks, threads, self._halt)
        self._out: queue.Queue[_Result] = queue.Queue(queued_pages)
        self._threads = [
            # Daemons: a download under way does not hold up the end of the process.
            threading.Thread(target=self._work, name=f"klaviyo-{n}", daemon=True)
            for n in range(1, threads + 1)
        ]

    def results(self, stop: threading.Event | None) -> Iterator[Fetched | Failed]:
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
            elif isinstance(result, BaseException):
                raise result
            else:
                yield result

    def end(self) -> None:
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
                    self._put(failed)
                finally:
                    self._turns.done(walk)
        except BaseException as error:  # a slip of ours, or of the iterable: the caller's to see
            self._halt.set()
            self._put(error)
        finally:
            self._put(None)

    def _follow(self, walk: Walk) -> None:
        url, page_no, count = walk.first_url, walk.first_page, 0
        seen: set[str] = set()
        while not self._halt.is_set():
            seen.add(url)
            gone_ok = walk.parent_id is not None
            page = self._client.get(walk.endpoint, url, gone_ok=gone_ok, stop=self._halt)
            # The page stands even where its next link does not.
            self._put(Fetched(walk, page_no, page, page.next_url is None))
            count += page.record_count
            if page.next_url is None:
                done = page_no - walk.first_page + 1
                logger.debug("%s: walk %s done, pages=%d records=%d",
                             walk.endpoint.name, walk.walk_id, done, count)  # fmt: skip
                return
            check_next(page.next_url, self._client.base_url, seen)
            url, page_no = page.next_url, page_no + 1

    def _put(self, result: _Result) -> None:
        """Hand over ``result``, waiting for room as long as someone takes."""
        while not self._gone.is_set():
            try:
                self._out.put(result, timeout=_POLL_S)
            except queue.Full:
                continue
            return
