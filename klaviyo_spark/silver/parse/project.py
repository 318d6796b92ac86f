"""From bronze pages to the rows of a silver table. DataFrame -> DataFrame, no I/O here.

    rows = project(pages, TABLES["campaigns"])       typed, in spec order, all that was read
    kept = keep_newest(rows, TABLES["campaigns"])    one row per key (``newest_rows``)

Rows carry ``_account_id`` and these columns for the steps after: ``seen_at`` (fetch time of the
page), ``order`` (sorts versions of one key), ``nulled`` (cells that did not fit), ``empties`` (1:
an element that holds nothing), ``odd`` (an element that is not the object it should be), ``json``.
It is long, since the shape of a row is stated where it is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from klaviyo_spark.schema import sql_text
from klaviyo_spark.schema.bookkeeping import columns_of
from klaviyo_spark.schema.checks import unfit
from klaviyo_spark.schema.columns import Column as ColumnSpec
from klaviyo_spark.schema.paths import ID, TYPE, FieldPath, FieldRead
from klaviyo_spark.schema.sources import Precedence, Source, TimeBounds, Zip
from klaviyo_spark.schema.table import TableSpec
from klaviyo_spark.silver.parse import missing_parts
from klaviyo_spark.silver.parse.cast import shaped, typed
from klaviyo_spark.silver.parse.explode import (
    explode_elements,
    explode_positions,
    explode_records,
    project_record_columns,
    rows_as_records,
)
from klaviyo_spark.silver.parse.included import IncludedObject
from klaviyo_spark.silver.parse.json_fields import JsonFieldReader
from klaviyo_spark.silver.parse.json_spelling import decoded, holds_code

_VERSION = "version"
# Of each column what it is read from, of one source.
Reads = Mapping[str, Sequence[FieldRead]]


def project_columns(pages: DataFrame, table: TableSpec, names: Sequence[str]) -> DataFrame:
    """Some columns of each record of ``pages`` that is a row of ``table``, doubles too.

    Args:
        pages: bronze pages with status 200.
        names: columns of a table with one source that say all by themselves: read from the record,
            for no wall clock.

    Returns:
        ``_account_id``, then the columns in the order of ``names``.
    """
    (source,) = table.sources
    by_name = {column.name: column for column in table.columns}
    columns = [by_name[name] for name in names]
    reads = [c.field_reads[source.name] for c in columns]
    leaves = JsonFieldReader(
        "json", "record_", [read.path for several in reads for read in several]
    )
    cells = []
    for column, several in zip(columns, reads, strict=True):
        value, _ = _cell(column, [leaves.text_at(read.path) for read in several])
        cells.append(f"{value} AS {sql_text.name(column.name)}")
    mine = pages.where(f"endpoint = {sql_text.text(source.endpoint)}")
    return project_record_columns(mine, leaves).selectExpr("_account_id", *cells)


def project(
    pages: DataFrame, table: TableSpec, silver: Mapping[str, DataFrame] | None = None
) -> DataFrame:
    """Give each record of ``pages`` that is a row of ``table`` its typed columns.

    Args:
        pages: bronze pages with status 200, of any endpoints.
        silver: tables that sources borrow from, as they are now; of the table that sources are
            made of, the rows that count as read.

    Returns:
        Columns as the module says; of a table with several sources, each row fills the columns of
        one, and ``source`` names it. A path that is missing, or a value that does not fit its
        type, gives NULL.
    """
    shapes = [_project_source(pages, table, source, silver or {}) for source in table.sources]
    rows = shapes[0]
    for more in shapes[1:]:
        rows = rows.unionByName(more)
    return rows


@dataclass
class _Scopes:
    """Where the reads of one source find their text.

    ``zip``: then an element is a row per position; see ``explode.explode_positions``.
    """

    leaves: dict[str, JsonFieldReader]
    zip: Zip | None = None

    def text(self, read: FieldRead) -> str:
        if self.zip and read == FieldRead("^", self.zip.axis_path):
            return "axis_value"
        if self.zip and read.scope == "$" and _is_zipped(read.path, self.zip):
            return f"values[{sql_text.text(read.path.keys[-1])}]"
        if read.scope == "page":
            return _page_fact(read.path)
        if read.scope == "row":
            return sql_text.name(f"row_{read.path.keys[0]}")
        text = self.leaves[read.scope].text_at(read.path)
        if read.only_if:
            path, value = read.only_if
            met = f"{self.leaves[read.scope].text_at(path)} = {sql_text.text(value)}"
            text = f"CASE WHEN {met} THEN {text} END"
        return text


def _page_fact(path: FieldPath) -> str:
    match path.keys:
        case ("slice", fact):
            return f"get_json_object(slice, {sql_text.text(f'$.{fact}')})"
        case ("parent_id",):
            return "parent_id"
        case ("fetched_at",):
            return "CAST(fetched_at AS string)"
        case _:  # "present": a member that is on the page is a member
            return "'true'"


def _project_source(
    pages: DataFrame, table: TableSpec, source: Source, silver: Mapping[str, DataFrame]
) -> DataFrame:
    reads = _reads(table, source)
    record_scope = "^" if source.explode else "$"
    paths = _paths_by_scope(reads, table)
    wanted = list(paths.get(record_scope, []))
    wanted += source.arrays
    wanted += [source.zip.axis_path] if source.zip else []
    if source.of:
        leaves = JsonFieldReader("json", "record_", wanted)
        records, neighbours = rows_as_records(silver[source.of.table], source.of, source.borrow), []
    else:
        wanted += [related.ref_path for related in source.related if related.ref_path]
        if source.version_path:
            wanted.append(source.version_path)
        leaves = JsonFieldReader("json", "record_", [ID, TYPE, *wanted])
        pages = pages.where(f"endpoint = {sql_text.text(source.endpoint)}")
        neighbours = [IncludedObject(related) for related in source.related]
        records = explode_records(pages, source.row_source, leaves, neighbours)
    scopes = _Scopes({record_scope: leaves}, source.zip)
    for related, neighbour in zip(source.related, neighbours, strict=True):
        beside = JsonFieldReader(neighbour.name, f"{related.name}_", paths.get(related.name, []))
        records = beside.parse(records)
        scopes.leaves[related.name] = beside
    version = "CAST(NULL AS string)"
    if source.version_path:
        version = decoded(leaves.text_at(source.version_path), "is_coded")
    records = (
        records.selectExpr("*", f"{version} AS version_text")
        .selectExpr(
            "*", f"{typed(_TIMESTAMP, 'version_text')} AS stated", f"{_place(source)} AS place"
        )
        .selectExpr("*", f"{possible_version('stated', 'fetched_at')} AS {_VERSION}")
        .selectExpr(
            "*", f"struct({_VERSION}, place, fetched_at, page_number, walk_id, at) AS `order`"
        )
    )
    if source.explode:
        if not source.of and not source.row_source.is_answer:  # each of these is there once
            records = _newest_records(records, leaves)
        rows = _elements(records, source, scopes, silver)
        needed = [source.needed_path] if source.needed_path else []
        here = [path for path in paths.get("$", []) if not _is_zipped(path, source.zip)]
        here += [source.zip.arrays_path] if source.zip else []
        inner = JsonFieldReader("element", "element_", [*here, *needed])
        rows = inner.parse(rows)
        if source.zip:
            axis = leaves.text_at(source.zip.axis_path)
            arrays = inner.text_at(source.zip.arrays_path)
            rows = explode_positions(rows, axis, arrays, skips_zeros=source.zip.skips_zeros)
        for path in needed:
            rows = rows.where(f"{inner.text_at(path)} IS NOT NULL OR empties > 0")
        scopes.leaves["$"] = inner
    else:
        rows = records.selectExpr("*", "CAST(NULL AS int) AS element_index", "0 AS empties")
    if source.bounds:
        [owner] = reads[source.bounds.on]
        rows = _keep_in_bounds(rows, source.bounds, scopes.text(owner), silver[source.bounds.table])
    return _select(rows, table, source, reads, scopes)


def _select(
    rows: DataFrame,
    table: TableSpec,
    source: Source,
    reads: Reads,
    scopes: _Scopes,
) -> DataFrame:
    """The whole shape of a projected row, stated once."""
    rows, written = _with_texts(rows, reads, scopes)
    cells, nulled = [], []
    for column in columns_of(table):
        texts = [written[read] for read in reads[column.name]]
        if not texts:
            cells.append(f"CAST(NULL AS {column.type}) AS {sql_text.name(column.name)}")
            continue
        value, misfit = _cell(column, texts, _wall_clock(column, scopes))
        if source.explode and column.name in table.id_parts:  # what holds nothing has no key
            value = f"CASE WHEN empties = 0 THEN {value} END"
        cells.append(f"{value} AS {sql_text.name(column.name)}")
        if column.type != "string":
            nulled.append(f"CAST({misfit} AS int)")
    columns = columns_of(table)
    missing = []
    if missing_parts.has_labels(table, columns):
        missing = [f"{missing_parts.missing_labels(source, columns, scopes.leaves)} AS missing"]
    return rows.selectExpr(
        "_account_id",
        *cells,
        *missing,
        "fetched_at AS seen_at",
        "struct(`order`, element_index) AS `order`",
        _VERSION,
        f"{sql_text.text(source.name)} AS source",
        f"{' + '.join(nulled) or '0'} AS nulled",
        "empties",
        f"{_odd(source, reads)} AS odd",
        "json",
        "is_coded",
        "walk_id",
        "page_number",
        "at",
    )


def _with_texts(
    rows: DataFrame, reads: Reads, scopes: _Scopes
) -> tuple[DataFrame, dict[FieldRead, str]]:
    """``rows`` with each reading's text as Klaviyo wrote it, and where that is.

    Rows that have something to decode are few. All their texts are decoded in one expression:
    one for each text would make the query several times as large, for every row.
    """
    texts = {read: scopes.text(read) for several in reads.values() for read in several}
    of_json = [text for read, text in texts.items() if read.scope in scopes.leaves]
    if not of_json:
        return rows, texts
    sources = [leaves.source for leaves in scopes.leaves.values()]
    any_coded = " OR ".join(holds_code(sql_text.name(source), "is_coded") for source in sources)
    every = f"transform(array({', '.join(of_json)}), text -> {decoded('text', 'is_coded')})"
    rows = rows.selectExpr("*", f"CASE WHEN {any_coded} THEN {every} END AS decoded")
    names = {text: f"text_{at}" for at, text in enumerate(of_json)}
    columns = [
        f"coalesce(get(decoded, {at}), {text}) AS {names[text]}" for at, text in enumerate(of_json)
    ]
    return rows.selectExpr("*", *columns), {r: names.get(text, text) for r, text in texts.items()}


def _cell(column: ColumnSpec, texts: Sequence[str], wall_clock: str = "") -> tuple[str, str]:
    """A cell in SQL, and whether it is a misfit: some reading has text, and none fits.

    The first reading that gives a value wins. Each is typed by itself, since what is there need not
    fit. In a text column empty text is a value.
    """
    shapes = [shaped(column, text) for text in texts]
    value = _first_of([typed(column, shape, wall_clock) for shape in shapes])
    said = _first_of([f"nullif({shape}, '')" for shape in shapes])
    return value, f"{said} IS NOT NULL AND {value} IS NULL"


def _elements(
    records: DataFrame, source: Source, scopes: _Scopes, silver: Mapping[str, DataFrame]
) -> DataFrame:
    """One row per element of the records' arrays; of borrowed rows where a record has no array."""
    arrays = [scopes.leaves["^"].text_at(path) for path in source.arrays]
    own = explode_elements(records, arrays, distinct=source.of is not None)
    if not source.borrow:
        return own
    lent = (
        silver[source.borrow.table]
        .where("_deleted_at is null")
        .select(
            F.col("_account_id").alias("lent_account"),
            F.col(source.borrow.on).alias("lent_by"),
            F.col(source.borrow.column).alias("element"),
        )
    )
    lacking = records.where(f"coalesce({', '.join(arrays)}) IS NULL")
    ref = F.col(f"row_{source.borrow.ref}")
    on = (F.col("_account_id") == F.col("lent_account")) & (ref == F.col("lent_by"))
    borrowed = lacking.join(lent, on=on, how="inner").withColumns(
        {"element_index": F.lit(0), "empties": F.lit(0), "is_coded": F.lit(False)}
    )
    return own.unionByName(borrowed.drop("lent_account", "lent_by"))


