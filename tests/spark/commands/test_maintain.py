"""Upkeep of a lake on disk: what goes, what stays, and that refine goes on as if nothing had."""

from __future__ import annotations

from pathlib import Path

from klaviyo_spark.commands import maintain
from klaviyo_spark.config.models import Settings
from klaviyo_spark.lake import maintenance
from tests.builders import DAY
from tests.helpers.small_lakes import rows
from tests.helpers.upkeep import columns_of, only_these


def test_small_files_become_few_and_what_fails_is_named(lake, monkeypatch):
    only_these(monkeypatch, "events")
    events = lake.names()["klaviyo_v2.events"]
    for number, day in enumerate(("2026-05-01", "2026-05-01", "2026-05-02", "2026-05-01")):
        lake.spark.sql(f"INSERT INTO {events} (id, event_date) VALUES ('E{number}', DATE'{day}')")
        lake.append_ops("backfills", [dict.fromkeys(columns_of("backfills"))])
    monkeypatch.setattr(maintenance, "FILES_A_TABLE", 3)
    monkeypatch.setattr(maintenance, "history", lambda lake, name: 1 / 0)

    done = maintain.maintain(lake, Settings())

    files = {kept.table: (kept.files_before, kept.files_after) for kept in done.tables}
    assert files["klaviyo_v2.events"] == (4, 2)
    assert files["klaviyo_ops.backfills"] == (4, 1)
    assert rows(lake, "events", "id") == [(f"E{number}",) for number in range(4)]
    assert done.exit_code == 3
    assert "klaviyo_v2.events: vacuum: ZeroDivisionError: division by zero" in done.errors
    [run] = lake.ops("runs").collect()
    assert (run["exit_code"], run["errors"]) == (3, done.errors)


def test_files_put_aside_are_removed_once_they_are_old_enough(lake):
    for _ in range(3):
        lake.append_ops("backfills", [dict.fromkeys(columns_of("backfills"))])
    name = lake.place.table("klaviyo_ops", "backfills")
    folder = Path(lake.place.warehouse, "klaviyo_ops.db", "backfills")
    maintenance.optimize(lake, name)
    commits = maintenance.history(lake, name)

    with maintenance.listing_quickly(lake):
        young = maintenance.vacuum(lake, name, 30 * DAY), len(list(folder.glob("*.parquet")))
        freed = maintenance.vacuum(lake, name, 30 * DAY, at_once=True)

    assert [(commit.operation, commit.removed) for commit in commits] == [
        ("OPTIMIZE", True),
        ("WRITE", False),
        ("WRITE", False),
        ("WRITE", False),
        ("CREATE TABLE", False),
    ]
    assert young == (0, 4)
    assert len(list(folder.glob("*.parquet"))) == 1
    assert freed
    assert lake.ops("backfills").count() == 3
    # Delta goes by the property, not by what VACUUM says.
    properties = lake.spark.sql(f"DESCRIBE DETAIL {name}").first()["properties"]
    assert properties["delta.deletedFileRetentionDuration"] == "interval 720 hours"
    check = "spark.databricks.delta.retentionDurationCheck.enabled"
    assert lake.spark.conf.get(check, None) is None
