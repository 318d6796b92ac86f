"""What checks have to say of a load. No Spark."""

from __future__ import annotations

import pytest

from klaviyo_spark.config.models import CheckName
from klaviyo_spark.errors import CheckFailed
from klaviyo_spark.resources import TABLES
from klaviyo_spark.silver.quality import count_checks, notes

TAGS, GROUPS, CAMPAIGNS = (TABLES[n] for n in ("tags", "event_group_ids", "campaigns"))


def lines(table, changed=0, read=0, severities=None, **broken):
    every = dict.fromkeys((check.name for check in count_checks(table)), 0)
    return notes(table, {**every, **broken}, changed, read, severities or {})


@pytest.mark.parametrize(
    ("broken", "changed", "read"), [(100, 100, 100), (101, 202, 0), (101, 101, 202)]
)
def test_records_without_a_key_are_let_pass_where_they_are_few_or_half_of_what_was_read(
    broken, changed, read
):
    assert lines(TAGS, changed, read, missing_key=broken) == []


@pytest.mark.parametrize(("changed", "read", "of"), [(201, 0, 201), (201, 101, 201), (1, 201, 201)])
def test_records_without_a_key_that_are_most_of_what_was_read_end_the_run(changed, read, of):
    with pytest.raises(CheckFailed, match=rf"tags: 101 of {of} records without a key. Look"):
        lines(TAGS, changed, read, missing_key=101)


def test_misfits_are_held_against_what_changes():
    with pytest.raises(CheckFailed, match=r"tags: 101 of 201 rows with cells that do not fit"):
        lines(TAGS, 201, 10_000, type_mismatch=101)


def test_what_is_left_out_is_told_by_its_number():
    assert lines(GROUPS, 5, 3, empty_elements=1_200, invalid_elements=2, duplicate_keys=1) == [
        "klaviyo_v2.event_group_ids: 2 of 5 elements that cannot be read, kept in quarantine "
        "(check invalid_elements)",
        "klaviyo_v2.event_group_ids: 1,200 empty elements left out (check empty_elements)",
        "klaviyo_v2.event_group_ids: 1 left out: the same answer has another row of that key, "
        "which says something else (check duplicate_keys)",
    ]


def test_conf_can_have_a_run_end_for_what_is_left_out():
    with pytest.raises(CheckFailed, match=r"campaigns: 1 listed under more than one channel"):
        lines(CAMPAIGNS, severities={"multiple_listings": "fail"}, multiple_listings=1)


def test_conf_can_grade_every_check_that_counts():
    names = {check.name for table in TABLES.values() for check in count_checks(table)}
    assert names == set(CheckName.__args__)
