"""A user without a name or a home: what Java is told, and where things are kept."""

from __future__ import annotations

import os
import pwd
import tempfile
from pathlib import Path

import pytest

from klaviyo_spark.commands.doctor import machine
from klaviyo_spark.commands.doctor.check import guarded
from klaviyo_spark.errors import ConfigError
from klaviyo_spark.lake.spark import jars, os_user, session


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files of its own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def nameless(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system knows no name for anybody."""

    def getpwuid(number: int) -> object:
        raise KeyError(f"getpwuid(): uid not found: {number}")

    monkeypatch.setattr("pwd.getpwuid", getpwuid)
    monkeypatch.setattr(os, "getuid", lambda: 12345)


def test_a_user_has_the_name_that_the_system_knows():
    number = os.getuid()
    assert os_user.check_name() == f"{pwd.getpwuid(number).pw_name}, id {number}"


def test_a_user_without_a_name_is_told_what_a_container_needs(nameless):
    with pytest.raises(ConfigError) as refused:
        os_user.check_name()

    assert str(refused.value) == (
        "user id 12345 has no name on this system, and Hadoop needs one. Run as a user "
        "that /etc/passwd lists, or add this one: RUN useradd --uid 12345 klaviyo, as in "
        "examples/Dockerfile."
    )


def test_no_session_of_our_own_is_started_for_a_user_without_a_name(nameless, monkeypatch):
    for name in ("PYSPARK_GATEWAY_PORT", "SPARK_REMOTE", "DATABRICKS_RUNTIME_VERSION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pyspark.sql.SparkSession.getActiveSession", lambda: None)

    with pytest.raises(ConfigError, match="user id 12345 has no name on this system"):
        session.spark_session()


def test_the_set_up_says_it_before_it_fetches_anything(nameless):
    with pytest.raises(SystemExit, match="^setup: user id 12345 has no name on this system"):
        jars.main()


def test_the_doctor_looks_for_the_name_too(nameless):
    found = list(guarded("user", lambda: machine.user({})))

    assert [(check.state, check.exit_code) for check in found] == [("fail", 2)]
    assert found[0].said.startswith("user id 12345 has no name on this system")


def test_where_a_platform_brings_spark_a_name_is_its_own_to_have(nameless):
    assert list(machine.user({"DATABRICKS_RUNTIME_VERSION": "17.3"})) == []


def test_what_is_fetched_is_kept_at_home_else_among_temporary_files(temporary):
    own = temporary / f"klaviyo-spark-cache-{os.getuid()}"

    assert os_user.caches({"HOME": "/home/ann"}) == [Path("/home/ann/.cache"), own]
    assert os_user.caches({}) == [own]
    assert os_user.caches({"HOME": "/home/ann", "XDG_CACHE_HOME": "/c"}) == [Path("/c")]


def test_a_folder_among_temporary_files_is_trusted_where_nobody_else_can_write_it(temporary):
    cache, link = temporary / "cache", temporary / "link"
    assert os_user.is_trusted(cache), "nothing is in it yet"
    cache.mkdir(mode=0o755)
    link.symlink_to(cache)

    assert [os_user.is_trusted(one) for one in (cache, link)] == [True, False]
    cache.chmod(0o775)
    assert not os_user.is_trusted(cache)
    assert os_user.is_trusted(Path("/home/ann/.cache"))


def test_a_folder_of_somebody_else_is_not_trusted(temporary, monkeypatch):
    (temporary / "cache").mkdir(mode=0o755)
    monkeypatch.setattr(os, "getuid", lambda: 12345)

    assert not os_user.is_trusted(temporary / "cache")
