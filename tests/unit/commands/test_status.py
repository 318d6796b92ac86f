"""Status: what a lake's answers come to, how it is read, and how it is said."""

from __future__ import annotations

import json
import re
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from klaviyo_spark.cli import main
from klaviyo_spark.commands.doctor import lake as doctor
from klaviyo_spark.commands.status import Facts, Status, facts, summed, words
from klaviyo_spark.commands.status.backfills import Unfinished
from klaviyo_spark.commands.status.standing import Changed
from klaviyo_spark.commands.status.summing import Groups, LaggingMetric, Late, Table
from klaviyo_spark.config.models import Schemas, Settings
from klaviyo_spark.lake.file_lock import Holder, LockStatus
from klaviyo_spark.lake.readers.fallback import Fallback
from klaviyo_spark.lake.readers.folder import Files
from klaviyo_spark.lake.readers.opening import reader
from tests.helpers import lakes
from tests.helpers.logs import switch_on
from tests.helpers.status_lakes import DAY, HOUR, NOON, a_lake, a_load, a_mark, a_run, a_step, put

NOW = NOON + 3 * HOUR


def a_status(rows: dict[str, int] | None = None, **answers: Any) -> Status:
    """The status that answers come to, for an account that has run once."""
    rows = {"events": 3, "tags": 1} if rows is None else rows
    held = answers.pop("holding", None)
    newest = answers.pop("newest_event_at", None)
    return summed(
        Facts(rows, 2, newest, held, {"runs": [a_run()], **answers}), "./lake", "default", NOW
    )


def the(status: Status, name: str) -> Table:
    return next(table for table in status.tables if table.table == name)


# -- what answers come to -------------------------------------------------------------------------


def test_a_lake_without_tables_is_not_there_yet():
    status = summed(Facts(), "./lake", "default", NOW)
    assert (status.is_there, status.tables, status.last_run) == (False, (), None)


def test_what_is_read_whole_is_as_of_the_beginning_of_the_last_run_that_it_took_in():
    runs = [a_run("r2", NOON + HOUR), a_run("r1")]
    status = a_status(runs=runs, loads=[a_load("tags", "r1"), a_load("tags", "unknown")])
    assert the(status, "tags").as_of == NOON
    assert the(status, "events").as_of is None


def test_events_are_as_of_the_end_of_what_was_read_and_refined():
    status = a_status(
        loads=[a_load("events", "r1")],
        ranges=[
            a_mark("events", "M1", NOON - HOUR),
            a_mark("events", "M1", NOON, run_id="not refined"),
            a_mark("profiles", None, NOON),
        ],
    )
    assert the(status, "events").as_of == NOON - HOUR


def test_a_backfill_does_not_make_events_look_fresh():
    status = a_status(
        runs=[a_run("backfill", NOON + HOUR), a_run("r1")],
        loads=[a_load("events", "r1"), a_load("events", "backfill")],
        ranges=[
            a_mark("events", "M1", NOON - 300 * DAY, run_id="backfill"),
            a_mark("events", "M1", NOON - DAY),
        ],
    )
    assert the(status, "events").as_of == NOON - DAY


def test_a_metric_that_is_read_less_far_than_others_is_named():
    status = a_status(
        ranges=[
            a_mark("events", "M1", NOON),
            a_mark("events", "M2", NOON - 2 * DAY, documented_name="clicked sms"),
            a_mark("events", "M2", NOON - 9 * DAY, documented_name="clicked sms"),
            a_mark("events", "M3", NOON - HOUR),
        ]
    )
    assert status.lagging_metrics == (LaggingMetric("M2", "clicked sms", NOON - 2 * DAY),)


def test_pages_that_no_table_has_wait_to_be_refined():
    runs = [
        a_run("r3", NOON + HOUR, command="ingest", pages=5),
        a_run("r2", NOON, command="refine", pages=0),
        a_run("r1", NOON - HOUR, pages=26),
    ]
    assert a_status(runs=runs, loads=[a_load("tags", "r1")]).to_refine == 5


def test_leaves_may_wait_since_the_oldest_complete_read_of_a_group_that_is_there():
    def whole(id: str, at: datetime) -> dict[str, Any]:
        return a_mark("lists", id, at, kind="full_read")

    status = a_status(
        lists=[{"account_id": "default", "id": id} for id in ("L1", "L2", "L3")],
        wholes=[
            whole("L1", NOON - DAY),
            whole("L2", NOON - 5 * DAY),
            whole("gone", NOON - 99 * DAY),
        ],
    )
    assert status.members == (Groups("lists", 3, 1, NOON - 5 * DAY),)


