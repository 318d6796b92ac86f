"""Sleeping that a stop interrupts. Whoever waits takes a ``Sleep``, so that tests need not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from klaviyo_spark import messages
from klaviyo_spark.errors import Stopped

Sleep = Callable[[float, "threading.Event | None"], None]


def raise_if_stopped(stop: threading.Event | None) -> None:
    """Nothing, unless ``stop`` is set.

    Raises:
        Stopped: it is.
    """
    if stop is not None and stop.is_set():
        raise Stopped(messages.requests.STOPPED())


def nap(seconds: float, stop: threading.Event | None = None) -> None:
    """Sleep ``seconds``, or until ``stop`` is set.

    Raises:
        Stopped: ``stop`` was set before or during the sleep.
    """
    if stop is None:
        time.sleep(max(0.0, seconds))
        return
    stop.wait(max(0.0, seconds))
    raise_if_stopped(stop)
