"""Every row of the retry table at once, at 1, 5 and 20 % of the requests of a first sync."""

from __future__ import annotations

import pytest

from klaviyo_spark.client.client import Client
from klaviyo_spark.client.rate_limiter import Limiter
from klaviyo_spark.client.retry import RetryPolicy
from klaviyo_spark.config.models import Settings
from klaviyo_spark.config.secrets import ApiKey
from klaviyo_spark.sandbox import Account, Sandbox
from tests.builders import KEY
from tests.helpers.compare import differences
from tests.helpers.runs import Home
from tests.helpers.small_lakes import run_account

KINDS = ("429", "500", "502", "503", "504", "drop", "stall", "short", "malformed", "html200")
READ_TIMEOUT_S = 2.0


@pytest.mark.parametrize("share", [0.01, 0.05, 0.20])
def test_a_sync_among_faults_of_all_kinds_misses_nothing(spark, tmp_path, share):
    account = Account(seed=round(share * 100), events=8_000, profiles=400, quiet_days=9)
    with Sandbox(account, key=KEY, rate_scale=100, page_most=4) as sandbox:
        sandbox.faults.stall_s = 2 * READ_TIMEOUT_S
        sandbox.faults.add(KINDS, path="/api/", probability=share)
        lake = Home(sandbox, tmp_path).lake(spark)

        summary = _sync(lake, sandbox)

        struck = sandbox.faults.struck
        print(f"{share:.0%} of {len(sandbox.requests)} requests: {dict(struck)}")
        assert (summary.exit_code, summary.outcome.failed) == (0, {})
        assert sorted(struck) == sorted(KINDS)
        assert differences(lake, account.truth()) == []


def _sync(lake, sandbox):
    """One sync that does not wait before it asks again, nor long for an answer."""
    policy = RetryPolicy(sleep=lambda _seconds, _stop=None: None)
    limiter, timeout = Limiter(), (10.0, READ_TIMEOUT_S)
    with Client(
        sandbox.url, ApiKey(KEY), limiter=limiter, policy=policy, timeout=timeout
    ) as client:
        return run_account("sync", lake, Settings(base_url=sandbox.url), client)
