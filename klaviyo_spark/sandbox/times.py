"""Instants as the sandbox keeps them, and the forms Klaviyo writes them in.

An instant is a whole number of microseconds since 1970 (UTC): ``us``. Events have second grain and
keep seconds.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from functools import lru_cache

SECOND_US = 1_000_000
DAY_S = 86_400
DAY_US = DAY_S * SECOND_US

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
FORMS = 5


def moment(us: int) -> datetime:
    """The aware UTC datetime of an instant."""
    return _EPOCH + timedelta(microseconds=us)


def instant(at: datetime) -> int:
    """The instant of a datetime; UTC where it says no zone."""
    aware = at if at.tzinfo else at.replace(tzinfo=timezone.utc)
    return (aware - _EPOCH) // timedelta(microseconds=1)


def stamp(us: int, form: int = 0) -> str:
    """An instant as text, in one of the five forms seen in answers (``form`` modulo five)."""
    at = moment(us)
    match form % FORMS:
        case 0:
            return at.isoformat(timespec="seconds")
        case 1:
            return at.isoformat(sep=" ", timespec="microseconds")
        case 2:
            return at.isoformat(timespec="microseconds")
        case 3:
            return at.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
        case _:
            return at.isoformat(sep=" ", timespec="seconds")


def stamp_second(at_s: int, form: int = 0) -> str:
    """``stamp`` for whole seconds."""
    return stamp(at_s * SECOND_US, form)


@lru_cache(maxsize=65_536)
def parsed(text: str) -> datetime:
    """The aware UTC datetime that a text of any of the forms says; naive text is UTC."""
    at = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)
    return at.astimezone(timezone.utc) if at.tzinfo else at.replace(tzinfo=timezone.utc)


def parsed_us(text: str) -> int:
    """The instant that a text says."""
    return instant(parsed(text))
