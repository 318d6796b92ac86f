"""The words specs are written in: endpoints, sources, columns, tables. No Spark, no I/O here.

A **read** says where a value stands. ``$.attributes.name`` is a path in the row's own JSON,
``^.id`` one in the record around it (for rows that are elements of a record's array),
``profile>$.attributes.email`` one in a related object of the same page, and ``page.parent_id`` a
fact of the request. ``['Bounce Type']`` quotes a key that is not a word. Several reads are tried in
order, newest shape of the API first; the first that is not null wins. ``<path> if <path>=<value>``
is read only where the condition holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from klaviyo_spark.errors import SpecError

ColumnType = Literal["string", "boolean", "int", "bigint", "double", "timestamp", "date"]
Shape = Literal["", "message_channel", "filled", "flow_action_type", "documented_metric", "utc_day"]
Lookup = Literal["", "message_channel", "attributed_send_ts", "klaviyo_first"]
Role = Literal["", "first_seen", "last_seen", "present", "sticky"]


@dataclass(frozen=True)
class Rate:
    """Klaviyo's two fixed windows per account and endpoint: requests per second and per minute."""

    burst: int
    steady: int


# The tiers of https://developers.klaviyo.com/en/docs/rate_limits_and_error_handling
XS, S, M, L, XL = Rate(1, 15), Rate(3, 60), Rate(10, 150), Rate(75, 750), Rate(350, 3500)


@dataclass(frozen=True)
class Slice:
    """One of the listings an endpoint must be asked for, since it never gives all at once.

    ``facts`` travel with each page (a campaign's channel stands nowhere else); ``filter`` is
    Klaviyo's filter expression.
    """

    facts: Mapping[str, str] = field(default_factory=dict)
    filter: str = ""


@dataclass(frozen=True)
class Window:
    """A time field that walks are cut by. ``closed``: the API has operators that hold the bound."""

    field: str
    closed: bool
    sort: str


@dataclass(frozen=True)
class Members:
    """Children that join and leave: found by when they joined, and counted to find who left.

    Args:
        count: the endpoint that says how many a parent has.
        at: path of that number.
        table: the silver table that holds those who are there.
    """

    count: str
    at: str
    table: str


@dataclass(frozen=True)
class Fanout:
    """Which records of another endpoint's pages this one is asked for, one request each.

    A parent is asked about again once its record is another one. Klaviyo need not change it when
    its children change, so one that is not ``settled``, or was sent a short while ago, is asked
    about in every run.

    Args:
        of: the endpoint whose pages name the parents.
        rows: ``data``, or ``included:<type>``.
        if_any: paths of which one must hold something; none: every record.
        slices: facts the page must have been asked with.
        partial_if: a path that, where true, says that the children are not all there yet.
        settled: a path and the values that say that nobody works on it any more.
        sent_at: path of the time it was sent.
        members: the children are members, asked for by the first window since the last read.
    """

    of: str
    rows: str = "data"
    if_any: tuple[str, ...] = ()
    slices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    partial_if: str = ""
    settled: tuple[str, tuple[str, ...]] | None = None
    sent_at: str = ""
    members: Members | None = None


@dataclass(frozen=True)
class Revision:
    """An API revision older than the one everything else is read at, for fields that only it has.

    ``ends``: the day Klaviyo stops serving it, two years after its release.
    """

    name: str
    ends: date


@dataclass(frozen=True)
class Endpoint:
    """One GET operation as this product asks it.

    Args:
        name: our name for it, kept with each page.
        resource: which of the eight resources its pages belong to (a partition of bronze).
        path: ``{id}`` stands for the parent's id.
        params: fixed query parameters, page size among them, chosen for the fewest requests.
        scopes: what the key needs; named when Klaviyo answers 403.
        fanout: what ``{id}`` stands for.
        windows: how it can be cut by time; the first is the one for complete reads.
        revision: where it is not the client's. Then the endpoint is one to do without: it is not
            asked once that revision has ended; see ``revisions``.
        budget_of: the endpoint whose budget its requests count in, for a second way to ask one
            operation; empty: its own.
    """

    name: str
    resource: str
    path: str
    rate: Rate
    scopes: tuple[str, ...]
    params: Mapping[str, str] = field(default_factory=dict)
    sort: str = ""
    slices: tuple[Slice, ...] = (Slice(),)
    windows: tuple[Window, ...] = ()
    fanout: Fanout | None = None
    revision: Revision | None = None
    budget_of: str = ""

    @property
    def budget(self) -> str:
        """Name that its requests are counted under: Klaviyo counts them per operation."""
        return self.budget_of or self.name

    @property
    def members(self) -> Members | None:
        """How the children are kept up, where they are members."""
        return self.fanout.members if self.fanout else None


