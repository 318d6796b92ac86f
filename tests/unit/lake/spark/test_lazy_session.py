"""When a session starts, and how often."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from klaviyo_spark.errors import ConfigError
from klaviyo_spark.lake.spark.lazy_session import LazySession

PATIENCE_S = 20.0


def test_it_starts_once_whoever_asks_first():
    started: list[object] = []

    def start() -> Any:
        started.append(object())
        return started[-1]

    lazy = LazySession(start)
    assert lazy.started is None
    with ThreadPoolExecutor(4) as pool:
        asked = list(pool.map(lambda _: lazy.get(), range(8)))

    assert asked == started * 8
    assert lazy.started is started[0]


def test_a_session_that_is_there_need_not_start():
    spark: Any = object()
    lazy = LazySession.wrap(spark)

    assert LazySession.wrap(lazy) is lazy
    assert lazy.started is lazy.get() is spark


def test_it_starts_beside_other_work():
    begun, release = threading.Event(), threading.Event()

    def start() -> Any:
        begun.set()
        assert release.wait(PATIENCE_S)
        return "a session"

    lazy = LazySession(start)
    lazy.prepare()
    assert begun.wait(PATIENCE_S)
    assert lazy.started is None
    release.set()

    assert lazy.get() == "a session"


def test_what_keeps_it_from_starting_is_for_whoever_needs_it():
    tried, times = threading.Event(), []

    def start() -> Any:
        times.append(None)
        tried.set()
        raise ConfigError("no Java")

    lazy = LazySession(start)
    lazy.prepare()
    assert tried.wait(PATIENCE_S)

    with pytest.raises(ConfigError, match="no Java"):
        lazy.get()
    with pytest.raises(ConfigError, match="no Java"):
        lazy.get()
    assert len(times) == 1, "each table that needs it would wait for another try"
