"""A listing as Klaviyo serves it: filtered and sorted by time, paged by keyset. No HTTP."""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import strategies as st

from klaviyo_spark.client import paginator, scheduler
from klaviyo_spark.client.responses import Page
from klaviyo_spark.client.sleep import raise_if_stopped
from klaviyo_spark.errors import CursorExpired
from klaviyo_spark.schema.endpoint import Endpoint
from tests.helpers.fakes import BASE

ZERO = datetime(2026, 1, 1, tzinfo=timezone.utc)
_CONDITION = re.compile(r"((?:greater|less)-(?:or-equal|than))\((\w+),([^)]+)\)")
_CURSOR = "&page%5Bcursor%5D="


def at(seconds: float) -> datetime:
    """A moment, by the seconds since ``ZERO``."""
    return ZERO + timedelta(seconds=seconds)


def numbers_on(body: bytes) -> list[int]:
    """The numbers of a page's records."""
    return [int(record["id"]) for record in json.loads(body)["data"]]


@contextmanager
def eager_threads() -> Iterator[None]:
    """Threads look up often and take turns often: much happens between them in little time."""
    interval = sys.getswitchinterval()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paginator, "_POLL_S", 0.002)
        patch.setattr(scheduler, "_POLL_S", 0.002)
        sys.setswitchinterval(1e-5)
        yield
    sys.setswitchinterval(interval)


@st.composite
def event_times(draw: st.DrawFn, seconds: int) -> list[datetime]:
    """Moments within ``seconds`` and a little beyond: full seconds, bursts, long gaps between."""
    found = []
    for _ in range(draw(st.integers(1, 5))):
        begin = draw(st.integers(-2, seconds + 2))
        count = draw(st.integers(1, 15))
        wide = draw(st.sampled_from([0, 1, 5, 3600, seconds]))
        fraction = draw(st.sampled_from([0.0, 0.271828]))
        found += [at(begin + wide * n // count + n * fraction % 1) for n in range(count)]
    return found


class Listing:
    """Stands in for a client. Records are numbered in the order they came in.

    Args:
        times: of the records that are there from the start.
        size: records on a page.
        grain: what filters compare: whole seconds, or fractions too.
    """

    base_url = BASE

    def __init__(
        self,
        times: Iterable[datetime] = (),
        size: int = 3,
        grain: timedelta = timedelta(seconds=1),
    ) -> None:
        self._size, self._grain = size, grain
        self._order: Callable[[tuple[datetime, int]], Any] | None = None
        self._places: list[tuple[datetime, int]] = []
        self._good_from = 0
        self._lock = threading.Lock()
        self.served: list[str] = []
        for moment in times:
            self.add(moment)

    def add(self, moment: datetime) -> int:
        """One more record; its number."""
        number = len(self._places)
        insort(self._places, (moment, number))
        return number

    def sort_by(self, order: Callable[[tuple[datetime, int]], Any]) -> None:
        """Serve records by something else than their time."""
        self._order = order

    def expire(self) -> None:
        """No cursor given so far is good any more."""
        self._good_from = len(self.served)

    def within(self, start: datetime | None, end: datetime | None) -> set[int]:
        """The records from ``start`` to ``end``, both included."""
        return {
            number
            for moment, number in self._places
            if (start is None or start <= moment) and (end is None or moment <= end)
        }

    def fewest(self, start: datetime | None, end: datetime | None) -> int:
        """Requests that reading that span takes at least."""
        return max(1, -(-len(self.within(start, end)) // self._size))

    def get(
        self,
        endpoint: Endpoint,
        url: str,
        *,
        question: bytes | None = None,
        gone_ok: bool = False,
        stop: threading.Event | None = None,
    ) -> Page:
        """One page, as ``Client.get`` gives it; see ``numbers_on``."""
        raise_if_stopped(stop)
        time.sleep(0)  # lets other threads go first, as waiting for an answer does
        plain, _, cursor = url.partition(_CURSOR)
        given, place = cursor.split("_", 1) if cursor else ("0", "")
        with self._lock:
            if cursor and int(given) <= self._good_from:
                raise CursorExpired("GET /api/listing -> 400: Invalid cursor provided", status=400)
            self.served.append(url)
            number = len(self.served)
        parts = urlsplit(url)
        query = {name: value for name, (value,) in parse_qs(parts.query).items()}
        first, beyond = self._stretch(query.get("filter", ""), query["sort"])
        if place and not self._order:
            micros, _, last_number = place.partition("_")
            last = ZERO + timedelta(microseconds=int(micros))
            first = max(first, bisect_right(self._places, (last, int(last_number))))
        found = self._places[first : min(first + self._size, beyond)]
        if self._order:
            every = sorted(self._places[first:beyond], key=self._order)
            first = int(place or 0)
            found, beyond = every[first : first + self._size], len(every)
        next_url = None
        if first + self._size < beyond and self._order:
            next_url = f"{plain}{_CURSOR}{number}_{first + self._size}"
        elif first + self._size < beyond:
            moment, last_number = found[-1]
            micros = (moment - ZERO) // timedelta(microseconds=1)
            next_url = f"{plain}{_CURSOR}{number}_{micros}_{last_number}"
        records = [
            json.dumps({"id": f"{n}", "attributes": {query["sort"]: moment.isoformat()}}).encode()
            for moment, n in found
        ]
        links = json.dumps({"next": next_url}).encode()
        return Page(
            url=url,
            path=parts.path,
            query=parts.query,
            status=200,
            body=b'{"data":[' + b",".join(records) + b'],"links":%b}' % links,
            next_url=next_url,
            record_count=len(found),
            http_date=ZERO,
            fetched_at=ZERO,
            revision="2026-07-15",
            edges=(records[0], records[-1]) if records else (),
        )

    def _stretch(self, conditions: str, field: str) -> tuple[int, int]:
        """Where what the filter lets through begins, and where it has ended."""
        first, beyond = 0, len(self._places)
        for how, of, value in _CONDITION.findall(conditions):
            assert of == field, f"sorted by {field}, filtered by {of}"
            bound = datetime.fromisoformat(value.replace("Z", "+00:00"))
            if how in ("greater-than", "less-or-equal"):
                bound += self._grain
            place = bisect_left(self._places, (bound, 0))
            if how.startswith("greater"):
                first = place
            else:
                beyond = place
        return first, beyond
