"""A past window cut into steps, and the steps run one after the other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klaviyo_spark.commands.backfill.run import Backfill, Window, run_steps, step_lines
from klaviyo_spark.errors import UsageError
from klaviyo_spark.schema import ops_tables
from tests.builders import DAY, NOON
from tests.helpers.backfills import START, Step, Sync, a_window


def a_backfill(days: int = 200, done: int = 0) -> Backfill:
    window = a_window(days)
    return Backfill("b1", window, tuple(window.steps())[done:])


# -- the window -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end"),
    [(None, NOON), (START, None), (None, None), (START, NOON + timedelta(seconds=1))],
)
def test_a_window_needs_two_ends_in_the_past(start, end):
    with pytest.raises(UsageError, match="--end lies in the future") as refused:
        Window.past(start, end, NOON)
    assert refused.value.exit_code == 2


def test_what_every_sync_reads_whole_is_no_backfill():
    with pytest.raises(UsageError) as refused:
        Window.past(START, NOON, NOON, ["tags", "events", "lists"])
    assert str(refused.value) == (
        "tags, lists: every sync reads these completely, so they have no backfill. "
        "Choose from events and profiles, or run `klaviyo-spark sync`."
    )


@pytest.mark.parametrize(
    ("named", "resources"),
    [
        ([], ("events", "profiles")),
        (["profiles"], ("profiles",)),
        (["profiles", "events"], ("events", "profiles")),
    ],
)
def test_a_window_is_of_what_is_named_else_of_all_that_a_time_bounds(named, resources):
    assert Window.past(START, NOON, NOON, named) == Window(START, NOON, resources)


@pytest.mark.parametrize(
    ("days", "lengths"), [(1, [1]), (90, [90]), (91, [90, 1]), (200, [90, 90, 20])]
)
def test_a_window_is_cut_into_steps(days, lengths):
    assert [(end - start).days for start, end in a_window(days).steps()] == lengths


@given(st.integers(1, 10**8), st.integers(10**4, 10**7))
def test_steps_leave_no_time_out_and_none_is_too_long(seconds, length):
    window = Window(START, START + timedelta(seconds=seconds), ("events",))
    most = timedelta(seconds=length)
    steps = list(window.steps(most))
    assert [steps[0][0], *(end for _, end in steps)] == [
        *(start for start, _ in steps),
        window.end,
    ]
    assert all(timedelta(0) < end - start <= most for start, end in steps)


def test_what_is_still_to_do_is_said_step_by_step():
    assert list(step_lines(a_backfill(done=1))) == [
        "to read: events and profiles, 2025-04-01 00:00 to 2025-06-30 00:00 UTC",
        "to read: events and profiles, 2025-06-30 00:00 to 2025-07-20 00:00 UTC",
        "3 steps, 1 done, 2 to do",
    ]


# -- running --------------------------------------------------------------------------------------


class Ledger:
    """Stands in for a lake: the rows of ``backfills``."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def append_ops(self, name: str, rows: list[dict[str, Any]]) -> None:
        assert name == "backfills"
        self.rows += rows

    @property
    def steps(self) -> list[Step]:
        return [(row["step_start"], row["step_end"]) for row in self.rows]


def run(backfill: Backfill, sync: Sync) -> tuple[int, Ledger, list[str]]:
    ledger, lines = Ledger(), list[str]()
    code = run_steps(backfill, ledger, "default", "B", sync, lines.append)  # type: ignore[arg-type]
    return code, ledger, lines


def test_steps_are_run_in_order_and_each_is_written_down():
    backfill, sync = a_backfill(), Sync()
    code, ledger, lines = run(backfill, sync)
    assert (code, sync.asked, ledger.steps) == (0, list(backfill.left), list(backfill.left))
    assert [row["run_id"] for row in ledger.rows] == ["run 1", "run 2", "run 3"]
    assert lines[2] == "step 3 of 3: 2025-06-30 to 2025-07-20, 7 pages, 1,502 new rows"


def test_a_row_says_what_the_whole_backfill_is():
    _, ledger, _ = run(a_backfill(1), Sync())
    (row,) = ledger.rows
    assert row.pop("finished_at") == NOON
    assert row == {
        "account_id": "default",
        "backfill_id": "b1",
        "resources": ["events", "profiles"],
        "range_start": START,
        "range_end": START + DAY,
        "step_start": START,
        "step_end": START + DAY,
        "run_id": "run 1",
        "bronze_id": "B",
    }
    assert {*row, "finished_at"} == {name for name, _, _ in ops_tables.TABLES["backfills"][1]}


def test_what_was_done_is_counted_and_not_done_again():
    backfill, sync = a_backfill(done=2), Sync()
    _, _, lines = run(backfill, sync)
    assert sync.asked == [(START + 180 * DAY, START + 200 * DAY)]
    assert lines[0].startswith("step 3 of 3: ")


@pytest.mark.parametrize("code", [1, 3, 4])
def test_a_step_that_is_not_all_done_stops_the_backfill_and_is_not_written_down(code):
    backfill, sync = a_backfill(), Sync(0, code)
    answer, ledger, lines = run(backfill, sync)
    assert (answer, len(sync.asked), ledger.steps) == (code, 2, [backfill.left[0]])
    assert lines[-1] == "the backfill stops here; the same command goes on with this step"


def test_a_step_that_lost_members_alone_is_told_and_passed():
    """A metric that Klaviyo refuses would keep the backfill at its first step for good."""
    sync = Sync(3, 3, 3, lost="events: M1 was not read, all others were")
    backfill = a_backfill()
    code, ledger, lines = run(backfill, sync)
    assert (code, ledger.steps) == (3, [*backfill.left])
    step = "pages, 1,502 new rows"
    assert [line if not line.endswith(step) else "step" for line in lines] == [
        "step",
        "failed: events: M1 was not read, all others were",
        "step",
        "step",
        "all steps are done but for what is named above; the same command reads that once Klaviyo "
        "gives it",
    ]


def test_a_rate_limit_stops_a_backfill_that_lost_members_too():
    backfill, sync = a_backfill(), Sync(4, lost="events: M1 was not read")
    code, ledger, _ = run(backfill, sync)
    assert (code, ledger.steps) == (4, [])


def test_an_error_leaves_what_was_done_written_down():
    ledger, lines = Ledger(), list[str]()
    with pytest.raises(KeyError):
        run_steps(a_backfill(), ledger, "default", "B", Sync(0, KeyError()), lines.append)  # type: ignore[arg-type]
    assert (len(ledger.steps), len(lines)) == (1, 1)
