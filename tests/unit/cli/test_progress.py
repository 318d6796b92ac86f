"""What is said of a run under way: the words, how often, and what a terminal shows of it."""

from __future__ import annotations

import contextlib
import fcntl
import io
import logging
import os
import pty
import re
import struct
import sys
import termios
import threading
import types
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from klaviyo_spark.cli.progress import Progress, progress
from klaviyo_spark.cli.progress.displays import BarDisplay, LogDisplay, ProgressDisplay
from klaviyo_spark.cli.progress.words import line, percent, rate, render
from klaviyo_spark.commands.formatting import about
from klaviyo_spark.log import set_up_logging
from klaviyo_spark.progress import Pace, Stage, View

PATIENCE_S = 20.0  # for what another thread is about to do


class Clock:
    """Seconds that pass only when told."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def a_stage(name: str = "events", done: int = 100, left: float | None = 300, **more) -> Stage:
    return Stage(name, done, left, **more)


class Recorder(ProgressDisplay):
    """Keeps what it is to draw."""

    every_s = 5.0

    def __init__(self) -> None:
        self.drawn: list[list[View]] = []
        self.ended: list[View] | None = None
        self.has_drawn = threading.Event()

    def draw(self, views: Sequence[View]) -> None:
        self.drawn.append(list(views))
        self.has_drawn.set()

    def end(self, views: Sequence[View]) -> None:
        self.ended = list(views)


# The words


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.2, "5 s"),
        (38, "40 s"),
        (58, "1 min"),
        (100, "2 min"),
        (170, "3 min"),
        (3_590, "1 h"),
        (4_700, "1 h 20 min"),
        (7_100, "2 h"),
        (86_399, "1 d"),
        (187_000, "2 d 4 h"),
    ],
)
def test_a_time_left_is_no_finer_than_an_estimate(seconds: float, expected: str):
    assert about(seconds) == expected


@pytest.mark.parametrize(
    ("speed", "expected"),
    [
        (1_234.5, "1,234 pages/s"),
        (148.3, "148 pages/s"),
        (38.24, "38.2 pages/s"),
        (3.0, "3 pages/s"),
        (0.25, "15 pages/min"),
        (0.005, "0.3 pages/min"),
        (0.0, "0 pages/s"),
    ],
)
def test_a_slow_speed_is_said_per_minute(speed: float, expected: str):
    assert rate(speed, "pages") == expected


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (
            View(a_stage(done=1_204, left=5_000, records=1_204_000, share=0.41), 38.2),
            "1,204 pages, 1,204,000 records, 38.2 pages/s, 41 % of the limit, about 2 min left",
        ),
        (View(a_stage(left=None), 38.2), "100 pages, 38.2 pages/s, time left not known"),
        (View(a_stage()), "100 pages"),
        (View(a_stage(left=None)), "100 pages"),
        (View(a_stage(), 0.0), "100 pages, 0 pages/s, time left not known"),
        (View(a_stage(left=0), 2.0), "100 pages, 2 pages/s"),
        (View(a_stage(left=-1.0), 2.0), "100 pages, 2 pages/s"),
        (View(a_stage(left=90 * 86_400), 1.0), "100 pages, 1 page/s, about 90 d left"),
        (View(a_stage(left=91 * 86_400), 1.0), "100 pages, 1 page/s, time left not known"),
        (
            View(a_stage(left=None, share=0.0), 1.5),
            "100 pages, 1.5 pages/s, 0 % of the limit, time left not known",
        ),
        (View(a_stage(records=7, share=0.4), 38.2, under_way=False), "100 pages, 7 records"),
        (View(a_stage(done=1, records=1)), "1 page, 1 record"),
        (
            View(a_stage(left=None, unit="tables"), 0.5),
            "100 tables, 30 tables/min, time left not known",
        ),
    ],
)  # fmt: skip
def test_a_time_left_that_is_unknown_is_said_as_unknown(view: View, expected: str):
    assert render(view) == expected


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (81, "1,204 pages, 1,204,000 records, 38.2 pages/s, 41 % of the limit, about 2 min left"),
        (80, "1,204 pages, 38.2/s, 41 % of limit, 2 min left"),
        (45, "1,204 pages, 2 min left"),
        (22, "1,204 pages"),
        (3, "1,204 pages"),
    ],
)
def test_fewer_words_are_used_where_there_is_less_room(width: int, expected: str):
    view = View(a_stage(done=1_204, left=5_000, records=1_204_000, share=0.41), 38.2)

    assert render(view, width) == expected


def test_a_line_says_when_nothing_is_left():
    assert line(View(a_stage(left=0), under_way=False)) == "events: 100 pages, none left"


@pytest.mark.parametrize(
    ("done", "left", "expected"),
    [
        (100, 300, 25.0),
        (0, 5, 0.0),
        (9_999, 1, 99.4),
        (5, 0, 100.0),
        (0, 0, 100.0),
        (5, -1.0, 100.0),
        (5, None, None),
    ],
)
def test_no_more_than_all_is_done_and_not_all_while_any_is_left(done, left, expected):
    assert percent(a_stage(done=done, left=left)) == expected


# The speed


def test_the_speed_is_that_of_the_last_minute():
    pace = Pace()
    for second in range(101):  # 10 a second at first, then 2
        pace.note(second, 10 * min(second, 40) + 2 * max(0, second - 40))

    assert pace.speed(100, 520) == 2.0


def test_a_burst_and_the_wait_after_it_make_one_speed():
    pace = Pace()
    for second in range(180):  # Klaviyo's minute: 350 a second for 10 s, then none for 50 s
        pace.note(second, 3_500 * (second // 60) + 350 * min(second % 60, 10))

    assert pace.speed(179, 10_500) == pytest.approx(3_500 / 60)


def test_too_little_time_makes_no_speed():
    pace = Pace()
    pace.note(10.0, 4)

    assert pace.speed(11.9, 50) is None
    assert pace.speed(12.0, 50) == 23.0


def test_a_stage_that_goes_on_after_a_rest_has_the_speed_of_now():
    pace = Pace()
    pace.note(0, 5)
    pace.note(600, 5)

    assert pace.speed(605, 55) == 10.0


def test_a_count_that_falls_is_a_new_beginning():
    pace = Pace()
    pace.note(0, 500)
    pace.note(10, 3)

    assert pace.speed(20, 13) == 1.0


# How often


def test_however_often_it_is_called_it_draws_now_and_then():
    clock, face = Clock(), Recorder()

    with Progress(face, clock) as shown:
        for done in range(1_001):
            shown.show([a_stage(done=done, left=1_000 - done)])
            clock.now += 1 / 64

    assert [views[0].stage.done for views in face.drawn] == [0, 320, 640, 960]
    assert face.ended == [View(a_stage(done=1_000, left=0), under_way=False)]


def test_what_is_drawn_has_the_speed_and_the_order_in_which_stages_turned_up():
    clock, face = Clock(), Recorder()
    profiles = a_stage("profiles", 5, None)

    with Progress(face, clock) as shown:
        shown.show([a_stage("events", done=0)])
        clock.now += 10
        shown.show([profiles, a_stage("events", done=20)])

    assert face.drawn[-1] == [View(a_stage("events", done=20), 2.0), View(profiles)]


def test_a_stage_that_is_left_out_stays_and_is_not_under_way():
    clock, face = Clock(), Recorder()

    with Progress(face, clock) as shown:
        shown.show([a_stage("lists", left=1)])
        clock.now += 5
        shown.show([a_stage("events")])

    assert [(v.stage.name, v.under_way) for v in face.drawn[-1]] == [
        ("lists", False),
        ("events", True),
    ]


def test_it_goes_on_drawing_while_nobody_calls():
    clock, face = Clock(), Recorder()

    with Progress(face, clock, beat_s=0.001) as shown:
        shown.show([a_stage()])
        face.has_drawn.clear()
        clock.now += 5

        assert face.has_drawn.wait(PATIENCE_S)
    assert face.drawn[-1] == [View(a_stage(), 0.0)]
    assert "progress" not in {thread.name for thread in threading.enumerate()}


def test_none_shows_nothing(caplog, capsys):
    caplog.set_level(logging.DEBUG)

    with progress("none") as shown:
        shown.show([a_stage()])

    assert (caplog.messages, capsys.readouterr()) == ([], ("", ""))


# Lines


def run_lines(clock: Clock, states: dict[int, list[Stage]], until: int) -> list[tuple[int, str]]:
    """Seconds and lines of a run that shows its latest state once a second."""
    lines: list[tuple[int, str]] = []
    second = 0

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append((second, record.getMessage()))

    logger, handler = logging.getLogger("klaviyo_spark.cli.progress"), Keeper()
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        with progress("lines", clock=clock, beat_s=None) as shown:
            for second in range(until + 1):
                shown.show(states[max(at for at in states if at <= second)])
                clock.now += 1
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
    return lines


def test_each_30_s_there_is_a_line_per_stage_that_is_under_way():
    states = {0: [a_stage("lists", 3, 0), a_stage(done=0)], 5: [a_stage(done=60, left=300)]}

    assert run_lines(Clock(), states, until=61) == [
        (30, "lists: 3 pages, none left"),
        (30, "events: 60 pages, 2 pages/s, about 2 min left"),
        (60, "events: 60 pages, 1 page/s, about 5 min left"),
    ]


def test_what_moved_after_its_last_line_gets_one_more():
    states = {
        0: [a_stage("lists", 3, 0), a_stage(done=30, left=None)],
        31: [a_stage("lists", 4, 0), a_stage(done=30, left=None)],
        40: [a_stage(done=90, left=0)],
    }

    assert run_lines(Clock(), states, until=45) == [
        (30, "lists: 3 pages, none left"),
        (30, "events: 30 pages, 0 pages/s, time left not known"),
        (45, "lists: 4 pages, none left"),
        (45, "events: 90 pages, none left"),
    ]


def test_a_run_that_is_over_before_the_first_line_has_none():
    assert run_lines(Clock(), {0: [a_stage()]}, until=29) == []


# What it is shown with


class Terminal:
    """A pseudo-terminal of 24 rows, and what a person sees on it."""

    def __init__(self, columns: int = 120) -> None:
        self.person, program = pty.openpty()
        fcntl.ioctl(program, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.stream = os.fdopen(program, "w", encoding="utf-8")
        self._text = ""
        self._more = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def shows(self, expected: Callable[[list[str]], bool]) -> list[str]:
        """The rows once they are as expected; what has been written takes a while to come out."""
        with self._more:
            assert self._more.wait_for(
                lambda: bool(rows(self._text)) and expected(rows(self._text)), PATIENCE_S
            ), self._text
            return rows(self._text)

    def in_the_end(self) -> list[str]:
        """The rows when the program has gone."""
        self.stream.close()
        self._reader.join(PATIENCE_S)
        return rows(self._text)

    def _read(self) -> None:
        while True:
            try:
                read = os.read(self.person, 65_536)
            except OSError:  # how Linux says that the program has gone
                return
            with self._more:
                self._text += read.decode()
                self._more.notify_all()


# What moves the cursor, shows it or clears its row.
CONTROL = re.compile(r"\x1b\[(?P<n>[?0-9;]*)(?P<what>[A-Za-z])|(?P<char>.)", re.DOTALL)


def rows(text: str) -> list[str]:
    """What stands on a screen after ``text``, as far as rich moves its cursor; no blank ends."""
    screen: list[list[str]] = [[]]
    row = column = 0
    for found in CONTROL.finditer(text):
        n, what, char = found["n"], found["what"], found["char"]
        if what == "A":
            row -= int(n or 1)
        elif what == "K":
            assert n == "2", "the whole row"
            screen[row] = []
        elif what:
            assert what in "hl", f"no other control: {found[0]!r}"
        elif char == "\r":
            column = 0
        elif char == "\n":
            row += 1
            screen += [[] for _ in range(row + 1 - len(screen))]
        else:
            screen[row] += [" "] * (column + 1 - len(screen[row]))
            screen[row][column] = char
            column += 1
    return "\n".join("".join(cells).rstrip() for cells in screen).rstrip().split("\n")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """A terminal whose cursor moves; logging is as before afterwards."""
    terminal = Terminal()
    logger = logging.getLogger("klaviyo_spark")
    before = logger.handlers[:], logger.level, logger.propagate
    monkeypatch.setenv("TERM", "xterm")
    yield terminal
    logger.handlers[:], logger.level, logger.propagate = before
    terminal.in_the_end()
    os.close(terminal.person)


def test_a_terminal_shows_a_bar_per_stage(terminal):
    lists = f"lists     100 %|{'█' * 20}| 12 pages, 1,150 records"
    events = f"events     25 %|{'█' * 5}{' ' * 15}| 100 pages, 100,000 records"
    profiles = f"profiles       |{' ' * 20}| 7 pages"
    more = ", 10 pages/s, 41 % of the limit, about 30 s left"
    clock = Clock()
    with progress(stream=terminal.stream, clock=clock, beat_s=None) as shown:
        shown.show([a_stage("lists", 9, 1, share=0.2), a_stage("events", 0, 300)])
        clock.now += 10
        shown.show(
            [
                a_stage("lists", 12, 0, records=1_150, share=0.1),
                a_stage("events", 100, 300, records=100_000, share=0.41),
                a_stage("profiles", 7, None),
            ]
        )
        seen = terminal.shows(lambda rows: rows[-1] == profiles)
    left = terminal.in_the_end()

    assert seen == [lists, events + more, profiles]
    assert left == [lists, events, profiles]


def test_a_bar_goes_back_when_the_estimate_grows(terminal):
    clock = Clock()
    with progress(stream=terminal.stream, clock=clock, beat_s=None) as shown:
        for left in (100, 0, 300):
            shown.show([a_stage(left=left)])
            clock.now += 1
        assert terminal.shows(lambda rows: " 25 %" in rows[0])


def test_bars_are_drawn_five_times_a_second(terminal, monkeypatch):
    clock, drawn = Clock(), []
    monkeypatch.setattr(BarDisplay, "draw", lambda _, views: drawn.append(clock.now))

    with progress(stream=terminal.stream, clock=clock, beat_s=None) as shown:
        for _ in range(1_000):
            shown.show([a_stage()])
            clock.now += 1 / 1_000

    assert len(drawn) == 5 + 1  # and once at the end


@pytest.mark.parametrize("format", ["text", "json"])
def test_log_lines_stand_whole_above_the_bars(terminal, monkeypatch, format):
    monkeypatch.setattr(sys, "stderr", terminal.stream)
    set_up_logging(format)
    logger = logging.getLogger("klaviyo_spark")
    clock = Clock()

    with progress(clock=clock, beat_s=None) as shown:
        for number in range(3):
            shown.show([a_stage("lists", number), a_stage("events", number)])
            logger.warning("warning no. %d", number)
            clock.now += 1
        # Bars are drawn one after the other: wait for the last of them to stand below the lines.
        bars = [["lists"], ["events"]]
        seen = terminal.shows(lambda rows: [row.split()[:1] for row in rows[3:]] == bars)
    logger.warning("and after")
    left = terminal.in_the_end()

    assert [row.rstrip('"}')[-5:] for row in seen[:3]] == ["no. 0", "no. 1", "no. 2"]
    assert [row.split()[0] for row in left[3:5]] == ["lists", "events"]
    assert "and after" in left[5]
    assert logger.handlers[0].stream is sys.stderr is terminal.stream


def test_whatever_is_written_to_the_terminal_stands_above_the_bars(terminal, monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal.stream)
    with progress(clock=Clock(), beat_s=None) as shown:
        shown.show([a_stage()])
        print("half a line", end="", file=sys.stderr)
        print(" and its end", file=sys.stderr)
        sys.stderr.writelines(["from Java\n", "more of it\n"])
        print("no end", end="", file=sys.stderr)
    left = terminal.in_the_end()

    bar = f"events     25 %|{'█' * 5}{' ' * 15}| 100 pages"
    assert left == ["half a line and its end", "from Java", "more of it", "no end", bar]


def test_an_error_leaves_the_terminal_as_it_was(terminal, monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal.stream)

    def interrupted() -> None:
        with progress(clock=Clock(), beat_s=None) as shown:
            shown.show([a_stage()])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert sys.stderr is terminal.stream
    assert [row.split("|")[0] for row in terminal.in_the_end()] == ["events     25 %"]


def test_a_terminal_that_goes_away_does_not_end_the_run(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    person, program = pty.openpty()
    stream, clock = os.fdopen(program, "w", encoding="utf-8", errors="replace"), Clock()

    with progress("bars", stream=stream, clock=clock, beat_s=None) as shown:
        shown.show([a_stage()])
        os.close(person)
        clock.now += 1
        shown.show([a_stage(done=200)])

    with contextlib.suppress(OSError):  # what is in its buffer has nowhere to go
        stream.close()


@pytest.mark.parametrize(("columns", "bar"), [(0, 8), (80, 8), (100, 20)])
def test_the_bar_leaves_room_for_the_words(monkeypatch, columns, bar):
    monkeypatch.setenv("TERM", "xterm")
    terminal, clock = Terminal(columns), Clock()
    with progress("bars", stream=terminal.stream, clock=clock, beat_s=None) as shown:
        shown.show([a_stage(done=0)])
        clock.now += 10
        shown.show([a_stage(done=120_400, left=64_000_000, records=9, share=1)])
        words = "120,400 pages, 12,040/s, 100 % of limit, 1 h 30 min left"
        narrow = "120,400 pages, 1 h 30 min left"
        expected = f"events      0 %|{' ' * bar}| {words if columns == 100 else narrow}"
        terminal.shows(lambda rows: rows == [expected])
    terminal.in_the_end()
    os.close(terminal.person)


def test_what_is_no_terminal_gets_lines_and_no_bars(caplog):
    stream, clock = io.StringIO(), Clock()
    caplog.set_level(logging.INFO)

    with progress(stream=stream, clock=clock, beat_s=None) as shown:
        shown.show([a_stage()])
        clock.now += 30
        shown.show([a_stage()])

    assert stream.getvalue() == ""
    assert caplog.messages[0] == "events: 100 pages, 0 pages/s, time left not known"


def test_a_terminal_whose_cursor_does_not_move_gets_lines(terminal, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")

    assert isinstance(progress(stream=terminal.stream)._display, LogDisplay)


class Notebook:
    """As much of IPython and ipywidgets as rich uses, and what stands below the cell."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def get_ipython(self) -> types.SimpleNamespace:
        return types.SimpleNamespace(kernel=object())

    def display(self, *shown: object) -> None:
        for one in shown:
            if one is not self:
                self.shown.append(one._repr_mimebundle_((), ())["text/plain"])  # type: ignore[attr-defined]

    def clear_output(self, wait: bool) -> None:
        assert wait, "else it flickers"
        self.shown.clear()

    def __enter__(self) -> Notebook:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def rows(self) -> list[str]:
        return [row.rstrip() for row in "".join(self.shown).splitlines()]


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Notebook:
    """What IPython looks like behind a notebook; ipywidgets is not installed."""
    notebook = Notebook()
    ipython: Any = types.ModuleType("IPython")
    ipython.get_ipython = notebook.get_ipython
    ipython.display = types.ModuleType("IPython.display")
    ipython.display.display = notebook.display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", ipython.display)
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    return notebook


