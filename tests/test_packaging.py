"""What a newcomer and a bundle deployment start from: Makefile, lock, licence, bundle files."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from databricks.bundles.jobs import Job

ROOT = Path(__file__).parent.parent
VERBS = [
    "bench",
    "build",
    "check",
    "clean",
    "demo",
    "docs",
    "fast",
    "help",
    "setup",
    "soak",
    "test",
    "test-report",
]


def a_yaml(path: Path) -> dict[str, Any]:
    loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def test_make_alone_lists_every_verb_with_a_sentence():
    said = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    listed = re.findall(r"^  make ([\w-]+) +\S.*$", said, re.MULTILINE)
    assert sorted(listed) == sorted(VERBS)


def test_the_lock_pins_every_package_exactly():
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]

    assert [pin for pin in pins if not re.fullmatch(r"[a-z0-9-]+==[\w.]+( ; .+)?", pin)] == []
    assert {"pyspark==4.2.0", "delta-spark==4.4.0"} <= set(pins)


def test_the_licence_is_apache_2():
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")

    assert "Apache License\n                           Version 2.0" in licence


def test_the_bundle_names_its_targets_and_finds_its_jobs():
    bundle = a_yaml(ROOT / "databricks.yml")

    assert sorted(bundle["targets"]) == ["dev", "prod"]
    assert bundle["include"] == ["conf/*.job.yml"]
    for target in bundle["targets"]:
        assert (ROOT / "conf" / f"{target}.yml").is_file()


@pytest.mark.parametrize("path", sorted((ROOT / "conf").glob("*.job.yml")), ids=lambda p: p.name)
def test_a_job_is_one_that_databricks_takes_and_its_files_are_there(path: Path):
    for job in a_yaml(path)["resources"]["jobs"].values():
        for task in Job.from_dict(job).tasks:
            assert (path.parent / task.spark_python_task.python_file).is_file()
