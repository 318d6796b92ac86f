"""Older API revisions that single columns are read at: until when, and what their end means. Pure.

https://developers.klaviyo.com/en/docs/api_versioning_and_deprecation_policy
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from klaviyo_spark import messages
from klaviyo_spark.resources import TABLES
from klaviyo_spark.schema.endpoint import Endpoint

WARNED_BEFORE = timedelta(days=90)


def ends(name: str) -> date:
    """The day Klaviyo stops serving a revision: two years after its release, which is its name."""
    released = date.fromisoformat(name)
    return released.replace(year=released.year + 2)


def has_ended(endpoint: Endpoint, today: date) -> bool:
    """Whether ``endpoint`` is not to be asked any more; never, for one at the client's revision."""
    return endpoint.revision is not None and today >= endpoint.revision.ends


def ending(endpoint: Endpoint, today: date) -> str | None:
    """What is to be said of the end of ``endpoint``'s revision, from 90 days before it on."""
    revision = endpoint.revision
    if revision is None or today < revision.ends - WARNED_BEFORE:
        return None
    if has_ended(endpoint, today):
        return messages.bronze.REVISION_ENDED(
            revision=revision.name, ends=revision.ends, loss=loss(endpoint)
        )
    days = (revision.ends - today).days
    left = f"in {days} days" if days > 1 else "tomorrow"
    return messages.bronze.REVISION_ENDS(
        revision=revision.name, ends=revision.ends, left=left, loss=loss(endpoint)
    )


def loss(endpoint: Endpoint) -> str:
    """What it means for whoever queries that ``endpoint`` is no longer read."""
    columns = " and ".join(_filled_by(endpoint))
    return f"{columns} are not kept up: what was last read stays, and rows that are new have NULL"


def _filled_by(endpoint: Endpoint) -> Iterator[str]:
    """Columns that are read from ``endpoint`` alone."""
    for table in TABLES.values():
        sources = {s.name for s in table.sources if s.endpoint == endpoint.name}
        for column in table.visible:
            if column.reads.keys() <= sources:
                yield f"{table.name}.{column.name}"
