"""``Pipeline`` in a session that is there: the sample account is read, and is complete."""

from __future__ import annotations

import pytest

from klaviyo_spark import Pipeline, RunIncomplete, RunResult
from klaviyo_spark.sandbox import Account, Sandbox

SIX = ("campaigns", "flows", "lists", "metrics", "segments", "tags")


@pytest.mark.usefixtures("_elsewhere")
def test_an_account_is_read_refused_and_complete(spark, tmp_path, monkeypatch: pytest.MonkeyPatch):
    account = Account(seed=9, events=300, profiles=40)
    before = spark.conf.get("spark.sql.session.timeZone")
    with Sandbox(account, rate_scale=50) as sandbox:
        monkeypatch.setenv("KLAVIYO_API_KEY", sandbox.key)
        pipeline = Pipeline(spark=spark, base_url=sandbox.url, warehouse="lake", resources=SIX)

        first = pipeline.sync()
        again = pipeline.sync()
        verified = pipeline.verify()
        sandbox.faults.add(kind="410", path="/api/tags")
        with pytest.raises(RunIncomplete, match=r"sync partly done \(exit code 3\): tags: ") as no:
            pipeline.sync()

    truth = account.truth()
    assert first.rows["tags"] == first.changed_rows["tags"] == len(truth["tags"])
    assert (again.changed_rows, again.rows) == ({}, first.rows)
    assert (verified.complete, verified.differences) == (True, ())
    assert isinstance(no.value.result, RunResult)
    assert no.value.result.accounts[0].exit_code == 3
    status = pipeline.status()["default"]
    assert [run.exit_code for run in status.runs[:2]] == [3, 0]
    assert spark.conf.get("spark.sql.session.timeZone") == before
