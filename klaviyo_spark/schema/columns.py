"""Columns of silver tables: name, type, where they are read, what they mean. No I/O here.

A **read** says where a value stands. ``$.attributes.name`` is a path in the row's own JSON,
``^.id`` one in the record around it (for rows that are elements of a record's array),
``profile>$.attributes.email`` one in a related object of the same page, ``page.parent_id`` a fact
of the request, and ``row.id`` a column of the silver row that the record is. ``['Bounce Type']``
quotes a key that is not a word. Several reads are tried in order, newest shape of the API first;
the first that is not null wins. ``<path> if <path>=<value>`` is read only where the condition
holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Literal, TypedDict

from klaviyo_spark.schema.paths import FieldPath, FieldRead, parse_each, parse_path, parse_read

if TYPE_CHECKING:  # Python has it from 3.11 on
    from typing_extensions import Unpack

ColumnType = Literal["string", "boolean", "int", "bigint", "double", "timestamp", "date"]
Shape = Literal[
    "",
    "message_channel",
    "report_channel",
    "filled",
    "not_empty",
    "flow_action_type",
    "documented_metric",
    "utc_day",
    "or_empty",
    "looked_up",
]
Lookup = Literal["", "message_channel", "attributed_send_ts", "klaviyo_first", "list"]
Role = Literal["", "first_seen", "last_seen", "present", "sticky"]
Pii = Literal[
    "",
    "id",
    "email",
    "phone",
    "name",
    "location",
    "ip",
    "external_id",
    "url",
    "free_form",
    "credential",
    "credential_id",
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
        pii: class of personal data, ``""`` for none; what becomes of it says ``personal_data``. A
            ``credential_id`` is an id made of a ``credential``: where that is dropped it is a plain
            digest, so that rows keep their key.
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

    @cached_property
    def field_reads(self) -> Mapping[str, tuple[FieldRead, ...]]:
        """``reads``, parsed."""
        texts = [text for several in self.reads.values() for text in several]
        parsed = iter(parse_each(texts, parse_read))
        return {name: tuple(islice(parsed, len(some))) for name, some in self.reads.items()}

    @cached_property
    def wall_clock_flags(self) -> tuple[FieldPath, ...]:
        """``wall_clock``, parsed."""
        return parse_each(filter(None, self.wall_clock.split("|")), parse_path)


class ColumnOptions(TypedDict, total=False):
    """What a column may say beyond what each says; see ``Column``."""

    also_named: str
    shape: Shape
    role: Role
    wall_clock: str
    lookup: Lookup
    pii: Pii


def col(
    name: str,
    type: ColumnType,
    reads: str | tuple[str, ...] | Mapping[str, str | tuple[str, ...]],
    doc: str,
    **more: Unpack[ColumnOptions],
) -> Column:
    """A column, its reads written the shortest way that fits; what more there is: ``Column``."""
    by_source = reads if isinstance(reads, Mapping) else {"": reads}
    paths = {s: (p,) if isinstance(p, str) else tuple(p) for s, p in by_source.items()}
    return Column(name, type, paths, doc, **more)


def also_named(column: Column) -> Column:
    """The same column under its right name, where the document has a slip."""
    doc = f"The same as {column.name}, under the name that fits. {column.doc}"
    return replace(column, name=column.also_named, doc=doc, also_named="", lookup="")