@pytest.fixture
def widgets(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> Notebook:
    """A notebook with ipywidgets."""
    ipywidgets: Any = types.ModuleType("ipywidgets")
    ipywidgets.Output = lambda: notebook
    monkeypatch.setitem(sys.modules, "ipywidgets", ipywidgets)
    return notebook


@pytest.mark.parametrize("kind", ["auto", "bars"])
def test_a_notebook_without_widgets_gets_lines(notebook, caplog, kind):
    clock = Clock()
    caplog.set_level(logging.INFO)

    with progress(kind, stream=io.StringIO(), clock=clock, beat_s=None) as shown:
        clock.now += 30
        shown.show([a_stage()])

    assert caplog.messages[0] == "events: 100 pages"


def test_a_notebook_with_widgets_gets_bars_that_stay(widgets):
    clock, seen = Clock(), []
    with progress(stream=io.StringIO(), clock=clock) as shown:
        for done in (0, 100, 400):
            shown.show([a_stage(done=done, left=400 - done)])
            seen += widgets.rows()
            clock.now += 10

    full = f"events    100 %|{'█' * 20}| 400 pages"
    assert seen == [
        f"events      0 %|{' ' * 20}| 0 pages",
        f"events     25 %|{'█' * 5}{' ' * 15}| 100 pages, 10 pages/s, about 30 s left",
        full,
    ]
    assert widgets.rows() == [full]
    assert len(widgets.shown) == 1, "no empty output follows"


def test_a_bar_of_which_it_is_not_known_how_much_is_left_stays_empty(widgets):
    clock = Clock()
    with progress(stream=io.StringIO(), clock=clock) as shown:
        shown.show([a_stage(done=1, left=None)])
        clock.now += 10
        shown.show([a_stage(done=2, left=None)])
        assert widgets.rows()[0].endswith("| 2 pages, 6 pages/min, time left not known")

    assert widgets.rows() == [f"events         |{' ' * 20}| 2 pages"]


def test_a_long_line_is_not_broken_and_its_brackets_stay(terminal, monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal.stream)
    words = "[bold]" + "0123456789 " * 30 + "the end"
    with progress(clock=Clock(), beat_s=None) as shown:
        shown.show([a_stage()])
        print(words, file=sys.stderr)
        print("2 of 3", file=sys.stderr)

    assert terminal.in_the_end()[:2] == [words, "2 of 3"]
