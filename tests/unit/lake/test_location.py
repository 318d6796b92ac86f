"""What a user writes for the lake's place, as Spark, delta-rs, the lock and SQL all take it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klaviyo_spark.errors import ConfigError
from klaviyo_spark.lake.file_lock import local_folder
from klaviyo_spark.lake.local.store import store_folder
from klaviyo_spark.lake.location import Location, glob_of, location
from klaviyo_spark.lake.tables import Place, folder_in
from tests.data.odd_texts import ODD_FOLDER

PLATFORM = {"DATABRICKS_RUNTIME_VERSION": "17.3"}


@pytest.mark.parametrize(
    ("written", "folder"),
    [
        ("/data/lake", "/data/lake"),
        ("/data/lake/", "/data/lake"),
        ("/data/./lake//x/", "/data/lake/x"),
        ("//data/lake", "/data/lake"),
        ("/data/my lake ", "/data/my lake "),
        ("/data/lake...", "/data/lake..."),
        (f"/data/{ODD_FOLDER}", f"/data/{ODD_FOLDER}"),
        ("/", "/"),
        ("file:///data/my%20lake", "/data/my lake"),
        ("file:///data/my lake", "/data/my lake"),
        ("file:///data/100%25/%C3%BC%3F%23", "/data/100%/ü?#"),
        ("file:/data/lake", "/data/lake"),
        ("file://localhost/data/lake", "/data/lake"),
        ("FILE://LocalHost/data/lake", "/data/lake"),
        ("file:////data/lake", "/data/lake"),
        ("file:///~/lake", "/~/lake"),
    ],
)
def test_a_folder_of_this_machine(written: str, folder: str):
    found = location(written)

    assert found == Location(folder, Path(folder), f"file://{folder}")
    assert local_folder(written, None) == Path(folder)
    assert location(found.text) == found


def test_a_relative_folder_is_of_where_the_process_stands(tmp_path, monkeypatch):
    (tmp_path / "here {1}").mkdir()
    monkeypatch.chdir(tmp_path / "here {1}")

    for written in ("lake", "./lake", "lake/", "../here {1}/lake"):
        assert location(written).folder == tmp_path / "here {1}" / "lake"


def test_a_tilde_is_a_home_where_a_path_begins(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ann")
    monkeypatch.chdir("/")

    assert location("~/lake").folder == Path("/home/ann/lake")
    assert location("~").folder == Path("/home/ann")
    assert location("./~/lake").folder == Path("/~/lake")


def test_two_dots_follow_links_as_the_kernel_does(tmp_path):
    (tmp_path / "far" / "away").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "far" / "away")

    assert location(f"{tmp_path}/link/../lake").folder == tmp_path / "far" / "lake"
    assert location(f"{tmp_path}/link/lake").folder == tmp_path / "link" / "lake"


@pytest.mark.parametrize(
    ("written", "uri"),
    [
        ("gs://bucket/a%20b c", "gs://bucket/a%20b c"),
        ("GS://Bucket/lake", "gs://Bucket/lake"),
        ("hdfs:/lake", "hdfs:/lake"),
        ("abfss://c@a.dfs.core.windows.net/lake/", "abfss://c@a.dfs.core.windows.net/lake/"),
        ("/dbfs/lake", "/dbfs/lake"),
        ("/Volumes/a/b/c", "/Volumes/a/b/c"),
    ],
)
def test_a_place_that_spark_alone_reaches(written: str, uri: str):
    assert location(written) == Location(uri, None, uri)
    assert location(location(written).text) == location(written)


@pytest.mark.parametrize(
    "written", ["s3a://bucket/lake", "s3://bucket/lake", "S3://bucket/lake/", "s3a://bucket/lake//"]
)
def test_a_folder_of_a_store_has_one_name_however_it_is_written(written):
    place = location(written, environ={})

    assert (place.uri, place.text) == ("s3a://bucket/lake", "s3a://bucket/lake")
    assert place.store == store_folder("s3a://bucket/lake", {})


@pytest.mark.parametrize("host", ["DATABRICKS_RUNTIME_VERSION", "PYSPARK_GATEWAY_PORT"])
def test_a_store_is_left_to_a_spark_that_somebody_else_set_up(host):
    assert location("s3://bucket/lake", {host: "1"}) == Location(
        "s3://bucket/lake", None, "s3://bucket/lake"
    )


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("s3a:///lake", "names no bucket"),
        ("s3a://bucket/a%20b", "takes %20 for another character"),
    ],
)
def test_a_folder_of_a_store_that_cannot_be_is_refused(written, said):
    with pytest.raises(ConfigError, match=said):
        location(written, environ={})


def test_a_platform_s_path_is_its_own():
    assert location("/lake", PLATFORM) == Location("/lake", None, "/lake")
    decoded = Location("file:///my%20lake", None, "file:///my lake")
    assert location("file:///my%20lake", PLATFORM) == decoded


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (" ", "^warehouse: is blank. Name a folder or a URI.$"),
        ("/a\nb", r"^warehouse /a\\nb: contains a control character"),
        ("s3a://b/a\tb", r"^warehouse s3a://b/a\\tb: contains a control character"),
        ("/a\x7f", r"^warehouse /a\\x7f: contains a control character"),
        ("file:///a%0Ab", r"^warehouse /a\\nb: contains a control character"),
        (
            "/${env:HOME}/lake",
            r"^warehouse /\$\{env:HOME\}/lake: contains \$\{, which Spark takes for a variable",
        ),
        (
            "file:///%24%7Bx}",
            r"^warehouse /\$\{x\}: contains \$\{, which Spark takes for a variable",
        ),
        ("/a%20b", "^warehouse /a%20b: delta-rs takes %20 for another character"),
        ("/a%2fb", "^warehouse /a%2fb: delta-rs takes %2f for another character"),
        ("file:///a%2520b", "^warehouse /a%20b: delta-rs takes %20 for another character"),
        ("/a\\b", r"^warehouse /a\\b: delta-rs takes a backslash for another character"),
        (
            "lake:v2",
            r"^warehouse lake:v2: begins like a URI, but has no / after lake:. .*\./lake:v",
        ),
        ("file:lake", "^warehouse file:lake: begins like a URI, but has no / after file:"),
        ("file://", "^warehouse file://: not a file: URI of this machine"),
        ("file://host/lake", "^warehouse file://host/lake: not a file: URI of this machine"),
        ("file:///a?b", r"^warehouse file:///a\?b: \? and # end the path of a file: URI"),
        ("file:///a#b", r"^warehouse file:///a#b: \? and # end the path of a file: URI"),
        ("file:///100%", "^warehouse file:///100%: a % in this file: URI does not encode"),
        ("file:///a%FF", "^warehouse file:///a%FF: a % in this file: URI does not encode"),
        (
            "~nobody-of-that-name/x",
            r"there is no such user on this machine.* \./~nobody-of-that-name/x for",
        ),
        ("/a\udcc3b", r"^warehouse /a\\udcc3b: its name is not in UTF-8"),
    ],
)
def test_what_is_not_one_place_to_all_is_refused_by_name(written: str, words: str):
    with pytest.raises(ConfigError, match=words) as refused:
        location(written)
    assert refused.value.exit_code == 2
    assert str(refused.value).isprintable()


def test_where_the_process_stands_counts_too(tmp_path, monkeypatch):
    (tmp_path / "a%20b").mkdir()
    monkeypatch.chdir(tmp_path / "a%20b")

    with pytest.raises(ConfigError, match="a%20b/lake: delta-rs takes %20 for another character"):
        location("./lake")


@pytest.mark.parametrize("written", ["./lake", "lake", "~/lake"])
def test_a_platform_s_spark_starts_from_nowhere(written: str):
    with pytest.raises(
        ConfigError, match=f"^warehouse {written}: is a relative path, .* Set `catalog`"
    ):
        location(written, PLATFORM)


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"LC_ALL": "C", "LANG": "de_DE.UTF-8"}, "LC_ALL=C"),
        ({"LC_ALL": "", "LC_CTYPE": "POSIX"}, "LC_CTYPE=POSIX"),
        ({}, "no LC_ALL"),
    ],
)
def test_a_locale_that_cannot_spell_a_folder_is_named(environ: dict[str, str], named: str):
    words = f"^warehouse /ü: with {named} this process writes the name in ascii, .* LC_ALL=C.UTF-8"
    with pytest.raises(ConfigError, match=words):
        location("/ü", environ, "ascii")
    with pytest.raises(ConfigError, match="this process writes the name in iso-8859-1"):
        location("/ü", environ, "iso-8859-1")
    assert location("/lake", environ, "ascii").folder == Path("/lake")


def test_a_process_in_such_a_locale_stops_before_anything_is_made(tmp_path):
    environ = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "HOME": str(tmp_path)}
    command = [sys.executable, "-m", "klaviyo_spark.cli", "status", "--warehouse", "lake ü"]

    done = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, check=False)

    assert done.returncode == 2
    assert b"with LC_ALL=C this process writes the name in ascii" in done.stderr
    assert list(tmp_path.iterdir()) == []


@given(st.text(max_size=30).map(lambda text: f"/{text}"))
def test_any_text_is_refused_or_the_same_place_to_all(written: str):
    try:
        found = location(written, {})
    except ConfigError:
        return
    assert location(found.text, {}) == found
    table = Place(written, None, "b", "s", "o").table("s", "t")
    assert folder_in(table) == f"{found.uri.rstrip('/')}/s.db/t"
    if found.folder is not None:
        assert os.path.normpath(f"/{written.strip('/')}") == str(found.folder)


def test_a_pattern_of_spark_s_readers_is_one_path():
    assert glob_of("file:///a{1,2}[3]*?\\") == "file:///a\\{1,2\\}\\[3\\]\\*\\?\\\\"
