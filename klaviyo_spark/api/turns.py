"""Which walk a free thread takes next: no endpoint with a small budget holds up the others.

A listing with one request per second keeps one thread busy; the rest read what may go faster, so a
run takes as long as its slowest endpoint and not as long as all of them one after another.
"""

from __future__ import annotations

import math
import threading
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Generic, Protocol, TypeVar

from klaviyo_spark.spec import Endpoint

AHEAD = 10_000
_POLL_S = 0.2


class HasEndpoint(Protocol):
    """Whatever is done at one endpoint."""

    @property
    def endpoint(self) -> Endpoint:
        """Where."""
        ...


W = TypeVar("W", bound=HasEndpoint)


class Turns(Generic[W]):
    """Walks for threads to iterate over; ``done`` tells that a thread has finished one.

    A free thread gets the walk whose endpoint has the fewest threads, in the order given. No
    endpoint has more threads than its budget feeds, taking a second for a request.

    Args:
        walks: looked at up to ``AHEAD`` ahead.
        halt: once set, there are no more walks.
    """

    def __init__(self, walks: Iterable[W], threads: int, halt: threading.Event) -> None:
        self._walks = iter(walks)
        self._threads = threads
        self._halt = halt
        self._waiting: dict[str, deque[W]] = {}
        self._size = 0
        self._busy: Counter[str] = Counter()
        self._changed = threading.Condition()

    def __iter__(self) -> Iterator[W]:
        """The walks for one thread."""
        while (walk := self._take()) is not None:
            yield walk

    def done(self, walk: W) -> None:
        """The thread that had ``walk`` is free again."""
        with self._changed:
            self._busy[walk.endpoint.name] -= 1
            self._changed.notify_all()

    def _take(self) -> W | None:
        with self._changed:
            while not self._halt.is_set():
                self._look_ahead()
                if not self._size:
                    return None
                walk = self._next()
                if walk is not None:
                    return walk
                self._changed.wait(_POLL_S)
            return None

    def _look_ahead(self) -> None:
        for walk in islice(self._walks, AHEAD - self._size):
            self._waiting.setdefault(walk.endpoint.name, deque()).append(walk)
            self._size += 1

    def _next(self) -> W | None:
        """The walk that may go now; None where each endpoint has the threads it can feed."""
        open_names = [
            name
            for name, walks in self._waiting.items()
            if walks and self._busy[name] < self._most(walks[0].endpoint)
        ]
        if not open_names:
            return None
        name = min(open_names, key=lambda n: self._busy[n])
        self._busy[name] += 1
        self._size -= 1
        return self._waiting[name].popleft()

    def _most(self, endpoint: Endpoint) -> int:
        return max(1, min(self._threads, math.ceil(endpoint.rate.steady / 60)))
