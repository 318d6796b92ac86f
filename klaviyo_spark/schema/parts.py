"""Which columns each part of a record feeds. No Spark, no I/O here.

A part is asked for by name (``Source.asks``), or every record has it: ``attributes``. A part that
is missing leaves the columns that it feeds as they were: a NULL would say that Klaviyo has no
value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from klaviyo_spark.schema.bookkeeping import columns_of
from klaviyo_spark.schema.columns import Column
from klaviyo_spark.schema.endpoint import Part
from klaviyo_spark.schema.paths import FieldPath
from klaviyo_spark.schema.sources import Related, Source
from klaviyo_spark.schema.table import TableSpec

# Asked for of every record of every endpoint, and of all else that columns are read in.
ATTRIBUTES = Part("$.attributes", is_object=True)


@dataclass(frozen=True)
class FedPart:
    """A part and what is read of it.

    Args:
        label: what it is known by: its place in the record, or the name of the related object.
        part: a related object is a part too.
        columns: names of the columns that it feeds.
        places: what columns read of it: in the record, or below ``attributes`` of the related
            object.
    """

    label: str
    part: Part | Related
    columns: frozenset[str]
    places: tuple[FieldPath, ...] = ()


def fed_parts(source: Source, columns: tuple[Column, ...]) -> Iterator[FedPart]:
    """The parts of a record of ``source`` that feed any of the columns.

    None of a source of elements: about these the judge of their record speaks.
    """
    if source.explode:
        return
    reads = [(c.name, read) for c in columns for read in c.field_reads.get(source.name, ())]
    own = [(name, read.path) for name, read in reads if read.scope == "$"]
    by_related = {
        related.name: frozenset(name for name, read in reads if read.scope == related.name)
        for related in source.related
    }
    by_nearer: set[str] = set()
    for part in source.asks:
        below = [(name, path) for name, path in own if _is_below(path, part)]
        refs = {r.name: r.ref_path for r in source.related if r.ref_path}
        named = {name: path for name, path in refs.items() if _is_below(path, part)}
        fed = frozenset(name for name, _ in below).union(*(by_related[name] for name in named))
        places = dict.fromkeys([*(path for _, path in below), *named.values()])
        if part.keys[:1] == ATTRIBUTES.keys:
            by_nearer |= fed
        if fed:
            yield FedPart(".".join(part.keys), part, fed, tuple(places))
    # Where attributes are missing, so is each part of them.
    rest = [(n, path) for n, path in own if _is_below(path, ATTRIBUTES) and n not in by_nearer]
    if rest:
        places = dict.fromkeys(path for _, path in rest)
        fed = frozenset(name for name, _ in rest)
        yield FedPart(".".join(ATTRIBUTES.keys), ATTRIBUTES, fed, tuple(places))
    for related in source.related:
        paths = dict.fromkeys(
            read.path
            for _, read in reads
            if read.scope == related.name and _is_below(read.path, ATTRIBUTES)
        )
        if by_related[related.name]:
            yield FedPart(related.name, related, by_related[related.name], tuple(paths))


def included_parts(endpoint: str, tables: Iterable[TableSpec]) -> Mapping[str, tuple[Part, ...]]:
    """Parts of the included objects of an endpoint's pages that feed columns, by type.

    Parts that Klaviyo may leave out are not among them.
    """
    found: dict[str, dict[Part, None]] = {}
    for table in tables:
        for source in table.sources:
            if source.endpoint != endpoint or source.of:
                continue
            for fed in fed_parts(source, columns_of(table)):
                match fed.part:
                    case Related(type=type) if type and fed.places:
                        found.setdefault(type, {})[ATTRIBUTES] = None
                    case Part(optional=False) as part if source.row_source.type:
                        found.setdefault(source.row_source.type, {})[part] = None
    return {type: tuple(parts) for type, parts in found.items()}


def _is_below(path: FieldPath, part: Part) -> bool:
    return path.keys[: len(part.keys)] == part.keys
