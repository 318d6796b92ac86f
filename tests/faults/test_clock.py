"""A machine whose clock is wrong: what runs on it must say the same, and say that it is wrong.

Each test syncs a lake of its own; ``tests/soak/test_wrong_clocks.py`` has more such clocks.
"""

from __future__ import annotations

import pytest

from tests.helpers.clocks import DAYS, RIGHT, always, check_tags, check_warnings, tags


@pytest.mark.parametrize(("wrong", "first"), [pytest.param(always(DAYS), "wrong", id="ahead")])
def test_tags_are_as_klaviyo_has_them_whatever_our_clock_says(lake, account, sync, wrong, first):
    check_tags(lake, account, sync, wrong, first)


@pytest.mark.parametrize("wrong", [pytest.param(always(-DAYS), id="behind")])
def test_that_our_clock_is_wrong_is_said_and_written_down(lake, sync, wrong):
    check_warnings(lake, sync, wrong)


def test_pages_come_after_those_of_a_clock_of_klaviyos_that_went_back(lake, account, sandbox, sync):
    sandbox.clock_ahead = DAYS
    sync(always(RIGHT))
    account.advance()
    sandbox.clock_ahead = RIGHT
    summary = sync(always(RIGHT))

    truth = {row["tag_id"]: row for row in account.truth()["tags"]}
    found = tags(lake)
    assert {id: (name, at is not None) for id, (name, at) in found.items()} == {
        id: (row["name"], row["_deleted"]) for id, row in truth.items()
    }
    (said,) = summary.outcome.warnings
    assert said.startswith("Klaviyo's clock is 172,")
    assert "what this run reads is dated right after that page" in said
