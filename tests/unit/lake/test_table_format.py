"""The format number: which lakes are refused, and in which words."""

from __future__ import annotations

import pytest
from deltalake import DeltaTable

from klaviyo_spark.config.models import Schemas
from klaviyo_spark.errors import OtherFormat
from klaviyo_spark.lake.table_format import (
    FORMAT,
    FORMAT_KEY,
    VERSION_KEY,
    NoFormat,
    check_folder,
    check_format,
)
from klaviyo_spark.version import __version__
from tests.helpers.command_line import run
from tests.helpers.status_lakes import a_run, put


def made_by(folder, version: str, number: int) -> None:
    """Let a lake's table of runs say that another version made it."""
    table = DeltaTable(folder / "klaviyo_ops.db" / "runs")
    properties = {FORMAT_KEY: f"{number}", VERSION_KEY: version}
    table.alter.set_table_properties(properties, raise_if_not_exists=False)


def test_a_table_of_this_format_passes():
    check_format("t", {FORMAT_KEY: f"{FORMAT}", VERSION_KEY: "0.0.1"})


def test_a_table_of_another_format_names_the_version_that_made_it_and_what_to_do():
    with pytest.raises(OtherFormat) as raised:
        check_format("klaviyo_v2.tags", {FORMAT_KEY: "7", VERSION_KEY: "3.1.0"})

    assert str(raised.value) == (
        "klaviyo_v2.tags has format 7, made by klaviyo-spark 3.1.0; this version, "
        f"{__version__}, uses format 1. Run version 3.1.0 on this lake, or name another "
        "`warehouse` or other `schemas`."
    )


def test_a_table_without_a_format_was_not_made_by_us():
    with pytest.raises(NoFormat, match=r"^it carries no klaviyo_spark\.format"):
        check_format("t", {"delta.appendOnly": "false"})


def test_tables_of_others_in_our_schemas_are_theirs(tmp_path):
    put(tmp_path, "klaviyo_ops", "runs", a_run())
    DeltaTable.create(
        tmp_path / "klaviyo_v2.db" / "a_model_of_dbt", DeltaTable(runs_of(tmp_path)).schema()
    )

    check_folder(tmp_path, Schemas())


def runs_of(folder):
    return folder / "klaviyo_ops.db" / "runs"


@pytest.mark.parametrize(("verb", "more"), [("status", ()), ("report", ("--out", "r.html"))])
def test_a_verb_that_looks_into_a_lake_of_another_format_ends_with_that_line(
    tmp_path, monkeypatch, capsys, verb, more
):
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "lake", "klaviyo_ops", "runs", a_run())
    made_by(tmp_path / "lake", "9.0.0", 2)

    exit_code, said = run(capsys, verb, "--warehouse", "./lake", *more)

    assert exit_code == 1
    assert "klaviyo_ops.runs has format 2, made by klaviyo-spark 9.0.0" in said