def _newest_records(records: DataFrame, leaves: JsonFieldReader) -> DataFrame:
    """One row per record id: what an older reading of a record listed must not come back.

    Of one version that an answer holds twice, both: neither is the newer one.
    """
    id = leaves.text_at(ID)
    whose = f"CASE WHEN {unfit(id)} THEN concat_ws(' ', walk_id, page_number, at) ELSE {id} END"
    newest = f"struct({_VERSION}, place, fetched_at, page_number, walk_id)"
    by = f"_account_id, parent_id, {whose}"
    rank = f"rank() OVER (PARTITION BY {by} ORDER BY {newest} DESC) AS rank"
    return records.selectExpr("*", rank).where("rank = 1").drop("rank")


def possible_version(version: str, seen_at: str) -> str:
    """``version`` in SQL, NULL where it is more than a day later than it was ``seen_at``.

    Each honest reading would look older than such a one, for ever.
    """
    return f"CASE WHEN {version} <= {seen_at} + INTERVAL 1 DAY THEN {version} END"


def place_in(precedence: Precedence, text: str) -> str:
    """Where ``text``, in SQL, stands in the order: 0 is the first, what comes later is less."""
    places = " ".join(
        f"WHEN {sql_text.text(value)} THEN {-place}"
        for place, value in enumerate(precedence.values)
    )
    return f"CASE {text} {places} ELSE {-len(precedence.values)} END"


