"""What the report asks a lake, and that both ways of reading it answer alike."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import pytest

from klaviyo_spark.commands.report import questions
from klaviyo_spark.commands.report.answers import Answers, ask
from klaviyo_spark.commands.report.figures import figures
from klaviyo_spark.config.models import Schemas
from klaviyo_spark.lake.readers.fallback import Fallback
from klaviyo_spark.lake.readers.folder import Files
from klaviyo_spark.lake.readers.sql import tables_in
from klaviyo_spark.resources import TABLES
from tests.builders import HOUR
from tests.helpers import lakes
from tests.helpers.logs import switch_on
from tests.helpers.reports import sample


def counts(rows, key="name", value="row_count"):
    return {row[key]: row[value] for row in rows}


def test_rows_and_marks_of_each_table_are_counted(answers, account):
    truth = account.truth()

    assert counts(answers.tables) == {name: len(rows) for name, rows in truth.items()}
    marked = {name: sum(row["_deleted"] for row in rows) for name, rows in truth.items()}
    assert counts(answers.tables, value="marked") == marked


def test_events_are_counted_per_day_and_metric(answers, account):
    expected = Counter(
        (row["event_datetime"].date(), row["metric_data_id"]) for row in account.truth()["events"]
    )

    found = {(row["day"], row["metric_id"]): row["row_count"] for row in answers.events}
    assert found == dict(expected)
    newest = max(row["event_datetime"] for row in account.truth()["events"])
    assert max(row["newest"] for row in answers.events) == newest


def test_of_a_days_verifications_the_newest_counts(answers):
    found = {(row["scope_name"], row["month"]): row for row in answers.verified_months}

    [healed] = [row for (_, month), row in found.items() if (month.month, row["days"]) == (10, 10)]
    assert (healed["matched"], healed["expected_count"], healed["missing"]) == (100, 100, 0)


def test_a_day_with_too_many_does_not_make_up_for_days_that_are_short(answers):
    [short] = [row for row in answers.verified_months if row["missing"]]

    assert short["month"] == date(2026, 10, 1)
    assert (short["days"], short["short_days"]) == (4, 4)
    assert (short["matched"], short["expected_count"]) == (34, 40)
    assert (short["missing"], short["too_many"]) == (6, 89)


def test_the_largest_differences_come_first(answers):
    found = [
        (row["resource"], row["actual_count"], row["expected_count"]) for row in answers.differences
    ]

    assert found == [("events", 99, 10), *[("events", 8, 10)] * 3, ("lists", 4, 5)]
    [lists] = answers.verified_resources
    assert (lists["resource"], lists["scopes"], lists["differing"]) == ("lists", 2, 1)


def test_a_load_counts_for_the_run_that_made_it(answers):
    events = {row["run_id"]: row for row in answers.changes if row["name"] == "events"}

    assert set(events) == {"first", "second", "third"}, "not the runs whose pages they took in"
    assert events["third"]["inserted"] == 206


def test_pages_are_those_of_the_newest_run_per_minute(answers):
    found = [(row["endpoint"], row["at"], row["pages"]) for row in answers.pages]

    start = sample.NOW - sample.HOUR
    expected = [(name, start + n * sample.MINUTE, count) for name, n, count in sample.PAGES]
    assert sorted(found) == sorted(expected)


def test_an_orphan_is_counted_once_however_often_it_is_named(answers):
    assert [(row["flow_id"], row["row_count"]) for row in answers.orphans] == [
        ("Gone01", 15),
        ("Gone02", 1),
    ]
    assert answers.orphan_totals == [{"flows": 2, "row_count": 16}]


def test_of_another_account_nothing_is_told(lake):
    other = ask(Files(lake, Schemas()), "it's \\another")

    assert (other.events, other.runs, other.quarantined, other.orphans) == ([], [], [], [])
    assert set(counts(other.tables).values()) == {0}


def test_a_run_of_the_whole_lake_is_told_of_every_account(tmp_path):
    def a_run(run_id: str, account: str | None, hour: int) -> dict[str, Any]:
        return {"run_id": run_id, "account_id": account, "started_at": sample.NOW + hour * HOUR}

    rows = [a_run("mine", "us", 0), a_run("upkeep", None, 1), a_run("theirs", "eu", 2)]
    lakes.write(tmp_path, "klaviyo_ops.runs", *rows)

    found = ask(Files(tmp_path, Schemas()), "us")

    assert [run["run_id"] for run in found.runs] == ["upkeep", "mine"]


def test_loads_of_an_account_are_not_those_of_another_that_ran_at_the_same_time(tmp_path):
    for account in ("us", "eu"):
        run = {"run_id": f"run of {account}", "account_id": account, "pages": 0}
        at = {"started_at": sample.NOW, "finished_at": sample.NOW + 2 * HOUR}
        load = {"run_id": "one before", "account_id": account, "table_name": "tags"}
        load["refine_run_id"] = f"run of {account}"
        lakes.write(tmp_path, "klaviyo_ops.runs", {**run, **at})
        # By a clock that is two days ahead of Klaviyo's.
        inserted = {"inserted": len(account) + 1, "loaded_at": sample.NOW + 48 * HOUR}
        lakes.write(tmp_path, "klaviyo_ops.table_loads", {**load, **inserted})

    found = ask(Files(tmp_path, Schemas()), "eu").changes

    assert [(row["run_id"], row["name"], row["inserted"]) for row in found] == [
        ("run of eu", "tags", 3)
    ]


def test_spark_answers_where_delta_rs_does_not_read_a_table(tmp_path):
    lakes.write(tmp_path, "klaviyo_ops.runs", {"run_id": "R1"})
    lakes.write(tmp_path, "klaviyo_ops.quarantine", {"record": "{}"})
    switch_on(tmp_path / "klaviyo_ops.db" / "runs", "typeWidening", of_readers=True)

    class Spark:
        def has(self, table: str) -> bool:
            raise AssertionError("the log says it")

        def rows(self, sql: str) -> list[dict[str, Any]]:
            return [{"asked": sql}]

    reader = Fallback(Files(tmp_path, Schemas()), Spark)

    assert [reader.has(f"ops.{name}") for name in ("runs", "watermarks")] == [True, False]
    assert reader.rows("SELECT 1 FROM ops.runs") == [{"asked": "SELECT 1 FROM ops.runs"}]
    assert reader.rows("SELECT count(*) AS n FROM ops.quarantine") == [{"n": 1}]


def test_a_lake_without_tables_gives_no_answers(tmp_path):
    assert ask(Files(tmp_path, Schemas()), "default") == Answers()


@pytest.mark.parametrize("question", [questions.quarantined, questions.late_per_day])
def test_no_question_selects_what_belongs_to_a_person(question):
    assert "record," not in question("default")


def test_questions_say_which_tables_they_read():
    assert tables_in(questions.changes_per_run("a", sample.NOW)) == {"ops.table_loads", "ops.runs"}


def test_a_table_that_cannot_be_read_is_named_and_the_others_answer(tmp_path):
    mine = {"_account_id": "default"}
    for table in ("tags", "metrics"):
        lakes.write(tmp_path, f"klaviyo_v2.{table}", {**mine, TABLES[table].key[0]: "1"})
    log = tmp_path / "klaviyo_v2.db" / "metrics" / "_delta_log" / f"{0:020}.json"
    log.write_text("{no")
    before = ask(Files(tmp_path, Schemas()), "default")

    assert counts(before.tables) == {"tags": 1}
    assert before.metrics == []
    (line,) = before.unreadable
    assert line.startswith("klaviyo_v2.metrics is unreadable (")
    assert line.endswith(
        "lacks what it holds; restore it from a backup, or move it away and `klaviyo-spark refine` "
        "rebuilds it from bronze"
    )
    assert figures(before, "default", sample.NOW).errors == (line,)
