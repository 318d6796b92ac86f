"""The backfill notebook: planned as Databricks runs it, read cell by cell as Jupyter does."""

from __future__ import annotations

import json
import re
import runpy
import sys
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from klaviyo_spark.sandbox import Account, Sandbox
from tests.places import NOTEBOOK, ROOT

VALUES = ["start", "end", "resources", "dry_run", "config", "warehouse"]
DAYS = 60


class Widgets:
    """``dbutils.widgets``: what was made, and what somebody put in."""

    def __init__(self, given: dict[str, str]) -> None:
        self.given, self.made = given, dict[str, str]()

    def text(self, name: str, default: str, label: str) -> None:
        self.made[name] = default

    def dropdown(self, name: str, default: str, choices: list[str], label: str) -> None:
        assert {default, self.given.get(name, default)} <= set(choices)
        self.made[name] = default

    def get(self, name: str) -> str:
        return self.given.get(name, self.made[name])


@dataclass
class Dbutils:
    """As much of it as the notebook uses."""

    widgets: Widgets


@dataclass
class Told:
    """What the notebook showed, said and asked, when told to plan and when told to read."""

    truth: dict[date, int]
    widgets: list[Widgets] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    asked: list[dict[str, int]] = field(default_factory=list)


@pytest.fixture(scope="module")
def told(spark, tmp_path_factory) -> Told:
    """A dry run with widgets, then for real in Jupyter, on an account served on loopback."""
    account = Account(seed=9, events=600, profiles=40)
    end = datetime.now(timezone.utc).date()
    start = end - timedelta(days=DAYS)
    held = [row["event_datetime"].date() for row in account.truth()["events"]]
    told = Told({day: held.count(day) for day in held if start <= day < end})
    given = {"start": f"{start}", "end": f"{end}", "resources": "events", "warehouse": "lake"}
    folder = tmp_path_factory.mktemp("notebook")
    with Sandbox(account, rate_scale=50) as sandbox, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("KLAVIYO_API_KEY", sandbox.key)
        patch.setenv("KLAVIYO_BASE_URL", sandbox.url)
        patch.setattr("builtins.print", told.said.append)
        display = SimpleNamespace(display=told.shown.append, HTML=str)
        patch.setitem(sys.modules, "IPython.display", display)
        for run in (
            lambda: as_databricks(given, told),
            lambda: as_jupyter({**given, "dry_run": "false"}, folder),
        ):
            before = sandbox.counts()
            run()
            told.asked.append(dict(sandbox.counts() - before))
    return told


def as_databricks(given: dict[str, str], told: Told) -> None:
    """The very file, with widgets that somebody filled in."""
    widgets = Widgets(given)
    names = {"dbutils": Dbutils(widgets), "displayHTML": told.shown.append}
    runpy.run_path(str(NOTEBOOK), init_globals=names)
    told.widgets.append(widgets)


def as_jupyter(given: dict[str, str], folder: Path) -> None:
    """The cells that Jupyter gets, one after the other; values are changed in the first."""
    notebook = folder / "backfill.ipynb"
    runpy.run_path(str(ROOT / "scripts" / "notebook.py"))["main"](NOTEBOOK, notebook)
    first, *others = (
        "".join(cell["source"])
        for cell in json.loads(notebook.read_text())["cells"]
        if cell["cell_type"] == "code"
    )
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(first, names)
    assert list(names["values"]) == VALUES
    names["values"] |= given
    for cell in others:
        exec(cell, names)


def test_all_values_have_a_widget_and_nothing_is_read_unless_asked_for(told):
    assert list(told.widgets[0].made) == VALUES
    assert told.widgets[0].made["dry_run"] == "true"


def test_the_plan_counts_events_and_reads_none(told):
    planned = told.said[: told.said.index("1 steps, 0 done, 1 to do") + 3]

    assert re.fullmatch(
        rf"events: about {sum(told.truth.values())} records, 1 requests or more, "
        r"5 s at under 1 % of Klaviyo's limit for them",
        planned[-2],
    )
    assert planned[-1].startswith(
        "in all about 5 s of requests (rate_limit_share 1, max_concurrent_requests 16), then"
    )
    assert set(told.asked[0]) == {"/api/metrics", "/api/metric-aggregates"}
    assert "A dry run: nothing is read" in told.shown[0]


def test_the_run_reads_what_was_planned(told):
    assert told.asked[1]["/api/events"] == 1
    assert [line for line in told.said if line.startswith("step 1 of 1: ")] != []


def test_the_summary_says_what_came_and_the_chart_has_every_event(told):
    planned, read = told.shown[1:4], told.shown[4:]
    assert [">none" in html or ": none" in html for html in planned[:2]] == [True, True]

    steps, loads, chart = read
    count = f"{sum(told.truth.values()):,}"
    assert ">events</td><td" in loads.replace("\n", "")
    assert f">{count}</td>" in loads
    assert steps.count("<tr>") == 2
    drawn = re.findall(r"<title>(\S+): ([\d,]+)</title>", chart)
    assert {date.fromisoformat(day): int(number) for day, number in drawn} == told.truth