def _place(source: Source) -> str:
    if not source.precedence:
        return "0"
    return place_in(source.precedence, _page_fact(source.precedence.read.path))


def _odd(source: Source, reads: Reads) -> str:
    """Whether an element is a scalar or an array where columns are read in an object."""
    every = [read for several in reads.values() for read in several]
    if not source.explode or any(r.scope == "$" and not r.path.keys for r in every):
        return "false"
    return f"empties = 0 AND substring({sql_text.bare('element')}, 1, 1) <> '{{'"


def _reads(table: TableSpec, source: Source) -> Reads:
    return {c.name: c.field_reads.get(source.name, ()) for c in columns_of(table)}


def _paths_by_scope(reads: Reads, table: TableSpec) -> dict[str, list[FieldPath]]:
    paths: dict[str, list[FieldPath]] = {}
    for read in [r for several in reads.values() for r in several]:
        if read.scope not in ("page", "row"):
            paths.setdefault(read.scope, []).append(read.path)
            if read.only_if:
                paths[read.scope].append(read.only_if[0])
    for column in columns_of(table):
        for flag in column.wall_clock_flags:
            paths.setdefault("$", []).append(flag)
    return paths


def _wall_clock(column: ColumnSpec, scopes: _Scopes) -> str:
    flags = [typed(_FLAG, scopes.leaves["$"].text_at(path)) for path in column.wall_clock_flags]
    return f"coalesce({', '.join(flags)}, false)" if flags else ""


