"""The events of an account in order of time, per metric. No HTTP here."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge

from klaviyo_spark.sandbox.event import Event

Key = tuple[int, str]
"""Second and id of an event: what its order and its cursors are made of."""


def event_key(event: Event) -> Key:
    """Where an event stands in time; ids break ties."""
    return (event.at, event.id)


class Timeline:
    """All events, kept sorted per metric so that a page is a bisection and a slice."""

    def __init__(self) -> None:
        self._by_metric: dict[str, list[Event]] = {}
        self.by_id: dict[str, Event] = {}

    def __len__(self) -> int:
        return len(self.by_id)

    def __iter__(self) -> Iterator[Event]:
        return iter(self.by_id.values())

    def add(self, events: Iterable[Event]) -> None:
        """Take in more events, in any order."""
        touched = set()
        for event in events:
            self._by_metric.setdefault(event.metric_id, []).append(event)
            self.by_id[event.id] = event
            touched.add(event.metric_id)
        for metric_id in touched:
            self._by_metric[metric_id].sort(key=event_key)

    def between(
        self,
        metric_ids: Sequence[str] | None,
        low: int | None,
        high: int | None,
        after: Key | None,
        descending: bool,
    ) -> Iterator[Event]:
        """Events of these metrics (all if ``None``) with ``low <= second <= high``.

        ``after`` is the key of the last event of the page before.
        """
        ids = self._by_metric if metric_ids is None else dict.fromkeys(metric_ids)
        runs = [self._run(self._by_metric.get(i, []), low, high, after, descending) for i in ids]
        if len(runs) == 1:
            return runs[0]
        return merge(*runs, key=event_key, reverse=descending)

    def within(self, metric_id: str, low: int, below: int) -> list[Event]:
        """The events of one metric with ``low <= second < below``."""
        run = self._by_metric.get(metric_id, [])
        start = bisect_left(run, (low, ""), key=event_key)
        end = bisect_left(run, (below, ""), key=event_key)
        return run[start:end]

    def _run(
        self,
        run: list[Event],
        low: int | None,
        high: int | None,
        after: Key | None,
        descending: bool,
    ) -> Iterator[Event]:
        start = 0 if low is None else bisect_left(run, (low, ""), key=event_key)
        end = len(run) if high is None else bisect_left(run, (high + 1, ""), key=event_key)
        if descending:
            if after is not None:
                end = min(end, bisect_left(run, after, key=event_key))
            return (run[i] for i in range(end - 1, start - 1, -1))
        if after is not None:
            start = max(start, bisect_right(run, after, key=event_key))
        return (run[i] for i in range(start, end))
