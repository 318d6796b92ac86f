"""Cells: what each form of text becomes in each type, and what fits none. One query for all."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from pyspark.sql import functions as F

from klaviyo_spark.api.metrics import DOCUMENTED
from klaviyo_spark.cells import shaped, typed
from klaviyo_spark.spec import Column, col

NINE = datetime(2026, 5, 1, 9, 0)  # noqa: DTZ001  Spark hands out naive times, here in UTC


def at(second: int = 0, micro: int = 0, hour: int = 9) -> datetime:
    """That moment of the first of May."""
    return NINE.replace(hour=hour, second=second, microsecond=micro)


COLUMNS: dict[str, Column] = {
    **{
        t: col("x", t, "$.x", "-") for t in ("string", "boolean", "int", "bigint", "double", "date")
    },
    **{n: col("x", "timestamp", "$.x", "-") for n in ("timestamp", "wall_clock", "no_wall_clock")},
    **{s: col("x", "string", "$.x", "-", shape=s) for s in ("filled", "message_channel")},
    **{
        s: col("x", "string", "$.x", "-", shape=s)
        for s in ("flow_action_type", "documented_metric")
    },
    "filled_number": col("x", "double", "$.x", "-", shape="filled"),
    "utc_day": col("x", "date", "$.x", "-", shape="utc_day"),
}
WALL_CLOCKS = {"wall_clock": True, "no_wall_clock": False}

# Kind of column, text, and what it becomes.
CASES: list[tuple[str, str | None, Any]] = [
    ("int", "1e-999999999", None),
    ("int", "1.0000001", None),
    ("int", "1e-40", None),
    ("double", "1e999", None),
    ("wall_clock", "2026-05-01", at(hour=0)),
    ("string", "", ""),
    ("string", "  x ", "  x "),
    *((kind, None, None) for kind in COLUMNS),
    # Times: every form the API has, and those of older examples.
    ("timestamp", "2026-05-01T09:00:00+00:00", NINE),
    ("timestamp", "2026-05-01 09:00:00+00:00", NINE),
    ("timestamp", "2026-05-01T09:00:00Z", NINE),
    ("timestamp", "2026-05-01 09:00:00Z", NINE),
    ("timestamp", "2026-05-01T09:00:00 UTC", NINE),
    ("timestamp", "2026-05-01T09:00:00", NINE),
    ("timestamp", "2026-05-01 09:00:00", NINE),
    ("timestamp", "2026-05-01T09:00", NINE),
    ("timestamp", "2026-05-01T09:00:00+0000", NINE),
    ("timestamp", "2026-05-01T09:00:00+00", NINE),
    ("timestamp", "2026-05-01T09:00:00 +00:00", NINE),
    ("timestamp", "2026-05-01T14:30:00+05:30", NINE),
    ("timestamp", "2026-05-01T14:30:00+0530", NINE),
    ("timestamp", "2026-05-01T04:00:00-05:00", NINE),
    ("timestamp", "2026-05-01 04:00:00-05", NINE),
    ("timestamp", "2026-04-30T23:30:00-09:30", NINE),
    ("timestamp", "2026-05-01", at(hour=0)),
    ("timestamp", "2026-05-01T09:00:07.1+00:00", at(7, 100000)),
    ("timestamp", "2026-05-01T09:00:07.12Z", at(7, 120000)),
    ("timestamp", "2026-05-01T09:00:07.123", at(7, 123000)),
    ("timestamp", "2026-05-01 09:00:07.1234+00:00", at(7, 123400)),
    ("timestamp", "2026-05-01 09:00:07.12345", at(7, 123450)),
    ("timestamp", "2026-05-01T09:00:07.123456+00:00", at(7, 123456)),
    ("timestamp", "2026-05-01T09:00:07.1234567+00:00", at(7, 123456)),
    ("timestamp", "2026-05-01T09:00:07.12345678Z", at(7, 123456)),
    ("timestamp", "2026-05-01T09:00:07.123456789Z", at(7, 123456)),
    ("timestamp", "2026-05-01T09:00:07.000000+00:00", at(7)),
    *(
        ("timestamp", text, None)
        for text in (
            *("", " ", "null", "N/A", "soon", "2026", "2026-05", "12:30", "T12:30", "1782173723"),
            *("2026-13-01T00:00:00Z", "2026-02-30", "2026-05-01T25:00:00Z", "01.05.2026"),
            *("2026-05-01T09:00:00+99:00", "2026-05-01T09:00:00.Z", "2026-05-01T09", "now"),
            *("2026-05-01T09:00:00Zulu", "x2026-05-01", "2026-05-01T09:00:00 Europe/Berlin"),
        )
    ),
    # Dates keep the day that is written.
    ("date", "2026-05-01", date(2026, 5, 1)),
    ("date", "2026-05-01T23:00:00-05:00", date(2026, 5, 1)),
    ("date", "2026-05-01 00:00:00+00:00", date(2026, 5, 1)),
    *(("date", text, None) for text in ("", "2026", "2026-05", "2026-02-30", "May 1", "12:30")),
    # Booleans are words.
    *(("boolean", text, True) for text in ("true", "True", "TRUE")),
    *(("boolean", text, False) for text in ("false", "False", "FALSE")),
    *(("boolean", text, None) for text in ("t", "f", "1", "0", "yes", "no", "on", "")),
    # Whole numbers, also where they are written as others are.
    *((kind, "2", 2) for kind in ("int", "bigint")),
    *((kind, "2.0", 2) for kind in ("int", "bigint")),
    *((kind, "-3", -3) for kind in ("int", "bigint")),
    *((kind, "0", 0) for kind in ("int", "bigint")),
    *((kind, "1e3", 1000) for kind in ("int", "bigint")),
    *((kind, "1.5E1", 15) for kind in ("int", "bigint")),
    *(
        (kind, text, None)
        for kind in ("int", "bigint")
        for text in ("2.5", "", "two", "2d", "NaN", "true", "0x10", "1,000", "12345678901234567890")
    ),
    ("int", "2147483647", 2147483647),
    ("int", "2147483648", None),
    ("int", "1e10", None),
    ("bigint", "2147483648", 2147483648),
    ("bigint", "1782173723", 1782173723),
    ("bigint", "1782173723.0", 1782173723),
    ("bigint", "9007199254740993", 9007199254740993),
    ("bigint", "9223372036854775807", 9223372036854775807),
    ("bigint", "9223372036854775808", None),
    ("bigint", "125423419905414052533228990613763937641", None),
    # Decimal numbers, of text too.
    ("double", "42.36", 42.36),
    ("double", "-71.06", -71.06),
    ("double", "0", 0.0),
    ("double", "1E5", 100000.0),
    ("double", "1e-7", 1e-7),
    ("double", ".5", 0.5),
    ("double", "5.", 5.0),
    ("double", " 42.36 ", 42.36),
    *(
        ("double", text, None)
        for text in ("", "1d", "2f", "NaN", "Infinity", "-inf", "north", "42,36", "1e")
    ),
    # Local times are what the clock on the wall shows, whatever offset is written.
    ("wall_clock", "2026-05-01T09:00:00+00:00", NINE),
    ("wall_clock", "2026-05-01T09:00:00-05:00", NINE),
    ("wall_clock", "2026-05-01 09:00:00+0530", NINE),
    ("wall_clock", "2026-05-01T09:00:00+02", NINE),
    ("wall_clock", "2026-05-01T09:00:00Z", NINE),
    ("wall_clock", "2026-05-01T09:00:00", NINE),
    ("wall_clock", "2026-05-01T09:00:07.123456-05:00", at(7, 123456)),
    ("wall_clock", "soon", None),
    ("no_wall_clock", "2026-05-01T04:00:00-05:00", NINE),
    # Shapes.
    ("filled", "M1", "M1"),
    ("filled", "00", "00"),
    *(("filled", text, None) for text in ("", "0", "0.0")),
    ("filled_number", "1782173700", 1782173700.0),
    *(("filled_number", text, None) for text in ("", "0", "0.0")),
    *(("message_channel", text, "email") for text in ("Email", "email", "send-email")),
    *(("message_channel", text, "sms") for text in ("SMS", "sms", "send-sms")),
    *(("message_channel", text, "mobile_push") for text in ("mobile_push", "send-mobile-push")),
    ("message_channel", "send-whatsapp", "whatsapp"),
    ("flow_action_type", "send-email", "SEND_EMAIL"),
    ("flow_action_type", "SEND_EMAIL", "SEND_EMAIL"),
    ("flow_action_type", "send-sms", "SEND_SMS"),
    ("flow_action_type", "send-mobile-push", "SEND_MOBILE_PUSH"),
    ("flow_action_type", "time-delay", "TIME_DELAY"),
    ("flow_action_type", "conditional-split", "BOOLEAN_BRANCH"),
    ("flow_action_type", "BOOLEAN_BRANCH", "BOOLEAN_BRANCH"),
    ("flow_action_type", "trigger-split", "TRIGGER_BRANCH"),
    ("flow_action_type", "multi-branch-split", "MULTI_BRANCH_SPLIT"),
    ("flow_action_type", "brand-new-thing", "BRAND_NEW_THING"),
    *(("documented_metric", a, name) for name, aliases in DOCUMENTED.items() for a in aliases),
    *(("documented_metric", a.upper(), n) for n, aliases in DOCUMENTED.items() for a in aliases),
    ("documented_metric", " Received Email ", "received email"),
    *(
        ("documented_metric", text, None)
        for text in ("Placed Order", "Received Email 2", "Clicked email to unsubscribe", "")
    ),
    # The UTC day of an event, by its time or by its epoch seconds.
    ("utc_day", "2026-06-23T00:15:23+00:00", date(2026, 6, 23)),
    ("utc_day", "2026-06-23 23:59:59.999999Z", date(2026, 6, 23)),
    ("utc_day", "2026-06-22T20:15:23-05:00", date(2026, 6, 23)),
    ("utc_day", "2026-06-23T01:15:23+05:30", date(2026, 6, 22)),
    ("utc_day", "2026-06-23", date(2026, 6, 23)),
    ("utc_day", "1782173723", date(2026, 6, 23)),
    ("utc_day", "0", date(1970, 1, 1)),
    *(("utc_day", text, None) for text in ("", "soon", "12:30", "1782173723000000")),
]


@pytest.fixture(scope="module")
def became(spark) -> list[Any]:
    """Per case, the cell its text becomes."""

    def cell(kind: str) -> Any:
        column = COLUMNS[kind]
        wall = str(WALL_CLOCKS[kind]) if kind in WALL_CLOCKS else ""
        return F.expr(typed(column, shaped(column, "text"), wall)).alias(kind)

    texts = spark.createDataFrame(
        [(at, text) for at, (_, text, _) in enumerate(CASES)], "at int, text string"
    )
    rows = texts.select("at", *map(cell, COLUMNS)).collect()
    return [row[CASES[row["at"]][0]] for row in sorted(rows, key=lambda row: row["at"])]


@pytest.mark.parametrize("case", range(len(CASES)), ids=lambda i: f"{CASES[i][0]} {CASES[i][1]!r}")
def test_text_becomes_the_cell_it_says_or_null(became, case):
    _, _, expected = CASES[case]
    assert became[case] == expected
    assert type(became[case]) is type(expected)