def _is_zipped(path: FieldPath, zip: Zip | None) -> bool:
    return zip is not None and path.keys[:-1] == zip.arrays_path.keys


def _keep_in_bounds(
    rows: DataFrame, bounds: TimeBounds, owner: str, silver: DataFrame
) -> DataFrame:
    """Those of ``rows`` whose ``owner`` has its time within the bounds that their page states."""
    times = silver.selectExpr(
        "_account_id AS w_account",
        f"{sql_text.name(bounds.on)} AS w_owner",
        f"{sql_text.name(bounds.time)} AS w_time",
    )
    same = f"_account_id = w_account AND {owner} = w_owner AND w_time IS NOT NULL"
    limits = [
        f"coalesce(w_time {sign} try_cast({_page_fact(FieldPath(('slice', fact)))} AS timestamp)"
        ", true)"
        for sign, fact in ((">=", bounds.start), ("<=", bounds.end))
    ]
    return rows.join(times, F.expr(f"{same} AND {' AND '.join(limits)}"), "left_semi")


def _first_of(texts: list[str]) -> str:
    return f"coalesce({', '.join(texts)})" if len(texts) > 1 else texts[0]


_FLAG = ColumnSpec("flag", "boolean", {}, "that a time is a wall clock")
_TIMESTAMP = ColumnSpec(_VERSION, "timestamp", {}, "when the record last changed")
