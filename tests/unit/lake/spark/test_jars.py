"""Which of Delta's jars are needed, where they are kept, and what is said where there are none."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from klaviyo_spark.errors import ConfigError
from klaviyo_spark.lake.spark import jars

NAMES = ["delta-spark_4.2_2.13-4.4.0.jar", "delta-storage-4.4.0.jar"]


@pytest.fixture(autouse=True)
def _temporary(tmp_path, monkeypatch) -> None:
    """Temporary files of the test's own: jars that this machine keeps there are not found."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))


def a_folder(folder: Path, names: list[str]) -> Path:
    """A folder that holds (empty) jars of these names."""
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).touch()
    return folder


class Registry:
    """A resolver that counts how often it is asked."""

    def __init__(self, found: list[Path]) -> None:
        self.found, self.asked = found, 0

    def __call__(self, packages: str, exclusions: str, environ: Mapping[str, str]) -> list[Path]:
        self.asked += 1
        return self.found


@pytest.mark.parametrize(("spark", "delta"), [("4.2.0", "4.4.0"), ("4.0.1", "4.4.0")])
def test_pairs_that_have_been_run_are_taken(spark: str, delta: str):
    jars.check_pair(spark, delta)


@pytest.mark.parametrize(
    ("spark", "delta"), [("4.2.0", "4.4.1"), ("4.2.0", "4.0.0"), ("3.5.1", "4.4.0")]
)
def test_a_pair_that_does_not_fit_is_refused_with_those_that_do(spark: str, delta: str):
    with pytest.raises(ConfigError) as refused:
        jars.check_pair(spark, delta)

    assert str(refused.value) == (
        f"pyspark {spark} and delta-spark {delta} do not work together. "
        "Install pyspark 4.2.0 or 4.0.* with delta-spark 4.4.0."
    )


def test_the_packages_asked_for_follow_the_minor_version_of_spark():
    assert jars.packages("4.0.1", "4.4.0") == (
        "io.delta:delta-spark_4.0_2.13:4.4.0,io.delta:delta-storage:4.4.0"
    )
    assert "org.apache.hadoop:*" in jars.exclusions().split(",")


def test_a_folder_that_is_named_is_used_and_nothing_is_fetched(tmp_path: Path):
    folder = a_folder(tmp_path / "jars", NAMES)
    registry = Registry([])

    found = jars.delta_jars("4.2.0", "4.4.0", {"KLAVIYO_SPARK_JARS": str(folder)}, registry)

    assert [jar.name for jar in found] == NAMES
    assert registry.asked == 0


def test_a_folder_that_lacks_a_jar_is_refused_with_what_it_must_hold(tmp_path: Path):
    folder = a_folder(tmp_path / "jars", NAMES[:1])

    with pytest.raises(ConfigError) as refused:
        jars.delta_jars("4.2.0", "4.4.0", {"KLAVIYO_SPARK_JARS": str(folder)}, Registry([]))

    assert str(refused.value) == (
        f"KLAVIYO_SPARK_JARS={folder}: a jar of Delta is missing. Put {' and '.join(NAMES)} there, "
        "or unset the variable: then they are fetched."
    )


def test_fetched_jars_are_kept_and_asked_for_once(tmp_path: Path):
    fetched = a_folder(tmp_path / "fetched", [f"io.delta_{name}" for name in NAMES])
    registry = Registry(sorted(fetched.iterdir()))
    environ = {"XDG_CACHE_HOME": str(tmp_path / "cache")}

    first = jars.delta_jars("4.2.0", "4.4.0", environ, registry)
    second = jars.delta_jars("4.2.0", "4.4.0", environ, registry)

    folder = tmp_path / "cache" / "klaviyo-spark" / "delta-4.4.0-spark-4.2"
    assert first == second == [folder / f"io.delta_{name}" for name in NAMES]
    assert registry.asked == 1
    assert [one.name for one in folder.parent.iterdir()] == [folder.name]


def test_a_cache_that_was_filled_by_half_is_filled_anew(tmp_path: Path):
    fetched = a_folder(tmp_path / "fetched", NAMES)
    environ = {"HOME": str(tmp_path)}
    a_folder(tmp_path / ".cache" / "klaviyo-spark" / "delta-4.4.0-spark-4.2", NAMES[:1])

    found = jars.delta_jars("4.2.0", "4.4.0", environ, Registry(sorted(fetched.iterdir())))

    assert [jar.name for jar in found] == NAMES


def test_what_else_is_in_the_cache_stays(tmp_path: Path):
    fetched = a_folder(tmp_path / "fetched", NAMES)
    folder = a_folder(tmp_path / ".cache/klaviyo-spark/delta-4.4.0-spark-4.2", ["notes.txt"])

    jars.delta_jars("4.2.0", "4.4.0", {"HOME": str(tmp_path)}, Registry(sorted(fetched.iterdir())))

    assert sorted(path.name for path in folder.iterdir()) == sorted([*NAMES, "notes.txt"])


