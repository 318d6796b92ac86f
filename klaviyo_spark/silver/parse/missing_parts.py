"""Parts of a record that were asked for and did not come, and the columns that they feed. No I/O.

SQL is text here. Such columns stay as they were: a NULL would say that Klaviyo has no value. A part
is known by a label: its place in the record, or the name of the related object that a record names
and its page does not include, or includes without ``attributes``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from klaviyo_spark.schema import sql_text
from klaviyo_spark.schema.columns import Column
from klaviyo_spark.schema.endpoint import Part
from klaviyo_spark.schema.parts import ATTRIBUTES, FedPart, fed_parts
from klaviyo_spark.schema.sources import Source
from klaviyo_spark.schema.table import TableSpec
from klaviyo_spark.silver.parse.included import IncludedObject
from klaviyo_spark.silver.parse.json_fields import JsonFieldReader, has_key, is_nested

_NOTHING = "CAST(array() AS array<string>)"
# Of a part that feeds many columns some are looked for; where none is there, the text decides.
_PLACES = 8


def labels_by_column(table: TableSpec, columns: tuple[Column, ...]) -> dict[str, tuple[str, ...]]:
    """Labels of the parts that feed each of some columns; columns that none feeds are left out."""
    found: dict[str, dict[str, None]] = {}
    for source in table.sources:
        for fed in fed_parts(source, columns):
            for name in fed.columns:
                found.setdefault(name, {})[fed.label] = None
    return {name: tuple(labels) for name, labels in found.items()}


def missing_labels(
    source: Source, columns: tuple[Column, ...], leaves: Mapping[str, JsonFieldReader]
) -> str:
    """In SQL the labels of the parts of ``source`` that a record lacks, as an array of texts.

    Args:
        leaves: of the record (``$``), whose text is in the column ``json``, and of the related
            objects that stand beside it. A text is looked into only where nothing of a part was
            found.
    """
    labels = [
        f"CASE WHEN {_lacks(fed, leaves)} THEN {sql_text.text(fed.label)} END"
        for fed in fed_parts(source, columns)
    ]
    return f"array_compact(array({', '.join(labels)}))" if labels else _NOTHING


def _lacks(fed: FedPart, leaves: Mapping[str, JsonFieldReader]) -> str:
    if isinstance(fed.part, Part):
        return _lacks_part(fed, fed.part, leaves["$"])
    text = sql_text.name(IncludedObject(fed.part).name)
    ref = fed.part.ref_path
    gone = f"{text} IS NULL"
    if ref:
        gone = f"{gone} AND {leaves['$'].text_at(ref)} IS NOT NULL"
    if not fed.places:
        return gone
    return f"({gone}) OR ({text} IS NOT NULL AND {_lacks_part(fed, ATTRIBUTES, leaves[fed.label])})"


def _lacks_part(fed: FedPart, part: Part, leaves: JsonFieldReader) -> str:
    # An array that is there and empty is there.
    shallow = sorted(fed.places, key=lambda path: len(path.keys))[:_PLACES]
    texts = dict.fromkeys(leaves.text_at(replace(path, index=None, inner=())) for path in shallow)
    nothing = " AND ".join(f"{text} IS NULL" for text in texts)
    return f"{nothing} AND NOT {_is_there(part, sql_text.name(leaves.source))}"


def _is_there(part: Part, json: str) -> str:
    *above, last = part.keys
    value = f"get_json_object({json}, {_json_path(part.keys)})"
    if part.is_object and not part.may_be_null:
        return f"coalesce(left({value}, 1) = '{{', false)"
    there = (
        has_key(f"get_json_object({json}, {_json_path(above)})", last)
        if part.may_be_null
        else f"{value} IS NOT NULL"
    )
    return f"({there})" if part.scalar else f"({there} AND coalesce({is_nested(value)}, true))"


def _json_path(keys: list[str] | tuple[str, ...]) -> str:
    return sql_text.text("$" + "".join(f"['{key}']" for key in keys))


def lacks_by_label(labels: Iterable[str]) -> list[str]:
    """Columns that say whether the row read lacks the part with each label, for ``keep_old``."""
    return [
        f"array_contains(s_missing, {sql_text.text(label)}) AS {_lacks_name(label)}"
        for label in dict.fromkeys(labels)
    ]


def keep_old(new: str, old: str, labels: tuple[str, ...]) -> str:
    """``new``, or ``old`` where nothing is new and the row read lacks what feeds the column.

    Args:
        labels: of the parts that feed it; the row has their ``lacks_by_label``.
    """
    lacks = " OR ".join(map(_lacks_name, labels))
    return f"CASE WHEN {new} IS NULL AND ({lacks}) THEN {old} ELSE {new} END"


def _lacks_name(label: str) -> str:
    return sql_text.name(f"lacks {label}")


def has_labels(table: TableSpec, columns: tuple[Column, ...]) -> bool:
    """Whether a part feeds any column of ``table``."""
    return bool(labels_by_column(table, columns))


def with_references(
    labels: Mapping[str, tuple[str, ...]], references: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """Labels of columns that are looked up too: what feeds the reference feeds them."""
    more = {name: labels[ref] for name, ref in references.items() if ref in labels}
    return {name: labels.get(name, ()) + more.get(name, ()) for name in {*labels, *more}}
