"""What is printed fits the terminal: lines are folded behind their label, tables lose columns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from klaviyo_spark.cli.layout import fold
from klaviyo_spark.commands.summary import of_run
from klaviyo_spark.commands.sync.account_run import Summary
from klaviyo_spark.commands.text_table import TextTable
from klaviyo_spark.commands.verify.comparing import Comparison
from klaviyo_spark.commands.verify.run import Verified
from klaviyo_spark.commands.verify.words import lines as verify_lines
from klaviyo_spark.resources import DOCUMENTED
from klaviyo_spark.silver.models import Load
from tests.helpers.reports import sample as report_sample
from tests.helpers.status_lakes import NOON

WIDTHS = [100, 60]


def as_printed(lines: object, width: int) -> list[str]:
    return [part for line in lines for part in fold(line, width)]  # type: ignore[attr-defined]


# -- lines ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "folded"),
    [
        ("short", ["short"]),
        (
            "failed: events: the key lacks the scope events:read",
            ["failed: events: the key lacks the scope", "  events:read"],
        ),
        (
            "failed          events: the key lacks the scope",
            ["failed          events: the key lacks", "                the scope"],
        ),
        (
            "fail  key       no key was found in the environment",
            ["fail  key       no key was found in the", "                environment"],
        ),
        (
            "                sync done (exit 0), began yesterday",
            ["                sync done (exit 0),", "                began yesterday"],
        ),
        ("see /a/path/that/is/longer/than/a/line/is/wide", None),
    ],
)
def test_a_line_goes_on_behind_its_label(line: str, folded: list[str] | None):
    assert fold(line, 40) == (folded or ["see", "  /a/path/that/is/longer/than/a/line/is/wide"])


# -- tables ---------------------------------------------------------------------------------------

TABLE = TextTable(
    ("table", "rows", "as of", "new"),
    [("tags", "1,000", "2026-06-01", "0"), ("lists", "7", "-", "0")],
    left=("as of",),
    spare=("as of",),
)


def test_a_table_is_as_wide_as_what_is_in_it():
    assert list(TABLE.lines()) == [
        "table   rows  as of       new",
        "tags   1,000  2026-06-01    0",
        "lists      7  -             0",
    ]


def test_where_there_is_no_room_spare_columns_go_and_then_those_that_say_nothing():
    assert list(TABLE.lines(20)) == ["table   rows  new", "tags   1,000    0", "lists      7    0"]
    assert list(TABLE.lines(13)) == ["table   rows", "tags   1,000", "lists      7"]


def test_cells_stand_below_a_name_where_nothing_more_can_go():
    assert list(TABLE.lines(8)) == ["table", "   rows", "tags", "  1,000", "lists", "      7"]


# -- what commands print --------------------------------------------------------------------------


def a_large_run() -> Summary:
    done = Summary("f" * 32, "sync", NOON, exit_code=3, finished_at=NOON)
    done.rows = dict.fromkeys(DOCUMENTED, 12_345_678)
    done.loads = [
        Load(name, "r", (), 12_345_678, 1_234_567, 234_567, 34_567, 4_567) for name in DOCUMENTED
    ]
    done.outcome.bytes = 37_796_611_000
    done.outcome.fail("events", "GET /api/events -> 403: " + "the key lacks a scope " * 9)
    return done


@pytest.mark.parametrize("width", WIDTHS)
def test_the_summary_of_a_large_run_fits(width: int):
    printed = as_printed(of_run([a_large_run()], width), width)

    assert [line for line in printed if len(line) > width] == []
    assert "f" * 32 in printed[-1]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_verification_fits(width: int):
    events = Comparison("events", "events", "M1", "Opened Email", None, 123_456_789, 987_654_321)
    done = Verified("run1", "default", NOON, found=[events], checks=[events], exit_code=3)

    printed = as_printed(verify_lines(done, width), width)

    assert [line for line in printed if len(line) > width] == []


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Path:
    """One with something to say of everything."""
    folder: Path = tmp_path_factory.mktemp("lake")
    report_sample.write(folder)
    return folder


def command(*arguments: str, lake: Path, columns: int | None = None) -> str:
    """What a command prints into a pipe."""
    environ = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "KLAVIYO_API_KEY")}
    environ |= {"COLUMNS": f"{columns}"} if columns else {}
    done = subprocess.run(
        [sys.executable, "-m", "klaviyo_spark.cli", *arguments, "--warehouse", str(lake)],
        capture_output=True,
        text=True,
        env=environ,
    )
    assert done.stdout, done.stderr
    return done.stdout


@pytest.mark.parametrize("columns", [None, 60])
@pytest.mark.parametrize("verb", ["status", "doctor"])
def test_what_looks_at_a_lake_fits_in_a_pipe_and_has_no_colour(lake, verb, columns):
    printed = command(verb, lake=lake, columns=columns)

    # A path is one word.
    prose = [line for line in printed.splitlines() if "/" not in line]
    assert [line for line in prose if len(line) > (columns or 100)] == []
    assert "\x1b" not in printed


def test_the_doctor_tells_programs_what_it_found(lake):
    found = json.loads(command("doctor", "--json", lake=lake))

    assert found["fit"] is False
    [key] = [check for check in found["checks"] if check["name"] == "key"]
    assert (key["state"], key["exit_code"]) == ("fail", 2)
