"""Which tables that are gone can be made again from bronze. Pure; no I/O here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from klaviyo_spark.resources import TABLES
from klaviyo_spark.silver.dependencies import made_with


@dataclass(frozen=True)
class RepairPlan:
    """What is to be done about tables that are gone.

    Args:
        anew: tables to be made again from bronze: those that are gone, what they are made of and
            what is made of them, so that the result equals a rebuild.
        refused: per resource whose pages are not all there, the tables that are gone and what
            hangs on them.
        again: older copies of which not all pages are there: those that are there are loaded again.
    """

    anew: frozenset[str] = frozenset()
    refused: Mapping[str, frozenset[str]] = field(default_factory=dict)
    again: frozenset[str] = frozenset()


def mending(
    gone: Collection[str],
    by_age: Collection[str],
    short: Collection[str] = (),
    put_back: Collection[str] = (),
) -> RepairPlan:
    """Which tables can be made again.

    Args:
        by_age: resources whose pages retention has taken away.
        short: tables that are there and hold rows whose pages bronze no longer has.
        put_back: those of ``gone`` that stand, as older copies.
    """
    anew: set[str] = set()
    again: set[str] = set()
    refused: dict[str, frozenset[str]] = {}
    for resource in dict.fromkeys(TABLES[name].resource for name in TABLES if name in gone):
        ours = [name for name in gone if TABLES[name].resource == resource]
        _, all_of_them = made_with(ours)
        if resource in by_age or not all_of_them.isdisjoint(short):
            removed = [name for name in ours if name not in put_back]
            below = made_with(removed)[0] if removed else frozenset()
            if below:
                refused[resource] = below
            again |= {*ours} - below
        else:
            anew |= all_of_them
    return RepairPlan(frozenset(anew), refused, frozenset(again))
