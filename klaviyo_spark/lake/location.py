"""Where a lake is: one reading of what a user wrote, for Spark, delta-rs, the lock and SQL.

Hadoop takes a path to the letter, delta-rs for a URI that it decodes; the kernel follows links
where Hadoop drops ``..``; SQL fills in variables. What they cannot be brought to agree on is
refused by name. Nothing is read but, where a path has ``..``, links.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote_to_bytes

from klaviyo_spark import messages
from klaviyo_spark.errors import ConfigError
from klaviyo_spark.lake.local.store import SCHEMES, Folder, StoreFolder, store_folder
from klaviyo_spark.lake.spark.host import SparkHost, spark_host

# Of two letters at least: one is a drive of Windows.
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
_LOCAL = re.compile(r"file:(//(localhost)?(?=/)|(?=/(?!/)))", re.IGNORECASE)
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_NO_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_BUCKET = re.compile(r"://[^/]+")
# Where Databricks keeps its own storage; only its Spark knows what is behind these.
_MOUNTED = ("/Volumes/", "/dbfs/")


@dataclass(frozen=True)
class Location:
    """Where a lake is.

    Args:
        text: what ``location`` reads as this same place, wherever the process stands then.
        folder: of this machine, absolute; None where Spark alone reaches it.
        uri: what Spark is told, to the letter: nothing in it is percent-encoded.
        store: of a store that delta-rs reaches too; None where Spark alone does.
    """

    text: str
    folder: Path | None
    uri: str
    store: StoreFolder | None = None

    @property
    def root(self) -> Folder | None:
        """Where delta-rs finds the lake's tables; None where Spark alone does."""
        return self.folder or self.store


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
        raise ConfigError(messages.warehouse.BLANK())
    _check_letters(written)
    scheme = _SCHEME.match(written)
    if scheme and not written.startswith("/", scheme.end()):
        raise ConfigError(messages.warehouse.NO_URI(written=written, rest=scheme[0]))
    if scheme and scheme[1].lower() != "file":
        return _elsewhere(scheme[1].lower(), written[scheme.end(1) :], environ)
    path = _decoded(written) if scheme else written
    if spark_host(environ) is SparkHost.GIVEN:
        if not path.startswith("/"):
            raise ConfigError(messages.warehouse.RELATIVE(path=written))
        return Location(written, None, f"file://{path}" if scheme else path)
    folder = _absolute(path)
    if f"{folder}/".startswith(_MOUNTED):
        return Location(str(folder), None, str(folder))
    _check_folder(folder, environ, encoding)
    # With its scheme, or a Spark with another file system by default would look for it there.
    return Location(str(folder), folder, folder_uri(folder))


def _elsewhere(scheme: str, rest: str, environ: Mapping[str, str]) -> Location:
    """The place of a URI that is none of this machine's.

    Args:
        scheme: in small letters, as Hadoop knows it; ``rest``: what follows.
    """
    uri = scheme + rest
    if scheme not in SCHEMES:
        return Location(uri, None, uri)
    if not _BUCKET.match(rest):
        raise ConfigError(messages.warehouse.NO_BUCKET(path=_printable(uri)))
    if spark_host(environ) is not SparkHost.LOCAL:
        # That Spark may have credentials and an endpoint that only it knows.
        return Location(uri, None, uri)
    escape = _ESCAPE.search(rest)
    if escape:
        raise ConfigError(messages.warehouse.DECODED_URI(path=uri, character=escape[0]))
    # What others write as s3:// is s3a:// to Hadoop, unless a platform brings its own.
    uri = f"s3a{rest}".rstrip("/")
    reached = importlib.util.find_spec("deltalake") is not None
    return Location(uri, None, uri, store_folder(uri, environ) if reached else None)


def folder_uri(folder: Path) -> str:
    """A folder of this machine as Hadoop reads it, to the letter."""
    return f"file:///{folder.as_posix().lstrip('/')}"


def glob_of(uri: str) -> str:
    """What Spark's readers, which take a path for a pattern, take for this one path."""
    return re.sub(r"([\\{}\[\]*?])", r"\\\1", uri)


def _check_letters(path: str) -> None:
    """Refuse letters that one of those who read a path cannot have in it."""
    if any(c < " " or c == "\x7f" for c in path):
        raise ConfigError(messages.warehouse.CONTROL_CHARACTER(path=_printable(path)))
    if "${" in path:
        raise ConfigError(messages.warehouse.VARIABLE(path=path))


def _decoded(uri: str) -> str:
    """The path of a ``file:`` URI."""
    local = _LOCAL.match(uri)
    if local is None:
        raise ConfigError(messages.warehouse.FILE_URI_OF_HOST(uri=uri))
    path = uri[local.end() :]
    if "?" in path or "#" in path:
        raise ConfigError(messages.warehouse.FILE_URI_QUERY(uri=uri))
    try:
        if _NO_ESCAPE.search(path):
            raise ValueError
        decoded = unquote_to_bytes(path).decode()
    except ValueError as error:
        raise ConfigError(messages.warehouse.FILE_URI_PERCENT(uri=uri)) from error
    _check_letters(decoded)
    return decoded


def _absolute(path: str) -> Path:
    """A path from the root on, that is the same one whether or not links are followed."""
    whole = os.path.expanduser(path)  # Path drops ./ first, and takes ./~ for a home
    if whole.startswith("~"):
        raise ConfigError(messages.warehouse.NO_SUCH_USER(path=path))
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
            messages.warehouse.DECODED(
                path=_printable(path), character=escape[0] if escape else "a backslash"
            )
        )
    if _bytes(path, encoding) == _bytes(path, "utf-8") != b"":
        return
    if encoding.lower() == "utf-8":
        raise ConfigError(messages.warehouse.NOT_UTF8(path=_printable(path)))
    named = (
        f"{name}={environ[name]}" for name in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(name)
    )
    raise ConfigError(
        messages.warehouse.OTHER_LOCALE(
            path=_printable(path), variable=next(named, "no LC_ALL"), encoding=encoding
        )
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