def test_late_arrivals_are_those_of_all_runs_and_of_the_last():
    def late(run_id: str, n: int, day: datetime) -> dict[str, Any]:
        return {
            "account_id": "default",
            "run_id": run_id,
            "late_row_count": n,
            "first_day": day.date(),
        }

    status = a_status(
        runs=[a_run("r2", NOON + HOUR), a_run("r1")],
        late=[late("r1", 5, NOON - 3 * DAY), late("r2", 2, NOON)],
    )
    assert status.late == Late(7, 2, (NOON - 3 * DAY).date())


def test_an_unfinished_backfill_says_how_long_the_rest_takes():
    of = (NOON - 360 * DAY, NOON)
    steps = [a_step(NOON - 360 * DAY, of), a_step(NOON - 270 * DAY, of)]
    status = a_status(backfills=steps)
    assert status.backfills == (
        Unfinished(
            "b1", ("events",), *of, 4, 2, 2 * 600.0, last_step_at=NOON + timedelta(minutes=10)
        ),
    )


def test_steps_that_ended_before_they_began_do_not_say_how_long_the_rest_takes():
    of = (NOON - 360 * DAY, NOON)
    clock_set_back = {**a_step(NOON - 360 * DAY, of), "finished_at": NOON - HOUR}
    status = a_status(runs=[a_run("r1", NOON)], backfills=[clock_set_back])
    assert [backfill.seconds_left for backfill in status.backfills] == [None]


def test_a_finished_backfill_is_not_told():
    of = (NOON - 90 * DAY, NOON)
    assert a_status(backfills=[a_step(NOON - 90 * DAY, of)]).backfills == ()


def test_another_account_in_the_lake_is_named_and_left_out():
    mine, other = a_run("r1"), a_run("o1", NOON + HOUR, account_id="other")
    status = a_status(
        runs=[other, mine],
        orphans=[{"account_id": "other", "flows": 4}],
        quarantined=[{"account_id": "other", "table_name": "tags", "records": 4}],
    )
    assert status.accounts == ("default", "other")
    assert [run.run_id for run in status.runs] == ["r1"]
    assert (status.orphaned_flows, status.quarantined) == (0, 0)


def test_rows_and_the_newest_event_are_an_account_s_own(tmp_path):
    found = facts(Files(a_lake(tmp_path), Schemas()))
    default, other = (summed(found, "./lake", name, NOW) for name in ("default", "other"))

    assert {t.table: t.rows for t in default.tables} == {"events": 3, "lists": 3, "tags": 1}
    assert {t.table: t.rows for t in other.tables} == {"events": 1, "lists": 1, "tags": 0}
    assert (default.rows, other.rows) == (7, 2)
    assert (default.newest_event_at, other.newest_event_at) == (NOON, NOON - HOUR)
    assert the(other, "events").newest_event_at == NOON - HOUR


def test_an_account_that_never_ran_has_no_rows_of_the_one_that_did():
    answers = {"runs": [a_run()]}
    status = summed(Facts({"tags": 1}, 2, NOON, None, answers), "./lake", "another", NOW)

    assert (status.rows, the(status, "tags").rows, status.newest_event_at) == (0, 0, None)


def test_a_run_of_the_whole_lake_is_every_account_s():
    upkeep = a_run("m1", NOON + HOUR, account_id=None, command="maintain")
    status = a_status(runs=[upkeep, a_run("r1")])

    assert ([run.run_id for run in status.runs], status.accounts) == (["m1", "r1"], ("default",))


def test_so_many_runs_of_each_account_are_looked_at(tmp_path, monkeypatch):
    lake = a_lake(tmp_path)
    many = [a_run(f"o{n}", NOON + 3 * HOUR, account_id="other") for n in range(300)]
    put(lake, "klaviyo_ops", "runs", *many)

    found = facts(Files(lake, Schemas()))["runs"]

    assert [row["account_id"] for row in found].count("other") == 200
    assert [row["run_id"] for row in found if row["account_id"] == "default"] == ["r2", "r1"]


def test_profiles_are_fresh_after_their_first_complete_read(tmp_path):
    lake = a_lake(tmp_path)
    put(lake, "klaviyo_v2", "profiles", {"_account_id": "default", "id": "P1"})
    put(lake, "klaviyo_ops", "table_loads", a_load("profiles"))
    put(lake, "klaviyo_ops", "watermarks", a_mark("profiles", None, NOON, kind="full_read"))

    status = summed(facts(Files(lake, Schemas())), "./lake", "default", NOW)

    assert the(status, "profiles").as_of == NOON


