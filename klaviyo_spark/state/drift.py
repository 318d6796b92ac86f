"""Where tables are no longer what our last load left: decided from facts. Pure; no I/O here.

A load writes down which table it wrote to (Delta's id), the newest version that was looked at
before it, and its run, which its commits name. So a load counts for the table of that id alone, and
commits after that version have still to be looked at. Commits of others stay written down until a
rebuild replaces the loads. Where the newest write is no longer in the table's log, an older copy of
the table was put back: no load counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from klaviyo_spark.lake.delta_log import TableState, Write

# So many of a table's commits by others are named.
_NAMED = 3
# How `delta_log.Commit` is said.
_VERSION = re.compile(r"\(version (\d+)\)$")


@dataclass(frozen=True)
class LoadMark:
    """What an account's loads into one table, by its id, say of it.

    Args:
        table_id: None where a load does not say it; it counts for no table.
        version: the newest that was looked at.
        foreign_commits: commits of others that were found.
        written: the newest load that changed rows.
    """

    table: str
    table_id: str | None
    version: int | None = None
    batch_ids: frozenset[str] = frozenset()
    foreign_commits: frozenset[str] = frozenset()
    written: Write | None = None


@dataclass(frozen=True)
class Drift:
    """The tables of one account as they are, beside what its loads left.

    Args:
        states: tables that are there.
        batch_ids: per table, the batches that its rows hold.
        gone: tables that loads went to and that are not there, are another table by that name, or
            an older copy; with the batches that those had taken in.
        put_back: of these, the older copies.
        changed: of these, the ones whose rows others have changed; see ``with_changed_as_gone``.
        fresh: commits of others that no load has written down yet.
        foreign_commits: those and the ones that loads have written down, as they are said.
        unreadable: tables whose logs are damaged, with what is to be said of each. What became of
            their rows is not known, so they are neither there nor gone.
    """

    states: Mapping[str, TableState] = field(default_factory=dict)
    batch_ids: Mapping[str, frozenset[str]] = field(default_factory=dict)
    gone: Mapping[str, frozenset[str]] = field(default_factory=dict)
    put_back: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    fresh: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    foreign_commits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unreadable: Mapping[str, str] = field(default_factory=dict)

    def with_changed_as_gone(self, changed: frozenset[str]) -> Drift:
        """The same, with these tables as gone: nothing is known of what they hold any more."""
        kept = {n: commits for n, commits in self.foreign_commits.items() if n not in changed}
        return replace(
            self,
            batch_ids={n: ids for n, ids in self.batch_ids.items() if n not in changed},
            gone={**self.gone, **{name: self.batch_ids[name] for name in changed}},
            changed=changed,
            foreign_commits=kept,
        )


def looked_at(loaded: Iterable[LoadMark], tables: Iterable[str]) -> dict[str, int | None]:
    """Per table, the version after which commits have to be looked at; None where nothing went."""
    since: dict[str, int | None] = dict.fromkeys(tables)
    for one in loaded:
        if one.table in since and one.version is not None:
            before = since[one.table]
            since[one.table] = one.version if before is None else min(before, one.version)
    return since


def writes_of(loaded: Iterable[LoadMark]) -> dict[str, tuple[Write, ...]]:
    """Per table, the writes that have to be in its log."""
    writes: dict[str, tuple[Write, ...]] = {}
    for one in loaded:
        if one.written:
            writes[one.table] = (*writes.get(one.table, ()), one.written)
    return writes


def drift(
    loaded: Sequence[LoadMark],
    states: Mapping[str, TableState],
    unreadable: Mapping[str, str] = MappingProxyType({}),
) -> Drift:
    """Hold what loads left against the tables.

    Args:
        loaded: one per table and id.
        unreadable: tables whose logs are damaged, and what is to be said of each.
        states: tables that are there, with the commits of others since ``looked_at``, and those of
            ``writes_of`` that are missing.
    """
    batch_ids: dict[str, frozenset[str]] = {}
    lost: dict[str, frozenset[str]] = {}
    fresh: dict[str, tuple[str, ...]] = {}
    foreign: dict[str, tuple[str, ...]] = {}
    put_back: set[str] = set()
    for one in loaded:
        if one.table in unreadable:
            continue
        state = states.get(one.table)
        if state is None or state.table_id != one.table_id or one.version is None:
            lost[one.table] = lost.get(one.table, frozenset()) | one.batch_ids
            continue
        if state.is_older_than(one.version, one.written):
            lost[one.table] = lost.get(one.table, frozenset()) | one.batch_ids
            put_back.add(one.table)
            continue
        batch_ids[one.table] = one.batch_ids
        new = [str(commit) for commit in state.foreign if commit.version > one.version]
        if new:
            fresh[one.table] = tuple(new)
        if new or one.foreign_commits:
            foreign[one.table] = tuple(sorted({*one.foreign_commits, *new}, key=_version))
    gone = {table: ids for table, ids in lost.items() if table not in batch_ids}
    return Drift(
        states,
        batch_ids,
        gone,
        frozenset(put_back),
        fresh=fresh,
        foreign_commits=foreign,
        unreadable=unreadable,
    )


def newest(commits: Sequence[str]) -> str:
    """Commits as a message names them: few, or how many and the last of them."""
    said = ", ".join(commits[-_NAMED:])
    return f"{len(commits):,} commits, the last {said}" if len(commits) > _NAMED else said


def _version(commit: str) -> int:
    found = _VERSION.search(commit)
    return int(found[1]) if found else 0
