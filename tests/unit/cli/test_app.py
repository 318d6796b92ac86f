"""The command line: what bad input gets, and what a key without a scope does."""

from __future__ import annotations

import json
import sys
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from klaviyo_spark.cli import main
from klaviyo_spark.commands.sync.account_context import AccountContext
from klaviyo_spark.commands.verify import Verified
from klaviyo_spark.config.models import Settings
from klaviyo_spark.errors import ConfigError, Unauthorized, in_a_line
from tests.helpers.command_line import run

pytestmark = pytest.mark.usefixtures("_with_key")


BAD = {
    "an unknown verb": (["snyc"], "No such command 'snyc'"),
    "an unknown option": (["sync", "--form", "x"], "No such option"),
    "an unknown resource": (["sync", "--resources", "event"], "Did you mean 'events'"),
    "a start that is no time": (["sync", "--start", "yesterday"], "--start"),
    "an end before the start": (
        ["sync", "--start", "2026-02-01", "--end", "2026-01-01"],
        "not before --end",
    ),
    "a start in the future": (["sync", "--start", "2999-01-01"], "future"),
    "plain http to another host": (["sync", "--base-url", "http://example.com"], "plain http"),
    "a conf that is not there": (["sync", "--config", "nope.yml"], "no such file"),
    "a backfill without its two times": (["backfill"], "needs --start and --end"),
    "job parameters that arrive empty": (
        ["backfill", "--start", "", "--end", "", "--resources", "", "--dry-run", ""],
        "needs --start and --end",
    ),
    "a variable of a bundle that is not filled in": (
        ["sync", "--config", "${workspace.file_path}/conf/dev.yml"],
        "${workspace.file_path} was not filled in. Deploy with `databricks bundle deploy`",
    ),
    "a folder that is no lake": (["sync", "--warehouse", "things"], "no lake"),
    "a warehouse that is a file": (["sync", "--warehouse", "things/file"], "is a file"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_gets_one_line_and_exit_code_2(capsys, tmp_path, what):
    (tmp_path / "things").mkdir()
    (tmp_path / "things" / "file").write_text("not a table")
    args, said = BAD[what]

    code, err = run(capsys, *args)

    assert (code, len(err.strip().splitlines())) == (2, 1), err
    assert said in err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["things"], "nothing is written"


def test_a_misspelt_setting_names_the_nearest(capsys, tmp_path):
    (tmp_path / "my.yml").write_text("lookbak: 3d\n")
    code, err = run(capsys, "sync", "--config", "my.yml")
    assert (code, "Did you mean 'lookback'" in err) == (2, True), err


def test_no_key_says_where_it_belongs(capsys, monkeypatch):
    monkeypatch.delenv("KLAVIYO_API_KEY")
    code, err = run(capsys, "sync")
    assert (code, len(err.strip().splitlines()), "KLAVIYO_API_KEY" in err) == (2, 1, True), err


def test_a_secret_scope_that_is_not_there_is_one_line_with_the_way_to_one(capsys, monkeypatch):
    def get(scope: str, key: str) -> str:
        raise PermissionError("Secret does not exist with scope: klaviyo and key: private-key")

    runtime = SimpleNamespace(dbutils=SimpleNamespace(secrets=SimpleNamespace(get=get)))
    monkeypatch.setitem(sys.modules, "databricks.sdk.runtime", runtime)
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "17.3")

    code, err = run(capsys, "sync", "--secret-scope", "klaviyo", "--secret-key", "private-key")

    assert (code, len(err.strip().splitlines())) == (2, 1), err
    assert "`databricks secrets create-scope klaviyo`" in err


ACCOUNTS = """
accounts:
  - {name: us, key_variable: KEY_US}
  - {name: eu, key_variable: KEY_EU}
"""


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["sync"], "no account has a usable key. us: no Klaviyo key found. Either set KEY_US"),
        (["sync", "--account", "fr"], "not one of `accounts` in conf: us, eu"),
        (["refine", "--account", "fr"], "not one of `accounts` in conf: us, eu"),
        (["sync", "--account", "us"], "no Klaviyo key found. Either set KEY_US"),
        (["sync", "--secret-scope", "a", "--secret-key", "b"], "Add --account and one of: us, eu"),
        (["backfill", "--account", "", "--start", ""], "needs --start and --end"),
    ],
)
def test_bad_input_with_several_accounts_gets_one_line_and_exit_code_2(
    capsys, tmp_path, args, said
):
    (tmp_path / "my.yml").write_text(ACCOUNTS)
    code, err = run(capsys, *args, "--config", "my.yml")
    assert (code, len(err.strip().splitlines()), said in err) == (2, 1, True), err