def test_tables_that_are_not_what_the_last_load_left_are_told(tmp_path):
    lake = a_lake(tmp_path)
    assert a_status_of(lake)[:2] == ((), ())
    shutil.rmtree(lake / "klaviyo_v2.db" / "tags")
    shutil.rmtree(lake / "klaviyo_bronze.db")
    put(lake, "klaviyo_bronze", "pages", {"body": "{}"})
    DeltaTable(lake / "klaviyo_v2.db" / "lists").delete()
    noted = "2026-05-01 12:00:00 UTC UPDATE (version 0)"
    put(lake, "klaviyo_ops", "table_loads", {**a_load("events"), "foreign_commits": [noted]})

    removed, (events, lists), said = a_status_of(lake)

    assert removed == ("klaviyo_bronze.pages", "tags")
    rebuild = "klaviyo-spark refine --rebuild --resources"
    assert events == Changed("events", (noted,), f"{rebuild} events")
    assert (lists.table, lists.rebuild) == ("lists", f"{rebuild} lists")
    assert re.fullmatch(r"[\d-]+ [\d:]+ UTC DELETE \(version 2\)", lists.commits[0])
    lines = [line for line in said if line[:7] in ("removed", "changed")]
    assert lines == [
        "removed         klaviyo_bronze.pages: the next sync reads everything again",
        "removed         tags: the next run rebuilds what bronze has the pages of",
        f"changed         events, by others: {noted}; {rebuild} events",
        f"changed         lists, by others: {lists.commits[0]}; {rebuild} lists",
    ]
    told = json.loads(words.as_json(summed(facts(Files(lake, Schemas())), "", "default", NOW)))
    assert told["removed"] == list(removed)
    assert told["changed"][0] == {
        "table": "events",
        "commits": [noted],
        "rebuild": f"{rebuild} events",
    }


def a_status_of(lake: Path) -> tuple[tuple[str, ...], tuple[Changed, ...], list[str]]:
    """What is removed, what is changed, and all that is said of the lake."""
    status = summed(facts(Files(lake, Schemas())), "./lake", "default", NOW)
    return status.removed, status.changed, text(status).splitlines()


# -- how it is said -------------------------------------------------------------------------------


def text(status: Status) -> str:
    return "\n".join(words.as_text(status))


def test_no_lake_yet_is_said_with_the_way_to_one():
    assert "there is no lake yet; `klaviyo-spark sync` makes it" in text(
        summed(Facts(), "./lake", "default", NOW)
    )


def test_the_text_of_a_lake_in_which_everything_has_happened(tmp_path):
    found = facts(Files(a_lake(tmp_path), Schemas()))
    said = text(summed(found, "./lake", "default", NOW))
    assert said.splitlines() == [
        "lake ./lake, account default, 2026-06-01 15:00 UTC",
        "",
        "table     rows  as of (UTC)       age  quarantined",
        "events       3  2026-06-01 11:00  4 h            0",
        "lists        3  2026-06-01 12:00  3 h            0",
        "tags         1  2026-06-01 12:00  3 h            1",
        "3 tables     7                                   1",
        "",
        "newest event    2026-06-01 12:00 UTC (3 h ago)",
        "last run        sync partly done (exit 3), began 2026-06-01 13:00 UTC (2 h ago), took "
        "1 min, 7 pages",
        "                sync done (exit 0), began 2026-06-01 12:00 UTC (3 h ago), took 1 min, "
        "26 pages",
        "failed          lists: no scope",
        "to refine       7 pages in no table yet: klaviyo-spark refine",
        "late arrivals   7 events came after their day had been read, 2 of them in the last run, "
        "of days since 2026-05-29",
        "quarantined     1 record, see klaviyo_ops.quarantine",
        "orphaned flows  1, see klaviyo_ops.orphaned_flows",
        "members         of 2 lists, 1 not read whole yet: joins are current, leaves may wait "
        "since 2026-05-30 12:00 UTC (2 d ago)",
        "behind          clicked email is read until 2026-05-23 12:00 UTC (9 d ago)",
        "backfill        1 of 3 steps done, the last 2026-06-01 12:10 UTC (3 h ago), about 20 min "
        "left; to go on: klaviyo-spark backfill --start 2025-06-06T12:00:00Z "
        "--end 2026-03-03T12:00:00Z --resources events",
        "accounts        default, other in this lake; this is default",
    ]


