"""The commands as methods. The work is that of the command line, and so are the settings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from klaviyo_spark import messages
from klaviyo_spark.cli.progress import Progress, progress
from klaviyo_spark.clock import utc_now
from klaviyo_spark.commands import maintain as upkeep
from klaviyo_spark.commands.backfill.run import BackfillRequest, backfill
from klaviyo_spark.commands.context import LakeContext, open_lake
from klaviyo_spark.commands.forget import run as forget
from klaviyo_spark.commands.report import verb as report
from klaviyo_spark.commands.results import summaries
from klaviyo_spark.commands.results.results import (
    BackfillResult,
    ForgetResult,
    MaintainResult,
    RunResult,
    VerifyResult,
)
from klaviyo_spark.commands.results.summaries import check_complete
from klaviyo_spark.commands.status import Status
from klaviyo_spark.commands.status.lake_status import status_per_account
from klaviyo_spark.commands.sync import pipeline
from klaviyo_spark.commands.sync.account_context import AccountContext, for_each_account
from klaviyo_spark.commands.sync.account_run import RunRequest, Summary, Verb
from klaviyo_spark.commands.verify import VerifyRequest, verify, words
from klaviyo_spark.commands.verify.profiles import ProfilesChecked
from klaviyo_spark.config.loader import load
from klaviyo_spark.config.models import Settings
from klaviyo_spark.config.times import bounds
from klaviyo_spark.errors import UsageError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from klaviyo_spark.commands.verify.run import Verified

Time = str | date | datetime | None
"""ISO 8601, a day or a moment; UTC where it has no offset. None: not bounded."""


class Pipeline:
    """The commands on one lake, for Python programs and notebooks.

    A command that did not do all raises, so nothing goes on in the belief that it did. Progress is
    logged, or drawn in a notebook; logging is set up by the program.

    Args:
        config: a conf file; without it ``conf/base.yml`` is read, if it is there.
        spark: the session to work in. Without it: the one that is there, or one that is started
            where a command needs one, and stays.
        show: how progress is shown; ``auto`` is bars on a terminal or in a notebook, else lines.
        settings: any setting of conf by its name, over those of the file: ``warehouse``,
            ``account``, ``resources``, ``lookback``, ... The key is none: it comes from
            KLAVIYO_API_KEY or a secret scope.

    Raises:
        ConfigError: says which file or setting, and what is expected.
    """

    def __init__(
        self,
        config: str | Path | None = None,
        *,
        spark: SparkSession | None = None,
        show: Literal["auto", "bars", "lines", "none"] = "auto",
        **settings: Any,
    ) -> None:
        self._settings = load(str(config) if config else None, **settings)
        # What is named is all that a backfill is of; conf's resources are what it may be of.
        self._named = self._settings.resources if settings.get("resources") else ()
        self._spark, self._show = spark, show

    @property
    def settings(self) -> Settings:
        """What holds, of conf and of what was given; it has no key."""
        return self._settings

    def sync(self, start: Time = None, end: Time = None, *, wait: bool = False) -> RunResult:
        """Read what is due from Klaviyo and refine it into the tables.

        Args:
            start, end: of ``events`` and ``profiles``; the end is exclusive.
            wait: for another run on the lake to end.

        Raises:
            RunIncomplete: not all was read and loaded; what was stays.
            LakeBusy: another run holds the lake.
            KlaviyoSparkError: the run could not be made, or not go on.
        """
        return self._run("sync", start, end, wait)

    def ingest(self, start: Time = None, end: Time = None, *, wait: bool = False) -> RunResult:
        """Land pages from Klaviyo in bronze; arguments and errors are those of ``sync``."""
        return self._run("ingest", start, end, wait)

    def refine(self, *, rebuild: bool = False, wait: bool = False) -> RunResult:
        """Refine the pages that have landed into the tables; errors are those of ``sync``.

        Args:
            rebuild: make the tables anew from all pages in bronze.
            wait: for another run on the lake to end.
        """
        return self._run("refine", None, None, wait, rebuild)

    def backfill(
        self,
        start: Time,
        end: Time,
        *,
        dry_run: bool = False,
        wait: bool = False,
        say: Callable[[str], object] = lambda _line: None,
    ) -> BackfillResult:
        """Read a past window of events and profiles, in steps; errors are those of ``sync``.

        Args:
            start, end: of the window; the end is exclusive.
            dry_run: say which steps, and what they will ask of Klaviyo; read nothing.
            wait: for another run on the lake to end.
            say: is told a line per step as it ends.
        """
        start_time, end_time = _window(start, end)
        if start_time is None or end_time is None:
            raise UsageError(messages.command_line.BACKFILL_WITHOUT_WINDOW())
        request = BackfillRequest(start_time, end_time, self._named, wait, dry_run)
        lines: list[str] = []
        steps: list[Summary] = []
        failed: list[summaries.Line] = []

        def out(line: str) -> None:
            lines.append(line)
            say(line)

        with open_lake(
            self._settings, asks=not dry_run, refines=not dry_run, spark=self._spark
        ) as job:
            code = backfill(
                request,
                job.lake,
                job.parts,
                out,
                self._progress,
                steps.append,
                lambda account, error: failed.append((account, error)),
            )
        return check_complete(summaries.result_of_backfill(code, steps, lines, failed))

    def verify(
        self,
        *,
        all_days: bool = False,
        profiles: ProfilesChecked = "sample",
        heal: bool = False,
        wait: bool = False,
    ) -> VerifyResult:
        """Prove the tables complete against Klaviyo's own counts and listings.

        Args:
            all_days: events of all time, and not only of the last 400 days.
            profiles: of which profiles Klaviyo is asked for the ids: ``none``, ``sample`` (all
                have their turn within four weeks) or ``all``.
            heal: make tables that others changed again from bronze, read missing records again,
                then verify them again.
            wait: for another run on the lake to end, where there is something to heal.

        Raises:
            RunIncomplete: something is missing, or could not be verified.
            KlaviyoSparkError: nothing could be verified.
        """
        every: list[Verified] = []
        lines: list[str] = []

        def work(part: AccountContext, job: LakeContext) -> int:
            assert part.client
            done = verify(
                job.lake,
                part.client,
                part.settings,
                VerifyRequest(all_days, profiles, heal, wait),
                show=self._progress(),
            )
            every.append(done)
            lines.extend(words.lines(done))
            return done.exit_code

        code, failed = self._for_each(work, lines, asks=True, refines=heal)
        return check_complete(summaries.result_of_verify(code, every, lines, failed))

    def maintain(self, *, wait: bool = False) -> MaintainResult:
        """Upkeep of the lake: old pages, small files, files nobody needs, as conf says.

        Raises:
            RunIncomplete: parts of it did not succeed.
            LakeBusy: another run holds the lake.
        """
        with open_lake(self._settings, asks=False, spark=self._spark) as job:
            done = upkeep.maintain(job.lake, job.settings, wait=wait)
        return check_complete(summaries.result_of_maintain(done))

    def forget(
        self, *, profile: str | None = None, email: str | None = None, wait: bool = False
    ) -> ForgetResult:
        """Take a person out of the whole lake, with all that it held of them before.

        Args:
            profile: Klaviyo's id of the profile; or
            email: their address.
            wait: for another run on the lake to end.

        Raises:
            RunIncomplete: they are not out of all of it yet; the same call goes on.
            UsageError: none or both are given.
            LakeBusy: another run holds the lake.
        """
        asked = forget.asked_for(profile, email)
        every: list[tuple[str, forget.Erasure]] = []
        lines: list[str] = []

        def work(part: AccountContext, job: LakeContext) -> int:
            done = forget.forget(job.lake, part.settings, asked, wait=wait)
            every.append((part.account, done))
            lines.extend(forget.lines(done))
            return done.exit_code

        code, failed = self._for_each(work, lines, asks=False, refines=True)
        return check_complete(summaries.result_of_forget(code, every, lines, failed))

    def status(self) -> dict[str, Status]:
        """How the lake is, by account; the fields are those of ``status --json``.

        It starts no run and takes no lock; of a lake in a folder it needs no Spark.
        """
        return status_per_account(self._settings)

    def report(self, out: str | Path = "report.html") -> list[Path]:
        """Write the page to look at, of several accounts one each; where each is.

        Raises:
            ConfigError: the file is no earlier report, or there is no lake to report on.
        """
        return report.report(self._settings, Path(out), lambda _line: None)

    def _run(
        self, verb: Verb, start: Time, end: Time, wait: bool, rebuild: bool = False
    ) -> RunResult:
        start_time, end_time = _window(start, end)
        request = RunRequest(verb, start_time, end_time, wait=wait, anew=rebuild)
        with open_lake(
            self._settings, asks=verb != "refine", refines=verb != "ingest", spark=self._spark
        ) as job:
            every = pipeline.run(request, job.lake_of_run, job.parts, self._progress())
        return check_complete(summaries.result_of_run(verb, every))

    def _for_each(
        self,
        work: Callable[[AccountContext, LakeContext], int],
        lines: list[str],
        *,
        asks: bool,
        refines: bool,
    ) -> tuple[int, list[summaries.Line]]:
        """The exit code of all accounts together, and those that an error ended."""
        failed: list[summaries.Line] = []
        with open_lake(self._settings, asks=asks, refines=refines, spark=self._spark) as job:
            code = for_each_account(
                job.parts,
                lambda part: work(part, job),
                lines.append,
                lambda account, error: failed.append((account, error)),
            )
        return code, failed

    def _progress(self) -> Progress:
        return progress(self._show)


def _window(start: Time, end: Time) -> tuple[datetime | None, datetime | None]:
    """Both in UTC; see ``times.bounds``."""
    return bounds(_text(start), _text(end), utc_now())


def _text(at: Time) -> str | None:
    return at.isoformat() if isinstance(at, date) else at
