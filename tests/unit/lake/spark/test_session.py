"""Where a session comes from, how a local one is set, and that it speaks Delta."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from klaviyo_spark import resources as silver
from klaviyo_spark.errors import ConfigError
from klaviyo_spark.lake.spark import session, session_conf
from klaviyo_spark.lake.spark.host import SparkHost, spark_host
from klaviyo_spark.lake.spark.session_conf import SparkPreset
from klaviyo_spark.schema import ops_tables

JARS = [Path("/jars/delta-spark.jar"), Path("/jars/delta-storage.jar")]


def a_local_conf(
    master: str = "local[*]",
    cores: int = 8,
    memory_mb: int = 16384,
    work: SparkPreset = SparkPreset.LARGE,
) -> dict[str, str]:
    return session_conf.local_conf("/lake", master, JARS, cores, memory_mb, work)


@pytest.mark.parametrize(
    ("environ", "active", "expected"),
    [
        ({}, False, SparkHost.LOCAL),
        ({}, True, SparkHost.GIVEN),
        ({"DATABRICKS_RUNTIME_VERSION": "17.3"}, False, SparkHost.GIVEN),
        ({"SPARK_REMOTE": "sc://host"}, False, SparkHost.GIVEN),
        ({"PYSPARK_GATEWAY_PORT": "1234"}, False, SparkHost.SUBMITTED),
        (
            {"PYSPARK_GATEWAY_PORT": "1234", "DATABRICKS_RUNTIME_VERSION": "17.3"},
            False,
            SparkHost.GIVEN,
        ),
    ],
)
def test_the_place_is_told_by_the_environment(
    environ: dict[str, str], active: bool, expected: SparkHost
):
    assert spark_host(environ, active) is expected


def test_a_local_session_has_the_jars_on_its_class_path_and_listens_to_this_machine_only():
    conf = a_local_conf()

    assert conf["spark.driver.extraClassPath"] == os.pathsep.join(str(jar) for jar in JARS)
    assert conf["spark.driver.bindAddress"] == "127.0.0.1"
    assert "spark.jars" not in conf


def test_a_session_on_a_cluster_sends_the_jars_along():
    conf = a_local_conf("spark://master:7077")

    assert conf["spark.jars"] == "file:///jars/delta-spark.jar,file:///jars/delta-storage.jar"
    assert "spark.driver.bindAddress" not in conf


@pytest.mark.parametrize(
    ("work", "java", "interpreted", "partitions"),
    [
        (SparkPreset.LARGE, "-XX:+UseParallelGC", False, "8"),
        (SparkPreset.SMALL, "-XX:+UseParallelGC", True, "2"),
        (SparkPreset.SHORT, "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC", True, "2"),
    ],
)
def test_what_a_session_is_for_decides_what_is_compiled_and_how_well(
    work: SparkPreset, java: str, interpreted: bool, partitions: str
):
    conf = a_local_conf(work=work)

    options = conf["spark.driver.extraJavaOptions"]
    assert options.endswith(f"-Duser.timezone=UTC {java} -XX:ReservedCodeCacheSize=512m")
    assert (conf.get("spark.sql.codegen.wholeStage") == "false") is interpreted
    assert conf["spark.sql.shuffle.partitions"] == partitions


@pytest.mark.parametrize(("umask", "expected"), [(0o022, "022"), (0o077, "077"), (0, "000")])
def test_files_of_java_are_as_this_process_makes_its_own(umask: int, expected: str):
    before = os.umask(umask)
    try:
        found = session_conf.process_umask()
    finally:
        os.umask(before)

    assert found == umask
    assert session_conf.process_umask() == before
    assert session_conf.files_conf(found) == {"spark.hadoop.fs.permissions.umask-mode": expected}


def test_where_the_system_does_not_tell_the_umask_it_is_asked_for(monkeypatch):
    monkeypatch.setattr(Path, "is_file", lambda _self: False)
    before = os.umask(0o027)
    try:
        assert (session_conf.process_umask(), session_conf.process_umask()) == (0o027, 0o027)
    finally:
        os.umask(before)


def test_the_log_s_conf_is_one_uri_whatever_folder_the_package_is_in(monkeypatch):
    monkeypatch.setattr(session_conf, "__file__", '/a b, {c} "ü"/session_conf.py')

    options = a_local_conf()["spark.driver.extraJavaOptions"]

    uri = "file:///a%20b%2C%20%7Bc%7D%20%22%C3%BC%22/log4j2.properties"
    assert options.startswith(f'"-Dlog4j2.configurationFile={uri}" ')


def test_rows_as_wide_as_events_are_not_worked_by_one_method():
    fields = len(silver.TABLES["events"].columns)

    assert int(a_local_conf()["spark.sql.codegen.maxFields"]) < fields


def test_a_session_knows_all_tables_of_a_lake_and_its_tables_aside_but_not_of_every_lake_it_met():
    kept = int(a_local_conf()["spark.databricks.delta.delta.log.cacheSize"])

    assert 2 * (len(silver.TABLES) + len(ops_tables.TABLES) + 1) <= kept < 200


@pytest.mark.parametrize(("cores", "expected"), [(1, 2), (2, 4), (4, 8), (64, 8)])
def test_a_shuffle_makes_two_partitions_a_core_and_eight_at_most(cores: int, expected: int):
    assert session_conf.shuffle_partitions(cores, SparkPreset.LARGE) == expected


@pytest.mark.parametrize(("machine", "expected"), [(2048, 1024), (8192, 2048), (65536, 4096)])
def test_the_heap_is_a_quarter_of_the_machine_within_bounds(machine: int, expected: int):
    assert session_conf.driver_memory_mb(machine) == expected


def test_extensions_that_are_there_stay_and_delta_comes_once():
    once = session_conf.delta_conf("org.example.Extension")["spark.sql.extensions"]

    assert once == f"org.example.Extension,{session_conf.EXTENSION}"
    assert session_conf.delta_conf(once)["spark.sql.extensions"] == once


def test_a_spark_home_of_another_version_is_refused(tmp_path: Path):
    (tmp_path / "jars").mkdir()
    (tmp_path / "jars" / "spark-core_2.13-4.2.0.jar").touch()
    environ = {"SPARK_HOME": str(tmp_path)}

    session.check_home({}, "4.2.0")
    session.check_home(environ, "4.2.0")
    with pytest.raises(ConfigError, match="holds another Spark than pyspark, which is 4.0.1"):
        session.check_home(environ, "4.0.1")


def test_without_pyspark_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(session.importlib.util, "find_spec", lambda name: None)

    with pytest.raises(ConfigError, match=r"pip install 'klaviyo-spark\[spark\]'"):
        session.spark_session()
