"""From pages to records: one row per JSON object, with the parts a table reads taken out.

DataFrame -> DataFrame, no I/O. A record row has the page's facts, ``at`` (its place on the page),
``json`` (the object as text) and one struct per thing parsed; ``JsonFieldReader`` knows where each
path went.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from klaviyo_spark.schema import sql_text
from klaviyo_spark.schema.paths import TYPE, RowSource
from klaviyo_spark.schema.sources import BorrowedRows, RowOf
from klaviyo_spark.silver.parse import json_spelling
from klaviyo_spark.silver.parse.included import IncludedObject
from klaviyo_spark.silver.parse.json_fields import JsonFieldReader

# What a record keeps of its page.
PAGE_FACTS = (
    "_account_id",
    "parent_id",
    "slice",
    "walk_id",
    "page_number",
    "fetched_at",
)
_EMPTY = f"coalesce({sql_text.bare('{}')} = '', true)"
# And whether its texts are ``json_spelling.coded``.
_FACTS = (*PAGE_FACTS, "is_coded")
# What an error says of a page that Spark's JSON reader gives up on.
UNREADABLE = "cannot be read as JSON"
_TEXTS = "'struct<data:array<string>,included:array<string>>'"
# Some proxies put a byte order mark before a page; it is no part of it.
_BODY = "CASE WHEN startswith(body, '\ufeff') THEN substring(body, 2) ELSE body END"
# The same of a page whose ``data`` is one object.
_OBJECT = "'struct<data:string>'"


def explode_records(
    pages: DataFrame,
    rows: RowSource,
    leaves: JsonFieldReader,
    neighbours: Sequence[IncludedObject] = (),
) -> DataFrame:
    """One row per object of the pages that ``rows`` means.

    Args:
        pages: bronze pages with status 200.
        leaves: what is to be read of column ``json``, a record's type too.
        neighbours: objects of the page that are to stand beside their records.

    Returns:
        Page facts, ``is_coded``, ``at`` (place on the page, from 0), ``json``, the structs of
        ``leaves`` and the text of each neighbour, under its name; all texts as
        ``json_spelling.decoded`` takes them. An element that is not an object is a row too, to be
        found wanting later.
    """
    pages = _taken_apart(pages, is_answer=rows.is_answer)
    objects = _readable(rows.array)
    if not neighbours:
        found = pages.selectExpr(*_FACTS, f"posexplode_outer({objects}) AS (at, json)")
        return _keep_type(leaves.parse(found.where("at is not null")), rows, leaves)
    pages = _at_once(
        pages,
        *_FACTS,
        f"{objects} AS texts",
        f"transform({objects}, text -> {leaves.first('text')}) AS firsts",
        *[column for neighbour in neighbours for column in neighbour.on_page()],
    )
    parts = [
        "get(texts, at) AS json",
        f"first AS {leaves.columns[0]}",
        *[f"{n.find(leaves, 'first')} AS {sql_text.name(n.name)}" for n in neighbours],
    ]
    records = f"transform(firsts, (first, at) -> struct({', '.join(parts)}))"
    found = pages.selectExpr(*_FACTS, f"{records} AS records").selectExpr(
        *_FACTS, "posexplode_outer(records) AS (at, record)"
    )
    found = found.where("at is not null").select(*_FACTS, "at", "record.*")
    return _keep_type(leaves.parse(found, begun=True), rows, leaves)


def _keep_type(records: DataFrame, rows: RowSource, leaves: JsonFieldReader) -> DataFrame:
    if not rows.type:
        return records
    return records.where(f"{leaves.text_at(TYPE)} = {sql_text.text(rows.type)}")


def project_record_columns(pages: DataFrame, leaves: JsonFieldReader) -> DataFrame:
    """One row per object of the pages' ``data``: ``_account_id`` and the structs of ``leaves``.

    The page is read into them straight away, not into texts first. Where that does not give as
    many records as the page has, it is done in two steps. Numbers with fractions are spelt as Spark
    spells them.
    """
    quick = f"from_json(body, {sql_text.text(f'STRUCT<data: ARRAY<{leaves.type}>>')}).data"
    # The page as texts has no name of its own: it would be made for pages that do not need it.
    texts = f"transform({_readable('data', page_texts())}, text -> {leaves.first('text')})"
    pages = pages.withColumn("body", F.expr(_BODY))
    found = pages.selectExpr("*", f"{quick} AS quick").selectExpr(
        "_account_id",
        f"explode(CASE WHEN size(quick) = record_count THEN quick ELSE {texts} END) "
        f"AS {leaves.columns[0]}",
    )
    return leaves.parse(found, begun=True)


def rows_as_records(rows: DataFrame, of: RowOf, borrow: BorrowedRows | None) -> DataFrame:
    """Silver rows as records: page facts (of no page), ``is_coded``, ``at``, ``json``,
    ``row_<column>``."""
    columns, text = [of.key, *([borrow.ref] if borrow else [])], sql_text.name(of.json)
    is_array = f"startswith({text}, '[')"
    return rows.selectExpr(
        "_account_id",
        *[f"CAST(NULL AS string) AS {name}" for name in ("parent_id", "slice", "walk_id")],
        "CAST(NULL AS int) AS page_number",
        "_landed_at AS fetched_at",
        "0 AS at",
        f"{is_array} AS is_coded",
        f"CASE WHEN {is_array} THEN {json_spelling.coded(text)} ELSE {text} END AS json",
        *[f"{sql_text.name(name)} AS {sql_text.name(f'row_{name}')}" for name in columns],
    )


def page_texts(body: str = _BODY, *, is_answer: bool = False) -> str:
    """The texts of a page's objects, in SQL."""
    if not is_answer:
        return f"from_json({body}, {_TEXTS})"
    one = "CASE WHEN one.data IS NOT NULL THEN array(one.data) END AS data"
    page = f"struct({one}, CAST(NULL AS array<string>) AS included)"
    return f"transform(array(from_json({body}, {_OBJECT})), one -> {page})[0]"


