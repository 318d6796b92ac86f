"""Every ending of a run is on record, with its exit code and its errors. No Spark."""

from __future__ import annotations

from typing import Any

import pytest

from klaviyo_spark.commands.sync import pipeline
from klaviyo_spark.commands.sync.account_context import AccountContext
from klaviyo_spark.commands.sync.account_run import RunRequest, Summary
from klaviyo_spark.commands.sync.pipeline import _Runs
from klaviyo_spark.config.models import Settings
from klaviyo_spark.errors import ConfigError, LakeError, meets_all
from klaviyo_spark.silver.models import Load
from klaviyo_spark.state.models import Outcome


class Ledger:
    """Stands in for a lake: the rows of ``runs``."""

    def __init__(self) -> None:
        self.runs: list[dict[str, Any]] = []

    def name_foreign_columns(self) -> list[str]:
        return []

    def append_ops(self, name: str, rows: list[dict[str, Any]]) -> None:
        assert name == "runs"
        self.runs += rows


def refine(ledger: Any, *resources: str) -> Summary:
    account = AccountContext(Settings(resources=resources))
    [summary] = pipeline.run_on_held_lake(RunRequest("refine"), ledger, [account])
    return summary


@pytest.mark.parametrize(
    ("error", "exit_code", "line"),
    [
        (LakeError("the lake is odd"), 1, "the lake is odd"),
        (RuntimeError("a slip of ours"), 1, "RuntimeError: a slip of ours"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_run_that_an_error_ends_is_on_record(monkeypatch, error, exit_code, line):
    def failing(*_: object) -> None:
        raise error

    monkeypatch.setattr(pipeline, "make_tables", failing)
    ledger = Ledger()
    with pytest.raises(type(error)):
        refine(ledger, *Settings().resources)
    (row,) = ledger.runs
    assert (row["exit_code"], row["errors"]) == (exit_code, [line])


def test_tables_held_back_are_a_run_that_is_partly_done(monkeypatch):
    ledger = Ledger()
    held = Load("tags", "one", ("b",), errors=("klaviyo_v2.tags held back: why",), is_loaded=False)
    monkeypatch.setattr(_Runs, "refine", lambda runs: runs.all[0].summary.add_loads([held]))
    summary = refine(ledger, "tags")
    assert summary.exit_code == 3
    assert ledger.runs[0]["errors"] == ["klaviyo_v2.tags held back: why"]


ONE_OF_THEM = {"events": ["M1 was not read, all others were"]}


@pytest.mark.parametrize(
    ("failed", "lost", "exit_code"),
    [
        (ONE_OF_THEM, {"M1 was not read, all others were"}, 3),
        (ONE_OF_THEM, set(), 1),
        ({"events": ["M1 was not read", "-> 500"]}, {"M1 was not read"}, 1),
        ({"events": ["-> 500"], "lists": ["L1 was not read"]}, {"L1 was not read"}, 3),
        ({"events": ["-> 500"], "tables": ["one is held back"]}, set(), 1),
        ({**ONE_OF_THEM, "tables": ["x"]}, {"M1 was not read, all others were"}, 3),
        ({}, set(), 0),
    ],
)
def test_a_resource_that_lost_members_alone_is_partly_done(monkeypatch, failed, lost, exit_code):
    """One metric of two was refused: exit 1, and "those of all others were" in one breath."""
    resources = ("events", "lists") if "lists" in failed else ("events",)
    outcome = Outcome(failed=failed, lost=lost)
    monkeypatch.setattr(_Runs, "refine", lambda runs: runs.all[0].summary.outcome.add(outcome))
    assert refine(Ledger(), *resources).exit_code == exit_code


@pytest.mark.parametrize(
    ("error", "all_of_them"),
    [
        (OSError("lost"), True),
        (ConnectionRefusedError("no JVM"), True),
        (RuntimeError("java.io.IOException: No space left on device"), True),
        (ConfigError("Java does not start"), True),
        (ValueError("odd"), False),
    ],
)
def test_an_error_that_every_table_would_meet_ends_the_run(error, all_of_them):
    assert meets_all(error) is all_of_them
