"""Java's class archive: where it is kept, and which session it fits. No Spark here.

Spark and Delta load some 20,000 classes at each start. Java parses and verifies them once for the
archive (AppCDS), which ``class_dump`` makes, and maps them into memory from then on. Java uses an
archive under any garbage collector, but only with the same Java and the same class path.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from klaviyo_spark.lake.spark import folders, os_user

logger = logging.getLogger(__name__)

# Java's own words on an archive that does not fit. Java starts without it.
_QUIET = "-Xlog:cds*=off"
# A link to Spark's folder, beside its archive: where it leads nowhere, that Spark is gone.
_LINK = "spark"
_SCRATCH = "dump-"
_ABANDONED_S = 3600.0


@dataclass(frozen=True)
class Jar:
    """One jar of the class path, as far as Java compares it with the archive's.

    Args:
        modified_at: seconds since 1970.
    """

    path: str
    size: int
    modified_at: int


@dataclass(frozen=True)
class Build:
    """What an archive is made from; it fits no other.

    Args:
        java: what the file ``release`` of Java's home says: version, vendor's build, processor.
        spark: the version of pyspark.
        home: Spark's folder.
        jars: Delta's and Spark's.
    """

    java: str
    spark: str
    home: Path
    jars: tuple[Jar, ...]

    @property
    def fingerprint(self) -> str:
        """The same for the same build only."""
        jars = sorted((jar.path, jar.size, jar.modified_at) for jar in self.jars)
        return _digest([self.java, self.spark, str(self.home), repr(jars)])

    @property
    def folder(self) -> str:
        """The name of the folder of this Spark's archive: each environment has one of its own."""
        return f"classes-{_digest([str(self.home)])}"


def build_of(java: Path, spark: str, delta: Iterable[Path]) -> Build:
    """What a local session is started from.

    Args:
        java: its home.
        spark: the version of pyspark.
        delta: Delta's jars.

    Raises:
        OSError: Java's home has no file ``release``, or a jar is gone.
    """
    from pyspark.find_spark_home import _find_spark_home

    release = (java / "release").read_text(encoding="utf-8", errors="replace")
    home = Path(_find_spark_home())
    jars = [*delta, *(home / "jars").glob("*.jar")]
    return Build(release, spark, home, tuple(_jar(path) for path in jars))


def file_name(fingerprint: str, size: int) -> str:
    """The name of an archive, which holds its size: Java crashes on one that is cut short."""
    return f"{fingerprint}-{size}.jsa"


def kept_in(build: Build, environ: Mapping[str, str]) -> list[Path]:
    """Where this user keeps the archive, the place to use first."""
    return [cache / "klaviyo-spark" / build.folder for cache in os_user.caches(environ)]


def find(build: Build, environ: Mapping[str, str]) -> Path | None:
    """The whole archive that was made from ``build``; None where there is none."""
    for place in kept_in(build, environ):
        if not os_user.is_trusted(place.parent.parent):
            continue
        for archive in sorted(place.glob(f"{build.fingerprint}-*.jsa")):
            if archive.name == file_name(build.fingerprint, archive.stat().st_size):
                return archive
    return None


def keep(build: Build, environ: Mapping[str, str], dump: Callable[[Path], None]) -> Path:
    """Make the archive and remove those that it takes the place of.

    Args:
        dump: writes an archive to a path, or raises.

    Raises:
        OSError: no cache can be written, or ``dump`` wrote nothing.
    """
    with _writable(kept_in(build, environ)) as (place, scratch):
        dumped = scratch / "classes.jsa"
        dump(dumped)
        archive = place / file_name(build.fingerprint, dumped.stat().st_size)
        dumped.chmod(0o600)  # Java lets everybody read it
        with dumped.open("rb+") as written:
            os.fsync(written.fileno())
        dumped.replace(archive)
        with suppress(FileExistsError):  # of the same Spark, as the folder is
            (place / _LINK).symlink_to(build.home, target_is_directory=True)
    _remove_others(archive)
    return archive


def use(archive: Path | None) -> str:
    """The options that let Java use an archive, for a line of options in Spark's conf."""
    return _option("SharedArchiveFile", archive) if archive else ""


def write(archive: Path) -> str:
    """The options that let Java write an archive when it ends."""
    return _option("ArchiveClassesAtExit", archive)


def _option(name: str, archive: Path) -> str:
    # Java takes what stands before the separator for another archive.
    if os.pathsep in str(archive):
        logger.debug("Java cannot take a class archive from %s", archive)
        return ""
    return f" {folders.quoted(f'-XX:{name}={archive}')} {_QUIET}"


def _digest(parts: list[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _jar(path: Path) -> Jar:
    found = path.stat()
    return Jar(str(path), found.st_size, int(found.st_mtime))


@contextmanager
def _writable(places: list[Path]) -> Iterator[tuple[Path, Path]]:
    """The first place that can be written, and a folder in it for the length of the block."""
    for place in places:
        try:
            os_user.make_cache_folder(place)
            scratch = TemporaryDirectory(dir=place, prefix=_SCRATCH)
        except OSError as error:
            refused = error
            continue
        with scratch as folder:
            yield place, Path(folder)
        return
    raise refused


def _remove_others(archive: Path) -> None:
    """Remove this Spark's other archives, those of a Spark that is gone, and abandoned dumps."""
    place = archive.parent
    links = [folder / _LINK for folder in place.parent.glob("classes-*")]
    gone = [link.parent for link in links if link.is_symlink() and not link.exists()]
    long_ago = time.time() - _ABANDONED_S
    with suppress(OSError):  # another process may be at it too
        gone += [one for one in place.glob(f"{_SCRATCH}*") if one.stat().st_mtime < long_ago]
        for other in place.glob("*.jsa"):
            if other != archive:
                other.unlink()
    for folder in gone:
        shutil.rmtree(folder, ignore_errors=True)
