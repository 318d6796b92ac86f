"""The backfill notebook: run as Databricks would, shown in HTML, and its cells as Jupyter's."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from klaviyo_spark.notebook import Backfill
from klaviyo_spark.notebook.html import bars, table
from tests.places import NOTEBOOK, ROOT

# -- what it makes of values ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "dry"), [("true", True), ("", True), ("yes", True), ("false", False), ("False", False)]
)
def test_whatever_does_not_say_false_is_a_dry_run(said: str, dry: bool):
    assert Backfill({"dry_run": said}, print).dry_run is dry


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, bool]]:
    """Start, end and whether it is a dry run, of each call of ``Pipeline.backfill``."""
    calls: list[tuple[str, str, bool]] = []

    def backfill(_self: Any, start: str, end: str, *, dry_run: bool, say: Any) -> None:
        calls.append((start, end, dry_run))

    monkeypatch.setattr("klaviyo_spark.python.pipeline.Pipeline.backfill", backfill)
    return calls


def test_values_go_to_the_backfill_and_empty_ones_count_as_none(calls):
    values = {"start": " 2026-01-01 ", "end": "2026-02-01", "resources": "", "dry_run": "false"}
    backfill = Backfill({**values, "config": "", "warehouse": " "}, print)

    backfill.plan()
    backfill.run()

    window = ("2026-01-01", "2026-02-01")
    assert calls == [(*window, True), (*window, False)]


def test_a_dry_run_reads_nothing_and_says_so(calls):
    shown: list[str] = []

    Backfill({"dry_run": "true"}, shown.append).run()

    assert (calls, "nothing is read" in shown[0]) == ([], True)


def test_each_account_of_several_is_shown_by_its_name(tmp_path, monkeypatch: pytest.MonkeyPatch):
    conf = tmp_path / "my.yml"
    conf.write_text("accounts: [{name: us, key_variable: A}, {name: eu, key_variable: B}]")
    reader = SimpleNamespace(has=lambda _table: False)
    monkeypatch.setattr("klaviyo_spark.notebook.backfill.reader", lambda _settings: reader)
    shown: list[str] = []
    values = {"start": "2026-01-01", "end": "2026-02-01", "config": f"{conf}"}
    backfill = Backfill(values, shown.append)

    backfill.summary()
    backfill.chart()

    assert re.findall(r"<b>(.*?)</b>", "".join(shown)) == [
        f"{what} of {account}"
        for titles in (["Steps that are done", "What they brought"], ["Events per day (UTC)"])
        for account in ("us", "eu")
        for what in titles
    ]


# -- what it shows --------------------------------------------------------------------------------


def test_a_table_has_its_columns_in_order_and_escapes_what_it_says():
    html = table("Rows", {"name": "table", "n": "new"}, [{"n": 12345, "name": "<b>", "x": 1}])

    cells = re.findall(r">\s*([^<>]*?)\s*</t[hd]>", html)
    assert cells == ["table", "new", "&lt;b&gt;", "12,345"]


def test_a_day_has_a_bar_for_its_events_and_none_for_none():
    days = [(date(2026, 6, day), count) for day, count in ((1, 10), (2, 0), (3, 40))]

    html = bars("Events", days)

    drawn = re.findall(r'<rect x="(\d+)" y="([\d.]+)" width="0.9"\s+height="([\d.]+)"', html)
    assert drawn == [("0", "120.0", "40.0"), ("2", "0.0", "160.0")]
    assert "50 on 3 days" in " ".join(html.split())


def test_days_without_any_event_are_drawn_too():
    assert "<rect" not in bars("Events", [(date(2026, 6, 1), 0)])


# -- in Jupyter -----------------------------------------------------------------------------------


@pytest.fixture
def convert(tmp_path) -> Callable[[str], dict[str, Any]]:
    """A notebook's source as Jupyter gets it."""

    def converted(source: str) -> dict[str, Any]:
        before, after = tmp_path / "a.py", tmp_path / "a.ipynb"
        before.write_text(source)
        command = [sys.executable, str(ROOT / "scripts" / "notebook.py"), str(before), str(after)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr.splitlines()[-1]
        made: dict[str, Any] = json.loads(after.read_text())
        return made

    return converted


def test_jupyter_gets_the_cells_with_text_as_text(convert):
    made = convert(NOTEBOOK.read_text())

    cells = made["cells"]
    assert [cell["cell_type"] for cell in cells if cell["cell_type"] == "markdown"] != []
    assert "MAGIC" not in json.dumps(made)
    assert cells[0]["source"].startswith("# Backfill a past window\n\nReads events")
    code = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
    assert code[-2:] == ["backfill.summary()", "backfill.chart()"]
    assert code[0].startswith("values = {\n")
    assert (made["nbformat"], made["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in cells}) == len(cells)


def with_output(notebook: dict[str, Any]) -> None:
    code = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    code["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["42\n"]}]


def with_a_line(notebook: dict[str, Any]) -> None:
    notebook["cells"][-1]["source"] += "\nbackfill.chart()"


def without_mark(notebook: dict[str, Any]) -> None:
    del notebook["metadata"]["klaviyo_spark"]


@pytest.mark.parametrize("change", [with_output, with_a_line, without_mark])
def test_a_notebook_that_somebody_works_in_stays(convert, tmp_path, change):
    made = convert(NOTEBOOK.read_text())
    change(made)
    (tmp_path / "a.ipynb").write_text(json.dumps(made))

    assert convert(NOTEBOOK.read_text().replace("Backfill", "Refill")) == made


@pytest.mark.parametrize("text", ["[1]", "of somebody"])
def test_a_file_that_is_no_notebook_stays(tmp_path, capsys, text):
    kept = tmp_path / "a.ipynb"
    kept.write_text(text)

    runpy.run_path(str(ROOT / "scripts" / "notebook.py"))["main"](NOTEBOOK, kept)

    assert kept.read_text() == text
    assert capsys.readouterr().err.startswith(f"{kept}: stays as you have changed or run it")


def test_a_notebook_that_jupyter_has_only_saved_is_made_anew(convert, tmp_path):
    made = convert(NOTEBOOK.read_text())
    for cell in made["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)
    made["metadata"]["language_info"] = {"name": "python"}
    (tmp_path / "a.ipynb").write_text(json.dumps(made))

    again = convert(NOTEBOOK.read_text().replace("Backfill a past", "Refill a past"))

    assert again["cells"][0]["source"].startswith("# Refill a past window")


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("print(1)\n", "as the first line"),
        ("# Databricks notebook source\n# MAGIC %sql\n# MAGIC SELECT 1\n", "cell 1: %sql"),
    ],
)
def test_what_jupyter_could_not_run_is_refused(convert, source, why):
    with pytest.raises(AssertionError, match=why):
        convert(source)
