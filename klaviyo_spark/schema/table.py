"""The words tables are described in: sources, columns, judges, keys. No Spark, no I/O here.

A **read** says where a value stands. ``$.attributes.name`` is a path in the row's own JSON,
``^.id`` one in the record around it (for rows that are elements of a record's array),
``profile>$.attributes.email`` one in a related object of the same page, ``page.parent_id`` a fact
of the request, and ``row.id`` a column of the silver row that the record is. ``['Bounce Type']``
quotes a key that is not a word. Several reads are tried in order, newest shape of the API first;
the first that is not null wins. ``<path> if <path>=<value>`` is read only where the condition
holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from klaviyo_spark.errors import SpecError
from klaviyo_spark.schema.checks import (
    MISFITS,
    NO_KEY,
    RIVALS,
    Check,
    element_checks,
    key_check,
    listing_check,
)
from klaviyo_spark.schema.endpoint import Endpoint, Part

ColumnType = Literal["string", "boolean", "int", "bigint", "double", "timestamp", "date"]
Shape = Literal["", "message_channel", "filled", "flow_action_type", "documented_metric", "utc_day"]
Lookup = Literal["", "message_channel", "attributed_send_ts", "klaviyo_first"]
Role = Literal["", "first_seen", "last_seen", "present", "sticky"]
Pii = Literal[
    "", "id", "email", "phone", "name", "location", "ip", "external_id", "url", "free_form"
]


@dataclass(frozen=True)
class Column:
    """One column of a silver table: name, type, where it is read, what it means.

    Args:
        reads: per source name (``""`` for a table's only source), the one that knows best first;
            paths in order of preference.
        shape: a named change of the text before it is typed; see ``cast.shaped``.
        role: how a value changes over reads; see ``changes``.
        lookup: filled from other silver rows where the record does not say it; see ``lookups``.
        wall_clock: path of a flag (or of two, with ``|``); where true, the time is a wall clock
            and its offset is dropped.
        pii: class of personal data, ``""`` for none; what becomes of it says ``personal_data``.
    """

    name: str
    type: ColumnType
    reads: Mapping[str, tuple[str, ...]]
    doc: str
    also_named: str = ""
    shape: Shape = ""
    role: Role = ""
    wall_clock: str = ""
    lookup: Lookup = ""
    pii: Pii = ""


def col(
    name: str,
    type: ColumnType,
    reads: str | tuple[str, ...] | Mapping[str, str | tuple[str, ...]],
    doc: str,
    *,
    also_named: str = "",
    shape: Shape = "",
    role: Role = "",
    wall_clock: str = "",
    lookup: Lookup = "",
    pii: Pii = "",
) -> Column:
    """A column, its reads written the shortest way that fits."""
    by_source = reads if isinstance(reads, Mapping) else {"": reads}
    paths = {s: (p,) if isinstance(p, str) else tuple(p) for s, p in by_source.items()}
    return Column(
        name, type, paths, doc, also_named, shape, role, wall_clock, lookup=lookup, pii=pii
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


@dataclass(frozen=True)
class Borrow:
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


@dataclass(frozen=True)
class Source:
    """Where rows of a table come from.

    Args:
        endpoint: name of the endpoint whose pages hold them.
        rows: ``data``, or ``included:<type>``.
        of: the silver rows that are the records, instead of the pages' objects.
        explode: arrays or objects of the record, each element of which is a row; else the record.
        needs: a path without which an element is no row (an action without a message).
        name: what columns call this source where a table has several.
        related: objects beside the record. One that it names and that is not there is missing.
        asks: parts of the record that the endpoint asks for by name.
        borrow: where elements come from when the record has none.
        version: the record's own update time; newest wins before fetch time.
        precedence: of one version that several listings hold, which counts; before fetch time.
        fills_only: its rows fill columns of rows that another source has given. By themselves they
            are no row, and no sign that one is there.
    """

    endpoint: str
    rows: str = "data"
    explode: tuple[str, ...] = ()
    needs: str = ""
    name: str = ""
    related: tuple[Related, ...] = ()
    asks: tuple[Part, ...] = ()
    version: str = ""
    borrow: Borrow | None = None
    fills_only: bool = False
    of: RowOf | None = None
    precedence: Precedence | None = None


@dataclass(frozen=True)
class Judge:
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
    """

    endpoint: str
    rows: str = "data"
    parent: str = ""
    proof: str = ""
    childless: tuple[str, ...] = ()
    names: str = ""
    whole: bool = False
    of: RowOf | None = None


@dataclass(frozen=True)
class Parent:
    """The table whose marks pass to this one: ``column`` here holds its key."""

    table: str
    column: str


@dataclass(frozen=True)
class TableSpec:
    """One silver table.

    Args:
        name: without schema.
        resource: which of the eight it follows.
        doc: what one row is.
        key: the documented key; rows are matched on ``_account_id`` and these.
        nullable_key: key parts that may be NULL and still name a row.
        judged_per: column that holds the parent's id for ``judges``; empty: the whole table.
        history: rows are never marked; ``present`` and ``last_seen`` columns say it instead.
        partition: the column the table is partitioned by; it follows the documented ones.
        internal: columns of our own, after the documented ones.
        late_by: column with the scope of watermarks by which a row is known to have come late.
        own_checks: checks that only this table has.
    """

    name: str
    resource: str
    doc: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    sources: tuple[Source, ...]
    version_by: str = ""
    nullable_key: tuple[str, ...] = ()
    judges: tuple[Judge, ...] = ()
    judged_per: str = ""
    parent: Parent | None = None
    history: bool = False
    partition: Column | None = None
    internal: tuple[Column, ...] = ()
    late_by: str = ""
    note: str = ""
    own_checks: tuple[Check, ...] = ()

    def __post_init__(self) -> None:
        """Check the spec against itself, and say all that is wrong at once."""
        names = [c.name for c in self.columns]
        slips = []
        for part, value in (("key", self.key), ("nullable key", self.nullable_key)):
            missing = [k for k in value if k not in names]
            if missing:
                slips.append(f"{part} {missing} not among columns {names}")
        slips += [f"column {n!r} is there twice" for n in sorted({*names}) if names.count(n) > 1]
        slips += [f"column {n!r} is not lower case" for n in names if n != n.lower()]
        sources = {s.name for s in self.sources}
        if sources == self.fillers:
            slips.append(f"no source gives rows, {sorted(sources)} only fill them")
        for column in (*self.columns, *self.internal):
            unknown = set(column.reads) - sources
            if unknown:
                slips.append(f"column {column.name!r} reads unknown source {sorted(unknown)}")
            if not column.doc:
                slips.append(f"column {column.name!r} says nothing about its meaning")
        if self.judged_per and self.judged_per not in names:
            slips.append(f"judged_per {self.judged_per!r} not among columns")
        if any(judge.names for judge in self.judges) and len(self.key) > 1:
            slips.append(f"judges name children by one id, the key is {self.key}")
        if self.version_by and self.version_by not in names:
            slips.append(f"version_by {self.version_by!r} not among columns")
        if slips:
            raise SpecError(f"klaviyo_v2.{self.name}: " + "; ".join(slips))

    @property
    def endpoints(self) -> frozenset[str]:
        """Names of all endpoints whose pages this table needs."""
        return frozenset((*(s.endpoint for s in self.sources), *(j.endpoint for j in self.judges)))

    @property
    def made_of(self) -> RowOf | None:
        """The silver rows that this table's records are; None where they stand on pages."""
        return self.sources[0].of

    @property
    def fillers(self) -> frozenset[str]:
        """Names of the sources that only fill columns of rows given by others."""
        return frozenset(s.name for s in self.sources if s.fills_only)

    @property
    def parent_column(self) -> str:
        """Column that holds the parent's key; empty where no parent's mark passes."""
        return self.parent.column if self.parent else ""

    @property
    def id_parts(self) -> tuple[str, ...]:
        """Key columns that always name something: else the record goes to quarantine."""
        return tuple(k for k in self.key if k not in self.nullable_key)

    @property
    def owner_parts(self) -> tuple[str, ...]:
        """Those of them that an element's record says, not the element itself."""
        exploded = {source.name for source in self.sources if source.explode}
        return tuple(
            column.name
            for column in self.columns
            if column.name in self.id_parts
            and not any(r[0] == "$" for s in exploded for r in column.reads.get(s, ("$",)))
        )

    @property
    def precedence(self) -> Precedence | None:
        """Of the listings that its records stand in."""
        return next((s.precedence for s in self.sources if s.precedence), None)

    @property
    def listed_under(self) -> str:
        """Column that says which of those listings a row is of; empty where none does."""
        if not self.precedence:
            return ""
        read = f"page.slice.{self.precedence.fact}"
        return next((c.name for c in self.columns for p in c.reads.values() if read in p), "")

    @property
    def checks(self) -> tuple[Check, ...]:
        """All checks of its rows."""
        exploded = any(source.explode for source in self.sources)
        found = [key_check(self.id_parts)]
        found += element_checks(self.owner_parts) if exploded else [NO_KEY]
        found += [MISFITS, RIVALS]
        if self.listed_under and self.precedence:
            found.append(listing_check(self.precedence.fact, self.precedence.values))
        return (*found, *self.own_checks)

    @property
    def visible(self) -> tuple[Column, ...]:
        """Documented columns, then the second names, in table order."""
        return (*self.columns, *(also_named(c) for c in self.columns if c.also_named))


def also_named(column: Column) -> Column:
    """The same column under its right name, where the document has a slip."""
    doc = f"The same as {column.name}, under the name that fits. {column.doc}"
    return Column(
        column.also_named,
        column.type,
        column.reads,
        doc,
        shape=column.shape,
        role=column.role,
        wall_clock=column.wall_clock,
        pii=column.pii,
    )


@dataclass(frozen=True)
class Resource:
    """One of the eight words users select by: its endpoints in the order they are asked."""

    name: str
    endpoints: tuple[Endpoint, ...]
    tables: tuple[TableSpec, ...]


def by_name(tables: Sequence[TableSpec]) -> dict[str, TableSpec]:
    """Tables under their names."""
    return {t.name: t for t in tables}
