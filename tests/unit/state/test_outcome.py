"""What came of a run, put together from what came of its parts."""

from __future__ import annotations

from klaviyo_spark.state.models import Outcome
from tests.builders import DAY, NOON


def test_what_is_added_to_nothing_is_all_there_is():
    read = Outcome(
        pages=3,
        bytes=100,
        failed={"events": ["M1 was not read"]},
        warnings=["a note", "a note"],
        resume_at=NOON,
        resumed_walk_ids=("w1",),
        stopped={"events"},
        lost={"M1 was not read"},
    )
    outcome = Outcome()

    outcome.add(read)

    assert outcome == read


def test_the_same_line_counts_once_and_the_later_time_wins():
    outcome = Outcome(1, 10, {"lists": ["-> 500"]}, ["seen"], NOON + DAY)

    outcome.add(Outcome(2, 20, {"lists": ["-> 500", "-> 403"]}, ["seen", "new"], NOON))

    assert outcome == Outcome(3, 30, {"lists": ["-> 500", "-> 403"]}, ["seen", "new"], NOON + DAY)
