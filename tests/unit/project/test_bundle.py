"""The Databricks bundle: what it declares, that its jobs run, and how a daily run ends."""

from __future__ import annotations

import json
import re
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest
from databricks.bundles.jobs import Job

from klaviyo_spark import cli
from klaviyo_spark.config.loader import load
from klaviyo_spark.config.secrets import KEY_LIKE
from tests.helpers import command_line
from tests.helpers.bundle import (
    BUNDLE,
    FILES,
    PARAMETER,
    ROOT,
    RUN_AS,
    TARGETS,
    WRITTEN,
    filled,
    unset_dropped,
    variables,
)
from tests.helpers.bundle import jobs as deployed

COMPUTE = ("compute", "classic")
JOBS = sorted(WRITTEN)
# Tasks that run something: job and key.
WORKING = [
    (job, task["task_key"])
    for job in JOBS
    for task in WRITTEN[job][1]["tasks"]
    if "spark_python_task" in task
]
DAILY = "klaviyo_daily"


def a_job(name: str, target: str = "prod", compute: str = "compute") -> dict[str, Any]:
    """A job as it is sent to Databricks."""
    chosen = {} if compute == "compute" else {"compute": f"${{var.{compute}}}"}
    job = unset_dropped(deployed(target, run_as=RUN_AS, **chosen)[name])
    assert isinstance(job, dict)
    return job


def a_task(job: str, key: str, **chosen: str) -> dict[str, Any]:
    return next(t for t in a_job(job, **chosen)["tasks"] if t["task_key"] == key)


# -- what is declared -----------------------------------------------------------------------------


def test_the_targets_have_a_conf_of_their_name_that_loads():
    assert TARGETS == ["dev", "prod"]
    for target in TARGETS:
        settings = load(str(ROOT / "conf" / f"{target}.yml"), environ={})
        assert all((settings.catalog, settings.secret_scope, settings.secret_key))


def test_every_variable_that_is_named_is_declared_and_every_declared_one_is_named():
    texts = [file.read_text(encoding="utf-8") for file in (ROOT / "databricks.yml", *FILES)]
    named = {name for text in texts for name in re.findall(r"\$\{var\.(\w+)", text)}

    assert named == set(BUNDLE["variables"])


def test_every_variable_says_what_it_is_for_in_words_that_nothing_is_filled_into():
    # A description that named another variable stopped every deployment.
    words = {name: said.get("description", "") for name, said in BUNDLE["variables"].items()}

    assert [name for name, said in words.items() if not said or "${" in said] == []


def test_production_alone_has_to_be_told_something_and_that_is_who_it_runs_as():
    deployed("dev")
    with pytest.raises(KeyError, match="var.run_as"):
        from_bundle("prod")
    from_bundle("prod", run_as=RUN_AS)


def from_bundle(target: str, **assigned: str) -> Any:
    """The target's own section, filled in."""
    return filled(BUNDLE["targets"][target], target, variables(target, **assigned))


def test_production_runs_as_a_service_principal_in_a_folder_that_is_not_everybodys():
    prod = from_bundle("prod", run_as=RUN_AS)

    assert prod["mode"] == "production"
    assert prod["run_as"] == {"service_principal_name": RUN_AS}
    assert prod["workspace"]["root_path"] == f"/Workspace/Users/{RUN_AS}/.bundle/klaviyo_spark/prod"
    assert prod["permissions"] == [
        {"level": "CAN_MANAGE", "service_principal_name": RUN_AS},
        {"level": "CAN_RUN", "group_name": "admins"},
    ]


def test_development_pauses_schedules_and_stays_with_whoever_deploys():
    dev = from_bundle("dev")

    assert (dev["mode"], dev["default"]) == ("development", True)
    assert dev["workspace"]["root_path"].startswith("/Workspace/Users/someone@example.com/")


def test_the_wheel_that_is_built_is_the_one_that_jobs_install():
    artifact = BUNDLE["artifacts"]["klaviyo_spark"]
    assert artifact["type"] == "whl"
    assert (ROOT / artifact["path"] / "setup.py").is_file()
    assert artifact["build"] == "pip wheel --no-deps --wheel-dir dist ."
    assert artifact["dynamic_version"] is True

    [library] = BUNDLE["variables"]["classic"]["default"]["libraries"]
    assert (ROOT / library["whl"]).parent.resolve() == ROOT / "dist"
    for path, job in WRITTEN.values():
        [environment] = job["environments"]
        [wheel] = environment["spec"]["dependencies"]
        assert (path.parent / wheel).parent.resolve() == ROOT / "dist"


