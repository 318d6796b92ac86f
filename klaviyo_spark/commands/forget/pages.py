"""Bronze rewritten without somebody, a bounded number of pages at a time.

The pages that name the person are read by the driver, rewritten there and merged back by what they
are told from others by; all that a page says of the request stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from pyspark.sql import functions as F

from klaviyo_spark.commands.forget.bodies import without
from klaviyo_spark.commands.forget.finding import TEXTS, PageKey, unreadable
from klaviyo_spark.commands.forget.person import Person
from klaviyo_spark.lake import maintenance
from klaviyo_spark.lake.arrow import frame
from klaviyo_spark.lake.lake import Lake

# So many are in hand at a time.
BATCH_PAGES, BATCH_BYTES = 64, 32 * 2**20


def rewrite_pages(
    lake: Lake, pages: Iterable[PageKey], person: Person, at: datetime
) -> Iterator[tuple[int, int]]:
    """Rewrite bronze without the person; per batch how many pages, and records taken out.

    Pages that say whose the address is that was asked for come last: should this stop half-way, the
    person is found again by what is left.

    Args:
        at: what ``forgotten_at`` is to be.

    Raises:
        LakeError: a page cannot be read.
    """
    name = lake.place.table(lake.place.bronze, "pages")
    for batch in _batches(sorted(pages, key=_place)):
        changed, removed = [], 0
        for row in _whole(lake, batch):
            new, gone = _without(row, person)
            if new is not None:
                changed.append({**new, "forgotten_at": at, "record_digests": None})
                removed += gone
        if changed:
            maintenance.rewrite_pages(lake, name, changed)
        yield len(changed), removed


def _place(page: PageKey) -> tuple[bool, str, str, str]:
    """Pages of one file beside one another, those that tell the address last."""
    return page.identifies_owner, page.resource, page.ingest_date.isoformat(), page.batch_id


def _batches(pages: Sequence[PageKey]) -> Iterator[list[PageKey]]:
    batch: list[PageKey] = []
    for page in pages:
        size = sum(one.bytes for one in batch) + page.bytes
        if batch and (len(batch) == BATCH_PAGES or size > BATCH_BYTES):
            yield batch
            batch = []
        batch.append(page)
    if batch:
        yield batch


def _whole(lake: Lake, batch: Sequence[PageKey]) -> list[dict[str, Any]]:
    """The rows of a few pages."""
    types = dict.fromkeys(maintenance.PAGE_KEY, "string") | {
        "ingest_date": "date",
        "page_number": "int",
    }
    values = [tuple(getattr(page, name) for name in types) for page in batch]
    keys = frame(lake.spark, values, **types)
    days = maintenance.partitions(
        [{name: getattr(page, name) for name in maintenance.PAGE_KEY} for page in batch]
    )
    found = (
        lake.pages().where(days).join(F.broadcast(keys), list(maintenance.PAGE_KEY), "left_semi")
    )
    return [row.asDict() for row in found.collect()]


def _without(row: dict[str, Any], person: Person) -> tuple[dict[str, Any] | None, int]:
    """A page's row without the person, and how many records were taken out of it.

    None in the place of the row where it stays as it is.
    """
    new = {name: row[name] and person.scrubbed(row[name]) for name in TEXTS if name != "body"}
    try:
        body = without(row["body"], person)
    except (ValueError, RecursionError) as error:
        raise unreadable(row["walk_id"], row["page_number"], row["endpoint"]) from error
    new["body"] = body.body
    if all(row[name] == new[name] for name in TEXTS):
        return None, 0
    records = body.records if row["status"] == 200 else row["record_count"]
    return {
        **{name: row[name] for name in maintenance.PAGE_KEY},
        **new,
        "record_count": records,
    }, body.removed
