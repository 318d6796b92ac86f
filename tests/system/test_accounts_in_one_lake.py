"""Two accounts with the same ids in one lake, over sockets: each right to the cell.

The accounts are made from the same number, so everything in them has the same ids, but for metrics:
by these an account is known. One has moved a day on, so that what stands under the ids differs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import pytest

from klaviyo_spark.client.client import Client
from klaviyo_spark.client.rate_limiter import Limiter
from klaviyo_spark.commands.sync import pipeline
from klaviyo_spark.commands.sync.account_context import AccountContext
from klaviyo_spark.commands.sync.account_run import RunRequest, Summary
from klaviyo_spark.config import accounts
from klaviyo_spark.config.models import Settings
from klaviyo_spark.config.secrets import ApiKey
from klaviyo_spark.lake.lake import Lake
from klaviyo_spark.resources import TABLES
from klaviyo_spark.sandbox import Account, Sandbox
from tests import contract
from tests.builders import KEY
from tests.helpers.compare import differences
from tests.helpers.small_lakes import a_lake

# Whatever a brand is called, SQL has to bear it.
US, EU = "us", "EU's {shop}\\"


@dataclass
class Story:
    """Two syncs of both accounts, the second with a key that is refused, and what they left."""

    lake: Lake
    syncs: list[dict[str, Summary]]
    differences: list[dict[str, list[str]]]
    shared: dict[str, int]


@pytest.fixture(scope="module")
def story(spark, tmp_path_factory) -> Story:
    folder = tmp_path_factory.mktemp("accounts")
    lake = a_lake(spark, folder)
    # The same second: times are part of keys, and made from it.
    now = datetime.now(timezone.utc)
    us = Account(seed=5, events=120, profiles=20, now=now, campaigns=12, quiet_days=29)
    eu = Account(seed=5, events=100, profiles=18, now=now, campaigns=12, quiet_days=29, second=True)
    with (
        Sandbox(us, key=KEY, rate_scale=50) as of_us,
        Sandbox(eu, key=KEY, rate_scale=50) as of_eu,
    ):
        served = {US: of_us, EU: of_eu}
        truth = {US: us.truth(), EU: eu.truth()}
        first = sync(lake, served)
        told = [{name: differences(lake.for_account(name), truth[name]) for name in truth}]
        us.advance(days=1)
        of_eu.faults.add(kind="401")
        truth[US] = us.truth()
        second = sync(lake, served)
        told.append({name: differences(lake.for_account(name), truth[name]) for name in truth})
    return Story(lake, [first, second], told, shared(truth[US], truth[EU]))


def sync(lake: Lake, served: dict[str, Sandbox]) -> dict[str, Summary]:
    # Complete reads each time: the account's truth knows at once who has gone, or left a group.
    at_once = timedelta(0)
    parts = [
        AccountContext(
            Settings(
                account=name,
                base_url=sandbox.url,
                full_profiles_every=at_once,
                full_members_every=at_once,
            ),
            Client(sandbox.url, ApiKey(KEY), limiter=Limiter()),
        )
        for name, sandbox in served.items()
    ]
    found = pipeline.run(RunRequest("sync"), lake, parts)
    for part in parts:
        assert part.client
        part.client.close()
    return {summary.account: summary for summary in found}


def shared(one, other) -> dict[str, int]:
    """How many keys both accounts have, per table."""

    def keys(rows, table) -> set[tuple]:
        return {tuple(str(row[part]) for part in TABLES[table].key) for row in rows}

    return {name: len(keys(one[name], name) & keys(other[name], name)) for name in contract.COLUMNS}


def test_the_accounts_have_ids_in_common_in_every_table_but_that_of_metrics(story):
    assert [name for name, count in story.shared.items() if not count] == ["metrics"]


@pytest.mark.parametrize("step", [0, 1], ids=["first sync", "a day later, with a key refused"])
@pytest.mark.parametrize("account", [US, EU])
def test_every_documented_cell_is_what_its_own_account_says(story, account, step):
    assert story.differences[step][account] == []


def test_both_accounts_are_all_done_at_first(story):
    assert {name: s.exit_code for name, s in story.syncs[0].items()} == {US: 0, EU: 0}


def test_a_key_that_is_refused_fails_its_account_alone(story):
    us, eu = story.syncs[1][US], story.syncs[1][EU]

    assert (us.exit_code, us.outcome.failed, eu.exit_code) == (0, {}, 1)
    [said] = eu.outcome.failed["all"]
    assert "-> 401: KLAVIYO_API_KEY was refused" in said
    assert accounts.combined_exit_code(s.exit_code for s in story.syncs[1].values()) == 3


def test_runs_loads_and_watermarks_are_each_account_s(story):
    def counted(table: str, account: str = "account_id") -> dict[str, int]:
        found = story.lake.ops(table).groupBy(account).count().collect()
        return {row[account]: row["count"] for row in found}

    assert counted("runs") == {US: 2, EU: 2}
    assert counted("table_loads") == {US: 2 * len(contract.COLUMNS), EU: len(contract.COLUMNS)}
    assert set(counted("watermarks")) == set(counted("orphaned_flows", "_account_id")) == {US, EU}


def test_the_rows_of_the_summary_are_the_account_s_own(story):
    first = story.syncs[0]
    rows = {name: story.lake.silver(table).count() for name, table in list(TABLES.items())[:3]}

    assert all(rows[n] >= first[US].rows[n] + first[EU].rows[n] for n in rows)
    assert first[US].rows != first[EU].rows
