"""Puts into the papers what a demo prints, and a picture of the report that it leaves.

Both are of one run of ``klaviyo-spark demo``, in a folder that is removed again. With a folder as
argument the picture alone is made, of the report that a demo left there:

    python -m scripts.demo_papers [demo-lake]
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from klaviyo_spark.commands.demo_folder import REPORT
from tests.helpers.browser import browser
from tests.places import HOW_TO, ROOT

README = ROOT / "README.md"
PICTURE = HOW_TO / "report.png"
WIDTH, HEIGHT = 1180, 1000
FIRST = "== first sync"
# How the lines begin that the README shows; what is left out stands where None is.
SHOWN = ("table ", "campaigns ", "events ", None, r"\d+ tables ", "sync done: ", "  run=")
_BLOCK = re.compile(r"(<!-- demo -->\n```\n).*?(```\n<!-- /demo -->\n)", re.DOTALL)


def lines_to_show(printed: str) -> str:
    """The first sync of what a demo printed, in eight lines.

    Raises:
        ValueError: a line is not there, as where the sync was not all done.
    """
    first = printed.partition(f"{FIRST}\n")[2].partition("\n==")[0].splitlines()
    shown = [FIRST]
    for begin in SHOWN:
        line = next((one for one in first if begin and re.match(begin, one)), None)
        if begin and line is None:
            raise ValueError(f"the demo printed no line that begins with {begin!r}")
        shown.append(line or "[...]")
    return "".join(f"{line}\n" for line in shown)


def with_demo(readme: str, printed: str) -> str:
    """The README with these lines between its two marks.

    Raises:
        ValueError: it has no such marks, or the demo was not all done.
    """
    shown = lines_to_show(printed)
    made, count = _BLOCK.subn(lambda block: f"{block[1]}{shown}{block[2]}", readme)
    if count != 1:
        raise ValueError("README.md has no block between <!-- demo --> and <!-- /demo -->")
    return made


def take_picture(report: Path, picture: Path) -> None:
    """The top of a report as a browser shows it on a light screen."""
    with browser() as tab:
        tab.look(WIDTH, HEIGHT)
        tab.open(report)
        tab.value("document.title")  # once it is drawn
        tab.shot(picture, whole=False)


def main(lake: str | None = None) -> None:
    """Run a demo, then write both; of ``lake`` the picture alone."""
    if lake:
        take_picture(Path(lake).resolve() / REPORT, PICTURE)
        return
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "klaviyo_spark.cli", "demo"]
        command += ["--warehouse", f"{folder}/demo-lake"]
        done = subprocess.run(  # noqa: S603 - our own command
            command, check=True, stdout=subprocess.PIPE, text=True
        )
        README.write_text(with_demo(README.read_text(encoding="utf-8"), done.stdout), "utf-8")
        take_picture(Path(folder, "demo-lake", REPORT), PICTURE)


if __name__ == "__main__":
    main(*sys.argv[1:2])