def test_the_text_of_several_accounts_is_a_line_for_each_and_what_is_to_be_done(tmp_path):
    lake = a_lake(tmp_path)
    put(lake, "klaviyo_ops", "runs", a_run("g1", NOON - DAY, account_id="gone"))
    found = facts(Files(lake, Schemas()))
    every = [summed(found, "./lake", name, NOW) for name in ("default", "other", "new")]

    assert list(words.of_several(every)) == [
        "lake ./lake, 3 accounts, 2026-06-01 15:00 UTC",
        "",
        "account  rows  as of (UTC)       newest event      last run                   age",
        "default     7  2026-06-01 11:00  2026-06-01 12:00  sync partly done (exit 3)  2 h",
        "other       2  -                 2026-06-01 11:00  sync done (exit 0)         60 min",
        "new         0  -                 -                 none yet",
        "",
        "failed          default: lists: no scope",
        "to refine       default: 7 pages in no table yet",
        "quarantined     default: 1 record",
        "backfill        default: 1 of 3 steps done, the last 2026-06-01 12:10 UTC (3 h ago), "
        "about 20 min left; to go on: klaviyo-spark backfill --start 2025-06-06T12:00:00Z "
        "--end 2026-03-03T12:00:00Z --resources events",
        "to refine       other: 26 pages in no table yet",
        "not in conf     gone: in this lake, and read no more",
        "`--account NAME` says all of one",
    ]


def test_why_an_earlier_run_was_not_all_done_is_told_below_it():
    """Of yesterday's run, which ended with 3, today's hid the reason."""
    errors = [f"{name}: the key lacks a scope" for name in ("events", "flows", "lists", "tags")]
    runs = [a_run("r2", NOON), a_run("r1", NOON - DAY, exit_code=3, errors=errors)]

    said = list(words.as_text(a_status(runs=runs, loads=[a_load("tags")])))

    at = next(n for n, line in enumerate(said) if "partly done (exit 3)" in line)
    assert said[at + 1 : at + 4] == [f"{'':18}failed: {error}" for error in errors[:3]]
    assert not [line for line in said if "tags: the key" in line]


def test_a_failed_ingest_is_told_though_refine_and_upkeep_went_well_after_it():
    runs = [
        a_run("r4", NOON + 2 * HOUR, command="maintain", pages=0, account_id=None),
        a_run("r3", NOON + HOUR, command="refine", pages=0),
        a_run("r2", NOON, command="ingest", exit_code=1, pages=0, errors=["the key was refused"]),
        a_run("r1", NOON - DAY, command="ingest", exit_code=3, errors=["mended since"]),
    ]
    said = list(words.of_several([a_status(runs=runs, loads=[a_load("tags")])] * 2))

    assert said[3].endswith("  ingest failed (exit 1)  3 h")
    assert [line for line in said if line.startswith("failed")] == [
        "failed          default: the key was refused"
    ] * 2


def test_no_lake_yet_is_said_once_for_several_accounts():
    every = [summed(Facts(), "./lake", name, NOW) for name in ("us", "eu")]

    assert list(words.of_several(every)) == [
        "lake ./lake, 2 accounts, 2026-06-01 15:00 UTC",
        "there is no lake yet; `klaviyo-spark sync` makes it",
    ]


@pytest.mark.parametrize(
    ("alive", "said"),
    [
        (True, "lock            held by a run (sync) that began 2026-06-01 12:00 UTC (3 h ago), "
         "process 7 on host here: under way"),
        (False, "lock            left behind by a run (sync) that began 2026-06-01 12:00 UTC "
         "(3 h ago), process 7 on host here, which died: the next run takes over"),
        (None, "lock            held by a run (sync) that began 2026-06-01 12:00 UTC (3 h ago), "
         "process 7 on host here; whether it lives cannot be told from here"),
    ],
)  # fmt: skip
def test_who_holds_the_lake_is_said(alive, said):
    held = LockStatus(Holder("r1", "sync", "here", 7, NOON), alive)
    assert text(a_status(holding=held)).splitlines()[-1] == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-1, "0 s"), (59, "59 s"), (60, "1 min"), (7199, "120 min"), (7200, "2 h"), (172800, "2 d")],
)
def test_a_duration_is_said_in_its_largest_unit(seconds, said):
    assert words.duration(seconds) == said


