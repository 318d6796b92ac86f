"""``scripts/release.sh``: what it refuses, before it builds anything."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.places import ROOT

DATED = "# Changelog\n\n## 0.1.0 - 2026-12-24\n\nFirst.\n\n## 0.0.9 - 2026-01-01\n\nOld.\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of the script and what it reads; building and trying are a line each."""
    (tmp_path / "scripts").mkdir()
    (tmp_path / "klaviyo_spark").mkdir()
    (tmp_path / "klaviyo_spark" / "version.py").write_text('__version__ = "0.1.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(DATED)
    for name in ("release", "system"):
        shutil.copy(ROOT / "scripts" / f"{name}.sh", tmp_path / "scripts")
    for name in ("build", "test_wheel"):
        step = tmp_path / "scripts" / f"{name}.sh"
        step.write_text(f"#!/bin/sh\necho {name}\n")
        step.chmod(0o755)
    git(tmp_path, "init", "--quiet")
    for name, value in (("user.name", "A"), ("user.email", "a@example.com")):
        git(tmp_path, "config", name, value)
    commit(tmp_path)
    return tmp_path


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout


def commit(folder: Path) -> None:
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "x")


def release(folder: Path) -> tuple[int, str, str]:
    done = subprocess.run(["scripts/release.sh"], cwd=folder, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def test_it_builds_tries_and_tags_with_the_changelogs_entry(repository: Path):
    code, out, err = release(repository)

    assert (code, err, out.splitlines()[:3]) == (
        0, "", ["build", "test_wheel", "Tagged v0.1.0. To publish it:"],
    )  # fmt: skip
    assert git(repository, "for-each-ref", "refs/tags", "--format=%(contents)").split() == [
        "klaviyo-spark", "0.1.0", "First.",
    ]  # fmt: skip


def test_a_tree_with_changes_is_refused(repository: Path):
    (repository / "new").touch()

    code, out, err = release(repository)

    assert (code, out) == (2, "")
    assert "the tree has changes" in err


def test_a_version_that_is_tagged_is_refused(repository: Path):
    git(repository, "tag", "v0.1.0")

    code, out, err = release(repository)

    assert (code, out) == (2, "")
    assert "v0.1.0 is there already. Raise __version__" in err


@pytest.mark.parametrize("heading", ["## 0.1.0 - unreleased, 2026-11-24", "## 0.1.01 - 2026-12-24"])
def test_a_version_without_a_dated_entry_is_refused(repository: Path, heading: str):
    (repository / "CHANGELOG.md").write_text(DATED.replace("## 0.1.0 - 2026-12-24", heading))
    commit(repository)

    code, out, err = release(repository)

    assert (code, out) == (2, "")
    assert "CHANGELOG.md has no dated entry" in err
