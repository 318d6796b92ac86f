"""Java's class archive: which session it fits, where it is kept, and what happens without one."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from klaviyo_spark.errors import ConfigError
from klaviyo_spark.lake.spark import class_archive, class_dump, session
from klaviyo_spark.lake.spark.class_archive import Build, Jar

JAR = Jar("/spark/jars/spark-core_2.13-4.2.0.jar", 15_000_000, 1_790_000_000)
DELTA = Jar("/cache/delta-spark_4.2_2.13-4.4.0.jar", 7_000_000, 1_790_000_000)
BUILD = Build('JAVA_RUNTIME_VERSION="17.0.15+6"', "4.2.0", Path("/spark"), (JAR, DELTA))


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Of a user whose cache is empty."""
    return {"XDG_CACHE_HOME": str(tmp_path / "cache")}


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """One whose Spark is there."""
    (tmp_path / "spark").mkdir()
    return replace(BUILD, home=tmp_path / "spark")


def writes(text: str) -> Callable[[Path], None]:
    """Stands in for Java: what it writes can be read by all."""

    def dump(path: Path) -> None:
        path.write_text(text)
        path.chmod(0o444)

    return dump


def archives(environ: dict[str, str]) -> list[Path]:
    return sorted(Path(environ["XDG_CACHE_HOME"]).rglob("*.jsa"))


@pytest.mark.parametrize(
    "other",
    [
        replace(BUILD, java='JAVA_RUNTIME_VERSION="17.0.16+8"'),
        replace(BUILD, spark="4.0.1"),
        replace(BUILD, home=Path("/other/spark")),
        replace(BUILD, jars=(JAR,)),
        replace(BUILD, jars=(JAR, replace(DELTA, path="/jars/delta-spark_4.2_2.13-4.4.0.jar"))),
        replace(BUILD, jars=(JAR, replace(DELTA, size=7_000_001))),
        replace(BUILD, jars=(JAR, replace(DELTA, modified_at=1_790_000_001))),
    ],
    ids=["Java", "pyspark", "Spark's folder", "a jar less", "jar's path", "jar's size", "its time"],
)
def test_another_build_has_another_archive(other: Build):
    assert other.fingerprint != BUILD.fingerprint


def test_the_order_in_which_jars_are_listed_does_not_count():
    assert replace(BUILD, jars=(DELTA, JAR)).fingerprint == BUILD.fingerprint


def test_only_another_folder_of_spark_has_another_folder_of_archives():
    assert replace(BUILD, java="", spark="4.0.1", jars=()).folder == BUILD.folder
    assert replace(BUILD, home=Path("/other/spark")).folder != BUILD.folder


