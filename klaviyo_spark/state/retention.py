"""Which of bronze's pages may go by their age, and what stays whatever its age. No I/O here.

Pages are needed after they have been refined, so these stay:

- what a table has not taken in, and all that was read since the read it belongs to began: it will
  be judged by whole reads, and in the order of fetching;
- per endpoint the last run that read it: the next one is compared with it, byte for byte;
- per list, segment, campaign and action its last whole read, and what was read of it since: it
  says when who left was last seen, and when the parent was last asked about.

A walk that was cut short is gone on with for some days; retention is longer than that. Of an
endpoint a run's pages go all at once (those of such parents apart), or what is left of a run would
be compared as if it were all of it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import and_

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from klaviyo_spark.clock import utc
from klaviyo_spark.lake.arrow import frame
from klaviyo_spark.schema.endpoint import Endpoint
from klaviyo_spark.schema.table import TableSpec
from klaviyo_spark.state.complete_reads import COLUMNS, complete_reads

# The property of the bronze table that says which pages have gone, as JSON: per account and
# resource, the time before which they may have. It goes where the table goes, whatever becomes of
# `klaviyo_ops.retention`.
PAGES_GONE = "klaviyo_spark.pages_gone_before"


@dataclass(frozen=True)
class BatchExtent:
    """What one append to bronze holds of one endpoint; times are UTC.

    Args:
        first_read: when the first of the reads its pages belong to began.
    """

    resource: str
    endpoint: str
    run_id: str
    batch_id: str
    first_read: datetime
    first_fetched: datetime
    last_fetched: datetime


@dataclass(frozen=True)
class ExpiredPages:
    """What may go.

    Args:
        before: per resource, the time before which pages may go.
        unseen_since: per resource with pages that a table has not taken in, when the first of
            those reads began.
        runs: pairs of run and endpoint whose pages may go.
    """

    before: Mapping[str, datetime]
    unseen_since: Mapping[str, datetime]
    runs: frozenset[tuple[str, str]]


def portions(pages: DataFrame) -> list[BatchExtent]:
    """All of an account's portions, in one query."""
    times = {
        "first_read": F.min("read_started_at"),
        "first_fetched": F.min("fetched_at"),
        "last_fetched": F.max("fetched_at"),
    }
    found = pages.groupBy("resource", "endpoint", "run_id", "batch_id").agg(
        *[F.unix_micros(time).alias(name) for name, time in times.items()]
    )
    rows = [row.asDict() for row in found.collect()]
    return [BatchExtent(**{**row, **{name: utc(row[name]) for name in times}}) for row in rows]


def age_base(held: Sequence[BatchExtent], ours: datetime) -> datetime:
    """What ages are counted back from: our clock, or the newest page of ``held`` if it is earlier.

    Pages are dated by Klaviyo's clock. Where ours is ahead of it nothing goes before its time.
    """
    return min(ours, max((portion.last_fetched for portion in held), default=ours))


def old(
    held: Sequence[BatchExtent],
    refined: Mapping[str, Collection[str]],
    tables: Iterable[TableSpec],
    before: datetime,
) -> ExpiredPages:
    """What of ``held`` may go.

    Args:
        refined: per table, the batches it has taken in.
        before: the age that conf allows; nothing fetched later goes.
    """
    readers: dict[str, list[str]] = {}
    for table in tables:
        for endpoint in table.endpoints:
            readers.setdefault(endpoint, []).append(table.name)

    def is_seen(portion: BatchExtent) -> bool:
        return all(
            portion.batch_id in refined.get(table, ())
            for table in readers.get(portion.endpoint, ())
        )

    unseen = [portion for portion in held if not is_seen(portion)]
    unseen_since: dict[str, datetime] = {}
    for portion in unseen:
        since = unseen_since.get(portion.resource, portion.first_read)
        unseen_since[portion.resource] = min(since, portion.first_read)
    cutoffs = {p.resource: min(before, unseen_since.get(p.resource, before)) for p in held}
    kept = _compared_with(held, unseen)
    last: dict[tuple[str, str], datetime] = {}
    for portion in held:
        pair = (portion.run_id, portion.endpoint)
        last[pair] = max(last.get(pair, portion.last_fetched), portion.last_fetched)
    resource = {p.endpoint: p.resource for p in held}
    going = {
        (run, endpoint)
        for (run, endpoint), at in last.items()
        if at < cutoffs[resource[endpoint]] and kept.get(endpoint) != run
    }
    return ExpiredPages(cutoffs, unseen_since, frozenset(going))


