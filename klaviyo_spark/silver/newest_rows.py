"""Which of the rows read counts, where several have one key. DataFrame -> DataFrame, no I/O here.

Rows are those of ``project.project``, those that are broken found (``quality.with_broken``).
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from klaviyo_spark.schema import sql_text
from klaviyo_spark.schema.bookkeeping import columns_of
from klaviyo_spark.schema.checks import LEFT_OUT
from klaviyo_spark.schema.columns import Column
from klaviyo_spark.schema.table import TableSpec
from klaviyo_spark.silver.changes import row_hash
from klaviyo_spark.silver.parse import missing_parts

# What has no key to share: where each is from tells them apart.
_ALONE = """
    CASE WHEN broken IS NOT NULL OR empties > 0 THEN struct(walk_id, page_number, `order`) END
"""
# The page that a record stands on; elements of records are one answer, whatever page it is.
_ANSWER = "CASE WHEN `order`.element_index IS NULL THEN struct(walk_id, page_number) END"
_PLACE = "`order`.`order`.place"


def keep_newest(rows: DataFrame, table: TableSpec, *, together: bool = False) -> DataFrame:
    """One row per key and account: newest value per source, sources in the column's order.

    Of one answer, rows that share a key and differ are not versions of one another: the last
    stays, and ``rivals`` counts the others. ``listings`` is 1 where a record stands in listings of
    which the first counts.

    Args:
        together: bring rows together by partition, as they are going to be written, rather than by
            key: one way through the network for both. A key whose partition has changed has a row
            in each then.

    Of several sources, ``sources`` says which have given the row; ``seen_at`` and ``version`` are
    those of a source that gives rows, and NULL where the row was only filled.

    Rows that are broken, and elements that hold nothing, have no key to share, so each stays.
    """
    if table.made_of:  # rows of a table that has each once, and each element once in a row
        return rows.selectExpr("*", "0 AS rivals", "0 AS listings")
    day = [table.partition.name] if table.partition and together else []
    key = ", ".join(map(sql_text.name, (*day, "_account_id", *table.key)))
    rows = _newest(rows.repartition(*day) if day else rows, table, f"{key}, source, {_ALONE}")
    if len(table.sources) == 1:
        return rows
    return _overlay(rows, table)


def _newest(rows: DataFrame, table: TableSpec, by: str) -> DataFrame:
    """The row that comes last in ``order``, of all that are equal ``by``.

    All that is asked of the others is asked in the same window: it costs no pass of its own.
    """
    over = f"OVER (PARTITION BY {by} ORDER BY `order` DESC"
    every = f"{over} ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)"
    names = [c.name for c in columns_of(table) if c.name not in table.key]
    facts, rivals, listings = [f"row_number() {over}) AS rank"], "0", "0"
    if names:
        rows = rows.selectExpr(
            "*", f"struct({_ANSWER} AS answer, {row_hash(names)} AS hash) AS said"
        )
        facts.append(f"collect_set(said) {every} AS all_said")
        rivals = (
            "size(filter(all_said, one -> one.answer <=> said.answer AND one.hash <> said.hash))"
        )
    if table.listed_under:
        first = f"struct({_PLACE} AS place, {sql_text.name(table.listed_under)} AS value)"
        facts += [f"max({first}) {every} AS first", f"min({_PLACE}) {every} AS last_place"]
        listings = "CAST(first.place <> last_place AS int)"
    kept = {c: sql_text.name(c) for c in rows.columns if c != "said"}
    if table.listed_under:
        kept[table.listed_under] = "first.value"
    return (
        rows.selectExpr("*", *facts)
        .where("rank = 1")
        .selectExpr(
            *[f"{text} AS {sql_text.name(name)}" for name, text in kept.items()],
            f"{rivals} AS rivals",
            f"{listings} AS listings",
        )
    )


def _overlay(rows: DataFrame, table: TableSpec) -> DataFrame:
    """Rows of one key from several sources laid over one another."""
    columns = [c for c in columns_of(table) if c.name not in table.key]
    given = f"NOT {sql_text.one_of('source', table.fillers)}"
    facts = [
        f"max(seen_at) FILTER (WHERE {given}) AS seen_at",
        f"max(version) FILTER (WHERE {given}) AS version",
        *[f"CAST(sum({count}) AS int) AS {count}" for count in ("nulled", *LEFT_OUT)],
        "collect_set(source) AS sources",
        "first(broken) AS broken",
    ]
    if missing_parts.has_labels(table, columns_of(table)):
        facts.append("array_distinct(flatten(collect_list(missing))) AS missing")
    merged = rows.groupBy("_account_id", *table.key, F.expr(_ALONE).alias("alone")).agg(
        *[F.expr(f"{_coalesced_reads(c)} AS {sql_text.name(c.name)}") for c in columns],
        *map(F.expr, facts),
    )
    return merged.drop("alone")


def _coalesced_reads(column: Column) -> str:
    """What the first of the column's sources says that says anything."""
    name = sql_text.name(column.name)
    said = [
        f"max({name}) FILTER (WHERE source = {sql_text.text(source)})" for source in column.reads
    ]
    return f"coalesce({', '.join(said)})"