def test_a_build_lists_delta_s_jars_and_spark_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("java/release", "spark/jars/core.jar", "delta.jar"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
        os.utime(tmp_path / name, (5.5, 5.5))
    monkeypatch.setenv("SPARK_HOME", str(tmp_path / "spark"))

    build = class_archive.build_of(tmp_path / "java", "4.2.0", [tmp_path / "delta.jar"])

    jars = (Jar(f"{tmp_path}/delta.jar", 9, 5), Jar(f"{tmp_path}/spark/jars/core.jar", 19, 5))
    assert build == Build("java/release", "4.2.0", tmp_path / "spark", jars)


def test_an_archive_is_kept_for_its_owner_only_and_found(build, environ):
    assert class_archive.find(build, environ) is None

    archive = class_archive.keep(build, environ, writes("classes"))

    assert class_archive.find(build, environ) == archive
    assert archive.read_text() == "classes"
    assert archive.stat().st_mode & 0o777 == 0o600
    assert {path.name for path in archive.parent.iterdir()} == {archive.name, "spark"}


def test_an_archive_of_another_build_is_not_found(build, environ):
    class_archive.keep(build, environ, writes("classes"))

    assert class_archive.find(replace(build, java="21"), environ) is None


def test_an_archive_that_is_cut_short_is_not_found(build, environ):
    archive = class_archive.keep(build, environ, writes("classes"))
    os.truncate(archive, 3)

    assert class_archive.find(build, environ) is None


def test_an_archive_that_others_could_have_made_is_not_found(build, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    archive = class_archive.keep(build, {}, writes("classes"))
    assert class_archive.find(build, {}) == archive

    archive.parent.parent.parent.chmod(0o777)

    assert class_archive.find(build, {}) is None
    with pytest.raises(PermissionError):
        class_archive.keep(build, {}, writes("classes"))


def test_a_new_archive_takes_the_place_of_the_same_spark_s_old_one(build, environ):
    class_archive.keep(replace(build, java="older"), environ, writes("old"))

    archive = class_archive.keep(build, environ, writes("classes"))

    assert archives(environ) == [archive]


def test_archives_of_other_environments_stay_until_their_spark_is_gone(build, environ, tmp_path):
    (tmp_path / "other").mkdir()
    other = class_archive.keep(replace(build, home=tmp_path / "other"), environ, writes("other"))
    archive = class_archive.keep(build, environ, writes("classes"))
    assert archives(environ) == sorted([archive, other])

    (tmp_path / "other").rmdir()
    class_archive.keep(build, environ, writes("classes"))

    assert archives(environ) == [archive]
    assert not other.parent.exists()


def test_what_a_killed_dump_left_is_removed_an_hour_later(build, environ):
    [place] = class_archive.kept_in(build, environ)
    old, new = place / "dump-old", place / "dump-new"
    for folder in (old, new):
        folder.mkdir(parents=True)
    os.utime(old, (0, 0))

    class_archive.keep(build, environ, writes("classes"))

    assert (old.exists(), new.exists()) == (False, True)


def test_two_that_make_an_archive_at_once_leave_a_whole_one(build, environ):
    def dump(path: Path) -> None:
        class_archive.keep(build, environ, writes("of the first"))
        writes("of the second")(path)

    archive = class_archive.keep(build, environ, dump)

    assert archives(environ) == [archive]
    assert class_archive.find(build, environ) == archive
    assert archive.read_text() == "of the second"


def test_a_dump_that_fails_leaves_nothing_and_the_old_archive(build, environ):
    old = class_archive.keep(build, environ, writes("classes"))

    with pytest.raises(FileNotFoundError):
        class_archive.keep(build, environ, lambda _path: None)

    assert class_archive.find(build, environ) == old
    assert {path.name for path in old.parent.iterdir()} == {old.name, "spark"}


def test_where_the_home_cannot_be_written_another_cache_can(build, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / ".cache").touch()
    environ = {"HOME": str(tmp_path)}

    archive = class_archive.keep(build, environ, writes("classes"))

    assert archive.is_relative_to(tmp_path / f"klaviyo-spark-cache-{os.getuid()}")
    assert class_archive.find(build, environ) == archive


def test_a_cache_that_cannot_be_written_is_an_error(build, environ):
    Path(environ["XDG_CACHE_HOME"]).touch()

    with pytest.raises(OSError):
        class_archive.keep(build, environ, writes("classes"))


def test_java_is_told_of_an_archive_and_to_be_silent_about_it():
    archive = Path('/a b/"c"/1-2.jsa')

    assert class_archive.use(archive) == (
        r' "-XX:SharedArchiveFile=/a b/\"c\"/1-2.jsa" -Xlog:cds*=off'
    )
    assert class_archive.write(Path("/c.jsa")) == (
        ' "-XX:ArchiveClassesAtExit=/c.jsa" -Xlog:cds*=off'
    )


@pytest.mark.parametrize("archive", [None, Path(f"/a{os.pathsep}b/c.jsa")])
def test_java_is_told_of_no_archive_that_is_not_there_or_that_it_cannot_name(archive):
    assert class_archive.use(archive) == ""


def test_a_session_uses_the_archive_that_is_there(build, environ, monkeypatch):
    monkeypatch.setattr(os, "environ", environ)
    assert session._archive_options(lambda: build) == ""

    archive = class_archive.keep(build, environ, writes("classes"))

    assert session._archive_options(lambda: build) == class_archive.use(archive)


def test_a_session_starts_without_where_the_build_cannot_be_told(caplog, tmp_path):
    def build() -> Build:
        return class_archive.build_of(tmp_path, "4.2.0", [])

    with caplog.at_level(logging.DEBUG, "klaviyo_spark"):
        assert session._archive_options(build) == ""

    [line] = [record.getMessage() for record in caplog.records]
    assert line.startswith("no class archive of Java's can be used: [Errno 2] No such file")


@pytest.mark.parametrize(
    "error", [ConfigError("no Java"), OSError("Java ended with exit code 1 and wrote no archive")]
)
def test_the_set_up_says_in_a_line_why_there_is_none(build, environ, error, monkeypatch, capsys):
    def fails(_path: Path) -> None:
        raise error

    monkeypatch.setattr(os, "environ", environ)
    monkeypatch.setattr(class_dump, "_build", lambda: build)
    monkeypatch.setattr(class_dump, "dump", fails)

    with pytest.raises(SystemExit) as ended:
        class_dump.main()

    assert str(ended.value) == f"setup: no class archive, Spark starts without it: {error}"


def test_the_set_up_makes_an_archive_once(build, environ, monkeypatch, capsys):
    monkeypatch.setattr(os, "environ", environ)
    monkeypatch.setattr(class_dump, "_build", lambda: build)
    monkeypatch.setattr(class_dump, "dump", writes("classes"))

    class_dump.main()
    class_dump.main()

    assert len(archives(environ)) == 1
    assert capsys.readouterr().out == (
        "setup: making Java's class archive, so that Spark starts sooner\n"
    )
