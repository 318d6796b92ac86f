"""The kinds of broken records that tests with Spark refine."""

from __future__ import annotations

from tests.data.broken_records import NULLED, QUARANTINED


def test_there_are_twenty_kinds_or_more():
    assert len(QUARANTINED) + len(NULLED) >= 20
