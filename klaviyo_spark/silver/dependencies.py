"""Which tables wait for which, as their specs say. No I/O here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from klaviyo_spark.resources import TABLES
from klaviyo_spark.schema.sources import BorrowedRows, Source
from klaviyo_spark.schema.table import TableSpec
from klaviyo_spark.silver import lookups


def depends_on(table: TableSpec) -> tuple[str, ...]:
    """Tables that must be up to date before this one: parents, and those it looks things up in."""
    names = list(owners_of(table))
    names += [source.bounds.table for source in table.sources if source.bounds]
    for column in (*table.columns, *table.internal):
        names += lookups.NEEDS.get(column.lookup, ())
    return tuple(dict.fromkeys(n for n in names if n != table.name))


def in_order(tables: Sequence[TableSpec]) -> list[TableSpec]:
    """Tables so that each comes after those it depends on; what events wait for goes first."""
    by_name = {t.name: t for t in tables}
    done: dict[str, TableSpec] = {}

    def visit(table: TableSpec) -> None:
        for name in depends_on(table):
            if name in by_name and name not in done:
                visit(by_name[name])
        done.setdefault(table.name, table)

    for table in sorted(tables, key=lambda t: t.resource != "events"):
        visit(table)
    return list(done.values())


def made_of(names: Collection[str], tables: Mapping[str, TableSpec]) -> frozenset[str]:
    """``names`` and all tables whose rows are made of rows of these."""
    found = frozenset(names)
    while True:
        more = {
            table.name
            for table in tables.values()
            if found & {*map(_owner, table.sources), *(b.table for b in borrows(table))}
        }
        if more <= found:
            return found
        found |= more


def held_back_with(names: Collection[str]) -> frozenset[str]:
    """``names``, all tables that look rows up in these, and what is made of any of them.

    They cannot be loaded while ``names`` cannot be read.
    """
    readers = {table.name for table in TABLES.values() if {*names} & {*depends_on(table)}}
    return made_of({*names, *readers}, TABLES)


def _owner(source: Source) -> str:
    return source.of.table if source.of else ""


def borrows(table: TableSpec) -> list[BorrowedRows]:
    """What the table's rows may be borrowed from."""
    return [source.borrow for source in table.sources if source.borrow]


def owners_of(table: TableSpec) -> tuple[str, ...]:
    """Tables whose rows or marks pass to this one: its parent, and those its rows are made of."""
    names = [table.parent.table] if table.parent else []
    names += [table.made_of.table] if table.made_of else []
    return (*names, *(borrow.table for borrow in borrows(table)))


def made_with(names: Collection[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Tables that go with ``names``: these and their heirs; and with the owners of all of them."""
    heirs = set(names)
    for table in in_order(list(TABLES.values())):
        if not heirs.isdisjoint(owners_of(table)):
            heirs.add(table.name)
    whole = set(heirs)
    for table in reversed(in_order(list(TABLES.values()))):
        if table.name in whole:
            whole.update(owners_of(table))
    return frozenset(heirs), frozenset(whole)


def needed_by(names: Collection[str]) -> frozenset[str]:
    """``names``, and all tables that must be up to date before these."""
    needed = set(names)
    for table in reversed(in_order(list(TABLES.values()))):
        if table.name in needed:
            needed.update(depends_on(table))
    return frozenset(needed)