SECRET_LIKE = re.compile(
    rf"{KEY_LIKE.pattern}|dapi\w{{8,}}|(?i:password|token|bearer)\W|[A-Za-z0-9+/_=]{{40,}}"
)


@pytest.mark.parametrize(
    "path",
    [ROOT / "databricks.yml", *(ROOT / "conf").iterdir(), *(ROOT / "jobs").rglob("*.py")],
    ids=lambda path: path.name,
)
def test_nothing_in_it_looks_like_a_secret(path: Path):
    assert SECRET_LIKE.findall(path.read_text(encoding="utf-8")) == []


# -- each job -------------------------------------------------------------------------------------


@pytest.mark.parametrize("compute", COMPUTE)
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", JOBS)
def test_a_job_is_one_that_databricks_takes(name: str, target: str, compute: str):
    job = a_job(name, target, compute)

    Job.from_dict(WRITTEN[name][1])
    Job.from_dict(job)
    assert "${" not in json.dumps(job)


@pytest.mark.parametrize("compute", COMPUTE)
@pytest.mark.parametrize(("job", "key"), WORKING)
def test_a_task_runs_serverless_or_on_a_cluster_and_has_the_wheel(job: str, key: str, compute: str):
    task, whole = a_task(job, key, compute=compute), a_job(job, compute=compute)
    environments = {e["environment_key"]: e["spec"] for e in whole["environments"]}
    clusters = {c["job_cluster_key"]: c["new_cluster"] for c in whole["job_clusters"]}

    if compute == "compute":
        assert environments[task["environment_key"]]["dependencies"]
        assert (task["libraries"], clusters, "job_cluster_key" in task) == ([], {}, False)
    else:
        assert clusters[task["job_cluster_key"]]["spark_version"] == "17.3.x-scala2.13"
        assert [*task["libraries"][0], "environment_key" in task] == ["whl", False]


@pytest.mark.parametrize("name", JOBS)
def test_one_run_at_a_time_the_next_waits_and_somebody_hears_of_a_failure(name: str):
    job = a_job(name)
    assert (job["max_concurrent_runs"], job["queue"]) == (1, {"enabled": True})
    assert job["tags"] == {"product": "klaviyo_spark", "target": "prod"}

    told = deployed("prod", run_as=RUN_AS, alerts=["someone@example.com"])[name]
    assert told["email_notifications"]["on_failure"] == ["someone@example.com"]


@pytest.mark.parametrize("name", JOBS)
def test_a_job_leaves_its_tasks_the_time_for_their_retries(name: str):
    job = a_job(name)
    tasks = [task for task in job["tasks"] if "spark_python_task" in task]

    longest = sum(
        t["timeout_seconds"] * (1 + t["max_retries"])
        + t.get("min_retry_interval_millis", 0) / 1000 * t["max_retries"]
        for t in tasks
    )
    assert longest <= job["timeout_seconds"]


def test_the_daily_job_starts_by_itself_and_the_backfill_does_not():
    assert a_job(DAILY)["schedule"] == {
        "quartz_cron_expression": "0 0 5 * * ?",
        "timezone_id": "UTC",
    }
    assert "schedule" not in a_job("klaviyo_backfill")


# -- each task's command line ---------------------------------------------------------------------


@pytest.mark.parametrize("name", JOBS)
def test_job_parameters_are_handed_on_by_their_names_and_no_others(name: str):
    job = WRITTEN[name][1]

    used = set(PARAMETER.findall(json.dumps(job["tasks"])))
    assert used == {parameter["name"] for parameter in job.get("parameters", [])}


