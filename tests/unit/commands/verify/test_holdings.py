"""What is asked of a lake whose session has not been started yet. No Spark."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timezone

import pytest

from klaviyo_spark.commands.verify.children import asked_children, children
from klaviyo_spark.commands.verify.days import DayRange
from klaviyo_spark.commands.verify.holdings import Holdings
from klaviyo_spark.commands.verify.listings import listings

DAY = date(2026, 6, 1)
QUESTIONS: dict[str, Callable[[Holdings], object]] = {
    "first_day": lambda here: here.first_day(),
    "events": lambda here: here.events({"M1"}, DayRange(DAY, DAY)),
    "members": lambda here: here.members(["lists"]),
    "records": lambda here: here.records(listings(["flows"])),
    "children": lambda here: here.children([*children(["tags"]), *asked_children(["flows"])]),
    "profiles_per_month": lambda here: here.profiles_per_month(),
    "profiles": lambda here: here.profiles([DAY]),
    "profiles_read_whole": lambda here: here.profiles_read_whole(
        datetime(2026, 6, 1, tzinfo=timezone.utc)
    ),
    "months_verified": lambda here: here.months_verified(),
    "verified_at": lambda here: here.verified_at("flow_action_messages"),
    "listed_at": lambda here: here.listed_at(listings(["flows"])),
    "differing": lambda here: here.differing(),
}


class Asked(Exception):
    """The lake was asked, which starts the session."""


class Unstarted:
    """A lake that says so when it is asked."""

    def __getattr__(self, name: str) -> object:
        raise Asked(name)


def test_every_question_is_tried():
    assert {*QUESTIONS} == {n for n in vars(Holdings) if n[0] != "_"} - {"unreadable"}


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS.keys())
def test_a_question_starts_the_session_before_it_makes_an_expression(question):
    """Without a session Spark's functions raise an error of their own."""
    with pytest.raises(Asked):
        question(Holdings(Unstarted(), "default"))  # type: ignore[arg-type]
