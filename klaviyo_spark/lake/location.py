"""Where a lake is: one reading of what a user wrote, for Spark, delta-rs, the lock and SQL.

Hadoop takes a path to the letter, delta-rs for a URI that it decodes; the kernel follows links
where Hadoop drops ``..``; SQL fills in variables. What they cannot be brought to agree on is
refused by name. Nothing is read but, where a path has ``..``, links.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote_to_bytes

from klaviyo_spark.errors import ConfigError
from klaviyo_spark.lake.spark import session

# Of two letters at least: one is a drive of Windows.
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
_LOCAL = re.compile(r"file:(//(localhost)?(?=/)|(?=/(?!/)))", re.IGNORECASE)
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_NO_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
# Where Databricks keeps its own storage; only its Spark knows what is behind these.
_MOUNTED = ("/Volumes/", "/dbfs/")


@dataclass(frozen=True)
class Location:
    """Where a lake is.

    Args:
        text: what ``location`` reads as this same place, wherever the process stands then.
        folder: of this machine, absolute; None where Spark alone reaches it.
        uri: what Spark is told, to the letter: nothing in it is percent-encoded.
    """

    text: str
    folder: Path | None
    uri: str


def location(
    written: str,
    environ: Mapping[str, str] = os.environ,
    encoding: str = sys.getfilesystemencoding(),
) -> Location:
    """The place that a user means by ``written``.

    A path is taken to the letter, with ``~`` for a home; of a ``file:`` URI the percents are
    decoded. Any other URI is Spark's alone, and so is a path where the platform brings its Spark.

    Args:
        encoding: in which this process spells names of files.

    Raises:
        ConfigError: Spark, delta-rs and this machine would not take it for one and the same place.
    """
    if not written.strip():
        raise ConfigError("warehouse: is blank; expected a folder or URI")
    _check_letters(written)
    scheme = _SCHEME.match(written)
    if scheme and not written.startswith("/", scheme.end()):
        raise ConfigError(
            f"warehouse {written}: begins like a URI, but has no / after {scheme[0]}; for a folder "
            f"of that name write ./{written}"
        )
    if scheme and scheme[1].lower() != "file":
        # Hadoop knows schemes by small letters alone.
        uri = scheme[1].lower() + written[scheme.end(1) :]
        return Location(uri, None, uri)
    path = _decoded(written) if scheme else written
    if session.place(environ, active=False) is session.SparkHost.GIVEN:
        if not path.startswith("/"):
            raise ConfigError(
                f"warehouse {written}: is relative, and this platform's Spark does not start from "
                "where you are; set catalog, or name a whole path or a URI"
            )
        return Location(written, None, f"file://{path}" if scheme else path)
    folder = _absolute(path)
    if f"{folder}/".startswith(_MOUNTED):
        return Location(str(folder), None, str(folder))
    _check_folder(folder, environ, encoding)
    # With its scheme, or a Spark with another file system by default would look for it there.
    return Location(str(folder), folder, folder_uri(folder))


def folder_uri(folder: Path) -> str:
    """A folder of this machine as Hadoop reads it, to the letter."""
    return f"file:///{folder.as_posix().lstrip('/')}"


def glob_of(uri: str) -> str:
    """What Spark's readers, which take a path for a pattern, take for this one path."""
    return re.sub(r"([\\{}\[\]*?])", r"\\\1", uri)


def _check_letters(path: str) -> None:
    """Refuse letters that one of those who read a path cannot have in it."""
    if any(c < " " or c == "\x7f" for c in path):
        raise ConfigError(
            f"warehouse {_printable(path)}: delta-rs takes no control characters, such as a tab or "
            "the end of a line; name another folder"
        )
    if "${" in path:
        raise ConfigError(
            f"warehouse {path}: Spark puts a variable's value in the place of ${{}}; name another "
            "folder"
        )


def _decoded(uri: str) -> str:
    """The path of a ``file:`` URI."""
    local = _LOCAL.match(uri)
    if local is None:
        raise ConfigError(f"warehouse {uri}: a file: URI is of this machine; expected file:///...")
    path = uri[local.end() :]
    if "?" in path or "#" in path:
        raise ConfigError(
            f"warehouse {uri}: in a file: URI ? and # end the path; write %3F and %23, or a path"
        )
    try:
        if _NO_ESCAPE.search(path):
            raise ValueError
        decoded = unquote_to_bytes(path).decode()
    except ValueError as error:
        raise ConfigError(
            f"warehouse {uri}: in a file: URI % stands before two hex digits, of text in UTF-8; "
            "write %25 for the sign itself, or a path"
        ) from error
    _check_letters(decoded)
    return decoded


def _absolute(path: str) -> Path:
    """A path from the root on, that is the same one whether or not links are followed."""
    whole = os.path.expanduser(path)  # Path drops ./ first, and takes ./~ for a home
    if whole.startswith("~"):
        raise ConfigError(
            f"warehouse {path}: no such user has a home here; for a folder of that name write "
            f"./{path}"
        )
    folder = Path(whole).absolute()
    if ".." in folder.parts:
        folder = Path(os.path.realpath(folder))
    # Hadoop takes what comes after two slashes for a host.
    return Path(f"/{str(folder).lstrip('/')}") if str(folder).startswith("//") else folder


def _check_folder(folder: Path, environ: Mapping[str, str], encoding: str) -> None:
    """Refuse a folder that Spark, delta-rs and this process do not all find by its name."""
    path = folder.as_posix()
    _check_letters(path)
    escape = _ESCAPE.search(path)
    if escape or "\\" in path:
        raise ConfigError(
            f"warehouse {_printable(path)}: delta-rs takes "
            f"{escape[0] if escape else 'a backslash'} for another character; "
            "name another folder (a URI is decoded: file:///my%20lake)"
        )
    if _bytes(path, encoding) == _bytes(path, "utf-8") != b"":
        return
    if encoding.lower() == "utf-8":
        raise ConfigError(f"warehouse {_printable(path)}: Spark needs names in UTF-8; name another")
    named = (
        f"{name}={environ[name]}" for name in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(name)
    )
    raise ConfigError(
        f"warehouse {_printable(path)}: with {next(named, 'no LC_ALL')} this process spells it in "
        f"{encoding}, and Spark in UTF-8; set LC_ALL=C.UTF-8, or name a folder in plain letters"
    )


def _bytes(path: str, encoding: str) -> bytes:
    """How a name is spelled on the disk; of one that cannot be spelled nothing."""
    try:
        return path.encode(encoding)
    except UnicodeEncodeError:
        return b""


def _printable(path: str) -> str:
    """A path on one line, in letters that any terminal has or can do without."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in path)
