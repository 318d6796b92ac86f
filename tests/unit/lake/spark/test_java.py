"""Which Java is chosen, and what is said where none will do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from klaviyo_spark.errors import ConfigError
from klaviyo_spark.lake.spark import java


def a_java(home: Path, version: str = "17.0.15", *, release: bool = True) -> Path:
    """A folder that looks like the home of a Java, with or without a ``release`` file."""
    binary = home / "bin" / "java"
    binary.parent.mkdir(parents=True)
    binary.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025' >&2\n")
    binary.chmod(0o755)
    if release:
        (home / "release").write_text(f'IMPLEMENTOR="Debian"\nJAVA_VERSION="{version}"\n')
    return home


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('openjdk version "21" 2023-09-19', 21),
        ('java version "1.8.0_402"', 8),
        ('JAVA_VERSION="25.0.1"', 25),
        ("command not found", None),
    ],
)
def test_the_major_version_is_read(text: str, expected: int | None):
    assert java.major(text) == expected


@pytest.mark.parametrize("release", [True, False])
def test_the_version_of_a_home_is_read_from_its_file_or_by_asking(tmp_path: Path, release: bool):
    assert java.version_of(a_java(tmp_path / "j", "21.0.2", release=release)) == 21
    assert java.version_of(tmp_path / "none") is None


def test_java_home_comes_before_path(tmp_path: Path):
    home, other = a_java(tmp_path / "home", "21.0.1"), a_java(tmp_path / "other")
    environ = {"JAVA_HOME": str(home), "PATH": str(other / "bin")}

    assert java.choose(environ) == home
    assert java.choose({"PATH": str(other / "bin")}) == other


def test_what_the_set_up_recorded_is_used_only_where_the_users_own_will_not_do(tmp_path: Path):
    own, recorded = a_java(tmp_path / "own"), a_java(tmp_path / "recorded")
    wrong = a_java(tmp_path / "wrong", "25.0.1")

    assert java.choose({"JAVA_HOME": str(own)}, recorded) == own
    assert java.choose({"JAVA_HOME": str(wrong)}, recorded) == recorded
    assert java.choose({"PATH": ""}, recorded) == recorded


@pytest.mark.parametrize(
    ("named", "on_path", "message"),
    [
        (
            None,
            None,
            "no Java found; Spark needs 17 or 21. To install it: apt-get install -y "
            "openjdk-17-jre-headless. Or set JAVA_HOME.",
        ),
        (
            None,
            "11.0.2",
            "Java 11 found in {path}; Spark needs 17 or 21. To install it: apt-get "
            "install -y openjdk-17-jre-headless. Or set JAVA_HOME.",
        ),
        (
            "25.0.1",
            "17.0.1",
            "JAVA_HOME={home}: Java 25; Spark needs 17 or 21. Set it to one of these.",
        ),
        (
            "none",
            "17.0.1",
            "JAVA_HOME={home}: no Java there. Set it to the folder above the bin of a "
            "Java 17 or 21, or unset it.",
        ),
    ],
)
def test_where_none_will_do_it_says_what_was_found_and_what_is_needed(
    tmp_path: Path, named: str | None, on_path: str | None, message: str
):
    home, path = tmp_path / "home", tmp_path / "path"
    environ = {"PATH": str(path / "bin")}
    if named:
        environ["JAVA_HOME"] = str(home)
    for version, folder in ((named, home), (on_path, path)):
        if version and version != "none":
            a_java(folder, version)

    with pytest.raises(ConfigError) as refused:
        java.choose(environ)

    assert str(refused.value) == message.format(home=home, path=path)
    assert refused.value.exit_code == 2


def test_the_set_up_records_a_java_of_the_usual_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "venv").mkdir()
    a_java(tmp_path / "jvm" / "a", "11.0.2")
    right = a_java(tmp_path / "jvm" / "b", "17.0.2")
    wrong = a_java(tmp_path / "wrong", "25.0.1")
    monkeypatch.setattr(java, "USUAL_PLACES", (str(tmp_path / "jvm"),))
    environ = {"JAVA_HOME": str(wrong), "PATH": ""}

    assert java.settle(environ, tmp_path / "venv") == right
    assert java.choose(environ, java.recorded_home(tmp_path / "venv")) == right


def test_the_set_up_records_nothing_where_the_users_own_will_do(tmp_path: Path):
    own = a_java(tmp_path / "own")

    assert java.settle({"JAVA_HOME": str(own)}, tmp_path) == own
    assert java.recorded_home(tmp_path) is None


def test_the_set_up_stops_where_there_is_no_java_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(java, "USUAL_PLACES", (str(tmp_path),))

    with pytest.raises(ConfigError, match=re.escape("no Java found; Spark needs 17 or 21")):
        java.settle({"PATH": ""}, tmp_path)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            ["WARNING: Using incubator modules: x", "", "Starting", "  Error: no memory", "at a.b"],
            "Error: no memory",
        ),
        (["Unrecognized option: -x", "goodbye"], "Unrecognized option: -x"),
        (
            ["Picked up JAVA_TOOL_OPTIONS: -XX:+HeapDumpOnOutOfMemoryError", "Conflicting options"],
            "Conflicting options",
        ),
        ([], "Java ended without a word"),
    ],
)
def test_of_a_java_that_ended_the_telling_line_is_kept(said: list[str], expected: str):
    assert java.last_words(said) == expected


def test_java_spells_names_of_files_in_utf_8_whatever_the_locale():
    assert java.locale_of("UTF-8") == java.locale_of("utf8") == {}
    assert java.locale_of("ANSI_X3.4-1968") == {"LC_ALL": "C.UTF-8"}
    assert java.locale_of("ISO-8859-1") == {"LC_ALL": "C.UTF-8"}
