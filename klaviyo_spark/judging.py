"""Which parents a run has read fresh: children they no longer have are gone. No I/O here."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from klaviyo_spark import sql
from klaviyo_spark.leaves import Leaves
from klaviyo_spark.paths import parse_path
from klaviyo_spark.records import explode_records
from klaviyo_spark.spec import Judge

_ID, _TYPE = parse_path(".id"), parse_path(".type")


def present_parents(pages: DataFrame, judge: Judge) -> DataFrame:
    """Parents that were read fresh: ``_account_id``, ``parent_key``, ``judged_at`` (fetch time).

    A record that says nothing about its children (the judge's proof fails) is left out.
    """
    paths = [judge.parent, judge.proof, *judge.childless]
    rows, leaves = _parsed(pages, judge.endpoint, judge.rows, paths)
    if judge.proof:
        rows = rows.where(leaves.proves(judge.proof))
    for path in judge.childless:
        rows = rows.where(f"{leaves.of(parse_path(path[1:]))} IS NULL")
    parent = leaves.of(parse_path(judge.parent[1:]))
    return (
        rows.selectExpr("_account_id", f"{parent} AS parent_key", "fetched_at")
        .where("parent_key is not null")
        .groupBy("_account_id", "parent_key")
        .agg(F.max("fetched_at").alias("judged_at"))
    )


def _parsed(
    pages: DataFrame, endpoint: str, rows: str, paths: list[str]
) -> tuple[DataFrame, Leaves]:
    """Records of an endpoint with the leaves at ``paths``, those of other types left out."""
    _, _, type = rows.partition(":")
    wanted = [parse_path(p.partition(" has ")[0][1:]) for p in paths if p]
    leaves = Leaves("json", "record_", [_ID, _TYPE, *wanted])
    records = explode_records(pages.where(F.col("endpoint") == endpoint), rows, leaves)
    of_type = f"{leaves.of(_TYPE)} = {sql.text(type)}"
    return (records.where(of_type) if type else records), leaves
