"""What is loaded beside the reading, and when; the loads themselves are the system tests'."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from klaviyo_spark.commands.sync.preload import Preload
from klaviyo_spark.silver.models import Load, RefinePolicy

LISTINGS = frozenset({"campaigns", "lists", "tags"})
Loads = Callable[[Collection[str]], list[Load]]


def a_load(table: str, *, is_loaded: bool = True) -> Load:
    return Load(table, "run", ("batch",), is_loaded=is_loaded)


@pytest.fixture
def begin(monkeypatch) -> Iterator[Callable[[Loads], Preload]]:
    """A preload of some resources that loads tables by ``loads``."""
    stop = threading.Event()

    def a_preload(loads: Loads) -> Preload:
        monkeypatch.setattr(Preload, "_refine", lambda _self, names, _endpoints: loads(names))
        lake: Any = SimpleNamespace(session=SimpleNamespace(started=None))
        return Preload(lake, "default", ("campaigns", "lists"), RefinePolicy(), stop)

    yield a_preload
    stop.set()


def load_all(names: Collection[str]) -> list[Load]:
    return [a_load(name) for name in sorted(names)]


def test_tables_are_loaded_that_need_nothing_else(begin):
    preload = begin(load_all)
    assert preload.has_work(LISTINGS)
    preload.begin(LISTINGS)
    assert [load.table for load in preload.end()] == [
        "campaign_audiences_excluded",
        "campaign_audiences_included",
        "campaign_tags",
        "campaigns",
        "list_tags",
        "lists",
    ], "of these resources, and no messages: their templates are still being read"


def test_a_table_is_begun_once(begin):
    preload = begin(load_all)
    preload.begin(LISTINGS)
    preload._loading.result()
    assert not preload.has_work(LISTINGS)
    assert preload.has_work({*LISTINGS, "campaign_templates"})
    preload.begin({*LISTINGS, "campaign_templates"})
    assert {load.table for load in preload.end()} >= {"campaign_messages", "campaigns"}


def test_no_more_is_begun_while_tables_are_being_loaded(begin):
    loading, go_on = threading.Event(), threading.Event()

    def slow(names: Collection[str]) -> list[Load]:
        loading.set()
        assert go_on.wait(10)
        return load_all(names)

    preload = begin(slow)
    preload.begin(LISTINGS)
    assert loading.wait(10)
    assert not preload.has_work({*LISTINGS, "campaign_templates"})
    go_on.set()
    preload.end()


def test_what_could_not_be_loaded_is_left_to_the_load_after(begin):
    preload = begin(lambda names: [a_load("campaigns"), a_load("lists", is_loaded=False)])
    preload.begin(LISTINGS)
    assert [load.table for load in preload.end()] == ["campaigns"]


def test_an_error_is_the_load_afters_to_meet(begin):
    def fail(_names: Collection[str]) -> list[Load]:
        raise RuntimeError("Spark is gone")

    preload = begin(fail)
    preload.begin(LISTINGS)
    assert preload.end() == []


def test_after_an_interrupt_nothing_is_begun(begin):
    preload = begin(load_all)
    preload._stop.set()
    assert not preload.has_work(LISTINGS)
    assert preload.end() == []
