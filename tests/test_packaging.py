"""What a newcomer starts from: Makefile, lock, licence."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

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
    "test-cluster",
    "test-report",
]


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
