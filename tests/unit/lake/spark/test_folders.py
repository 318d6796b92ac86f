"""A folder of start that is gone, no place for temporary files: one line, and one of the doctor."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

import pytest

from klaviyo_spark.commands.doctor import machine
from klaviyo_spark.commands.doctor.check import guarded
from klaviyo_spark.errors import ConfigError
from klaviyo_spark.lake.spark import folders, jars, os_user, session, session_conf

NO_PLACE = (
    "no folder for temporary files can be written. Mount a tmpfs on /tmp, or set TMPDIR "
    "to a folder that can be written."
)
GONE = (
    f"the current directory no longer exists ({os.strerror(errno.ENOENT)}), and Java does "
    "not start without one. Change to a directory that exists."
)


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spark would have to be started here."""
    for name in ("PYSPARK_GATEWAY_PORT", "SPARK_REMOTE", "DATABRICKS_RUNTIME_VERSION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pyspark.sql.SparkSession.getActiveSession", lambda: None)


@pytest.fixture
def no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that can be written is gone."""

    def gettempdir() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(tempfile, "gettempdir", gettempdir)


@pytest.fixture
def gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of start has been removed."""
    start = tmp_path / "start"
    start.mkdir()
    monkeypatch.chdir(start)
    start.rmdir()


def test_temporary_files_go_where_python_s_do(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    conf = session_conf.local_conf(
        "/lake", "local[2]", [Path("/d.jar")], 2, 4096, session_conf.SparkPreset.LARGE
    )

    assert folders.check_folders() == tmp_path
    assert f' "-Djava.io.tmpdir={tmp_path}" ' in conf["spark.driver.extraJavaOptions"]


def test_a_folder_is_one_option_whatever_its_name():
    option = folders.java_option(Path('/a b/"c"\\d'))
    assert option == r'"-Djava.io.tmpdir=/a b/\"c\"\\d"'


def test_no_session_is_started_without_a_place_for_temporary_files(local, no_place):
    with pytest.raises(ConfigError) as refused:
        session.spark_session()

    assert str(refused.value) == NO_PLACE


def test_no_session_is_started_in_a_folder_that_is_gone(local, gone):
    with pytest.raises(ConfigError) as refused:
        session.spark_session()

    assert str(refused.value) == GONE


def test_the_set_up_says_it_too(no_place):
    with pytest.raises(SystemExit, match="^setup: no folder for temporary files"):
        jars.main()


def test_the_doctor_looks_for_them(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    (found,) = guarded("folders", lambda: machine.folders({}))

    assert (found.state, found.said) == ("ok", f"temporary files go to {tmp_path}")


def test_the_doctor_says_that_none_can_be_written(no_place):
    (found,) = guarded("folders", lambda: machine.folders({}))

    assert (found.state, found.exit_code, found.said) == ("fail", 2, NO_PLACE)
    assert list(machine.room(None)) == [], "it is said once"
    with pytest.raises(ConfigError, match="Mount a tmpfs"):
        os_user.caches({"HOME": "/home/ann"})


def test_the_doctor_says_that_the_folder_of_start_is_gone(gone):
    (found,) = guarded("folders", lambda: machine.folders({}))

    assert (found.state, found.exit_code, found.said) == ("fail", 2, GONE)


def test_a_platform_has_its_own_folders(no_place):
    assert list(machine.folders({"DATABRICKS_RUNTIME_VERSION": "17.3"})) == []
