"""Delta's jars: which ones, where they are kept, and how they get there. The rest of Delta's
dependencies (87 MB) is in pyspark already, so only Delta's own jars are fetched."""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote, urlsplit

from klaviyo_spark import messages
from klaviyo_spark.errors import ConfigError
from klaviyo_spark.lake.spark import folders, java, os_user

logger = logging.getLogger(__name__)

INSTALL = "pip install 'klaviyo-spark[spark]'"
SCALA = "2.13"
# Pairs that have been run. Delta 4.4.1 has a wheel but no jar, so no session can start with it.
FITTING = {"4.0": "4.4.0", "4.2": "4.4.0"}
PAIRS = "pyspark 4.2.0 or 4.0.* with delta-spark 4.4.0"
# Delta names these as dependencies; Spark brings its own, and a second copy would only clash.
EXCLUDED = (
    "com.fasterxml.jackson.core",
    "com.fasterxml.jackson.datatype",
    "com.google.code.findbugs",
    "io.delta:delta-kernel-unitycatalog",
    "io.unitycatalog",
    "org.antlr",
    "org.apache.hadoop",
    "org.apache.logging.log4j",
    "org.apache.parquet",
    "org.locationtech.jts",
    "org.roaringbitmap",
    "org.slf4j",
)

# Resolves packages through Spark's own resolver and gives the paths of the jars.
Resolver = Callable[[str, str, "Mapping[str, str]"], "list[Path]"]
PATIENCE_S = 300
# Run by spark-submit once it has resolved everything: says where the jars are.
SCRIPT = """
from pyspark.java_gateway import launch_gateway
print("jars=" + (launch_gateway().jvm.java.lang.System.getProperty("spark.jars") or ""))
"""


def check_pair(spark: str, delta: str) -> None:
    """Refuse a pyspark and a delta-spark that have not been seen to work together.

    Raises:
        ConfigError: names the installed pair and the ones that fit.
    """
    if FITTING.get(minor(spark)) != delta:
        raise ConfigError(messages.spark.UNFIT_PAIR(spark=spark, delta=delta, pairs=PAIRS))


def minor(version: str) -> str:
    """``4.2`` of ``4.2.0``: Delta publishes one jar per minor version of Spark."""
    return ".".join(version.split(".")[:2])


def packages(spark: str, delta: str) -> str:
    """What Spark's resolver is asked for."""
    return f"io.delta:delta-spark_{minor(spark)}_{SCALA}:{delta},io.delta:delta-storage:{delta}"


def exclusions() -> str:
    """What Spark's resolver is to leave out."""
    return ",".join(one if ":" in one else f"{one}:*" for one in EXCLUDED)


def needed(spark: str, delta: str) -> list[str]:
    """The names that the jars must end on; a resolver puts the group in front."""
    return [f"delta-spark_{minor(spark)}_{SCALA}-{delta}.jar", f"delta-storage-{delta}.jar"]


def kept_in(spark: str, delta: str, environ: Mapping[str, str]) -> list[Path]:
    """Where fetched jars are kept for every later session of this user, the place to use first."""
    name = f"delta-{delta}-spark-{minor(spark)}"
    return [cache / "klaviyo-spark" / name for cache in os_user.caches(environ)]


def in_folder(folder: Path, names: list[str]) -> list[Path]:
    """All jars of ``folder``, or none if one of ``names`` is not among them."""
    jars = sorted(folder.glob("*.jar"))
    complete = all(any(jar.name.endswith(name) for jar in jars) for name in names)
    return jars if complete else []


def resolve(packages: str, exclusions: str, environ: Mapping[str, str]) -> list[Path]:
    """Let Spark's own resolver bring ``packages`` and say where it put them.

    Returns:
        Paths in the resolver's cache; empty where no registry answers.

    Raises:
        ConfigError: Spark did not get as far as asking one.
    """
    from pyspark.find_spark_home import _find_spark_home

    submit = Path(_find_spark_home()) / "bin" / "spark-submit"
    own = {"PYSPARK_PYTHON": sys.executable, "PYSPARK_DRIVER_PYTHON": sys.executable}
    # Else Spark asks for this machine's name, and does not start where nobody answers to it.
    own["SPARK_LOCAL_IP"] = environ.get("SPARK_LOCAL_IP", "127.0.0.1")
    # Not by Spark's conf, which may hold options of the user's, such as a proxy.
    told = [environ.get("JAVA_TOOL_OPTIONS", ""), f'"-Djava.io.tmpdir={folders.temporary()}"']
    own["JAVA_TOOL_OPTIONS"] = " ".join(filter(None, told))
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "jars.py"
        script.write_text(SCRIPT, encoding="utf-8")
        command = [str(submit), "--master", "local[1]", "--packages", packages]
        command += ["--exclude-packages", exclusions]
        ivy = _ivy(environ)
        command += ["--conf", f"spark.jars.ivy={ivy}"] if ivy else []
        command.append(str(script))
        try:
            said = subprocess.run(  # noqa: S603 - nothing typed gets in here
                command,
                env={**environ, **own},
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=PATIENCE_S,
                check=False,
            )
        except (OSError, subprocess.SubprocessError) as error:
            logger.debug("resolving %s: %s", packages, error)
            return []
    logger.debug("resolving %s: %s", packages, said.stderr)
    listed = re.search(r"^jars=(.*)$", said.stdout, re.MULTILINE)
    if not listed and "unresolved dependenc" not in said.stderr:
        raise ConfigError(
            messages.spark.NOT_STARTED(last_words=java.last_words(said.stderr.splitlines()))
        )
    urls = listed.group(1).split(",") if listed else []
    return [Path(unquote(urlsplit(url).path)) for url in urls if url]


