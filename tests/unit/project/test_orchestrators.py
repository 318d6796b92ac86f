"""The examples for Airflow and Dagster, run as plain Python with a stand-in for the two."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import pytest

from klaviyo_spark import MaintainResult, Pipeline, RunIncomplete, RunResult
from klaviyo_spark.commands.results.summaries import check_complete, result_of_run
from klaviyo_spark.commands.sync.account_run import Summary
from klaviyo_spark.silver.models import Load
from tests.helpers.status_lakes import NOON
from tests.places import EXAMPLES

CONF = "warehouse: /srv/lake\n"


class Task:
    """A task as Airflow gives it for a function: called when the DAG is drawn, run later."""

    order: ClassVar[list[Task]] = []

    def __init__(self, work: Callable[[], Any]) -> None:
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


class Runs:
    """The commands called, each on which lake; ``exit_code`` is what a sync comes to."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, bool]] = []
        self.exit_code = 0

    def sync(self, pipeline: Pipeline, *, wait: bool) -> RunResult:
        self.calls.append(("sync", pipeline.settings.warehouse, wait))
        summary = Summary("run1", "sync", NOON, exit_code=self.exit_code, finished_at=NOON)
        summary.loads = [Load("events", "run1", ("b",), inserted=2)]
        summary.rows = {"events": 3, "tags": 1}
        return check_complete(result_of_run("sync", [summary]))

    def maintain(self, pipeline: Pipeline, *, wait: bool) -> MaintainResult:
        self.calls.append(("maintain", pipeline.settings.warehouse, wait))
        return MaintainResult(
            command="maintain",
            run_id="run2",
            files_before=9,
            files_after=2,
            freed_bytes=70,
            deleted_pages=0,
        )


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    runs = Runs()
    monkeypatch.setattr(Pipeline, "sync", lambda self, **how: runs.sync(self, **how))
    monkeypatch.setattr(Pipeline, "maintain", lambda self, **how: runs.maintain(self, **how))
    return runs


@pytest.fixture
def tasks(runs: Runs, tmp_path, monkeypatch: pytest.MonkeyPatch) -> list[Task]:
    """The DAG's tasks, in the order that they run in."""
    (tmp_path / "prod.yml").write_text(CONF)
    monkeypatch.setenv("KLAVIYO_SPARK_CONFIG", str(tmp_path / "prod.yml"))
    options: dict[str, Any] = {}

    def dag(**given: Any) -> Callable[[Callable[[], None]], Callable[[], None]]:
        options.update(given)
        return lambda function: function

    monkeypatch.setattr(Task, "order", [])
    stand_in(monkeypatch, "airflow.sdk", dag=dag, task=Task)
    runpy.run_path(str(EXAMPLES / "airflow_dag.py"))
    assert options["max_active_runs"] == 1
    return Task.order


def test_the_airflow_dag_syncs_and_then_maintains(tasks: list[Task], runs: Runs):
    given = [task.work() for task in tasks]

    assert runs.calls == [("sync", "/srv/lake", True), ("maintain", "/srv/lake", True)]
    assert given == [{"events": 2}, 70]


@pytest.mark.parametrize("code", [3, 4])
def test_an_airflow_task_fails_where_not_all_is_done(tasks: list[Task], runs: Runs, code: int):
    runs.exit_code = code

    with pytest.raises(RunIncomplete, match=rf"exit code {code}"):
        tasks[0].work()


def test_the_dagster_asset_syncs_and_tells_rows(runs: Runs, monkeypatch: pytest.MonkeyPatch):
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

    result = names["klaviyo_v2"]()

    assert result.metadata == {"events": 3, "tags": 1}
    assert runs.calls == [("sync", "/srv/lake", True)]
    assert names["daily"].job == ("klaviyo_daily", [names["klaviyo_v2"]])
