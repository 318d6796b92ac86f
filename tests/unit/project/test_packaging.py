"""What a newcomer starts from: Makefile, lock, licence."""

from __future__ import annotations

import ast
import re
import runpy
import subprocess
import sys
from typing import Any

import pytest
import yaml
from setuptools import Distribution

from tests.places import ROOT

# What a forge tests; the least is python_requires of setup.py.
PYTHONS = ["3.10", "3.11", "3.12", "3.13"]
VERBS = [
    "bench",
    "build",
    "check",
    "clean",
    "demo",
    "demo-papers",
    "docs",
    "fast",
    "help",
    "notebook",
    "release",
    "setup",
    "site",
    "soak",
    "test",
    "test-accounts",
    "test-cluster",
    "test-connect",
    "test-faults",
    "test-report",
    "test-s3",
    "test-spark40",
    "test-wheel",
]


def test_make_alone_lists_every_verb_with_a_sentence():
    said = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    listed = re.findall(r"^  make ([\w-]+) +\S.*$", said, re.MULTILINE)
    assert sorted(listed) == sorted(VERBS)


def pins(lock: str) -> list[str]:
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-notebook.lock"])
def test_a_lock_pins_every_package_exactly(lock: str):
    pinned = pins(lock)

    assert [pin for pin in pinned if not re.fullmatch(r"[a-z0-9-]+==[\w.]+( ; .+)?", pin)] == []
    assert {"pyspark==4.2.0", "delta-spark==4.4.0"} <= set(pinned)


def test_a_notebook_runs_with_the_versions_that_are_tested():
    tested, notebook = pins("requirements.lock"), pins("requirements-notebook.lock")
    names = {pin.partition("==")[0] for pin in tested}

    shared = {pin.partition(" ;")[0] for pin in notebook if pin.partition("==")[0] in names}
    assert sorted(shared - {pin.partition(" ;")[0] for pin in tested}) == []
    assert {pin.partition("==")[0] for pin in notebook} >= {"jupyterlab", "ipywidgets"}


@pytest.mark.parametrize(
    ("lock", "tools"),
    [
        ("requirements-site.lock", {"sphinx", "myst-parser", "furo"}),
        ("requirements-release.lock", {"build", "setuptools", "twine", "wheel"}),
    ],
)
def test_tools_beside_the_package_are_pinned_in_a_lock_of_their_own(lock: str, tools: set[str]):
    pinned = pins(lock)

    assert [pin for pin in pinned if not re.fullmatch(r"[a-z0-9-]+==[\w.]+( ; .+)?", pin)] == []
    assert {pin.partition("==")[0] for pin in pinned} >= tools


def test_no_class_has_a_base_that_the_oldest_python_cannot_index():
    """On Python 3.10 no command started: ``logging.StreamHandler[TextIO]`` needs 3.11."""
    bases = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in sorted((ROOT / "klaviyo_spark").rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
        for base in node.bases
        if isinstance(base, ast.Subscript) and ast.unparse(base).startswith("logging.")
    ]

    assert bases == []


def test_the_licence_is_apache_2():
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")

    assert "Apache License\n                           Version 2.0" in licence


# A wheel is made by the same command, which says so of whoever calls it.
@pytest.mark.filterwarnings("ignore:setup.py install is deprecated")
@pytest.mark.parametrize("prefix", ["/a {c}/.venv", "/a $c/.venv"])
def test_the_package_installs_into_an_environment_of_any_path(tmp_path, monkeypatch, prefix):
    asked: dict[str, Any] = {}
    monkeypatch.setattr("setuptools.setup", lambda **options: asked.update(options))
    monkeypatch.setattr(sys, "prefix", "/a/.venv")  # this checkout may be in a folder of any name
    runpy.run_path(str(ROOT / "setup.py"))
    assert asked["options"] == {}

    monkeypatch.setattr(sys, "prefix", prefix)
    monkeypatch.setattr(sys, "exec_prefix", prefix)
    runpy.run_path(str(ROOT / "setup.py"))
    install = Distribution({"options": asked["options"]}).get_command_obj("install")
    install.root = str(tmp_path)  # type: ignore[attr-defined] # as for a wheel

    install.ensure_finalized()

    assert install.install_lib.startswith(str(tmp_path))  # type: ignore[attr-defined]


def test_a_public_forge_runs_the_same_verbs_on_every_python_that_setup_py_allows():
    forge = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    jobs = forge["jobs"].values()
    commands = [step["run"] for job in jobs for step in job["steps"] if "run" in step]

    assert [c for c in commands if c.removeprefix("make ") not in VERBS] == []
    assert set(verbs_of_ci()) <= set(commands)
    assert forge["jobs"]["test"]["strategy"]["matrix"]["python"] == PYTHONS


def verbs_of_ci() -> list[str]:
    """The verbs that `.ci/run` calls, as commands."""
    text = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    return re.findall(r"^make [a-z-]+", text, re.MULTILINE)


def test_a_commit_meets_the_tools_that_make_check_runs():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    entries = [hook["entry"] for repository in hooks["repos"] for hook in repository["hooks"]]
    rule = re.search(r"^check:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert rule
    tools = re.findall(r"\$\(BIN\)/([a-z-]+(?: format| check)?)", rule.group(1))

    assert [entry.removeprefix(".venv/bin/") for entry in entries] == tools


def test_the_classifiers_name_every_python_that_ci_runs(monkeypatch):
    asked: dict[str, Any] = {}
    monkeypatch.setattr("setuptools.setup", lambda **options: asked.update(options))
    runpy.run_path(str(ROOT / "setup.py"))

    assert [
        c.split(" :: ")[-1] for c in asked["classifiers"] if re.search(r":: 3\.\d+$", c)
    ] == PYTHONS


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/home/a/lake", []),
        ("/home/a b/{c} ü/{d e}/{c}", ["c={c}", "d e={d e}", "c={c}"]),
    ],
)
def test_braces_in_the_path_of_a_checkout_name_themselves_for_setuptools(path, named):
    """It puts a variable of the process in the place of a name in braces."""
    done = _braces_of(path)

    assert (done.returncode, done.stdout.splitlines()) == (0, named)


def test_braces_that_name_nothing_are_refused_in_a_line():
    done = _braces_of("/home/{0}/lake")

    assert done.returncode == 2
    assert done.stderr == (
        "setup: Python's packages cannot be built below /home/{0}/lake, for its braces; "
        "move the folder\n"
    )


def _braces_of(path: str) -> subprocess.CompletedProcess[str]:
    script = '. scripts/system.sh; braces_of "$1"'
    command = ["bash", "-c", script, "braces_of", path]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
