"""``Pipeline``: its settings, what it calls, and what it raises where not all is done. No Spark."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from datetime import date, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest

import klaviyo_spark
from klaviyo_spark import (
    ConfigError,
    KlaviyoSparkError,
    LakeBusy,
    Pipeline,
    RunIncomplete,
    RunResult,
    VerifyResult,
)
from klaviyo_spark.commands.maintain import TableMaintenance, Upkeep
from klaviyo_spark.commands.results.results import Difference, TableChange
from klaviyo_spark.commands.sync.account_context import AccountContext
from klaviyo_spark.commands.sync.account_run import RunRequest, Summary
from klaviyo_spark.commands.verify.comparing import Comparison
from klaviyo_spark.commands.verify.run import Verified
from klaviyo_spark.config.models import Settings
from klaviyo_spark.errors import Unauthorized, UsageError
from klaviyo_spark.silver.models import Load
from klaviyo_spark.state.models import Outcome
from tests.helpers.status_lakes import a_run, put

pytestmark = pytest.mark.usefixtures("_with_key")

AT = datetime(2026, 6, 1, tzinfo=timezone.utc)


def a_summary(account: str = "default", exit_code: int = 0, **facts: Any) -> Summary:
    loads = [Load("tags", "r", ("b",), inserted=2, updated=1, soft_deleted=1)]
    done = Summary("run1", "sync", AT, account=account, exit_code=exit_code, finished_at=AT)
    done.loads, done.rows = loads, {"tags": 7, "lists": 3}
    for name, value in facts.items():
        setattr(done.outcome, name, value)
    return done


class Commands:
    """In the place of the lake and of the commands: what they were called with."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *accounts: str) -> None:
        self.monkeypatch = monkeypatch
        client: Any = SimpleNamespace()
        self.parts = tuple(AccountContext(Settings(account=name), client) for name in accounts)
        self.opened: list[dict[str, Any]] = []
        self.requests: list[RunRequest] = []

        @contextmanager
        def open_lake(settings: Settings, **how: Any) -> Any:
            self.opened.append(how)
            yield SimpleNamespace(
                lake="a lake", lake_of_run="its lake", parts=self.parts, settings=settings
            )

        self.put("open_lake", open_lake)

    def put(self, name: str, call: Any) -> None:
        self.monkeypatch.setattr(f"klaviyo_spark.python.pipeline.{name}", call)

    def run_gives(self, *every: Summary) -> None:
        def run(request: RunRequest, *_: Any) -> list[Summary]:
            self.requests.append(request)
            return [*every]

        self.put("pipeline.run", run)


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> Commands:
    return Commands(monkeypatch, "default")


# -- the package's top ----------------------------------------------------------------------------


def test_importing_the_package_imports_none_of_what_it_offers():
    script = "import sys, klaviyo_spark; print(*sorted(sys.modules))"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    ours = [name for name in done.stdout.split() if name.startswith("klaviyo_spark")]
    assert ours == ["klaviyo_spark", "klaviyo_spark.version"]


def test_every_public_name_is_there_and_no_other():
    assert [name for name in klaviyo_spark.__all__ if not getattr(klaviyo_spark, name)] == []
    with pytest.raises(AttributeError, match="no attribute 'Pipelin'"):
        _ = klaviyo_spark.Pipelin


# -- settings -------------------------------------------------------------------------------------


def test_what_is_given_stands_over_conf(tmp_path):
    conf = tmp_path / "my.yml"
    conf.write_text("warehouse: ./there\nlookback: 3d\n")

    settings = Pipeline(conf, warehouse="./here", resources=["tags", "lists"]).settings

    assert (settings.warehouse, settings.lookback) == ("./here", timedelta(days=3))
    assert settings.resources == ("lists", "tags")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"lookbak": "3d"}, "Did you mean 'lookback'"),
        ({"resources": "event"}, "Did you mean 'events'"),
        ({"config": "nope.yml"}, "no such file"),
    ],
)
def test_a_slip_is_named_when_the_pipeline_is_made(given: dict[str, Any], said: str):
    with pytest.raises(ConfigError, match=said):
        Pipeline(**given)


