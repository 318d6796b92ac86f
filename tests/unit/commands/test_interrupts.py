"""Ctrl-C and SIGTERM while pages are in hand."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from klaviyo_spark.commands.interrupts import until_interrupted

every_signal = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    """What handles signals outside, so that a test that fails leaves none of its own behind."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_nothing_is_asked_to_stop_by_itself():
    with until_interrupted() as stop:
        assert not stop.is_set()


@every_signal
def test_the_first_signal_asks_to_stop(number):
    with until_interrupted() as stop:
        signal.raise_signal(number)
        assert stop.is_set()


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_the_second_signal_ends(first, second):
    with until_interrupted():
        signal.raise_signal(first)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(second)


@every_signal
@pytest.mark.parametrize("error", [None, RuntimeError, KeyboardInterrupt])
def test_afterwards_signals_do_what_they_did_before(number, error):
    seen: list[int] = []

    def ours(number: int, frame: object) -> None:
        seen.append(number)

    signal.signal(number, ours)
    try:
        with until_interrupted() as stop:
            if error:
                raise error
    except (RuntimeError, KeyboardInterrupt):
        pass
    signal.raise_signal(number)

    assert signal.getsignal(number) is ours
    assert (seen, stop.is_set()) == ([number], False)


def test_other_threads_leave_signals_alone():
    handlers: list[object] = []
    stops: list[bool] = []

    def work() -> None:
        with until_interrupted() as stop:
            handlers.extend(signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM))
            stops.append(stop.is_set())

    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert (handlers, stops) == (before, [False])
