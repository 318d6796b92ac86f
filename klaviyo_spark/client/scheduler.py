"""Which walk a free thread takes next: no endpoint with a small budget holds up the others.

A listing with one request per second keeps one thread busy; the rest read what may go faster, so a
run takes as long as its slowest endpoint and not as long as all of them one after another. Where no
walk is waiting, a free thread takes the further half of one that has far to go (``window_split``).
"""

from __future__ import annotations

import math
import threading
import uuid
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from klaviyo_spark.client.page_order import Times, follows
from klaviyo_spark.client.walk import Walk
from klaviyo_spark.client.window_split import WindowProgress, best_to_cut
from klaviyo_spark.clock import utc_now
from klaviyo_spark.schema.endpoint import Endpoint

AHEAD = 10_000
_POLL_S = 0.2


@dataclass
class EndpointProgress:
    """How far an endpoint is: walks waiting and under way, pages, and what may be cut."""

    endpoint: Endpoint
    waiting: deque[Walk] = field(default_factory=deque)
    busy: int = 0
    pages: int = 0
    records: int = 0
    full_pages: int = 0
    cuts: int = 0
    walks_done: int = 0
    courses: dict[str, tuple[Walk, WindowProgress]] = field(default_factory=dict)

    @property
    def may_cut(self) -> bool:
        """Whether one more request at worst is in proportion to those that were needed."""
        return self.cuts < 1 + self.full_pages / 2

    @property
    def pages_left(self) -> float | None:
        """Pages still to come, by what is known of the walks under way; at least one per walk.

        None where one of these does not say; walks without a page yet are taken for as long as
        those that are done.
        """
        per_walk = self.pages / self.walks_done if self.walks_done else 1.0
        begun = [course for _, course in self.courses.values() if course.pace is not None]
        ahead = 0.0
        for course in begun:
            if course.estimate is None:
                return None
            ahead += max(1.0, course.estimate)
        return ahead + per_walk * (len(self.waiting) + max(0, self.busy - len(begun)))


class FairScheduler:
    """Walks for threads to iterate over; ``done`` tells that a thread has finished one.

    A free thread gets the walk whose endpoint has the fewest threads for its budget, in the order
    given. No endpoint has more threads than its budget feeds, taking a second for a request.

    Args:
        walks: looked at up to ``AHEAD`` ahead.
        halt: once set, there are no more walks.
    """

    def __init__(self, walks: Iterable[Walk], threads: int, halt: threading.Event) -> None:
        self._walks = iter(walks)
        self._threads = threads
        self._halt = halt
        self._standings: dict[str, EndpointProgress] = {}
        self._waiting = 0
        self._dropped: set[str] = set()
        self._seen_all = False
        self._changed = threading.Condition()

    def __iter__(self) -> Iterator[Walk]:
        """The walks for one thread."""
        while (walk := self._take()) is not None:
            yield walk

    def done(self, walk: Walk) -> bool:
        """The thread that had ``walk`` is free again; whether no walk of its endpoint is left."""
        with self._changed:
            standing = self._standings[walk.endpoint.name]
            standing.busy -= 1
            standing.walks_done += 1
            standing.courses.pop(walk.walk_id, None)
            self._changed.notify_all()
            return self._seen_all and not standing.waiting and not standing.busy

    def drop(self, budget: str) -> None:
        """Begin no more walks whose requests count in ``budget``; those under way go on."""
        with self._changed:
            self._dropped.add(budget)
            for standing in self._standings.values():
                if standing.endpoint.budget == budget:
                    self._waiting -= len(standing.waiting)
                    standing.waiting.clear()
            self._changed.notify_all()

    def advance(
        self,
        walk: Walk,
        records: int,
        times: Times,
        is_last: bool,
    ) -> tuple[Walk, bool]:
        """Note a page of ``walk``: its records, the times of the first and last of them.

        Returns:
            The walk with the bounds it has by now, and whether it ends with this page.
        """
        with self._changed:
            standing = self._standings[walk.endpoint.name]
            standing.pages += 1
            standing.records += records
            standing.full_pages += not is_last
            _, course = standing.courses.get(walk.walk_id, (None, None))
            if course is None:
                in_order = (
                    walk.in_order and times.in_order and follows(walk.max_record_time, times.first)
                )
                seen = [
                    t for t in (walk.max_record_time, times.first, times.last) if t and in_order
                ]
                walk = replace(walk, max_record_time=max(seen, default=None), in_order=in_order)
                return walk, is_last
            is_last = course.advance(*times) or is_last
            if is_last:
                del standing.courses[walk.walk_id]
            else:
                self._changed.notify()
            walk = replace(walk, bounds=course.bounds, max_record_time=course.max_record_time)
            return replace(walk, in_order=course.in_order), is_last

    def standings(self) -> dict[str, tuple[int, int, float | None]]:
        """Pages and records so far, and pages left, per endpoint that has been asked."""
        with self._changed:
            return {n: (s.pages, s.records, s.pages_left) for n, s in self._standings.items()}

    def _take(self) -> Walk | None:
        with self._changed:
            while not self._halt.is_set():
                self._look_ahead()
                walk = self._next() or self._cut()
                if walk is not None:
                    return walk
                # What is under way may turn out long enough to be shared.
                if not self._waiting and not any(s.courses for s in self._standings.values()):
                    return None
                self._changed.wait(_POLL_S)
            return None

    def _look_ahead(self) -> None:
        wanted = AHEAD - self._waiting
        walks = list(islice(self._walks, wanted))
        self._seen_all = self._seen_all or len(walks) < wanted
        for walk in walks:
            if walk.endpoint.budget in self._dropped:
                continue
            name = walk.endpoint.name
            self._standings.setdefault(name, EndpointProgress(walk.endpoint)).waiting.append(walk)
            self._waiting += 1

    def _next(self) -> Walk | None:
        """The walk that may go now; None where each endpoint has the threads it can feed."""
        ready = [s for s in self._standings.values() if s.waiting and self._feeds_one_more(s)]
        if not ready:
            return None
        standing = min(ready, key=lambda s: s.busy / s.endpoint.rate.steady)
        self._waiting -= 1
        return self._begin(standing, standing.waiting.popleft())

    def _cut(self) -> Walk | None:
        """The further half of the walk with the most pages ahead, where one is worth it."""
        able = [s for s in self._standings.values() if s.may_cut and self._feeds_one_more(s)]
        best = best_to_cut(course for s in able for _, course in s.courses.values())
        if best is None:
            return None
        standing, walk = next(
            (s, walk) for s in able for walk, course in s.courses.values() if course is best
        )
        assert walk.ask
        rest = best.cut()
        standing.cuts += 1
        half = replace(
            walk,
            walk_id=uuid.uuid4().hex,
            first_url=walk.ask(rest.bounds),
            first_page=1,
            bounds=rest.bounds,
            max_record_time=None,
        )
        return self._begin(standing, half, rest)

    def _begin(
        self, standing: EndpointProgress, walk: Walk, course: WindowProgress | None = None
    ) -> Walk:
        standing.busy += 1
        if walk.bounds is not None and walk.ask is not None:
            horizon = walk.read_started_at or utc_now()
            course = course or WindowProgress(walk.bounds, walk.max_record_time, horizon)
            if not walk.in_order:
                course.lose_order()
            standing.courses[walk.walk_id] = (walk, course)
        return walk

    def _feeds_one_more(self, standing: EndpointProgress) -> bool:
        most = min(self._threads, math.ceil(standing.endpoint.rate.steady / 60))
        dropped = standing.endpoint.budget in self._dropped
        return not dropped and standing.busy < max(1, most)
