"""What proves that rows of silver tables are gone. No Spark, no I/O here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from klaviyo_spark.schema.paths import (
    ID,
    FieldPath,
    Proof,
    RowSource,
    parse_each,
    parse_path,
    parse_proof,
    parse_rows,
)
from klaviyo_spark.schema.sources import RowOf


@dataclass(frozen=True)
class AnsweredDays:
    """The days that an answer read to its end has all rows of.

    What a number is put down to may change: then the row that had it is no longer in the answer. An
    answer that has no row at all proves nothing, since it may as well be a fault of Klaviyo's.

    Args:
        rows: path of the answer's array that its rows are elements of.
        day: column of the table that holds the day.
        of: fact of the slice that says what the answer is about, as ``judged_per`` has it.
        first, last: facts of the slice: the days that it was asked for, both inside.
    """

    rows: str
    day: str
    of: str
    first: str = "first"
    last: str = "last"

    @cached_property
    def rows_path(self) -> FieldPath:
        """``rows``, parsed."""
        return parse_path(self.rows)


@dataclass(frozen=True)
class DeletionRule:
    """What proves that rows are gone: a fresh read of their parent that no longer has them.

    Nothing else does: a 404 for a parent says neither that it is gone nor its children.

    Args:
        endpoint: whose pages hold the parents, or list the children of one parent (``whole``).
        rows: as in ``Source``.
        parent: path of the parent's id in such a record.
        proof: a path where an object or an array must be, or ``<path> has <key>``, where an array
            or null must be: else the record says nothing about its children
            (``relationships.tags`` without ``data`` was not included).
        childless: paths of which none may hold anything: the record names no child at all.
        names: path of the array that names the children. Those that it names are there, whether
            the page includes them or not.
        whole: the endpoint's complete reads prove it, per parent id or for the table as a whole.
        of: the silver rows that are the parents: one that a run has written was read fresh.
        days: an answer proves it, of the days that it is about.
    """

    endpoint: str
    rows: str = "data"
    parent: str = ""
    proof: str = ""
    childless: tuple[str, ...] = ()
    names: str = ""
    whole: bool = False
    of: RowOf | None = None
    days: AnsweredDays | None = None

    @cached_property
    def row_source(self) -> RowSource:
        """``rows``, parsed."""
        return parse_rows(self.rows)

    @cached_property
    def parent_path(self) -> FieldPath:
        """``parent``, parsed; of the record's id where nothing is said."""
        return parse_path(self.parent) if self.parent else ID

    @cached_property
    def required(self) -> Proof | None:
        """``proof``, parsed."""
        return parse_proof(self.proof) if self.proof else None

    @cached_property
    def childless_paths(self) -> tuple[FieldPath, ...]:
        """``childless``, parsed."""
        return parse_each(self.childless, parse_path)

    @cached_property
    def names_path(self) -> FieldPath | None:
        """``names``, parsed."""
        return parse_path(self.names) if self.names else None


@dataclass(frozen=True)
class Parent:
    """The table whose marks pass to this one: ``column`` here holds its key."""

    table: str
    column: str
