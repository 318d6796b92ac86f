"""The first lesson of the tutorial, typed block by block: its question is answered."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from klaviyo_spark.cli import main
from tests.pages import blocks

LESSON = [b for b in blocks("sh") if b.page == "tutorial/sample-account.md" and not b.reason]
_SCRIPT = re.compile(r"^python - <<'SCRIPT'\n(.*)^SCRIPT$", re.M | re.S)


class Shell:
    """What a shell does with the lesson's lines. Commands on the lake run here, in the session."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        self._jobs: list[subprocess.Popen[str]] = []

    def type(self, text: str) -> None:
        script = _SCRIPT.search(text)
        for line in _SCRIPT.sub("", text).splitlines():
            words = shlex.split(line)
            if not words:
                continue
            if words[0] == "export":
                name, _, value = words[1].partition("=")
                self._patch.setenv(name, value)
            elif words[-1] == "&":
                self._start(words[1:-1])
            elif words == ["kill", "%1"]:
                self.end()
            else:
                assert words[0] == "klaviyo-spark", line
                with pytest.raises(SystemExit, match="^0$"):
                    main(words[1:])
        if script:
            exec(script[1], {})

    def _start(self, words: list[str]) -> None:
        command = [sys.executable, "-m", "klaviyo_spark.cli", *words]
        job = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._jobs.append(job)
        assert job.stdout
        assert "http" in job.stdout.readline()

    def end(self) -> None:
        while self._jobs:
            job = self._jobs.pop()
            job.terminate()
            job.communicate()


def test_the_lesson_ends_with_people_per_list(spark, tmp_path: Path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shell = Shell(monkeypatch)
    try:
        for block in LESSON:
            shell.type(block.text)
    finally:
        shell.end()

    said = capfd.readouterr().out
    first, second = re.findall(r"^sync done: .*$", said, re.M)
    assert ("pages=0 " in first, "25 tables" in said) == (False, True)
    assert re.search(r"^25 tables +\S+ +0 +0 +0 ", said, re.M), "the second sync loads nothing"
    assert re.search(r"│ +name +│ +people +│", said)
    assert second