def test_nothing_that_is_printed_holds_the_key(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KLAVIYO_API_KEY", "pk_secret")
    pipeline = Pipeline()

    assert "pk_secret" not in f"{pipeline!r} {vars(pipeline)} {pipeline.settings}"


# -- runs -----------------------------------------------------------------------------------------


def test_a_sync_gives_back_what_it_did_and_prints_as_the_command_line(commands: Commands):
    commands.run_gives(a_summary(pages=4, warnings=["the clock is wrong"]))
    spark: Any = SimpleNamespace()

    result = Pipeline(spark=spark).sync("2026-01-01", date(2026, 2, 1), wait=True)

    [request] = commands.requests
    assert commands.opened == [{"asks": True, "refines": True, "spark": spark}]
    assert (request.verb, request.wait, request.anew) == ("sync", True, False)
    assert [f"{request.start:%Y-%m-%d %Z}", f"{request.end:%Y-%m-%d %Z}"] == [
        "2026-01-01 UTC",
        "2026-02-01 UTC",
    ]
    [account] = result.accounts
    assert account.tables == {"tags": TableChange(7, 2, 1, 1), "lists": TableChange(3)}
    assert (result.rows, result.changed_rows) == ({"tags": 7, "lists": 3}, {"tags": 4})
    assert (result.ending, result.errors, result.warnings) == ("done", (), ("the clock is wrong",))
    assert str(result).splitlines()[-1].startswith("sync done: pages=4 bytes=0 ")


def test_ingest_and_refine_ask_for_what_they_need(commands: Commands):
    commands.run_gives(a_summary())

    Pipeline().ingest()
    Pipeline().refine(rebuild=True)

    assert [(how["asks"], how["refines"]) for how in commands.opened] == [
        (True, False),
        (False, True),
    ]
    assert [(one.verb, one.anew) for one in commands.requests] == [
        ("ingest", False),
        ("refine", True),
    ]


def test_a_run_that_is_not_all_done_raises_with_its_result(commands: Commands):
    failed = {"events": ["no scope events:read."], "tables": ["tags held back."]}
    commands.run_gives(a_summary(exit_code=3, failed=failed))

    with pytest.raises(RunIncomplete) as raised:
        Pipeline().sync()

    assert str(raised.value) == (
        "sync partly done (exit code 3): events: no scope events:read; tables: tags held back. "
        "What was read stays; the same call resumes."
    )
    assert raised.value.exit_code == 3
    assert isinstance(raised.value.result, RunResult)
    assert raised.value.result.rows["tags"] == 7


def test_a_run_that_the_rate_limit_stopped_says_when_to_resume(commands: Commands):
    commands.run_gives(a_summary(exit_code=4, resume_at=AT))

    with pytest.raises(RunIncomplete, match=r"sync stopped \(exit code 4\)") as raised:
        Pipeline().sync()

    assert isinstance(raised.value.result, RunResult)
    assert raised.value.result.resume_at == AT


def test_of_several_accounts_each_has_its_summary_and_rows_are_added(monkeypatch):
    commands = Commands(monkeypatch, "us", "eu")
    commands.run_gives(a_summary("us"), a_summary("eu", 3, failed={"tags": ["-> 500"]}))

    with pytest.raises(RunIncomplete) as raised:
        Pipeline().sync()

    result = raised.value.result
    assert isinstance(result, RunResult)
    assert [(one.account, one.exit_code) for one in result.accounts] == [("us", 0), ("eu", 3)]
    assert (result.errors, result.rows["tags"]) == (("eu: tags: -> 500",), 14)


def test_an_error_that_ends_a_run_is_raised_as_it_is(commands: Commands):
    def run(*_: Any) -> None:
        raise LakeBusy(None)

    commands.put("pipeline.run", run)

    with pytest.raises(KlaviyoSparkError, match="the lake is held by another run"):
        Pipeline().sync()


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [("yesterday", None, "not a time"), ("2026-02-01", "2026-01-01", "not before")],
)
def test_times_that_are_none_are_refused(start, end, said):
    with pytest.raises(UsageError, match=said):
        Pipeline().sync(start, end)


# -- other commands -------------------------------------------------------------------------------


def test_a_backfill_gives_a_summary_per_step_and_says_lines_as_they_come(commands: Commands):
    def backfill(request, _lake, _parts, out, _reporter, note, _note_error) -> int:
        assert (request.dry_run, request.named) == (False, ("events",))
        out("step 1 of 1")
        note(a_summary())
        return 0

    commands.put("backfill", backfill)
    told: list[str] = []

    result = Pipeline(resources="events").backfill("2026-01-01", "2026-02-01", say=told.append)

    assert told == ["step 1 of 1"] == str(result).splitlines()
    assert [step.tables["tags"].inserted for step in result.steps] == [2]


def test_a_backfill_needs_both_its_times():
    with pytest.raises(UsageError, match="needs --start and --end"):
        Pipeline().backfill("2026-01-01", None)


def test_a_verification_that_finds_something_missing_raises(commands: Commands):
    check = Comparison("events", "events", "M1", "Opened Email", date(2026, 5, 1), 4, 5)

    def verify(*_: Any, **__: Any) -> Verified:
        return Verified("run1", "default", AT, Outcome(), [check], [check], exit_code=3)

    commands.put("verify", verify)

    with pytest.raises(RunIncomplete, match="1 missing, 0 too many") as raised:
        Pipeline().verify()

    result = raised.value.result
    assert isinstance(result, VerifyResult)
    assert not result.complete
    assert result.differences == (
        Difference("default", "events", "events", "M1", "Opened Email", date(2026, 5, 1), 4, 5),
    )


def test_an_account_whose_key_is_refused_is_an_error_of_the_others_result(monkeypatch):
    commands = Commands(monkeypatch, "us", "eu")

    def verify(_lake: Any, _client: Any, settings: Settings, _how: Any, **_: Any) -> Verified:
        if settings.account == "us":
            raise Unauthorized("KEY_US was refused")
        return Verified("run1", "eu", AT)

    commands.put("verify", verify)

    with pytest.raises(RunIncomplete) as raised:
        Pipeline().verify()

    assert isinstance(raised.value.result, VerifyResult)
    assert raised.value.result.errors == ("us: KEY_US was refused",)


def test_upkeep_gives_its_totals(commands: Commands):
    tables = [TableMaintenance("a", 9, 2, 100, 5), TableMaintenance("b", 1, 1, None)]
    commands.put("upkeep.maintain", lambda *_, **__: Upkeep("run1", AT, tables))

    done = Pipeline().maintain()

    assert (done.files_before, done.files_after, done.freed_bytes) == (10, 3, 100)
    assert done.deleted_pages == 5


@pytest.mark.parametrize(
    "whom", [{}, {"profile": "01H", "email": "a@example.com"}, {"email": "-"}], ids=str
)
def test_to_forget_needs_one_person(whom: dict[str, str]):
    with pytest.raises(UsageError, match="needs one person|not a profile ID"):
        Pipeline().forget(**whom)  # type: ignore[arg-type]  # pytest's parameters


def test_the_status_of_a_lake_is_by_account(tmp_path):
    put(tmp_path, "klaviyo_ops", "runs", a_run("run1"))

    status = Pipeline(warehouse=str(tmp_path)).status()

    assert [run.run_id for run in status["default"].runs] == ["run1"]
