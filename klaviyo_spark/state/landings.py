"""What has landed of an account, asked of the bronze table in SQL that Spark and delta-rs know."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pyspark.sql import functions as F

from klaviyo_spark.lake.delta_log import TableState, Write
from klaviyo_spark.lake.lake import AccountLake, Lake
from klaviyo_spark.lake.readers.opening import ask
from klaviyo_spark.lake.readers.reader import Row
from klaviyo_spark.lake.table_states import table_states
from klaviyo_spark.schema.endpoint import Endpoint
from klaviyo_spark.schema.sql_text import portable, portable_list
from klaviyo_spark.state.complete_reads import COLUMNS, complete_reads
from klaviyo_spark.state.intervals import CoveredInterval, Range
from klaviyo_spark.state.models import Batch, LastRequest
from klaviyo_spark.state.resume_points import CompletedReads, ResumePoint, advance
from klaviyo_spark.state.watermarks import INGEST, RESUMED, WINDOW, marks_sql

# What was cut short longer ago is read anew: nobody waits a week to go on with a run.
GO_ON_WITHIN = timedelta(days=8)
# What ``resume_points.advance`` is told of a page.
_OF_A_WALK = (
    "endpoint, slice, parent_id, parent_digest, read_id, read_run_id, read_started_at, run_id, "
    "walk_id, is_full_read, window_start, window_end, max_record_time, in_order, page_number, "
    "next_url, is_last, status, record_count"
)


@dataclass(frozen=True)
class RecentLandings:
    """What runs have landed of an account in the last days.

    Args:
        newest: when the last page was fetched (UTC); None: there is none of these days.
        cut_short: walks that runs which were cut short have left to do, as far as they have landed.
    """

    newest: datetime | None = None
    cut_short: Sequence[ResumePoint] = ()


@dataclass(frozen=True)
class Answered:
    """A question that was answered to the end: its slice as in bronze, and when it was asked."""

    slice: str
    at: datetime

    @property
    def facts(self) -> Mapping[str, str]:
        """The slice's facts."""
        return dict(json.loads(self.slice))


def bronze_state(lake: Lake, since: int | None = None, writes: Sequence[Write] = ()) -> TableState:
    """The bronze table as its log has it; one that is not there is made.

    Args:
        since: the version after which commits of others are looked at; None: at none.
        writes: those that are looked for.
    """
    lake.open("pages")
    states = table_states(lake, lake.place.bronze, {"pages": since}, {"pages": writes})
    return states["pages"]


def landed_lately(lake: Lake, account_id: str, now: datetime) -> RecentLandings:
    """What the run that begins at ``now``, by Klaviyo's clock, comes after."""
    rows = ask(
        lake,
        "pages",
        "SELECT run_id, endpoint, max(fetched_at) AS newest FROM {t} "
        f"WHERE {_recent(account_id, now)} GROUP BY run_id, endpoint",
    )
    if not rows:
        return RecentLandings()
    marks = ask(
        lake,
        "watermarks",
        "SELECT run_id, resource, scope, kind, range_start, range_end, read_started_at FROM {t} "
        f"WHERE {marks_sql(account_id, bronze_state(lake).table_id)} "
        f"AND kind IN {portable_list((INGEST, RESUMED, WINDOW))}",
    )
    ended = {(mark["run_id"], mark["scope"]) for mark in marks if mark["kind"] == INGEST}
    left = {key for row in rows if (key := (row["run_id"], row["endpoint"])) not in ended}
    walks = _cut_short(lake, _recent(account_id, now), left, ended, marks) if left else []
    return RecentLandings(max(row["newest"] for row in rows), walks)


def newest_page(lake: Lake, account_id: str, now: datetime) -> datetime | None:
    """When the last page of the account was fetched (UTC); None: none is of the last days."""
    where = _recent(account_id, now)
    [row] = ask(lake, "pages", f"SELECT max(fetched_at) AS newest FROM {{t}} WHERE {where}")
    newest: datetime | None = row["newest"]
    return newest


def landed_walks(pages: Iterable[Row]) -> list[ResumePoint]:
    """Walks, each as far as it has landed.

    A walk that lacks a page before its last one, since somebody deleted it, is left out.

    Args:
        pages: rows of bronze, in any order.
    """
    by_walk: dict[str, list[Row]] = {}
    for page in sorted(pages, key=lambda page: (page["walk_id"], page["page_number"])):
        by_walk.setdefault(page["walk_id"], []).append(page)
    found = []
    for rows in by_walk.values():
        walk: ResumePoint | None = None
        for row in rows:
            walk = advance(row, walk)
        assert walk
        if len({row["page_number"] for row in rows}) == walk.pages:
            starts = [row["window_start"] for row in rows if row["window_start"]]
            found.append(
                replace(
                    walk,
                    read_started_at=min(row["read_started_at"] for row in rows),
                    window_start=min(starts, default=None),
                )
            )
    return found


