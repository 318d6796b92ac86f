"""The words endpoints are described in: what is asked, how it is cut, what it may cost. No I/O.

It is long, since each word says what it means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property

from klaviyo_spark.errors import SpecError
from klaviyo_spark.schema.paths import (
    FieldPath,
    FieldRead,
    Proof,
    RowSource,
    find_slips,
    parse_each,
    parse_path,
    parse_proof,
    parse_read,
    parse_rows,
)
from klaviyo_spark.schema.report import Aggregate, Report


@dataclass(frozen=True)
class Rate:
    """Klaviyo's fixed windows per account and endpoint: requests per second and per minute.

    ``daily``: requests in 24 hours, where Klaviyo limits these too; else 0.
    """

    burst: int
    steady: int
    daily: int = 0


# The tiers of https://developers.klaviyo.com/en/docs/rate_limits_and_error_handling
XS, S, M, L, XL = Rate(1, 15), Rate(3, 60), Rate(10, 150), Rate(75, 750), Rate(350, 3500)
REPORTS = Rate(1, 2, 225)


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
    """A time field that walks are cut by.

    ``closed``: the API has operators that hold the bound. ``moves``: the time of a record becomes
    another one when it changes, also while it is being read.
    """

    field: str
    closed: bool
    sort: str
    moves: bool = False

    @property
    def path(self) -> FieldPath:
        """Where a record says it."""
        return FieldPath(("attributes", self.field))


@dataclass(frozen=True)
class Part:
    """A part of an answer that is there because it was asked for, by name.

    Where a record comes without it, the columns that it feeds stay as they were, and it is told.

    Args:
        proof: what shows that a record has it: a path that must hold something, or
            ``<path> has <key>``, where null will do.
        included: objects that the record names there stand in the page's ``included``.
        scalar: what it holds is a text or a number; else it is an object or an array, and anything
            else there is not what was asked for.
        is_object: what it holds is an object, and no array either.
        optional: Klaviyo may leave it out: what it feeds stays as it was, and it is not told.
    """

    proof: str
    included: bool = False
    scalar: bool = False
    is_object: bool = False
    optional: bool = False

    @cached_property
    def required(self) -> Proof:
        """``proof``, parsed."""
        return parse_proof(self.proof)

    @property
    def keys(self) -> tuple[str, ...]:
        """Where it stands, from the record's top."""
        return self.required.keys

    @property
    def may_be_null(self) -> bool:
        """Whether a null is all there is."""
        return self.required.key != ""


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

    @cached_property
    def count_path(self) -> FieldPath:
        """``at``, parsed."""
        return parse_path(self.at)


@dataclass(frozen=True)
class Fanout:
    """Which records of another endpoint's pages this one is asked for, one request each, or many.

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
        ask_again_after: a parent that never seems to move is asked about again after so long.
        filter: the field by which many parents are named in one request, where the path has no
            ``{id}``; then all of them are asked about in every run.
    """

    of: str
    rows: str = "data"
    if_any: tuple[str, ...] = ()
    slices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    partial_if: str = ""
    settled: tuple[str, tuple[str, ...]] | None = None
    sent_at: str = ""
    members: Members | None = None
    ask_again_after: timedelta = timedelta(days=30)
    filter: str = ""

    @cached_property
    def row_source(self) -> RowSource:
        """``rows``, parsed."""
        return parse_rows(self.rows)

    @cached_property
    def any_paths(self) -> tuple[FieldPath, ...]:
        """``if_any``, parsed."""
        return parse_each(self.if_any, parse_path)

    @cached_property
    def partial_path(self) -> FieldPath | None:
        """``partial_if``, parsed."""
        return parse_path(self.partial_if) if self.partial_if else None

    @cached_property
    def settled_where(self) -> tuple[FieldPath, tuple[str, ...]] | None:
        """``settled``, its path parsed."""
        return (parse_path(self.settled[0]), self.settled[1]) if self.settled else None

    @cached_property
    def sent_at_path(self) -> FieldPath | None:
        """``sent_at``, parsed."""
        return parse_path(self.sent_at) if self.sent_at else None


