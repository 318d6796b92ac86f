"""Silver made again from bronze alone: aside, then each table put in its place in one commit.

Readers see a table as it was until the new one is whole. Nothing is asked of Klaviyo.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from pyspark.sql import Column
from pyspark.sql import functions as F

from klaviyo_spark import messages
from klaviyo_spark.errors import LakeError, TableUnreadable
from klaviyo_spark.lake.commit_tag import tag_of
from klaviyo_spark.lake.delta_log import TableState
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.lake.staging import check_staging, drop_staging, make_staging
from klaviyo_spark.resources import TABLES
from klaviyo_spark.schema.sql_text import portable, portable_list
from klaviyo_spark.silver.dependencies import held_back_with
from klaviyo_spark.silver.held_back import held_back_load, unopened
from klaviyo_spark.silver.models import AS_DEFAULT, Load, RefinePolicy
from klaviyo_spark.silver.refine import refine
from klaviyo_spark.state.store import pages_gone_before, pages_lost, read_drift, silver_states


def rebuild(
    lake: Lake,
    account_id: str,
    resources: Sequence[str],
    policy: RefinePolicy = AS_DEFAULT,
    *,
    only: Collection[str] | None = None,
) -> list[Load]:
    """Make one account's tables of ``resources`` anew, or ``only`` some; see ``Rebuild``."""
    anew = Rebuild(lake, resources, only)
    loads = anew.make(account_id, resources, policy)
    anew.publish()
    return loads


class Rebuild:
    """Tables made anew, account by account, then put in their place for all of these accounts.

    A table that a check holds back is not put in its place, nor what is made of it; all others are.
    Pages are taken in as they were the first time, run by run, so the same rows come out, marks
    and histories included. What late arrivals were counted stays.

    Args:
        resources: of all these accounts together.
        only: tables to make anew; None: all of ``resources``.
    """

    def __init__(
        self, lake: Lake, resources: Collection[str], only: Collection[str] | None = None
    ) -> None:
        self._lake, self._only = lake, only
        self._all = self._staging_lake(resources)
        self._made: dict[str, frozenset[str]] = {}
        self._by: dict[str, str] = {}
        self._begun = False

    def make(
        self,
        account_id: str,
        resources: Sequence[str],
        policy: RefinePolicy = AS_DEFAULT,
    ) -> list[Load]:
        """Make an account's tables of ``resources`` from all its pages that have landed, aside.

        Returns:
            One load per table and run.

        Raises:
            LakeError: upkeep, or somebody else, has taken pages away, or what is in the place where
                tables are made anew is not ours.
        """
        gone = pages_gone_before(self._lake, account_id).keys() & set(resources)
        if gone:
            raise LakeError(
                messages.silver.REBUILD_WITHOUT_OLD_PAGES(resources=", ".join(sorted(gone)))
            )
        # What this account does not make anew is looked up in the tables that stand.
        aside = self._staging_lake(resources)
        short = pages_lost(self._lake, account_id, aside.aside)
        if short:
            raise LakeError(
                messages.silver.REBUILD_WOULD_LOSE_ROWS(tables=", ".join(sorted(short)))
            )
        if not self._begun:  # before a look at the tables makes what is not there
            check_staging(self._all)
        broken = self._unreadable(account_id, aside.aside)
        if not self._begun:
            make_staging(self._all)
            self._begun = True
        loads = refine(aside, account_id, resources, policy, only=aside.aside)
        held_back = held_back_with(broken)
        failed = {load.table for load in loads if not load.is_loaded}
        self._made[account_id] = aside.aside - failed - held_back
        self._by[account_id] = policy.run_id
        held = [held_back_load(name, aside.aside, why) for name, why in sorted(broken.items())]
        return held + [load for load in loads if load.table not in held_back]

    def _unreadable(self, account_id: str, names: Collection[str]) -> dict[str, str]:
        """Tables in whose place nothing can be put, with what is to be said of each.

        Raises:
            TableUnreadable: a table that says what was made cannot be opened.
        """
        self._lake.open("quarantine", "table_loads")
        return {
            **read_drift(self._lake, account_id, names).unreadable,
            **{
                name: str(error)
                for name, error in unopened(self._lake, names).items()
                if isinstance(error, TableUnreadable)
            },
        }

    def publish(self) -> None:
        """Put what was made in the place of those accounts' rows, a table in one commit.

        Raises:
            LakeError: a table's columns change, and it holds rows of other accounts too.
        """
        if not self._made:
            return
        aside = self._all
        stood: dict[str, TableState] = {}
        for name in sorted(aside.aside):
            accounts = [account for account, made in self._made.items() if name in made]
            if accounts:
                rows = aside.silver(TABLES[name]).where(F.col("_account_id").isin(*accounts))
                # Looked at before: what others commit from now on is still to be seen.
                before = silver_states(self._lake, {name: None})
                tag = tag_of(*(self._by[account] for account in accounts))
                self._lake.publish(TABLES[name], rows, accounts, tag)
                stood[name] = self._stands(name, before.get(name))
        self._replace_ledgers(stood)
        drop_staging(aside)

    def _stands(self, name: str, before: TableState | None) -> TableState:
        """The table that was published: where a catalog replaces it, its id is another one."""
        now = silver_states(self._lake, {name: None})[name]
        # One that was not there has been made, and then published to.
        return replace(now, version=before.version if before else now.version - 1)

    def _replace_ledgers(self, stood: Mapping[str, TableState]) -> None:
        """Put what was written down of the new rows in the place of what was of the old ones."""
        ours = self._made_here("_account_id")
        self._lake.replace_ops("quarantine", self._all.ops("quarantine").where(ours), ours)
        ids = {name: F.lit(state.table_id) for name, state in stood.items()}
        versions = {name: F.lit(state.version) for name, state in stood.items()}
        ours = self._made_here("account_id")
        loads = self._all.ops("table_loads").where(ours)
        if stood:
            loads = loads.withColumns(
                {
                    "table_id": _by_table(ids),
                    "table_version": _by_table(versions).cast("bigint"),
                }
            )
        self._lake.replace_ops("table_loads", loads, ours)

    def _made_here(self, account: str) -> str:
        """SQL of rows that are about what was made; ``account`` is the column of their account."""
        each = (
            f"({account} = {portable(name)} AND table_name IN {portable_list(made)})"
            for name, made in self._made.items()
        )
        return " OR ".join(each)

    def _staging_lake(self, resources: Collection[str]) -> Lake:
        names = frozenset(
            table.name
            for table in TABLES.values()
            if table.resource in resources and (self._only is None or table.name in self._only)
        )
        return Lake(self._lake.session, self._lake.place, names, self._lake.personal)


def _by_table(values: Mapping[str, Column]) -> Column:
    """The value of each load's table."""
    pairs = [part for name, value in values.items() for part in (F.lit(name), value)]
    return F.create_map(*pairs)[F.col("table_name")]
