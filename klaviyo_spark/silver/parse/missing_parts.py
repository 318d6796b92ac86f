"""Parts of a record that were asked for and did not come, and the columns that they feed. No I/O.

SQL is text here. Such columns stay as they were: a NULL would say that Klaviyo has no value. A part
is known by a label: its place in the record, or the name of the related object that a record names
and its page does not include.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from klaviyo_spark.schema import sql_text
from klaviyo_spark.schema.columns import Column
from klaviyo_spark.schema.endpoint import Part
from klaviyo_spark.schema.paths import FieldPath
from klaviyo_spark.schema.sources import Related, Source
from klaviyo_spark.schema.table import TableSpec
from klaviyo_spark.silver.parse.included import IncludedObject
from klaviyo_spark.silver.parse.json_fields import JsonFieldReader, has_key, is_nested

_NOTHING = "CAST(array() AS array<string>)"


@dataclass(frozen=True)
class _Fed:
    """A part by its label, and what is read of it: columns, and places in the record."""

    label: str
    part: Part | Related
    columns: frozenset[str]
    places: tuple[FieldPath, ...] = ()


def labels_by_column(table: TableSpec, columns: tuple[Column, ...]) -> dict[str, tuple[str, ...]]:
    """Labels of the parts that feed each of some columns; columns that none feeds are left out."""
    found: dict[str, dict[str, None]] = {}
    for source in table.sources:
        for fed in _fed(source, columns):
            for name in fed.columns:
                found.setdefault(name, {})[fed.label] = None
    return {name: tuple(labels) for name, labels in found.items()}


def missing_labels(source: Source, columns: tuple[Column, ...], record: JsonFieldReader) -> str:
    """In SQL the labels of the parts of ``source`` that a record lacks, as an array of texts.

    Args:
        record: leaves of the record, whose text is in the column ``json``; related objects stand
            beside it. The text is looked into only where nothing of a part was found.
    """
    labels = [
        f"CASE WHEN {_lacks(fed, record)} THEN {sql_text.text(fed.label)} END"
        for fed in _fed(source, columns)
    ]
    return f"array_compact(array({', '.join(labels)}))" if labels else _NOTHING


def _fed(source: Source, columns: tuple[Column, ...]) -> Iterator[_Fed]:
    if source.explode:  # elements of a record's array, which its judge speaks about
        return
    reads = [(c.name, read) for c in columns for read in c.field_reads.get(source.name, ())]
    by_related = {
        related.name: frozenset(name for name, read in reads if read.scope == related.name)
        for related in source.related
    }
    for part in source.asks:
        own = [(name, read.path) for name, read in reads if read.scope == "$"]
        below = [(name, path) for name, path in own if _is_below(path, part)]
        refs = {r.name: r.ref_path for r in source.related if r.ref_path}
        named = {name: path for name, path in refs.items() if _is_below(path, part)}
        fed = frozenset(name for name, _ in below).union(*(by_related[name] for name in named))
        places = dict.fromkeys([*(path for _, path in below), *named.values()])
        if fed:
            yield _Fed(".".join(part.keys), part, fed, tuple(places))
    for related in source.related:
        if by_related[related.name]:
            yield _Fed(related.name, related, by_related[related.name])


def _is_below(path: FieldPath, part: Part) -> bool:
    return path.keys[: len(part.keys)] == part.keys


def _lacks(fed: _Fed, record: JsonFieldReader) -> str:
    if isinstance(fed.part, Related):
        gone = f"{sql_text.name(IncludedObject(fed.part).name)} IS NULL"
        ref = fed.part.ref_path
        return f"{gone} AND {record.text_at(ref)} IS NOT NULL" if ref else gone
    # An array that is there and empty is there.
    texts = dict.fromkeys(
        record.text_at(replace(path, index=None, inner=())) for path in fed.places
    )
    nothing = " AND ".join(f"{text} IS NULL" for text in texts)
    return f"{nothing} AND NOT {_is_there(fed.part)}"


def _is_there(part: Part) -> str:
    *above, last = part.keys
    value = f"get_json_object(json, {_json_path(part.keys)})"
    there = (
        has_key(f"get_json_object(json, {_json_path(above)})", last)
        if part.may_be_null
        else f"{value} IS NOT NULL"
    )
    return f"({there})" if part.scalar else f"({there} AND coalesce({is_nested(value)}, true))"


def _json_path(keys: list[str] | tuple[str, ...]) -> str:
    return sql_text.text("$" + "".join(f"['{key}']" for key in keys))


def keep_old(new: str, old: str, labels: tuple[str, ...]) -> str:
    """``new``, or ``old`` where nothing is new and the row read lacks what feeds the column."""
    listed = ", ".join(map(sql_text.text, labels))
    return (
        f"CASE WHEN {new} IS NULL AND arrays_overlap(s_missing, array({listed})) "
        f"THEN {old} ELSE {new} END"
    )


def has_labels(table: TableSpec, columns: tuple[Column, ...]) -> bool:
    """Whether a part feeds any column of ``table``."""
    return bool(labels_by_column(table, columns))


def with_references(
    labels: Mapping[str, tuple[str, ...]], references: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """Labels of columns that are looked up too: what feeds the reference feeds them."""
    more = {name: labels[ref] for name, ref in references.items() if ref in labels}
    return {name: labels.get(name, ()) + more.get(name, ()) for name in {*labels, *more}}
