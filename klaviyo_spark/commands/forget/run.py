"""One run of ``forget``: in which order a person goes, and what is said of it."""

from __future__ import annotations

import logging
import sys
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
from klaviyo_spark.commands.forget.receipts import Receipt
from klaviyo_spark.commands.sync import pipeline
from klaviyo_spark.config.models import Settings
from klaviyo_spark.errors import KlaviyoSparkError, UsageError, exit_code_of
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.lake.spark.threads import workers
from klaviyo_spark.lake.staging import check_staging
from klaviyo_spark.resources import TABLES
from klaviyo_spark.schema import ops_tables
from klaviyo_spark.silver.refine import SIDE_BY_SIDE
from klaviyo_spark.state.runs import RunRecord, record_failed_run, record_run

logger = logging.getLogger(__name__)


@dataclass
class ForgetResult:
    """What a run took out; ``errors`` are parts that did not succeed, a line each.

    Args:
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
    """Who is meant, as the command line says it.

    Raises:
        UsageError: none or both are given, or it is no address.
    """
    if bool(profile) == bool(email):
        raise UsageError(messages.command_line.FORGET_WHOM())
    if email == "-":  # so that it stays out of the shell's history and the list of processes
        email = sys.stdin.readline()
    asked = PersonQuery(profile=(profile or "").strip(), email=(email or "").strip())
    if not asked.value or (email and "@" not in asked.value):
        raise UsageError(
            messages.command_line.FORGET_EMPTY(option="profile" if profile else "email")
        )
    return asked


def forget(
    lake: Lake, settings: Settings, asked: PersonQuery, *, wait: bool = False
) -> ForgetResult:
    """Forget somebody, alone on the lake.

    A run that was cut short is made up for by the same command.

    Raises:
        LakeBusy: another run holds the lake.
        LakeError: a page that names the person cannot be read, or what is in the place where a
            rebuild makes tables is not ours.
    """
    done = ForgetResult(uuid.uuid4().hex, utc_now(), asked.identifier_type)
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
            with workers(lake.session, SIDE_BY_SIDE, "tables") as pool:
                # One that cannot be opened ends this: the person may be in it.
                list(pool.map(lake.silver, TABLES.values()))
                list(pool.map(lake.ops, ops_tables.TABLES))
            _forget(lake.for_account(settings.account), settings.account, asked, done)
        except BaseException as error:
            # An error of Spark's may quote a row, and this run is about one person's.
            ours = isinstance(error, KlaviyoSparkError)
            why = str(error) if ours else type(error).__name__
            ending = record(exit_code=exit_code_of(error), errors=[*done.errors, why])
            record_failed_run(lake, ending)
            raise
        done.seconds = time.monotonic() - began
        record_run(lake, record(exit_code=done.exit_code, errors=done.errors))
    return done


def lines(done: ForgetResult) -> Iterator[str]:
    """The summary for a terminal; nothing in it says who it was."""
    before = f" (forgotten on {done.before:%Y-%m-%d %H:%M} UTC)" if done.before else ""
    if not done.was_there and not done.resumed:
        by = _WORDS[done.identifier_type]
        yield messages.lake.NOBODY_TO_FORGET(by=by, before=before)
        return
    width = max([len(name) for name in done.rows], default=0)
    yield from (f"{name:<{width}} {count:>9,} rows" for name, count in done.rows.items())
    yield from (f"failed: {problem}" for problem in done.errors)
    yield (
        f"forget {'partly ' if done.errors else ''}done: profiles={done.profiles:,} "
        f"rows={sum(done.rows.values()):,} pages={done.pages:,} records={done.records:,} "
        f"seconds={done.seconds:.1f} run={done.run_id}"
    )
    yield messages.lake.STILL_IN_KLAVIYO()


_WORDS = {"profile": "id", "email": "address"}


def _forget(lake: Lake, account_id: str, asked: PersonQuery, done: ForgetResult) -> None:
    known = receipts.receipts(lake, account_id)
    earlier = receipts.find_receipts(asked, known)
    done.before = max((r.finished_at for r in earlier if r.finished_at), default=None)
    cut_short = [receipt for receipt in earlier if receipt.finished_at is None]
    found = find(lake, asked)
    person = found.person
    counts = removing.count_rows(lake, person)
    quarantined = removing.quarantined(lake, person)
    if not (found.pages or counts or quarantined or cut_short):
        return
    done.resumed = bool(cut_short)
    done.profiles = len(person.ids)
    receipts.begun(lake, account_id, done.run_id, done.started_at, asked, known)
    place = lake.place
    rows = removing.remove_rows(lake, person, counts)
    done.rows = {f"{place.silver}.{name}": rows[name] for name in TABLES if name in rows}
    if quarantined:
        changed = removing.remove_quarantined(lake, person)
        done.rows |= {f"{place.ops}.quarantine": changed} if changed else {}
    for count, records in pages.rewrite_pages(lake, found.pages, person, done.started_at):
        done.pages, done.records = done.pages + count, done.records + records
        logger.info("forget: %d of %d pages rewritten", done.pages, len(found.pages))
    done.errors += removing.clear(lake, rows)
    if not done.errors:
        _sign(lake, account_id, done, cut_short)


def _sign(lake: Lake, account_id: str, done: ForgetResult, cut_short: list[Receipt]) -> None:
    counts = {
        "profiles": done.profiles,
        "pages": done.pages,
        "records": done.records,
        "table_rows": sum(done.rows.values()),
    }
    earlier = [receipt.run_id for receipt in cut_short]
    receipts.ended(lake, account_id, done.run_id, utc_now(), counts, earlier)
