"""Tables that are no longer what our last load left, as checks of a verification. Pure; no I/O."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from klaviyo_spark.commands.verify.children import asked_children, children
from klaviyo_spark.commands.verify.comparing import WHOLE_TABLES, Comparison
from klaviyo_spark.commands.verify.listings import listings
from klaviyo_spark.resources import ENDPOINTS, TABLES, WINDOWED
from klaviyo_spark.state.drift import Drift, newest


def table_checks(found: Drift, names: Collection[str]) -> Iterator[Comparison]:
    """A check per table of ``names`` that something has been loaded into: 1 where it stands.

    Args:
        found: how they stand. Those that cannot be read have no check: nothing is known of them.
    """
    for name in (name for name in TABLES if name in names):
        why = _what_was_done(found, name)
        if why or name in found.batch_ids:
            yield Comparison(
                TABLES[name].resource, WHOLE_TABLES, name, None, None, int(not why), 1, why=why
            )


def uncounted(resources: Collection[str]) -> list[str]:
    """Tables of ``resources`` whose rows nothing of Klaviyo's counts or lists."""
    chosen = sorted(resources)
    counted = {one.table.name for one in listings(chosen)} | {*WINDOWED}
    counted |= {one.table.name for one in children(chosen)}
    counted |= {one.table.name for one in asked_children(chosen)}
    counted |= {e.members.table for e in ENDPOINTS.values() if e.members}
    return [n for n, t in TABLES.items() if t.resource in resources and n not in counted]


def _what_was_done(found: Drift, name: str) -> str:
    if name in found.put_back:
        return "an older copy was restored"
    if name in found.gone:
        return "removed or replaced since the last load"
    commits = found.foreign_commits.get(name)
    return f"something other than klaviyo-spark changed rows ({newest(commits)})" if commits else ""
