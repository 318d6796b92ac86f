"""One verification from end to end: compare, write down, and, if asked to, heal and look again."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from klaviyo_spark import messages
from klaviyo_spark.bronze.account_identity import Identity, check_account
from klaviyo_spark.client.client import Client
from klaviyo_spark.commands.interrupts import until_interrupted
from klaviyo_spark.commands.sync import pipeline
from klaviyo_spark.commands.sync.account_context import AccountContext
from klaviyo_spark.commands.sync.account_run import RunRequest
from klaviyo_spark.commands.verify.checking import Checker
from klaviyo_spark.commands.verify.comparing import WHOLE_TABLES, Comparison, later
from klaviyo_spark.commands.verify.healing import Healing, healing
from klaviyo_spark.commands.verify.klaviyo_counts import KlaviyoCounter
from klaviyo_spark.commands.verify.profiles import ProfilesChecked
from klaviyo_spark.commands.verify.reread import Reread
from klaviyo_spark.config.models import Settings
from klaviyo_spark.errors import ConfigError, UsageError, exit_code_of, words_of
from klaviyo_spark.lake.file_lock import folder_of, holding
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.lake.readers.opening import reader_of
from klaviyo_spark.progress import Reporter, Shows, Silent
from klaviyo_spark.silver.models import Load
from klaviyo_spark.state import store
from klaviyo_spark.state.landings import newest_page
from klaviyo_spark.state.models import Outcome
from klaviyo_spark.state.runs import RunRecord, record_failed_run, record_run


@dataclass(frozen=True)
class VerifyRequest:
    """What a verification is to do.

    Args:
        ever: events of all time, and not only of the last 400 days.
        profiles: of which profiles Klaviyo is asked for the ids.
        heal: make again tables that others have changed; read again what is short, refine it, and
            verify that again.
        wait: for another run on the lake to end, where there is something to heal.
    """

    ever: bool = False
    profiles: ProfilesChecked = "sample"
    heal: bool = False
    wait: bool = False


AS_DEFAULT = VerifyRequest()


@dataclass
class Verified:
    """What came of it.

    Args:
        outcome: what could not be verified, what to know, and what was landed.
        found: a check per scope, as it was at first.
        checks: the same after healing.
        healed: what was read again, and ``loads`` what the tables took in of it.
        exit_code: 0 complete, 1 nothing could be verified, 3 not complete, 4 stopped by the rate
            limit.
    """

    run_id: str
    account: str
    started_at: datetime
    outcome: Outcome = field(default_factory=Outcome)
    found: list[Comparison] = field(default_factory=list)
    checks: list[Comparison] = field(default_factory=list)
    healed: Healing = field(default_factory=Healing)
    loads: list[Load] = field(default_factory=list)
    exit_code: int = 0
    requests: int = 0
    seconds: float = 0.0

    @property
    def faults(self) -> list[Comparison]:
        """Scopes that are not as they should be."""
        return [check for check in self.checks if check.is_fault]

    @property
    def is_complete(self) -> bool:
        """Everything asked about was compared, and nothing is missing."""
        return self.exit_code == 0


def verify(
    lake: Lake,
    client: Client,
    settings: Settings,
    request: VerifyRequest = AS_DEFAULT,
    show: Reporter | None = None,
) -> Verified:
    """Verify one account. The lake is held only while something is healed.

    Raises:
        ConfigError: there is no lake, or nothing in it that can be verified.
        LakeBusy: there is something to heal, and another run holds the lake.
        OtherAccount: Klaviyo answers for another account than the lake's.
        KlaviyoSparkError: Klaviyo could not be asked at all.
    """
    note = check_lake(lake, settings, request.profiles)
    client.learn_time()
    done = Verified(uuid.uuid4().hex, settings.account, client.now())
    done.outcome.warnings += note
    began = time.monotonic()
    try:
        with show or Silent() as shown:
            _Verify(lake, client, settings, done, shown).run(request)
    except BaseException as error:
        done.outcome.fail("all", words_of(error))
        done.exit_code = exit_code_of(error)
        record_failed_run(lake, _run_record(done, client))
        raise
    done.exit_code = exit_code_of_verification(done, settings.resources)
    done.seconds = time.monotonic() - began
    done.outcome.warnings += client.clock_notes()
    record = _run_record(done, client)
    done.requests = record.requests
    record_run(lake, record)
    return done


def check_lake(lake: Lake, settings: Settings, profiles: ProfilesChecked = "sample") -> list[str]:
    """See that there is something to verify; what to know of it.

    Raises:
        ConfigError: there is not.
    """
    if profiles == "none" and set(settings.resources) <= {"profiles"}:
        raise UsageError(messages.verify.PROFILES_UNCOUNTED())
    if reader_of(lake).ask("ops", "runs", "SELECT 1 FROM {t} LIMIT 1") is None:
        where = settings.catalog or settings.warehouse
        raise ConfigError(messages.lake.NO_LAKE(where=where))
    folder = folder_of(lake)
    held = holding(folder) if folder else reader_of(lake).holding()
    warnings = []
    if held and held.alive is not False:
        warnings.append(messages.verify.LAKE_HELD(holder=held.holder))
    return warnings


def exit_code_of_verification(done: Verified, resources: Sequence[str]) -> int:
    """0 complete; 1 nothing could be verified; 3 not complete; 4 stopped by the rate limit."""
    outcome = done.outcome
    if outcome.resume_at is not None:
        return 4
    asked = [check for check in done.checks if check.count_type != WHOLE_TABLES]
    # An account may have no profiles: that there are none to compare is no failure.
    if not asked and outcome.failed and {*resources} - {"profiles"} <= outcome.failed.keys():
        return 1
    return 3 if outcome.failed or done.faults else 0


def fault_lines(faults: Sequence[Comparison]) -> list[str]:
    """A line per resource and kind of what is not as it should be, for ``klaviyo_ops.runs``."""
    kinds: dict[tuple[str, str], list[Comparison]] = {}
    for check in faults:
        kinds.setdefault((check.resource, check.count_type), []).append(check)
    lines = []
    for (resource, count_type), some in sorted(kinds.items()):
        missing, more = sum(c.missing for c in some), sum(c.surplus for c in some)
        lines.append(
            f"{resource}: {count_type} of {len(some):,} scope{'s' if len(some) > 1 else ''} "
            f"differ, {missing:,} missing, {more:,} too many"
        )
    return lines


class _Verify:
    def __init__(
        self, lake: Lake, client: Client, settings: Settings, done: Verified, show: Shows
    ) -> None:
        self._lake, self._client, self._settings = lake, client, settings
        self._done, self._show = done, show
        self._outcome = done.outcome
        klaviyo = KlaviyoCounter(client, settings.max_concurrent_requests, self._outcome, show)
        self._checker = Checker(lake, klaviyo, settings, self._outcome)

    def run(self, request: VerifyRequest) -> None:
        done, heal, wait = self._done, request.heal, request.wait
        self._check_account()
        tables = mended = self._checker.tables()
        anew = healing(tables)
        if heal and anew:  # first: what they lack need not be asked for
            with pipeline.exclusive("verify", self._lake, done.run_id, wait):
                self._repair(RunRequest("verify", run_id=done.run_id, mend=True))
            mended = self._checker.tables()
        rest = self._checker.everything(request.ever, request.profiles)
        done.found, done.checks = [*tables, *rest], [*mended, *rest]
        self._write(done.found)
        self._write(mended if heal and anew else ())
        todo = healing(rest)
        done.healed = replace(todo, tables=anew.tables) if heal else Healing()
        if heal and todo:
            with pipeline.exclusive("verify", self._lake, done.run_id, wait):
                self._heal(todo)
            if self._outcome.resume_at is not None:
                return
            again = self._checker.recheck(todo, rest)
            self._write(again)
            done.checks = later(done.checks, again)

    def _check_account(self) -> None:
        read = store.read_watermarks(self._lake, self._settings.account).events
        account = self._settings.account
        identity = Identity(self._lake, account, read, self._client.base_url)
        with until_interrupted() as stop:
            note = check_account(identity, self._client, stop)
        self._outcome.warnings += [note] if note else []

    def _heal(self, todo: Healing) -> None:
        """Read again, refine. What failed is in the outcome."""
        lake, settings = self._lake, self._settings
        plan = Reread(
            self._client.base_url,
            todo,
            self._checker.scope,
            self._client.now() - settings.indexing_lag,
            self._client.stamp,
        )
        self._client.start_after(newest_page(lake, settings.account, self._client.now()))
        self._repair(RunRequest("verify", run_id=self._done.run_id, plan=plan))

    def _repair(self, request: RunRequest) -> None:
        account = AccountContext(self._settings, self._client)
        loads = pipeline.repair(request, self._lake, account, self._outcome, self._show)
        self._done.loads += loads

    def _write(self, checks: Sequence[Comparison]) -> None:
        now, run_id = self._client.stamp(), self._done.run_id
        rows = [
            {
                "run_id": run_id,
                "account_id": self._settings.account,
                "resource": check.resource,
                "count_type": check.count_type,
                "scope": check.scope,
                "scope_name": check.scope_name,
                "day": check.day,
                "actual_count": check.actual_count,
                "expected_count": check.expected_count,
                "verified_at": now,
            }
            for check in checks
        ]
        if rows:
            self._lake.append_ops("verifications", rows)


def _run_record(done: Verified, client: Client) -> RunRecord:
    outcome, stats = done.outcome, client.stats()
    failed = [line for lines in outcome.failed.values() for line in lines]
    return RunRecord(
        run_id=done.run_id,
        account_id=done.account,
        command="verify",
        started_at=done.started_at,
        finished_at=client.now(),
        exit_code=done.exit_code,
        errors=[*failed, *fault_lines(done.faults)],
        warnings=outcome.warnings,
        requests=sum(stats.requests.values()),
        retries=stats.retries,
        pages=outcome.pages,
        bytes=outcome.bytes,
    )
