"""Times of a page's records, and whether they come in the order that was asked for. No HTTP here.

All that a walk knows of how far it has got stands on that order: where it is cut, where it ends,
where the next run goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec

from klaviyo_spark.client.json_bodies import as_far_as_deep, without_mark
from klaviyo_spark.client.responses import Page
from klaviyo_spark.schema.instants import as_time

# Bounds are to the second, some of them asked for one second wider.
SLACK = timedelta(seconds=1)
_OFFSET = len("+00:00")


class Times(NamedTuple):
    """When the first and the last record of a page were (UTC); None where no record says it."""

    first: datetime | None = None
    last: datetime | None = None
    in_order: bool = True


def times_on(page: Page, field: str, until: datetime | None = None) -> Times:
    """``attributes.<field>`` of a page's records.

    Args:
        until: records later than this are left out: they have changed since the walk began, and
            stand where they were before.
    """
    values = _values(page, field)
    if _ascend_as_text(values):
        times = Times(as_time(values[0]), as_time(values[-1]))
        if until is None or times.last is None or times.last <= until:
            return times
    found = [t for t in map(as_time, values) if t and (until is None or t <= until)]
    if not found:
        return Times()
    return Times(found[0], found[-1], all(a <= b for a, b in pairwise(found)))


def follows(reached: datetime | None, first: datetime | None) -> bool:
    """Whether a page that begins at ``first`` goes on where the one before it ended."""
    return reached is None or first is None or first >= reached - SLACK


def _values(page: Page, field: str) -> Sequence[Any]:
    """The field of each record as it stands there; of the first and the last, if one is odd."""
    try:
        records = as_far_as_deep(_reader(field).decode, without_mark(page.body)).data
    except msgspec.DecodeError:
        return [one for one in page.times(field) if one is not None]
    return [getattr(record.attributes, field, None) for record in records]


@cache
def _reader(field: str) -> msgspec.json.Decoder[Any]:
    attributes = msgspec.defstruct("Attributes", [(field, Any, None)])
    record = msgspec.defstruct("Record", [("attributes", attributes | None, None)])
    return msgspec.json.Decoder(msgspec.defstruct("Page", [("data", list[record])]))  # type: ignore[valid-type]


def _ascend_as_text(values: Sequence[Any]) -> bool:
    """Whether times of one form ascend, which needs no reading of them."""
    form = None
    for value in values:
        if not isinstance(value, str):
            return False
        this = (len(value), value[-_OFFSET:])
        if form is not None and this != form:
            return False
        form = this
    return bool(values) and all(a <= b for a, b in pairwise(values))
