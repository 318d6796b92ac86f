"""One run for one or more accounts: read side by side, each by itself, and what is said of it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from klaviyo_spark.cli.progress import Progress
from klaviyo_spark.commands.summary import of_several
from klaviyo_spark.commands.sync import account_run, pipeline
from klaviyo_spark.commands.sync.account_context import AccountContext
from klaviyo_spark.commands.sync.account_run import AccountRun, RunRequest, Summary
from klaviyo_spark.config.models import Settings
from klaviyo_spark.errors import CheckFailed, ConfigError, Interrupted, LakeError, Unauthorized
from klaviyo_spark.log import ACCOUNT
from klaviyo_spark.progress import Stage, View
from klaviyo_spark.silver.models import Load
from klaviyo_spark.state.models import Outcome

REFUSED = Unauthorized("GET /api/metrics -> 401: KEY_EU was refused")
AT = datetime(2026, 6, 1, 12, 0, tzinfo=timezone.utc)
CLIENT: Any = SimpleNamespace(
    stats=lambda: SimpleNamespace(requests={}, retries=0, throttled=0, bytes=0),
    now=lambda: AT,
    clock_notes=list,
)


def part(name: str, *resources: str, error: ConfigError | None = None) -> AccountContext:
    settings = Settings(account=name, resources=resources or ("lists", "tags"))
    return AccountContext(settings, None if error else CLIENT, error)


class Story:
    """Stands in for lake and pipeline: what each account meets, and what was done in which order.

    Args:
        asking, refining: per account, what happens then; nothing by default.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asking: dict[str, Callable[..., None]] = {}
        self.refining: dict[str, Callable[[], None]] = {}
        self.done: list[str] = []
        self.rows: list[dict[str, Any]] = []
        self.lake: Any = SimpleNamespace(
            append_ops=lambda name, rows: self.rows.extend(rows),
            for_account=lambda name: name,
            name_foreign_columns=list,
            has_pages=True,
        )
        monkeypatch.setattr(pipeline, "exclusive", lambda *_: nullcontext())
        monkeypatch.setattr(AccountRun, "ask", lambda one, *of: self._ask(one.summary, *of))
        monkeypatch.setattr(pipeline, "make_tables", self._make_tables)
        monkeypatch.setattr(pipeline, "list_orphans", lambda *_: None)
        monkeypatch.setattr(account_run, "tables_of_other_policy", lambda *_: [])
        monkeypatch.setattr(account_run, "reconcile", self._refine)
        monkeypatch.setattr(pipeline, "row_counts", lambda *_: {})
        monkeypatch.setattr(pipeline, "publish", lambda *_: ["views: refused"])
        monkeypatch.setattr(pipeline, "_LOOK_S", 0.01)

    def _ask(self, summary: Summary, *of: Any) -> None:
        self.asking.get(summary.account, lambda *_: None)(summary, *of)
        self.done.append(f"asked for {summary.account}")

    def _make_tables(self, _lake: Any, resources: list[str]) -> list[str]:
        self.done.append(f"made {','.join(resources)}")
        return []

    def _refine(self, _lake: Any, account: str, *_: Any, **__: Any) -> list[Load]:
        self.refining.get(account, lambda: None)()
        self.done.append(f"refined {account} as {ACCOUNT.get()}")
        return []

    def run(
        self, verb: Any, *parts: AccountContext, show: Any = None, **how: Any
    ) -> dict[str, Summary]:
        found = pipeline.run(RunRequest(verb, **how), self.lake, parts, show)
        return {summary.account: summary for summary in found}

    @property
    def noted(self) -> dict[str, tuple[int, list[str]]]:
        """Exit code and problems per account, from the rows of ``runs``."""
        assert len({row["run_id"] for row in self.rows}) == len(self.rows)
        return {row["account_id"]: (row["exit_code"], row["errors"]) for row in self.rows}


