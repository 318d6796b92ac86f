"""Bronze to silver, after a look at whether the tables are still what our last load left.

A table that is gone is made again from bronze before it is loaded, and so is one of which an older
copy was put back: what later loads brought is not in it. Where bronze no longer has all its pages
(and a rebuild would lose rows of the copy), all that bronze has is loaded into the copy once more.
A table whose data files are missing is made again once a load has met that. One whose rows somebody
else has changed is loaded all the same, and it is said. One that cannot be opened is held back with
the tables that need it. ``drift`` decides; ``refine`` and ``rebuild`` do the loading.

It is long, since what is said of each case stands beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from klaviyo_spark import messages
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.resources import TABLES
from klaviyo_spark.silver.dependencies import held_back_with, made_with, needed_by
from klaviyo_spark.silver.held_back import held_back_load, unopened
from klaviyo_spark.silver.models import AS_DEFAULT, Load, RefinePolicy
from klaviyo_spark.silver.rebuild import rebuild
from klaviyo_spark.silver.refine import refine
from klaviyo_spark.silver.repair import RepairPlan, mending
from klaviyo_spark.state.drift import Drift, newest
from klaviyo_spark.state.landings import landed_batches
from klaviyo_spark.state.models import Outcome
from klaviyo_spark.state.store import (
    accounts_of,
    forget_loads,
    pages_gone_before,
    pages_lost,
    read_drift,
)


def reconcile(
    lake: Lake,
    account_id: str,
    resources: Sequence[str],
    policy: RefinePolicy = AS_DEFAULT,
    *,
    outcome: Outcome,
    mend: bool = False,
) -> list[Load]:
    """Load all landed pages of ``resources`` that the tables do not hold; see ``refine``.

    Args:
        outcome: takes note of what is to be said of the tables, and of those that cannot be made.
        mend: make tables whose rows somebody else has changed again too, where bronze has all.

    Returns:
        One load per table and run that had pages for it.
    """
    lake = lake.for_account(account_id)
    chosen = frozenset(table.name for table in TABLES.values() if table.resource in resources)
    # What chosen tables look things up in has to be there too.
    needed = needed_by(chosen)
    broken = {name: str(error) for name, error in unopened(lake, needed).items()}
    found = read_drift(lake, account_id, needed)
    if mend:
        found = found.with_changed_as_gone(mendable(lake, account_id, found, chosen))
    unreadable = {**found.unreadable, **broken}
    held_back = held_back_with(unreadable)
    waiting = {n for n in found.gone if not made_with([n])[1].isdisjoint(held_back)}
    _note_waiting(waiting - held_back, unreadable, outcome)
    held_back |= held_back_with(waiting)
    chosen -= held_back
    found = replace(found, gone={n: ids for n, ids in found.gone.items() if n not in held_back})
    held = [held_back_load(name, needed, unreadable[name]) for name in TABLES if name in unreadable]
    loading = _Loading(lake, account_id, resources, policy, found)
    unloaded = chosen - found.batch_ids.keys() - found.gone.keys()
    asks = found.gone or found.foreign_commits or unloaded
    by_age = pages_gone_before(lake, account_id) if asks else {}
    _note_foreign_commits(found, chosen, by_age, outcome)
    # Of a table that no load is known of, as of all without operators' tables, bronze may be short.
    short = {name for name in unloaded if TABLES[name].resource in by_age}
    empty = {name for name in short if lake.silver(TABLES[name]).isEmpty()}
    if found.gone:
        there = frozenset(batch.batch_id for batch in landed_batches(lake))
        lacking = {name for name in found.put_back if not found.gone[name] <= there}
        incomplete = pages_lost(lake, account_id, found.batch_ids) | lacking
        todo = mending(found.gone, by_age, incomplete, found.put_back)
        _note_refused(todo, by_age, outcome)
        _note_anew(todo, found, there, outcome)
        _note_again(todo, found, there, by_age, outcome)
        if todo.again:
            forget_loads(lake, account_id, todo.again)
        left = chosen.difference(todo.anew, *todo.refused.values())
        # These look rows up in tables that are made anew, so they come after them.
        after = frozenset(name for name in left if not needed_by({name}).isdisjoint(todo.anew))
        loads = loading.load(left - after)
        if todo.anew:
            loads += loading.rebuild(todo.anew)
        loads += loading.load(after) if after else []
    else:
        loads = loading.load(chosen)
    _note_incomplete(empty & {load.table for load in loads}, by_age, outcome)
    return held + _mended(loads, loading, outcome, held_back)


def mendable(lake: Lake, account_id: str, found: Drift, chosen: Collection[str]) -> frozenset[str]:
    """Tables of ``chosen`` whose rows others have changed, and that bronze can give again whole."""
    changed = found.foreign_commits.keys() & {*chosen}
    if not changed:
        return frozenset()
    by_age = pages_gone_before(lake, account_id)
    short = pages_lost(lake, account_id, found.batch_ids)

    def is_whole(name: str) -> bool:
        return name not in short and TABLES[name].resource not in by_age

    return frozenset(name for name in changed if all(map(is_whole, made_with([name])[1])))


@dataclass(frozen=True)
class _Loading:
    """Loads tables of one account, and makes tables anew, as one call of ``reconcile`` wants it."""

    lake: Lake
    account_id: str
    resources: Sequence[str]
    policy: RefinePolicy
    found: Drift

    def load(self, names: Collection[str]) -> list[Load]:
        """Load what these tables do not hold."""
        return refine(
            self.lake,
            self.account_id,
            self.resources,
            self.policy,
            only=names,
            found=self.found,
        )

    def rebuild(self, names: Collection[str]) -> list[Load]:
        """Make these tables anew."""
        resources = sorted({TABLES[name].resource for name in names})
        return rebuild(self.lake, self.account_id, resources, self.policy, only=names)


def _note_waiting(tables: Collection[str], unreadable: Collection[str], outcome: Outcome) -> None:
    if tables:
        outcome.warnings.append(
            messages.silver.REMOVED_WITH_UNREADABLE(
                tables=", ".join(sorted(tables)), unreadable=", ".join(sorted(unreadable))
            )
        )


def _mended(
    loads: list[Load], loading: _Loading, outcome: Outcome, held_back: Collection[str]
) -> list[Load]:
    """``loads``, once tables whose data files are missing are made anew, and what waited for them.

    Where other accounts have rows in them, these would go too: a rebuild of all of them is for
    somebody to begin.
    """
    broken = frozenset(one.broken for one in loads if one.broken)
    if not broken:
        return loads
    lake, account_id = loading.lake, loading.account_id
    by_age = pages_gone_before(lake, account_id)
    loaded = loading.found.batch_ids.keys() - broken
    todo = mending(broken, by_age, pages_lost(lake, account_id, loaded))
    _note_refused(todo, by_age, outcome)
    if not todo.anew or todo.anew & {*held_back}:
        return loads
    if accounts_of(lake, todo.anew) - {account_id}:
        return loads
    anew = loading.rebuild(todo.anew)
    _note_mended(broken & todo.anew, todo.anew, outcome)
    failed = {one.table for one in loads if not one.is_loaded}
    waited = failed.difference(todo.anew, *todo.refused.values())
    kept = [one for one in loads if one.table not in todo.anew | waited]
    return kept + anew + (loading.load(waited) if waited else [])


def _note_foreign_commits(
    found: Drift, chosen: Collection[str], by_age: Collection[str], outcome: Outcome
) -> None:
    for name in (name for name in TABLES if name in chosen):
        commits = found.foreign_commits.get(name, ())
        if not commits:
            continue
        resource, said = TABLES[name].resource, newest(commits)
        if resource in by_age:
            outcome.warnings.append(
                messages.silver.FOREIGN_CHANGE_WITHOUT_PAGES(table=name, commits=said)
            )
        else:
            outcome.warnings.append(
                messages.silver.FOREIGN_CHANGE(table=name, commits=said, resource=resource)
            )


def _note_incomplete(
    tables: Collection[str], by_age: Mapping[str, datetime], outcome: Outcome
) -> None:
    for name in (name for name in TABLES if name in tables):
        resource = TABLES[name].resource
        outcome.warnings.append(
            messages.silver.LOADED_FROM_PART(table=name, resource=resource, since=by_age[resource])
        )


def _note_refused(todo: RepairPlan, by_age: Mapping[str, datetime], outcome: Outcome) -> None:
    for resource, tables in todo.refused.items():
        names = ", ".join(name for name in TABLES if name in tables)
        if resource in by_age:
            outcome.fail(
                resource,
                messages.silver.REMOVED_AND_OLD_PAGES_GONE(
                    tables=names, resource=resource, since=by_age[resource]
                ),
            )
        else:
            outcome.fail(
                resource,
                messages.silver.REMOVED_AND_PAGES_GONE(tables=names),
            )


def _note_anew(todo: RepairPlan, found: Drift, there: Collection[str], outcome: Outcome) -> None:
    together = _with_them(todo.anew, found.gone)
    gone = [name for name in TABLES if name in todo.anew and name in found.gone]
    changed = [name for name in gone if name in found.changed]
    removed = [name for name in gone if name not in found.put_back | found.changed]
    put_back = [name for name in gone if name in found.put_back]
    held = frozenset[str]().union(*(found.gone[name] for name in removed))
    lost = len(held.difference(there))
    short = f"; bronze no longer has {lost:,} of the {len(held):,} batches that they held"
    if removed:
        outcome.warnings.append(
            messages.silver.REBUILT_REMOVED(
                tables=", ".join(removed), together=together, short=short if lost else ""
            )
        )
    if put_back:
        outcome.warnings.append(
            messages.silver.REBUILT_PUT_BACK(
                tables=", ".join(put_back), together="" if removed else together
            )
        )
    if changed:
        outcome.warnings.append(
            messages.silver.REBUILT_CHANGED(
                tables=", ".join(changed), together="" if removed or put_back else together
            )
        )


def _note_again(
    todo: RepairPlan,
    found: Drift,
    there: Collection[str],
    by_age: Mapping[str, datetime],
    outcome: Outcome,
) -> None:
    for name in (name for name in TABLES if name in todo.again):
        resource, held = TABLES[name].resource, found.gone[name]
        if resource in by_age:
            lacks = (
                f"retention deleted pages of {resource} fetched before {by_age[resource]:%Y-%m-%d}"
            )
        else:
            lost = len(held.difference(there))
            lacks = (
                f"bronze no longer has {lost:,} of the {len(held):,} batches that the table held"
            )
        outcome.warnings.append(messages.silver.PUT_BACK_AND_RELOADED(table=name, lacks=lacks))


def _note_mended(broken: Collection[str], anew: Collection[str], outcome: Outcome) -> None:
    names = ", ".join(name for name in TABLES if name in broken)
    outcome.warnings.append(
        messages.silver.REBUILT_LOST_FILES(tables=names, together=_with_them(anew, broken))
    )


def _with_them(anew: Collection[str], gone: Collection[str]) -> str:
    others = [name for name in TABLES if name in anew and name not in gone]
    return f"; rebuilt with them: {', '.join(others)}" if others else ""
