"""What is said of an older revision's end, and when."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from klaviyo_spark.bronze.revisions import ending, has_ended
from klaviyo_spark.resources import ENDPOINTS

TRACKING = ENDPOINTS["flow_actions_2025"]
END = date(2027, 7, 15)
LOSS = (
    "flow_actions.tracking_options_is_tracking_opens and "
    "flow_actions.tracking_options_is_tracking_clicks are not kept up: what was last read stays, "
    "and rows that are new have NULL"
)


def days(number: int) -> timedelta:
    return timedelta(days=number)


def test_what_is_read_at_the_current_revision_has_no_end():
    assert ending(ENDPOINTS["flows"], date(2100, 1, 1)) is None
    assert not has_ended(ENDPOINTS["flows"], date(2100, 1, 1))


def test_nothing_is_said_earlier_than_90_days_before_the_end():
    assert ending(TRACKING, END - days(91)) is None


@pytest.mark.parametrize(
    ("before", "left"), [(90, "in 90 days"), (2, "in 2 days"), (1, "tomorrow")]
)
def test_the_end_is_announced_from_90_days_before_it(before: int, left: str):
    assert ending(TRACKING, END - days(before)) == (
        f"Klaviyo's API revision 2025-07-15 ends on 2027-07-15, {left}; from then on {LOSS}. "
        "Upgrade klaviyo-spark before that day."
    )


@pytest.mark.parametrize("after", [0, 1, 1000])
def test_from_the_end_on_it_is_said_what_that_means(after: int):
    assert ending(TRACKING, END + days(after)) == (
        f"Klaviyo's API revision 2025-07-15 ended on 2027-07-15; {LOSS}. Upgrade klaviyo-spark."
    )


def test_a_revision_is_asked_up_to_the_day_before_its_end():
    assert [has_ended(TRACKING, END + days(n)) for n in (-1, 0, 1)] == [False, True, True]
