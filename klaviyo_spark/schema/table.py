"""What a silver table is: its columns, sources, keys, and what proves that rows are gone.

No Spark, no I/O here. ``columns`` says how a value is read, ``sources`` where rows come from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from klaviyo_spark.schema.columns import Column, also_named
from klaviyo_spark.schema.deletion_rules import DeletionRule, Parent
from klaviyo_spark.schema.endpoint import Endpoint
from klaviyo_spark.schema.paths import find_slips
from klaviyo_spark.schema.sources import Precedence, RowOf, Source

Schema = Literal["silver", "plus"]
# What conf calls the schemas of tables unless told otherwise; messages name tables by it.
SCHEMA_NAMES: dict[Schema, str] = {"silver": "klaviyo_v2", "plus": "klaviyo_plus"}


@dataclass(frozen=True)
class TableSpec:
    """One silver table.

    Args:
        name: without schema; no two schemas have the same.
        resource: which one it follows.
        doc: what one row is.
        key: the documented key; rows are matched on ``_account_id`` and these.
        nullable_key: key parts that may be NULL or empty and still name a row.
        judged_per: column that holds the parent's id for ``judges``; empty: the whole table.
        history: rows are never marked; ``present`` and ``last_seen`` columns say it instead.
        partition: the column the table is partitioned by; it follows the documented ones.
        internal: columns of our own, after the documented ones.
        extra: columns that conf asks for, after those.
        late_by: column with the scope of watermarks by which a row is known to have come late.
        own_checks: checks that only this table has.
        schema: ``plus`` for a table that is there only where conf or the command line asks for it.
    """

    name: str
    resource: str
    doc: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    sources: tuple[Source, ...]
    version_by: str = ""
    nullable_key: tuple[str, ...] = ()
    judges: tuple[DeletionRule, ...] = ()
    judged_per: str = ""
    parent: Parent | None = None
    history: bool = False
    partition: Column | None = None
    internal: tuple[Column, ...] = ()
    extra: tuple[Column, ...] = ()
    late_by: str = ""
    note: str = ""
    own_checks: tuple[Check, ...] = ()
    schema: Schema = "silver"

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
        partition = (self.partition,) if self.partition else ()
        for column in (*self.columns, *partition, *self.internal, *self.extra):
            unknown = set(column.reads) - sources
            if unknown:
                slips.append(f"column {column.name!r} reads unknown source {sorted(unknown)}")
            if not column.doc:
                slips.append(f"column {column.name!r} says nothing about its meaning")
            slips += self._slips_in_reads(column)
        for source in self.sources:
            slips += _slips_in_source(source)
        for judge in self.judges:
            label = f"judge of {judge.endpoint!r}"
            slips += find_slips(judge, label)
            kinds = [judge.whole, judge.parent != "", judge.of is not None, judge.days is not None]
            if kinds.count(True) != 1:
                slips.append(f"{label} needs one of whole, parent, of and days")
            if judge.days and judge.days.day not in names:
                slips.append(f"{label}: day {judge.days.day!r} not among columns")
        if self.judged_per and self.judged_per not in names:
            slips.append(f"judged_per {self.judged_per!r} not among columns")
        if any(judge.names for judge in self.judges) and len(self.key) > 1:
            slips.append(f"judges name children by one id, the key is {self.key}")
        if self.version_by and self.version_by not in names:
            slips.append(f"version_by {self.version_by!r} not among columns")
        if slips:
            raise SpecError(f"{self.label}: " + "; ".join(slips))

    def _slips_in_reads(self, column: Column) -> Iterator[str]:
        slips = list(find_slips(column, f"column {column.name!r}"))
        yield from slips
        for source in [] if slips else self.sources:
            scopes = {read.scope for read in column.field_reads.get(source.name, ())}
            if unknown := sorted(scopes - source.scopes):
                has = sorted(source.scopes)
                yield f"column {column.name!r} reads unknown scope {unknown}, there are {has}"

    @property
    def label(self) -> str:
        """What messages call it: with its schema."""
        return f"{SCHEMA_NAMES[self.schema]}.{self.name}"

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
            and not any(_is_of_element(column, name) for name in exploded)
        )

    @property
    def judged_day(self) -> str:
        """Column with the day by which answers judge rows; empty where none does."""
        return next((judge.days.day for judge in self.judges if judge.days), "")

    @property
    def precedence(self) -> Precedence | None:
        """Of the listings that its records stand in."""
        return next((s.precedence for s in self.sources if s.precedence), None)

    @property
    def listed_under(self) -> str:
        """Column that says which of those listings a row is of; empty where none does."""
        if not self.precedence:
            return ""
        read = self.precedence.read
        return next((c.name for c in self.columns for r in c.field_reads.values() if read in r), "")

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


def _slips_in_source(source: Source) -> Iterator[str]:
    label = f"source {source.name or source.endpoint!r}"
    yield from find_slips(source, label)
    for related in source.related:
        yield from find_slips(related, f"{label}: {related.name!r}")
        if bool(related.link) == bool(related.ref and related.type):
            yield f"{label}: {related.name!r} needs either link, or ref and type"
    for part in source.asks:
        yield from find_slips(part, f"{label}: asks")
    if source.zip:
        yield from find_slips(source.zip, f"{label}: zip")
    if source.borrow and not source.of:
        yield f"{label} borrows rows of {source.borrow.table!r} for records that are no rows"


def _is_of_element(column: Column, source: str) -> bool:
    """Whether a column is read in the element itself, or not at all."""
    reads = column.field_reads.get(source)
    return reads is None or any(read.scope == "$" for read in reads)


@dataclass(frozen=True)
class Resource:
    """One of the words users select by: its endpoints in the order they are asked."""

    name: str
    endpoints: tuple[Endpoint, ...]
    tables: tuple[TableSpec, ...]


def by_name(tables: Sequence[TableSpec]) -> dict[str, TableSpec]:
    """Tables under their names."""
    return {t.name: t for t in tables}
