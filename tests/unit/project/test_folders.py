"""The folders of tests: a test in ``unit`` gets no Spark, and no folder is a heap."""

from __future__ import annotations

import pytest

from tests.places import ROOT

pytest_plugins = ["pytester"]

DIRECTLY = "def test_it(spark): ..."
THROUGH_A_FIXTURE = """
import pytest

@pytest.fixture
def lake(spark): ...

def test_it(lake): ...
"""
A_PARAMETER = """
import pytest

@pytest.mark.parametrize("spark", ["4.0.1"])
def test_it(spark): ...
"""


def collect(pytester: pytest.Pytester, folder: str, text: str) -> pytest.RunResult:
    """Collect one file of a folder with the conftest of these tests."""
    file = pytester.path / "tests" / folder / "lake" / "test_one.py"
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    return pytester.runpytest_inprocess("--collect-only", "-q", "-p", "tests.conftest", file)


@pytest.mark.parametrize("text", [DIRECTLY, THROUGH_A_FIXTURE], ids=["directly", "by a fixture"])
def test_a_unit_test_that_asks_for_spark_is_refused_by_name(pytester, text):
    collected = collect(pytester, "unit", text)

    assert collected.ret == pytest.ExitCode.USAGE_ERROR
    assert collected.errlines == [
        "ERROR: these ask for the fixture spark: move them to tests/spark",
        "tests/unit/lake/test_one.py::test_it",
        "",
    ]


@pytest.mark.parametrize(
    ("folder", "text"),
    [("spark", DIRECTLY), ("unit", A_PARAMETER)],
    ids=["with Spark", "a parameter of that name"],
)
def test_others_are_collected(pytester, folder, text):
    assert collect(pytester, folder, text).ret == pytest.ExitCode.OK


def test_no_folder_has_more_than_25_files():
    folders = [path for path in (ROOT / "tests").rglob("*") if path.is_dir()]
    counts = {
        str(folder.relative_to(ROOT)): sum(path.is_file() for path in folder.iterdir())
        for folder in folders
        if folder.name != "__pycache__"
    }

    assert {folder: count for folder, count in counts.items() if count > 25} == {}
