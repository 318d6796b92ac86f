"""One run of ``forget``: in which order a person goes, and what is said of it."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from klaviyo_spark import messages
from klaviyo_spark.clock import utc_now
from klaviyo_spark.commands.forget import pages, receipts, removing
from klaviyo_spark.commands.forget.finding import PersonQuery, find
from klaviyo_spark.commands.forget.readable import ReadableTables, readable_tables
from klaviyo_spark.commands.forget.receipts import Receipt
from klaviyo_spark.commands.sync import pipeline
from klaviyo_spark.config.models import Settings
from klaviyo_spark.errors import KlaviyoSparkError, TableUnreadable, UsageError, exit_code_of
from klaviyo_spark.lake.lake import AccountLake, Lake, Place
from klaviyo_spark.lake.staging import check_staging
from klaviyo_spark.resources import TABLES
from klaviyo_spark.state.runs import RunRecord, record_failed_run, record_run

logger = logging.getLogger(__name__)


@dataclass
class Erasure:
    """What a run took out; ``errors`` are parts that did not succeed, a line each.

    Args:
        left_out: tables that are damaged, which the person is not out of.
        profiles: how many profiles the person has.
        before: when they were forgotten for the last time.
        resumed: an earlier run had been cut short.
    """

    run_id: str
    started_at: datetime
    identifier_type: str
    profiles: int = 0
    pages: int = 0
    records: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    before: datetime | None = None
    resumed: bool = False
    seconds: float = 0.0

    @property
    def was_there(self) -> bool:
        """Whether anything of the person was found."""
        return bool(self.pages or self.rows)

    @property
    def exit_code(self) -> int:
        """0 all done, or nobody there; 3 partly."""
        return 3 if self.errors else 0


def asked_for(profile: str | None, email: str | None) -> PersonQuery:
    """Who is meant.

    Raises:
        UsageError: none or both are given, or it is no address.
    """
    if bool(profile) == bool(email):
        raise UsageError(messages.command_line.FORGET_WHOM())
    asked = PersonQuery(profile=(profile or "").strip(), email=(email or "").strip())
    if not asked.value or (email and "@" not in asked.value):
        raise UsageError(
            messages.command_line.FORGET_EMPTY(option="profile" if profile else "email")
        )
    return asked


def forget(lake: Lake, settings: Settings, asked: PersonQuery, *, wait: bool = False) -> Erasure:
    """Forget somebody, alone on the lake.

    A run that was cut short is made up for by the same command. Where a table is damaged the person
    goes from all others; there is no receipt until it is whole and they are out of it too.

    Raises:
        LakeBusy: another run holds the lake.
        LakeError: a page that names the person cannot be taken apart, or what is in the place where
            a rebuild makes tables is not ours.
    """
    done = Erasure(uuid.uuid4().hex, utc_now(), asked.identifier_type)
    record = partial(
        RunRecord,
        run_id=done.run_id,
        account_id=settings.account,
        command="forget",
        started_at=done.started_at,
    )
    began = time.monotonic()
    with pipeline.exclusive("forget", lake, done.run_id, wait):
        try:
            check_staging(lake)
            readable = readable_tables(lake)
            _forget(lake.for_account(settings.account), readable, asked, done)
        except BaseException as error:
            # An error of Spark's may quote a row, and this run is about one person's.
            ours = isinstance(error, KlaviyoSparkError)
            why = str(error) if ours else type(error).__name__
            ending = record(exit_code=exit_code_of(error), errors=[*done.errors, why])
            record_failed_run(lake, ending)
            raise
        done.seconds = time.monotonic() - began
        try:
            record_run(lake, record(exit_code=done.exit_code, errors=done.errors))
        except TableUnreadable as error:  # what was done is done, and is said on the terminal
            done.errors.append(str(error))
    return done


def lines(done: Erasure) -> Iterator[str]:
    """The summary for a terminal; nothing in it says who it was."""
    before = f" (forgotten on {done.before:%Y-%m-%d %H:%M} UTC)" if done.before else ""
    if not done.was_there and not done.resumed:
        by = _WORDS[done.identifier_type]
        where = "the readable part of the lake" if done.left_out else "the lake"
        yield from (f"failed: {problem}" for problem in done.errors)
        yield messages.lake.NOBODY_TO_FORGET(where=where, by=by, before=before)
        yield from _not_out(done)
        return
    width = max([len(name) for name in done.rows], default=0)
    yield from (f"{name:<{width}} {count:>9,} rows" for name, count in done.rows.items())
    yield from (f"failed: {problem}" for problem in done.errors)
    yield (
        f"forget {'partly ' if done.errors else ''}done: profiles={done.profiles:,} "
        f"rows={sum(done.rows.values()):,} pages={done.pages:,} records={done.records:,} "
        f"seconds={done.seconds:.1f} run={done.run_id}"
    )
    yield from _not_out(done)
    yield messages.lake.STILL_IN_KLAVIYO()


def _not_out(done: Erasure) -> Iterator[str]:
    """What is left to do where a table is damaged."""
    if not done.left_out:
        return
    tables = ", ".join(done.left_out)
    if done.identifier_type == "email" and done.was_there:
        yield messages.lake.NOT_FORGOTTEN_BY_EMAIL(tables=tables)
    else:
        yield messages.lake.NOT_FORGOTTEN(tables=tables)


_WORDS = {"profile": "id", "email": "address"}


def _forget(lake: AccountLake, readable: ReadableTables, asked: PersonQuery, done: Erasure) -> None:
    account_id = lake.account_id
    known: list[Receipt] = []
    if readable.has_ops(receipts.TABLE):
        with readable.reading(lake.place.ops, receipts.TABLE):
            known = receipts.receipts(lake, account_id)
    try:
        _remove(lake, readable, asked, known, done)
    finally:
        _note_left_out(readable, done)


def _note_left_out(readable: ReadableTables, done: Erasure) -> None:
    """Name what is damaged, in the order of the lake's tables."""
    done.errors += readable.left_out.values()
    place = readable.lake.place
    receipt, label_of = f"{place.ops}.{receipts.TABLE}", _labels(place)
    broken = {name for name, label in label_of.items() if label in readable.left_out}
    # What rows were made of the person's is told by those alone.
    bridges = {t.name for t in TABLES.values() if t.made_of and t.made_of.table in broken}
    with_them = [label for name, label in label_of.items() if name in broken | bridges]
    others = [table for table in readable.left_out if table not in label_of.values()]
    done.left_out = [table for table in (*with_them, *others) if table != receipt]


