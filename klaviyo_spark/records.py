"""From pages to records: one row per JSON object, with the parts a table reads taken out.

DataFrame -> DataFrame, no I/O. A record row has the page's facts, ``at`` (its place on the page),
``json`` (the object as text) and one struct per thing parsed; ``Leaves`` knows where each path
went.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from klaviyo_spark.paths import Path, Tree, parse_path
from klaviyo_spark.spec import Related

# What a record keeps of its page.
PAGE_FACTS = (
    "_account_id",
    "parent_id",
    "slice",
    "walk_id",
    "page_no",
    "fetched_at",
)
_PAGE = ("walk_id", "page_no")
_PAGE_SCHEMA = "struct<data:array<string>,included:array<string>>"


class Leaves:
    """The leaves of a JSON column, all of them text.

    ``parse`` adds struct columns to a DataFrame; ``of`` gives the text at a path. An object wanted
    both whole and in parts is parsed twice, once to text and once from that text.
    """

    def __init__(self, source: str, name: str, wanted: Iterable[Path]) -> None:
        self._source, self._name = source, name
        self._structs: list[tuple[str, Callable[[], Column], T.StructType]] = []
        self._where: dict[tuple[str, ...], Callable[[], Column]] = {}
        tree = Tree()
        for path in wanted:
            if path.keys:
                tree.want(path)
        if tree.children:
            self._add(tree, (), lambda: F.col(source))

    @property
    def columns(self) -> list[str]:
        """Names of the struct columns that ``parse`` adds."""
        return [name for name, _, _ in self._structs]

    def parse(self, rows: DataFrame) -> DataFrame:
        """``rows`` with the structs beside them; text that is no JSON object gives NULLs."""
        for name, text, schema in self._structs:
            rows = rows.withColumn(name, F.from_json(text(), schema))
        return rows

    def of(self, path: Path) -> Column:
        """Text at ``path``: a scalar as it is, anything else as JSON; NULL where it is missing."""
        text = self._where[path.keys]() if path.keys else F.col(self._source)
        if path.index is None:
            return text
        tail = "".join(f"['{key}']" for key in path.inner)
        return F.get_json_object(text, f"$[{path.index}]{tail}")

    def proves(self, proof: str) -> Column:
        """Whether a judge's proof holds: the path is there, or ``<path> has <key>``."""
        path, _, key = proof.partition(" has ")
        text = self.of(parse_path(path[1:]))
        if not key:
            return text.isNotNull()
        return F.coalesce(F.array_contains(F.json_object_keys(text), key), F.lit(False))

    def _add(self, node: Tree, keys: tuple[str, ...], text: Callable[[], Column]) -> None:
        """Parse ``node`` from its text, which ``text`` gives."""
        name = f"{self._name}{len(self._structs)}"
        again: list[tuple[Tree, tuple[str, ...], Callable[[], Column]]] = []
        schema = self._schema(node, keys, lambda: F.col(name), again)
        self._structs.append((name, text, schema))
        twins = node.twins()
        for twin in twins:
            below = (*keys, twin)
            self._where[below] = _guarded(text, twin)
        for child, below, read in again:
            self._add(child, below, read)

    def _schema(
        self,
        node: Tree,
        keys: tuple[str, ...],
        here: Callable[[], Column],
        again: list[tuple[Tree, tuple[str, ...], Callable[[], Column]]],
    ) -> T.StructType:
        fields = []
        for key, child in node.children.items():
            if key in node.twins():
                continue
            below = (*keys, key)
            read = _field(here, key)
            if child.text:
                kind: T.DataType = T.StringType()
                self._where[below] = read
                if child.children:
                    again.append((child, below, read))
            elif child.twins():  # its late twins are read from its text
                kind = T.StringType()
                again.append((child, below, read))
            else:
                kind = self._schema(child, below, read, again)
            fields.append(T.StructField(key, kind))
        return T.StructType(fields)


def _field(parent: Callable[[], Column], key: str) -> Callable[[], Column]:
    return lambda: parent().getField(key)


def _guarded(text: Callable[[], Column], key: str) -> Callable[[], Column]:
    """A key read on its own; the cheap look first spares most rows the parsing."""
    return lambda: F.when(
        F.contains(text(), F.lit(f'"{key}"')), F.get_json_object(text(), f"$['{key}']")
    )


def explode_records(pages: DataFrame, rows: str) -> DataFrame:
    """One row per object of the pages' ``data``, or of ``included`` where ``rows`` says so.

    Args:
        pages: bronze pages with status 200.
        rows: ``data`` or ``included:<type>`` (the type is not looked at here).

    Returns:
        Page facts, ``at`` (place on the page, from 0) and ``json``; an element that is not an
        object is a row too, to be found wanting later.
    """
    array = rows.partition(":")[0]
    page = F.from_json("body", _PAGE_SCHEMA)
    unread = page.getField("data").isNull() & (F.col("record_count") > 0)
    # What Spark's JSON reader gives up on (nested a thousand deep, say) must not look empty:
    # all that stands on the page would then count as gone.
    whole = F.when(
        unread,
        F.raise_error(
            F.format_string(
                "bronze page %s/%d of %s cannot be read as JSON", "walk_id", "page_no", "endpoint"
            )
        ),
    ).otherwise(page.getField(array))
    parsed = pages.select(*PAGE_FACTS, whole.alias("objects"))
    return parsed.select(*PAGE_FACTS, F.posexplode("objects").alias("at", "json"))


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


def with_related(
    rows: DataFrame, pages: DataFrame, related: Related, leaves: Leaves, wanted: list[Path]
) -> tuple[DataFrame, Leaves]:
    """``rows`` with a related object of the same page beside each, and the leaves of that object.

    Objects are joined within their page: ``included`` holds each one once per page, and the next
    page may hold a newer state of it.
    """
    there = Leaves("related_json", f"{related.name}_", [*wanted, parse_path(".type"), _ID])
    if related.link:
        link = parse_path(related.link[1:])
        naming = Leaves("json", "naming_", [link])
        owners = naming.parse(explode_records(pages, "data"))
        named = explode_elements(owners, [naming.of(link)])
        objects = named.select(
            *_PAGE,
            F.get_json_object("element", "$.id").alias("related_id"),
            F.col("json").alias("related_json"),
        )
        parsed = there.parse(objects)
        ref = leaves.of(_ID)
    else:
        objects = explode_records(pages, "included").select(
            *_PAGE, F.col("json").alias("related_json")
        )
        parsed = there.parse(objects)
        parsed = parsed.where(there.of(parse_path(".type")) == related.type).withColumn(
            "related_id", there.of(_ID)
        )
        ref = leaves.of(parse_path(related.ref[1:]))
    beside = parsed.select(
        *[F.col(c).alias(f"{related.name}_{c}") for c in (*_PAGE, "related_id")], *there.columns
    )
    on = (
        (F.col("walk_id") == F.col(f"{related.name}_walk_id"))
        & (F.col("page_no") == F.col(f"{related.name}_page_no"))
        & (ref == F.col(f"{related.name}_related_id"))
    )
    return rows.join(beside, on=on, how="left"), there


_ID = parse_path(".id")