def _cut_short(
    lake: Lake,
    recent: str,
    left: Collection[tuple[str, str]],
    ended: Collection[tuple[str, str]],
    marks: Iterable[Row],
) -> list[ResumePoint]:
    """Walks of recent pages that no run has made up for which has ended.

    Args:
        left: runs with the endpoints that they did not come to the end of; ``ended``: the others.
        marks: the account's, of times and of runs.
    """
    runs = portable_list(sorted({run_id for run_id, _ in left}))
    rows = ask(
        lake,
        "pages",
        f"SELECT {_OF_A_WALK} FROM {{t}} WHERE {recent} AND walk_id IN "
        f"(SELECT walk_id FROM {{t}} WHERE {recent} AND run_id IN {runs})",
    )
    begun = {row["walk_id"] for row in rows if (row["run_id"], row["endpoint"]) in left}
    landed = landed_walks(row for row in rows if row["walk_id"] in begun)
    again = ask(
        lake,
        "pages",
        "SELECT run_id, endpoint, parent_id, is_full_read, max(read_started_at) AS at FROM {t} "
        f"WHERE {recent} GROUP BY run_id, endpoint, parent_id, is_full_read",
    )
    reads: dict[tuple[str, str | None, bool], datetime] = {}
    for row in again:
        if (row["run_id"], row["endpoint"]) in ended:
            key = (row["endpoint"], row["parent_id"], row["is_full_read"])
            reads[key] = max(row["at"], reads.get(key, row["at"]))
    marks = list(marks)
    whole = {(mark["run_id"], mark["resource"]) for mark in marks if mark["kind"] == INGEST}
    done = CompletedReads(
        ranges=[
            (
                (mark["resource"], mark["scope"]),
                CoveredInterval(
                    Range(mark["range_start"], mark["range_end"]), mark["read_started_at"]
                ),
            )
            for mark in marks
            if mark["kind"] == WINDOW and (mark["run_id"], mark["resource"]) in whole
        ],
        reads=reads,
        gone_on_with={mark["scope"] for mark in marks if mark["kind"] == RESUMED},
    )
    return [walk for walk in landed if not done.supersedes(walk)]


def last_asked(
    lake: Lake, account_id: str, endpoints: Collection[str]
) -> dict[str, dict[str, LastRequest]]:
    """Per endpoint and parent's id: when it was last asked about, and what it was like.

    A request that was not answered to the end, or with 404, does not count.
    """
    rows = ask(
        lake,
        "pages",
        "SELECT endpoint, parent_id, parent_digest, read_started_at FROM (SELECT endpoint, "
        "parent_id, parent_digest, read_started_at, row_number() OVER (PARTITION BY endpoint, "
        "parent_id ORDER BY read_started_at DESC NULLS LAST) AS place FROM {t} WHERE "
        f"account_id = {portable(account_id)} AND is_last AND status = 200 "
        f"AND parent_id IS NOT NULL AND endpoint IN {portable_list(endpoints)}) AS asked "
        "WHERE place = 1",
    )
    asked: dict[str, dict[str, LastRequest]] = {name: {} for name in endpoints}
    for row in rows:
        last = LastRequest(row["parent_digest"], row["read_started_at"])
        asked[row["endpoint"]][row["parent_id"]] = last
    return asked


def questions_answered(
    lake: Lake, account_id: str, endpoints: Collection[str]
) -> dict[str, list[Answered]]:
    """Per endpoint, the questions that have been answered to the end, each as last asked."""
    rows = ask(
        lake,
        "pages",
        "SELECT endpoint, slice, max(read_started_at) AS at FROM {t} WHERE "
        f"account_id = {portable(account_id)} AND is_last AND status = 200 "
        f"AND endpoint IN {portable_list(endpoints)} GROUP BY endpoint, slice",
    )
    found: dict[str, list[Answered]] = {name: [] for name in endpoints}
    for row in rows:
        found[row["endpoint"]].append(Answered(row["slice"], row["at"]))
    return found


def last_full_read(lake: Lake, account_id: str, endpoint: Endpoint) -> datetime | None:
    """When the last complete read of an endpoint began that has landed whole (UTC)."""
    rows = ask(
        lake,
        "pages",
        f"SELECT {', '.join(COLUMNS)} FROM {{t}} WHERE account_id = {portable(account_id)} "
        f"AND resource = {portable(endpoint.resource)} AND endpoint = {portable(endpoint.name)} "
        "AND is_full_read",
    )
    return max((read.started_at for read in complete_reads(rows)), default=None)


def pages_read(lake: Lake, account_id: str, endpoint: Endpoint) -> int:
    """How many pages of an endpoint have landed in all; a 404 is none."""
    [row] = ask(
        lake,
        "pages",
        f"SELECT count(*) AS n FROM {{t}} WHERE account_id = {portable(account_id)} "
        f"AND resource = {portable(endpoint.resource)} AND endpoint = {portable(endpoint.name)} "
        "AND status = 200",
    )
    return int(row["n"])


def landed_bodies(
    lake: Lake, account_id: str, walks: Sequence[ResumePoint], now: datetime
) -> Iterator[tuple[ResumePoint, bytes]]:
    """Bodies of the pages of ``walks`` that have landed, one after the other.

    By Spark, which does not bring them all at once.
    """
    by_id = {walk.walk_id: walk for walk in walks}
    pages = lake.pages().where(_recent(account_id, now)).where(F.col("walk_id").isin(*by_id))
    for row in pages.where("status = 200").select("walk_id", "body").toLocalIterator():
        yield by_id[row["walk_id"]], row["body"].encode()


def landed_batches(lake: AccountLake) -> list[Batch]:
    """All batches in bronze of the account that sees the lake, in one query."""
    rows = ask(
        lake,
        "pages",
        "SELECT batch_id, run_id, endpoint, min(fetched_at) AS first_fetched FROM {t} "
        f"WHERE {of_account(lake)} GROUP BY batch_id, run_id, endpoint",
    )
    return [Batch(**row) for row in rows]


def of_account(lake: AccountLake) -> str:
    """SQL of pages of the account that sees the lake."""
    return f"account_id = {portable(lake.account_id)}"


def _recent(account_id: str, now: datetime) -> str:
    """SQL of the account's pages of the last days."""
    since = (now - GO_ON_WITHIN).date()
    return f"account_id = {portable(account_id)} AND ingest_date >= DATE '{since}'"
