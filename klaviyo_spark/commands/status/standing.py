"""Tables that are not what the last load of an account left: see ``drift``. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from klaviyo_spark.commands.status.facts import Facts
from klaviyo_spark.resources import TABLES
from klaviyo_spark.state.drift import Drift, drift

BRONZE = "klaviyo_bronze.pages"


@dataclass(frozen=True)
class Changed:
    """A table whose rows something other than klaviyo-spark changed.

    Args:
        commits: time (UTC), operation and version of each, oldest first.
        rebuild: the command that mends it.
    """

    table: str
    commits: tuple[str, ...]
    rebuild: str


def removed(facts: Facts, account: str) -> tuple[str, ...]:
    """Tables that are gone or replaced, bronze first, by their names without schema but for it."""
    found = _drift(facts, account)
    gone = found.gone.keys() - found.put_back
    known = {row["bronze_id"] for row in facts.rows_for("bronzes", account)}
    bronze = facts.bronze.table_id if facts.bronze else None
    return (
        *((BRONZE,) if known and bronze not in known and not _is_unreadable(facts) else ()),
        *(name for name in TABLES if name in gone),
    )


def put_back(facts: Facts, account: str) -> tuple[str, ...]:
    """Tables of which an older copy was put back, named as of ``removed``."""
    silver = _drift(facts, account).put_back
    return (
        *((BRONZE,) if _is_older_copy(facts, account) else ()),
        *(name for name in TABLES if name in silver),
    )


def _is_older_copy(facts: Facts, account: str) -> bool:
    """Whether bronze lacks what the account's marks say has landed."""
    bronze = facts.bronze
    if bronze is None:
        return False
    looked_at = [
        row["version"]
        for row in facts.rows_for("bronzes", account)
        if row["bronze_id"] == bronze.table_id and row["version"] is not None
    ]
    landed = facts.newest_landings.get((account, bronze.table_id))
    return bronze.is_older_than(max(looked_at, default=0), landed)


def changed(facts: Facts, account: str) -> tuple[Changed, ...]:
    """Tables that others have changed."""
    commits = _drift(facts, account).foreign_commits
    return tuple(
        Changed(
            name,
            commits[name],
            f"klaviyo-spark refine --rebuild --resources {TABLES[name].resource}",
        )
        for name in TABLES
        if name in commits
    )


def _drift(facts: Facts, account: str) -> Drift:
    loaded = [one for of, one in facts.load_marks if of == account and one.table in TABLES]
    names = {name.rpartition(".")[2]: why for name, why in facts.unreadable.items()}
    return drift(loaded, facts.states, names)


def _is_unreadable(facts: Facts) -> bool:
    return any(name.endswith(".pages") for name in facts.unreadable)
