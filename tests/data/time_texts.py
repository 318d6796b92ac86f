"""Texts and the times that they are, for the driver and for Spark: both must read them alike."""

from __future__ import annotations

from datetime import datetime, timedelta

NINE = datetime(2026, 5, 1, 9, 0)  # noqa: DTZ001  naive, in UTC, as Spark hands them out
EVENT = datetime(2026, 6, 23, 0, 15, 23)  # noqa: DTZ001
FIRST, LAST = datetime.min, datetime.max  # noqa: DTZ901


def at(second: int = 0, micro: int = 0, hour: int = 9) -> datetime:
    """That moment of the first of May."""
    return NINE.replace(hour=hour, second=second, microsecond=micro)


TIMES: list[tuple[str, datetime | None]] = [
    # Every form the API has, and those of older examples.
    ("2026-05-01T09:00:00+00:00", NINE),
    ("2026-05-01 09:00:00+00:00", NINE),
    ("2026-05-01T09:00:00Z", NINE),
    ("2026-05-01 09:00:00Z", NINE),
    ("2026-05-01T09:00:00 UTC", NINE),
    ("2026-05-01T09:00:00", NINE),
    ("2026-05-01 09:00:00", NINE),
    ("2026-05-01T09:00", NINE),
    ("2026-05-01T09:00:00+0000", NINE),
    ("2026-05-01T09:00:00+00", NINE),
    ("2026-05-01T09:00:00 +00:00", NINE),
    ("2026-05-01T14:30:00+05:30", NINE),
    ("2026-05-01T14:30:00+0530", NINE),
    ("2026-05-01T04:00:00-05:00", NINE),
    ("2026-05-01 04:00:00-05", NINE),
    ("2026-04-30T23:30:00-09:30", NINE),
    ("2026-05-01", at(hour=0)),
    ("2026-05-01T09:00:07.1+00:00", at(7, 100000)),
    ("2026-05-01T09:00:07.12Z", at(7, 120000)),
    ("2026-05-01T09:00:07.123", at(7, 123000)),
    ("2026-05-01 09:00:07.1234+00:00", at(7, 123400)),
    ("2026-05-01 09:00:07.12345", at(7, 123450)),
    ("2026-05-01T09:00:07.123456+00:00", at(7, 123456)),
    ("2026-05-01T09:00:07.1234567+00:00", at(7, 123456)),
    ("2026-05-01T09:00:07.12345678Z", at(7, 123456)),
    ("2026-05-01T09:00:07.123456789Z", at(7, 123456)),
    ("2026-05-01T09:00:07.000000+00:00", at(7)),
    # ISO 8601 allows small letters.
    ("2026-05-01t09:00:00z", NINE),
    ("2026-05-01T09:00:00z", NINE),
    ("2026-05-01t09:00:00Z", NINE),
    ("2026-05-01 09:00:00 utc", NINE),
    # Seconds and milliseconds since 1970, from a size on that no year has.
    ("1782173723", EVENT),
    ("1782173723.0", EVENT),
    ("1782173723.", EVENT),
    ("1782173723.50", EVENT + timedelta(microseconds=500000)),
    ("1782173723.1234569", EVENT + timedelta(microseconds=123456)),
    ("1.782173723E9", EVENT),
    ("1782173723e0", EVENT),
    ("17821737230e-1", EVENT),
    ("1782173723000", EVENT),
    ("1782173723456.5", EVENT + timedelta(microseconds=456500)),
    ("1.782173723456E12", EVENT + timedelta(microseconds=456000)),
    ("100000000", datetime(1973, 3, 3, 9, 46, 40)),  # noqa: DTZ001
    ("99999999999", datetime(5138, 11, 16, 9, 46, 39)),  # noqa: DTZ001
    ("100000000000", datetime(1973, 3, 3, 9, 46, 40)),  # noqa: DTZ001
    ("99999999999999", datetime(5138, 11, 16, 9, 46, 39, 999000)),  # noqa: DTZ001
    *(
        (text, None)
        for text in (
            *("99999999", "99999999.9", "0", "1782173723.0Z", "100000000000000", "-1782173723"),
            *("1782173723000000", "1e400", "1e-400", "1e-99", "1782173723 ", "1,782,173,723"),
        )
    ),
    # The years 1 to 9999, once in UTC.
    ("0001-01-01T00:00:00+00:00", FIRST),
    ("0001-01-01", FIRST),
    ("0001-01-01T00:00:00-05:00", FIRST + timedelta(hours=5)),
    ("0001-01-01T05:00:00+05:00", FIRST),
    ("0001-01-02T00:00:00+05:00", FIRST + timedelta(hours=19)),
    ("0000-12-31T23:00:00-05", FIRST + timedelta(hours=4)),
    ("9999-12-31T23:59:59.999999Z", LAST),
    ("9999-12-31T18:59:59.999999-05:00", LAST),
    *(
        (text, None)
        for text in (
            *("0001-01-01T00:00:00+05:00", "0001-01-01T04:59:59+05:00", "0000-12-31T23:00:00"),
            *("0000-01-01", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59-05:00"),
            *("9999-12-31T19:00:00-05:00", "10000-01-01T00:00:00Z", "-0001-01-01"),
        )
    ),
    *(
        (text, None)
        for text in (
            *("", " ", "null", "N/A", "soon", "2026", "2026-05", "12:30", "T12:30", "true"),
            *("2026-13-01T00:00:00Z", "2026-02-30", "2026-05-01T25:00:00Z", "01.05.2026"),
            *("2026-05-01T09:00:00+99:00", "2026-05-01T09:00:00.Z", "2026-05-01T09", "now"),
            *("2026-05-01T09:00:00Zulu", "x2026-05-01", "2026-05-01T09:00:00 Europe/Berlin"),
            *("Tue, 23 Jun 2026 00:15:23 GMT", "NaN", "Infinity"),
        )
    ),
]