@pytest.fixture
def story(monkeypatch: pytest.MonkeyPatch) -> Story:
    return Story(monkeypatch)


def raising(error: BaseException) -> Callable[..., None]:
    def fail(*_: Any) -> None:
        raise error

    return fail


# -- each by itself -------------------------------------------------------------------------------


def test_every_account_is_asked_and_then_refined_one_after_the_other(story):
    found = story.run("sync", part("us", "tags"), part("eu", "lists"))

    assert sorted(story.done[:2]) == ["asked for eu", "asked for us"]
    assert story.done[2:] == ["made lists,tags", "refined us as us", "refined eu as eu"]
    assert story.noted == {"us": (0, []), "eu": (0, [])}
    assert [summary.exit_code for summary in found.values()] == [0, 0]


def test_a_wrong_key_of_one_account_does_not_stop_another(story):
    story.asking["eu"] = raising(REFUSED)

    found = story.run("sync", part("eu"), part("us"))

    assert story.done == ["asked for us", "made lists,tags", "refined us as us"]
    assert story.noted == {"us": (0, []), "eu": (1, [str(REFUSED)])}
    assert (found["us"].exit_code, found["eu"].exit_code) == (0, 1)


def test_an_account_without_its_key_is_written_down_as_not_started(story):
    story.run("ingest", part("eu", error=ConfigError("no Klaviyo key")), part("us"))

    assert story.done == ["asked for us"]
    assert story.noted == {"us": (0, []), "eu": (2, ["no Klaviyo key"])}


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (LakeError("the lake is odd"), 1, "the lake is odd"),
        (ZeroDivisionError("division by zero"), 1, "ZeroDivisionError: division by zero"),
    ],
)
def test_an_account_that_cannot_be_refined_does_not_stop_the_next(story, error, code, said):
    story.refining["us"] = raising(error)

    story.run("refine", part("us"), part("eu"))

    assert story.done == ["made lists,tags", "refined eu as eu"]
    assert story.noted == {"us": (code, [said]), "eu": (0, [])}


def test_a_resource_that_failed_is_the_account_s_own(story):
    def without_lists(summary: Summary, *_: Any) -> None:
        summary.outcome = Outcome(failed={"lists": ["GET /api/lists -> 403"]})

    story.asking["us"] = without_lists

    story.run("sync", part("us"), part("eu"))

    assert story.noted == {"us": (3, ["GET /api/lists -> 403"]), "eu": (0, [])}


def test_a_check_that_fails_is_that_account_s_failure_alone(story):
    story.refining["us"] = raising(CheckFailed("events: 9 of 10 rows break its check"))

    found = story.run("sync", part("us"), part("eu"))

    assert story.noted == {"us": (1, ["events: 9 of 10 rows break its check"]), "eu": (0, [])}
    assert "failed: us: events: 9 of 10 rows" in "\n".join(of_several([*found.values()]))


def test_where_no_account_could_be_asked_nothing_is_refined(story):
    story.asking = dict.fromkeys(("us", "eu"), raising(REFUSED))

    story.run("sync", part("us"), part("eu"))

    assert story.done == []


def test_a_run_that_cannot_even_be_written_down_does_not_stop_the_next(story, caplog):
    story.asking["us"] = raising(REFUSED)

    def refuse(_name: str, rows: list[dict[str, Any]]) -> None:
        if rows[0]["account_id"] == "us":
            raise OSError("disk full")
        story.rows.extend(rows)

    story.lake.append_ops = refuse
    found = story.run("sync", part("us"), part("eu"))

    assert (found["us"].exit_code, story.noted) == (1, {"eu": (0, [])})
    assert (
        "the run could not be recorded in klaviyo_ops.runs: OSError: disk full. Check the "
        "lake's storage."
    ) in caplog.text


def test_the_catalog_is_seen_to_once(story):
    found = story.run("refine", part("us"), part("eu"))

    assert [summary.outcome.warnings for summary in found.values()] == [["views: refused"], []]


