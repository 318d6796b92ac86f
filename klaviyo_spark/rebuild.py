"""Silver made again from bronze alone: aside, then each table put in its place in one commit.

Readers see a table as it was until the new one is whole. Nothing is asked of Klaviyo.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import reduce
from operator import or_

from pyspark.sql import Column
from pyspark.sql import functions as F

from klaviyo_spark.checks import Severity
from klaviyo_spark.errors import LakeError
from klaviyo_spark.lake import Lake
from klaviyo_spark.load import Load
from klaviyo_spark.refine import refine
from klaviyo_spark.resources import TABLES
from klaviyo_spark.state import pages_gone_before


def rebuild(
    lake: Lake,
    account_id: str,
    resources: Sequence[str],
    *,
    keep_event_properties: bool = True,
    severities: Mapping[str, Severity] | None = None,
) -> list[Load]:
    """Make one account's tables of ``resources`` anew; see ``Rebuild``."""
    anew = Rebuild(lake, resources)
    loads = anew.make(
        account_id,
        resources,
        keep_event_properties=keep_event_properties,
        severities=severities,
    )
    anew.publish()
    return loads


class Rebuild:
    """Tables made anew, account by account, then put in their place for all of these accounts.

    A table that a check holds back is not put in its place, nor what is made of it; all others are.
    Pages are taken in as they were the first time, run by run, so the same rows come out, marks
    and histories included. What late arrivals were counted stays.

    Args:
        resources: of all these accounts together.
    """

    def __init__(self, lake: Lake, resources: Collection[str]) -> None:
        self._lake = lake
        self._all = self._aside(resources)
        self._made: dict[str, frozenset[str]] = {}
        self._begun = False

    def make(
        self,
        account_id: str,
        resources: Sequence[str],
        *,
        keep_event_properties: bool = True,
        severities: Mapping[str, Severity] | None = None,
    ) -> list[Load]:
        """Make an account's tables of ``resources`` from all its pages that have landed, aside.

        Returns:
            One load per table and run.

        Raises:
            LakeError: upkeep has taken pages away.
        """
        gone = pages_gone_before(self._lake, account_id).keys() & set(resources)
        if gone:
            raise LakeError(
                f"{', '.join(sorted(gone))}: pages have gone from bronze by age, so tables made "
                "anew would lack what stood on them; name other --resources"
            )
        if not self._begun:
            self._all.forget_aside()
            self._begun = True
        # What this account does not make anew is looked up in the tables that stand.
        aside = self._aside(resources)
        loads = refine(
            aside,
            account_id,
            resources,
            keep_event_properties=keep_event_properties,
            severities=severities,
        )
        failed = {load.table for load in loads if not load.is_loaded}
        self._made[account_id] = aside.aside - failed
        return loads

    def publish(self) -> None:
        """Put what was made in the place of those accounts' rows, a table in one commit.

        Raises:
            LakeError: a table's columns change, and it holds rows of other accounts too.
        """
        if not self._made:
            return
        aside = self._all
        for name in sorted(aside.aside):
            accounts = [account for account, made in self._made.items() if name in made]
            if accounts:
                rows = aside.silver(TABLES[name]).where(F.col("_account_id").isin(*accounts))
                self._lake.publish(TABLES[name], rows, accounts)
        ours = self._made_here("_account_id")
        self._lake.replace_ops("quarantine", aside.ops("quarantine").where(ours), ours)
        loads = aside.ops("table_loads").where(self._made_here("account_id"))
        self._lake.put_ops("table_loads", loads, ("run_id", "table_name"))
        aside.forget_aside()

    def _made_here(self, account: str) -> Column:
        """Rows of an operators' table that are about what was made; ``account`` is its column."""
        each = [
            (F.col(account) == name) & F.col("table_name").isin(*made)
            for name, made in self._made.items()
        ]
        return reduce(or_, each)

    def _aside(self, resources: Collection[str]) -> Lake:
        names = frozenset(t.name for t in TABLES.values() if t.resource in resources)
        return Lake(self._lake.spark, self._lake.place, names, self._lake.personal)
