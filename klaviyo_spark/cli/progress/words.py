"""How far a stage is, in words. No I/O here."""

from __future__ import annotations

import math

from klaviyo_spark.commands.formatting import about
from klaviyo_spark.progress import Stage, View

# No run takes as long; an estimate beyond it only says that nothing is known.
LONGEST_S = 90 * 86_400


def render(view: View, width: float = math.inf) -> str:
    """A view in words, the most of them that fit in ``width``; the count in any case."""
    stage, unit = view.stage, view.stage.unit
    done = _count_text(stage.done, unit)
    records = _count_text(stage.records, "records") if stage.records else ""
    speed = per_time = share = left = about_left = ""
    if view.under_way and view.speed is not None:
        speed, per_time = rate(view.speed, unit), rate(view.speed)
        seconds = seconds_left(stage.left, view.speed)
        if seconds is None:
            left = about_left = "time left not known"
        elif seconds > 0:
            left = f"{about(seconds)} left"
            about_left = f"about {left}"
    if view.under_way and stage.share is not None:
        share = f"{100 * stage.share:.0f} % of"
    wordings = (
        (done, records, speed, share and f"{share} the limit", about_left),
        (done, per_time, share and f"{share} limit", left),
        (done, left),
    )
    texts = (", ".join(filter(None, words)) for words in wordings)
    return next((text for text in texts if len(text) <= width), done)


def line(view: View) -> str:
    """A view as a line of a log."""
    none_left = ", none left" if view.stage.left == 0 else ""
    return f"{view.stage.name}: {render(view)}{none_left}"


def seconds_left(left: float | None, speed: float) -> float | None:
    """Seconds until nothing is left at ``speed`` a second; None where that is not known.

    That is so of a stage that stands still too, and where it comes to more than ``LONGEST_S``.
    """
    if left is not None and left <= 0:
        return 0.0
    if left is None or speed <= 0 or left / speed > LONGEST_S:
        return None
    return left / speed


def percent(stage: Stage) -> float | None:
    """How much is done, 0 to 100; not rounded up to 100 while any is left, None where unknown."""
    if stage.left is None:
        return None
    return min(99.4, 100 * stage.done / (stage.done + stage.left)) if stage.left > 0 else 100.0


def rate(speed: float, unit: str = "") -> str:
    """A speed in units per second; below one, per minute: ``38.2 pages/s``, ``15 pages/min``."""
    number, time_unit = (speed, "s") if speed >= 1 or not speed else (60 * speed, "min")
    digits = 1 if number < 100 and round(number, 1) % 1 else 0
    text = f"{number:,.{digits}f}"
    words = unit.removesuffix("s") if text == "1" else unit
    return f"{text} {words}/{time_unit}" if unit else f"{text}/{time_unit}"


def _count_text(number: int, unit: str) -> str:
    return f"{number:,} {unit.removesuffix('s') if number == 1 else unit}"