def test_a_folder_that_a_class_path_cannot_name_is_refused(tmp_path: Path):
    for name, value in (("KLAVIYO_SPARK_JARS", "jars"), ("XDG_CACHE_HOME", "cache")):
        with pytest.raises(ConfigError, match="from a folder with : in its path.*set KLAVIYO"):
            jars.delta_jars("4.2.0", "4.4.0", {name: f"{tmp_path}/a:b/{value}"}, Registry([]))


def test_without_a_home_jars_are_kept_among_temporary_files(tmp_path: Path):
    (tmp_path / "home").touch()  # so that nothing can be made in it
    registry = Registry(sorted(a_folder(tmp_path / "fetched", NAMES).glob("*.jar")))

    for environ in ({"HOME": str(tmp_path / "home")}, {}, {"HOME": str(tmp_path / "home")}):
        found = jars.delta_jars("4.2.0", "4.4.0", environ, registry)
        assert [jar.name for jar in found] == NAMES
        assert found[0].is_relative_to(tmp_path / "tmp")
    assert registry.asked == 1


def test_jars_at_a_home_that_cannot_be_written_are_used(tmp_path: Path):
    environ = {"HOME": str(tmp_path)}
    [first, _] = jars.kept_in("4.2.0", "4.4.0", environ)
    a_folder(first, NAMES)

    found = jars.delta_jars("4.2.0", "4.4.0", environ, Registry([]))

    assert [jar.parent for jar in found] == [first, first]


def test_jars_that_somebody_else_may_have_left_are_not_used(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    [folder] = jars.kept_in("4.2.0", "4.4.0", {})
    a_folder(folder, NAMES)
    next(one for one in folder.parents if one.parent == tmp_path).chmod(0o777)

    with pytest.raises(ConfigError, match="Delta's jars cannot be kept in"):
        jars.delta_jars("4.2.0", "4.4.0", {}, Registry(sorted(folder.glob("*.jar"))))


def test_without_a_registry_it_says_which_jars_to_put_where(tmp_path: Path):
    with pytest.raises(ConfigError) as refused:
        jars.delta_jars("4.2.0", "4.4.0", {"XDG_CACHE_HOME": str(tmp_path)}, Registry([]))

    assert str(refused.value) == (
        f"no package registry provides Delta's jars. Put {' and '.join(NAMES)} into a "
        "folder, and set KLAVIYO_SPARK_JARS to it."
    )
    assert refused.value.exit_code == 2


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "file").touch()
    fetched = a_folder(tmp_path / "fetched", NAMES)
    environ = {"XDG_CACHE_HOME": str(tmp_path / "file")}

    with pytest.raises(ConfigError, match="Delta's jars cannot be kept in .*or set XDG_CACHE_HOME"):
        jars.delta_jars("4.2.0", "4.4.0", environ, Registry(sorted(fetched.iterdir())))


@pytest.fixture
def submitted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], dict[str, str]]]:
    """The commands that would be run, with their environment; each says that it found a jar."""
    commands: list[tuple[list[str], dict[str, str]]] = []

    def run(command: list[str], **how: Any) -> subprocess.CompletedProcess[str]:
        commands.append((command, how["env"]))
        return subprocess.CompletedProcess(command, 0, "jars=file:///a%20b/one.jar\n", "")

    monkeypatch.setattr("klaviyo_spark.lake.spark.jars.subprocess.run", run)
    return commands


def test_the_resolver_writes_into_the_cache_and_among_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, submitted
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    environ = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "JAVA_TOOL_OPTIONS": "-Dproxy=1"}

    assert jars.resolve("a:b:1", "c:d", environ) == [Path("/a b/one.jar")]

    [(command, told)] = submitted
    ivy = tmp_path / "cache" / "klaviyo-spark" / "ivy"
    assert command[-3:-1] == ["--conf", f"spark.jars.ivy={ivy}"]
    assert ivy.is_dir()
    assert told["JAVA_TOOL_OPTIONS"] == f'-Dproxy=1 "-Djava.io.tmpdir={tmp_path}"'


def test_the_resolver_keeps_to_the_first_cache_that_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, submitted
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "home").write_text("no folder")

    jars.resolve("a:b:1", "c:d", {"HOME": str(tmp_path / "home")})

    own = tmp_path / f"klaviyo-spark-cache-{os.getuid()}"
    assert f"spark.jars.ivy={own / 'klaviyo-spark' / 'ivy'}" in submitted[0][0]
    assert own.stat().st_mode & 0o777 == 0o700
