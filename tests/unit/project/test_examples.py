"""The questions in examples/ answer what the sample account's own objects say."""

from __future__ import annotations

import re
import runpy
from collections import Counter
from decimal import Decimal

import pytest

from tests.helpers.examples import MODELS, QUESTIONS, a_model
from tests.places import EXAMPLES, HOW_TO


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_is_answered_as_the_account_would(sample, question):
    expected = QUESTIONS[question](sample)

    assert len(expected) > 1
    assert sample.ask(question) == expected


@pytest.mark.parametrize("model", MODELS)
def test_a_model_of_the_dbt_project_has_rows_and_one_per_key(sample, model):
    rows = sample.duckdb.sql(a_model(model)).fetchall()

    assert len(rows) > 1
    keys = [row[: MODELS[model]] for row in rows]
    assert len({*keys}) == len(keys)


def test_revenue_of_the_dbt_project_is_that_of_the_metric_it_is_told(sample):
    rows = sample.duckdb.sql(a_model("revenue_days")).fetchall()

    expected = [r for r in sample.orders if r["metric_data_id"] in ("order", "alike")]
    assert sum(row[3] for row in rows) == len(expected)
    assert sum(row[5] for row in rows) == Decimal(str(sum(r["_value"] for r in expected)))
    attributed = [r for r in expected if r["attribution_message"]]
    assert sum(row[4] for row in rows) == len(attributed)


def test_what_a_reader_copies_lets_arrow_read_files_itself():
    """Else a script that ends right after may abort, whichever deltalake and pyarrow it has."""
    for file in (HOW_TO / "query.md", *EXAMPLES.glob("*.py")):
        calls = re.findall(
            r"\.to_(?:pandas|pyarrow_\w+)\([^)]*\)", file.read_text(encoding="utf-8")
        )
        assert [call for call in calls if "filesystem=" not in call] == [], file.name


def test_every_question_is_tested_named_in_the_guide_and_says_what_a_row_is():
    files = sorted(EXAMPLES.glob("*.sql"))
    guide = (HOW_TO / "query.md").read_text(encoding="utf-8")

    assert [file.stem for file in files] == sorted(QUESTIONS)
    for file in files:
        first, second, *_ = file.read_text(encoding="utf-8").splitlines()
        assert first.endswith("?"), file.name
        assert second.startswith("-- One row per "), file.name
        assert f"(../../examples/{file.name})" in guide, file.name


def test_the_duckdb_example_prints_an_answer(sample, capsys, monkeypatch):
    question = str(EXAMPLES / "consent_by_channel.sql")
    monkeypatch.setattr("sys.argv", ["duckdb_example.py", str(sample.lake), question])

    runpy.run_path(str(EXAMPLES / "duckdb_example.py"), run_name="__main__")

    assert "NEVER_SUBSCRIBED" in capsys.readouterr().out


def test_the_duckdb_example_says_in_a_line_that_there_is_no_lake(tmp_path, monkeypatch):
    lake, question = str(tmp_path / "lake"), str(EXAMPLES / "consent_by_channel.sql")
    monkeypatch.setattr("sys.argv", ["duckdb_example.py", lake, question])

    with pytest.raises(SystemExit) as left:
        runpy.run_path(str(EXAMPLES / "duckdb_example.py"), run_name="__main__")

    assert left.value.code == f"no table in {lake}; the lake of `make demo` is ./demo-lake"


def test_the_pandas_example_adds_up_to_todays_members(sample):
    over_time = runpy.run_path(str(EXAMPLES / "pandas_example.py"))["members_over_time"]

    newest = over_time(str(sample.lake)).iloc[-1].to_dict()

    names = {row["list_id"]: row["name"] for row in sample.truth["lists"]}
    members = Counter(names[r["list_id"]] for r in sample.truth["member_lists"] if r["is_member"])
    del members[None]  # pandas groups by names, and leaves out what has none
    assert newest == dict(members)


def test_the_guides_lines_for_duckdb_count_campaigns(sample, tmp_path, capfd, monkeypatch):
    guide = (HOW_TO / "query.md").read_text(encoding="utf-8")
    [lines] = re.findall(r"```python\n(import deltalake, duckdb\n.+?)```", guide, re.DOTALL)
    (tmp_path / "lake").symlink_to(sample.lake)
    monkeypatch.chdir(tmp_path)

    exec(lines, {})

    found = dict(re.findall(r"│ (\w+) +│ +(\d+) │", capfd.readouterr().out))
    there = [row["channel"] for row in sample.truth["campaigns"] if not row["_deleted"]]
    assert found == {channel: str(count) for channel, count in Counter(there).items()}
