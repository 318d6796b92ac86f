"""Where rows of silver tables come from: records of pages, what stands beside them, other rows.

No Spark, no I/O here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from klaviyo_spark.schema.endpoint import Part
from klaviyo_spark.schema.paths import (
    FieldPath,
    FieldRead,
    RowSource,
    parse_array,
    parse_each,
    parse_path,
    parse_rows,
)


@dataclass(frozen=True)
class Related:
    """An object of ``included[]`` that a record points to.

    ``ref`` is the path of its id in the record. With ``link`` instead, the pointing goes the other
    way: the page's ``data[]`` objects name the record in their array at ``link``.
    """

    name: str
    type: str = ""
    ref: str = ""
    link: str = ""

    @cached_property
    def ref_path(self) -> FieldPath | None:
        """``ref``, parsed."""
        return parse_path(self.ref) if self.ref else None

    @cached_property
    def link_path(self) -> FieldPath | None:
        """``link``, parsed."""
        return parse_path(self.link) if self.link else None


@dataclass(frozen=True)
class BorrowedRows:
    """Rows of another silver table, for records that bring none of their own.

    The silver row that the record is (``Source.of``) has a reference in its column ``ref``, which
    is looked up in ``table``'s column ``on``; ``column`` of the rows found stands in for the
    element. Rows may come to ``table`` later than the record.
    """

    table: str
    on: str
    column: str
    ref: str


@dataclass(frozen=True)
class RowOf:
    """Rows of another silver table that records are taken from: what a run has written there.

    So a page is parsed once for all its tables, and only what is new or changed is looked at.

    Args:
        table: the other table; its one source has this source's endpoint.
        key: its key column, which names the record.
        json: its column that holds the record's array as JSON text; NULL where it has none.
    """

    table: str
    key: str
    json: str


@dataclass(frozen=True)
class Precedence:
    """Which of an endpoint's listings counts for a record that several of them hold.

    Args:
        fact: of the listing, as in ``page.slice.<fact>``.
        values: what it may be, the one that counts first.
    """

    fact: str
    values: tuple[str, ...]

    @property
    def read(self) -> FieldRead:
        """Where the fact stands."""
        return FieldRead("page", FieldPath(("slice", self.fact)))


@dataclass(frozen=True)
class Zip:
    """Arrays that stand side by side: each element is as many rows as they are long.

    A page whose arrays differ in length does not land.

    Args:
        axis: path of an array of the record. Columns that read it get the value of their row.
        arrays: path of an object of the element, all of whose values are arrays beside ``axis``.
        skips_zeros: where all of them have zero, nothing happened, and that is no row.
    """

    axis: str
    arrays: str
    skips_zeros: bool = False

    @cached_property
    def axis_path(self) -> FieldPath:
        """``axis``, parsed."""
        return parse_path(self.axis)

    @cached_property
    def arrays_path(self) -> FieldPath:
        """``arrays``, parsed."""
        return parse_path(self.arrays)


@dataclass(frozen=True)
class TimeBounds:
    """Rows that count only where a time lies within bounds that the request knew.

    Args:
        table: the silver table that has the time.
        on: its column that names what a row is of; the row's column has the same name.
        time: its column with the time. A row of what it does not have counts not either.
        start, end: facts of the slice, times as text; empty for no bound.
    """

    table: str
    on: str
    time: str
    start: str
    end: str


@dataclass(frozen=True)
class Source:
    """Where rows of a table come from.

    Args:
        endpoint: name of the endpoint whose pages hold them.
        rows: ``data``, ``included:<type>``, or ``answer``: the one object that answers a question,
            and is no version of another answer.
        of: the silver rows that are the records, instead of the pages' objects.
        explode: arrays or objects of the record, each element of which is a row; else the record.
        needs: a path without which an element is no row (an action without a message).
        name: what columns call this source where a table has several.
        related: objects beside the record. One that it names and that is not there is missing.
        asks: parts of the record that the endpoint asks for by name, or that feed many columns.
            ``attributes`` is a part of every record, see ``parts``.
        borrow: where elements come from when the record has none.
        version: the record's own update time; newest wins before fetch time. One that is more than
            a day after the fetch counts as none.
        precedence: of one version that several listings hold, which counts; before fetch time.
        fills_only: its rows fill columns of rows that another source has given. By themselves they
            are no row, and no sign that one is there.
        zip: arrays of an element that stand side by side.
        bounds: between which times rows count.
    """

    endpoint: str
    rows: str = "data"
    explode: tuple[str, ...] = ()
    needs: str = ""
    name: str = ""
    related: tuple[Related, ...] = ()
    asks: tuple[Part, ...] = ()
    version: str = ""
    borrow: BorrowedRows | None = None
    fills_only: bool = False
    of: RowOf | None = None
    precedence: Precedence | None = None
    zip: Zip | None = None
    bounds: TimeBounds | None = None

    @cached_property
    def row_source(self) -> RowSource:
        """``rows``, parsed."""
        return parse_rows(self.rows)

    @cached_property
    def arrays(self) -> tuple[FieldPath, ...]:
        """``explode``, parsed."""
        return parse_each(self.explode, parse_array)

    @cached_property
    def needed_path(self) -> FieldPath | None:
        """``needs``, parsed."""
        return parse_path(self.needs) if self.needs else None

    @cached_property
    def version_path(self) -> FieldPath | None:
        """``version``, parsed."""
        return parse_path(self.version) if self.version else None

    @property
    def scopes(self) -> frozenset[str]:
        """Scopes that reads of its rows may have."""
        around = ["row"] if self.of else ["^"] if self.explode else []
        return frozenset(("$", "page", *around, *(related.name for related in self.related)))
