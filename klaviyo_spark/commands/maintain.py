"""Upkeep of a lake as conf says: pages that are old enough go, small files are written together,
files nobody needs are removed. Then what came of it is said."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property, partial

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from klaviyo_spark import messages
from klaviyo_spark.clock import utc, utc_now
from klaviyo_spark.commands.opening import open_tables
from klaviyo_spark.commands.sync import pipeline
from klaviyo_spark.commands.text_table import WIDTH, TextTable
from klaviyo_spark.config.accounts import settings_per_account
from klaviyo_spark.config.models import Settings
from klaviyo_spark.errors import TableUnreadable, exit_code_of, words_of
from klaviyo_spark.lake import maintenance
from klaviyo_spark.lake.arrow import frame
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.lake.spark.threads import workers
from klaviyo_spark.resources import ENDPOINTS, TABLES
from klaviyo_spark.silver.writer import keys_in_other_partitions
from klaviyo_spark.state import retention
from klaviyo_spark.state.runs import RunRecord, record_failed_run, record_run
from klaviyo_spark.state.store import note_pages_gone, read_drift

logger = logging.getLogger(__name__)

_SIDE_BY_SIDE = 4
# Machines' clocks may differ by so much, or be set by as much between two runs.
_CLOCKS_DIFFER = timedelta(days=7)


@dataclass
class TableMaintenance:
    """One table: its files before and after, bytes freed (None: not known), pages deleted."""

    table: str
    files_before: int
    files_after: int
    freed: int | None = 0
    pages: int = 0


@dataclass
class Upkeep:
    """What a maintain run did.

    Args:
        errors: parts that did not succeed, a line each.
        warnings: what was put right in rows, a line each.
    """

    run_id: str
    started_at: datetime
    tables: list[TableMaintenance] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def exit_code(self) -> int:
        """0 all done, 3 partly."""
        return 3 if self.errors else 0

    def fail(self, error: str) -> None:
        """Take note of a part that did not succeed; of a table that stops several, once."""
        if error not in self.errors:
            logger.error("%s", error)
            self.errors.append(error)


def maintain(lake: Lake, settings: Settings, *, wait: bool = False) -> Upkeep:
    """One maintain run, alone on the lake: its files, and old pages of the accounts in conf.

    Nothing is done to a table that is damaged: what VACUUM takes might be what restores it.

    Raises:
        LakeBusy: another run holds the lake.
    """
    done = Upkeep(uuid.uuid4().hex, utc_now())
    began = time.monotonic()
    with pipeline.exclusive("maintain", lake, done.run_id, wait):
        of_lake = _Run(lake, settings, done)
        record = partial(
            RunRecord,
            run_id=done.run_id,
            account_id=of_lake.accounts[0] if len(of_lake.accounts) == 1 else None,
            command="maintain",
            started_at=done.started_at,
        )
        try:
            of_lake.run()
            done.warnings += lake.name_foreign_columns()
        except BaseException as error:
            errors = [*done.errors, words_of(error)]
            record_failed_run(lake, record(exit_code=exit_code_of(error), errors=errors))
            raise
        done.seconds = time.monotonic() - began
        warnings = [*done.warnings, _totals(done)]
        try:
            record_run(
                lake, record(exit_code=done.exit_code, errors=done.errors, warnings=warnings)
            )
        except TableUnreadable as error:  # what was done is done, and is said on the terminal
            done.fail(messages.lake.NOT_MAINTAINED(error=error))
    return done


def lines(done: Upkeep, width: int = WIDTH) -> Iterator[str]:
    """The summary for a terminal: tables something was done to, what failed, the totals."""
    touched = [k for k in done.tables if k.files_before != k.files_after or k.freed != 0 or k.pages]
    if touched:
        rows = [
            (
                kept.table,
                f"{kept.files_before:,}",
                f"{kept.files_after:,}",
                "-" if kept.freed is None else f"{kept.freed:,}",
                f"{kept.pages:,}",
            )
            for kept in touched
        ]
        yield from TextTable(("table", "files", "after", "bytes freed", "pages"), rows).lines(width)
    yield from done.warnings
    yield from (f"failed: {problem}" for problem in done.errors)
    yield f"maintain {'partly ' if done.errors else ''}done: {_totals(done)} run={done.run_id}"


class _Run:
    def __init__(self, lake: Lake, settings: Settings, done: Upkeep) -> None:
        self.lake, self.settings, self.done = lake, settings, done
        self.accounts = [one.account for one in settings_per_account(settings)]
        self.names: dict[str, str] = {}
        self.kept: dict[str, TableMaintenance] = {}

    def run(self) -> None:
        """All parts that conf asks for, a table's upkeep beside that of others."""
        bronze = f"{self.lake.place.bronze}.pages"
        with workers(self.lake.session, _SIDE_BY_SIDE, "maintain") as pool:
            opened = open_tables(self.lake)
            for error in opened.errors.values():
                self.done.fail(messages.lake.NOT_MAINTAINED(error=error))
            self.names = dict(opened.names)
            list(pool.map(lambda table: self._try(self._count_files, table), opened.names))
            self.names = {t: name for t, name in self.names.items() if t in self.kept}
            self.done.tables = [self.kept[table] for table in self.names]
            if self.settings.bronze_retention is not None and bronze in self.names:
                for account in self.accounts:
                    self._try(self._delete_pages, bronze, account)
            for name, table in TABLES.items():
                of = f"{self.lake.place.schema_of(name)}.{name}"
                if table.partition and of in self.names:
                    self._try(self._keep_one_day, of)
            if self.settings.optimize:
                # Never bronze: a file of thousands of pages cannot be read.
                others = [table for table in self.names if table != bronze]
                list(pool.map(lambda table: self._try(self._optimize, table), others))
            if self.settings.vacuum_after is not None:
                with maintenance.listing_quickly(self.lake):
                    list(pool.map(lambda table: self._try(self._vacuum, table), self.names))

    def _try(self, part: Callable[..., None], table: str, *of: str) -> None:
        """One part of a table's upkeep, ``of`` an account; if it fails, the rest goes on."""
        try:
            part(table, *of)
        except TableUnreadable as error:
            self.done.fail(messages.lake.NOT_MAINTAINED(error=error))
        except Exception as error:
            whose = f"{of[0]}: " if len(self.accounts) > 1 and of else ""
            self.done.fail(f"{table}: {part.__name__.strip('_')}: {whose}{words_of(error)}")

    def _count_files(self, table: str) -> None:
        count = len(self._files(table))
        self.kept[table] = TableMaintenance(table, count, count)

    def _files(self, table: str) -> list[str]:
        return maintenance.files_of(self.lake.spark.table(self.names[table]))

    @cached_property
    def _last(self) -> datetime | None:
        """When the last maintain run that did all of its parts began, or somewhat earlier."""
        if f"{self.lake.place.ops}.runs" not in self.names:
            return None
        whole = self.lake.ops("runs").where("command = 'maintain' AND exit_code = 0")
        past = whole.where(F.col("started_at") <= F.lit(self.done.started_at))
        row = past.agg(F.unix_micros(F.max("started_at")).alias("at")).first()
        return utc(row["at"]) - _CLOCKS_DIFFER if row and row["at"] is not None else None

    def _keep_one_day(self, table: str) -> None:
        """Remove what stays of rows whose day has changed: refine looks at the new day alone."""
        spec = TABLES[table.rpartition(".")[2]]
        is_told = f"{self.lake.place.ops}.table_loads" in self.names
        runs = _loaded_since(self.lake, spec.name, self._last) if is_told else None
        twice = keys_in_other_partitions(self.lake.silver(spec), spec, runs).toArrow()
        removed = self.lake.delete_moved_rows(spec, twice)
        if removed:
            self.done.warnings.append(messages.lake.MOVED_EVENTS(table=table, removed=removed))

    def _optimize(self, table: str) -> None:
        kept, name = self.kept[table], self.names[table]
        spec = TABLES.get(table.rpartition(".")[2])
        if spec and spec.partition:
            days = maintenance.days_to_compact(self._files(table), spec.partition.name)
            maintenance.optimize_days(self.lake, name, spec.partition.name, days)
        elif kept.files_before > maintenance.FILES_A_TABLE:
            maintenance.optimize(self.lake, name)
        else:
            return
        kept.files_after = len(self._files(table))

    def _vacuum(self, table: str) -> None:
        after, name = self.settings.vacuum_after, self.names[table]
        assert after is not None
        if maintenance.worth_vacuuming(maintenance.history(self.lake, name), utc_now(), after):
            self.kept[table].freed = maintenance.vacuum(self.lake, name, after)

    def _delete_pages(self, table: str, account_id: str) -> None:
        assert self.settings.bronze_retention is not None
        lake = self.lake
        mine = lake.for_account(account_id).pages()
        portions = retention.portions(mine)
        before = retention.age_base(portions, self.done.started_at) - self.settings.bronze_retention
        refined = read_drift(lake, account_id, TABLES).batch_ids
        old = retention.old(portions, refined, TABLES.values(), before)
        if not old.runs:
            return
        runs = frame(lake.spark, sorted(old.runs), run_id="string", endpoint="string")
        pages = retention.pages_to_go(mine, runs, old, ENDPOINTS.values())
        sums = F.count(F.lit(1)).alias("pages"), F.sum("bytes").alias("bytes")
        rows = [
            {
                **row.asDict(),
                "account_id": account_id,
                "fetched_before": old.before[row["resource"]],
                "deleted_at": self.done.started_at,
                "run_id": self.done.run_id,
            }
            for row in pages.groupBy("resource").agg(*sums).collect()
        ]
        if not rows:
            return
        # Said first: should this run die between the two, a rebuild refuses once too often.
        before_of = {row["resource"]: row["fetched_before"] for row in rows}
        note_pages_gone(lake, self.names[table], account_id, before_of)
        lake.append_ops("retention", rows)
        maintenance.delete_pages(lake, self.names[table], pages)
        self.kept[table].pages += sum(row["pages"] for row in rows)
        self.kept[table].files_after = len(self._files(table))


def _loaded_since(lake: Lake, table: str, since: datetime | None) -> DataFrame | None:
    """``run_id`` of those that a table has taken in since then; None: of all.

    Not by when pages were fetched: a rebuild, or an ingest without refine, takes in older ones.
    """
    if since is None:
        return None
    loads = lake.ops("table_loads").where(F.col("table_name") == table)
    return loads.where(F.col("loaded_at") >= F.lit(since)).select("run_id").distinct()


def _totals(done: Upkeep) -> str:
    freed = sum(kept.freed or 0 for kept in done.tables)
    files = [sum(k.files_before for k in done.tables), sum(k.files_after for k in done.tables)]
    pages = sum(kept.pages for kept in done.tables)
    return (
        f"files={files[0]:,}->{files[1]:,} freed_bytes={freed:,} pages_deleted={pages:,} "
        f"seconds={done.seconds:.1f}"
    )
