"""The words that questions about windows of days are described in. No I/O here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from klaviyo_spark.errors import SpecError

# How the days from Klaviyo's first to yesterday are cut.
#   sends   a year at a time; a message that was sent around an edge is not whole in that window
#   days    60 days at a time, each day by itself
#   months  calendar months, each a number of its own
Cut = Literal["sends", "days", "months"]


@dataclass(frozen=True)
class Report:
    """A question for numbers of the account's own days, posted once per window of days.

    Windows are whole days of the account's time zone, both ends inside.

    Args:
        type: what Klaviyo calls the question.
        statistics: the numbers that are asked for.
        cut: how time is cut into windows.
        group_by: what the numbers are broken down by; none where that may not be said.
        money: those of ``statistics`` that need a metric with values. Klaviyo refuses all others
            with them, so the question is then asked once more without them.
        conversion: those that say something of the conversion metric; left out where the account
            has none.
        takes_metric: whether a conversion metric has to be named, whatever is asked for.
    """

    type: str
    statistics: tuple[str, ...]
    cut: Cut
    group_by: tuple[str, ...] = ()
    money: tuple[str, ...] = ()
    conversion: tuple[str, ...] = ()
    takes_metric: bool = False

    def __post_init__(self) -> None:
        """Check that parts are parts."""
        unknown = sorted({*self.money, *self.conversion} - {*self.statistics})
        if unknown:
            raise SpecError(f"report {self.type}: {unknown} not among its statistics")


@dataclass(frozen=True)
class Aggregate:
    """A question for what happened with a metric on each day (UTC), posted per metric and year.

    It counts events by when they happened, as the table of events does, and without reading them.

    Args:
        measurements: what is counted: count, unique (people), sum_value.
        by: the dimensions that it is broken down by, each a property of the events.
        metrics: names of the metrics that have them; empty: those that conf names.
    """

    measurements: tuple[str, ...]
    by: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
