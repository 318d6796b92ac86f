"""Pages of sorted runs, and the opaque cursors between them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Generic, TypeVar

from klaviyo_spark.sandbox.answers import invalid
from klaviyo_spark.sandbox.asked import Asked

T = TypeVar("T")
Place = tuple[Any, str]
"""Where an object stands in a run: its sort value (nulls first) and its id."""


class Run(Generic[T]):
    """Objects sorted by one field, then by id."""

    def __init__(self, items: Iterable[T], place: Callable[[T], Place]) -> None:
        placed = sorted(((place(item), item) for item in items), key=lambda pair: pair[0])
        self._places = [pair[0] for pair in placed]
        self._items = [pair[1] for pair in placed]

    def after(self, place: Place | None, descending: bool) -> Iterator[tuple[Place, T]]:
        """The objects that follow a place, in order."""
        if descending:
            start = len(self._items) if place is None else bisect_left(self._places, place)
            return ((self._places[i], self._items[i]) for i in range(start - 1, -1, -1))
        start = 0 if place is None else bisect_right(self._places, place)
        return ((self._places[i], self._items[i]) for i in range(start, len(self._items)))


def sortable(value: object) -> tuple[int, object]:
    """A value that compares with any other of its field, nulls first."""
    return (0, 0) if value is None else (1, value)


def take(
    following: Iterator[tuple[Place, T]], asked: Asked, keep: Callable[[T], bool]
) -> tuple[list[T], str | None]:
    """One page of what follows, and the cursor of the next page if there is one."""
    found = list(islice((pair for pair in following if keep(pair[1])), asked.size + 1))
    page = found[: asked.size]
    more = len(found) > asked.size
    return [item for _, item in page], cursor_of(asked, page[-1][0]) if more else None


def cursor_of(asked: Asked, place: Place) -> str:
    """An opaque text that says where to go on, for this very request only."""
    text = json.dumps([_mark(asked), place], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_of(asked: Asked) -> Place | None:
    """Where the request's cursor says to go on; ``None`` without one.

    Raises:
        Refusal: the cursor is none, or of a request with other parameters.
    """
    if not asked.cursor:
        return None
    try:
        padded = asked.cursor + "=" * (-len(asked.cursor) % 4)
        mark, (value, id) = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError):
        raise invalid("Invalid cursor provided", "page[cursor]") from None
    if mark != _mark(asked):
        raise invalid("Invalid cursor provided", "page[cursor]")
    return (tuple(value) if isinstance(value, list) else value, str(id))


def _mark(asked: Asked) -> str:
    return hashlib.sha256(json.dumps(asked.bound_to()).encode()).hexdigest()[:16]