def _labels(place: Place) -> dict[str, str]:
    """What operators call each silver table."""
    return {name: f"{place.schema_of(name)}.{name}" for name in TABLES}


def _remove(
    lake: AccountLake,
    readable: ReadableTables,
    asked: PersonQuery,
    known: list[Receipt],
    done: Erasure,
) -> None:
    earlier = receipts.find_receipts(asked, known)
    done.before = max((r.finished_at for r in earlier if r.finished_at), default=None)
    cut_short = [receipt for receipt in earlier if receipt.finished_at is None]
    found = find(lake, asked, readable)
    person = found.person
    counts = removing.count_rows(lake, person, readable)
    quarantined = removing.quarantined(lake, person, readable)
    if not (found.pages or counts or quarantined or cut_short):
        return
    done.resumed = bool(cut_short)
    done.profiles = len(person.ids)
    account_id = lake.account_id
    if readable.has_ops(receipts.TABLE):
        receipts.begun(lake, account_id, done.run_id, done.started_at, asked, known)
    place = lake.place
    rows = removing.remove_rows(lake, person, counts, readable)
    done.rows = {label: rows[name] for name, label in _labels(place).items() if name in rows}
    if quarantined:
        changed = removing.remove_quarantined(lake, person)
        done.rows |= {f"{place.ops}.quarantine": changed} if changed else {}
    for count, records in pages.rewrite_pages(lake, found.pages, person, done.started_at):
        done.pages, done.records = done.pages + count, done.records + records
        logger.info("forget: %d of %d pages rewritten", done.pages, len(found.pages))
    done.errors += removing.clear(lake, rows, readable)
    if not (done.errors or readable.left_out):
        _sign(lake, account_id, done, cut_short)


def _sign(lake: AccountLake, account_id: str, done: Erasure, cut_short: list[Receipt]) -> None:
    counts = {
        "profiles": done.profiles,
        "pages": done.pages,
        "records": done.records,
        "table_rows": sum(done.rows.values()),
    }
    earlier = [receipt.run_id for receipt in cut_short]
    receipts.ended(lake, account_id, done.run_id, utc_now(), counts, earlier)
