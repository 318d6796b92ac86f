"""Descriptors that are closed, full or have no reader: the verb's own exit code, and no trace."""

from __future__ import annotations

import errno
import io
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from klaviyo_spark.cli import main
from klaviyo_spark.cli.streams import Output, escape_unspellable, open_missing
from tests.places import ROOT

ALL_CLOSED = ">&- 2>&- <&-"
REDIRECTIONS = (">&-", "2>&-", "<&-", ">&- 2>&-", ALL_CLOSED, "1</dev/null", "2>/dev/full")
# Verbs that start no Spark, and how they end.
VERBS = {
    "--version": 0,
    "status --warehouse none": 0,
    "init --config new.yml --force": 0,
    "report --warehouse none": 2,
    "forget --email -": 2,
}


def shell(line: str, folder: Path, verb: str = "-m klaviyo_spark.cli") -> tuple[int, str]:
    """Exit code of ``VERB`` in a line of bash, and all that was said."""
    done = subprocess.run(
        ["bash", "-c", line.replace("VERB", f"{shlex.quote(sys.executable)} {verb}")],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def ends(folder: Path, *lines: str) -> tuple[list[int], str]:
    """Exit codes of lines of bash, and all that was said besides."""
    asked = [f"{line}; echo {number} $? >>codes" for number, line in enumerate(lines)]
    _, said = shell("\n".join(asked), folder)
    codes = (folder / "codes").read_text().splitlines()
    return [int(line.split()[1]) for line in codes], said


@pytest.mark.parametrize("redirection", REDIRECTIONS)
def test_a_verb_ends_with_its_own_exit_code_whatever_is_closed(tmp_path, redirection):
    codes, said = ends(tmp_path, f"VERB tables {redirection}", f"VERB nonsense {redirection}")

    assert codes == [0, 2]
    assert "Traceback" not in said
    assert "Exception ignored" not in said


def test_every_verb_ends_with_its_own_exit_code_where_all_is_closed(tmp_path):
    codes, said = ends(tmp_path, *(f"VERB {verb} {ALL_CLOSED}" for verb in VERBS))

    assert (codes, said) == ([*VERBS.values()], "")


def test_jobs_take_closed_descriptors_as_verbs_do(tmp_path):
    jobs = ROOT / "jobs"

    for job in ("sync", "ingest", "refine", "backfill", "maintain"):
        code, said = shell(f"VERB --nonsense {ALL_CLOSED}", tmp_path, str(jobs / f"{job}.py"))
        assert (code, said) == (2, "")


def test_output_that_finds_no_room_is_exit_code_1_and_one_line(tmp_path):
    code, said = shell("VERB tables >/dev/full", tmp_path)

    full = os.strerror(errno.ENOSPC)
    assert code == 1
    assert said.startswith(f"klaviyo-spark: output could not be written: {full}. Make room")
    assert said.count("\n") == 1


def test_output_that_finds_no_room_does_not_hide_what_else_went_wrong(tmp_path):
    code, said = shell("VERB report --warehouse none >/dev/full", tmp_path)

    assert code == 2
    assert said.endswith(
        "holds no lake yet. Run `klaviyo-spark sync` first, or check --warehouse and --config.\n"
    )


def test_a_reader_that_has_seen_enough_is_no_failure(tmp_path):
    code, said = shell("set -o pipefail; VERB tables | head -1", tmp_path)

    assert (code, len(said.splitlines())) == (0, 1)


SPELLED = """
import sys
from klaviyo_spark.cli import app
app.cli.callback = lambda: print("Açıldı", sys.stdout.errors, sys.stderr.errors)
app.main(["tables"])
"""


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("latin-1", "Aç\\u0131ld\\u0131"), ("ascii", "A\\xe7\\u0131ld\\u0131"), ("utf-8", "Açıldı")],
)
def test_what_a_stream_cannot_spell_is_escaped(tmp_path, encoding: str, name: str):
    (tmp_path / "spelled.py").write_text(SPELLED, encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "spelled.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        timeout=120,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, b"")
    first = done.stdout.decode(encoding, "replace").splitlines()[0]
    assert first == f"{name} backslashreplace backslashreplace"


def test_a_stream_that_cannot_be_told_stays_as_it_is(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())

    escape_unspellable()

    print("Açıldı")
    assert sys.stdout.getvalue() == "Açıldı\n"


# -- one stream -----------------------------------------------------------------------------------


class Full(io.StringIO):
    """A stream that cannot be written."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def write(self, _text: str) -> int:
        raise OSError(self._number, os.strerror(self._number))


@pytest.mark.parametrize(
    ("number", "kept"), [(errno.ENOSPC, True), (errno.EIO, True), (errno.EPIPE, False),
                         (errno.EBADF, False)]
)  # fmt: skip
def test_only_what_somebody_waits_for_counts_as_not_written(number, kept):
    output = Output(Full(number))

    output.write("one")
    output.writelines(["two"])
    output.flush()

    assert output.is_broken
    assert (output.error is not None and output.error.errno == number) is kept


def test_an_output_is_otherwise_the_stream_itself():
    stream = io.StringIO()
    output = Output(stream)

    assert (output.write("text"), output.error, output.is_broken) == (4, None, False)
    assert (stream.getvalue(), output.isatty()) == ("text", False)


OPENED = """
import os, sys
from klaviyo_spark.cli.streams import open_missing
open_missing()
nothing = os.stat(os.devnull)
of_nothing = [os.path.samestat(os.fstat(number), nothing) for number in (0, 1, 2)]
inherited = [os.get_inheritable(number) for number in (0, 1, 2)]
taken = [sys.stdin.read(), sys.stdout.write("text"), sys.stderr.write("text")]
sys.exit(10 if (of_nothing, inherited, taken) == ([True] * 3, [True] * 3, ["", 4, 4]) else 11)
"""


def test_what_is_closed_is_opened_on_nothing_for_us_and_those_we_start(tmp_path):
    (tmp_path / "opened.py").write_text(OPENED)

    assert shell(f"VERB {ALL_CLOSED}", tmp_path, "opened.py") == (10, "")


def test_what_is_open_stays():
    before = sys.stdin, sys.stdout, sys.stderr

    open_missing()

    assert (sys.stdin, sys.stdout, sys.stderr) == before


def test_streams_are_as_they_were_after_a_verb(capsys):
    before = sys.stdout, sys.stderr

    with pytest.raises(SystemExit):
        main(["--version"])

    assert (sys.stdout, sys.stderr) == before
