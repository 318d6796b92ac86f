"""More clocks that are wrong than ``tests/faults/test_clock.py`` has time for."""

from __future__ import annotations

import pytest

from tests.helpers.clocks import DAYS, always, check_tags, check_warnings, jumping


@pytest.mark.parametrize(
    ("wrong", "first"),
    [
        pytest.param(always(DAYS), "right", id="ahead later"),
        pytest.param(always(-DAYS), "wrong", id="behind"),
        pytest.param(always(-DAYS), "right", id="behind later"),
        pytest.param(jumping, "wrong", id="jumping"),
        pytest.param(jumping, "right", id="jumping later"),
    ],
)
def test_tags_are_as_klaviyo_has_them_whatever_our_clock_says(lake, account, sync, wrong, first):
    check_tags(lake, account, sync, wrong, first)


@pytest.mark.parametrize(
    "wrong", [pytest.param(always(DAYS), id="ahead"), pytest.param(jumping, id="jumping")]
)
def test_that_our_clock_is_wrong_is_said_and_written_down(lake, sync, wrong):
    check_warnings(lake, sync, wrong)
