"""The folders of tests: a test in ``unit`` gets no Spark, and no folder is a heap."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.places import ROOT

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


def collected(tmp_path: Path, folder: str, text: str) -> tuple[int, str]:
    """Collect one file with the conftest of these tests: the exit code, and what it says."""
    file = tmp_path / "tests" / folder / "lake" / "test_one.py"
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "tests.conftest"]
    where = ["--rootdir", str(tmp_path), "-c", "/dev/null", "-p", "no:cacheprovider", str(file)]
    done = subprocess.run([*command, *where], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("text", [DIRECTLY, THROUGH_A_FIXTURE], ids=["directly", "by a fixture"])
def test_a_unit_test_that_asks_for_spark_is_refused_by_name(tmp_path, text):
    code, said = collected(tmp_path, "unit", text)

    assert code == pytest.ExitCode.USAGE_ERROR, said
    assert (
        "ERROR: these ask for the fixture spark: move them to tests/spark\n"
        "tests/unit/lake/test_one.py::test_it\n"
    ) in said


@pytest.mark.parametrize(("folder", "text"), [("spark", DIRECTLY), ("unit", A_PARAMETER)])
def test_others_are_collected(tmp_path, folder, text):
    code, said = collected(tmp_path, folder, text)

    assert code == pytest.ExitCode.OK, said


def test_no_folder_has_more_than_25_files():
    folders = [path for path in (ROOT / "tests").rglob("*") if path.is_dir()]
    counts = {
        str(folder.relative_to(ROOT)): sum(path.is_file() for path in folder.iterdir())
        for folder in folders
        if folder.name != "__pycache__"
    }

    assert {folder: count for folder, count in counts.items() if count > 25} == {}