# -- side by side ---------------------------------------------------------------------------------


def test_accounts_are_read_at_the_same_time(story):
    together = threading.Barrier(2, timeout=10)
    story.asking = dict.fromkeys(("us", "eu"), lambda *_: together.wait() and None)

    story.run("ingest", part("us"), part("eu"))

    assert {code for code, _ in story.noted.values()} == {0}


def test_so_many_accounts_at_a_time(story, monkeypatch):
    monkeypatch.setattr(pipeline, "SIDE_BY_SIDE", 2)
    names = [f"a{n}" for n in range(6)]
    at_once, most, lock = 0, 0, threading.Lock()

    def busy(*_: Any) -> None:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        threading.Event().wait(0.02)
        with lock:
            at_once -= 1

    story.asking = dict.fromkeys(names, busy)

    story.run("ingest", *map(part, names))

    assert (most, len(story.noted)) == (2, 6)


def test_one_signal_stops_all_accounts_and_nothing_is_refined(story):
    def until_stopped(*of: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        assert of[-1].wait(10)
        raise Interrupted("interrupted; all pages fetched so far are in bronze")

    story.asking["us"] = until_stopped

    with pytest.raises(Interrupted, match="Run the same command again to resume"):
        story.run("sync", part("us"), part("eu"))

    assert [line for line in story.done if "refined" in line] == []
    assert {code for code, _ in story.noted.values()} == {130}


class Seen:
    """A face that keeps what it is shown."""

    first_s = every_s = 0.0

    def __init__(self) -> None:
        self.views: list[View] = []

    def begin(self) -> None:
        pass

    def draw(self, views: list[View]) -> None:
        self.views = list(views)

    end = draw


def test_progress_is_a_stage_per_account(story):
    face, drawn = Seen(), threading.Event()

    def reading(_summary: Summary, *of: Any) -> None:
        shown = of[-2]
        lists = Stage("lists", done=2, left=3, records=20, share=0.1)
        shown.show([lists, Stage("events", done=1, left=4.5, records=7, share=0.6)])
        assert drawn.wait(10)

    def draw(views: list[View]) -> None:
        face.views = list(views)
        drawn.set()

    face.draw = draw  # type: ignore[method-assign]
    story.asking["us"] = reading

    story.run("ingest", part("us"), part("eu"), show=Progress(face, lambda: 0.0))  # type: ignore[arg-type]

    assert [view.stage for view in face.views] == [
        Stage("us", done=3, left=7.5, records=27, share=0.6)
    ]


def test_what_is_left_is_not_known_where_one_stage_does_not_know_it():
    one = pipeline.begin(RunRequest("sync"), None, part("us"), "r")  # type: ignore[arg-type]
    one.show([Stage("a", 1, 2), Stage("b", 1, None)])

    assert one.as_one_stage().left is None


# -- a sole account -------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["asking", "refining"])
def test_what_goes_wrong_with_a_sole_account_is_raised_and_written_down_once(story, step):
    getattr(story, step)["us"] = raising(REFUSED)

    with pytest.raises(Unauthorized):
        story.run("sync", part("us"))

    assert story.noted == {"us": (1, [str(REFUSED)])}


def test_a_sole_account_s_row_that_cannot_be_written_is_not_tried_again(story):
    tries: list[str] = []

    def refuse(name: str, _rows: list[dict[str, Any]]) -> None:
        tries.append(name)
        raise OSError("disk full")

    story.lake.append_ops = refuse
    with pytest.raises(OSError, match="disk full"):
        story.run("ingest", part("us"))

    assert tries == ["runs"]


def test_a_sole_account_holds_the_lake_under_the_id_of_its_run_and_needs_no_name_in_the_log(story):
    request = RunRequest("sync")

    [summary] = pipeline.run(request, story.lake, [part("us")])

    assert summary.run_id == request.run_id == story.rows[0]["run_id"]
    assert story.done[1:] == ["made lists,tags", f"refined us as {ACCOUNT.get()}"]


def test_progress_of_a_sole_account_is_a_stage_per_resource(story):
    display, stages = Seen(), [Stage("lists", 2, 0), Stage("events", 1, 0)]
    story.asking["us"] = lambda _summary, shown, _stop: shown.show(stages)

    story.run("ingest", part("us"), show=Progress(display, lambda: 0.0))  # type: ignore[arg-type]

    assert [view.stage for view in display.views] == stages


def test_a_signal_once_all_of_a_sole_account_has_been_asked_says_what_takes_it_in(story):
    def stopped(_summary: Summary, _shown: Any, stop: threading.Event) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.wait(10)

    story.asking["us"] = stopped

    with pytest.raises(Interrupted, match="Run `klaviyo-spark refine` to load them"):
        story.run("sync", part("us"))

    assert [code for code, _ in story.noted.values()] == [130]


# -- tables made anew -----------------------------------------------------------------------------


class Rebuilding:
    """Stands in for ``Rebuild``: what it is asked for, in order."""

    def __init__(self, story: Story, fails: str = "") -> None:
        self.story, self.fails = story, fails

    def __call__(self, _lake: Any, resources: Any) -> Rebuilding:
        self.story.done.append(f"begun {','.join(sorted(resources))}")
        return self

    def make(self, account: str, *_: Any, **__: Any) -> list[Load]:
        if account == self.fails:
            raise LakeError("pages have gone")
        self.story.done.append(f"made {account}")
        return []

    def publish(self) -> None:
        self.story.done.append("published")


def test_tables_are_made_anew_for_all_accounts_and_put_in_place_once(story, monkeypatch):
    monkeypatch.setattr(pipeline, "Rebuild", Rebuilding(story, fails="eu"))

    story.run("refine", part("us", "tags"), part("eu", "lists"), part("fr", "tags"), anew=True)

    assert story.done == ["begun lists,tags", "made us", "made fr", "published"]
    assert story.noted == {"us": (0, []), "fr": (0, []), "eu": (1, ["pages have gone"])}


# -- what is said ---------------------------------------------------------------------------------


def a_summary(account: str, code: int = 0, resume_at: datetime | None = None, **failed: str):
    outcome = Outcome(pages=3, bytes=1000, resume_at=resume_at)
    for resource, message in failed.items():
        outcome.fail(resource, message)
    return Summary(
        f"run of {account}", "sync", AT, outcome, exit_code=code, finished_at=AT, account=account
    )


def test_the_summary_names_the_account_and_the_resource_of_what_is_not_done():
    said = list(
        of_several(
            [
                a_summary("us", 3, lists="GET /api/lists -> 403: the key lacks a scope"),
                a_summary("eu", 1, all="GET /api/metrics -> 401: KEY_EU was refused"),
                a_summary("fr"),
            ]
        )
    )

    assert [line for line in said if line.startswith("==")] == [
        "== account us", "== account eu", "== account fr", "== 3 accounts",
    ]  # fmt: skip
    assert said[-3:] == [
        "failed: us: lists: GET /api/lists -> 403: the key lacks a scope",
        "failed: eu: GET /api/metrics -> 401: KEY_EU was refused",
        "sync partly done: us partly done, eu failed",
    ]


def test_a_rate_limit_of_one_account_is_said_with_its_time():
    said = list(of_several([a_summary("us", 4, resume_at=AT), a_summary("eu")]))

    assert said[-2:] == [
        "us: stopped by Klaviyo's rate limit. Run again after 2026-06-01 12:00 UTC.",
        "sync stopped: us stopped",
    ]


def test_all_accounts_done_is_one_line():
    assert list(of_several([a_summary("us"), a_summary("eu")]))[-2:] == [
        "== 2 accounts",
        "sync done: all accounts",
    ]
