"""Tables loaded while Klaviyo is still being asked: those of which all pages have landed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Sequence
from concurrent.futures import Future

from klaviyo_spark.errors import in_a_line
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.lake.spark.threads import Workers
from klaviyo_spark.resources import TABLES
from klaviyo_spark.silver.dependencies import needed_by
from klaviyo_spark.silver.held_back import unopened
from klaviyo_spark.silver.models import Load, RefinePolicy
from klaviyo_spark.silver.refine import refine, run_has_news
from klaviyo_spark.state.store import pages_gone_before, read_drift

logger = logging.getLogger(__name__)


class Preload:
    """Loads tables beside the reading, some at a time, for a run of one account.

    It decides nothing: where there is something to be said of a table, and where a load fails, the
    load that comes after the reading finds the table as if nobody had tried.

    Args:
        stop: once set, no table is begun any more.
    """

    def __init__(
        self,
        lake: Lake,
        account_id: str,
        resources: Sequence[str],
        policy: RefinePolicy,
        stop: threading.Event,
    ) -> None:
        self._lake, self._account_id, self._resources = lake, account_id, resources
        self._policy, self._stop = policy, stop
        # Tables not begun yet, with all endpoints that they and the tables before them need. Once:
        # it is looked at with each page.
        self._left = {
            table.name: frozenset[str]().union(
                *(TABLES[name].endpoints for name in needed_by({table.name}))
            )
            for table in TABLES.values()
            if table.resource in resources
        }
        self._pool = Workers(lake.session, 1, "preload", stop)
        self._loading: Future[list[Load]] | None = None
        self._loads: list[Load] = []

    def has_work(self, endpoints: Collection[str]) -> bool:
        """Whether nothing is being loaded, and tables are left that these endpoints make."""
        if self._loading and not self._loading.done():
            return False
        return not self._stop.is_set() and bool(self._tables(endpoints))

    def begin(self, endpoints: Collection[str]) -> None:
        """Load the tables that these endpoints make, whose pages have all landed."""
        self._take_over()
        names = self._tables(endpoints)
        for name in names:
            del self._left[name]
        self._loading = self._pool.submit(self._load, names, endpoints)

    def end(self) -> list[Load]:
        """Wait for what is being loaded; all that has been."""
        if self._stop.is_set():
            self._pool.break_off()
        self._pool.shutdown()
        self._take_over()
        return self._loads

    def _take_over(self) -> None:
        if self._loading and not self._loading.cancelled():
            self._loads += self._loading.result()
        self._loading = None

    def _tables(self, endpoints: Collection[str]) -> set[str]:
        """Tables not begun yet that need no endpoint but these, and no table that does."""
        return {name for name, needed in self._left.items() if needed.issubset(endpoints)}

    def _load(self, names: Collection[str], endpoints: Collection[str]) -> list[Load]:
        try:
            loads = self._refine(names, endpoints)
        except Exception as error:  # the load after the reading meets it too, or does not
            logger.debug("not loaded beside the reading: %s", in_a_line(error), exc_info=True)
            return []
        return [load for load in loads if load.is_loaded]

    def _refine(self, names: Collection[str], endpoints: Collection[str]) -> list[Load]:
        lake, account_id = self._lake.for_account(self._account_id), self._account_id
        needed = needed_by(names)
        if unopened(lake, needed) or not run_has_news(lake, self._policy.run_id, endpoints):
            return []
        found = read_drift(lake, account_id, needed)
        if found.unreadable or found.gone or found.foreign_commits:
            return []
        if names - found.batch_ids.keys() and pages_gone_before(lake, account_id):
            return []
        return refine(
            lake,
            account_id,
            self._resources,
            self._policy,
            only=names,
            found=found,
            stop=self._stop,
        )