def _compared_with(held: Sequence[BatchExtent], unseen: Sequence[BatchExtent]) -> dict[str, str]:
    """Per endpoint the run that the next one to be refined is compared with."""
    began: dict[str, datetime] = {}
    for portion in held:
        began[portion.run_id] = min(
            portion.first_fetched, began.get(portion.run_id, portion.first_fetched)
        )
    next_up: dict[str, tuple[datetime, str]] = {}
    for portion in unseen:
        at = (began[portion.run_id], portion.run_id)
        next_up[portion.endpoint] = min(at, next_up.get(portion.endpoint, at))
    found: dict[str, tuple[datetime, str]] = {}
    for portion in held:
        at, endpoint = (began[portion.run_id], portion.run_id), portion.endpoint
        if endpoint not in next_up or at < next_up[endpoint]:
            found[endpoint] = max(at, found.get(endpoint, at))
    return {endpoint: run for endpoint, (_, run) in found.items()}


def pages_gone(properties: Mapping[str, str], account_id: str) -> dict[str, datetime]:
    """Per resource, the time (UTC) before which retention may have taken an account's pages.

    Args:
        properties: of the bronze table.
    """
    accounts = json.loads(properties.get(PAGES_GONE, "{}"))
    found = accounts.get(account_id, {})
    return {resource: datetime.fromisoformat(before) for resource, before in found.items()}


def with_pages_gone(
    properties: Mapping[str, str], account_id: str, before: Mapping[str, datetime]
) -> str:
    """The property's value once pages fetched ``before`` have gone too."""
    accounts = json.loads(properties.get(PAGES_GONE, "{}"))
    known = pages_gone(properties, account_id)
    latest = {**known, **{name: max(at, known.get(name, at)) for name, at in before.items()}}
    ours = {resource: at.isoformat() for resource, at in sorted(latest.items())}
    return json.dumps({**accounts, account_id: ours}, sort_keys=True)


def pages_to_go(
    pages: DataFrame, going: DataFrame, what: ExpiredPages, endpoints: Iterable[Endpoint]
) -> DataFrame:
    """The pages of ``going`` but for the last whole read of each parent and what came after it.

    Args:
        pages: an account's.
        going: ``what.runs``, as ``run_id`` and ``endpoint``.
    """
    seen = [
        (F.col("resource") != resource) | (F.col("read_started_at") < F.lit(since))
        for resource, since in what.unseen_since.items()
    ]
    of_parents = [endpoint.name for endpoint in endpoints if endpoint.fanout]
    whole = pages.where("is_full_read").where(F.col("endpoint").isin(of_parents))
    rows = pa.table(whole.where(reduce(and_, seen, F.lit(True))).select(*COLUMNS).toArrow())
    kept: dict[tuple[str, str | None], datetime] = {}
    for read in complete_reads(rows.to_pylist()):
        key = (read.endpoint, read.parent_id)
        kept[key] = max(read.started_at, kept.get(key, read.started_at))
    last = frame(
        pages.sparkSession,
        [(*key, at) for key, at in kept.items()],
        endpoint="string",
        parent_id="string",
        kept_since="timestamp",
    )
    going = pages.join(F.broadcast(going), ["run_id", "endpoint"], "left_semi")
    return (
        going.join(last, ["endpoint", "parent_id"], "left")
        .where("kept_since IS NULL OR read_started_at < kept_since")
        .drop("kept_since")
    )
