"""Where a lake is, on a cluster: how it is named, and that it is looked at first."""

from __future__ import annotations

from pathlib import Path

import pytest

from klaviyo_spark.errors import ConfigError
from klaviyo_spark.lake.location import Location, location
from klaviyo_spark.lake.shared import check_spelling, check_warehouse_of


@pytest.mark.parametrize(
    ("warehouse", "why"),
    [
        (
            "s3a://bucket/lake",
            r"no file system for s3a://. Add spark-submit --packages org.apache.hadoop:hadoop-aws",
        ),
        (
            "abfss://lake@account.dfs.core.windows.net/",
            r"file system for abfss://. Add spark-submit --packages org.apache.hadoop:hadoop-azure",
        ),
        ("there://bucket/lake", r"no file system for there://. Use one of s3a://, abfss://, gs://"),
        ("viewfs://none/lake", r"^warehouse viewfs://none/lake: cannot be reached: "),
    ],
)
def test_a_warehouse_that_spark_cannot_reach_is_refused_at_once(spark, warehouse, why):
    with pytest.raises(ConfigError, match=why) as refused:
        check_warehouse_of(spark, location(warehouse))
    assert len(str(refused.value).splitlines()) == 1


def test_a_uri_that_can_be_reached_need_not_be_there_yet(spark, tmp_path: Path):
    # One that Spark alone can look at, as far as this goes.
    uri = f"file://{tmp_path}/lake {{1,2}} [3]* ?"

    check_warehouse_of(spark, Location(uri, None, uri))

    assert list(tmp_path.iterdir()) == []


class Cluster:
    """A session of a cluster: local but for the name of its master."""

    def __init__(self, spark) -> None:
        self.read, self.sql, self.conf = spark.read, spark.sql, self

    def get(self, name: str) -> str:
        assert name == "spark.master"
        return "spark://host:7077"


@pytest.mark.parametrize("name", ["lake", "lake {1,2} [3]* ü?"])
def test_a_folder_that_executors_see_is_left_as_it_was(spark, tmp_path: Path, name):
    check_warehouse_of(Cluster(spark), location(f"{tmp_path}/{name}"))

    assert [path.name for path in tmp_path.rglob("*")] == [name]


def test_a_folder_that_executors_do_not_see_is_refused(spark, tmp_path: Path, monkeypatch):
    # Written where nobody reads: what happens to an executor without that folder.
    monkeypatch.setattr(Path, "write_text", lambda *_, **__: 0)

    with pytest.raises(ConfigError, match=r"executors do not see that folder \(0 of 32 files"):
        check_warehouse_of(Cluster(spark), location(f"{tmp_path}/lake"))
    assert [path.name for path in tmp_path.rglob("*")] == ["lake"]


def test_our_own_java_spells_any_folder(spark):
    check_spelling(spark, Path("/lake ü"))
