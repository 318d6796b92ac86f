"""What becomes of threads that ask Spark when a run is interrupted, or one of them fails."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

import pytest

from klaviyo_spark.lake.spark.lazy_session import LazySession
from klaviyo_spark.lake.spark.threads import workers
from klaviyo_spark.log import ACCOUNT, account_context

PATIENCE_S = 20.0


class FakeSpark:
    """A session whose queries end when they are interrupted."""

    def __init__(self) -> None:
        self.interrupted = threading.Event()

    def query(self) -> str:
        assert self.interrupted.wait(PATIENCE_S)
        return "broken off"

    def interruptAll(self) -> list[str]:  # noqa: N802 - Spark's own
        self.interrupted.set()
        return []


def test_an_interrupt_drops_what_waits_and_breaks_off_what_spark_is_at():
    spark: Any = FakeSpark()
    session = LazySession.wrap(spark)
    begun = threading.Event()

    def query() -> str:
        begun.set()
        return spark.query()

    with suppress(KeyboardInterrupt), workers(session, 1, "t") as pool:
        under_way, waiting = pool.submit(query), pool.submit(spark.query)
        assert begun.wait(PATIENCE_S)
        raise KeyboardInterrupt

    assert (under_way.result(), waiting.cancelled(), pool.is_broken_off) == (
        "broken off",
        True,
        True,
    )


def test_an_error_waits_for_all_that_was_begun_or_is_to_be():
    spark: Any = FakeSpark()
    session = LazySession.wrap(spark)
    release = threading.Event()

    with suppress(ValueError), workers(session, 1, "t") as pool:
        both = [pool.submit(release.wait, PATIENCE_S) for _ in range(2)]
        release.set()
        raise ValueError("a slip")

    assert [future.result() for future in both] == [True, True]
    assert (pool.is_broken_off, spark.interrupted.is_set()) == (False, False)


def test_a_session_that_cannot_be_interrupted_is_no_error_of_its_own():
    class Old:
        def interruptAll(self) -> None:  # noqa: N802 - Spark's own
            raise NotImplementedError

    spark: Any = Old()
    session = LazySession.wrap(spark)
    with pytest.raises(KeyboardInterrupt), workers(session, 1, "t"):
        raise KeyboardInterrupt


def test_workers_know_for_which_account_they_are_at_work():
    spark: Any = FakeSpark()
    session = LazySession.wrap(spark)
    with account_context("eu"), workers(session, 1, "t") as pool:
        assert pool.submit(ACCOUNT.get).result() == "eu"
