"""The user that this process runs as, who may have neither a name nor a home. No Spark here.

A container runs as whichever number it is given. Java then takes "?" for the name and the home, and
Hadoop asks the system for a name by itself: HADOOP_USER_NAME does not stand in for it.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from klaviyo_spark import messages
from klaviyo_spark.errors import ConfigError
from klaviyo_spark.lake.spark.folders import temporary

try:
    import pwd
except ModuleNotFoundError:  # Windows has no such numbers
    pwd = None  # type: ignore[assignment]


def check_name() -> str:
    """The name and number of this process's user.

    Raises:
        ConfigError: it has none; says what a container needs.
    """
    if pwd is None:
        return "a user without a number"
    number = os.getuid()
    try:
        return f"{pwd.getpwuid(number).pw_name}, id {number}"
    except KeyError:
        raise ConfigError(messages.spark.NAMELESS_USER(number=number)) from None


def caches(environ: Mapping[str, str]) -> list[Path]:
    """Folders that hold what can be fetched again, the one to be used first.

    A folder of this user's own among temporary files stands in for a home that is not there or
    cannot be written; where XDG_CACHE_HOME is set, it is meant.

    Raises:
        ConfigError: there is no place for temporary files.
    """
    if environ.get("XDG_CACHE_HOME"):
        return [Path(environ["XDG_CACHE_HOME"]).absolute()]
    home = environ.get("HOME")
    own = [Path(home) / ".cache"] if home else []
    number = os.getuid() if pwd else 0
    return [*own, temporary() / f"klaviyo-spark-cache-{number}"]


def is_trusted(cache: Path) -> bool:
    """Whether nobody but this user can have put something into ``cache``.

    Among temporary files anybody may make a folder of any name.
    """
    if pwd is None or cache.parent != temporary():
        return True
    try:
        found = cache.lstat()
    except OSError:
        return True  # it is not there, so nothing is in it
    writable = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not writable


def make_cache_folder(place: Path) -> None:
    """Make ``place``, a folder of ours in a folder ``klaviyo-spark`` of a cache.

    Raises:
        OSError: it cannot be written, or others can.
    """
    cache = place.parent.parent
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    place.parent.mkdir(exist_ok=True)
    if not is_trusted(cache):
        raise PermissionError(errno.EPERM, "somebody else's, or writable for others")
    place.mkdir(exist_ok=True)