def lacks_records(page: str = "page") -> str:
    """SQL: whether the parsed ``page`` has not the records that it was landed with."""
    return f"({page}.data IS NULL AND record_count > 0)"


def _taken_apart(pages: DataFrame, *, is_answer: bool) -> DataFrame:
    """Page facts, ``is_coded`` and ``page``: the texts of its objects, no value spelt anew."""
    facts = (*PAGE_FACTS, "endpoint", "record_count")
    alike, is_read = json_spelling.is_alike("text", "page"), "again.data IS NOT NULL"
    again = f"CASE WHEN coded != text THEN {page_texts('coded', is_answer=is_answer)} END"
    return (
        pages.selectExpr("*", f"{_BODY} AS text", f"{page_texts(is_answer=is_answer)} AS page")
        .selectExpr("*", f"CASE WHEN NOT ({alike}) THEN {json_spelling.coded('text')} END AS coded")
        .selectExpr("*", f"{again} AS again")
        .selectExpr(
            *facts,
            f"{is_read} AS is_coded",
            f"CASE WHEN {is_read} THEN again ELSE page END AS page",
        )
    )


def _readable(array: str, page: str = "page") -> str:
    """An array of the parsed ``page``; an error for a page that Spark's JSON reader gives up on.

    Nested a thousand deep, say. It must not look empty: all that stands on it would count as gone.
    """
    said = f"'bronze page %s/%d of %s {UNREADABLE}', walk_id, page_number, endpoint"
    return (
        f"CASE WHEN {lacks_records(page)} "
        f"THEN raise_error(format_string({said})) ELSE {page}.{array} END"
    )


def _at_once(rows: DataFrame, *columns: str) -> DataFrame:
    """``rows.selectExpr(*columns)`` that is worked out once, however often it is looked at later.

    Spark's optimiser moves what an expression names into the expression. In one that runs through
    a page's records, that would work it out anew for each of them; ``inline`` is in its way.
    """
    return rows.selectExpr(f"inline(array(struct({', '.join(columns)})))")


def explode_elements(rows: DataFrame, arrays: list[str], *, distinct: bool = False) -> DataFrame:
    """One row per element of the rows' arrays, given as text; ``element`` is its text.

    A scalar or an object counts as an array of one, so does what only begins like an array; NULL,
    blank text and ``[]`` give no row. An element that is NULL or blank is a row whose ``empties``
    is 1, not 0.

    Args:
        distinct: elements of one text are one, but for those that hold nothing.
    """
    arrays = [json_spelling.as_array(array) for array in arrays]
    elements = [
        f"CASE WHEN startswith({sql_text.bare(array)}, '[') "
        f"THEN coalesce(from_json({array}, 'array<string>'), array({array})) "
        f"WHEN {sql_text.bare(array)} <> '' THEN array({array}) END"
        for array in arrays
    ]
    listed = ", ".join(f"coalesce({one}, CAST(array() AS array<string>))" for one in elements)
    every = f"concat({listed})"
    if distinct:
        empty = f"filter({every}, one -> {_EMPTY.format('one')})"
        held = f"filter({every}, one -> NOT {_EMPTY.format('one')})"
        every = f"concat(array_distinct({held}), {empty})"
    return rows.selectExpr("*", f"posexplode({every}) AS (element_index, element)").selectExpr(
        "*", f"CAST({_EMPTY.format('element')} AS int) AS empties"
    )


def explode_positions(rows: DataFrame, axis: str, arrays: str, *, skips_zeros: bool) -> DataFrame:
    """One row per position of arrays that stand side by side.

    Both texts are parsed once a row, and cut into positions before these are rows: a row for each
    of a year's days would carry, and parse, all of that year.

    Args:
        axis: text of an array, one element a position; where it is NULL there is no row.
        arrays: text of an object whose values are arrays as long.
        skips_zeros: leave positions out where all of them have zero.

    Returns:
        ``rows`` with ``axis_value`` and ``values``, what each array has there.
    """
    parsed = rows.selectExpr(
        "*",
        f"from_json({arrays}, 'map<string,array<string>>') AS arrays",
        f"from_json({axis}, 'array<string>') AS axis",
    )
    values = "transform_values(arrays, (name, array) -> get(array, position))"
    cells = f"transform(axis, (cell, position) -> struct(cell AS axis_value, {values} AS values))"
    if skips_zeros:
        number = f"try_cast({json_spelling.decoded('one', 'is_coded')} AS double)"
        some = f"exists(map_values(cell.values), one -> coalesce({number}, 1) <> 0)"
        cells = f"filter({cells}, cell -> {some})"
    return parsed.selectExpr(*map(sql_text.name, rows.columns), f"inline({cells})")
