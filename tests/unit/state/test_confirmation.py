"""Which loads wait for a second read before they mark rows. No Spark."""

from __future__ import annotations

import pytest

from klaviyo_spark.state.confirmation import LoadNote, needs_it, unconfirmed, unconfirmed_before


@pytest.mark.parametrize(
    ("lacked", "live", "share", "expected"),
    [
        (20, 20, 0.5, True),
        (11, 20, 0.5, True),
        (10, 20, 0.5, False),
        (19, 19, 0.5, False),
        (1, 100, 0.01, False),
        (2, 100, 0.01, True),
        (100, 100, 1.0, False),
    ],
)
def test_more_than_the_share_of_a_table_of_twenty_rows_waits(lacked, live, share, expected):
    assert needs_it(lacked, live, share) is expected


def test_the_last_load_of_a_table_says_what_waits():
    notes = [
        LoadNote("tags", "two", 2, "two"),
        LoadNote("tags", "one", 1, None),
        LoadNote("lists", "two", 2, "two"),
        LoadNote("lists", "three", 3, None),
    ]
    assert unconfirmed(notes) == {"tags": "two"}


def test_a_run_that_is_taken_in_once_more_goes_by_the_runs_before_it():
    order = ["one", "two", "three"]
    notes = [
        LoadNote("tags", "one", 1, None),
        LoadNote("tags", "two", 2, None),
        LoadNote("tags", "two", 3, "two"),
        LoadNote("tags", "three", 4, None),
    ]
    assert unconfirmed_before(notes, order, {"tags": "three"}) == {"tags": "two"}
    assert unconfirmed_before(notes, order, {"tags": "two"}) == {}
    assert unconfirmed_before(notes, order, {"lists": "three"}) == {}
