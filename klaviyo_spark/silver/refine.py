"""Bronze to silver: which pages each table has not taken in yet, and in which order.

Runs are refined one after the other in the order they were fetched, so that silver comes out the
same however often and however late it is made. How one run becomes rows is in ``load``.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import CancelledError, Future, as_completed
from dataclasses import replace
from datetime import datetime
from typing import Any

from klaviyo_spark import messages
from klaviyo_spark.clock import utc_now
from klaviyo_spark.config.personal_data import Personal
from klaviyo_spark.errors import in_a_line, meets_all, words_of
from klaviyo_spark.java_words import lost_file
from klaviyo_spark.lake.lake import AccountLake, Lake
from klaviyo_spark.lake.lost_files import table_with
from klaviyo_spark.lake.spark.threads import Workers, workers
from klaviyo_spark.resources import TABLES
from klaviyo_spark.schema.bookkeeping import columns_of
from klaviyo_spark.schema.table import TableSpec
from klaviyo_spark.silver.dependencies import depends_on, in_order, made_of
from klaviyo_spark.silver.held_back import held_back_line
from klaviyo_spark.silver.late_arrivals import whole_days
from klaviyo_spark.silver.load import Loader
from klaviyo_spark.silver.models import AS_DEFAULT, Load, RefinePolicy
from klaviyo_spark.silver.pending import Group, begins, pending
from klaviyo_spark.silver.run_facts import run_facts
from klaviyo_spark.state.confirmation import unconfirmed_before
from klaviyo_spark.state.drift import Drift
from klaviyo_spark.state.landings import landed_batches
from klaviyo_spark.state.store import (
    load_notes,
    read_drift,
    silver_states,
    watermarks_of,
)
from klaviyo_spark.state.watermarks import index_watermarks, keep_earlier

logger = logging.getLogger(__name__)

# Small tables cost a second or two each on two cores; side by side they fill each other's gaps.
# Some of them only wait for others.
SIDE_BY_SIDE = 5

# What a kill costs at most, in tables that were done; each note is an append of its own.
NOTE_EVERY_S = 15


def refine(
    lake: Lake,
    account_id: str,
    resources: Sequence[str],
    policy: RefinePolicy = AS_DEFAULT,
    *,
    only: Collection[str] | None = None,
    found: Drift | None = None,
    stop: threading.Event | None = None,
) -> list[Load]:
    """Take all landed pages of ``resources`` into silver that it has not taken in yet.

    Of one account: no page and no row of another is looked at.

    Args:
        only: tables to load; None: all of ``resources``.
        found: how the tables stand; see ``store.read_drift``.
        stop: once set, no table is begun any more.

    Returns:
        One load per table and run that had pages for it, zero counts included. A table that fails
        is held back with what is made of it, in this run and all later ones: its load says why.

    Raises:
        Exception: an error that meets every table.
        CancelledError: ``stop`` was set.
    """
    mine = lake.for_account(account_id, policy.run_id)
    tables = [
        table
        for table in TABLES.values()
        if (table.resource in resources if only is None else table.name in only)
    ]
    found = found or read_drift(mine, account_id, [table.name for table in tables])
    batches = landed_batches(mine)
    refined = found.batch_ids
    ours = {batch.batch_id for batch in batches}
    before = {name for name, batch_ids in refined.items() if not batch_ids.isdisjoint(ours)}
    due: dict[str, dict[str, Group]] = {}
    for table in tables:
        for group in pending(batches, refined.get(table.name, frozenset()), table.endpoints):
            due.setdefault(group.run_id, {})[table.name] = group
    found = _with_new_tables(mine, found, {name for groups in due.values() for name in groups})
    loads: list[Load] = []
    held_back: frozenset[str] = frozenset()
    began = begins(batches)
    marks = watermarks_of(mine, account_id) if due else []
    first: dict[str, str] = {}
    for run_id in began:
        first = dict.fromkeys(due.get(run_id, ()), run_id) | first
    waiting: dict[str, str | None] = {}
    if due:
        waiting |= unconfirmed_before(load_notes(mine, account_id), list(began), first)
    with workers(mine.session, SIDE_BY_SIDE, "refine", stop) as pool:
        for run_id in (run_id for run_id in began if run_id in due):
            facts = run_facts(mine, batches, run_id, began)
            if run_id == policy.reread:
                facts = replace(facts, unchanged=frozenset())
            begun = frozenset({*before, *(load.table for load in loads if load.changed)})
            days = whole_days(index_watermarks(keep_earlier(marks, run_id, list(began))).events)
            loader = Loader(
                mine,
                facts,
                begun,
                policy,
                days,
                unconfirmed=dict(waiting),
                small=mine.for_small_tables() if policy.loads_by == "auto" else None,
            )
            left = [table for table in tables if table.name not in held_back]
            made = _one_run(pool, loader, left, due[run_id])
            new = list(_record_loads(mine, account_id, policy.run_id, found, made))
            waiting |= {load.table: load.unconfirmed_run_id for load in new if load.is_loaded}
            loads += new
            failed = {load.table for load in loads if not load.is_loaded}
            held_back = made_of(failed, TABLES)
    return loads


def run_has_news(lake: AccountLake, run_id: str, endpoints: Collection[str]) -> bool:
    """Whether pages of a run say something that pages of before did not.

    Args:
        lake: as the run's account sees it.
        endpoints: those to look at.
    """
    batches = landed_batches(lake)
    began = begins(batches)
    if run_id not in began:
        return False
    facts = run_facts(lake, batches, run_id, began)
    return not (facts.records.keys() & {*endpoints}) <= facts.unchanged


def _with_new_tables(lake: AccountLake, found: Drift, names: Collection[str]) -> Drift:
    """``found`` with the tables of ``names`` that were not there, which are made."""
    new = [name for name in names if name not in found.states]
    lake.open(*new)
    states = silver_states(lake, dict.fromkeys(new))
    return replace(found, states={**found.states, **states})


def _record_loads(
    lake: AccountLake, account_id: str, by: str, found: Drift, loads: Iterator[Load]
) -> Iterator[Load]:
    """Write down what has been refined: what a table has taken in, it need not again.

    Every now and then, so that a kill costs little, and at the end, whatever it is.
    """
    new: list[Load] = []
    noted = time.monotonic()
    try:
        for load in loads:
            if load.is_loaded:
                new.append(load)
            yield load
            if time.monotonic() - noted >= NOTE_EVERY_S:
                some, new, noted = new, [], time.monotonic()
                _note(lake, account_id, by, found, some)
    except BaseException as broken:
        try:
            _note(lake, account_id, by, found, new)
        except Exception as error:  # what broke the run off is to be told, and not this
            if words_of(error) != words_of(broken):
                line = in_a_line(error)
                logger.warning(messages.silver.LOADS_NOT_NOTED(reason=line))
        raise
    _note(lake, account_id, by, found, new)


def _note(lake: AccountLake, account_id: str, by: str, found: Drift, loads: Sequence[Load]) -> None:
    if loads:
        now = utc_now()
        rows = [_as_row(load, account_id, now, lake.personal, found) for load in loads]
        lake.append_ops("table_loads", [{**row, "refine_run_id": by} for row in rows])


def _one_run(
    pool: Workers, loader: Loader, tables: list[TableSpec], due: dict[str, Group]
) -> Iterator[Load]:
    """Take one run into its tables, side by side as far as they do not depend on each other.

    A table that fails holds back those that are made of it; all others are loaded.
    """
    running: dict[str, Future[Load]] = {}

    def load(table: TableSpec, first: list[Future[Load]]) -> Load:
        failed = {load.table for other in first if not (load := other.result()).is_loaded}
        batch_ids = due[table.name].batch_ids
        if pool.is_broken_off:  # while this waited: whoever interrupts kills some seconds later
            raise CancelledError
        if table.name in made_of(failed, TABLES):
            return Load(table.name, loader.facts.run_id, batch_ids, is_loaded=False)
        try:
            return loader.load(table, batch_ids)
        except Exception as error:
            if meets_all(error) or pool.is_broken_off:
                raise
            logger.debug("its trace:", exc_info=True)
            line = held_back_line(table.name, made_of([table.name], TABLES), words_of(error))
            logger.error("%s", line)
            run_id, file = loader.facts.run_id, lost_file(error)
            broken = (table_with(loader.lake, file) if file else None) or ""
            return Load(
                table.name, run_id, batch_ids, errors=(line,), is_loaded=False, broken=broken
            )

    # A table is begun after those it waits for, so the pool cannot fill up with waiting ones.
    for table in in_order([t for t in tables if t.name in due]):
        first = [running[name] for name in depends_on(table) if name in running]
        running[table.name] = pool.submit(load, table, first)
    for future in as_completed(running.values()):
        if not future.exception():
            yield future.result()
    for future in running.values():
        future.result()


def _as_row(
    load: Load, account_id: str, now: datetime, personal: Personal, found: Drift
) -> dict[str, Any]:
    row = {**vars(load), "account_id": account_id, "table_name": load.table, "loaded_at": now}
    said = personal.policy_text(columns_of(TABLES[load.table]))
    row |= {"batch_ids": list(load.batch_ids), "check_warnings": list(load.check_warnings)}
    state = found.states[load.table]
    fresh = found.fresh.get(load.table)
    return {
        **row,
        "personal_data_policy": said,
        "table_id": state.table_id,
        "table_version": state.version,
        "foreign_commits": list(fresh) if fresh else None,
    }
