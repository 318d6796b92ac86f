"""Holders of a lease, and a clock that stands still."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone

import pytest

from klaviyo_spark.lake import lease as leases
from klaviyo_spark.lake.file_lock import Holder
from klaviyo_spark.lake.lake import Lake

SINCE = datetime(2026, 11, 24, 3, 12, 5, tzinfo=timezone.utc)


def a_holder(run_id: str) -> Holder:
    return Holder(run_id, "sync", "it's a \\host", 4711, SINCE)


class Clock:
    """Stands still until it is moved; ``seconds`` pass by waiting, as for ``stop`` of a lease."""

    def __init__(self, ahead: timedelta = timedelta(0)) -> None:
        self.at = SINCE + ahead
        self.looked = threading.Event()
        self.seconds = 0.0
        self.meanwhile: Callable[[], object] = lambda: None

    def __call__(self) -> datetime:
        self.looked.set()
        return self.at

    def elapsed(self) -> float:
        return self.seconds

    def wait(self, seconds: float) -> bool:
        self.seconds += seconds
        self.meanwhile()
        return False


def a_lease(lake: Lake, run_id: str, clock: Clock) -> leases._Lease:
    """A holding without a thread that gives signs."""
    return leases._Lease(lake, a_holder(run_id), leases.LEASE_S, clock, clock.elapsed)


@pytest.fixture
def logged(monkeypatch) -> Iterator[list[str]]:
    """What the lease says, with its level."""
    lines: list[str] = []
    for level in ("warning", "error"):
        monkeypatch.setattr(
            leases.logger, level, lambda text, *a, level=level: lines.append(f"{level}: {text % a}")
        )
    return lines
