"""Cells: what each form of text becomes in each type, and what fits none. One query for all."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from pyspark.sql import functions as F

from klaviyo_spark.resources.metric_names import DOCUMENTED
from klaviyo_spark.schema.columns import Column, col
from klaviyo_spark.silver.parse.cast import shaped, typed
from tests.data.time_texts import EVENT, FIRST, LAST, NINE, TIMES, at

COLUMNS: dict[str, Column] = {
    **{
        t: col("x", t, "$.x", "-") for t in ("string", "boolean", "int", "bigint", "double", "date")
    },
    **{n: col("x", "timestamp", "$.x", "-") for n in ("timestamp", "wall_clock", "no_wall_clock")},
    **{
        s: col("x", "string", "$.x", "-", shape=s)
        for s in ("filled", "message_channel", "not_empty", "report_channel")
    },
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
    *(("timestamp", text, time) for text, time in TIMES),
    # Dates keep the day that is written.
    ("date", "2026-05-01", date(2026, 5, 1)),
    ("date", "2026-05-01T23:00:00-05:00", date(2026, 5, 1)),
    ("date", "2026-05-01 00:00:00+00:00", date(2026, 5, 1)),
    ("date", "2026-05-01t23:00:00z", date(2026, 5, 1)),
    ("date", "1782173723", date(2026, 6, 23)),
    ("date", "1782173723000.5", date(2026, 6, 23)),
    ("date", "0001-01-01", date(1, 1, 1)),
    ("date", "9999-12-31T23:00:00-05:00", date(9999, 12, 31)),
    *(("date", text, None) for text in ("", "2026", "2026-05", "2026-02-30", "May 1", "12:30")),
    *(("date", text, None) for text in ("0000-12-31", "20260501", "0")),
    # Booleans are words.
    *(("boolean", text, True) for text in ("true", "True", "TRUE", "1")),
    *(("boolean", text, False) for text in ("false", "False", "FALSE", "0")),
    *(("boolean", text, None) for text in ("t", "f", "2", "10", "1.0", "yes", "on", "")),
    # Whole numbers, also where they are written as others are.
    *((kind, "2", 2) for kind in ("int", "bigint")),
    *((kind, "2.0", 2) for kind in ("int", "bigint")),
    *((kind, "-3", -3) for kind in ("int", "bigint")),
    *((kind, "0", 0) for kind in ("int", "bigint")),
    *((kind, "1e3", 1000) for kind in ("int", "bigint")),
    *((kind, "1.5E1", 15) for kind in ("int", "bigint")),
    *((kind, "12e2", 1200) for kind in ("int", "bigint")),
    *((kind, "1200e-2", 12) for kind in ("int", "bigint")),
    *((kind, "12.50E+1", 125) for kind in ("int", "bigint")),
    *((kind, "-0", 0) for kind in ("int", "bigint")),
    *((kind, "0.00", 0) for kind in ("int", "bigint")),
    *((kind, "2.500e1", 25) for kind in ("int", "bigint")),
    *((kind, text, None) for kind in ("int", "bigint") for text in ("12e-1", "1e-19", "1.25e1")),
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
    ("bigint", "9.223372036854775807E18", 9223372036854775807),
    ("bigint", "9.223372036854775808E18", None),
    ("bigint", "1.782173723E9", 1782173723),
    ("bigint", "1e18", 10**18),
    ("bigint", "1e30", None),
    ("bigint", "1e400", None),
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
    ("wall_clock", "2026-05-01t09:00:00z", NINE),
    ("wall_clock", "1782173723.5e+00", EVENT.replace(microsecond=500000)),
    ("wall_clock", "0001-01-01T00:00:00+05:00", FIRST),
    ("wall_clock", "9999-12-31T23:59:59.999999-05:00", LAST),
    ("no_wall_clock", "2026-05-01T04:00:00-05:00", NINE),
    # Shapes.
    ("not_empty", "", None),
    *(("not_empty", text, text) for text in ("0", " ", "Hello")),
    *(("report_channel", text, "mobile_push") for text in ("push", "push-notification")),
    *(("report_channel", text, text) for text in ("email", "sms", "whatsapp")),
    ("filled", "M1", "M1"),
    ("filled", "00", "00"),
    ("filled", "0.01", "0.01"),
    ("filled", "0x", "0x"),
    *(("filled", text, None) for text in ("", "0", "0.0", "0.00", "-0", "-0.0", "0e0", "0.0E-5")),
    ("filled_number", "1782173700", 1782173700.0),
    *(("filled_number", text, None) for text in ("", "0", "0.0", "0.00", "-0.0")),
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
    ("utc_day", "1782173723.0", date(2026, 6, 23)),
    ("utc_day", "1.782173723E9", date(2026, 6, 23)),
    ("utc_day", "1782259199.9999999", date(2026, 6, 23)),
    ("utc_day", "1782173723000", date(2026, 6, 23)),
    ("utc_day", "1782173723000.5", date(2026, 6, 23)),
    ("utc_day", "2026-06-23t00:15:23z", date(2026, 6, 23)),
    ("utc_day", "0001-01-01T00:00:00Z", date(1, 1, 1)),
    *(("utc_day", text, None) for text in ("", "soon", "12:30", "1782173723000000", "-1")),
    *(("utc_day", text, None) for text in ("0", "2026", "99999999")),  # no times, so no days
    *(("utc_day", text, None) for text in ("0001-01-01T00:00:00+05:00", "0000-06-01")),
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
    # By Arrow: Python takes no time of the first day of the year 1 from Spark's rows.
    rows = texts.select("at", *map(cell, COLUMNS)).orderBy("at").toArrow().to_pylist()
    found = [row[CASES[row["at"]][0]] for row in rows]
    return [one.replace(tzinfo=None) if isinstance(one, datetime) else one for one in found]


@pytest.mark.parametrize("case", range(len(CASES)), ids=lambda i: f"{CASES[i][0]} {CASES[i][1]!r}")
def test_text_becomes_the_cell_it_says_or_null(became, case):
    _, _, expected = CASES[case]
    assert became[case] == expected
    assert type(became[case]) is type(expected)