class Verifying:
    """``verify`` of accounts that stand in for ones in a lake: what came of each, or its error."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: Any, **by_account: Any) -> None:
        self.capsys = capsys

        def verify(
            _lake: Any, _client: Any, settings: Settings, _how: Any, **_show: Any
        ) -> Verified:
            met = by_account[settings.account]
            if isinstance(met, Exception):
                raise met
            at = datetime(2026, 6, 1, tzinfo=timezone.utc)
            return Verified(f"run-{settings.account}", settings.account, at, exit_code=met)

        client: Any = SimpleNamespace()
        parts = tuple(
            AccountContext(Settings(account=name), None, met)
            if isinstance(met, ConfigError)
            else AccountContext(Settings(account=name), client)
            for name, met in by_account.items()
        )
        job = SimpleNamespace(lake=None, parts=parts)
        monkeypatch.setattr("klaviyo_spark.cli.app.open_context", lambda *_of, **_how: job)
        monkeypatch.setattr("klaviyo_spark.commands.verify.verify", verify)

    def told(self, *args: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as left:
            main(["verify", *args])
        return int(left.value.code or 0), self.capsys.readouterr().out


@pytest.mark.parametrize(
    ("us", "eu", "code"),
    [
        (0, 0, 0),
        (0, 3, 3),
        (Unauthorized("KEY_US was refused"), 0, 3),
        (ConfigError("no Klaviyo key found. Either set KEY_US"), 0, 3),
        (4, 0, 4),
        (Unauthorized("KEY_US was refused"), 1, 1),
    ],
)
def test_accounts_are_verified_one_after_the_other(capsys, monkeypatch, us, eu, code):
    verifying = Verifying(monkeypatch, capsys, us=us, eu=eu)

    left, out = verifying.told()

    assert left == code
    assert [line for line in out.splitlines() if line.startswith("==")] == [
        "== account us",
        "== account eu",
    ]
    assert "run=run-eu" in out
    assert ("failed: us: " in out) is isinstance(us, Exception)


def test_a_verification_of_several_accounts_is_a_list_for_programs(capsys, monkeypatch):
    verifying = Verifying(monkeypatch, capsys, us=Unauthorized("KEY_US was refused"), eu=0)

    said = json.loads(verifying.told("--json")[1])

    assert [(one["account"], one["complete"]) for one in said] == [("us", False), ("eu", True)]


def test_a_verification_of_one_account_is_as_it_was(capsys, monkeypatch):
    verifying = Verifying(monkeypatch, capsys, default=3)

    assert "== account" not in verifying.told()[1]
    code, out = verifying.told("--json")
    assert (code, json.loads(out)["account"]) == (3, "default")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("first\nsecond"), "ValueError: first"),
        (ValueError(), "ValueError: "),
        (
            OSError("while calling o237.append\n: java.io.IOException: No space left on device\n"),
            "No space left on device: what was written stays. Make room and run the same "
            "command again.",
        ),
    ],
    ids=["many lines", "no words", "a full disk"],
)
def test_an_error_of_spark_or_the_system_is_said_in_a_line(error, line):
    assert in_a_line(error) == line


@pytest.mark.parametrize("package", ["pyarrow", "pyspark"])
def test_a_missing_extra_is_named_and_is_no_fault_to_report(capsys, monkeypatch, package):
    """Installed without `spark`, every command said ModuleNotFoundError, exit code 1."""
    missing = ModuleNotFoundError(f"No module named '{package}'", name=f"{package}.lib")
    monkeypatch.setattr(
        "klaviyo_spark.commands.status.lake_status.reader", lambda _settings: _raise(missing)
    )

    code, err = run(capsys, "status", "--warehouse", "lake")

    assert (code, err) == (
        2,
        f"klaviyo-spark: this command needs a package that is not installed (No module named "
        f"'{package}'). Run pip install 'klaviyo-spark[spark]'\n",
    )


def _raise(error: Exception) -> None:
    raise error
