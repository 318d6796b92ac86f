"""What a user writes for the lake's place, as Spark, delta-rs, the lock and SQL all take it."""

from __future__ import annotations

from deltalake import DeltaTable

from klaviyo_spark.lake.tables import Place, folder_in
from tests.data.odd_texts import ODD_FOLDER


def test_spark_and_delta_rs_find_an_odd_folder_by_its_name(spark, tmp_path):
    place = Place(f"{tmp_path}/{ODD_FOLDER}", None, "b", "s", "o")
    name = place.table("s", "t")
    spark.sql(f"CREATE TABLE {name} (a int) USING delta")

    spark.sql("SELECT 1 AS a").write.format("delta").mode("append").save(folder_in(name))
    spark.sql(f"INSERT INTO {name} VALUES (2)")

    folder = tmp_path / ODD_FOLDER / "s.db" / "t"
    assert [path.name for path in tmp_path.iterdir()] == [ODD_FOLDER]
    assert sorted(DeltaTable(folder).to_pyarrow_table()["a"].to_pylist()) == [1, 2]
