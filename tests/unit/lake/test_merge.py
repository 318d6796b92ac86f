"""Text of MERGE statements, whatever characters names and values have."""

from __future__ import annotations

import string
from datetime import date, timedelta
from pathlib import Path

from klaviyo_spark.lake import merge
from klaviyo_spark.lake.merge import merge_into, partition_filter


def test_a_merge_holds_its_table_and_its_values_to_the_letter():
    statement = merge_into("delta.`/a{b}/{rows}`", "ON t.a = 'x{' WHEN MATCHED THEN DELETE")

    assert statement.format(rows="view") == (
        "MERGE INTO delta.`/a{b}/{rows}` t USING view s ON t.a = 'x{' WHEN MATCHED THEN DELETE"
    )
    fields = [name for _, name, _, _ in string.Formatter().parse(statement) if name is not None]
    assert fields == ["rows"]


def test_no_other_module_writes_a_merge():
    package = Path(merge.__file__).parent.parent
    found = {
        path.name
        for path in package.rglob("*.py")
        if "MERGE INTO {" in path.read_text(encoding="utf-8")
    }

    assert found == {"merge.py"}


def test_days_are_listed_and_a_day_that_is_not_known_is_asked_for_as_null():
    days = [date(2026, 3, 2), None, date(2026, 3, 1)]

    assert partition_filter("t.day", days) == (
        "(t.day IN (DATE'2026-03-01', DATE'2026-03-02') OR t.day IS NULL)"
    )


def test_many_days_are_one_range():
    days: list[date | None] = [date(2026, 1, 1) + timedelta(days=n) for n in range(201)]

    assert partition_filter("day", days) == "(day BETWEEN DATE'2026-01-01' AND DATE'2026-07-20')"


def test_no_day_restricts_nothing():
    assert partition_filter("day", []) == "true"
