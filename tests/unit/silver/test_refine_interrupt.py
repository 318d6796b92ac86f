"""An interrupt while tables are loaded side by side."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

from klaviyo_spark.lake.spark.lazy_session import LazySession
from klaviyo_spark.lake.spark.threads import workers
from klaviyo_spark.resources import TABLES
from klaviyo_spark.silver import refine
from klaviyo_spark.silver.models import Load
from klaviyo_spark.silver.pending import Group

PATIENCE_S = 20.0


class Loading:
    """Loads a table once Spark is told to break off; the first load is under way."""

    def __init__(self) -> None:
        self.facts = SimpleNamespace(run_id="r")
        self.begun, self.interrupted = threading.Event(), threading.Event()
        self.tables: list[str] = []

    def load(self, table: Any, batch_ids: tuple[str, ...]) -> Load:
        self.tables.append(table.name)
        self.begun.set()
        assert self.interrupted.wait(PATIENCE_S)
        return Load(table.name, "r", batch_ids)

    def interruptAll(self) -> None:  # noqa: N802 - Spark's own
        self.interrupted.set()


def test_no_table_is_begun_after_an_interrupt_that_waited_for_another():
    loader: Any = Loading()
    tables = [TABLES["lists"], TABLES["list_profiles"]]
    due = {table.name: Group("r", ("b",)) for table in tables}

    with suppress(KeyboardInterrupt), workers(LazySession.wrap(loader), 2, "t") as pool:
        loads = refine._one_run(pool, loader, tables, due)

        def take() -> None:
            with suppress(CancelledError):
                list(loads)

        taker = threading.Thread(target=take, daemon=True)
        taker.start()
        assert loader.begun.wait(PATIENCE_S)
        while len(pool._threads) < 2 or pool._work_queue.qsize():  # the second one waits
            threading.Event().wait(0.01)
        raise KeyboardInterrupt

    taker.join(PATIENCE_S)
    assert loader.tables == ["lists"]
