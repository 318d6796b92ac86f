"""How a table's columns differ from those its spec asks for, and what mends it. No Spark here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

Column = tuple[str, str]
"""Name and type."""


@dataclass(frozen=True)
class Difference:
    """What a table lacks, and what about it cannot be mended by adding columns.

    Args:
        added: columns to add, each with the one it comes after; empty for the first.
        misfits: what does not fit, in words.
        foreign: columns that somebody else has added, by the names they have there.
    """

    added: tuple[tuple[str, str], ...] = ()
    misfits: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()


def difference(
    wanted: Sequence[Column],
    there: Sequence[Column],
    partitions: Sequence[str] = (),
    ours: Collection[str] | None = None,
) -> Difference:
    """Compare a table with its spec; the order of columns that are there is left as it is.

    Args:
        wanted: columns of the spec, in order.
        there: columns of the table; Spark takes names that differ by capitals for the same.
        partitions: those it is partitioned by, which cannot be added later.
        ours: columns that we have made, as the table says; None: all of them.
    """
    types = {name.lower(): type for name, type in there}
    names = [name for name, _ in wanted]
    made = {*types} if ours is None else {name.lower() for name in ours}
    added, misfits = [], []
    for after, (name, type) in zip(["", *names], wanted, strict=False):
        if name not in types and name in partitions:
            misfits.append(f"is not partitioned by {name}")
        elif name not in types:
            added.append((name, after))
        elif name not in made:
            misfits.append(f"has {name}, which somebody has added and this release has too")
        elif types[name] != type:
            misfits.append(f"has {name} as {types[name]} instead of {type}")
    unknown = [name for name, _ in there if name.lower() not in names]
    misfits += [f"has {n}, which this release does not know" for n in unknown if n.lower() in made]
    foreign = tuple(name for name in unknown if name.lower() not in made)
    return Difference(tuple(added), tuple(sorted(misfits)), foreign)
