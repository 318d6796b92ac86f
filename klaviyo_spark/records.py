"""From pages to records: one row per JSON object, with the parts a table reads taken out.

DataFrame -> DataFrame, no I/O. A record row has the page's facts, ``at`` (its place on the page),
``json`` (the object as text) and one struct per thing parsed; ``Leaves`` knows where each path
went.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from klaviyo_spark.leaves import Leaves
from klaviyo_spark.neighbours import Neighbour
from klaviyo_spark.spec import Borrow, RowOf

# What a record keeps of its page.
PAGE_FACTS = (
    "_account_id",
    "parent_id",
    "slice",
    "walk_id",
    "page_no",
    "fetched_at",
)
_PAGE_SCHEMA = "struct<data:array<string>,included:array<string>>"


def explode_records(
    pages: DataFrame, rows: str, leaves: Leaves, neighbours: Sequence[Neighbour] = ()
) -> DataFrame:
    """One row per object of the pages' ``data``, or of ``included`` where ``rows`` says so.

    Args:
        pages: bronze pages with status 200.
        rows: ``data`` or ``included:<type>`` (the type is not looked at here).
        leaves: what is to be read of column ``json``.
        neighbours: objects of the page that are to stand beside their records.

    Returns:
        Page facts, ``at`` (place on the page, from 0), ``json``, the structs of ``leaves`` and the
        text of each neighbour, under its name. An element that is not an object is a row too, to
        be found wanting later.
    """
    pages = pages.select(
        *PAGE_FACTS, "endpoint", "record_count", F.from_json("body", _PAGE_SCHEMA).alias("page")
    )
    objects = _readable(rows.partition(":")[0])
    if not neighbours:
        found = pages.select(*PAGE_FACTS, F.posexplode_outer(objects).alias("at", "json"))
        return leaves.parse(found.where("at is not null"))
    offered = [column for neighbour in neighbours for column in neighbour.on_page()]
    pages = _at_once(
        pages,
        *PAGE_FACTS,
        objects.alias("texts"),
        F.transform(objects, leaves.first).alias("firsts"),
        *offered,
    )

    def record(first: Column, at: Column) -> Column:
        found = [n.find(leaves, first).alias(n.name) for n in neighbours]
        return F.struct(F.get("texts", at).alias("json"), first.alias(leaves.columns[0]), *found)

    pages = pages.withColumn("records", F.transform("firsts", record))
    found = pages.select(*PAGE_FACTS, F.posexplode_outer("records").alias("at", "record"))
    return leaves.parse(
        found.where("at is not null").select(*PAGE_FACTS, "at", "record.*"), begun=True
    )


def rows_as_records(rows: DataFrame, of: RowOf, borrow: Borrow | None) -> DataFrame:
    """Silver rows as records: page facts (of no page), ``at``, ``json``, ``row_<column>``."""
    columns = [of.key, *([borrow.ref] if borrow else [])]
    nowhere = F.lit(None).cast("string")
    return rows.select(
        "_account_id",
        *[nowhere.alias(name) for name in ("parent_id", "slice", "walk_id")],
        nowhere.cast("int").alias("page_no"),
        F.col("_landed_at").alias("fetched_at"),
        F.lit(0).alias("at"),
        F.col(of.json).alias("json"),
        *[F.col(name).alias(f"row_{name}") for name in columns],
    )


def _readable(array: str) -> Column:
    """An array of the parsed page; an error for a page that Spark's JSON reader gives up on.

    Nested a thousand deep, say. It must not look empty: all that stands on it would count as gone.
    """
    unread = F.col("page.data").isNull() & (F.col("record_count") > 0)
    error = F.format_string(
        "bronze page %s/%d of %s cannot be read as JSON", "walk_id", "page_no", "endpoint"
    )
    return F.when(unread, F.raise_error(error)).otherwise(F.col(f"page.{array}"))


def _at_once(rows: DataFrame, *columns: Column | str) -> DataFrame:
    """``rows.select(*columns)`` that is worked out once, however often it is looked at later.

    Spark's optimiser moves what an expression names into the expression. In one that runs through
    a page's records, that would work it out anew for each of them; ``inline`` is in its way.
    """
    return rows.select(F.inline(F.array(F.struct(*columns))))


def explode_elements(rows: DataFrame, arrays: list[Column]) -> DataFrame:
    """One row per element of the rows' arrays, given as text; ``element`` is its text.

    A scalar or an object counts as an array of one; NULL and ``[]`` give no row.
    """
    elements = [
        F.when(F.ltrim(array).startswith("["), F.from_json(array, "array<string>")).when(
            array.isNotNull(), F.array(array)
        )
        for array in arrays
    ]
    empty = F.array().cast("array<string>")
    every = F.concat(*[F.coalesce(e, empty) for e in elements])
    return rows.select("*", F.posexplode(every).alias("element_at", "element"))