def _ivy(environ: Mapping[str, str]) -> Path | None:
    """Where the resolver keeps what it fetches: by default at Java's home, which may be none."""
    for cache in os_user.caches(environ):
        place = cache / "klaviyo-spark" / "ivy"
        with suppress(OSError):
            os_user.make_cache_folder(place)
            if os.access(place, os.W_OK):
                return place
    return None


def installed() -> tuple[str, str]:
    """The versions of pyspark and delta-spark.

    Raises:
        ConfigError: one of them is missing.
    """
    try:
        return metadata.version("pyspark"), metadata.version("delta-spark")
    except metadata.PackageNotFoundError as error:
        raise ConfigError(messages.spark.NOT_INSTALLED(name=error.name, install=INSTALL)) from error


def delta_jars(
    spark: str, delta: str, environ: Mapping[str, str], resolve: Resolver = resolve
) -> list[Path]:
    """Delta's jars: from KLAVIYO_SPARK_JARS, else from the user's cache, else fetched into it.

    Raises:
        ConfigError: the folder lacks a jar, or no package registry answers.
    """
    names = needed(spark, delta)
    given = environ.get("KLAVIYO_SPARK_JARS")
    folder = Path(given) if given else kept_in(spark, delta, environ)[0]
    if os.pathsep in str(folder):
        raise ConfigError(messages.spark.COLON_IN_JARS_FOLDER(folder=folder, separator=os.pathsep))
    if given:
        jars = in_folder(folder, names)
        if not jars:
            raise ConfigError(
                messages.spark.JARS_MISSING_IN_FOLDER(folder=given, jars=" and ".join(names))
            )
        return jars
    return cached_jars(spark, delta, environ) or _fetch(spark, delta, environ, resolve)


def cached_jars(spark: str, delta: str, environ: Mapping[str, str]) -> list[Path]:
    """The jars that an earlier session has fetched; none where they are not all there."""
    return trusted_jars(kept_in(spark, delta, environ), needed(spark, delta))


def trusted_jars(places: Iterable[Path], names: list[str]) -> list[Path]:
    """All jars of the first folder that has those of ``names``, and that others cannot write."""
    trusted = (place for place in places if os_user.is_trusted(place.parent.parent))
    return next(filter(None, (in_folder(place, names) for place in trusted)), [])


def _fetch(spark: str, delta: str, environ: Mapping[str, str], resolve: Resolver) -> list[Path]:
    names = needed(spark, delta)
    logger.info("fetching Delta %s for Spark %s, once", delta, minor(spark))
    fetched = resolve(packages(spark, delta), exclusions(), environ)
    if not all(any(jar.name.endswith(name) for jar in fetched) for name in names):
        raise ConfigError(messages.spark.NO_REGISTRY(jars=" and ".join(names)))
    return keep(fetched, kept_in(spark, delta, environ), names)


def keep(fetched: list[Path], places: Iterable[Path], names: list[str]) -> list[Path]:
    """Copies of jars in the first of ``places`` that takes them.

    Raises:
        ConfigError: none does.
    """
    for place in places:
        try:
            return _keep(fetched, place, names)
        except OSError as error:
            refused = f"{place}: {error.strerror}"
    raise ConfigError(messages.spark.NO_CACHE(folder=refused))


def _keep(fetched: list[Path], place: Path, names: list[str]) -> list[Path]:
    """Copies of jars in ``place``.

    Raises:
        OSError: it cannot be written, or others can.
    """
    os_user.make_cache_folder(place)
    # Each is moved in whole, and the folder counts once it has them all: two sessions may start
    # at once, and what else somebody keeps there stays.
    with tempfile.TemporaryDirectory(dir=place) as scratch:
        for jar in fetched:
            shutil.copyfile(jar, Path(scratch, jar.name)).replace(place / jar.name)
    return in_folder(place, names)


def main() -> None:
    """For the set-up: have the jars where every later session finds them."""
    spark, delta = installed()
    try:
        os_user.check_name()
        folders.check_folders()
        os.environ["JAVA_HOME"] = str(java.choose(os.environ, java.recorded_home(Path(sys.prefix))))
        found = delta_jars(spark, delta, os.environ)
    except ConfigError as error:
        sys.exit(f"setup: {error}")
    sys.stdout.write(f"setup: Delta's jars are in {found[0].parent}\n")


if __name__ == "__main__":
    main()
