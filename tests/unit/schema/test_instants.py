"""Which values of decoded JSON are times. What texts are is in ``time_texts``, for Spark too."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from klaviyo_spark.schema.instants import as_time
from tests.data.time_texts import EVENT, TIMES


@pytest.mark.parametrize(("text", "expected"), TIMES)
def test_a_text_is_the_time_that_spark_reads_in_it(text: str, expected: datetime | None):
    assert as_time(text) == (expected and expected.replace(tzinfo=timezone.utc))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1782173723, EVENT),
        (1782173723.5, EVENT + timedelta(microseconds=500000)),
        (1782173723000, EVENT),
        *((value, None) for value in (2026, -1782173723, True, float("inf"), 1e300, None, [], {})),
    ],
)
def test_a_number_is_a_time_where_its_text_is_one(value: Any, expected: datetime | None):
    assert as_time(value) == (expected and expected.replace(tzinfo=timezone.utc))
