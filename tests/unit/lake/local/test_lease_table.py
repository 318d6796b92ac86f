"""The row that says who holds a lake on a store, as delta-rs writes it; here in a folder."""

from __future__ import annotations

import threading
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from deltalake.exceptions import CommitFailedError

from klaviyo_spark.lake.heartbeat import COLUMNS, DOC, TABLE, Heartbeat
from klaviyo_spark.lake.local import lease_table, tables
from klaviyo_spark.lake.local.lease_table import StoreLease
from tests.helpers.leases import SINCE, a_holder

AT = datetime(2026, 11, 24, 4, 0, tzinfo=timezone.utc)


@pytest.fixture
def lease(tmp_path: Path) -> StoreLease:
    """The lease of a lake that nobody has held."""
    tables.create(tmp_path / "klaviyo_ops.db" / TABLE, COLUMNS, DOC, (), {})
    return StoreLease(tmp_path, "klaviyo_ops")


def a_row(token: str) -> dict[str, Any]:
    who = a_holder(token)
    names = [name for name, _, _ in COLUMNS]
    values = ("lake", token, who.run_id, who.command, who.host, who.pid, who.since, SINCE)
    return dict(zip(names, values, strict=True))


def test_a_lake_that_no_run_has_held_is_free(tmp_path):
    assert StoreLease(tmp_path, "klaviyo_ops").last_sign() is None


def test_a_lake_is_held_from_its_claim_to_its_release(lease):
    before = lease.last_sign()
    lease.claim(a_row("one"), None)
    claimed = lease.last_sign()
    lease.give_sign("one", 7, AT)
    signed = lease.last_sign()
    lease.release("another")
    still = lease.last_sign()
    lease.release("one")

    assert (before, lease.last_sign()) == (None, None)
    assert claimed == Heartbeat("one", a_holder("one"), 0, SINCE)
    assert signed == still == Heartbeat("one", a_holder("one"), 7, AT)
    assert lease.signed() == ("one", 7, AT)


def test_a_claim_over_another_token_than_it_has_seen_changes_nothing(lease):
    lease.claim(a_row("one"), None)
    lease.claim(a_row("two"), None)
    lease.claim(a_row("three"), "two")

    assert lease.last_sign().token == "one"

    lease.claim(a_row("two"), "one")

    assert lease.last_sign().token == "two"


def test_of_runs_that_claim_it_at_once_one_gets_it(lease, tmp_path, monkeypatch):
    """All of them have looked before any of them writes."""
    runs = 6
    looked = threading.Barrier(runs)
    refused = []
    write = lease_table._write

    def write_together(*args: Any) -> None:
        looked.wait()
        write(*args)

    def claim(token: str) -> None:
        try:
            StoreLease(tmp_path, "klaviyo_ops").claim(a_row(token), None)
        except CommitFailedError:
            refused.append(token)

    monkeypatch.setattr(lease_table, "_write", write_together)
    tokens = {f"run {number}" for number in range(runs)}
    threads = [threading.Thread(target=claim, args=(token,)) for token in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {lease.last_sign().token} == tokens - {*refused}
