"""Bronze pages of events by the hundred thousand, without asking for them.

One page of the sample account's events is sent again and again: each time the ids are others and
the day is another, all else is as Klaviyo sends it. Events that a page attributes to one another
still are.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from klaviyo_spark.lake.lake import Lake

FIRST_DAY = date(2025, 1, 1)
_HOLE = "\x00"


class Template:
    """A page with holes for ids, times and one text.

    Args:
        file: the page's body.
    """

    def __init__(self, file: Path) -> None:
        page = json.loads(file.read_text(encoding="utf-8"))
        self.events = len(page["data"])
        ids = [event["id"] for event in page["data"]]
        self._second = [index * 86_400 // self.events for index in range(self.events)]
        for index, event in enumerate(page["data"]):
            event["attributes"]["datetime"] = f"{_HOLE}t{index}{_HOLE}"
            event["attributes"]["timestamp"] = f"{_HOLE}s{index}{_HOLE}"
            properties = event["attributes"]["event_properties"] or {}
            properties["Subject"] = f"{_HOLE}x{index}{_HOLE}"
            event["attributes"]["event_properties"] = properties
        page["links"] = {"self": "x", "next": None, "prev": None}
        text = json.dumps(page, ensure_ascii=False, separators=(",", ":"))
        text = text.replace(json.dumps(_HOLE)[1:-1], _HOLE)
        known = re.compile("|".join(map(re.escape, ids)))
        text = known.sub(lambda found: f"{found[0]}{_HOLE}n{_HOLE}", text)
        text = text.replace(f'"{_HOLE}s', f"{_HOLE}s")
        self._parts = re.sub(f'{_HOLE}(s\\d+){_HOLE}"', f"{_HOLE}\\1{_HOLE}", text).split(_HOLE)

    def body(self, number: int, day: date, subject: str = "Hello", changed: int = 0) -> bytes:
        """The page number ``number``, all of one day; the first ``changed`` events differ."""
        midnight = datetime(day.year, day.month, day.day, tzinfo=timezone.utc)
        epoch = int(midnight.timestamp())
        return "".join(
            part if place % 2 == 0 else self._fill(part, number, midnight, epoch, subject, changed)
            for place, part in enumerate(self._parts)
        ).encode()

    def _fill(
        self, hole: str, number: int, midnight: datetime, epoch: int, subject: str, changed: int
    ) -> str:
        if hole == "n":
            return f"{number:05d}"
        index = int(hole[1:])
        second = self._second[index]
        match hole[0]:
            case "t":
                return (midnight + timedelta(seconds=second)).isoformat()
            case "s":
                return str(epoch + second)
            case _:
                return f"{subject} again" if index < changed else subject


def pages(
    template: Template,
    numbers: range,
    days: int,
    run_id: str,
    fetched_at: datetime,
    first_day: date = FIRST_DAY,
    changed: int = 0,
) -> Iterator[dict[str, Any]]:
    """Rows of bronze: page n is of day n modulo ``days``, counted from ``first_day``."""
    for number in numbers:
        body = template.body(number, first_day + timedelta(number % days), changed=changed)
        yield {
            "resource": "events",
            "ingest_date": fetched_at.date(),
            "account_id": "default",
            "endpoint": "events",
            "path": "/api/events",
            "query": "",
            "slice": "{}",
            "parent_id": None,
            "parent_digest": None,
            "window_start": None,
            "window_end": None,
            "max_record_time": None,
            "in_order": True,
            "walk_id": f"{run_id}-{number}",
            "page_number": 1,
            "next_url": None,
            "is_last": True,
            "read_id": run_id,
            "walks_in_read": 1,
            "read_run_id": run_id,
            "read_started_at": fetched_at,
            "is_full_read": False,
            "revision": "2026-07-15",
            "status": 200,
            "http_date": fetched_at,
            "fetched_at": fetched_at,
            "bytes": len(body),
            "sha256": hashlib.sha256(body).hexdigest(),
            "record_count": template.events,
            "record_digests": None,
            "run_id": run_id,
            "forgotten_at": None,
            "body": body,
        }


def land(lake: Lake, rows: Iterator[dict[str, Any]], batch: int = 100) -> None:
    """Append ``rows`` in batches."""
    held: list[dict[str, Any]] = []
    number = 0
    for row in rows:
        held.append({**row, "batch_id": f"{row['run_id']}-{number}"})
        if len(held) == batch:
            lake.append_pages(held)
            held, number = [], number + 1
    if held:
        lake.append_pages(held)