@dataclass(frozen=True)
class Column:
    """One column of a silver table: name, type, where it is read, what it means.

    Args:
        reads: per source name (``""`` for a table's only source), the one that knows best first;
            paths in order of preference.
        shape: a named change of the text before it is typed; see ``cells.shaped``.
        role: how a value changes over reads; see ``merge``.
        lookup: filled from other silver rows where the record does not say it; see ``enrich``.
        wall_clock: path of a flag (or of two, with ``|``); where true, the time is a wall clock
            and its offset is dropped.
        pii: class of personal data, ``""`` for none.
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
    pii: str = ""


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
    pii: str = "",
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

    The record's reference ``ref`` (``ref_else`` where that is missing) is looked up in ``table``'s
    column ``on``; ``column`` of the rows found stands in for the element.
    """

    table: str
    on: str
    column: str
    ref: str
    ref_else: str = ""


@dataclass(frozen=True)
class Source:
    """Where rows of a table come from.

    Args:
        endpoint: name of the endpoint whose pages hold them.
        rows: ``data``, or ``included:<type>``.
        explode: arrays or objects of the record, each element of which is a row; else the record.
        needs: a path without which an element is no row (an action without a message).
        name: what columns call this source where a table has several.
        related: objects beside the record.
        borrow: where elements come from when the record has none.
        version: the record's own update time; newest wins before fetch time.
        fills_only: its rows fill columns of rows that another source has given. By themselves they
            are no row, and no sign that one is there.
    """

    endpoint: str
    rows: str = "data"
    explode: tuple[str, ...] = ()
    needs: str = ""
    name: str = ""
    related: tuple[Related, ...] = ()
    version: str = ""
    borrow: Borrow | None = None
    fills_only: bool = False


@dataclass(frozen=True)
class Judge:
    """What proves that rows are gone: a fresh read of their parent that no longer has them.

    Args:
        endpoint: whose pages hold the parents, or list the children of one parent (``whole``).
        rows: as in ``Source``.
        parent: path of the parent's id in such a record.
        proof: a path that must be there, or ``<path> has <key>``: without it the record says
            nothing about its children (``relationships.tags`` without ``data`` was not included).
        whole: the endpoint's complete reads prove it, per parent id or for the table as a whole.
    """

    endpoint: str
    rows: str = "data"
    parent: str = ""
    proof: str = ""
    whole: bool = False


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
        gone_on_404: endpoints whose 404 for a parent id says that this table's row is gone.
        history: rows are never marked; ``present`` and ``last_seen`` columns say it instead.
        partition: the column the table is partitioned by; it follows the documented ones.
        internal: columns of our own, after the documented ones.
        late_by: column with the scope of watermarks by which a row is known to have come late.
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
    gone_on_404: tuple[str, ...] = ()
    history: bool = False
    partition: Column | None = None
    internal: tuple[Column, ...] = ()
    late_by: str = ""
    note: str = ""

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
        if self.version_by and self.version_by not in names:
            slips.append(f"version_by {self.version_by!r} not among columns")
        if slips:
            raise SpecError(f"klaviyo_v2.{self.name}: " + "; ".join(slips))

    @property
    def endpoints(self) -> frozenset[str]:
        """Names of all endpoints whose pages this table needs."""
        return frozenset(
            (
                *(s.endpoint for s in self.sources),
                *(j.endpoint for j in self.judges),
                *self.gone_on_404,
            )
        )

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
        """Key columns that are never NULL: a record without them goes to quarantine."""
        return tuple(k for k in self.key if k not in self.nullable_key)

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
