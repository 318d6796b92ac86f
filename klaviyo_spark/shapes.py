"""How a table's columns differ from those its spec asks for, and what mends it. No Spark here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Column = tuple[str, str]
"""Name and type."""


@dataclass(frozen=True)
class Difference:
    """What a table lacks, and what about it cannot be mended by adding columns.

    Args:
        added: columns to add, each with the one it comes after; empty for the first.
        misfits: what does not fit, in words.
    """

    added: tuple[tuple[str, str], ...] = ()
    misfits: tuple[str, ...] = ()


def difference(
    wanted: Sequence[Column], there: Sequence[Column], partitions: Sequence[str] = ()
) -> Difference:
    """Compare a table with its spec; the order of columns that are there is left as it is.

    Args:
        wanted: columns of the spec, in order.
        there: columns of the table.
        partitions: those it is partitioned by, which cannot be added later.
    """
    types = dict(there)
    names = [name for name, _ in wanted]
    added, misfits = [], []
    for after, (name, type) in zip(["", *names], wanted, strict=False):
        if name not in types and name in partitions:
            misfits.append(f"is not partitioned by {name}")
        elif name not in types:
            added.append((name, after))
        elif types[name] != type:
            misfits.append(f"has {name} as {types[name]} instead of {type}")
    misfits += [f"has {name}, which this release does not know" for name in types.keys() - {*names}]
    return Difference(tuple(added), tuple(sorted(misfits)))