@dataclass(frozen=True)
class Revision:
    """An API revision older than the one everything else is read at, for fields that only it has.

    ``ends``: the day Klaviyo stops serving it, two years after its release.
    """

    name: str
    ends: date


@dataclass(frozen=True)
class Endpoint:
    """One operation as this product asks it: GET, but where it has a question to post.

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
        newer_revision: an API revision after the client's, where that alone has the endpoint.
            What stands on its pages is in that revision's shape.
        budget_of: the endpoint whose budget its requests count in, for a second way to ask one
            operation; empty: its own.
        asks: parts of a record in ``data`` that ``params`` ask for by name. ``attributes`` is
            asked for of every record, see ``parts``.
        include_is_optional: Klaviyo may refuse the parameter ``include``. Then it is asked once
            more without it; its pages have the fact ``left_out`` with that word, and prove nothing
            of what they lack.
        echoes: facts of a slice, and where a record says the same: ``$.attributes.x``, or
            ``<type>>$.attributes.x`` of one of the included objects that it names.
        ignores: what Klaviyo says there that no table has, and need not: ``$.attributes.x`` of a
            record in ``data``, ``<type>>$.attributes.x`` of an included one, each with all that
            stands below; ``['*']`` at the end: whatever is not named otherwise. Anything that
            neither this nor a table reads is reported; see ``known_fields``.
        cursor_only: its listing has pages, though their size cannot be asked for.
        full_every: the setting that says how often it is read whole, without slices; in between
            its slices alone are asked for, and these are no complete read. Empty: the slices
            together are all there is. A listing is read at no other time.
        report: the question that is posted, about one window of days after the other.
        aggregate: the same about a metric's events.
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
    newer_revision: str = ""
    budget_of: str = ""
    asks: tuple[Part, ...] = ()
    include_is_optional: bool = False
    echoes: Mapping[str, str] = field(default_factory=dict)
    ignores: tuple[str, ...] = ()
    cursor_only: bool = False
    full_every: str = ""
    report: Report | None = None
    aggregate: Aggregate | None = None

    def __post_init__(self) -> None:
        """Parse what is written as text, and say all that is wrong at once."""
        slips = [*find_slips(self, "echoes or ignores")]
        for part in self.asks:
            slips += find_slips(part, "asks")
        if self.fanout:
            slips += find_slips(self.fanout, "fanout")
        if self.members:
            slips += find_slips(self.members, "members")
        if self.revision and self.newer_revision:
            slips.append("of an older revision and of a newer one")
        if self.include_is_optional and "include" not in self.params:
            slips.append("include is optional and not asked for")
        if slips:
            raise SpecError(f"endpoint {self.name}: " + "; ".join(slips))

    @cached_property
    def echo_reads(self) -> Mapping[str, FieldRead]:
        """``echoes``, parsed; their scope is the type of an included object."""
        return dict(zip(self.echoes, parse_each(self.echoes.values(), parse_read), strict=True))

    @cached_property
    def ignored_reads(self) -> tuple[FieldRead, ...]:
        """``ignores``, parsed; their scope is the type of an included object."""
        return parse_each(self.ignores, parse_read)

    def without_include(self) -> Endpoint:
        """The same, asked for its records alone; that what was included is not there is no loss."""
        params = {name: value for name, value in self.params.items() if name != "include"}
        return replace(self, params=params, asks=(), include_is_optional=False)

    @property
    def is_listing(self) -> bool:
        """Whether it is asked without a word about records of another one."""
        return "{id}" not in self.path and self.fanout is None and not self.is_question

    @property
    def is_question(self) -> bool:
        """Whether it is asked by a body."""
        return self.report is not None or self.aggregate is not None

    @property
    def is_paged(self) -> bool:
        """Whether it has pages, each of which says whether there is a next one."""
        return "page[size]" in self.params or self.cursor_only

    @property
    def budget(self) -> str:
        """Name that its requests are counted under: Klaviyo counts them per operation."""
        return self.budget_of or self.name

    @property
    def members(self) -> Members | None:
        """How the children are kept up, where they are members."""
        return self.fanout.members if self.fanout else None