def test_the_json_is_the_whole_status_in_plain_values():
    told = json.loads(words.as_json(a_status(loads=[a_load("tags")])))
    assert told["at"] == "2026-06-01T15:00:00Z"
    assert told["tables"][1] == {
        "table": "tags",
        "resource": "tags",
        "rows": 1,
        "as_of": "2026-06-01T12:00:00Z",
        "loaded_at": "2026-06-01T13:00:00Z",
        "quarantined": 0,
        "newest_event_at": None,
    }
    assert told["runs"][0]["exit_code"] == 0


# -- how a lake is read ---------------------------------------------------------------------------


def test_rows_without_statistics_in_the_log_are_counted_in_the_files(tmp_path):
    put(tmp_path, "klaviyo_v2", "tags", {"tag_id": "T1"}, {"tag_id": "T2"})
    log = tmp_path / "klaviyo_v2.db" / "tags" / "_delta_log" / f"{0:020}.json"
    actions = [json.loads(line) for line in log.read_text().splitlines()]
    for action in actions:
        action.get("add", {}).pop("stats", None)
    log.write_text("\n".join(map(json.dumps, actions)))
    assert Files(tmp_path, Schemas()).count("silver", "tags") == 2


def test_no_table_is_none_and_an_empty_one_has_no_rows(tmp_path):
    put(tmp_path, "klaviyo_v2", "events")
    files = Files(tmp_path, Schemas())
    assert (files.count("silver", "events"), files.count("silver", "tags")) == (0, None)
    assert files.newest_event() is None
    assert files.ask("silver", "tags", "SELECT 1 FROM {t}") is None


def test_the_newest_event_is_found_where_a_file_has_none_with_a_time(tmp_path):
    put(tmp_path, "klaviyo_v2", "events", {"id": "E1", "event_datetime": NOON})
    put(tmp_path, "klaviyo_v2", "events", {"id": "E2"})
    assert Files(tmp_path, Schemas()).newest_event() == NOON


def test_spark_is_asked_about_tables_alone_that_delta_rs_does_not_read(tmp_path):
    a_lake(tmp_path)
    for table in ("klaviyo_v2.db/events", "klaviyo_ops.db/runs"):
        switch_on(tmp_path / table, "typeWidening", of_readers=True)
    asked: list[str] = []

    class Spark:
        def count(self, schema: str, table: str) -> int:
            asked.append(f"rows of {schema}.{table}")
            return 7

        def newest_event(self) -> datetime:
            return NOON

        def ask(self, schema: str, table: str, sql: str) -> list[dict[str, Any]]:
            asked.append(f"{schema}.{table}")
            return []

    started: list[Spark] = []
    reader = Fallback(Files(tmp_path, Schemas()), lambda: started.append(Spark()) or started[0])

    found = facts(reader)

    assert (found.rows, found.newest_event_at) == ({"events": 7, "lists": 4, "tags": 1}, NOON)
    assert (sorted(asked), len(started)) == (["ops.runs", "rows of silver.events"], 1)


def test_a_question_opens_its_table_once(tmp_path, monkeypatch):
    put(tmp_path, "klaviyo_v2", "tags", {"tag_id": "T1"})
    opened, made = [], DeltaTable.__init__
    monkeypatch.setattr(
        DeltaTable, "__init__", lambda table, place: opened.append(place) or made(table, place)
    )
    reader = Fallback(Files(tmp_path, Schemas()), pytest.fail)

    assert reader.ask("silver", "tags", "SELECT tag_id FROM {t}") == [{"tag_id": "T1"}]

    assert opened == [tmp_path / "klaviyo_v2.db" / "tags"]


# -- the verb -------------------------------------------------------------------------------------


