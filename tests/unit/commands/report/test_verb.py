"""``klaviyo-spark report`` on the command line, and how it reads a lake."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from shutil import copytree

import pytest

from klaviyo_spark.cli import main
from klaviyo_spark.commands.demo import leave_report
from klaviyo_spark.config.models import Settings
from klaviyo_spark.lake.readers.opening import reader
from klaviyo_spark.lake.warehouse import check_warehouse
from tests.helpers import lakes


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(["report", *arguments])
    assert isinstance(left.value.code, int)
    return left.value.code


def test_it_writes_the_page_and_says_where(lake, tmp_path, capsys):
    out = tmp_path / "page.html"

    code = run("--warehouse", str(lake), "--out", str(out))

    assert (code, capsys.readouterr().out) == (0, f"the report is in {out}\n")
    assert out.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_an_event_without_a_metric_has_a_line_beside_one_metric_of_the_same_size(tmp_path, capsys):
    at = datetime(2026, 11, 20, 10, tzinfo=timezone.utc)
    lakes.write(
        tmp_path / "lake",
        "klaviyo_v2.events",
        *(
            {"event_id": id, "metric_data_id": metric, "event_datetime": at, "event_date": at}
            for id, metric in (("EN1", None), ("EN2", "MReEm1"))
        ),
    )

    code = run("--warehouse", str(tmp_path / "lake"), "--out", str(tmp_path / "page.html"))

    assert (code, capsys.readouterr().err) == (0, "")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    for name in ("no metric", "MReEm1"):
        assert f'<th scope="row">{name}</th><td class="n" data-count="rows">1</td>' in page


def test_a_lake_that_is_not_there_is_said_and_nothing_is_written(tmp_path, capsys):
    out = tmp_path / "page.html"

    code = run("--warehouse", str(tmp_path / "none"), "--out", str(out))

    assert code == 2
    assert "holds no lake yet. Run `klaviyo-spark sync` first" in capsys.readouterr().err
    assert not out.exists()


def test_of_several_accounts_each_has_its_page(lake, tmp_path, capsys):
    conf = tmp_path / "a.yml"
    conf.write_text(
        "accounts:\n"
        "  - {name: default, key_variable: A}\n"
        "  - {name: 'Brand / EU', key_variable: B}\n"
    )
    at = ("--config", str(conf), "--warehouse", str(lake))

    code = run(*at, "--out", str(tmp_path / "page.html"))
    both = [tmp_path / "page-default.html", tmp_path / "page-Brand %2F EU.html"]
    said = capsys.readouterr().out.splitlines()
    one = run(*at, "--account", "default", "--out", str(tmp_path / "one.html"))

    assert (code, one) == (0, 0)
    assert said == [
        f"the report on default is in {both[0]}",
        f"the report on Brand / EU is in {both[1]}",
    ]
    for page, name in zip(both, ("default", "Brand / EU"), strict=True):
        assert f"<title>klaviyo_v2 of {name}," in page.read_text(encoding="utf-8")
    assert (tmp_path / "one.html").is_file()


def test_a_folder_that_is_not_there_is_a_slip_of_the_command_line(lake, tmp_path, capsys):
    out = tmp_path / "none" / "page.html"

    assert run("--warehouse", str(lake), "--out", str(out)) == 2
    assert f"there is no folder {out.parent}" in capsys.readouterr().err


def test_a_report_of_before_is_written_over_and_nothing_else_is(lake, tmp_path, capsys):
    out = tmp_path / "report.html"
    at = ("--warehouse", str(lake), "--out", str(out))
    out.touch()  # as mktemp leaves it

    assert [run(*at), run(*at)] == [0, 0]
    for theirs in (
        "<!DOCTYPE html><title>Sales</title>",
        "\0" * 5000,
        f"{' ' * 5000}klaviyo-spark",
    ):
        out.write_text(theirs)
        capsys.readouterr()
        assert run(*at) == 2
        assert f"--out {out}: already exists and is no report" in capsys.readouterr().err
        assert out.read_text() == theirs


def test_of_several_accounts_no_page_is_written_where_one_cannot_be(lake, tmp_path):
    conf = tmp_path / "a.yml"
    conf.write_text("accounts:\n  - {name: a, key_variable: A}\n  - {name: b, key_variable: B}\n")
    (tmp_path / "page-b.html").write_text("of somebody")

    out = ("--out", str(tmp_path / "page.html"))
    assert run("--config", str(conf), "--warehouse", str(lake), *out) == 2
    assert not (tmp_path / "page-a.html").exists()


def test_a_file_that_cannot_be_written_is_said(lake, tmp_path, capsys):
    assert run("--warehouse", str(lake), "--out", str(tmp_path)) == 1
    assert f"{tmp_path}: cannot be written" in capsys.readouterr().err


def test_a_local_folder_is_read_without_spark(lake, monkeypatch):
    monkeypatch.setattr("klaviyo_spark.lake.spark.session.spark_session", no_spark)
    found = reader(Settings(warehouse=str(lake)))
    assert found.rows("SELECT count(*) AS n FROM ops.runs") == [{"n": 3}]


def no_spark(warehouse: str, work: object) -> None:
    raise AssertionError(f"Spark was started for {warehouse}")


def test_on_a_platform_spark_reads_since_paths_are_its_own(lake, monkeypatch):
    asked = []
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "17.3")
    monkeypatch.setattr(
        "klaviyo_spark.lake.spark.session.spark_session",
        lambda warehouse, work: asked.append(warehouse),
    )

    reader(Settings(warehouse=str(lake)))
    reader(Settings(catalog="main"))

    assert asked == [str(lake), "./lake"]


def test_the_demo_leaves_its_report_in_the_lakes_folder_which_stays_a_lake(lake, tmp_path):
    folder = Path(copytree(lake, tmp_path / "demo"))
    said: list[str] = []

    leave_report(Settings(warehouse=str(folder)), "./demo", said.append)

    assert said == ["The report is in ./demo/report.html: open it in a browser."]
    assert "<title>klaviyo_v2 of default" in (folder / "report.html").read_text(encoding="utf-8")
    assert check_warehouse(str(folder)).folder == folder
