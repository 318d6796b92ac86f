"""Upkeep of a lake on disk: what goes, what stays, and that refine goes on as if nothing had."""

from __future__ import annotations

from datetime import date

from klaviyo_spark.commands.maintain import TableMaintenance, Upkeep, lines
from klaviyo_spark.lake.maintenance import Commit, days_to_compact, worth_vacuuming
from tests.builders import DAY, NOON


def test_days_with_more_than_two_files_are_crowded():
    def files(day: str, count: int) -> list[str]:
        return [f"file:/lake/events/event_date={day}/part-{n}.parquet" for n in range(count)]

    many = files("2026-05-02", 3) + files("2026-05-01", 9) + files("2026-05-03", 2)
    dayless = files("__HIVE_DEFAULT_PARTITION__", 3)

    assert days_to_compact(many, "event_date") == [date(2026, 5, 1), date(2026, 5, 2)]
    assert days_to_compact(dayless, "event_date") == [None]
    assert days_to_compact(["file:/lake/tags/part-0.parquet"], "event_date") == []
    of_a_day = [file.replace("file:/", "file:/event_date=2020-01-01/") for file in many]
    assert days_to_compact(of_a_day, "event_date") == days_to_compact(many, "event_date")


CREATED = Commit(NOON, "CREATE TABLE", False)


def put_aside(day: float, operation: str = "MERGE") -> Commit:
    return Commit(NOON + day * DAY, operation, True)


def test_a_table_is_vacuumed_once_something_put_aside_has_come_of_age():
    week, now = 7 * DAY, NOON + 30 * DAY
    vacuumed = Commit(NOON + 28 * DAY, "VACUUM START", False)

    assert not worth_vacuuming([CREATED], now, week)
    assert not worth_vacuuming([put_aside(24), CREATED], now, week), "too young"
    assert worth_vacuuming([put_aside(22), CREATED], now, week)
    assert not worth_vacuuming([vacuumed, put_aside(20), CREATED], now, week), "removed by then"
    assert worth_vacuuming([vacuumed, put_aside(22), CREATED], now, week), "too young then"


def test_where_the_log_was_cut_off_the_table_is_vacuumed():
    assert worth_vacuuming([put_aside(29)], NOON + 30 * DAY, 7 * DAY)


def test_the_summary_shows_what_something_was_done_to():
    tables = [
        TableMaintenance("klaviyo_bronze.pages", 40, 30, 1_000, 12),
        TableMaintenance("klaviyo_v2.tags", 2, 2),
        TableMaintenance("klaviyo_v2.events", 90, 9, None),
    ]
    done = Upkeep("r1", NOON, tables, ["klaviyo_v2.lists: vacuum: no"], seconds=2.0)

    assert list(lines(done)) == [
        "table                 files  after  bytes freed  pages",
        "klaviyo_bronze.pages     40     30        1,000     12",
        "klaviyo_v2.events        90      9            -      0",
        "failed: klaviyo_v2.lists: vacuum: no",
        "maintain partly done: files=132->41 freed_bytes=1,000 pages_deleted=12 seconds=2.0 run=r1",
    ]
