"""The examples for Airflow and Dagster, run as plain Python with a stand-in for the two."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import pytest

from tests.places import EXAMPLES


class Task:
    """A task as Airflow gives it for a function: called when the DAG is drawn, run later."""

    order: ClassVar[list[Task]] = []

    def __init__(self, work: Callable[[], None]) -> None:
        self.work = work

    def __call__(self) -> Task:
        self.order.append(self)
        return self

    def __rshift__(self, later: Task) -> Task:
        assert self.order.index(self) < self.order.index(later)
        return later


def stand_in(monkeypatch: pytest.MonkeyPatch, name: str, **names: Any) -> None:
    module = ModuleType(name)
    vars(module).update(names)
    monkeypatch.setitem(sys.modules, name.partition(".")[0], module)
    monkeypatch.setitem(sys.modules, name, module)


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A command in the place of `klaviyo-spark`, which writes down each call; EXIT ends it."""
    file = tmp_path / "command"
    file.write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/calls\nexit "${{EXIT:-0}}"\n')
    file.chmod(0o755)
    monkeypatch.setenv("KLAVIYO_SPARK", str(file))
    return tmp_path / "calls"


@pytest.fixture
def tasks(command: Path, monkeypatch: pytest.MonkeyPatch) -> list[Task]:
    """The DAG's tasks, in the order that they run in."""
    options: dict[str, Any] = {}

    def dag(**given: Any) -> Callable[[Callable[[], None]], Callable[[], None]]:
        options.update(given)
        return lambda function: function

    monkeypatch.setattr(Task, "order", [])
    stand_in(monkeypatch, "airflow.sdk", dag=dag, task=Task)
    runpy.run_path(str(EXAMPLES / "airflow_dag.py"))
    assert options["max_active_runs"] == 1
    return Task.order


def test_the_airflow_dag_syncs_and_then_maintains(tasks: list[Task], command: Path):
    for task in tasks:
        task.work()

    every = "--config conf/prod.yml --wait --log-format json"
    assert command.read_text().splitlines() == [f"sync {every}", f"maintain {every}"]


@pytest.mark.parametrize("code", ["3", "4"])
def test_an_airflow_task_fails_where_not_all_is_done(tasks: list[Task], monkeypatch, code: str):
    monkeypatch.setenv("EXIT", code)

    with pytest.raises(subprocess.CalledProcessError, match=f"exit status {code}"):
        tasks[0].work()


def test_the_dagster_asset_syncs_and_tells_rows(command: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KLAVIYO_SPARK_LAKE", "/srv/lake")
    stand_in(
        monkeypatch,
        "dagster",
        asset=lambda function: function,
        Definitions=SimpleNamespace,
        MaterializeResult=SimpleNamespace,
        ScheduleDefinition=SimpleNamespace,
        define_asset_job=lambda name, selection: (name, selection),
    )
    names = runpy.run_path(str(EXAMPLES / "dagster_asset.py"))
    status = json.dumps({"tables": [{"table": "events", "rows": 3}]})
    command.with_name("command").write_text(
        f'#!/bin/sh\necho "$*" >>{command}\n[ "$1" = sync ] || echo \'{status}\'\n'
    )

    result = names["klaviyo_v2"]()

    assert result.metadata == {"events": 3}
    assert command.read_text().splitlines() == [
        "sync --wait --warehouse /srv/lake",
        "status --json --warehouse /srv/lake",
    ]
    assert names["daily"].job == ("klaviyo_daily", [names["klaviyo_v2"]])


def test_the_dagster_asset_reads_what_status_says(sample, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KLAVIYO_SPARK", str(Path(sys.executable).with_name("klaviyo-spark")))
    monkeypatch.setenv("KLAVIYO_SPARK_LAKE", str(sample.lake))
    names = ("asset", "Definitions", "MaterializeResult", "ScheduleDefinition", "define_asset_job")
    stand_in(monkeypatch, "dagster", **dict.fromkeys(names, lambda *_, **__: None))

    rows = runpy.run_path(str(EXAMPLES / "dagster_asset.py"))["rows_per_table"]()

    assert rows == {name: len(truth) for name, truth in sample.truth.items()}
