"""Which Java Spark runs on: the one the user chose, or the one the set-up found. No Spark here."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from klaviyo_spark import messages
from klaviyo_spark.errors import ConfigError

NEEDED = (17, 21)
INSTALL = "apt-get install -y openjdk-17-jre-headless"
# Where Linux distributions and macOS keep the Javas that are not on PATH.
USUAL_PLACES = ("/usr/lib/jvm", "/usr/java", "/opt/java", "/Library/Java/JavaVirtualMachines")
# Written by the set-up into the virtual environment, and only where JAVA_HOME or PATH would not do.
RECORD = "java-home"
# Java says this of Spark, and of options that it is given, whatever the log level.
NOISE = (
    "WARNING: Using incubator modules",
    "WARNING: package sun.security.action not in",
    "Picked up JAVA_TOOL_OPTIONS: ",
    "Picked up _JAVA_OPTIONS: ",
    "NOTE: Picked up JDK_JAVA_OPTIONS: ",
)

_WORDLESS = "Java ended without a word"

Version = Callable[[Path], "int | None"]


def major(text: str) -> int | None:
    """The major version in what ``java -version`` or a ``release`` file says; 8 for ``1.8.0``."""
    found = re.search(r'(?:version |JAVA_VERSION=)"(?:1\.)?(\d+)', text)
    return int(found.group(1)) if found else None


def version_of(home: Path) -> int | None:
    """The major version of the Java in ``home``; None where there is none that answers."""
    java = home / "bin" / "java"
    if not os.access(java, os.X_OK):
        return None
    release = home / "release"
    if release.is_file():
        return major(release.read_text(encoding="utf-8", errors="replace"))
    try:
        said = subprocess.run(  # noqa: S603 - the path of a Java, not of anything typed
            [str(java), "-version"], capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return major(said.stderr + said.stdout)


def home_on_path(environ: Mapping[str, str]) -> Path | None:
    """The home of ``java`` on PATH, links followed."""
    found = shutil.which("java", path=environ.get("PATH", ""))
    return Path(found).resolve().parent.parent if found else None


def recorded_home(prefix: Path) -> Path | None:
    """The home that the set-up wrote down in the virtual environment ``prefix``."""
    record = prefix / RECORD
    if not record.is_file():
        return None
    return Path(record.read_text(encoding="utf-8").strip())


def choose(
    environ: Mapping[str, str], recorded: Path | None = None, version: Version = version_of
) -> Path:
    """The home of the Java to run on: JAVA_HOME, else ``java`` on PATH, else ``recorded``.

    JAVA_HOME keeps PATH out, as it does for Spark itself: whoever sets it means it.

    Raises:
        ConfigError: none of them is 17 or 21; says what was found and what to do.
    """
    named = environ.get("JAVA_HOME")
    first = Path(named) if named else home_on_path(environ)
    found = version(first) if first else None
    if first is not None and found in NEEDED:
        return first
    if recorded is not None and version(recorded) in NEEDED:
        return recorded
    raise ConfigError(_refusal(named, first, found))


def locale_of(codeset: str) -> dict[str, str]:
    """What Java's environment needs, so that it spells names of files as delta-rs does: in UTF-8.

    Args:
        codeset: of this process's locale, such as ANSI_X3.4-1968 of the locale C.
    """
    return {} if codeset.upper() in ("UTF-8", "UTF8") else {"LC_ALL": "C.UTF-8"}


def last_words(lines: Iterable[str]) -> str:
    """Of what a JVM that has ended wrote: the line that most likely says why."""
    said = [line.strip() for line in lines if line.strip() and not line.startswith(NOISE)]
    telling = [line for line in said if "rror" in line or "xception" in line]
    return next(iter(telling or said), _WORDLESS)


def end(code: int, words: str) -> str:
    """How the JVM of a run ended, and what to do about it.

    Args:
        code: of its process; negative for the signal that killed it.
        words: its last ones.
    """
    number = -code if code < 0 else code - 128
    by = signal.Signals(number).name if number in {*signal.Signals} else ""
    how = f"was killed by {by}" if by else f"ended with exit code {code}"
    if by == "SIGKILL":
        how += ", as the system does where memory runs out"
    elif words != _WORDLESS:
        how += f": {words}"
    return messages.spark.JAVA_ENDED(how=how)


def usual_homes() -> list[Path]:
    """The homes under the usual places, in order of name."""
    homes = []
    for place in USUAL_PLACES:
        for home in sorted(Path(place).glob("*")):
            homes += [home, home / "Contents" / "Home"]
    return homes


def find(
    environ: Mapping[str, str], homes: list[Path], version: Version = version_of
) -> Path | None:
    """For the set-up: a right Java where ``choose`` finds none: on PATH, or among ``homes``."""
    on_path = home_on_path(environ)
    candidates = [on_path, *homes] if on_path else homes
    return next((home for home in candidates if version(home) in NEEDED), None)


def settle(environ: Mapping[str, str], prefix: Path) -> Path:
    """For the set-up: the Java to use, recorded in ``prefix`` where the user's own would not do.

    Raises:
        ConfigError: this machine has none.
    """
    try:
        return choose(environ, recorded_home(prefix))
    except ConfigError:
        home = find(environ, usual_homes())
        if home is None:
            raise
    (prefix / RECORD).write_text(f"{home}\n", encoding="utf-8")
    return home


def _refusal(named: str | None, home: Path | None, found: int | None) -> str:
    needs = " or ".join(str(one) for one in NEEDED)
    if named and found is None:
        return messages.spark.JAVA_HOME_WITHOUT_JAVA(home=named, needed=needs)
    if named:
        return messages.spark.JAVA_HOME_TOO_OLD(home=named, found=found, needed=needs)
    if home is None or found is None:
        return messages.spark.NO_JAVA(needed=needs, install=INSTALL)
    return messages.spark.JAVA_TOO_OLD(found=found, home=home, needed=needs, install=INSTALL)


if __name__ == "__main__":  # run by scripts/setup.sh
    try:
        sys.stdout.write(f"{settle(os.environ, Path(sys.prefix))}\n")
    except ConfigError as error:
        sys.exit(f"{error}")