def run(capsys, *args: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(["status", *args])
    said = capsys.readouterr()
    return int(left.value.code or 0), said.out, said.err


@pytest.fixture
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KLAVIYO_API_KEY", raising=False)


@pytest.mark.usefixtures("_elsewhere")
def test_status_needs_no_key_and_no_lake(capsys, tmp_path):
    code, out, _ = run(capsys)
    assert (code, "there is no lake yet" in out) == (0, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("_elsewhere")
def test_status_of_a_folder_of_other_things_is_refused(capsys, tmp_path):
    (tmp_path / "things").mkdir()
    (tmp_path / "things" / "file").write_text("")
    code, _, err = run(capsys, "--warehouse", "things")
    assert (code, "holds other files and no lake" in err) == (2, True)


@pytest.mark.usefixtures("_elsewhere")
def test_status_speaks_json_without_taking_the_lock(capsys, tmp_path):
    lake = a_lake(tmp_path / "lake")
    before = sorted(lake.rglob("*"))
    code, out, _ = run(capsys, "--json", "--warehouse", str(lake))
    told = json.loads(out)
    assert (code, told["rows"], told["orphaned_flows"]) == (0, 7, 1)
    assert sorted(lake.rglob("*")) == before


@pytest.mark.usefixtures("_elsewhere")
def test_status_of_several_accounts_is_a_list_and_of_a_chosen_one_as_ever(capsys, tmp_path):
    a_lake(tmp_path / "lake")
    Path("a.yml").write_text(
        "accounts:\n"
        "  - {name: default, key_variable: A}\n"
        "  - {name: other, key_variable: B, base_url: 'http://127.0.0.1:1'}\n"
    )

    _, every, _ = run(capsys, "--json", "--config", "a.yml")
    _, other, _ = run(capsys, "--json", "--config", "a.yml", "--account", "other")
    _, text, _ = run(capsys, "--config", "a.yml")

    assert [(one["account"], one["rows"]) for one in json.loads(every)] == [
        ("default", 7),
        ("other", 2),
    ]
    assert json.loads(other)["account"] == "other"
    assert text.startswith("lake ./lake, 2 accounts, ")


@pytest.mark.usefixtures("_elsewhere")
def test_status_reads_a_lake_that_cannot_be_written(capsys, tmp_path, monkeypatch):
    lake = a_lake(tmp_path / "lake")

    def refuse(*_: Any, **__: Any) -> Path:
        raise AssertionError("status writes nothing")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    assert run(capsys, "--warehouse", str(lake))[0] == 0


def test_tables_that_cannot_be_read_are_named_and_all_others_told(tmp_path):
    lake = a_lake(tmp_path)
    put(lake, "klaviyo_ops", "table_loads", a_load("tags"))
    log = lake / "klaviyo_v2.db" / "tags" / "_delta_log" / f"{0:020}.json"
    log.write_bytes(log.read_bytes()[:-40])
    (lake / "klaviyo_ops.db" / "late_arrivals" / "_delta_log" / f"{0:020}.json").write_text("{no")
    (lake / "klaviyo_bronze.db" / "pages" / "_delta_log" / f"{0:020}.json").write_text("")

    status = summed(facts(Files(lake, Schemas())), "./lake", "default", NOW)

    assert [*status.unreadable] == [
        "klaviyo_v2.tags", "klaviyo_ops.late_arrivals", "klaviyo_bronze.pages",
    ]  # fmt: skip
    assert "tags" not in {table.table for table in status.tables}
    assert "events" in {table.table for table in status.tables}
    assert status.removed == ()
    lines = [line for line in text(status).splitlines() if line.startswith("unreadable")]
    assert lines[0].startswith("unreadable      klaviyo_v2.tags is unreadable (")
    assert lines[0].endswith(
        f"or move {lake}/klaviyo_v2.db/tags away; `klaviyo-spark refine` rebuilds it from bronze."
    )
    assert json.loads(words.as_json(status))["unreadable"] == dict(status.unreadable)
    checks = list(doctor.runs(status))
    assert [(check.state, check.exit_code) for check in checks if check.name == "tables"][:3] == [
        ("fail", 3), ("fail", 3), ("fail", 1),
    ]  # fmt: skip


def test_a_table_that_somebody_made_otherwise_is_named(tmp_path):
    lake = a_lake(tmp_path)
    shutil.rmtree(lake / "klaviyo_v2.db" / "lists")
    write_deltalake(str(lake / "klaviyo_v2.db" / "lists"), pa.table({"mine": [1]}))
    (lake / "klaviyo_v2.db" / "flows").write_text("no table")

    status = summed(facts(Files(lake, Schemas())), "./lake", "default", NOW)

    assert sorted(status.unreadable) == ["klaviyo_v2.flows", "klaviyo_v2.lists"]


def test_rows_of_klaviyo_plus_are_told_where_its_tables_are(tmp_path):
    lakes.write(tmp_path, "klaviyo_v2.tags", {"tag_id": "T"})
    lakes.write(tmp_path, "klaviyo_plus.forms", {"form_id": "F"}, {"form_id": "G"})
    found = facts(reader(Settings(warehouse=str(tmp_path))))
    assert found.rows == {"tags": 1, "forms": 2}
    assert found.unreadable == {}