def parsed(monkeypatch: pytest.MonkeyPatch, job: str, key: str, **given: str) -> dict[str, Any]:
    """The options that a task's script ends up with; ``given``: job parameters of this run."""
    whole = a_job(job)
    values = {p["name"]: p["default"] for p in whole.get("parameters", [])} | given
    task = a_task(job, key)["spark_python_task"]
    script = (WRITTEN[job][0].parent / task["python_file"]).resolve()
    line = [PARAMETER.sub(lambda found: values[found[1]], word) for word in task["parameters"]]
    called: list[list[str]] = []
    monkeypatch.setattr(cli, "main", called.append)
    monkeypatch.setattr(sys, "argv", [str(script), *line])

    runpy.run_path(str(script), run_name="__main__")

    [[verb, *rest]] = called
    assert verb == script.stem == key
    return command_line.parsed(verb, *rest)


@pytest.mark.parametrize("script", sorted((ROOT / "jobs").glob("*.py")), ids=lambda p: p.name)
def test_every_entry_is_of_a_task_or_of_a_verb_that_is_several_tasks(script: Path):
    assert script.stem in {key for _, key in WORKING} | {"sync"}


@pytest.mark.parametrize(("job", "key"), WORKING)
def test_a_task_has_a_command_line_that_its_verb_takes(
    monkeypatch: pytest.MonkeyPatch, job: str, key: str
):
    options = parsed(monkeypatch, job, key)

    assert options["config"] == "/Workspace/files/conf/prod.yml"
    assert options.get("wait", True)
    for name in ("warehouse", "account", "base_url", "secret_scope", "secret_key"):
        assert options[name] is None


def test_a_backfill_is_of_what_its_job_parameters_say(monkeypatch: pytest.MonkeyPatch):
    said = {
        "start": "2024-01-01",
        "end": "2025-01-01T00:00:00Z",
        "resources": "events,profiles",
        "account": "brand-us",
    }

    options = parsed(monkeypatch, "klaviyo_backfill", "backfill", **said, dry_run="true")

    assert {name: options[name] for name in said} == said
    assert options["dry_run"] is True


@pytest.mark.parametrize("dry_run", ["", "false"])
def test_job_parameters_that_arrive_empty_were_not_given(
    monkeypatch: pytest.MonkeyPatch, dry_run: str
):
    options = parsed(monkeypatch, "klaviyo_backfill", "backfill", dry_run=dry_run)

    assert {options[name] for name in ("start", "end", "resources", "account")} == {None}
    assert options["dry_run"] is False


# -- how a daily run ends -------------------------------------------------------------------------


def a_run(failing: set[str]) -> dict[str, str]:
    """The states of the daily tasks by Databricks' rules, where those in ``failing`` fail."""
    states: dict[str, str] = {}
    for task in a_job(DAILY)["tasks"]:  # written in an order that they can run in
        before = [states[one["task_key"]] for one in task.get("depends_on", [])]
        rule = task.get("run_if", "ALL_SUCCESS")
        assert rule in ("ALL_SUCCESS", "ALL_DONE")
        if rule == "ALL_SUCCESS" and set(before) - {"success"}:
            states[task["task_key"]] = "upstream failed"
        else:
            states[task["task_key"]] = "failed" if task["task_key"] in failing else "success"
    return states


def failed(states: dict[str, str]) -> bool:
    """Whether a run ends failed: a leaf, which no task depends on, was not successful."""
    tasks = a_job(DAILY)["tasks"]
    inner = {one["task_key"] for task in tasks for one in task.get("depends_on", [])}
    return any(state != "success" for key, state in states.items() if key not in inner)


@pytest.mark.parametrize(
    ("failing", "ran"),
    [
        (set(), ["ingest", "refine", "maintain"]),
        ({"ingest"}, ["ingest", "refine", "maintain"]),
        ({"refine"}, ["ingest", "refine"]),
        ({"maintain"}, ["ingest", "refine", "maintain"]),
        ({"ingest", "refine"}, ["ingest", "refine"]),
    ],
    ids=["none", "ingest", "refine", "maintain", "ingest and refine"],
)
def test_a_daily_run_does_what_it_can_and_ends_failed_if_any_of_it_failed(
    failing: set[str], ran: list[str]
):
    states = a_run(failing)

    assert [key for key, state in states.items() if state in ("success", "failed")] == [
        *ran,
        *([] if failing else ["outcome"]),
    ]
    assert failed(states) is bool(failing)
